//! The configuration file.

use secrecy::ExposeSecret as _;
use std::time::Duration;

use super::*;

mod agents;
mod mcp;
mod older_names;
mod refusals;
mod risks;
mod secrets;
mod starter;
mod whole;

fn env(name: &str) -> Option<String> {
    match name {
        "VOXTRA_ARI_PASSWORD" => Some("hunter2".to_owned()),
        "VOXTRA_WEBHOOK_SECRET" => Some("s3cret".to_owned()),
        "OPENAI_API_KEY" => Some("sk-s3cret".to_owned()),
        "THREADS" => Some("4".to_owned()),
        _ => None,
    }
}

fn parse(text: &str) -> Config {
    Config::parse(text, env).unwrap_or_else(|error| panic!("{error}"))
}

fn problems(text: &str) -> Vec<String> {
    match Config::parse(text, env) {
        Err(ConfigError::Invalid { problems, .. }) => {
            problems.iter().map(Problem::to_string).collect()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

/// The problem of a file with exactly one.
fn problem(text: &str) -> String {
    let mut all = problems(text);
    assert_eq!(all.len(), 1, "{text}\n{all:#?}");
    all.remove(0)
}

/// The risks of a file, each as its kind and its message.
fn risks(text: &str) -> Vec<String> {
    let risks = parse(text).risks;
    let told = risks
        .iter()
        .map(|risk| format!("{}: {}", risk.kind, risk.problem));
    told.collect()
}

/// Loads a folder with a configuration and a secret's file of these modes.
fn load_with_secret_file(text: &str, secret: &[u8], modes: [u32; 2]) -> Result<Config, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("voxtra.toml");
    for (file, bytes, mode) in [
        (&config, text.as_bytes(), modes[0]),
        (&folder.path().join("secret"), secret, modes[1]),
    ] {
        std::fs::write(file, bytes).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    Config::load(&config).map_err(|error| error.to_string())
}
