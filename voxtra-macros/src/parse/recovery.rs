//! Going on after a mistake.

use proc_macro2::{Delimiter, TokenTree};
use syn::parse::ParseStream;

/// Skips to where the next item can start: behind the next `{ … }` or `;`.
pub(super) fn skip_item(input: ParseStream<'_>) {
    skip_past(input, |token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    });
}

/// Skips to behind the next comma.
pub(super) fn skip_past_comma(input: ParseStream<'_>) {
    skip_past(
        input,
        |token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','),
    );
}

fn skip_past(input: ParseStream<'_>, is_end: impl Fn(&TokenTree) -> bool) {
    while let Ok(token) = input.parse::<TokenTree>() {
        if is_end(&token) {
            break;
        }
    }
}
