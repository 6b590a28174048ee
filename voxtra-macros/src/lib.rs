//! The `voxtra!` macro: typed events, their wire names and JSON, and sessions that handle them.
//!
//! The work is done in three stages, one folder each: `parse` turns tokens into declarations,
//! `check` turns declarations into a model in which everything is known to be right, and `generate`
//! writes Rust from the model. Mistakes are gathered on the way and reported together; whatever was
//! right is still generated, so that one typo is one error.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
mod errors;
mod expand;
#[cfg(test)]
mod fuzz;
mod generate;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod mutations;
mod parse;
mod roots;

use crate::{expand::expand, roots::Roots};

/// Declares events and sessions.
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
/// Events need only `voxtra-core`, and no heap unless their own fields do.
///
/// # Sessions
///
/// ```text
/// voxtra! {
///     session Support {
///         route extension "1000", number "+265*";
///         state { attempts: u8 = 0 }
///
///         on call.started                           { call.answer().await?; call.say("Welcome.").await?; }
///         on dtmf.received(e) if e.digit == '0'     { call.transfer("PJSIP/200").await?; }
///         on dtmf.received if state.attempts >= 3   { call.hangup().await?; }
///         on dtmf.received                          { state.attempts += 1; }
///         on payment.confirmed(e)                   { tracing::info!(e.amount_cents); }
///     }
/// }
/// ```
///
/// A session becomes a struct that implements `Session`; an application that is given it makes one
/// for each call on its routes. Sessions need `voxtra` or `voxtra-rt`.
///
/// - **Routes** are `extension "1000"` (the whole extension), `number "+265999000001"`,
///   `prefix "+265"` (or `number "+265*"`), and `default` for calls that no other route matches.
///   `{ key: "value" }` behind one is known about its calls.
/// - **State** lives as long as the call. Each field has its first value behind `=`, which may use
///   `call`.
/// - A **handler** is async. In it and in its guard, `call` is the call, `state` the state, and the
///   name in parentheses is a reference to the event; `field: pattern` there looks into it. `?`
///   takes any error. A handler may end in `Ok(())`, but needn't.
/// - **Several handlers of one event** are tried in their order, and the first whose patterns and
///   `if` hold runs.
/// - **Steps, timers, interrupts, `catch` and `hangup`** are in the reference, `docs/language.md`.
/// - **Events** are the built-in ones, those declared in the same `voxtra!`, and those of another
///   one whose structs are imported in this one: `use crate::events::PaymentConfirmed;` above
///   `session` is what `on payment.confirmed` needs.
#[proc_macro]
pub fn voxtra(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(input.into(), &Roots::find()).into()
}
