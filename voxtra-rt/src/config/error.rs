use std::fmt;
use std::path::{Path, PathBuf};

/// The reason why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}; `voxtra init` writes a file to start from", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file has problems. There is at least one, in the order of the file.
    #[error("{}", Listing(path.as_deref(), problems))]
    Invalid {
        /// The file, if there is one.
        path: Option<PathBuf>,
        /// All problems.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Invalid { problems, .. } => Self::Invalid {
                path: Some(path.to_owned()),
                problems,
            },
            other @ Self::Read { .. } => other,
        }
    }
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: usize,
    /// The key with its section, such as `media.listen`; the second `[[webhook]]`'s is
    /// `webhook[2].url`. Empty if the file is not TOML.
    pub key: String,
    /// The value as written in the file; `None` if there is none or it is a secret.
    pub value: Option<String>,
    /// The problem, and what to do.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            f.write_str(&self.key)?;
            if let Some(value) = &self.value {
                write!(f, " = {value}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.reason)
    }
}

struct Listing<'a>(Option<&'a Path>, &'a [Problem]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(path) => write!(f, "{}", path.display())?,
            None => f.write_str("the configuration")?,
        }
        match self.1.len() {
            1 => f.write_str(" has 1 error:")?,
            n => write!(f, " has {n} errors:")?,
        }
        for problem in self.1 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}
