//! What a session promises to whoever handles its call, without Asterisk: the caller is played over
//! loopback TCP.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod events;
mod harness;
mod hearing;
mod life;
#[path = "../peer/mod.rs"]
mod peer;
mod speaking;
