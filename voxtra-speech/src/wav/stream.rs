use super::WavError;
use super::format::Format;

/// Decodes a WAV as it arrives, cut anywhere.
///
/// Programs that write WAV into a pipe cannot know its length, and write 0 or a very large number;
/// the samples then go on to the end of the stream.
///
/// ```no_run
/// use std::io::Read as _;
/// use voxtra_speech::wav::WavStream;
///
/// let (mut stream, mut samples) = (WavStream::new(), Vec::new());
/// let mut block = [0; 4096];
/// loop {
///     match std::io::stdin().read(&mut block)? {
///         0 => break,
///         n => stream.push(&block[..n], &mut samples)?,
///     }
/// }
/// println!("{} samples at {} Hz", samples.len(), stream.finish()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WavStream {
    part: Part,
    /// The beginning of a header or frame that is not complete yet.
    held: Vec<u8>,
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// `RIFF`, size, `WAVE`.
    Riff,
    /// Name and size of a chunk.
    Chunk,
    /// The body of `fmt `, then `skip` bytes to skip.
    Format { length: usize, skip: u64 },
    /// An ignored chunk.
    Skip(u64),
    /// Samples, and how many bytes are left if known.
    Data(Option<u64>),
    /// After the samples.
    End,
}

impl WavStream {
    /// A stream at its beginning.
    #[must_use]
    pub fn new() -> Self {
        Self {
            part: Part::Riff,
            held: Vec::new(),
            format: None,
        }
    }

    /// Samples per second, once the header was read that far.
    #[must_use]
    pub fn rate_hz(&self) -> Option<u32> {
        match self.part {
            Part::Data(_) | Part::End => self.format.map(|format| format.rate_hz),
            _ => None,
        }
    }

    /// Takes the next bytes and appends the samples that they complete.
    ///
    /// # Errors
    /// It is not a WAV, or not of a readable kind; the stream is then of no further use.
    pub fn push(&mut self, mut bytes: &[u8], samples: &mut Vec<i16>) -> Result<(), WavError> {
        while !bytes.is_empty() {
            match self.part {
                Part::Riff => {
                    // A stream that begins otherwise is refused at once, not after twelve bytes
                    // that may never come.
                    let known = b"RIFF";
                    let seen = self.held.iter().chain(bytes).zip(known);
                    if !seen.into_iter().all(|(byte, known)| byte == known) {
                        return Err(WavError::NotWav);
                    }
                    if !self.hold(&mut bytes, 12) {
                        break;
                    }
                    if self.held.get(8..12) != Some(b"WAVE") {
                        return Err(WavError::NotWav);
                    }
                    self.part = Part::Chunk;
                    self.held.clear();
                }
                Part::Chunk => {
                    if !self.hold(&mut bytes, 8) {
                        break;
                    }
                    self.part = self.begin_chunk()?;
                    self.held.clear();
                }
                Part::Format { length, skip } => {
                    if !self.hold(&mut bytes, length) {
                        break;
                    }
                    self.format = Some(Format::parse(&self.held)?);
                    self.part = Part::Skip(skip);
                    self.held.clear();
                }
                Part::Skip(0) => self.part = Part::Chunk,
                Part::Skip(left) => {
                    let n = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(n..).unwrap_or_default();
                    self.part = Part::Skip(left - n as u64);
                }
                Part::Data(left) => bytes = self.take_samples(bytes, left, samples)?,
                Part::End => break,
            }
        }
        Ok(())
    }

    /// The stream has ended; returns the samples per second.
    ///
    /// # Errors
    /// It ended inside its header, or before the number of samples in its header.
    pub fn finish(self) -> Result<u32, WavError> {
        match (self.part, self.format) {
            (Part::Data(Some(missing)), Some(_)) if missing > 0 => {
                Err(WavError::CutShort { missing })
            }
            (Part::Data(_) | Part::End, Some(format)) => Ok(format.rate_hz),
            (Part::Riff, _) if !self.held.is_empty() => Err(WavError::NotWav),
            _ => Err(WavError::NoSamples),
        }
    }

    /// Fills `held` up to `length` bytes; true when it is full.
    fn hold(&mut self, bytes: &mut &[u8], length: usize) -> bool {
        let n = length.saturating_sub(self.held.len()).min(bytes.len());
        let (head, tail) = bytes.split_at(n);
        self.held.extend_from_slice(head);
        *bytes = tail;
        self.held.len() >= length
    }

    /// The part after a chunk's header, which is in `held`.
    fn begin_chunk(&self) -> Result<Part, WavError> {
        let (Some(name), Some(size)) = (self.held.get(..4), self.held.get(4..8)) else {
            return Err(WavError::Header("a chunk has no name"));
        };
        let size = size.try_into().map(u32::from_le_bytes).unwrap_or_default();
        // Chunks begin at even offsets.
        let padded = u64::from(size) + u64::from(size & 1);
        match name {
            b"fmt " => {
                let length = usize::try_from(size)
                    .unwrap_or(usize::MAX)
                    .min(LONGEST_FORMAT);
                Ok(Part::Format {
                    length,
                    skip: padded.saturating_sub(length as u64),
                })
            }
            b"data" if self.format.is_none() => {
                Err(WavError::Header("its samples come before their format"))
            }
            b"data" if size == 0 || size >= UNKNOWN_LENGTH => Ok(Part::Data(None)),
            b"data" => Ok(Part::Data(Some(u64::from(size)))),
            _ => Ok(Part::Skip(padded)),
        }
    }

    /// Decodes whole frames and returns the bytes beyond the samples.
    fn take_samples<'b>(
        &mut self,
        bytes: &'b [u8],
        left: Option<u64>,
        samples: &mut Vec<i16>,
    ) -> Result<&'b [u8], WavError> {
        let Some(format) = self.format else {
            return Err(WavError::Header("its samples come before their format"));
        };
        let most = left.map_or(bytes.len(), |left| {
            usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len())
        });
        let (mut data, beyond) = bytes.split_at(most);
        self.part = match left.map(|left| left - most as u64) {
            Some(0) => Part::End,
            left => Part::Data(left),
        };
        if !self.held.is_empty() {
            if !self.hold(&mut data, format.frame_bytes()) {
                return Ok(beyond);
            }
            format.decode(&self.held, samples);
            self.held.clear();
        }
        let whole = data.len() - data.len() % format.frame_bytes();
        let (frames, rest) = data.split_at(whole);
        format.decode(frames, samples);
        self.held.extend_from_slice(rest);
        Ok(beyond)
    }
}

impl Default for WavStream {
    fn default() -> Self {
        Self::new()
    }
}

/// The extensible form has 40 bytes; anything beyond them is ignored.
const LONGEST_FORMAT: usize = 40;

/// Sizes from this one up mean "unknown": espeak-ng writes 0x7ffff000, others 0x7fffffff or
/// 0xffffffff.
const UNKNOWN_LENGTH: u32 = 0x7fff_0000;
