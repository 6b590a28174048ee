//! Files that only their owner may read: recordings, what was said in them, passwords.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// As [`OpenOptions::open`]; the file is the owner's alone if it is made. One that is there keeps
/// its permissions.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.write(true).mode(0o600).open(path)
}

/// As [`std::fs::write`].
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    open(OpenOptions::new().create(true).truncate(true), path)?.write_all(bytes)
}

/// As [`std::fs::create_dir`]; nobody else may look into it.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// As [`std::fs::create_dir_all`]; nobody else may look into what is made.
pub(super) fn create_dir_all(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn nobody_else_may_read_it() {
        let path = std::env::temp_dir().join(format!("voxtra-private-{}", std::process::id()));
        write(&path, b"a longer first text").unwrap();
        write(&path, b"text").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        let read = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((mode & 0o777, read.as_slice()), (0o600, b"text".as_slice()));
    }
}
