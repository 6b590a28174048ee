//! Options of the operations on sounds.

// Written by api/generate.py from Asterisk's description: change that, not this.

/// Options of [`Sounds::list`](super::Sounds::list).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListOptions {
    /// Lookup sound for a specific language.
    pub lang: Option<String>,
    /// Lookup sound in a specific format.
    pub format: Option<String>,
}

impl ListOptions {
    /// Sets [`lang`](Self::lang).
    #[must_use]
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Sets [`format`](Self::format).
    #[must_use]
    pub fn format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }
}
