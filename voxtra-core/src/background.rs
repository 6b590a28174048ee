//! Voices behind the caller's: a television, other people in the room.

use crate::vad::VAD_FRAME_SAMPLES;

/// Tells the caller's voice from voices that stay much softer. One per call.
///
/// A speaker further away from the telephone is always softer. Single frames don't show that, as
/// they differ by more than 20 dB within a word; the loudest frame of about 300 ms does. The
/// caller's level is the loudest such peak while the agent was silent. It sinks by 1 dB for each
/// second of the caller's voice.
///
/// A voice whose peaks stay 9 dB below that level is in the background once 0.7 s of it were heard.
/// Its frames then do not count as speech. The first 0.4 s behind the caller's own voice are no
/// evidence: people swallow syllables and ends of words. So a line on which only the caller talks
/// has no background, and nothing changes on it.
///
/// A caller who turns away from the telephone is softer too. So a soft voice that is alone for 2 s
/// while the agent is silent pulls the caller's level down to itself, by 10 dB a second.
///
/// ```
/// use voxtra_core::background::BackgroundVoices;
///
/// let mut background = BackgroundVoices::new();
/// let (caller, television) = ([8_000; 160], [800; 160]);
/// for _ in 0..50 {
///     assert_eq!(background.heard(&caller, 0.9, false), 0.9);
/// }
/// for _ in 0..100 {
///     background.heard(&television, 0.9, true);
/// }
/// assert_eq!(background.heard(&television, 0.9, true), 0.0);
/// assert_eq!(background.heard(&caller, 0.9, true), 0.9);
/// ```
#[derive(Clone, Debug)]
pub struct BackgroundVoices {
    /// The loudest voiced frame of this block and of the previous one, as powers.
    peaks: [f32; 2],
    /// Frames of this block so far.
    frames: u8,
    /// The caller's peak, as a power. 0 until a voice was heard.
    caller: f32,
    /// Recent evidence of soft voices, in frames.
    evidence: f32,
    /// Frames of soft voices since the caller's last, but for those of long ago.
    run: f32,
    /// Frames of soft voices since the caller's last, while the agent was silent.
    alone: u8,
}

impl BackgroundVoices {
    /// For the start of a call, before any voice was heard.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            peaks: [0.0; 2],
            frames: 0,
            caller: 0.0,
            evidence: 0.0,
            run: 0.0,
            alone: 0,
        }
    }

    /// Takes 20 ms at 8 kHz and the probability (0 to 1) that they are speech. Returns the
    /// probability that they are the caller's speech: the same, or 0 for a voice in the background.
    pub fn heard(
        &mut self,
        frame: &[i16; VAD_FRAME_SAMPLES],
        probability: f32,
        agent_speaking: bool,
    ) -> f32 {
        if self.frames >= BLOCK_FRAMES {
            let [newer, _] = self.peaks;
            self.peaks = [0.0, newer];
            self.frames = 0;
        }
        self.frames += 1;
        let is_voice = probability >= VOICE;
        if is_voice {
            let [newer, _] = &mut self.peaks;
            *newer = newer.max(power(frame));
        }
        let [newer, older] = self.peaks;
        let peak = newer.max(older);
        let is_soft = peak < FAR_BELOW * self.caller;
        match (is_voice, is_soft) {
            (false, _) => {
                self.evidence = (self.evidence - FORGOTTEN).max(0.0);
                self.run = (self.run - FORGOTTEN).max(0.0);
            }
            (true, true) => {
                self.run = (self.run + 1.0).min(MOST_EVIDENCE);
                if self.run > OWN {
                    self.evidence = (self.evidence + 1.0).min(MOST_EVIDENCE);
                }
                if !agent_speaking {
                    self.follow_soft_voice();
                }
            }
            // Sound that arrives while the agent speaks may be the agent's own voice.
            (true, false) if agent_speaking => {}
            (true, false) => {
                self.run = 0.0;
                self.alone = 0;
                self.caller = peak.max(SINKS * self.caller);
            }
        }
        if is_soft && self.evidence >= KNOWN {
            0.0
        } else {
            probability
        }
    }

    fn follow_soft_voice(&mut self) {
        if self.alone < PATIENCE {
            self.alone += 1;
        } else {
            self.caller *= FOLLOWS;
        }
    }
}

impl Default for BackgroundVoices {
    fn default() -> Self {
        Self::new()
    }
}

/// The sum of a frame's squares.
fn power(frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
    let squares = frame
        .iter()
        .map(|sample| i64::from(*sample) * i64::from(*sample));
    squares.sum::<i64>() as f32
}

/// A frame of at least this probability is a voice.
const VOICE: f32 = 0.6;
/// 160 ms. The peak covers this block and the previous one.
const BLOCK_FRAMES: u8 = 8;
/// A voice this far below the caller's is another speaker's: −9 dB.
const FAR_BELOW: f32 = 0.125_892_54;
/// Frames of soft voices behind the caller's that are no evidence: 0.4 s. They may be the caller's
/// own soft syllables.
const OWN: f32 = 20.0;
/// Further frames of soft voices after which a background is known: 0.3 s.
const KNOWN: f32 = 15.0;
const MOST_EVIDENCE: f32 = 100.0;
/// Evidence that each frame without a voice takes away.
const FORGOTTEN: f32 = 0.1;
/// Change of the caller's level per frame of the caller's voice: −0.02 dB.
const SINKS: f32 = 0.995_405_4;
/// Frames of a soft voice during which the caller's level stays as it is: 2 s.
const PATIENCE: u8 = 100;
/// Change per further frame of a soft voice: −0.2 dB.
const FOLLOWS: f32 = 0.954_992_6;

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a voice at this dBFS level, 3 in 4 of them well below its peak; true for those
    /// that count.
    fn voice(
        background: &mut BackgroundVoices,
        dbfs: f32,
        frames: usize,
        agent_speaking: bool,
    ) -> std::vec::Vec<bool> {
        let heard = (0..frames).map(|n| {
            let below = [0.0, 6.0, 12.0, 20.0][n % 4];
            let amplitude = 32_768.0 * libm::powf(10.0, (dbfs - below) / 20.0);
            background.heard(&[amplitude as i16; 160], 0.9, agent_speaking) > 0.0
        });
        heard.collect()
    }

    fn pause(background: &mut BackgroundVoices, frames: usize) {
        for _ in 0..frames {
            assert!(background.heard(&[0; 160], 0.1, false) <= 0.1);
        }
    }

    fn none(heard: &[bool]) -> bool {
        !heard.iter().any(|counts| *counts)
    }

    fn all(heard: &[bool]) -> bool {
        heard.iter().all(|counts| *counts)
    }

    #[test]
    fn a_soft_voice_over_the_agent_is_known_after_700_ms_and_the_caller_still_counts() {
        let mut background = BackgroundVoices::new();
        assert!(all(&voice(&mut background, -20.0, 100, false)));
        let heard = voice(&mut background, -32.0, 100, true);
        // Up to 16 frames may pass until the caller's own peak is over.
        let known = heard.iter().position(|counts| !counts).unwrap();
        assert!((34..=51).contains(&known), "{known}");
        assert!(none(&heard[known..]));
        assert!(all(&voice(&mut background, -23.0, 50, true)));
    }

    #[test]
    fn a_soft_voice_ends_the_turn_of_a_caller_who_has_finished() {
        let mut background = BackgroundVoices::new();
        for _ in 0..4 {
            voice(&mut background, -20.0, 100, false);
            voice(&mut background, -35.0, 50, true);
        }
        voice(&mut background, -20.0, 100, false);
        assert!(none(&voice(&mut background, -35.0, 60, false)[16..]));
    }

    #[test]
    fn a_caller_alone_counts_however_soft_a_word_is() {
        let mut background = BackgroundVoices::new();
        for n in 0..50 {
            let (dbfs, frames) = if n % 5 == 4 { (-34.0, 25) } else { (-20.0, 60) };
            assert!(all(&voice(&mut background, dbfs, frames, n % 2 == 0)));
            pause(&mut background, 100);
        }
    }

    #[test]
    fn syllables_that_a_caller_swallows_are_no_background_however_many() {
        let mut background = BackgroundVoices::new();
        for n in 0..50 {
            for (dbfs, frames) in [(-20.0, 30), (-32.0, 24), (-22.0, 20), (-34.0, 30)] {
                let heard = voice(&mut background, dbfs, frames, false);
                assert!(all(&heard), "{n}: {dbfs} dBFS: {heard:?}");
            }
            pause(&mut background, 25);
        }
    }

    #[test]
    fn a_caller_who_turns_away_counts_again_after_three_seconds() {
        let mut background = BackgroundVoices::new();
        voice(&mut background, -15.0, 200, false);
        let heard = voice(&mut background, -30.0, 400, false);
        let again = heard.iter().rposition(|counts| !counts).unwrap();
        assert!((100..=150).contains(&again), "{again}");
        assert!(all(&voice(&mut background, -30.0, 100, true)));
    }

    #[test]
    fn a_background_is_forgotten_when_it_falls_silent() {
        let mut background = BackgroundVoices::new();
        voice(&mut background, -20.0, 100, false);
        voice(&mut background, -35.0, 150, true);
        pause(&mut background, 1_100);
        assert!(all(&voice(&mut background, -35.0, 34, true)));
    }

    #[test]
    fn nobody_is_in_the_background_before_somebody_has_spoken() {
        let mut background = BackgroundVoices::new();
        assert!(all(&voice(&mut background, -45.0, 1_000, true)));
    }
}
