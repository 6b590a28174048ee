use std::fmt;
use std::path::{Path, PathBuf};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}; `voxtra init` writes a file to start from", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something in it is wrong. There is at least one problem, in the order of the file.
    #[error("{}", Listing(path.as_deref(), problems))]
    Invalid {
        /// The file, where there is one.
        path: Option<PathBuf>,
        /// All that is wrong.
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

/// One thing that is wrong in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: usize,
    /// The key with its section, such as `media.listen`; the second `[[webhook]]`'s is
    /// `webhook[2].url`. Empty where the file is not TOML.
    pub key: String,
    /// The value as written in the file; `None` where there is none or where it is a secret.
    pub value: Option<String>,
    /// What is wrong and what to do.
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
