//! Secrets in files of their own, as systemd and container platforms provide them.

use std::io::Read as _;
use std::path::Path;

/// Most bytes of such a file.
const MAX_SECRET: u64 = 4096;

/// The one line of the file.
///
/// # Errors
/// The problem, for people, without any of the file's content.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("can't be read: {error}");
    // Reading a pipe or a device could block for ever.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err("is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_SECRET + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_SECRET {
        return Err(format!(
            "is longer than {MAX_SECRET} bytes, so that it is no secret"
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() {
        return Err("is empty".to_owned());
    }
    if secret.contains(char::is_control) {
        return Err("must be one line of text".to_owned());
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_of_a_small_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (bytes, expected) in [
            (&b"hunter2"[..], Ok("hunter2")),
            (b"hunter2\n", Ok("hunter2")),
            (b"hunter2\r\n", Ok("hunter2")),
            (b" hunter2 ", Ok(" hunter2 ")),
            ("pässword\n".as_bytes(), Ok("pässword")),
            (b"", Err("is empty")),
            (b"\n", Err("is empty")),
            (b"hunter2\n\n", Err("must be one line of text")),
            (b"hunter2\nhunter3\n", Err("must be one line of text")),
            (b"\xff\xfe", Err("is not UTF-8")),
            (&[b'x'; 4096], Ok(&*"x".repeat(4096))),
            (
                &[b'x'; 4097],
                Err("is longer than 4096 bytes, so that it is no secret"),
            ),
        ] {
            std::fs::write(&file, bytes).unwrap();
            let read = read(&file);
            assert_eq!(read.as_deref().map_err(String::as_str), expected);
        }
    }

    #[test]
    fn what_is_no_file_or_has_no_end_is_not_read() {
        for path in ["/dev/zero", "/", "/no/such/file"] {
            assert!(read(Path::new(path)).is_err(), "{path}");
        }
    }
}
