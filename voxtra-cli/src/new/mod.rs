//! `voxtra new`.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use super::{Failure, private, terminal};

/// Write the crate of a new agent, with its rehearsals
///
/// The crate compiles, passes its tests and answers calls as it is. Its profile optimises Voxtra's
/// media path in debug builds too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra new ../my-agent
  cd ../my-agent && cargo test && cargo run

A voxtra that was built in a checkout which is still there makes the new crate depend on that; another depends on the repository.")]
pub(crate) struct Args {
    /// The folder to make; its name becomes the crate's
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The checkout of Voxtra to depend on
    #[arg(long, value_name = "DIR")]
    voxtra: Option<PathBuf>,
}

const MAIN: &str = include_str!("main.rs");
const CONFIGURATION: &str = include_str!("voxtra.toml");
const IGNORED: &str = "/target\n";

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let path = &args.path;
    let name = crate_name(path)?;
    if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) || path.is_file() {
        return Err(
            Failure::usage(format_args!("{} is there already", path.display()))
                .advise("give the name of a folder that does not exist yet"),
        );
    }
    let refuse = |path: &Path, error: io::Error| {
        Failure::failed(format_args!("can't write {}: {error}", path.display()))
    };
    if let Some(checkout) = &args.voxtra
        && !is_checkout(checkout)
    {
        return Err(Failure::usage(format_args!(
            "{} is no checkout of Voxtra",
            checkout.display()
        ))
        .advise("name the folder that holds voxtra-core"));
    }
    fs::create_dir_all(path.join("src")).map_err(|error| refuse(path, error))?;
    let manifest = manifest(&name, &dependency(path, args.voxtra.as_deref())?);
    for (file, text) in [
        ("Cargo.toml", manifest.as_str()),
        (".gitignore", IGNORED),
        ("voxtra.toml", CONFIGURATION),
        ("src/main.rs", MAIN),
    ] {
        let file = path.join(file);
        private::write(&file, text.as_bytes()).map_err(|error| refuse(&file, error))?;
    }
    writeln!(
        io::stdout(),
        "Wrote the agent {name} into {}.",
        path.display()
    )?;
    terminal::note(format_args!(
        "Next: `cd {}`, `cargo test` to rehearse it, `cargo run` to answer calls, and `voxtra call 127.0.0.1:9092 --dtmf 1` to call it.",
        path.display()
    ));
    Ok(())
}

/// The name of the crate in this folder.
fn crate_name(path: &Path) -> Result<String, Failure> {
    let refuse = |why: &str| {
        Failure::usage(format_args!("{} can't be a crate: {why}", path.display()))
            .advise("name it in letters, digits, - and _, such as my-agent")
    };
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| refuse("the path does not end in a name"))?;
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !is_word {
        return Err(refuse("its name is no crate's"));
    }
    if [
        "voxtra", "tokio", "std", "core", "alloc", "test", "self", "super", "crate",
    ]
    .contains(&name)
    {
        return Err(refuse("another crate has this name"));
    }
    Ok(name.to_owned())
}

fn is_checkout(folder: &Path) -> bool {
    folder.join("voxtra-core/Cargo.toml").is_file()
}

/// Where the crate in `path` finds Voxtra, as Cargo writes it.
fn dependency(path: &Path, named: Option<&Path>) -> Result<String, Failure> {
    let built_in = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let checkout = match named {
        Some(named) => named,
        None if is_checkout(built_in) => built_in,
        None => {
            return Ok(format!("git = {}", quoted(env!("CARGO_PKG_REPOSITORY"))));
        }
    };
    let refuse = |path: &Path, error: io::Error| {
        Failure::failed(format_args!("can't find {}: {error}", path.display()))
    };
    let to = checkout.canonicalize().map_err(|e| refuse(checkout, e))?;
    let from = path.canonicalize().map_err(|e| refuse(path, e))?;
    let relative = relative(&from, &to);
    let Some(text) = relative.to_str() else {
        return Err(Failure::failed(format_args!(
            "the path {} is not text, and a Cargo.toml can't name it",
            relative.display()
        )));
    };
    Ok(format!("path = {}", quoted(text)))
}

/// The way to `to` for who stands in `from`; both are canonical.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        way
    }
}

/// A string of TOML, for which JSON's escapes do.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn manifest(name: &str, voxtra: &str) -> String {
    format!(
        r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"

[dependencies]
voxtra = {{ {voxtra} }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

[dev-dependencies]
tokio = {{ version = "1", features = ["test-util"] }} # rehearsals run in virtual time

# Debug builds, too, handle 50 frames a second of each call: without optimisation, seven times slower.
[profile.dev]
debug = "line-tables-only"

[profile.dev.package.voxtra-core]
opt-level = 3

# Cargo reads profiles only at the top of a workspace. A crate that joins another moves them there.
[workspace]
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_one_folder_to_another() {
        for (from, to, way) in [
            ("/home/a/my-agent", "/home/a/voxtra", "../voxtra"),
            ("/home/a/voxtra/x", "/home/a/voxtra", ".."),
            ("/home/a/voxtra", "/home/a/voxtra", "."),
            ("/srv/my-agent", "/home/a/voxtra", "../../home/a/voxtra"),
        ] {
            assert_eq!(
                relative(from.as_ref(), to.as_ref()),
                Path::new(way),
                "{from}"
            );
        }
    }

    #[test]
    fn names_that_cargo_refuses_are_refused() {
        for name in ["1st", "über", "a b", "..", "/", "voxtra", "x/test"] {
            assert!(crate_name(name.as_ref()).is_err(), "{name}");
        }
        assert_eq!(
            crate_name("../my-agent".as_ref()).ok().as_deref(),
            Some("my-agent")
        );
    }
}
