//! Bodies: Rust as it was written, with `goto` and an end that succeeds.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{Block, Expr, Lifetime, Stmt, ext::IdentExt, spanned::Spanned};

/// Names that all bodies of one session use.
pub(super) struct Bodies<'a> {
    /// The variable in which a body leaves the next step.
    pub(super) goto: &'a Ident,
    pub(super) steps: &'a [Ident],
    pub(super) core: &'a TokenStream,
    pub(super) rt: &'a TokenStream,
}

impl Bodies<'_> {
    /// A body may end in its own `Ok(…)` or `Err(…)`, and otherwise succeeds when it comes to its
    /// end.
    pub(super) fn of(&self, body: &Group) -> TokenStream {
        let (group, label) = self.replaced(body, BodyEnd::Nothing);
        match syn::parse2::<Block>(quote!(#group)) {
            Ok(block) if ends_in_result(&block) => {
                let (group, label) = self.replaced(body, BodyEnd::Result);
                quote!(#label #group)
            }
            // `call.hangup().await` without `?;`: its result is the body's.
            Ok(mut block) if ends_in_await(&block) => {
                let rt = self.rt;
                let Some(Stmt::Expr(last, None)) = block.stmts.pop() else {
                    return quote!();
                };
                let (stmts, span) = (&block.stmts, last.span());
                let outcome = quote_spanned!(span=> #rt::app::HandlerOutcome::into_result(#last));
                quote!({
                    #[allow(unreachable_code, clippy::needless_return)]
                    #label { #(#stmts)* return #outcome; }
                    #[allow(unreachable_code, clippy::needless_return)]
                    return ::core::result::Result::Ok(());
                })
            }
            // The end is a statement of its own, as a body that always returns early leaves it out
            // of reach.
            Ok(_) => quote!({
                #[allow(unused_braces)]
                #label #group
                #[allow(unreachable_code, clippy::needless_return)]
                return ::core::result::Result::Ok(());
            }),
            // Left to the compiler, which explains it better, but in an expansion of its own: the
            // rest of the output isn't lost with it.
            Err(_) => {
                let (core, (group, _)) = (self.core, self.replaced(body, BodyEnd::Elsewhere));
                quote!({ #core::__private::handler_body!(#group); ::core::result::Result::Ok(()) })
            }
        }
    }

    /// The same with every `goto step` as Rust, and the label that this needs.
    fn replaced(&self, body: &Group, end: BodyEnd) -> (Group, Option<TokenStream>) {
        let mut ways = Ways {
            bodies: self,
            end,
            are_there: false,
            in_async: false,
        };
        let group = ways.replaced(body);
        let label = ways.are_there.then(|| {
            let label = label(Span::call_site());
            quote!(#label:)
        });
        (group, label)
    }
}

/// How a body ends.
#[derive(Clone, Copy)]
enum BodyEnd {
    /// At its last statement.
    Nothing,
    /// With its result.
    Result,
    /// In an expansion of its own, which doesn't know the label.
    Elsewhere,
}

/// The label that `goto` breaks to. The compiler refuses the break in a closure, or an
/// `async` block.
fn label(at: Span) -> Lifetime {
    Lifetime::new("'handler", Span::mixed_site().located_at(at))
}

/// The ways of one body to other steps.
struct Ways<'a> {
    bodies: &'a Bodies<'a>,
    end: BodyEnd,
    are_there: bool,
    /// Whether this is inside an `async` block, which a `goto` can't leave.
    in_async: bool,
}

impl Ways<'_> {
    fn replaced(&mut self, group: &Group) -> Group {
        let mut output = TokenStream::new();
        let mut tokens = group.stream().into_iter().peekable();
        let mut after_dot = false;
        // After `async`, or `async move`.
        let mut after_async = false;
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
                TokenTree::Group(inner) => {
                    let outside = self.in_async;
                    self.in_async |= after_async && inner.delimiter() == Delimiter::Brace;
                    output.extend([TokenTree::Group(self.replaced(inner))]);
                    self.in_async = outside;
                }
                _ => output.extend([token.clone()]),
            }
            after_async = match &token {
                TokenTree::Ident(word) => word == "async" || (after_async && word == "move"),
                _ => false,
            };
        }
        let mut with_ways = Group::new(group.delimiter(), output);
        with_ways.set_span(group.span());
        with_ways
    }

    /// Ends the body, and leaves the step for the code that runs it.
    fn way(&mut self, word: &Ident, target: Option<Ident>) -> TokenStream {
        if self.in_async {
            return quote_spanned! {word.span()=>
                ::core::compile_error!("`goto` ends the body that it stands in, and can't do so from inside an `async` block, which may run elsewhere, or later: let the block return what it found, or `call.emit` an event, and `goto` from the body")
            };
        }
        self.are_there = true;
        let Bodies { goto, steps, .. } = self.bodies;
        let index = target.and_then(|name| {
            let place = steps.iter().position(|step| step.unraw() == name.unraw())?;
            u16::try_from(place).ok()
        });
        // An unknown step has an error already.
        let set = index.map(|index| quote!(*#goto = ::core::option::Option::Some(#index);));
        let span = word.span();
        let (end, label) = (quote_spanned!(span=> break), label(span));
        let end = match self.end {
            BodyEnd::Nothing => quote!(#end #label;),
            BodyEnd::Result => quote!(#end #label ::core::result::Result::Ok(())),
            BodyEnd::Elsewhere => quote_spanned!(span=> return ::core::result::Result::Ok(())),
        };
        quote!({ #set #end })
    }
}

fn ends_in_await(block: &Block) -> bool {
    matches!(block.stmts.last(), Some(Stmt::Expr(Expr::Await(_), None)))
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
