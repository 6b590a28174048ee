//! WAV files in and out.

use std::io::Cursor;
use std::path::Path;

use voxtra_core::audio::Resampler;
use voxtra_rt::speech::wav;
pub(crate) use voxtra_rt::speech::wav::Recording;

use super::{Failure, private};

/// Reads a WAV file of any PCM format, µ-law or A-law; several channels are mixed into one.
pub(crate) fn read(path: &Path) -> Result<Recording, Failure> {
    let refuse = |why: &dyn std::fmt::Display| {
        Failure::usage(format_args!("can't read {}: {why}", path.display()))
            .advise("a WAV file with PCM, µ-law or A-law samples is needed; `sox IN OUT.wav` or `ffmpeg -i IN OUT.wav` makes one")
    };
    let recording = wav::read(path).map_err(|error| match error {
        wav::WavError::Io(error) => {
            Failure::usage(format_args!("can't open {}: {error}", path.display()))
                .advise("check the path")
        }
        other => refuse(&other),
    })?;
    if recording.samples.is_empty() {
        return Err(refuse(&"there is no audio in it"));
    }
    Ok(recording)
}

/// The same at another rate, and at the same times.
pub(crate) fn at_rate(recording: Recording, rate_hz: u32) -> Result<Recording, Failure> {
    if recording.rate_hz == rate_hz {
        return Ok(recording);
    }
    let mut resampler = Resampler::new(recording.rate_hz, rate_hz).map_err(|error| {
        Failure::usage(format_args!(
            "can't bring {} Hz to {rate_hz} Hz: {error}",
            recording.rate_hz
        ))
    })?;
    // Its delay is taken off the front, and the end pushed out with silence, so that times stay
    // what they were.
    let silence = vec![0; resampler.delay_samples()];
    let late = resampler.output_len(silence.len());
    let length = resampler.output_len(recording.samples.len());
    let mut samples = Vec::with_capacity(length + late + 1);
    let mut out = [0; 1024];
    for mut input in [recording.samples.as_slice(), &silence] {
        while !input.is_empty() {
            let (consumed, produced) = resampler.process(input, &mut out);
            samples.extend_from_slice(out.get(..produced).unwrap_or_default());
            input = input.get(consumed..).unwrap_or_default();
            if consumed == 0 && produced == 0 {
                break;
            }
        }
    }
    samples.drain(..late.min(samples.len()));
    samples.truncate(length);
    Ok(Recording { rate_hz, samples })
}

/// Writes a 16-bit WAV file; the shorter channels are filled with silence.
pub(crate) fn write(path: &Path, rate_hz: u32, channels: &[&[i16]]) -> Result<(), Failure> {
    let bytes = to_wav(rate_hz, channels).map_err(Failure::failed)?;
    private::write(path, &bytes)
        .map_err(|error| Failure::failed(format_args!("can't write {}: {error}", path.display())))
}

/// A 16-bit WAV file in memory.
pub(crate) fn to_wav(rate_hz: u32, channels: &[&[i16]]) -> Result<Vec<u8>, hound::Error> {
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
    for i in 0..channels.iter().map(|c| c.len()).max().unwrap_or(0) {
        for channel in channels {
            writer.write_sample(channel.get(i).copied().unwrap_or(0))?;
        }
    }
    writer.finalize()?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stereo_comes_back_mixed() {
        let bytes = to_wav(8000, &[&[100, -3, 8], &[300, -5]]).unwrap();
        let back = wav::read_from(bytes.as_slice()).unwrap();
        assert_eq!(
            back,
            Recording {
                rate_hz: 8000,
                samples: vec![200, -4, 4]
            }
        );
    }

    #[test]
    fn resampling_keeps_the_times() {
        // 100 ms of silence, then a tone.
        for rate_hz in [8_000_u32, 16_000, 22_050, 48_000] {
            let tone = |n: u32| {
                (f64::from(n) * 700.0 * std::f64::consts::TAU / f64::from(rate_hz)).sin() * 8000.0
            };
            let samples = (0..rate_hz)
                .map(|n| if n < rate_hz / 10 { 0 } else { tone(n) as i16 })
                .collect();
            let back = at_rate(Recording { rate_hz, samples }, 8000).unwrap();
            assert!(
                back.samples.len().abs_diff(8000) <= 1,
                "{rate_hz}: {}",
                back.samples.len()
            );
            let start = back
                .samples
                .iter()
                .position(|s| s.unsigned_abs() > 1500)
                .unwrap();
            assert!(start.abs_diff(800) <= 4, "{rate_hz}: {start}");
        }
    }
}
