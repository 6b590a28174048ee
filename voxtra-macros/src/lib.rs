//! The `voxtra!` macro: typed events, their wire names and JSON, and sessions that handle them.
//!
//! The work is done in three stages, one folder each: `parse` turns tokens into declarations, `check` turns declarations
//! into a model in which everything is known to be right, and `generate` writes Rust from the model. Mistakes are
//! gathered on the way and reported together; whatever was right is still generated, so that one typo is one error.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
mod errors;
mod generate;
#[cfg(test)]
mod golden;
mod parse;
mod roots;

use proc_macro2::TokenStream;

use crate::{errors::Errors, roots::Roots};

/// Declares events and sessions.
#[proc_macro]
pub fn voxtra(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(input.into(), &Roots::find()).into()
}

fn expand(input: TokenStream, roots: &Roots) -> TokenStream {
    let mut errors = Errors::default();
    let declarations = parse::parse(input, &mut errors);
    let model = check::check(declarations, roots, &mut errors);
    let mut output = generate::generate(&model, roots);
    output.extend(errors.into_compile_errors());
    output
}
