//! A whole call in virtual time, both ends in memory: a simulated Asterisk with a scripted caller
//! on one side, a leg and an agent on the other, and a seeded fault injector between them.
//!
//! The outcomes over a grid of faults are snapshots that are reviewed as code; what no fault may
//! ever break is asserted for each call.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod agent;
mod any;
mod asterisk;
mod call;
mod caller;
mod chance;
mod faults;
mod grid;
mod outcome;
mod port;
mod promises;
