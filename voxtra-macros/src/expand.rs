//! The three stages, one after the other.

use proc_macro2::TokenStream;

use crate::{check, errors::Errors, generate, parse, roots::Roots};

/// The output of `voxtra! { input }`.
pub(crate) fn expand(input: TokenStream, roots: &Roots) -> TokenStream {
    let mut errors = Errors::default();
    let declarations = parse::parse(input, &mut errors);
    let model = check::check(declarations, roots, &mut errors);
    let mut output = generate::generate(&model, roots);
    output.extend(errors.into_compile_errors());
    output
}
