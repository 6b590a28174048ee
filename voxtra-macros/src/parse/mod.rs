//! Tokens → declarations. Only the shape is looked at here; whether names are known or doubled is
//! `check`'s business.

mod duration;
mod events;
mod imports;
mod recovery;
mod session;
mod wire;

use proc_macro2::{Group, Span, TokenStream};
use syn::{
    Attribute, Expr, Ident, ItemUse, LitStr, Pat, Token, Type, braced, ext::IdentExt,
    parse::ParseStream, parse::Parser,
};

pub(crate) use self::duration::millis;
pub(crate) use self::session::{find, routes::KINDS};
pub(crate) use self::wire::{WireName, pascal_case};
use crate::{check::nearest, errors::Errors};

/// Everything that one `voxtra!` declares.
#[derive(Default)]
pub(crate) struct Declarations {
    /// Where the word `catalogue` stands, if the events are the built-in ones.
    pub(crate) catalogue: Option<Span>,
    pub(crate) events: Vec<EventDecl>,
    pub(crate) sets: Vec<SetDecl>,
    pub(crate) sessions: Vec<SessionDecl>,
    pub(crate) imports: Vec<ImportDecl>,
}

/// `use path::{Event, …};`: events that are declared elsewhere.
pub(crate) struct ImportDecl {
    pub(crate) item: ItemUse,
    /// The names of the structs as they are known here.
    pub(crate) names: Vec<Ident>,
}

/// `events Name { … }`
pub(crate) struct SetDecl {
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
}

/// `@realtime wire.name { fields }`
pub(crate) struct EventDecl {
    /// Its place in the list of sets, if it stands in one.
    pub(crate) set: Option<usize>,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) realtime: bool,
    pub(crate) wire: WireName,
    pub(crate) fields: Vec<FieldDecl>,
}

/// `name: Type` or `name: this | that`, and perhaps `= default`.
pub(crate) struct FieldDecl {
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) ty: TypeDecl,
    pub(crate) default: Option<Expr>,
}

pub(crate) enum TypeDecl {
    Rust(Box<Type>),
    /// The words of an inline enum.
    Inline(Vec<Ident>),
}

/// `session Name { … }`
pub(crate) struct SessionDecl {
    /// Where its braces stand.
    pub(crate) braces: Span,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) routes: Vec<RouteDecl>,
    pub(crate) has_state: bool,
    pub(crate) state: Vec<StateDecl>,
    /// The items outside of the steps.
    pub(crate) scope: ScopeDecl,
    pub(crate) steps: Vec<StepDecl>,
    pub(crate) catch: Vec<CatchDecl>,
    /// The word and what stands behind it.
    pub(crate) hangup: Vec<(Ident, Group)>,
}

/// `extension "1000" { key: "value" }`
pub(crate) struct RouteDecl {
    pub(crate) kind: Ident,
    pub(crate) pattern: Option<LitStr>,
    pub(crate) metadata: Vec<MetadataDecl>,
}

/// `key: "value"`
pub(crate) struct MetadataDecl {
    pub(crate) key: Ident,
    pub(crate) value: LitStr,
}

/// `name: Type = first value`
pub(crate) struct StateDecl {
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) first: Expr,
}

/// Items that a session and a step have in common.
#[derive(Default)]
pub(crate) struct ScopeDecl {
    pub(crate) handlers: Vec<HandlerDecl>,
    pub(crate) timers: Vec<TimerDecl>,
}

/// `step name { … }`
pub(crate) struct StepDecl {
    pub(crate) name: Ident,
    /// The word and what stands behind it.
    pub(crate) enter: Vec<(Ident, Group)>,
    pub(crate) scope: ScopeDecl,
}

/// `interrupt on alternative | alternative if guard { body }`
pub(crate) struct HandlerDecl {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) interrupt: bool,
    pub(crate) alternatives: Vec<AlternativeDecl>,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Group,
}

/// `wire.name(binding, field: pattern)`
pub(crate) struct AlternativeDecl {
    pub(crate) wire: WireName,
    pub(crate) binding: Option<TokenStream>,
    pub(crate) fields: Vec<PatternDecl>,
}

/// `field: pattern`
pub(crate) struct PatternDecl {
    pub(crate) name: Ident,
    pub(crate) pattern: Pat,
}

/// `after 10s of user.silence { body }`
pub(crate) struct TimerDecl {
    pub(crate) attrs: Vec<Attribute>,
    /// Where the duration stands.
    pub(crate) span: Span,
    pub(crate) when: WhenDecl,
    pub(crate) millis: u64,
    pub(crate) body: Group,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenDecl {
    After,
    Silence,
    Every,
}

/// `catch policy`
pub(crate) struct CatchDecl {
    pub(crate) span: Span,
    pub(crate) policy: PolicyDecl,
}

pub(crate) enum PolicyDecl {
    Continue,
    HangUp,
    Goto(Ident),
    Handle(Option<Ident>, Group),
}

pub(crate) fn parse(input: TokenStream, errors: &mut Errors) -> Declarations {
    let mut declarations = Declarations::default();
    let sections = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = section(input, &mut declarations, errors) {
                errors.push(error);
                recovery::skip_item(input);
            }
        }
        Ok(())
    };
    let outcome = sections.parse2(input);
    errors.take(outcome);
    declarations
}

fn section(
    input: ParseStream<'_>,
    into: &mut Declarations,
    errors: &mut Errors,
) -> syn::Result<()> {
    if imports::peek(input) {
        into.imports.push(imports::parse(input, errors)?);
        return Ok(());
    }
    let attrs = input.call(Attribute::parse_outer)?;
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected `events { … }` or `session Name { … }`"));
    }
    let keyword = input.call(Ident::parse_any)?;
    match keyword.to_string().as_str() {
        "events" | "catalogue" => {
            if keyword == "catalogue" {
                into.catalogue = Some(keyword.span());
            }
            let set = if input.peek(Ident) {
                let name = input.parse()?;
                let docs = only_docs(attrs, "a set of events", errors);
                into.sets.push(SetDecl { docs, name });
                into.sets.len().checked_sub(1)
            } else if input.peek(Ident::peek_any) {
                let name = input.call(Ident::parse_any)?;
                errors.at(
                    name.span(),
                    format!("`{name}` can't name a set of events: it is a keyword of Rust"),
                );
                None
            } else {
                for attr in &attrs {
                    errors.over(
                        attr,
                        "attributes belong to an event, not to a list of events that has no name",
                    );
                }
                None
            };
            let content;
            braced!(content in input);
            events::parse(&content, set, &mut into.events, errors);
        }
        "session" => {
            let docs = only_docs(attrs, "a session", errors);
            let session = session::parse(docs, input, errors)?;
            into.sessions.push(session);
        }
        other => {
            let hint = match nearest::among(other, ["events", "session"]) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            return Err(syn::Error::new(
                keyword.span(),
                format!(
                    "expected `events {{ … }}` or `session Name {{ … }}`, found `{other}`{hint}"
                ),
            ));
        }
    }
    // A stray separator after a closing brace is harmless.
    while input.parse::<Option<Token![;]>>()?.is_some() {}
    Ok(())
}

/// Keeps documentation, refuses every other attribute.
fn only_docs(attrs: Vec<Attribute>, of: &str, errors: &mut Errors) -> Vec<Attribute> {
    attrs
        .into_iter()
        .filter(|attr| {
            let is_doc = attr.path().is_ident("doc");
            if !is_doc {
                errors.over(
                    attr,
                    format!("{of} takes documentation (`/// …`) but no other attribute"),
                );
            }
            is_doc
        })
        .collect()
}
