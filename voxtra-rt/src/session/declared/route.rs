//! The calls that an agent takes.

/// A route: as a session declares it, as an application adds it, or as a configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<Text = &'static str> {
    /// Calls to this extension, exactly as it was dialled.
    Extension(Text),
    /// Calls to this number; `+265*` stands for every number that begins with `+265`. Spaces,
    /// dashes, dots and parentheses in the called number are ignored.
    Number(Text),
    /// Calls that no other route takes.
    Default,
}

impl Route<String> {
    pub(crate) fn as_str(&self) -> Route<&str> {
        match self {
            Self::Extension(extension) => Route::Extension(extension),
            Self::Number(number) => Route::Number(number),
            Self::Default => Route::Default,
        }
    }
}

/// A route as a session declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclaredRoute {
    /// Which calls.
    pub route: Route,
    /// Metadata of these calls from their start, for
    /// [`Call::get_metadata`](super::Call::get_metadata): names and values.
    pub metadata: &'static [(&'static str, &'static str)],
}
