//! The local stack of `stack/stack.sh`, for who talks with it.

use std::env;
use std::path::{Path, PathBuf};

use super::Failure;

/// Its servers: where `voxtra init --local` says that they are, and the variable with another port.
const SERVERS: [(&str, &str); 3] = [
    ("127.0.0.1:10300", "VOXTRA_STACK_WHISPER_PORT"),
    ("127.0.0.1:8080", "VOXTRA_STACK_LLAMA_PORT"),
    ("127.0.0.1:10200", "VOXTRA_STACK_PIPER_PORT"),
];

/// A configuration for it, with the ports that the environment names: `stack.sh` reads the same.
pub(crate) fn as_it_runs(configuration: &str) -> String {
    with_ports(configuration, |name| env::var(name).ok())
}

fn with_ports(configuration: &str, env: impl Fn(&str) -> Option<String>) -> String {
    let mut text = configuration.to_owned();
    for (address, variable) in SERVERS {
        if let Some(port) = env(variable).and_then(|port| port.parse::<u16>().ok()) {
            text = text.replace(address, &format!("127.0.0.1:{port}"));
        }
    }
    text
}

/// The command that gets and starts it, as one can type it.
pub(crate) fn start() -> String {
    // Where this command was built, if that is still there.
    let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../stack/stack.sh"));
    match script.canonicalize() {
        Ok(script) => format!("{} start", script.display()),
        Err(_) => format!(
            "git clone {} && voxtra/stack/stack.sh start",
            env!("CARGO_PKG_REPOSITORY")
        ),
    }
}

/// That it doesn't answer, why, and what gets it.
pub(crate) fn absent(why: &[String]) -> Failure {
    let what = if is_installed() {
        "the local stack is not running"
    } else {
        "the local stack is not installed"
    };
    let does = if is_installed() {
        "starts it"
    } else {
        "gets and starts it: half a minute, 1.3 GB, and no key"
    };
    Failure::failed(format_args!("{what}:\n  {}", why.join("\n  ")))
        .advise(format_args!("`{}` {does}", start()))
}

/// Whether this is the address of a server on this machine.
pub(crate) fn is_here(base_url: Option<&str>) -> bool {
    let address = base_url.unwrap_or_default();
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|host| address.starts_with(host))
}

/// Whether `stack.sh` has installed it for this user.
fn is_installed() -> bool {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let folder = variable("VOXTRA_STACK_DIR").map(PathBuf::from);
    let folder = folder.or_else(|| {
        let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
        Some(cache?.join("voxtra/stack"))
    });
    folder.is_some_and(|folder| folder.join("venv/.complete").is_file())
}

#[cfg(test)]
mod tests {
    use voxtra_rt::config::local_agent_starter;

    use super::*;

    #[test]
    fn each_server_may_have_another_port() {
        let file = local_agent_starter();
        let port = |name: &str| Some((name.len() + 1000).to_string());
        let moved = with_ports(&file, port);
        for (address, variable) in SERVERS {
            let port = variable.len() + 1000;
            assert!(file.contains(address) && !moved.contains(address));
            assert!(moved.contains(&format!("127.0.0.1:{port}")), "{moved}");
        }
        assert_eq!(with_ports(&file, |_| Some("no port".into())), file);
    }
}
