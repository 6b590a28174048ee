//! Model → Rust. Nothing is decided here, and nothing can fail.
//!
//! Every path in the output is absolute, so that names of the user's module can't change what it
//! means. Local names that the user must not see are made with `Span::mixed_site`; `call` and
//! `state` are the two that a handler's body does see.

mod catalogue;
mod defaults;
mod events;
mod json;
mod session;
mod set;

use proc_macro2::TokenStream;
use quote::quote;

use crate::{check::Model, roots::Roots};

pub(crate) fn generate(model: &Model, roots: &Roots) -> TokenStream {
    let imports = &model.imports;
    let mut output = quote!(#(#imports)*);
    if model.catalogue {
        output.extend(catalogue::generate(&model.events, roots));
    } else {
        output.extend(
            model
                .events
                .iter()
                .map(|event| events::generate(event, roots)),
        );
    }
    output.extend(set::generate(model, roots));
    output.extend(
        model
            .sessions
            .iter()
            .map(|session| session::generate(session, &model.events, roots)),
    );
    output
}
