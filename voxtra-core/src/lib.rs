//! The `no_std` core of Voxtra: everything between the bytes of a telephone call and its events.
//!
//! It has no I/O, no clock, no allocator and no `unsafe`. Each part is a state machine that is
//! given bytes, samples and times and hands back frames, samples and events, so a whole call can
//! run in a test in virtual time, on a media thread, or on a device without an operating system:
//!
//! - [`audiosocket`]: Asterisk's AudioSocket frames, in and out.
//! - [`audio`]: 20 ms frames, sample rates, G.711, levels, gain and fades, resampling.
//! - [`playout`]: the agent's audio, one frame per 20 ms, held back or cut when it is interrupted.
//! - [`echo`]: how much of what is heard is the agent's own voice coming back.
//! - [`background`]: whose voice is the caller's, and whose is behind it.
//! - [`dtmf`]: digits that come as tones in the audio.
//! - [`vad`]: how likely it is that a frame holds speech.
//! - [`turn`]: when the caller started and stopped speaking, barged in, ended a turn; when there is
//!   silence.
//! - [`leg`]: all of the above for one call, as one state machine.
//! - [`event`]: what happened in the call, as typed events; [`bus`]: how they leave the media
//!   thread.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(any(fuzzing, test))]
extern crate std;

pub mod audio;
pub mod audiosocket;
pub mod background;
pub mod bus;
pub mod dtmf;
pub mod echo;
pub mod event;
pub mod leg;
pub mod playout;
pub mod time;
pub mod turn;
pub mod vad;

/// What `fuzz/` runs. The bodies live beside the code they exercise.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzz {
    pub use crate::audiosocket::fuzz::decode;
    pub use crate::leg::fuzz::{Session, session};
}

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

/// Declares events.
///
/// Sessions, which handle events, are declared by the macro of the same name in `voxtra` and in
/// `voxtra-rt`.
///
/// # Events
///
/// ```
/// use voxtra_core::{event::Text, voxtra};
///
/// voxtra! {
///     events {
///         /// The caller confirmed a payment.
///         payment.confirmed {
///             /// In hundredths.
///             amount_cents: u64,
///             reference: Text<24>,
///             by: card | bank_transfer,
///         }
///
///         /// The caller is holding a key down.
///         @realtime
///         key.held { digit: char, since_ms: u64 }
///     }
/// }
///
/// let event = PaymentConfirmed {
///     amount_cents: 1_250,
///     reference: Text::try_from("MP-4711")?,
///     by: PaymentConfirmedBy::Card,
/// };
/// assert_eq!(
///     event.to_string(),
///     r#"payment.confirmed amount_cents=1250 reference="MP-4711" by=card"#
/// );
/// # Ok::<(), voxtra_core::event::TextTooLong>(())
/// ```
///
/// An event is named by its **wire name**: words of lower-case letters, digits and `_`, separated
/// by dots. It becomes a struct of the same name in Rust's spelling, with public fields, `Clone`,
/// `Debug`, `PartialEq`, serde's `Serialize` and `Deserialize`, `EventType` (what it says about
/// itself) and `Display` (its line in a log). In JSON its fields stand in the order of their
/// declaration; fields that it doesn't know are ignored when it is read.
///
/// - A **field** has any type that is
///   `Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync`. `Duration` is whole
///   milliseconds in JSON. `name: this | that` declares an enum on the spot: `PaymentConfirmedBy`
///   above.
/// - `= value` behind the type is what the field is where it is **missing**: in JSON that is read,
///   and in `new`, which takes the other fields (`Default` if there are none). An `Option` without
///   one is `None`.
/// - `events Name { … }` gives the events a place in **one enum**, `Name`, an `EventSet`.
/// - An event without fields is written `key.released;` or `key.released {}`. It implements
///   `Default`.
/// - A **`@realtime`** event is `Copy` and of fixed size, so that it can be made on the media path.
///   Its fields are integers, floats, `bool`, `char`, `Text<N>`, `Duration`, enums declared on the
///   spot, or an `Option` of one of these.
///
/// Events need no heap unless their own fields do.
#[macro_export]
macro_rules! voxtra {
    ($($declarations:tt)*) => {
        $crate::__private::voxtra! { ($crate) $($declarations)* }
    };
}
