//! `session Name { … }`: routes, state, handlers, timers and steps.

mod handler;
pub(crate) mod routes;
mod state;
mod timer;

use proc_macro2::{Ident as Word, TokenStream, TokenTree};
use syn::{Attribute, Ident, Token, braced, ext::IdentExt, parse::ParseStream, token};

use super::{
    CatchDecl, HandlerDecl, PolicyDecl, ScopeDecl, SessionDecl, StepDecl, only_docs, recovery,
};
use crate::{check::nearest, errors::Errors};

const ITEMS: [&str; 9] = [
    "route",
    "state",
    "on",
    "interrupt",
    "after",
    "every",
    "step",
    "catch",
    "hangup",
];
const STEP_ITEMS: [&str; 5] = ["enter", "on", "interrupt", "after", "every"];

pub(super) fn parse(
    docs: Vec<Attribute>,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<SessionDecl> {
    if !input.peek(Ident) {
        return Err(input.error("expected the name of the session: `session Name { … }`"));
    }
    let name: Ident = input.parse()?;
    if !input.peek(token::Brace) {
        return Err(input.error(format!("expected `{{ … }}` after `session {name}`")));
    }
    let content;
    let braces = braced!(content in input);
    let mut session = SessionDecl {
        braces: braces.span.join(),
        docs,
        name,
        routes: Vec::new(),
        has_state: false,
        state: Vec::new(),
        scope: ScopeDecl::default(),
        steps: Vec::new(),
        catch: Vec::new(),
        hangup: Vec::new(),
    };
    while !content.is_empty() {
        if let Err(error) = item(&content, &mut session, errors) {
            errors.push(error);
            recovery::skip_item(&content);
        }
    }
    Ok(session)
}

fn item(input: ParseStream<'_>, into: &mut SessionDecl, errors: &mut Errors) -> syn::Result<()> {
    let attrs = input.call(Attribute::parse_outer)?;
    let keyword = keyword(input, &ITEMS)?;
    match keyword.to_string().as_str() {
        "route" => {
            only_docs(attrs, "a route", errors);
            routes::parse(input, &mut into.routes, errors)
        }
        "state" => {
            only_docs(attrs, "the state", errors);
            let content;
            braced!(content in input);
            if let Some(early) = into.scope.first_use("state").or_else(|| {
                into.steps
                    .iter()
                    .find_map(|step| step.scope.first_use("state"))
            }) {
                errors.at(
                    early.span(),
                    "`state` is used before it is declared: move `state { … }` above this",
                );
            }
            into.has_state = true;
            state::parse(&content, &mut into.state, errors);
            Ok(())
        }
        "step" => {
            only_docs(attrs, "a step", errors);
            into.steps.push(step(input, errors)?);
            Ok(())
        }
        "catch" => {
            only_docs(attrs, "`catch`", errors);
            into.catch.push(catch(&keyword, input, errors)?);
            Ok(())
        }
        "hangup" => {
            only_docs(attrs, "`hangup`", errors);
            let body = handler::body(input, "hangup")?;
            into.hangup.push((keyword, body));
            Ok(())
        }
        _ => scoped(&keyword, attrs, input, &mut into.scope, errors),
    }
}

/// The word with which an item begins.
fn keyword(input: ParseStream<'_>, known: &[&str]) -> syn::Result<Ident> {
    let list: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    let list = match list.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    };
    if !input.peek(Ident::peek_any) {
        return Err(input.error(format!("expected {list}")));
    }
    let keyword = input.call(Ident::parse_any)?;
    let text = keyword.to_string();
    if known.contains(&text.as_str()) {
        return Ok(keyword);
    }
    let hint = if STEP_ITEMS.contains(&text.as_str()) {
        format!("; `{text}` belongs into a `step`")
    } else if ITEMS.contains(&text.as_str()) {
        format!("; `{text}` belongs to the session, outside of its steps")
    } else {
        match nearest::among(&text, known.iter().copied()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        }
    };
    Err(syn::Error::new(
        keyword.span(),
        format!("expected {list}, found `{text}`{hint}"),
    ))
}

/// Parses an item that a session and a step can both have.
fn scoped(
    keyword: &Ident,
    attrs: Vec<Attribute>,
    input: ParseStream<'_>,
    into: &mut ScopeDecl,
    errors: &mut Errors,
) -> syn::Result<()> {
    match keyword.to_string().as_str() {
        "on" => into
            .handlers
            .push(handler::parse(attrs, false, input, errors)?),
        "interrupt" => {
            let ahead = input.fork();
            if ahead.call(Ident::parse_any).is_ok_and(|word| word == "on") {
                input.call(Ident::parse_any)?;
            } else {
                errors.at(
                    keyword.span(),
                    "an interrupting handler is written `interrupt on wire.name { … }`",
                );
            }
            into.handlers
                .push(handler::parse(attrs, true, input, errors)?);
        }
        _ => into
            .timers
            .push(timer::parse(attrs, keyword, input, errors)?),
    }
    Ok(())
}

fn step(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<StepDecl> {
    if !input.peek(Ident) {
        return Err(input.error("expected the name of the step: `step name { … }`"));
    }
    let name: Ident = input.parse()?;
    if !input.peek(token::Brace) {
        return Err(input.error(format!("expected `{{ … }}` after `step {name}`")));
    }
    let content;
    braced!(content in input);
    let mut step = StepDecl {
        name,
        enter: Vec::new(),
        scope: ScopeDecl::default(),
    };
    while !content.is_empty() {
        if let Err(error) = step_item(&content, &mut step, errors) {
            errors.push(error);
            recovery::skip_item(&content);
        }
    }
    Ok(step)
}

fn step_item(input: ParseStream<'_>, into: &mut StepDecl, errors: &mut Errors) -> syn::Result<()> {
    let attrs = input.call(Attribute::parse_outer)?;
    let keyword = keyword(input, &STEP_ITEMS)?;
    if keyword == "enter" {
        only_docs(attrs, "`enter`", errors);
        let body = handler::body(input, "enter")?;
        into.enter.push((keyword, body));
        return Ok(());
    }
    scoped(&keyword, attrs, input, &mut into.scope, errors)
}

/// `catch continue;`, `catch hangup;`, `catch goto step;` or `catch(error) { … }`
fn catch(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<CatchDecl> {
    const SHAPE: &str =
        "expected `catch continue;`, `catch hangup;`, `catch goto step;` or `catch(error) { … }`";
    let span = keyword.span();
    if input.peek(token::Paren) || input.peek(token::Brace) {
        let mut binding = None;
        if input.peek(token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            binding = content.parse().ok();
            if binding.is_none() || !content.is_empty() {
                errors.at(
                    span,
                    "the error is bound to a single name: `catch(error) { … }`",
                );
                content.parse::<TokenStream>()?;
            }
        }
        let body = handler::body(input, "catch(error)")?;
        let policy = PolicyDecl::Handle(binding, body);
        return Ok(CatchDecl { span, policy });
    }
    let word = input
        .call(Ident::parse_any)
        .map_err(|error| syn::Error::new(error.span(), SHAPE))?;
    let policy = match word.to_string().as_str() {
        "continue" => PolicyDecl::Continue,
        "hangup" => PolicyDecl::HangUp,
        "goto" => PolicyDecl::Goto(input.parse()?),
        _ => return Err(syn::Error::new(word.span(), SHAPE)),
    };
    if input.parse::<Option<Token![;]>>()?.is_none() {
        errors.push(input.error("expected `;` after what an error does"));
    }
    Ok(CatchDecl { span, policy })
}

impl ScopeDecl {
    /// Where `word` stands first in its bodies and guards.
    fn first_use(&self, word: &str) -> Option<Word> {
        let handlers = self.handlers.iter().flat_map(HandlerDecl::tokens);
        let timers = self.timers.iter().map(|timer| timer.body.stream());
        handlers.chain(timers).find_map(|tokens| find(tokens, word))
    }
}

impl HandlerDecl {
    fn tokens(&self) -> [TokenStream; 2] {
        let guard = &self.guard;
        [quote::quote!(#guard), self.body.stream()]
    }
}

/// The first `word` among the tokens, however deep.
pub(crate) fn find(tokens: TokenStream, word: &str) -> Option<Word> {
    let mut after_dot = false;
    for token in tokens {
        match &token {
            // A member of something else is another thing.
            TokenTree::Ident(found) if found == word && !after_dot => return Some(found.clone()),
            TokenTree::Group(group) => {
                if let Some(found) = find(group.stream(), word) {
                    return Some(found);
                }
            }
            _ => {}
        }
        after_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    None
}
