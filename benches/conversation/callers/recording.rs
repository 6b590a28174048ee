//! What the callers say.

use std::path::Path;

use voxtra_core::audio::Resampler;

/// The rate of the line.
pub(crate) const LINE_HZ: u32 = 8_000;
/// Samples of a frame.
pub(crate) const FRAME_SAMPLES: usize = 160;
/// The loudest sample of each recording: 6 dB below full scale.
const PEAK: f64 = 16_384.0;
/// A frame is part of the speech if it is no more than this far below the loudest one, in power:
/// 30 dB.
const SPEECH: f64 = 1_000.0;

/// Reads a recording, brings it to the line's rate and to one level, and cuts off what is before
/// and behind the speech, so that its last frame is the last of the speech.
pub(crate) fn read(path: &Path) -> Vec<i16> {
    let (rate, mut samples) = samples(path);
    // What the resampler keeps back is pushed out.
    samples.resize(samples.len() + rate as usize / 10, 0);
    let mut resampler = Resampler::new(rate, LINE_HZ).unwrap();
    let mut line = vec![0; samples.len()];
    let (_, written) = resampler.process(&samples, &mut line);
    line.truncate(written);
    let loudest = line.iter().map(|sample| sample.unsigned_abs()).max();
    let gain = PEAK / f64::from(loudest.unwrap_or(1).max(1));
    let line: Vec<i16> = line
        .iter()
        .map(|sample| (f64::from(*sample) * gain) as i16)
        .collect();
    let frames: Vec<&[i16]> = line.chunks_exact(FRAME_SAMPLES).collect();
    let powers: Vec<f64> = frames.iter().map(|frame| power(frame)).collect();
    let limit = powers.iter().copied().fold(0.0, f64::max) / SPEECH;
    let first = powers.iter().position(|power| *power >= limit).unwrap_or(0);
    let last = powers
        .iter()
        .rposition(|power| *power >= limit)
        .unwrap_or(0);
    frames.get(first..=last).unwrap_or_default().concat()
}

fn power(frame: &[i16]) -> f64 {
    frame.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

fn samples(path: &Path) -> (u32, Vec<i16>) {
    if path.extension().is_some_and(|extension| extension == "raw") {
        let bytes = std::fs::read(path).unwrap();
        let samples = bytes.chunks_exact(2);
        let samples = samples.map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
        return (16_000, samples.collect());
    }
    let mut reader = hound::WavReader::open(path).unwrap();
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.bits_per_sample),
        (1, 16),
        "{}",
        path.display()
    );
    let samples = reader.samples::<i16>().map(Result::unwrap).collect();
    (spec.sample_rate, samples)
}
