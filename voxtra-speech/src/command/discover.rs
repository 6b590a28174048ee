use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The path of `program`: itself if it has a folder, otherwise the first of that name on `path`.
/// Only executable files count.
pub(super) fn find(program: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| can_run(path));
    }
    std::env::split_paths(path?)
        .map(|folder| folder.join(program))
        .find(|path| can_run(path))
}

fn can_run(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// How to install a missing program.
pub(super) fn install_hint(program: &str) -> String {
    let how = match program {
        "" => return "name a program in speech.command".to_owned(),
        "espeak-ng" => "install it (Debian: `apt-get install espeak-ng`)",
        "flite" => "install it (Debian: `apt-get install flite`)",
        "piper" => "install it (`pip install piper-tts`)",
        _ => "install it or give its full path in speech.command",
    };
    format!("{how}, or choose another speech.voice")
}

/// A voice for piper: `PIPER_MODEL`, or the first model in one of the folders that packages use.
pub(super) fn piper_model() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PIPER_MODEL") {
        return Some(PathBuf::from(named));
    }
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share/piper"));
    let shared = [
        "/usr/local/share/piper-voices",
        "/usr/share/piper-voices",
        "/usr/share/piper",
    ];
    home.into_iter()
        .chain(shared.map(PathBuf::from))
        .find_map(|folder| first_model(&folder))
}

fn first_model(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut models: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "onnx") && piper_rate(path).is_ok()
        })
        .collect();
    models.sort();
    models.into_iter().next()
}

/// Most bytes of such a JSON file; existing ones have 5 KB.
const MAX_JSON: u64 = 1 << 20;

/// Samples per second of a piper voice, from the JSON beside its model.
pub(super) fn piper_rate(model: &Path) -> Result<u32, String> {
    if !model.is_file() {
        return Err(format!("there is no model {}", model.display()));
    }
    let mut beside = model.as_os_str().to_owned();
    beside.push(".json");
    let beside = PathBuf::from(beside);
    let text = crate::bounded::read_text(&beside, MAX_JSON)
        .map_err(|error| format!("{}: {error}", beside.display()))?;
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", beside.display()))?;
    json.pointer("/audio/sample_rate")
        .and_then(serde_json::Value::as_u64)
        .and_then(|rate| u32::try_from(rate).ok())
        .filter(|rate| (4_000..=192_000).contains(rate))
        .ok_or_else(|| format!("{} has no audio.sample_rate", beside.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_run_is_found_and_the_first_wins() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let program = |folder: &Path, name: &str, mode: u32| {
            let path = folder.join(name);
            std::fs::write(&path, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        program(a.path(), "voice", 0o644);
        let second = program(b.path(), "voice", 0o755);
        let path = std::env::join_paths([a.path(), b.path()]).unwrap();
        assert_eq!(find("voice", Some(&path)), Some(second.clone()));
        assert_eq!(find("other", Some(&path)), None);
        assert_eq!(find("", Some(&path)), None);
        assert_eq!(find("voice", None), None);
        assert_eq!(find(second.to_str().unwrap(), None), Some(second));
        assert_eq!(find(a.path().to_str().unwrap(), None), None);
    }

    #[test]
    fn a_piper_voice_tells_its_rate() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("joe.onnx");
        assert!(piper_rate(&model).unwrap_err().contains("no model"));
        std::fs::write(&model, "").unwrap();
        assert!(piper_rate(&model).unwrap_err().contains("joe.onnx.json"));
        assert_eq!(first_model(folder.path()), None);
        std::fs::write(
            folder.path().join("joe.onnx.json"),
            r#"{"audio":{"sample_rate":22050}}"#,
        )
        .unwrap();
        assert_eq!(piper_rate(&model), Ok(22_050));
        assert_eq!(first_model(folder.path()), Some(model));
    }
}
