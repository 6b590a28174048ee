//! WAV files and streams. All audio becomes mono 16-bit samples, which is what a call carries.
//!
//! Read: PCM of 8, 16, 24 and 32 bits and floats of 32 and 64 bits, any number of channels
//! (averaged), also in the extensible form; µ-law and A-law, which telephone recorders write.
//! Written: 16-bit PCM.

mod format;
/// What `fuzz/` runs.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz;
mod stream;

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

pub use self::stream::WavStream;

/// A recording in memory, mono.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Samples per second.
    pub rate_hz: u32,
    /// The samples.
    pub samples: Vec<i16>,
}

/// Reads a file.
///
/// # Errors
/// The file cannot be read, is not a WAV of a kind named above, or is cut short.
pub fn read(path: &Path) -> Result<Recording, WavError> {
    read_up_to(path, MAX_SAMPLES)
}

/// Reads a file of at most `most` samples.
///
/// # Errors
/// As [`read`], and if the file is longer.
pub fn read_up_to(path: &Path, most: usize) -> Result<Recording, WavError> {
    read_samples(std::fs::File::open(path)?, most)
}

/// Most samples of a recording: nine hours at 8 kHz, half a GiB.
const MAX_SAMPLES: usize = 256 << 20;

/// Reads to the end of `source`.
///
/// # Errors
/// As [`read`].
pub fn read_from(source: impl Read) -> Result<Recording, WavError> {
    read_samples(source, MAX_SAMPLES)
}

fn read_samples(mut source: impl Read, most: usize) -> Result<Recording, WavError> {
    let mut stream = WavStream::new();
    let mut samples = Vec::new();
    let mut block = vec![0; 64 * 1024];
    loop {
        match source.read(&mut block) {
            Ok(0) => break,
            Ok(n) => stream.push(block.get(..n).unwrap_or_default(), &mut samples)?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        if samples.len() > most {
            return Err(WavError::TooManySamples(most));
        }
    }
    let rate_hz = stream.finish()?;
    Ok(Recording { rate_hz, samples })
}

/// Writes 16-bit PCM with one or more channels, `interleaved` sample by sample. Only its owner can
/// read a new file.
///
/// # Errors
/// The file cannot be written.
pub fn write(
    path: &Path,
    rate_hz: u32,
    channels: u16,
    interleaved: &[i16],
) -> Result<(), WavError> {
    // Recorded speech is private. An existing file keeps its permissions.
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    write_to(
        std::io::BufWriter::new(file),
        rate_hz,
        channels,
        interleaved,
    )
}

/// A WAV file in memory, mono. Empty if it would be longer than a WAV can be.
#[cfg(feature = "openai")]
pub(crate) fn bytes(rate_hz: u32, samples: &[i16]) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    match write_to(&mut file, rate_hz, 1, samples) {
        Ok(()) => file.into_inner(),
        Err(_) => Vec::new(),
    }
}

fn write_to(
    to: impl std::io::Write + std::io::Seek,
    rate_hz: u32,
    channels: u16,
    interleaved: &[i16],
) -> Result<(), WavError> {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(to, spec).map_err(from_hound)?;
    let mut block =
        writer.get_i16_writer(u32::try_from(interleaved.len()).map_err(|_| WavError::TooLong)?);
    for sample in interleaved {
        block.write_sample(*sample);
    }
    block.flush().map_err(from_hound)?;
    writer.finalize().map_err(from_hound)
}

/// Why bytes are not a usable WAV.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// It does not begin like a WAV.
    #[error("not a WAV file (RIFF/WAVE header expected)")]
    NotWav,
    /// The samples come before their format, or the format is invalid.
    #[error("damaged WAV header: {0}")]
    Header(&'static str),
    /// The samples are not PCM: compressed, or of an unknown width.
    #[error("{0}; convert it, for instance with `sox IN -e signed -b 16 OUT.wav`")]
    NotPcm(String),
    /// A sample rate that is not for speech.
    #[error("{0} Hz is outside 4,000 to 192,000 Hz")]
    Rate(u32),
    /// It ends before the length in its header.
    #[error("cut short: {missing} bytes are missing")]
    CutShort {
        /// How many.
        missing: u64,
    },
    /// It ends before its samples begin.
    #[error("it ends before any samples")]
    NoSamples,
    /// More samples than may be read into memory.
    #[error("it holds more than {0} samples")]
    TooManySamples(usize),
    /// More samples than a WAV can hold.
    #[error("too long for a WAV file (4 GiB)")]
    TooLong,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn from_hound(error: hound::Error) -> WavError {
    match error {
        hound::Error::IoError(error) => WavError::Io(error),
        other => WavError::Io(std::io::Error::other(other)),
    }
}

#[cfg(test)]
mod tests;
