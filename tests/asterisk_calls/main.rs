//! Real calls through real applications, against a real Asterisk. `tests/asterisk/README.md` tells
//! how to run them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../asterisk/mod.rs"]
mod asterisk;

mod awkward;
mod barge_in;
mod conversation;
mod cut;
mod declared;
mod dtmf;
mod hangup;
mod inbound;
mod outbound;
mod replaced;
mod sound;
mod start;
mod transfer;
mod webhooks;
