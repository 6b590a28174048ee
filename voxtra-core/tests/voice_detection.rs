//! The energy detector against speech, noise and what a telephone line does to both.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::f32::consts::TAU;

use proptest::prelude::*;
use voxtra_core::time::Instant;
use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
use voxtra_core::vad::{EnergyDetector, VAD_FRAME_SAMPLES, VoiceDetector};

const RATE: f32 = 8_000.0;
/// Frames of 20 ms in a second.
const SECOND: usize = 50;

/// A signal at a level; levels are RMS in dBFS, 0 dBFS being a square wave at full scale.
#[derive(Clone)]
struct Signal(Vec<f32>);

impl Signal {
    fn silence(frames: usize) -> Self {
        Self(vec![0.0; frames * VAD_FRAME_SAMPLES])
    }

    fn white_noise(frames: usize, dbfs: f32) -> Self {
        let mut state = 0x2545_f491_u32;
        Self(
            (0..frames * VAD_FRAME_SAMPLES)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 17;
                    state ^= state << 5;
                    state as f32 / u32::MAX as f32 - 0.5
                })
                .collect(),
        )
        .at(dbfs)
    }

    /// Noise of a room or a car: most of it is low.
    fn dull_noise(frames: usize, dbfs: f32) -> Self {
        let mut low = 0.0;
        let white = Self::white_noise(frames, 0.0).0;
        Self(
            white
                .into_iter()
                .map(|x| {
                    low += 0.3 * (x - low);
                    low
                })
                .collect(),
        )
        .at(dbfs)
    }

    fn tones(frames: usize, hz: &[f32], dbfs: f32) -> Self {
        Self(
            (0..frames * VAD_FRAME_SAMPLES)
                .map(|n| {
                    hz.iter()
                        .map(|hz| (TAU * hz * n as f32 / RATE).sin())
                        .sum::<f32>()
                })
                .collect(),
        )
        .at(dbfs)
    }

    /// Speech as a machine hears it: a buzzing voice through two formants, five syllables a second
    /// with the mouth nearly closed between them. `dbfs` is that of the whole.
    fn speech(frames: usize, dbfs: f32) -> Self {
        let samples = frames * VAD_FRAME_SAMPLES;
        let mut phase = 0.0_f32;
        let mut formants = [(700.0, 0.0, 0.0), (1_200.0, 0.0, 0.0)];
        let mut out = Vec::with_capacity(samples);
        for n in 0..samples {
            let t = n as f32 / RATE;
            let pitch_hz = 120.0 + 25.0 * (TAU * 0.7 * t).sin();
            phase += pitch_hz / RATE;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                1.0
            } else {
                0.0
            };
            // 150 ms of a syllable, 50 ms at -35 dB.
            let in_syllable = (t * 5.0).fract() / 0.75;
            let open = if in_syllable < 1.0 {
                (std::f32::consts::PI * in_syllable).sin().max(0.02)
            } else {
                0.02
            };
            let mut y = 0.0;
            for (hz, s1, s2) in &mut formants {
                let r = 0.97_f32;
                let x = pulse + 2.0 * r * (TAU * *hz / RATE).cos() * *s1 - r * r * *s2;
                *s2 = *s1;
                *s1 = x;
                y += x;
            }
            out.push(y * open);
        }
        Self(out).at(dbfs)
    }

    fn at(mut self, dbfs: f32) -> Self {
        let mean = self.0.iter().map(|x| x * x).sum::<f32>() / self.0.len() as f32;
        let gain = 32_768.0 * 10.0_f32.powf(dbfs / 20.0) / mean.sqrt();
        self.0.iter_mut().for_each(|x| *x *= gain);
        self
    }

    fn plus(mut self, other: &Self) -> Self {
        for (x, y) in self.0.iter_mut().zip(&other.0) {
            *x += y;
        }
        self
    }

    fn offset(mut self, by: f32) -> Self {
        self.0.iter_mut().for_each(|x| *x += by);
        self
    }
}

/// What the detector says to a signal, frame by frame.
fn hear(detector: &mut EnergyDetector, signal: &Signal) -> Vec<f32> {
    signal
        .0
        .chunks_exact(VAD_FRAME_SAMPLES)
        .map(|chunk| {
            let mut frame = [0; VAD_FRAME_SAMPLES];
            for (to, from) in frame.iter_mut().zip(chunk) {
                *to = from.round().clamp(-32_768.0, 32_767.0) as i16;
            }
            detector.process(&frame)
        })
        .collect()
}

/// Share of frames that could start speech with the default turn settings.
fn share_of_speech(probabilities: &[f32]) -> f32 {
    probabilities.iter().filter(|p| **p >= 0.6).count() as f32 / probabilities.len() as f32
}

fn after_noise(noise: &Signal) -> EnergyDetector {
    let mut detector = EnergyDetector::new();
    hear(&mut detector, noise);
    detector
}

#[test]
fn speech_after_digital_silence_is_heard_at_once() {
    let mut detector = after_noise(&Signal::silence(10 * SECOND));
    let probabilities = hear(&mut detector, &Signal::speech(SECOND, -25.0));
    // The buzz needs a few milliseconds to build up: the second frame at the latest.
    assert!(probabilities[1] > 0.9, "{probabilities:?}");
    assert!(share_of_speech(&probabilities) > 0.7, "{probabilities:?}");
}

#[test]
fn speech_as_the_first_sound_of_the_call_is_heard() {
    let probabilities = hear(&mut EnergyDetector::new(), &Signal::speech(SECOND, -25.0));
    assert!(
        probabilities[1..7].iter().all(|p| *p > 0.6),
        "{probabilities:?}"
    );
}

#[test]
fn silence_is_never_speech() {
    let mut detector = EnergyDetector::new();
    assert!(
        hear(&mut detector, &Signal::silence(100))
            .iter()
            .all(|p| *p == 0.0)
    );
    hear(&mut detector, &Signal::speech(SECOND, -20.0));
    // One frame for the tail of the filter.
    let after = hear(&mut detector, &Signal::silence(100));
    assert!(after[1..].iter().all(|p| *p == 0.0), "{after:?}");
}

#[test]
fn quiet_speech_over_a_quiet_line_is_heard() {
    let noise = Signal::dull_noise(4 * SECOND, -70.0);
    let mut detector = after_noise(&noise);
    let speech = Signal::speech(2 * SECOND, -40.0).plus(&noise);
    let probabilities = hear(&mut detector, &speech);
    assert!(share_of_speech(&probabilities) > 0.65, "{probabilities:?}");
}

#[test]
fn loud_speech_over_a_noisy_line_is_heard() {
    let noise = Signal::dull_noise(4 * SECOND, -38.0);
    let mut detector = after_noise(&noise);
    let speech = Signal::speech(2 * SECOND, -18.0).plus(&noise);
    let probabilities = hear(&mut detector, &speech);
    assert!(share_of_speech(&probabilities) > 0.5, "{probabilities:?}");
}

#[test]
fn steady_sounds_are_background_after_three_seconds() {
    let length = 6 * SECOND;
    let sounds = [
        ("hiss", Signal::white_noise(length, -35.0)),
        ("room", Signal::dull_noise(length, -30.0)),
        ("hum", Signal::tones(length, &[50.0, 150.0, 250.0], -25.0)),
        ("dial tone", Signal::tones(length, &[425.0], -15.0)),
        (
            "a digit held down",
            Signal::tones(length, &[770.0, 1_336.0], -15.0),
        ),
    ];
    for (name, sound) in sounds {
        let mut detector = after_noise(&Signal::dull_noise(3 * SECOND, -65.0));
        let probabilities = hear(&mut detector, &sound);
        let later = &probabilities[3 * SECOND..];
        let most = later.iter().copied().fold(0.0, f32::max);
        assert!(most < 0.35, "{name}: {most}");
    }
}

#[test]
fn a_quieter_background_is_learned_at_once() {
    let mut detector = after_noise(&Signal::dull_noise(4 * SECOND, -35.0));
    hear(&mut detector, &Signal::dull_noise(10, -60.0));
    let floor = detector.floor_dbfs();
    assert!((-63.0..-56.0).contains(&floor), "{floor}");
}

#[test]
fn speech_is_not_learned_as_noise() {
    let noise = Signal::dull_noise(20 * SECOND, -60.0);
    let mut detector = after_noise(&noise);
    // Twenty seconds without one pause longer than 50 ms.
    let probabilities = hear(
        &mut detector,
        &Signal::speech(20 * SECOND, -22.0).plus(&noise),
    );
    for (second, frames) in probabilities.chunks_exact(SECOND).enumerate() {
        assert!(share_of_speech(frames) > 0.6, "second {second}: {frames:?}");
    }
}

#[test]
fn a_lost_packet_does_not_make_the_noise_speech() {
    let noise = Signal::dull_noise(4 * SECOND, -40.0);
    let mut detector = after_noise(&noise);
    hear(&mut detector, &Signal::silence(3));
    let probabilities = hear(&mut detector, &noise);
    assert_eq!(share_of_speech(&probabilities), 0.0, "{probabilities:?}");
}

#[test]
fn direct_current_and_the_mains_do_not_count() {
    let mut detector = EnergyDetector::new();
    let constant = Signal::silence(2 * SECOND).offset(8_000.0);
    let probabilities = hear(&mut detector, &constant);
    // The step itself is a click of two frames.
    assert!(
        probabilities[2..].iter().all(|p| *p == 0.0),
        "{probabilities:?}"
    );
    let speech = Signal::speech(SECOND, -25.0).offset(8_000.0);
    assert!(share_of_speech(&hear(&mut detector, &speech)) > 0.7);

    let mut detector = EnergyDetector::new();
    let hum = hear(&mut detector, &Signal::tones(2 * SECOND, &[50.0], -30.0));
    assert!(hum[2..].iter().all(|p| *p < 0.35), "{hum:?}");
}

#[test]
fn the_gate_is_absolute() {
    let speech = Signal::speech(2 * SECOND, -45.0);
    let mut deaf = EnergyDetector::with_gate(-30.0);
    assert!(hear(&mut deaf, &speech).iter().all(|p| *p == 0.0));
    let mut keen = EnergyDetector::with_gate(-60.0);
    assert!(share_of_speech(&hear(&mut keen, &speech)) > 0.4);
}

#[test]
fn a_reset_detector_is_a_new_one() {
    let mut used = after_noise(&Signal::white_noise(5 * SECOND, -20.0));
    used.reset();
    let speech = Signal::speech(SECOND, -30.0);
    let fresh = hear(&mut EnergyDetector::new(), &speech);
    assert_eq!(hear(&mut used, &speech), fresh);
}

#[test]
fn the_level_is_in_dbfs() {
    let mut detector = EnergyDetector::new();
    hear(&mut detector, &Signal::tones(SECOND, &[1_000.0], -20.0));
    assert!(
        (detector.level_dbfs() + 20.0).abs() < 0.2,
        "{}",
        detector.level_dbfs()
    );
    let mut silent = EnergyDetector::new();
    silent.process(&[0; VAD_FRAME_SAMPLES]);
    assert_eq!(silent.level_dbfs(), -100.0);
}

/// The samples of one of the demo's recordings: 8 kHz mono after a plain header.
fn recording(name: &str) -> Vec<f32> {
    let path = format!("{}/../assets/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    let (pairs, _) = bytes[data..].as_chunks::<2>();
    pairs
        .iter()
        .map(|pair| f32::from(i16::from_le_bytes(*pair)))
        .collect()
}

#[test]
fn a_recorded_sentence_is_one_utterance() {
    for name in ["caller-hello.wav", "caller-stop.wav", "agent-explain.wav"] {
        let before = SECOND;
        let mut signal = Signal::silence(before);
        signal.0.extend(recording(name));
        signal.0.extend(Signal::silence(2 * SECOND).0);
        let line = Signal::dull_noise(signal.0.len() / VAD_FRAME_SAMPLES + 1, -62.0);
        let probabilities = hear(&mut EnergyDetector::new(), &signal.plus(&line));

        let mut turns = TurnTaking::new(TurnSettings::default());
        let mut events = Vec::new();
        for (frame, probability) in (1..).zip(probabilities) {
            let now = Instant::from_millis(20 * frame);
            turns.handle_frame(now, probability, false, &mut |event| {
                events.push((frame, event));
            });
        }
        let [
            (start, TurnEvent::SpeechStarted),
            (_, TurnEvent::SpeechEnded { .. }),
            (_, TurnEvent::TurnEnded { .. }),
        ] = events[..]
        else {
            panic!("{name}: {events:?}");
        };
        // Known within 300 ms of the recording's beginning.
        assert!(
            (1..15).contains(&(start - before as u64)),
            "{name}: {start}"
        );
    }
}

proptest! {
    #[test]
    fn any_samples_give_a_probability_and_always_the_same(
        frames in prop::collection::vec(prop_oneof![
            Just([i16::MIN; VAD_FRAME_SAMPLES]),
            Just([i16::MAX; VAD_FRAME_SAMPLES]),
            Just([0_i16; VAD_FRAME_SAMPLES]),
            any::<[[i16; 32]; 5]>().prop_map(|parts| {
                let mut frame = [0; VAD_FRAME_SAMPLES];
                frame.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
                frame
            }),
        ], 0..300),
    ) {
        let (mut one, mut other) = (EnergyDetector::new(), EnergyDetector::new());
        for frame in &frames {
            let probability = one.process(frame);
            prop_assert!((0.0..=1.0).contains(&probability));
            prop_assert_eq!(probability.to_bits(), other.process(frame).to_bits());
            prop_assert!((-70.0..=-15.0).contains(&one.floor_dbfs()));
        }
    }
}
