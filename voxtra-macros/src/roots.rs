//! Where the generated code finds Voxtra.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// Absolute paths of the core and of the runtime, as the crate that is being compiled can name
/// them.
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
    /// Looks for `voxtra`, then `voxtra-rt`, then `voxtra-core` among the dependencies of the crate
    /// that is being compiled, so that it works for users of any of the three and under whatever
    /// name they gave it.
    pub(crate) fn find() -> Self {
        let is_core = std::env::var("CARGO_PKG_NAME").is_ok_and(|name| name == "voxtra-core");
        if let Some(voxtra) = extern_name("voxtra") {
            Self {
                core: quote!(::#voxtra::core),
                rt: Some(quote!(::#voxtra::rt)),
                is_core,
            }
        } else if let Some(rt) = extern_name("voxtra-rt") {
            Self {
                core: quote!(::#rt::core),
                rt: Some(quote!(::#rt)),
                is_core,
            }
        } else {
            let core = extern_name("voxtra-core").unwrap_or_else(|| ident("voxtra_core"));
            Self {
                core: quote!(::#core),
                rt: None,
                is_core,
            }
        }
    }
}

/// The name under which `package` is an extern crate. Each of the three packages declares itself
/// one (`extern crate self as …`), so the same absolute path works in its library, tests, examples
/// and doc tests.
fn extern_name(package: &str) -> Option<Ident> {
    match crate_name(package).ok()? {
        FoundCrate::Itself => Some(ident(&package.replace('-', "_"))),
        FoundCrate::Name(name) => Some(ident(&name)),
    }
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
