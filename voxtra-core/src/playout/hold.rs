//! A pause of the agent's audio that loses nothing.

use crate::audio::Fade;

/// Whether the agent's audio goes on, and the part that was faded out when it stopped. That part is
/// repeated when the audio goes on, so that no sound is heard only as it fades.
#[derive(Clone, Debug)]
pub(super) struct Hold<K> {
    wanted: bool,
    /// The last frame was held back.
    holding: bool,
    kept: K,
    /// The kept samples still to be repeated: from here up to `to`.
    from: usize,
    to: usize,
    /// The fade-in of resumed audio.
    rise: Fade,
}

/// What happens to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is played.
    Flow,
    /// The agent fades out in it.
    Fade,
    /// The frame is silent, and nothing is taken from the queue.
    Still,
}

impl<K> Hold<K> {
    /// A hold with memory for faded audio.
    pub(super) const fn new(kept: K) -> Self {
        Self {
            wanted: false,
            holding: false,
            kept,
            from: 0,
            to: 0,
            rise: Fade::in_over(0),
        }
    }

    pub(super) const fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Holds the audio back from the next frame on, or lets it go on.
    pub(super) const fn want(&mut self, hold: bool) {
        self.wanted = hold;
    }

    /// Whether the last frame was held back.
    pub(super) const fn is_holding(&self) -> bool {
        self.holding
    }

    /// Forgets the kept audio. Nothing is held back any more.
    pub(super) const fn release(&mut self) {
        self.wanted = false;
        self.forget();
    }

    /// Forgets the kept audio. Audio from now on is held back if that is wanted.
    pub(super) const fn forget(&mut self) {
        self.holding = self.wanted;
        self.from = 0;
        self.to = 0;
        self.rise = Fade::in_over(0);
    }

    /// What happens to the next frame; resumed audio fades in over `fade` samples.
    pub(super) const fn step(&mut self, fade: usize) -> Step {
        let held = self.holding;
        self.holding = self.wanted;
        match (held, self.wanted) {
            (false, false) => Step::Flow,
            (false, true) => Step::Fade,
            (true, true) => Step::Still,
            (true, false) => {
                self.rise = Fade::in_over(fade);
                Step::Flow
            }
        }
    }
}

impl<K: AsRef<[i16]> + AsMut<[i16]>> Hold<K> {
    /// Samples that the memory holds.
    pub(super) fn room(&self) -> usize {
        self.kept.as_ref().len()
    }

    /// Replaces its memory with an empty one.
    pub(super) fn set_memory(&mut self, kept: K) {
        self.kept = kept;
        self.from = 0;
        self.to = 0;
    }

    /// Keeps `faded`, to be repeated.
    pub(super) fn keep(&mut self, faded: &[i16]) {
        let count = faded.len().min(self.room());
        if let (Some(place), Some(faded)) =
            (self.kept.as_mut().get_mut(..count), faded.get(..count))
        {
            place.copy_from_slice(faded);
        }
        self.from = 0;
        self.to = count;
    }

    /// Takes the audio to be repeated, as much as fits into `out`.
    pub(super) fn take(&mut self, out: &mut [i16]) -> usize {
        let kept = self
            .kept
            .as_ref()
            .get(self.from..self.to)
            .unwrap_or_default();
        let count = kept.len().min(out.len());
        if let (Some(place), Some(kept)) = (out.get_mut(..count), kept.get(..count)) {
            place.copy_from_slice(kept);
        }
        self.from += count;
        count
    }

    /// Fades in resumed audio after a pause.
    pub(super) fn fade_in(&mut self, samples: &mut [i16]) {
        self.rise.apply(samples);
    }
}

/// Most samples that are kept: 20 ms at 48 kHz. At higher rates the fade is shorter.
pub(crate) const KEPT: usize = 960;
