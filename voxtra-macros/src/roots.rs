//! Where the generated code finds Voxtra.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Paths of the core and of the runtime that mean the same in every crate.
pub(crate) struct Roots {
    /// `voxtra_core`.
    pub(crate) core: TokenStream,
    /// `voxtra_rt`, where it can be reached: sessions need it.
    pub(crate) rt: Option<TokenStream>,
    /// The crate that is being compiled is the core itself, the only place where the catalogue may
    /// be declared.
    pub(crate) is_core: bool,
}

impl Roots {
    /// Splits what a public `voxtra!` passes on into its first group, `(core)` or `(core, rt)`, and
    /// what the user wrote. The paths in the group begin with that macro's `$crate`, which means
    /// its own crate whatever the user calls it; the core calls itself `crate`.
    ///
    /// Nothing for other tokens: somebody called the macro of this crate.
    pub(crate) fn split(input: TokenStream) -> Option<(Self, TokenStream)> {
        let mut input = input.into_iter();
        let Some(TokenTree::Group(group)) = input.next() else {
            return None;
        };
        if group.delimiter() != Delimiter::Parenthesis {
            return None;
        }
        let paths: Vec<TokenTree> = group.stream().into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
        let mut paths = paths.split(is_comma);
        let core: TokenStream = paths.next()?.iter().cloned().collect();
        let rt = paths.next().map(|rt| rt.iter().cloned().collect());
        let is_core = core.to_string() == "crate";
        let roots = Self { core, rt, is_core };
        Some((roots, input.collect()))
    }
}
