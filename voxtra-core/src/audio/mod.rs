//! Samples: rates and frames, G.711, levels, gain and fades, resampling.
//!
//! Everywhere in Voxtra audio is mono, signed 16-bit, and handled in frames of 20 ms.

pub mod framer;
pub mod g711;
pub mod gain;
pub mod level;
pub mod rate;
pub mod received;
pub mod resample;

pub use framer::Framer;
pub use g711::Law;
pub use gain::{Fade, Gain};
pub use level::Level;
pub use rate::{FRAME, MAX_FRAME_BYTES, MAX_FRAME_SAMPLES, SampleRate};
pub use received::Audio;
pub(crate) use resample::HISTORY as FILTER_SAMPLES;
pub use resample::{ResampleError, Resampler};
