//! The `voxtra!` macro: typed events, their wire names and JSON, and sessions that handle them.
//!
//! The work is done in three stages, one folder each: `parse` turns tokens into declarations,
//! `check` turns declarations into a model in which everything is known to be right, and `generate`
//! writes Rust from the model. Mistakes are gathered on the way and reported together; whatever was
//! right is still generated, so that one typo is one error.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
mod errors;
mod expand;
#[cfg(test)]
mod fuzz;
mod generate;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod mutations;
mod parse;
mod roots;

use proc_macro2::Span;

use crate::{expand::expand, roots::Roots};

/// What the public `voxtra!` of `voxtra-core` and of `voxtra-rt` call: those are the ones to use.
///
/// In front of the declarations stands where the output finds the core and, if there is one, the
/// runtime: `($crate)` or `($crate::core, $crate)`.
#[proc_macro]
pub fn voxtra(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    match Roots::split(input.into()) {
        Some((roots, declarations)) => expand(declarations, &roots).into(),
        None => {
            let message = "use `voxtra!` of `voxtra`, `voxtra-rt` or `voxtra-core`";
            syn::Error::new(Span::call_site(), message)
                .to_compile_error()
                .into()
        }
    }
}
