//! Any text in `voxtra!`. A crate of macros can't be linked by others, so `fuzz/` takes the stages
//! as files of its own.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::{expand, roots::Roots};

/// For any tokens the macro's output is code that parses, and the same code each time.
pub(crate) fn expansion(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(input) = text.parse::<TokenStream>() else {
        return;
    };
    // The compiler has a limit too, and says so before it calls a macro.
    if depth(input.clone()) > DEEPEST {
        return;
    }
    for roots in roots() {
        let output = expand(input.clone(), &roots);
        if let Err(error) = syn::parse2::<syn::File>(output.clone()) {
            panic!("{error}\nfrom: {text}\nto: {output}");
        }
        assert_eq!(
            expand(input.clone(), &roots).to_string(),
            output.to_string()
        );
    }
}

/// Groups within groups.
const DEEPEST: usize = 40;

fn depth(tokens: TokenStream) -> usize {
    let inside = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => 1 + depth(group.stream()),
        _ => 0,
    });
    inside.max().unwrap_or(0)
}

/// As users of `voxtra`, of the core alone, and the core itself see it.
fn roots() -> [Roots; 3] {
    let core = || quote!(::voxtra::core);
    let rt = || Some(quote!(::voxtra::rt));
    [(rt(), false), (None, false), (None, true)].map(|(rt, is_core)| Roots {
        core: core(),
        rt,
        is_core,
    })
}

#[cfg(test)]
mod tests {
    /// Cut anywhere, as an editor has it.
    #[test]
    fn beginnings_of_valid_text() {
        let text = r##"
            events {
                /// The caller confirmed a payment.
                payment.confirmed { amount_cents: u64, by: card | cash, after: Option<Duration>, }
                @realtime key_held;
            }
            session Support {
                route extension "1000", number "+265*", default;
                state { attempts: u8 = 0 }
                on call.started { call.answer().await?; }
                on dtmf.received(e) if e.digit == '0' { state.attempts += 1; }
            }
        "##;
        let opened = ["", "}", "}}", "}}}", ")", ")}}"];
        for end in 0..=text.len() {
            for close in opened {
                let data = [text.get(..end).unwrap_or_default(), close].concat();
                super::expansion(data.as_bytes());
            }
        }
    }

    /// What would begin a statement if it stood where statements stand.
    #[test]
    fn defaults_are_expressions() {
        for default in [
            "crate",
            "super",
            "if true { 1 } else { 2 } + 1",
            "{ 1 } - 1",
            "-1",
        ] {
            let text = format!("events {{ order.placed {{ items: i64 = {default} }} }}");
            super::expansion(text.as_bytes());
        }
    }
}
