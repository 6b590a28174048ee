//! What happens during a call, as typed events.
//!
//! Every event is declared once, in [`voxtra!`](crate::voxtra); its struct, its wire name, its JSON
//! and its line in the log are made from that. The built-in ones are declared in `catalogue.rs`;
//! users declare their own in the same way.
//!
//! Those born on the media path are [`Realtime`]: of fixed size and `Copy`, they cross threads in a
//! [`Record`]. All of them, wherever they come from, are [`BuiltIn`].

mod catalogue;
mod end_reason;
mod kind;
mod record;
mod schema;
mod text;
#[cfg(feature = "alloc")]
mod tool_call;
mod traits;
#[cfg(feature = "alloc")]
mod transcript;
#[cfg(feature = "alloc")]
mod usage;

pub use self::{
    catalogue::*,
    end_reason::EndReason,
    record::{Fault, Record, RecordBody},
    schema::{Described, Schema},
    text::{Text, TextTooLong},
    traits::{EventInfo, EventSet, EventType, FieldDefault, FieldInfo, tag_of},
};
#[cfg(feature = "alloc")]
pub use self::{
    tool_call::ToolCall,
    transcript::{TranscriptEntry, TranscriptKind},
    usage::{Cost, ProviderUsage, UsageRole},
};
