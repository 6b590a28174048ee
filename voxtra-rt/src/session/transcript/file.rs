//! Transcripts as files.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;
use voxtra_core::event::{CallTranscript, tag_of};

/// How long a file may take to be written: its folder may be on a disk that hangs.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Most characters of a file's name.
const LONGEST_NAME: usize = 100;

/// What a file tells beside the transcript.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    pub(crate) session_id: String,
    pub(crate) caller_id: String,
    pub(crate) called_number: String,
    pub(crate) direction: super::super::call::Direction,
    pub(crate) began: String,
    pub(crate) ended: String,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    about: &'a About,
    #[serde(flatten)]
    transcript: &'a CallTranscript,
}

/// Writes a transcript into its folder, on a thread that may wait.
pub(super) async fn write(
    folder: PathBuf,
    about: About,
    transcript: &CallTranscript,
) -> Result<(), String> {
    let whole = Whole {
        about: &about,
        transcript,
    };
    let json = serde_json::to_vec_pretty(&whole).map_err(|error| error.to_string())?;
    let name = file_name(&about.session_id);
    let path = folder.join(&name);
    let failed = |what: String| format!("{} can't be written: {what}", path.display());
    let writing = tokio::task::spawn_blocking(move || put(&folder, &name, &json));
    match tokio::time::timeout(TIME_LIMIT, writing).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => Err(failed(error.to_string())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!(
            "it takes longer than {} s",
            TIME_LIMIT.as_secs()
        ))),
    }
}

/// A name for the file that leads nowhere else, is no hidden file, and belongs to this session
/// alone.
fn file_name(session_id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut name: String = session_id
        .chars()
        .take(LONGEST_NAME)
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    if name.starts_with('.') || name.is_empty() {
        name.insert(0, '_');
    }
    if name != session_id {
        name = format!("{name}-{:016x}", tag_of(session_id));
    }
    name.push_str(".json");
    name
}

/// All of it or nothing: whoever reads the folder sees no half file.
fn put(folder: &Path, name: &str, json: &[u8]) -> std::io::Result<()> {
    make(folder)?;
    let begun = folder.join(format!(".{}.tmp", Uuid::new_v4().simple()));
    let written = (|| {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&begun)?;
        file.write_all(json)?;
        file.sync_all()?;
        fs::rename(&begun, folder.join(name))
    })();
    if written.is_err() {
        // What is left of it is of no use, and the error says more than another one would.
        let _ = fs::remove_file(&begun);
    }
    written
}

fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_session_writes_anywhere_else_or_over_another() {
        assert_eq!(file_name("1762155.12"), "1762155.12.json");
        let names = [
            "../../etc/passwd",
            "..",
            ".",
            "",
            "a/b",
            "a_b",
            "a\0b",
            "PJSIP/7",
            "ä",
        ];
        let mut seen = std::collections::BTreeSet::new();
        for session in names
            .map(str::to_owned)
            .into_iter()
            .chain(["x".repeat(4_000), "x".repeat(4_001)])
        {
            let name = file_name(&session);
            assert!(
                !name.contains(['/', '\0']) && !name.starts_with('.'),
                "{name}"
            );
            assert!(name.len() < 130, "{name}");
            assert!(seen.insert(name), "{session}");
        }
    }
}
