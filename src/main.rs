//! The `voxtra` command.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod command;

use std::process::ExitCode;

use voxtra::allocations::Counting;

// So that "no allocation per frame" is a figure of every run and not a promise.
#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    command::run()
}
