//! Errors of received frames and of frames to send.

use core::fmt;

use super::MAX_PAYLOAD_LEN;

/// How a frame broke the protocol. The frame is skipped; the stream goes on after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// A hang-up frame with a payload.
    HangupPayload {
        /// Its bytes.
        len: usize,
    },
    /// An id that is not 16 bytes.
    IdLength {
        /// Its bytes.
        len: usize,
    },
    /// A DTMF frame that is not one byte.
    DtmfLength {
        /// Its bytes.
        len: usize,
    },
    /// A DTMF frame whose byte is not a digit.
    DtmfDigit(u8),
    /// An audio frame without audio.
    EmptyAudio,
    /// An error frame of more than one byte.
    ErrorLength {
        /// Its bytes.
        len: usize,
    },
    /// A payload, not of audio, that is longer than the decoder's memory.
    TooLong {
        /// The kind byte.
        kind: u8,
        /// The payload's bytes.
        len: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HangupPayload { len } => {
                write!(
                    f,
                    "a hang-up frame has a payload of {len} bytes, it must have none"
                )
            }
            Self::IdLength { len } => write!(f, "an id has {len} bytes, it must have 16"),
            Self::DtmfLength { len } => write!(f, "a DTMF frame has {len} bytes, it must have 1"),
            Self::DtmfDigit(byte) => write!(f, "{byte:#04x} is not a DTMF digit"),
            Self::EmptyAudio => f.write_str("an audio frame has no audio"),
            Self::ErrorLength { len } => {
                write!(f, "an error frame has {len} bytes, it must have 0 or 1")
            }
            Self::TooLong { kind, len } => {
                write!(
                    f,
                    "a frame of kind {kind:#04x} has {len} bytes, there is room for fewer"
                )
            }
        }
    }
}

impl core::error::Error for DecodeError {}

/// Why a frame cannot be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EncodeError {
    /// The buffer is too small; nothing was written.
    OutputTooSmall {
        /// The bytes it takes.
        needed: usize,
    },
    /// The payload is longer than the 65,535 bytes that a length can announce. Send several frames.
    PayloadTooLong {
        /// Its bytes.
        len: usize,
    },
    /// Audio without a sample: Asterisk ends the call when it reads one.
    EmptyAudio,
    /// Not a DTMF digit.
    DtmfDigit(u8),
    /// [`Frame::Unknown`](super::Frame::Unknown) with a kind that has a variant of its own.
    KnownKind(u8),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutputTooSmall { needed } => {
                write!(f, "the frame takes {needed} bytes, the buffer has fewer")
            }
            Self::PayloadTooLong { len } => write!(
                f,
                "a payload of {len} bytes is longer than a frame's {MAX_PAYLOAD_LEN}; split it"
            ),
            Self::EmptyAudio => f.write_str("an audio frame needs at least one sample"),
            Self::DtmfDigit(byte) => write!(f, "{byte:#04x} is not a DTMF digit"),
            Self::KnownKind(kind) => write!(f, "kind {kind:#04x} is a known one, use its variant"),
        }
    }
}

impl core::error::Error for EncodeError {}
