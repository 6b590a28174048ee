//! Wyoming, the protocol of faster-whisper, piper and others for Home Assistant:
//! <https://github.com/OHF-Voice/wyoming>.

mod transcriber;
mod voice;
mod wire;

pub use self::transcriber::Transcriber;
pub use self::voice::Voice;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/wyoming.md")]
struct Page;
