//! What the callers say: frames that can be told apart when they come back.
//!
//! Each frame carries its call and its number in its first samples, and the number again in its
//! last ones, in amplitudes of -60 dBFS: to a voice detector they are silence. Between them, a
//! caller says syllables for two seconds and is quiet for three, so that a server under load hears
//! people and not a tone.

use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::{EncodeError, HEADER_LEN, encode_audio};

/// The frames of a run, encoded once; only marks are written afterwards.
#[derive(Debug)]
pub(crate) struct Payloads {
    /// One frame after the other as it goes on the wire: the syllable's, then one of quiet.
    wire: Vec<u8>,
    frame_len: usize,
    /// Tells this run's frames from those of another generator.
    run: u16,
}

/// What a received payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The echo of this call's frame with that number, bit for bit.
    Echo(u32),
    /// It bears this call's mark, but some of it was changed.
    Corrupt,
    /// Another call's frame.
    Misrouted,
    /// Nothing that we sent.
    Foreign,
}

/// Calls and frames that a mark has room for.
pub(crate) const MOST_CALLS: u32 = 1 << CALL_BITS;
const CALL_BITS: u32 = 20;
const NUMBER_BITS: u32 = 28;

/// A mark's 64 bits, four in each sample: 16 to 31, so that neither silence nor speech looks like
/// one.
const MARK_SAMPLES: usize = 16;
const MARK_BYTES: usize = MARK_SAMPLES * 2;
const NIBBLE: u8 = 0x10;
/// The number's last 16 bits again, to see that a frame is whole.
const TAIL_SAMPLES: usize = 4;
const TAIL_BYTES: usize = TAIL_SAMPLES * 2;

/// A syllable of 200 ms, again and again.
const SYLLABLE_FRAMES: usize = 10;
/// 2 s of speech in every 5 s.
const SPEECH_FRAMES: usize = 100;
const CYCLE_FRAMES: usize = 250;
/// How far apart the callers are in that cycle; shares no factor with it.
const CYCLE_STEP: usize = 37;

impl Payloads {
    /// The frames of a run, with its number.
    pub(crate) fn new(rate: SampleRate, run: u16) -> Result<Self, EncodeError> {
        let frame_len = HEADER_LEN + rate.frame_bytes();
        let mut wire = vec![0; frame_len * (SYLLABLE_FRAMES + 1)];
        let samples = rate.frame_samples();
        let mut noise = 1_u32;
        for (n, frame) in wire.chunks_exact_mut(frame_len).enumerate() {
            let audio: Vec<i16> = if n < SYLLABLE_FRAMES {
                (0..samples)
                    .map(|i| syllable(n * samples + i, rate.hz()))
                    .collect()
            } else {
                (0..samples).map(|_| hiss(&mut noise)).collect()
            };
            encode_audio(rate, &audio, frame)?;
        }
        Ok(Self {
            wire,
            frame_len,
            run,
        })
    }

    /// A frame as it goes on the wire, marked.
    pub(crate) fn marked(&mut self, call: u32, number: u32) -> &[u8] {
        let range = self.range(call, number);
        let mark = self.mark(call, number);
        let Some(frame) = self.wire.get_mut(range) else {
            return &[];
        };
        if let Some(payload) = frame.get_mut(HEADER_LEN..) {
            if let Some(head) = payload.first_chunk_mut::<MARK_BYTES>() {
                write_nibbles(mark, head);
            }
            if let Some(tail) = payload.last_chunk_mut::<TAIL_BYTES>() {
                write_nibbles(number.into(), tail);
            }
        }
        frame
    }

    /// The bytes of a frame's payload.
    pub(crate) const fn payload_len(&self) -> usize {
        self.frame_len - HEADER_LEN
    }

    /// What a payload that `call` has received is.
    pub(crate) fn check(&self, call: u32, payload: &[u8]) -> Verdict {
        let Some((head, rest)) = payload.split_first_chunk::<MARK_BYTES>() else {
            return Verdict::Foreign;
        };
        let Some(mark) = read_nibbles(head) else {
            return Verdict::Foreign;
        };
        let number = (mark & ((1 << NUMBER_BITS) - 1)) as u32;
        if mark >> (CALL_BITS + NUMBER_BITS) != u64::from(self.run) {
            return Verdict::Foreign;
        }
        if (mark >> NUMBER_BITS) as u32 & (MOST_CALLS - 1) != call {
            return Verdict::Misrouted;
        }
        let whole = rest
            .split_last_chunk::<TAIL_BYTES>()
            .is_some_and(|(body, tail)| {
                let sent = self.wire.get(self.range(call, number)).and_then(|frame| {
                    frame.get(HEADER_LEN + MARK_BYTES..self.frame_len - TAIL_BYTES)
                });
                sent == Some(body) && read_nibbles(tail) == Some(u64::from(number & 0xffff))
            });
        if whole {
            Verdict::Echo(number)
        } else {
            Verdict::Corrupt
        }
    }

    /// Where in `wire` a frame is.
    fn range(&self, call: u32, number: u32) -> std::ops::Range<usize> {
        let place = (number as usize + call as usize * CYCLE_STEP) % CYCLE_FRAMES;
        let frame = if place < SPEECH_FRAMES {
            place % SYLLABLE_FRAMES
        } else {
            SYLLABLE_FRAMES
        };
        let start = frame * self.frame_len;
        start..start + self.frame_len
    }

    const fn mark(&self, call: u32, number: u32) -> u64 {
        ((self.run as u64) << (CALL_BITS + NUMBER_BITS))
            | ((call as u64 & (MOST_CALLS as u64 - 1)) << NUMBER_BITS)
            | (number as u64 & ((1 << NUMBER_BITS) - 1))
    }
}

/// Writes the lowest bits of `value`, four in each 16-bit sample.
fn write_nibbles<const BYTES: usize>(value: u64, out: &mut [u8; BYTES]) {
    for (n, sample) in out.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        *sample = [NIBBLE | (value >> (4 * n)) as u8 & 0xf, 0];
    }
}

/// What [`write_nibbles`] wrote; `None` if these are other samples.
fn read_nibbles<const BYTES: usize>(bytes: &[u8; BYTES]) -> Option<u64> {
    let (mut value, mut odd) = (0, 0);
    for (n, [low, high]) in bytes.as_chunks::<2>().0.iter().enumerate() {
        odd |= high | ((low & 0xf0) ^ NIBBLE);
        value |= u64::from(low & 0xf) << (4 * n);
    }
    (odd == 0).then_some(value)
}

/// A voice: harmonics of 150 Hz that swell and fade five times a second.
fn syllable(n: usize, rate_hz: u32) -> i16 {
    use std::f64::consts::TAU;
    let t = n as f64 / f64::from(rate_hz);
    let swell = 0.5 - 0.5 * (TAU * 5.0 * t).cos();
    let voice: f64 = (1..=12)
        .map(f64::from)
        .map(|k| (TAU * 150.0 * k * t).sin() / k)
        .sum();
    (9000.0 * swell * voice / 2.0) as i16
}

/// The noise of a quiet line, within ±3.
fn hiss(state: &mut u32) -> i16 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*state >> 24) as i16 % 7 - 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(rate: SampleRate) -> Payloads {
        Payloads::new(rate, 0xbeef).unwrap()
    }

    #[test]
    fn a_frame_is_known_again_whatever_its_number() {
        for rate in [SampleRate::Hz8000, SampleRate::Hz16000] {
            let mut payloads = payloads(rate);
            for (call, number) in [
                (0, 0),
                (1, 99),
                (7, 100),
                (1999, 65_536),
                (MOST_CALLS - 1, (1 << 28) - 1),
            ] {
                let frame = payloads.marked(call, number).to_vec();
                assert_eq!(frame.len(), HEADER_LEN + rate.frame_bytes());
                assert_eq!(
                    usize::from(u16::from_be_bytes([frame[1], frame[2]])),
                    rate.frame_bytes()
                );
                assert_eq!(
                    payloads.check(call, &frame[HEADER_LEN..]),
                    Verdict::Echo(number)
                );
            }
        }
    }

    #[test]
    fn any_changed_bit_is_seen() {
        let mut payloads = payloads(SampleRate::Hz8000);
        let sent = payloads.marked(5, 42)[HEADER_LEN..].to_vec();
        for bit in 0..sent.len() * 8 {
            let mut got = sent.clone();
            got[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(payloads.check(5, &got), Verdict::Echo(42), "bit {bit}");
        }
        // Two halves of different frames.
        let other = payloads.marked(5, 43)[HEADER_LEN..].to_vec();
        let stitched = [&sent[..160], &other[160..]].concat();
        assert_eq!(payloads.check(5, &stitched), Verdict::Corrupt);
        assert_eq!(payloads.check(5, &sent[..318]), Verdict::Corrupt);
        assert_eq!(payloads.check(6, &sent), Verdict::Misrouted);
    }

    #[test]
    fn other_audio_is_not_taken_for_an_echo() {
        let mine = payloads(SampleRate::Hz8000);
        let mut theirs = Payloads::new(SampleRate::Hz8000, 0xbee0).unwrap();
        assert_eq!(
            mine.check(1, &theirs.marked(1, 2)[HEADER_LEN..]),
            Verdict::Foreign
        );
        for foreign in [&[][..], &[0; 320], &[0xff; 320], &[0x10; 320], &[0; 31]] {
            assert_eq!(mine.check(1, foreign), Verdict::Foreign);
        }
    }

    #[test]
    fn callers_speak_two_seconds_in_five_and_not_all_at_once() {
        let mut payloads = payloads(SampleRate::Hz8000);
        let loud = |frame: &[u8]| {
            frame[HEADER_LEN..]
                .as_chunks::<2>()
                .0
                .iter()
                .any(|s| i16::from_le_bytes(*s).unsigned_abs() > 1000)
        };
        let of_one = (0..250).filter(|n| loud(payloads.marked(3, *n))).count();
        // The first and the last frame of each syllable are soft.
        assert!((80..=100).contains(&of_one), "{of_one}");
        let at_once = (0..250)
            .filter(|call| loud(payloads.marked(*call, 9)))
            .count();
        assert!((80..=100).contains(&at_once), "{at_once}");
    }

    #[test]
    fn a_voice_detector_hears_one_utterance_in_every_five_seconds() {
        use voxtra_core::time::Instant;
        use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
        use voxtra_core::vad::{EnergyDetector, VoiceDetector as _};
        let mut payloads = payloads(SampleRate::Hz8000);
        let (mut detector, mut turns) = (
            EnergyDetector::new(),
            TurnTaking::new(TurnSettings::default()),
        );
        let mut utterances = 0;
        for number in 0..1000 {
            let frame = payloads.marked(0, number);
            let samples: Vec<i16> = frame[HEADER_LEN..]
                .as_chunks::<2>()
                .0
                .iter()
                .map(|s| i16::from_le_bytes(*s))
                .collect();
            let probability = detector.process(samples.first_chunk().unwrap());
            let now = Instant::from_millis(u64::from(number + 1) * 20);
            turns.handle_frame(now, probability, false, &mut |event| {
                utterances += usize::from(matches!(event, TurnEvent::SpeechStarted));
            });
        }
        assert_eq!(utterances, 4);
    }
}
