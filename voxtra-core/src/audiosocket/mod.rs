//! AudioSocket, Asterisk's audio over TCP: the decoder and the encoder.
//!
//! A frame is one byte of kind, two bytes of length (big-endian) and that many bytes of payload.
//! Asterisk connects, sends the connection's id, then audio in both directions until either side
//! hangs up. The format is that of Asterisk's `res_audiosocket`. What Asterisk tolerates and what
//! makes it end a call was measured on Asterisk 22.

mod decode;
mod encode;
mod error;
mod frame;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;

pub use crate::audio::Audio;
pub use decode::Decoder;
pub use encode::{encode, encode_audio, encoded_len};
pub use error::{DecodeError, EncodeError};
pub use frame::{Frame, PeerError, is_dtmf_digit, kind};

/// Bytes before every payload: the kind and the length.
pub const HEADER_LEN: usize = 3;
/// The longest payload that the 16-bit length can announce, in bytes.
pub const MAX_PAYLOAD_LEN: usize = 65_535;
