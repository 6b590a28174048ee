//! The edges where audio runs out and comes back, made smooth.

use crate::audio::Fade;

/// Where an utterance runs out of audio, its last sample decays to zero instead of jumping there;
/// the audio that follows fades in. Both ramps may span frames, and overlap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edges {
    /// Samples of each ramp; zero turns smoothing off.
    length: usize,
    /// The last sample of the previous frame, if that frame was full.
    last: i16,
    /// The decay in progress, of a sample of this value.
    decay: Fade,
    decaying: i16,
    /// The fade-in of audio that resumes.
    resume: Fade,
    /// Whether the previous frame ended in silence before the utterance was over.
    starved: bool,
}

impl Edges {
    pub(super) const fn new(length: usize) -> Self {
        Self {
            length,
            last: 0,
            decay: Fade::out(0),
            decaying: 0,
            resume: Fade::in_over(0),
            starved: false,
        }
    }

    /// Whether the previous frame ran out of audio in the middle of an utterance.
    pub(super) const fn is_starved(&self) -> bool {
        self.starved
    }

    /// An utterance begins: its audio is not faded in.
    pub(super) const fn begin(&mut self) {
        self.resume = Fade::in_over(0);
    }

    /// Smooths `frame`: its first `filled` samples are speech, the others zero. `starved`: more of
    /// the utterance should have been there.
    pub(super) fn smooth(&mut self, frame: &mut [i16], filled: usize, starved: bool) {
        let (speech, silence) = frame.split_at_mut(filled.min(frame.len()));
        self.resume.apply(speech);
        self.decay(speech);
        if starved {
            let edge = speech.last().copied().unwrap_or(self.last);
            if edge != 0 {
                self.decay = Fade::out(self.length);
                self.decaying = edge;
            }
            self.resume = Fade::in_over(self.length);
        }
        self.decay(silence);
        self.starved = starved;
        self.last = if silence.is_empty() {
            speech.last().copied().unwrap_or(0)
        } else {
            0
        };
    }

    /// Adds the decay in progress.
    fn decay(&mut self, samples: &mut [i16]) {
        for sample in samples {
            if self.decay.is_done() {
                return;
            }
            let rest = f32::from(self.decaying) * self.decay.next_gain();
            *sample = sample.saturating_add(rest as i16);
        }
    }
}
