//! What is no digit: speech, music, what a line says by itself.

use std::f64::consts::TAU;

use voxtra_core::dtmf::DtmfDetector;

use crate::signal::{Chance, Pair, Signal, amplitude, heard};

/// The samples of a recording of the project's, whatever its rate.
fn recording(name: &str) -> Vec<i16> {
    let path = format!("{}/../assets/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    let (pairs, _) = bytes[data..].as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

#[test]
fn speech_is_no_digit_at_any_level_pitch_or_offset() {
    for name in [
        "agent-explain.wav",
        "agent-goodbye.wav",
        "agent-hello.wav",
        "agent-press.wav",
        "agent-you-said.wav",
        "caller-hello.wav",
        "caller-stop.wav",
    ] {
        let spoken = recording(name);
        for gain in [0.3, 1.5] {
            // Played faster, or slower, the voice is another.
            for speed in [0.8, 1.0, 1.3] {
                for offset in [0, 77] {
                    let count = ((spoken.len() - 160) as f64 / speed) as usize;
                    let pcm: Vec<i16> = (0..count)
                        .map(|n| f64::from(spoken[offset + (n as f64 * speed) as usize]) * gain)
                        .map(|sample| sample as i16)
                        .collect();
                    assert_eq!(heard(&pcm), [], "{name} × {gain}, {speed}, {offset}");
                }
            }
        }
    }
}

#[test]
fn vowels_of_any_pitch_are_no_digits() {
    // Formants of Peterson and Barney's men: F1 and F2 in Hz.
    let vowels = [
        (730.0, 1_090.0),
        (570.0, 840.0),
        (660.0, 1_720.0),
        (490.0, 1_350.0),
        (640.0, 1_190.0),
        (440.0, 1_020.0),
    ];
    for (f1, f2) in vowels {
        for pitch in (80..500).step_by(7) {
            let near = |hz: f64, formant: f64| 1.0 / (1.0 + ((hz - formant) / 90.0).powi(2));
            let mut line = Signal::silent(120.0);
            for (n, sample) in line.0.iter_mut().enumerate() {
                let t = n as f64 / 8_000.0;
                // A pitch that stands still for a while is the worst.
                let turns = f64::from(pitch) * t;
                *sample = (1..3_400 / pitch)
                    .map(|k| {
                        let hz = f64::from(k * pitch);
                        (near(hz, f1) + 0.5 * near(hz, f2) + 0.03)
                            * (TAU * f64::from(k) * turns).sin()
                    })
                    .sum::<f64>()
                    * 8_000.0;
            }
            assert_eq!(line.heard(), "", "{f1}/{f2} at {pitch} Hz");
        }
    }
}

#[test]
fn music_of_instruments_with_overtones_is_no_digit() {
    let mut chance = Chance::new(12);
    let mut line = Signal::silent(40_000.0);
    // Chords of three notes of the tempered scale, each with overtones that fade, four a second.
    for (bar, samples) in line.0.chunks_mut(2_000).enumerate() {
        let root = 36 + (bar * 5) % 36;
        let third = if chance.share() < 0.5 { 3 } else { 4 };
        let slope = 1.0 + 1.5 * chance.share();
        for note in [root, root + third, root + 7] {
            let hz = 440.0 * 2_f64.powf((note as f64 - 69.0) / 12.0);
            for overtone in 1..12 {
                let hz = hz * f64::from(overtone);
                for (n, sample) in samples.iter_mut().enumerate().filter(|_| hz < 3_900.0) {
                    let t = n as f64 / 8_000.0;
                    *sample += 5_000.0 / f64::from(overtone).powf(slope)
                        * (-4.0 * t).exp()
                        * (TAU * hz * t).sin();
                }
            }
        }
    }
    assert_eq!(line.heard(), "");
}

#[test]
fn what_a_line_says_by_itself_is_no_digit() {
    // Frequencies, ms on and off: ITU-T E.180 and its supplement.
    let tones: [(&str, [f64; 2], f64, f64); 9] = [
        ("dial", [350.0, 440.0], 6_000.0, 0.0),
        ("ringback", [440.0, 480.0], 2_000.0, 4_000.0),
        ("busy", [480.0, 620.0], 500.0, 500.0),
        ("reorder", [480.0, 620.0], 250.0, 250.0),
        ("European", [425.0, 425.0], 1_000.0, 4_000.0),
        ("information", [950.0, 1_400.0], 330.0, 0.0),
        ("fax", [1_100.0, 1_100.0], 500.0, 3_000.0),
        ("modem", [2_100.0, 2_100.0], 3_000.0, 500.0),
        // A4 and E6, hardly off the tones of `7`... and not on them.
        ("two notes", [880.0, 1_318.5], 300.0, 100.0),
    ];
    for (name, hz, on, off) in tones {
        for dbm0 in [-25.0, -5.0] {
            let mut line = Signal::silent(6_000.0);
            let pair = Pair {
                hz,
                dbm0: [dbm0; 2],
                phase: [0.0, 0.3],
            };
            let mut from = 13.0;
            while from < 6_000.0 {
                line.add(from, on, &pair);
                from += on + off;
            }
            assert_eq!(line.heard(), "", "{name} at {dbm0} dBm0");
        }
    }
}

#[test]
fn one_tone_or_three_are_no_digit() {
    let lows = [697.0, 770.0, 852.0, 941.0];
    let highs = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let sound = |all: &[f64]| {
        let mut line = Signal::silent(240.0);
        for (k, hz) in all.iter().enumerate() {
            for (n, sample) in line.0.iter_mut().enumerate().skip(613) {
                *sample +=
                    amplitude(-12.0) * (TAU * (hz * n as f64 / 8_000.0 + 0.37 * k as f64)).sin();
            }
        }
        line.heard()
    };
    for low in lows {
        assert_eq!(sound(&[low]), "");
        for high in highs {
            assert_eq!(sound(&[high]), "");
            for third in lows.into_iter().chain(highs) {
                if third != low && third != high {
                    assert_eq!(sound(&[low, high, third]), "", "{low} {high} {third}");
                }
            }
            // A harmonic as loud as the tones.
            assert_eq!(sound(&[low, high, 2.0 * low]), "", "{low} {high}");
            assert_eq!(sound(&[low, high, 2.0 * high]), "", "{low} {high}");
        }
    }
}

#[test]
fn a_tone_that_slides_or_trembles_is_no_digit() {
    for (slide, tremble) in [(750.0, 0.0), (-750.0, 0.0), (1_500.0, 0.0), (0.0, 0.5)] {
        let mut line = Signal::silent(1_000.0);
        for (n, sample) in line.0.iter_mut().enumerate() {
            let t = n as f64 / 8_000.0;
            // From 100 ms before the tones meet their frequencies, again and again.
            let s = t % 0.2 - 0.1;
            let loud = 1.0 + tremble * (TAU * 60.0 * t).sin();
            let turns = [770.0, 1_336.0].map(|hz| (hz + slide * s) * s);
            *sample = amplitude(-10.0)
                * loud
                * turns.map(|turns| (TAU * turns).sin()).iter().sum::<f64>();
        }
        assert_eq!(line.heard(), "", "{slide} Hz/s, {tremble}");
    }
}

#[test]
fn whatever_comes_is_a_digit_or_none() {
    let mut chance = Chance::new(77);
    let mut detector = DtmfDetector::new();
    for kind in 0..2_000 {
        let frame = core::array::from_fn(|n| match kind % 6 {
            0 => i16::MIN,
            1 => [i16::MIN, i16::MAX][n % 2],
            2 => (chance.normal() * 30_000.0) as i16,
            3 => 0,
            4 => [i16::MAX, i16::MIN][n / 6 % 2],
            _ => [i16::MAX, i16::MIN][n / 5 % 2],
        });
        if let Some(digit) = detector.process(&frame) {
            assert!("0123456789ABCD*#".contains(digit));
        }
    }
}
