//! Wyoming, the protocol of faster-whisper, piper and others for Home Assistant:
//! <https://github.com/OHF-Voice/wyoming>.

mod voice;
#[allow(dead_code, reason = "the voice uses a part of it")]
mod wire;

pub use self::voice::Voice;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/wyoming.md")]
struct Page;
