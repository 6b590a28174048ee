//! Where webhook events stay until they are delivered.

use std::path::{Path, PathBuf};

use super::{Sender, StoredLimits, WebhookError, WebhookSettings, Webhooks};
#[cfg(feature = "durable")]
use voxtra_webhook::OutboxError;

/// Where webhook events stay until they are delivered: `[webhooks]` of the configuration.
///
/// ```
/// use voxtra_rt::webhook::WebhookStore;
///
/// let mut store = WebhookStore::durable();
/// store.path = Some("/var/lib/reception/webhooks.redb".into());
/// store.limits.bytes = 256 << 20;
/// assert_ne!(store, WebhookStore::memory());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookStore {
    /// Whether events are in a file, and survive the process. Needs the feature `durable`.
    pub durable: bool,
    /// The file. Default: `webhooks.redb` in the folder for the program's state:
    /// `$STATE_DIRECTORY` (systemd), `$XDG_STATE_HOME/voxtra/PROGRAM`, or
    /// `~/.local/state/voxtra/PROGRAM`. A second process takes `webhooks-2.redb`, and so on.
    pub path: Option<PathBuf>,
    /// How much is kept, and for how long.
    pub limits: StoredLimits,
}

impl WebhookStore {
    /// In memory: events that are not delivered when the process ends are lost.
    #[must_use]
    pub fn memory() -> Self {
        Self {
            durable: false,
            path: None,
            limits: StoredLimits::default(),
        }
    }

    /// In a file. Without the feature `durable` it is in memory.
    #[must_use]
    pub fn durable() -> Self {
        Self {
            durable: cfg!(feature = "durable"),
            ..Self::memory()
        }
    }

    /// The file: `path`, or where this program has it without one. `None` if events are in memory,
    /// or if no folder for the program's state is known.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        if !self.durable {
            return None;
        }
        #[cfg(feature = "durable")]
        let standard = || Some(state_folder()?.join(FIRST));
        #[cfg(not(feature = "durable"))]
        let standard = || None;
        self.path.clone().or_else(standard)
    }

    /// What is wrong with the file, without opening it or making one.
    ///
    /// # Errors
    /// What the operator should change.
    pub fn check(&self) -> Result<(), String> {
        let Some(path) = self.path.as_deref().filter(|_| self.durable) else {
            return Ok(());
        };
        let says = |what: &str| Err(format!("{} {what}", path.display()));
        match std::fs::metadata(path) {
            Ok(found) if !found.is_file() => says("is no regular file"),
            Ok(found) if found.permissions().readonly() => says("may not be written"),
            Ok(_) => Ok(()),
            Err(_) => match nearest_folder(path) {
                Some(folder) if !folder.is_dir() => Err(format!(
                    "{} is no folder, so that {} cannot be made",
                    folder.display(),
                    path.display()
                )),
                _ => Ok(()),
            },
        }
    }

    /// The webhooks, with what an earlier process left. Opens a file.
    pub(crate) fn open(
        self,
        sender: &Sender,
        hooks: Vec<WebhookSettings>,
    ) -> Result<Webhooks, WebhookError> {
        #[cfg(feature = "durable")]
        if self.durable && !hooks.is_empty() {
            if let Some(path) = self.path {
                return Webhooks::stored(sender, hooks, path, self.limits);
            }
            match state_folder() {
                Some(folder) => return first_free(sender, &hooks, &folder, self.limits),
                None => tracing::warn!(
                    "no folder for the program's state is known (STATE_DIRECTORY, XDG_STATE_HOME, HOME): webhook events that are not delivered when it ends are lost; set webhooks.path"
                ),
            }
        }
        Webhooks::new(sender, hooks)
    }
}

fn nearest_folder(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.exists())
}

/// Several processes of one program have a file each.
#[cfg(feature = "durable")]
fn first_free(
    sender: &Sender,
    hooks: &[WebhookSettings],
    folder: &Path,
    limits: StoredLimits,
) -> Result<Webhooks, WebhookError> {
    let mut number = 1;
    loop {
        let name = match number {
            1 => FIRST.to_owned(),
            number => format!("webhooks-{number}.redb"),
        };
        let opened = Webhooks::stored(sender, hooks.to_vec(), folder.join(name), limits);
        match opened {
            Err(WebhookError::Outbox(OutboxError::InUse { .. })) if number < PROCESSES => {
                number += 1;
            }
            opened => return opened,
        }
    }
}

/// The file of a program's first process.
#[cfg(feature = "durable")]
const FIRST: &str = "webhooks.redb";

/// Most processes of one program that share a folder.
#[cfg(feature = "durable")]
const PROCESSES: u32 = 64;

/// The folder for this program's state, as the environment has it.
#[cfg(feature = "durable")]
fn state_folder() -> Option<PathBuf> {
    standard_folder(&|name| std::env::var_os(name).map(PathBuf::from))
}

/// The folder for this program's state.
#[cfg(feature = "durable")]
fn standard_folder(env: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // systemd may name several, separated by colons.
    let of_service = env("STATE_DIRECTORY").and_then(|folders| {
        let folders = folders.into_os_string().into_string().ok()?;
        let first = folders.split(':').next()?.to_owned();
        Some(PathBuf::from(first))
    });
    if let Some(folder) = of_service.filter(|folder| folder.is_absolute()) {
        return Some(folder);
    }
    let state = env("XDG_STATE_HOME")
        .filter(|folder| folder.is_absolute())
        .or_else(|| {
            let home = env("HOME").filter(|home| home.is_absolute())?;
            Some(home.join(".local").join("state"))
        })?;
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(Path::file_stem);
    Some(
        state
            .join("voxtra")
            .join(program.unwrap_or("agent".as_ref())),
    )
}

#[cfg(all(test, feature = "durable"))]
mod tests {
    use super::*;

    fn folder(env: &[(&str, &str)]) -> Option<PathBuf> {
        standard_folder(&|name| {
            let found = env.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn the_folder_is_the_services_or_the_users() {
        let of_service = [("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"), ("HOME", "/h")];
        assert_eq!(folder(&of_service), Some("/var/lib/a".into()));
        let program = std::env::current_exe().unwrap();
        let program = program.file_stem().unwrap();
        let xdg = [("XDG_STATE_HOME", "/s"), ("HOME", "/h")];
        assert_eq!(folder(&xdg), Some(Path::new("/s/voxtra").join(program)));
        // The specification says that a path that is not absolute is ignored.
        let home = [
            ("XDG_STATE_HOME", "s"),
            ("HOME", "/h"),
            ("STATE_DIRECTORY", ""),
        ];
        let expected = Path::new("/h/.local/state/voxtra").join(program);
        assert_eq!(folder(&home), Some(expected));
        assert_eq!(folder(&[]), None);
    }

    #[tokio::test]
    async fn a_second_process_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let hook = || vec![WebhookSettings::new("http://example.com/".parse().unwrap())];
        let limits = StoredLimits::default();
        let sender = Sender::new("voxtra");
        let first = first_free(&sender, &hook(), folder.path(), limits).unwrap();
        let _second = first_free(&sender, &hook(), folder.path(), limits).unwrap();
        drop(first);
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            // A process that has its file answers at a socket beside it.
            .filter(|name| !name.ends_with(".sock"))
            .collect();
        names.sort();
        assert_eq!(names, ["webhooks-2.redb", "webhooks.redb"]);
    }

    #[test]
    fn a_path_that_cannot_be_a_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let check = |path: &Path| {
            let mut store = WebhookStore::durable();
            store.path = Some(path.to_owned());
            store.check()
        };
        assert_eq!(check(&file), Ok(()));
        assert_eq!(check(&folder.path().join("new/webhooks.redb")), Ok(()));
        assert!(
            check(folder.path())
                .unwrap_err()
                .contains("no regular file")
        );
        let under = check(&file.join("webhooks.redb")).unwrap_err();
        assert!(under.contains("is no folder"), "{under}");
    }
}
