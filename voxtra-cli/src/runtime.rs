//! The async runtime of the subcommands that need one.

use tokio::runtime::{Builder, Runtime};

use super::Failure;

/// A runtime with every driver.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format_args!("can't start: {error}")))
}
