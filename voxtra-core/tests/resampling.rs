//! What resampling does to a sound, measured with sweeps, and that it does the same however the
//! stream is cut.

#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;
use std::time::Duration;

use proptest::prelude::*;
use voxtra_core::audio::Resampler;

const RATES: [u32; 10] = [
    8_000, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000,
];

/// All of `input` in one call.
fn resample(from: u32, to: u32, input: &[i16]) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to).unwrap();
    let mut out = vec![0; resampler.output_len(input.len())];
    assert_eq!(resampler.process(input, &mut out), (input.len(), out.len()));
    out
}

fn sine(rate: u32, hz: f64) -> Vec<i16> {
    (0..rate / 4)
        .map(|n| (16_384.0 * (TAU * hz * f64::from(n) / f64::from(rate)).sin()).round() as i16)
        .collect()
}

/// The part of the tone at `hz` in `samples`, in dB relative to the 16,384 of [`sine`]; and all
/// that is not it.
fn tone_and_rest(samples: &[i16], rate: u32, hz: f64) -> (f64, f64) {
    // Without the filter's beginning.
    let samples = &samples[samples.len() / 10..];
    let (mut i, mut q, mut power) = (0.0, 0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let angle = TAU * hz * n as f64 / f64::from(rate);
        // A Hann window, so that neighbouring frequencies do not leak into this one.
        let window = 1.0 - (TAU * n as f64 / samples.len() as f64).cos();
        let value = window * f64::from(sample);
        i += value * angle.cos();
        q += value * angle.sin();
        power += value * value;
    }
    let n = samples.len() as f64;
    let amplitude = 2.0 * i.hypot(q) / n;
    // The window's mean square is 1.5.
    let rest = (power / n / 1.5 * 2.0 - amplitude * amplitude).max(1e-9);
    (db(amplitude), db(rest.sqrt()))
}

fn db(amplitude: f64) -> f64 {
    20.0 * (amplitude.max(1e-9) / 16_384.0).log10()
}

#[test]
fn the_pass_band_is_flat_to_3_4_khz() {
    for (from, to) in [
        (8_000, 16_000),
        (16_000, 8_000),
        (22_050, 8_000),
        (8_000, 48_000),
    ] {
        for hz in (100..=3_400).step_by(50) {
            let out = resample(from, to, &sine(from, hz.into()));
            let (tone, _) = tone_and_rest(&out, to, hz.into());
            assert!(tone.abs() < 0.1, "{from} to {to} at {hz} Hz: {tone:.2} dB");
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_carry_is_50_db_down() {
    for (from, to) in [
        (16_000, 8_000),
        (22_050, 8_000),
        (24_000, 8_000),
        (44_100, 8_000),
        (48_000, 8_000),
    ] {
        for hz in (4_000..from / 2).step_by(97) {
            let out = resample(from, to, &sine(from, hz.into()));
            let (_, all) = tone_and_rest(&out, to, 0.0);
            assert!(all < -55.0, "{from} to {to} at {hz} Hz: {all:.1} dB");
        }
    }
}

#[test]
fn the_images_of_a_lower_rate_are_50_db_down() {
    for (from, to) in [
        (8_000, 16_000),
        (8_000, 24_000),
        (8_000, 22_050),
        (8_000, 48_000),
    ] {
        for hz in (100..=3_400).step_by(75) {
            let out = resample(from, to, &sine(from, hz.into()));
            let (_, rest) = tone_and_rest(&out, to, hz.into());
            assert!(rest < -55.0, "{from} to {to} at {hz} Hz: {rest:.1} dB");
        }
    }
}

#[test]
fn up_and_down_again_is_the_same_sound_later() {
    let speech_like: Vec<i16> = (0..4_000)
        .map(|n| {
            let t = f64::from(n) / 8_000.0;
            let sound = [(220.0, 0.5), (700.0, 0.3), (1_900.0, 0.15), (3_100.0, 0.05)];
            let sum: f64 = sound
                .iter()
                .map(|(hz, part)| part * (TAU * hz * t).sin())
                .sum();
            (12_000.0 * sum) as i16
        })
        .collect();
    let there = resample(8_000, 16_000, &speech_like);
    let back = resample(16_000, 8_000, &there);
    let delay = 2 * Resampler::new(8_000, 16_000).unwrap().delay_samples();
    let worst = speech_like[200..3_000]
        .iter()
        .zip(&back[200 + delay..])
        .map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs())
        .max();
    assert!(worst.unwrap() <= 24, "off by {worst:?} of 12,000");
}

#[test]
fn twenty_ms_in_are_twenty_ms_out_at_every_pair_of_rates() {
    for (from, to) in RATES.iter().flat_map(|&a| RATES.map(|b| (a, b))) {
        let mut resampler = Resampler::new(from, to).unwrap();
        let input = vec![1_000; from as usize / 50];
        let mut out = vec![0; to as usize / 50 + 9];
        for _ in 0..5 {
            let done = resampler.process(&input, &mut out);
            assert_eq!(done, (input.len(), to as usize / 50), "{from} to {to}");
        }
        // A constant stays what it is.
        let tail = &out[to as usize / 100..to as usize / 50];
        assert!(
            tail.iter().all(|&s| (999..=1_001).contains(&s)),
            "{from} to {to}: {tail:?}"
        );
        assert!(resampler.delay() < Duration::from_micros(3_050));
    }
}

#[test]
fn the_same_rate_is_a_copy() {
    let input: Vec<i16> = (0..500).map(|n| n * 37).collect();
    assert_eq!(resample(16_000, 16_000, &input), input);
    assert_eq!(
        Resampler::new(16_000, 16_000).unwrap().delay(),
        Duration::ZERO
    );
}

#[test]
fn an_impulse_comes_out_after_the_delay() {
    for (from, to) in [
        (8_000, 16_000),
        (16_000, 8_000),
        (22_050, 8_000),
        (8_000, 44_100),
    ] {
        let mut input = vec![0; 2_000];
        input[1_000] = 20_000;
        let out = resample(from, to, &input);
        let resampler = Resampler::new(from, to).unwrap();
        let peak = (0..out.len()).max_by_key(|&n| out[n]).unwrap();
        let expected = (1_000 + resampler.delay_samples()) as f64 * f64::from(to) / f64::from(from);
        assert!(
            (peak as f64 - expected).abs() <= 1.0,
            "{from} to {to}: {peak} {expected}"
        );
    }
}

#[test]
fn reset_forgets_the_stream() {
    let input: Vec<i16> = (0..777).map(|n| n * 17).collect();
    let mut resampler = Resampler::new(22_050, 16_000).unwrap();
    let mut first = [0; 1_000];
    let mut second = [0; 1_000];
    let (_, produced) = resampler.process(&input, &mut first);
    resampler.reset();
    assert_eq!(resampler.process(&input, &mut second), (777, produced));
    assert_eq!(first, second);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_chunking_gives_the_same_samples(
        input in prop::collection::vec(any::<i16>(), 1..3_000),
        from in prop::sample::select(&RATES[..]),
        to in prop::sample::select(&RATES[..]),
        sizes in prop::collection::vec((1usize..700, 1usize..700), 1..10),
    ) {
        let whole = resample(from, to, &input);
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut pieces = Vec::new();
        let mut rest = &input[..];
        for &(give, room) in sizes.iter().cycle() {
            let mut out = vec![0; room];
            let given = &rest[..give.min(rest.len())];
            let (consumed, produced) = resampler.process(given, &mut out);
            prop_assert!(consumed == given.len() || produced == room);
            rest = &rest[consumed..];
            pieces.extend_from_slice(&out[..produced]);
            if rest.is_empty() && produced < room {
                break;
            }
        }
        prop_assert_eq!(pieces, whole);
    }
}
