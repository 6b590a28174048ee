use voxtra_core::audio::g711::Law;

use super::WavError;

/// How the samples of a WAV are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) rate_hz: u32,
    channels: u16,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Unsigned8,
    Signed16,
    Signed24,
    Signed32,
    Float32,
    Float64,
    /// The formats that telephone recorders write.
    G711(Law),
}

impl Format {
    /// Parses the body of a `fmt ` chunk (Multimedia Programming Interface and Data Specifications
    /// 1.0; the extensible form is Microsoft's WAVEFORMATEXTENSIBLE).
    pub(super) fn parse(body: &[u8]) -> Result<Self, WavError> {
        let short = |at: usize| -> Result<u16, WavError> {
            let bytes = body.get(at..at + 2).and_then(|b| b.try_into().ok());
            bytes
                .map(u16::from_le_bytes)
                .ok_or(WavError::Header("its fmt chunk is too short"))
        };
        let mut tag = short(0)?;
        let channels = short(2)?;
        let rate_hz = u32::from(short(4)?) | u32::from(short(6)?) << 16;
        let bits = short(14)?;
        if tag == EXTENSIBLE {
            // The first two bytes of the sub-format's GUID are the tag.
            tag = short(24)?;
        }
        let encoding = match (tag, bits) {
            (PCM, 8) => Encoding::Unsigned8,
            (PCM, 16) => Encoding::Signed16,
            (PCM, 24) => Encoding::Signed24,
            (PCM, 32) => Encoding::Signed32,
            (FLOAT, 32) => Encoding::Float32,
            (FLOAT, 64) => Encoding::Float64,
            (A_LAW, 8) => Encoding::G711(Law::A),
            (MU_LAW, 8) => Encoding::G711(Law::Mu),
            (PCM | FLOAT | A_LAW | MU_LAW, bits) => {
                return Err(WavError::NotPcm(format!("its samples have {bits} bits")));
            }
            (tag, _) => {
                return Err(WavError::NotPcm(format!(
                    "its samples are in format 0x{tag:04x}, not PCM"
                )));
            }
        };
        if channels == 0 {
            return Err(WavError::Header("it has no channels"));
        }
        if !(4_000..=192_000).contains(&rate_hz) {
            return Err(WavError::Rate(rate_hz));
        }
        Ok(Self {
            rate_hz,
            channels,
            encoding,
        })
    }

    /// Bytes of one sample of every channel.
    pub(super) fn frame_bytes(self) -> usize {
        usize::from(self.channels) * self.encoding.bytes()
    }

    /// Appends whole frames as mono samples; an incomplete frame at the end is ignored.
    pub(super) fn decode(self, bytes: &[u8], out: &mut Vec<i16>) {
        let channels = i32::from(self.channels);
        out.extend(bytes.chunks_exact(self.frame_bytes()).map(|frame| {
            let sum: i32 = frame
                .chunks_exact(self.encoding.bytes())
                .map(|sample| i32::from(self.encoding.sample(sample)))
                .sum();
            // The mean of 16-bit values is a 16-bit value.
            i16::try_from(sum / channels).unwrap_or_default()
        }));
    }
}

impl Encoding {
    fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 | Self::G711(_) => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// One little-endian sample; wider ones lose their low bits, floats beyond ±1 are clipped.
    fn sample(self, bytes: &[u8]) -> i16 {
        match (self, bytes) {
            (Self::Unsigned8, [a]) => (i16::from(*a) - 128) << 8,
            (Self::G711(law), [byte]) => law.decode(*byte),
            (Self::Signed16, [a, b])
            | (Self::Signed24, [_, a, b])
            | (Self::Signed32, [_, _, a, b]) => i16::from_le_bytes([*a, *b]),
            (Self::Float32, [a, b, c, d]) => {
                from_float(f64::from(f32::from_le_bytes([*a, *b, *c, *d])))
            }
            (Self::Float64, bytes) => bytes
                .try_into()
                .map_or(0, |bytes| from_float(f64::from_le_bytes(bytes))),
            _ => 0,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` from float saturates, and makes NaN 0: both are wanted"
)]
fn from_float(sample: f64) -> i16 {
    (sample * 32_767.0).round() as i16
}

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;
