//! Frames, and their kinds and payloads.

use core::fmt;

use crate::audio::Audio;

/// One AudioSocket frame. Payloads of any length are borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// Hang up. Asterisk ends the call when it reads one; it never sends one itself.
    Hangup,
    /// The id of the connection, a UUID in network order. Always Asterisk's first frame.
    Id([u8; 16]),
    /// The caller pressed a key: ASCII `0-9`, `A-D`, `*` or `#`.
    Dtmf(u8),
    /// Audio, usually 20 ms of it.
    Audio(Audio<'a>),
    /// Asterisk reports an error on its side.
    Error(PeerError),
    /// A kind this version does not know.
    Unknown {
        /// The kind byte.
        kind: u8,
        /// Its payload.
        payload: &'a [u8],
    },
}

/// The frame on one short line; of a payload only its length.
impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hangup => f.write_str("a hang-up frame"),
            Self::Id(_) => f.write_str("an id"),
            Self::Dtmf(digit) if is_dtmf_digit(*digit) => {
                write!(f, "the key {}", char::from(*digit))
            }
            Self::Dtmf(byte) => write!(f, "the key {byte:#04x}, which is none"),
            Self::Audio(audio) => write!(
                f,
                "{} bytes of audio at {} Hz",
                audio.payload.len(),
                audio.rate.hz()
            ),
            Self::Error(error) => write!(f, "an error frame ({error})"),
            Self::Unknown { kind, payload } => {
                write!(f, "{} bytes of the unknown kind {kind:#04x}", payload.len())
            }
        }
    }
}

/// An error that Asterisk reports (`enum ast_audiosocket_error`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeerError {
    /// No code was sent.
    Unspecified,
    /// 0x01: the calling party hung up.
    Hangup,
    /// 0x02: a frame could not be forwarded.
    FrameForwarding,
    /// 0x04: out of memory.
    Memory,
    /// A code this version does not know.
    Other(u8),
}

impl PeerError {
    /// What the code byte means.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0x01 => Self::Hangup,
            0x02 => Self::FrameForwarding,
            0x04 => Self::Memory,
            other => Self::Other(other),
        }
    }

    /// The code byte, if there is one.
    pub const fn code(self) -> Option<u8> {
        match self {
            Self::Unspecified => None,
            Self::Hangup => Some(0x01),
            Self::FrameForwarding => Some(0x02),
            Self::Memory => Some(0x04),
            Self::Other(code) => Some(code),
        }
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unspecified => f.write_str("Asterisk reported an error without a code"),
            Self::Hangup => f.write_str("Asterisk reported that the caller hung up"),
            Self::FrameForwarding => f.write_str("Asterisk could not forward a frame"),
            Self::Memory => f.write_str("Asterisk is out of memory"),
            Self::Other(code) => write!(f, "Asterisk reported error {code:#04x}"),
        }
    }
}

/// Whether `byte` is a DTMF digit in ASCII: `0-9`, `A-D`, `*` or `#`.
pub const fn is_dtmf_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#')
}

/// The kind bytes.
pub mod kind {
    use crate::audio::SampleRate;

    /// Hang up.
    pub const HANGUP: u8 = 0x00;
    /// The connection's id.
    pub const ID: u8 = 0x01;
    /// A DTMF digit.
    pub const DTMF: u8 = 0x03;
    /// Audio at 8 kHz; the other rates follow in order, up to 0x18 for 192 kHz.
    pub const AUDIO: u8 = 0x10;
    /// An error.
    pub const ERROR: u8 = 0xff;

    /// The kind of audio at `rate`.
    pub const fn of_audio(rate: SampleRate) -> u8 {
        AUDIO + rate as u8
    }

    /// The rate of audio of this kind; `None` if it is not audio.
    pub const fn audio_rate(kind: u8) -> Option<SampleRate> {
        Some(match kind {
            0x10 => SampleRate::Hz8000,
            0x11 => SampleRate::Hz12000,
            0x12 => SampleRate::Hz16000,
            0x13 => SampleRate::Hz24000,
            0x14 => SampleRate::Hz32000,
            0x15 => SampleRate::Hz44100,
            0x16 => SampleRate::Hz48000,
            0x17 => SampleRate::Hz96000,
            0x18 => SampleRate::Hz192000,
            _ => return None,
        })
    }

    /// Whether this version knows the kind.
    pub const fn is_known(kind: u8) -> bool {
        matches!(kind, HANGUP | ID | DTMF | ERROR) || audio_rate(kind).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SampleRate;

    #[test]
    fn kinds_and_rates_are_one_to_one() {
        for rate in SampleRate::ALL {
            assert_eq!(kind::audio_rate(kind::of_audio(rate)), Some(rate));
        }
        let audio = (0..=u8::MAX).filter(|&k| kind::audio_rate(k).is_some());
        assert_eq!(audio.count(), 9);
        assert_eq!((0..=u8::MAX).filter(|&k| kind::is_known(k)).count(), 13);
    }

    #[test]
    fn peer_errors_keep_their_codes() {
        for code in 0..=u8::MAX {
            assert_eq!(PeerError::from_code(code).code(), Some(code));
        }
        assert_eq!(PeerError::Unspecified.code(), None);
    }
}
