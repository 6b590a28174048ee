//! Which file, and who answers for it.

use std::path::PathBuf;

use voxtra_rt::webhook::control::{Control, ControlError};

use crate::Failure;
use crate::check;

/// The store that a subcommand works on.
#[derive(Debug, clap::Args)]
pub(super) struct StoreArgs {
    /// The configuration, whose `webhooks.path` is the store
    #[arg(short, long, value_name = "FILE", default_value = "voxtra.toml")]
    config: PathBuf,
    /// The store itself: of a program of your own, or without its configuration
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

impl StoreArgs {
    /// Asks the service that has the store, or opens the file.
    pub(super) async fn open(&self) -> Result<Control, Failure> {
        Control::open(self.path()?).await.map_err(failed)
    }

    fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(store) = &self.store {
            return Ok(store.clone());
        }
        let config = check::read(&self.config)
            .map_err(|failure| failure.advise("`--store PATH` needs no configuration"))?;
        let store = config.webhook_store;
        if !store.durable {
            let says = "webhook events are in memory, where nobody else sees them";
            return Err(
                Failure::usage(says).advise("`durable = true` in [webhooks] keeps them in a file")
            );
        }
        store.file().ok_or_else(|| {
            Failure::usage("no folder for the program's state is known (STATE_DIRECTORY, XDG_STATE_HOME, HOME)")
                .advise("set `path` in [webhooks], or name the file by --store")
        })
    }
}

/// What the user can do about it.
pub(super) fn failed(error: ControlError) -> Failure {
    let advice = match &error {
        ControlError::NoStore { .. } => {
            "the first start of a service with a [[webhook]] makes it; another program's is named by --store"
        }
        ControlError::NotRunning { .. } => "`voxtra serve` delivers what waits",
        ControlError::Socket { .. } => "the service makes a new one when it starts",
        _ => return Failure::failed(error),
    };
    Failure::failed(error).advise(advice)
}
