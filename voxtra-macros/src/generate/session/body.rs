//! Bodies: Rust as it was written, with `goto` and an end that succeeds.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Block, Expr, Stmt, ext::IdentExt};

/// What bodies of one session have in common.
pub(super) struct Bodies<'a> {
    /// Where a body leaves the step that comes next.
    pub(super) goto: &'a Ident,
    pub(super) steps: &'a [Ident],
    pub(super) core: &'a TokenStream,
}

impl Bodies<'_> {
    /// A body may end in its own `Ok(…)` or `Err(…)`, and otherwise succeeds when it comes to its end.
    pub(super) fn of(&self, body: &Group) -> TokenStream {
        let group = &self.with_ways(body);
        match syn::parse2::<Block>(quote!(#group)) {
            Ok(block) if ends_in_result(&block) => quote!(#group),
            // The end is a statement of its own, as a body that always returns early leaves it out of reach.
            Ok(_) => quote!({
                #[allow(unused_braces)]
                #group
                #[allow(unreachable_code, clippy::needless_return)]
                return ::core::result::Result::Ok(());
            }),
            // Left to the compiler, which explains it better, but in an expansion of its own: the rest of the output isn't lost with it.
            Err(_) => {
                let core = self.core;
                quote!({ #core::__private::handler_body!(#group); ::core::result::Result::Ok(()) })
            }
        }
    }

    /// The same with every `goto step` as Rust.
    fn with_ways(&self, group: &Group) -> Group {
        let mut output = TokenStream::new();
        let mut tokens = group.stream().into_iter().peekable();
        let mut after_dot = false;
        while let Some(token) = tokens.next() {
            let is_goto = matches!(&token, TokenTree::Ident(word) if word == "goto") && !after_dot;
            after_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
            match &token {
                TokenTree::Ident(word) if is_goto => {
                    let target = match tokens.peek() {
                        Some(TokenTree::Ident(name)) => Some(name.clone()),
                        _ => None,
                    };
                    if target.is_some() {
                        tokens.next();
                    }
                    output.extend(self.way(word, target));
                }
                TokenTree::Group(inner) => output.extend([TokenTree::Group(self.with_ways(inner))]),
                _ => output.extend([token]),
            }
        }
        let mut with_ways = Group::new(group.delimiter(), output);
        with_ways.set_span(group.span());
        with_ways
    }

    /// Ends the body; the step is left for whoever runs it.
    fn way(&self, word: &Ident, target: Option<Ident>) -> TokenStream {
        let goto = self.goto;
        let index = target.and_then(|name| {
            let place = self
                .steps
                .iter()
                .position(|step| step.unraw() == name.unraw())?;
            u16::try_from(place).ok()
        });
        // A way to nowhere was complained of.
        let set = index.map(|index| quote!(*#goto = ::core::option::Option::Some(#index);));
        let end = quote_spanned!(word.span()=> return);
        quote!({ #set #end ::core::result::Result::Ok(()) })
    }
}

fn ends_in_result(block: &Block) -> bool {
    let Some(Stmt::Expr(Expr::Call(last), None)) = block.stmts.last() else {
        return false;
    };
    let Expr::Path(function) = &*last.func else {
        return false;
    };
    function
        .path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "Ok" || segment.ident == "Err")
}
