//! The `voxtra` command.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
