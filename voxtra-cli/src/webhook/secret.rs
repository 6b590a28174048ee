//! Where a secret comes from: never from the command line, which everybody on the machine can read.

use std::path::PathBuf;

use crate::Failure;

/// The secret that signs.
#[derive(Debug, clap::Args)]
pub(super) struct SecretArgs {
    /// A file with the secret, such as `whsec_…`; a public key (`whpk_…`) is enough to check
    #[arg(long, value_name = "FILE", conflicts_with = "secret_env")]
    secret_file: Option<PathBuf>,
    /// The environment variable with the secret; without either option it is WEBHOOK_SECRET, if
    /// that is set
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
}

/// The variable that is looked at unasked.
const STANDARD: &str = "WEBHOOK_SECRET";

/// Most bytes of a file: a device or the wrong file is not read without end.
const MOST: u64 = 64 << 10;

impl SecretArgs {
    /// The secret, if there is one.
    pub(super) fn read(&self) -> Result<Option<String>, Failure> {
        let secret = match (&self.secret_file, &self.secret_env) {
            (Some(path), _) => {
                let read = super::verify::read_file(path, MOST)?;
                let text = String::from_utf8(read)
                    .map_err(|_| Failure::usage(format_args!("{} is not text", path.display())))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, Some(name)) => Some(std::env::var(name).map_err(|_| {
                Failure::usage(format_args!("the environment variable {name} is not set"))
            })?),
            (None, None) => std::env::var(STANDARD).ok(),
        };
        match secret {
            Some(secret) if secret.is_empty() => Err(Failure::usage("the secret is empty")),
            secret => Ok(secret),
        }
    }
}
