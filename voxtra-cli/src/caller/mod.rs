//! A caller stand-in: behaves like Asterisk towards any AudioSocket server, and like a person
//! towards whoever speaks at the other end.
//!
//! - [`speech`] decides from what is heard whether the agent speaks,
//! - [`script`] decides what to do next,
//! - [`test_call`] is the connection: a frame every 20 ms out, everything that comes in,
//! - [`tape`] is what was said and heard, laid out on one time axis.

pub(crate) mod script;
pub(crate) mod speech;
pub(crate) mod tape;
pub(crate) mod test_call;

pub(crate) use script::{Cue, Script, Step};
pub(crate) use tape::{Ending, Tape};
pub(crate) use test_call::{CallError, Progress, TestCall};
