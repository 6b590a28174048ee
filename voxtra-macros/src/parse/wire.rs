//! Wire names: lower-case words of letters, digits and `_`, separated by dots.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{buffer::Cursor, parse::ParseStream};

use crate::errors::Errors;

/// A wire name as it was written.
pub(crate) struct WireName {
    /// The name, corrected where it was malformed, so that whatever uses it makes no further
    /// errors.
    pub(crate) text: String,
    /// All its tokens, for errors that concern the whole name.
    pub(crate) tokens: TokenStream,
    /// Its last word, which is where an editor should find what is generated for it.
    pub(crate) span: Span,
}

impl WireName {
    /// The name of the struct: `user.speech.started` → `UserSpeechStarted`.
    pub(crate) fn struct_name(&self) -> Ident {
        Ident::new(&pascal_case(&self.text), self.span)
    }
}

/// `user.speech_started` → `UserSpeechStarted`
pub(crate) fn pascal_case(name: &str) -> String {
    let mut pascal = String::new();
    for word in name.split(['.', '_']) {
        let mut letters = word.chars();
        pascal.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(letters.as_str());
    }
    pascal
}

/// Reads a name up to what can follow one: a group, `;`, `,`, a guard's `if`, or the end.
///
/// A malformed name is noted and corrected. An error is returned only where there is no name at
/// all.
pub(super) fn parse(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<WireName> {
    let mut reader = Reader::default();
    let read = input.step(|cursor| {
        let mut cursor = *cursor;
        while let Some((token, rest)) = cursor.token_tree() {
            if !reader.accept(token, starts_with_dot(rest)) {
                break;
            }
            cursor = rest;
        }
        Ok(((), cursor))
    });
    read?;
    let starts_with_letter = |word: &String| word.starts_with(|c: char| c.is_ascii_lowercase());
    if !reader
        .words
        .iter()
        .find(|word| !word.is_empty())
        .is_some_and(starts_with_letter)
    {
        return Err(input.error("expected the wire name of an event, such as `call.started`"));
    }
    let wire = reader.finish(errors);
    if pascal_case(&wire.text) == "Self" {
        let message = "an event can't be called `self`: its struct would be `Self`";
        return Err(syn::Error::new_spanned(wire.tokens, message));
    }
    Ok(wire)
}

fn starts_with_dot(cursor: Cursor<'_>) -> bool {
    cursor
        .punct()
        .is_some_and(|(punct, _)| punct.as_char() == '.')
}

#[derive(Default)]
struct Reader {
    words: Vec<String>,
    tokens: TokenStream,
    span: Option<Span>,
    /// The separator since the last word.
    separator: Option<Span>,
    /// The first thing that is wrong, and where.
    problem: Option<(Span, String)>,
}

impl Reader {
    /// Takes a token if it belongs to the name.
    fn accept(&mut self, token: TokenTree, before_dot: bool) -> bool {
        let expects_word = self.words.is_empty() || self.separator.is_some();
        match &token {
            TokenTree::Group(_) => return false,
            TokenTree::Ident(word) if expects_word => self.word(&word.to_string(), word.span()),
            TokenTree::Literal(word) if expects_word => self.word(&word.to_string(), word.span()),
            // A guard follows, or the next item began without an end of this one.
            TokenTree::Ident(word) if word == "if" || before_dot => return false,
            TokenTree::Literal(_) => return false,
            TokenTree::Ident(word) => {
                self.problem_at(word.span(), "a dot is missing before this word");
                self.word(&word.to_string(), word.span());
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                '.' if !expects_word => self.separator = Some(punct.span()),
                '.' => self.problem_at(punct.span(), "a word is missing before this dot"),
                '-' | ':' | '/' if !self.words.is_empty() => {
                    if !expects_word {
                        self.separator = Some(punct.span());
                        self.problem_at(
                            punct.span(),
                            "words are separated by dots, and their parts by `_`",
                        );
                    }
                }
                _ => return false,
            },
        }
        self.tokens.extend([token]);
        true
    }

    fn word(&mut self, word: &str, span: Span) {
        self.separator = None;
        self.span = Some(span);
        let starts_with_letter = word.starts_with(|first: char| first.is_ascii_lowercase());
        let is_plain = word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let parts_are_whole = word.split('_').all(|part| !part.is_empty());
        if !starts_with_letter || !is_plain || !parts_are_whole {
            self.problem_at(
                span,
                "its words are lower-case letters, digits and `_`, and start with a letter",
            );
        }
        self.words.push(snake_case(word));
    }

    fn problem_at(&mut self, span: Span, message: &str) {
        self.problem
            .get_or_insert_with(|| (span, message.to_owned()));
    }

    fn finish(mut self, errors: &mut Errors) -> WireName {
        if let Some(span) = self.separator {
            self.problem_at(span, "a word is missing after this dot");
        }
        let mut text = String::new();
        for word in self.words.iter().filter(|word| !word.is_empty()) {
            if !text.is_empty() {
                // A word can't start with a digit, but a part of one can.
                text.push(if word.starts_with(|c: char| c.is_ascii_digit()) {
                    '_'
                } else {
                    '.'
                });
            }
            text.push_str(word);
        }
        if let Some((span, message)) = self.problem {
            errors.at(
                span,
                format!("malformed wire name: {message}; perhaps `{text}`"),
            );
        }
        WireName {
            text,
            tokens: self.tokens,
            span: self.span.unwrap_or_else(Span::call_site),
        }
    }
}

/// The nearest well-formed word: `PaymentDone` → `payment_done`. Empty if nothing is left.
fn snake_case(word: &str) -> String {
    let mut snake = String::new();
    let mut previous_is_lower = false;
    for c in word.trim_start_matches("r#").chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && previous_is_lower {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
            previous_is_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
            previous_is_lower = false;
        }
    }
    snake.trim_end_matches('_').to_owned()
}
