//! The trained detector: that it is the network which was trained, and that it hears what a line
//! carries.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::f32::consts::TAU;

use voxtra_core::vad::{TelephoneDetector, VAD_FRAME_SAMPLES, VoiceDetector};

/// 12 s of a voice, noise, music, tones, a lost packet and direct current; `training/sample.py`
/// made them.
const SAMPLE: &[u8] = include_bytes!("telephone/sample.s16");
/// What the trainer's own arithmetic says of each frame.
const EXPECTED: &[u8] = include_bytes!("telephone/sample.probabilities");

const SECOND: usize = 8_000;

fn sample() -> Vec<i16> {
    let (pairs, _) = SAMPLE.as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn expected() -> Vec<f32> {
    let (values, _) = EXPECTED.as_chunks::<4>();
    values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect()
}

fn hear(detector: &mut TelephoneDetector, samples: &[i16]) -> Vec<f32> {
    let (frames, _) = samples.as_chunks::<VAD_FRAME_SAMPLES>();
    frames.iter().map(|frame| detector.process(frame)).collect()
}

fn share_above(probabilities: &[f32], threshold: f32) -> f32 {
    let above = probabilities.iter().filter(|p| **p > threshold).count();
    above as f32 / probabilities.len() as f32
}

/// Sines at these frequencies, each at this amplitude, for a time; on and off in turn.
fn tones(frequencies: &[f32], amplitude: f32, on: usize, off: usize, len: usize) -> Vec<i16> {
    (0..len)
        .map(|n| {
            let t = n as f32 / SECOND as f32;
            let sum: f32 = frequencies.iter().map(|f| (TAU * f * t).sin()).sum();
            if n % (on + off) < on {
                (amplitude * sum) as i16
            } else {
                0
            }
        })
        .collect()
}

struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

#[test]
fn says_what_the_trainer_says() {
    let ours = hear(&mut TelephoneDetector::new(), &sample());
    let expected = expected();
    assert_eq!(ours.len(), expected.len());
    for (frame, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
        assert_eq!(ours.to_bits(), expected.to_bits(), "frame {frame}");
    }
}

#[test]
fn the_sample_holds_both_speech_and_the_rest() {
    let heard = hear(&mut TelephoneDetector::new(), &sample());
    assert!(share_above(&heard[55..140], 0.5) > 0.6);
    assert!(share_above(&heard[..45], 0.5) == 0.0);
}

#[test]
fn is_the_same_each_time_and_after_a_reset() {
    let sample = sample();
    let mut detector = TelephoneDetector::new();
    let bits = |heard: Vec<f32>| heard.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let first = bits(hear(&mut detector, &sample));
    detector.reset();
    assert_eq!(bits(hear(&mut detector, &sample)), first);
    assert_eq!(
        bits(hear(&mut TelephoneDetector::default(), &sample)),
        first
    );
}

#[test]
fn speech_is_heard_at_any_level() {
    let sample = sample();
    let speech = &sample[..3 * SECOND];
    let loudest = f32::from(speech.iter().map(|s| s.saturating_abs()).max().unwrap());
    // Peaks of -3 dBFS and of -36 dBFS; and 6 dB beyond full scale.
    for peak in [0.7, 0.016, 2.0] {
        let gain = peak * 32_768.0 / loudest;
        let scaled: Vec<i16> = speech
            .iter()
            .map(|s| (f32::from(*s) * gain) as i16)
            .collect();
        let heard = hear(&mut TelephoneDetector::new(), &scaled);
        assert!(share_above(&heard[55..140], 0.5) > 0.6, "peak {peak}");
    }
}

/// What a line does to a voice, sample by sample.
type Harm = fn(usize, f32) -> f32;

#[test]
fn speech_is_heard_through_what_a_line_does_to_it() {
    let sample = sample();
    let speech = &sample[..3 * SECOND];
    let clean = hear(&mut TelephoneDetector::new(), speech);
    let harms: [(&str, Harm); 6] = [
        ("overdriven to twice its level", |_, s| {
            (4.0 * s).clamp(-16_000.0, 16_000.0)
        }),
        ("direct current", |_, s| s + 2_000.0),
        ("mains hum", |n, s| {
            let t = n as f32 / SECOND as f32;
            s + 100.0 * ((TAU * 50.0 * t).sin() + (TAU * 150.0 * t).sin())
        }),
        // Every tenth packet, of 20 ms.
        ("lost packets", |n, s| {
            if n / VAD_FRAME_SAMPLES % 10 == 3 {
                0.0
            } else {
                s
            }
        }),
        ("a click every 250 ms", |n, s| {
            if n % 2_000 < 3 { 20_000.0 } else { s }
        }),
        ("eight bits", |_, s| (s / 256.0).round() * 256.0),
    ];
    for (name, harm) in harms {
        let line: Vec<i16> = speech
            .iter()
            .enumerate()
            .map(|(n, s)| harm(n, f32::from(*s)) as i16)
            .collect();
        let heard = hear(&mut TelephoneDetector::new(), &line);
        let (voice, pause) = (
            share_above(&heard[55..140], 0.5),
            share_above(&heard[..45], 0.5),
        );
        let before = share_above(&clean[55..140], 0.5);
        assert!(voice > 0.75 * before, "{name}: {voice} of {before}");
        assert!(pause <= 0.05, "{name}: {pause} of the pause");
    }
    // A hard room of 0.4 s: 60 reflections that die away.
    let room: Vec<(usize, f32)> = (1..60)
        .map(|n| {
            (
                n * n + 53 * n,
                0.5 * (-6.9 * n as f32 * 55.0 / 3_200.0).exp(),
            )
        })
        .collect();
    let wet: Vec<i16> = (0..speech.len())
        .map(|n| {
            let reflected = room.iter().map(|(delay, gain)| {
                let earlier = n.checked_sub(*delay).map_or(0, |at| speech[at]);
                f32::from(earlier) * gain
            });
            (f32::from(speech[n]) + reflected.sum::<f32>()) as i16
        })
        .collect();
    let heard = hear(&mut TelephoneDetector::new(), &wet);
    assert!(share_above(&heard[55..140], 0.5) > 0.6);
}

#[test]
fn what_a_line_says_by_itself_is_no_speech() {
    let long = 10 * SECOND;
    let second = SECOND;
    let lines: [(&str, Vec<i16>); 9] = [
        ("nothing", vec![0; long]),
        ("direct current", vec![1_500; long]),
        (
            "ringback",
            tones(&[440.0, 480.0], 3_000.0, 2 * second, 4 * second, long),
        ),
        (
            "European ringback",
            tones(&[425.0], 5_000.0, second, 4 * second, long),
        ),
        (
            "busy",
            tones(&[480.0, 620.0], 3_000.0, second / 2, second / 2, long),
        ),
        (
            "a key",
            tones(&[770.0, 1_336.0], 4_000.0, second / 10, second / 10, long),
        ),
        (
            "a modem",
            tones(&[2_100.0], 6_000.0, 3 * second, second, long),
        ),
        (
            "mains hum",
            tones(&[50.0, 100.0, 150.0, 200.0], 600.0, long, 1, long),
        ),
        ("hiss", {
            let mut noise = Noise(1);
            (0..long).map(|_| (noise.next() * 1_500.0) as i16).collect()
        }),
    ];
    for (name, line) in lines {
        let heard = hear(&mut TelephoneDetector::new(), &line);
        let share = share_above(&heard, 0.8);
        assert!(share <= 0.01, "{name}: {share}");
    }
}

#[test]
fn answers_are_probabilities_whatever_comes() {
    let mut noise = Noise(7);
    let mut detector = TelephoneDetector::new();
    for kind in 0..200 {
        for _ in 0..20 {
            let frame = core::array::from_fn(|n| match kind % 5 {
                0 => i16::MIN,
                1 => [i16::MIN, i16::MAX][n % 2],
                2 => (noise.next() * 32_767.0) as i16,
                3 => 0,
                _ => [i16::MAX, i16::MIN][n / 40 % 2],
            });
            let p = detector.process(&frame);
            assert!((0.0..=1.0).contains(&p), "{p}");
        }
    }
}

#[test]
fn state_is_small() {
    assert!(size_of::<TelephoneDetector>() <= 4 * 1_024);
}
