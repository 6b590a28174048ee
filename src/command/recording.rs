//! WAV files in and out.

use std::io::{self, Cursor, Read};
use std::path::Path;

use voxtra_core::audio::Resampler;

use super::Failure;

/// One channel of 16-bit samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recording {
    /// Samples per second.
    pub(crate) rate_hz: u32,
    /// The samples.
    pub(crate) samples: Vec<i16>,
}

impl Recording {
    /// Reads a WAV file of any PCM format; several channels are mixed into one.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let refuse = |why: String| {
            Failure::usage(format_args!("can't read {}: {why}", path.display()))
                .advise("a WAV file with PCM samples is needed; `sox IN OUT.wav` or `ffmpeg -i IN OUT.wav` makes one")
        };
        let file = std::fs::File::open(path).map_err(|error| {
            Failure::usage(format_args!("can't open {}: {error}", path.display()))
                .advise("check the path")
        })?;
        let recording =
            Self::parse(io::BufReader::new(file)).map_err(|error| refuse(error.to_string()))?;
        if recording.samples.is_empty() {
            return Err(refuse("there is no audio in it".into()));
        }
        Ok(recording)
    }

    /// Reads the WAV file in these bytes.
    pub(crate) fn parse(source: impl Read) -> Result<Self, hound::Error> {
        let mut reader = hound::WavReader::new(source)?;
        let spec = reader.spec();
        let channels = usize::from(spec.channels.max(1));
        let all: Vec<f32> = match spec.sample_format {
            hound::SampleFormat::Float => reader
                .samples::<f32>()
                .map(|s| Ok(s? * 32768.0))
                .collect::<Result<_, hound::Error>>()?,
            hound::SampleFormat::Int => {
                let scale = 2f32.powi(16 - i32::from(spec.bits_per_sample));
                reader
                    .samples::<i32>()
                    .map(|s| Ok(s? as f32 * scale))
                    .collect::<Result<_, hound::Error>>()?
            }
        };
        // The cast saturates, and makes 0 of NaN.
        let samples = all
            .chunks(channels)
            .map(|c| (c.iter().sum::<f32>() / c.len() as f32).round() as i16)
            .collect();
        Ok(Self {
            rate_hz: spec.sample_rate,
            samples,
        })
    }

    /// The same at another rate.
    pub(crate) fn at_rate(self, rate_hz: u32) -> Result<Self, Failure> {
        if self.rate_hz == rate_hz {
            return Ok(self);
        }
        let mut resampler = Resampler::new(self.rate_hz, rate_hz).map_err(|error| {
            Failure::usage(format_args!(
                "can't bring {} Hz to {rate_hz} Hz: {error}",
                self.rate_hz
            ))
        })?;
        // Its delay is taken off the front, and the end pushed out with silence, so that times stay what they were.
        let silence = vec![0; resampler.delay_samples()];
        let late = resampler.output_len(silence.len());
        let length = resampler.output_len(self.samples.len());
        let mut samples = Vec::with_capacity(length + late + 1);
        let mut out = [0; 1024];
        for mut input in [self.samples.as_slice(), &silence] {
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
        Ok(Self { rate_hz, samples })
    }
}

/// Writes a 16-bit WAV file; the shorter channels are filled with silence.
pub(crate) fn write(path: &Path, rate_hz: u32, channels: &[&[i16]]) -> Result<(), Failure> {
    let bytes = wav(rate_hz, channels).map_err(Failure::failed)?;
    std::fs::write(path, bytes)
        .map_err(|error| Failure::failed(format_args!("can't write {}: {error}", path.display())))
}

/// A 16-bit WAV file in memory.
pub(crate) fn wav(rate_hz: u32, channels: &[&[i16]]) -> Result<Vec<u8>, hound::Error> {
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
        let bytes = wav(8000, &[&[100, -3, 7], &[300, -5]]).unwrap();
        let back = Recording::parse(bytes.as_slice()).unwrap();
        assert_eq!(
            back,
            Recording {
                rate_hz: 8000,
                samples: vec![200, -4, 4]
            }
        );
    }

    #[test]
    fn other_sample_formats_become_16_bit() {
        for (bits, format, value, expected) in [
            (8, hound::SampleFormat::Int, 64, 16384),
            (24, hound::SampleFormat::Int, -(1 << 22), -16384),
        ] {
            let mut bytes = Cursor::new(Vec::new());
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 8000,
                bits_per_sample: bits,
                sample_format: format,
            };
            let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
            writer.write_sample(value).unwrap();
            writer.finalize().unwrap();
            assert_eq!(
                Recording::parse(bytes.into_inner().as_slice())
                    .unwrap()
                    .samples,
                [expected]
            );
        }
    }

    #[test]
    fn resampling_keeps_the_times() {
        // 100 ms of silence, then a tone.
        for rate_hz in [8_000_u32, 16_000, 22_050, 48_000] {
            let tone = |n: u32| (f64::from(n) * 700.0 * 6.283 / f64::from(rate_hz)).sin() * 8000.0;
            let samples = (0..rate_hz)
                .map(|n| if n < rate_hz / 10 { 0 } else { tone(n) as i16 })
                .collect();
            let back = Recording { rate_hz, samples }.at_rate(8000).unwrap();
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

    #[test]
    fn what_is_no_wav_file_is_refused() {
        assert!(Recording::parse(&b"RIFFnonsense"[..]).is_err());
        assert!(Recording::parse(&b""[..]).is_err());
    }
}
