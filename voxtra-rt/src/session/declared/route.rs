//! Which calls an agent is for.

/// Which calls: as a session declares it, as an application is told, or as a configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<Text = &'static str> {
    /// Those to this extension, exactly as it was dialled.
    Extension(Text),
    /// Those to this number; `+265*` stands for every number that begins with `+265`. Spaces,
    /// dashes, dots and parentheses in the called number are ignored.
    Number(Text),
    /// Those that no other route takes.
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
    /// What [`Call::get_metadata`](super::Call::get_metadata) knows about these calls from their
    /// start: names and values.
    pub metadata: &'static [(&'static str, &'static str)],
}
