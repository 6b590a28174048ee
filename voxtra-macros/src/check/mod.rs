//! Declarations → model. What leaves this stage is right; what was wrong is noted and left out.

mod builtin;
mod defaults;
mod events;
mod fields;
pub(crate) mod nearest;
mod routes;
mod sessions;

use proc_macro2::{Group, Ident, Span, TokenStream};
use syn::{Attribute, Expr, ItemUse, LitStr, Pat, Type};

use crate::{
    errors::Errors,
    parse::{Declarations, WhenDecl},
    roots::Roots,
};

/// All that `generate` needs to know.
pub(crate) struct Model {
    /// The events are the built-in ones.
    pub(crate) catalogue: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) sets: Vec<Set>,
    pub(crate) sessions: Vec<Session>,
    /// Imports of events that are declared elsewhere, to be written as they are.
    pub(crate) imports: Vec<ItemUse>,
}

/// Events that have a place in one enum.
pub(crate) struct Set {
    /// The number by which its events refer to it.
    pub(crate) index: usize,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
}

pub(crate) struct Event {
    /// Its place in the list of sets, if it stands in one.
    pub(crate) set: Option<usize>,
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) realtime: bool,
    pub(crate) fields: Vec<Field>,
}

impl Event {
    /// Whether the event has a size that doesn't depend on what it carries.
    pub(crate) fn is_fixed_size(&self) -> bool {
        self.fields.iter().all(|field| field.shape.is_copy())
    }
}

pub(crate) struct Field {
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// The type as a reader would write it, for the catalogue.
    pub(crate) type_text: String,
    pub(crate) shape: Shape,
    pub(crate) default: Option<FieldDefault>,
}

/// The value of a field that is missing.
pub(crate) struct FieldDefault {
    pub(crate) value: Default,
    /// The same as JSON, where it can be seen from the way it is written.
    pub(crate) json: Option<String>,
}

pub(crate) enum Default {
    /// `None`, of an `Option`.
    Nothing,
    /// `Some` of it.
    Some(Box<Default>),
    /// A variant of the field's own enum.
    Word(Ident),
    Millis(u64),
    BoundedText(LitStr),
    HeapText(LitStr),
    Computed(Expr),
}

/// A field's type, as far as its tokens show it.
pub(crate) enum Shape {
    /// Integers, floats, `bool`, `char`.
    Plain,
    Duration,
    /// Text of bounded size, in place.
    BoundedText,
    /// Text on the heap.
    HeapText,
    /// An enum declared in the field itself.
    Inline(Vec<Variant>),
    Option(Box<Shape>),
    Other,
}

pub(crate) struct Variant {
    pub(crate) name: Ident,
    pub(crate) wire: String,
}

impl Shape {
    pub(crate) fn is_copy(&self) -> bool {
        match self {
            Self::Plain | Self::Duration | Self::BoundedText | Self::Inline(_) => true,
            Self::Option(inner) => inner.is_copy(),
            Self::HeapText | Self::Other => false,
        }
    }
}

pub(crate) struct Session {
    /// Where its braces stand.
    pub(crate) braces: Span,
    pub(crate) name: Ident,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) routes: Vec<Route>,
    pub(crate) state: Vec<StateField>,
    /// The names of the steps; a step is known by its place here.
    pub(crate) steps: Vec<Ident>,
    /// The bodies that run when a step is entered.
    pub(crate) enters: Vec<(u16, Group)>,
    /// In the order in which they are tried: those of the steps, then the session's own.
    pub(crate) handlers: Vec<Handler>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) on_error: OnError,
    pub(crate) hangup: Option<Group>,
}

pub(crate) struct Route {
    pub(crate) to: Target,
    pub(crate) metadata: Vec<(String, LitStr)>,
}

pub(crate) enum Target {
    Extension(LitStr),
    Number(LitStr),
    Default,
}

pub(crate) struct StateField {
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) first: Expr,
}

pub(crate) struct Timer {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) step: Option<u16>,
    pub(crate) when: WhenDecl,
    pub(crate) millis: u64,
    pub(crate) body: Group,
}

/// The consequence of a handler's error.
pub(crate) enum OnError {
    Continue,
    HangUp,
    Goto(u16),
    Handle(Option<Ident>, Group),
}

/// Where an event is declared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    BuiltIn,
    /// In this `voxtra!`.
    Here,
    /// In another one.
    Elsewhere,
}

pub(crate) struct Handler {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) step: Option<u16>,
    pub(crate) interrupt: bool,
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Group,
}

/// One of the events that a handler is for.
pub(crate) struct Alternative {
    /// Where it is declared; nothing for `any`.
    pub(crate) origin: Option<Origin>,
    /// The event's struct, with the span of the name at this handler.
    pub(crate) event: Ident,
    pub(crate) wire: String,
    pub(crate) binding: Option<TokenStream>,
    pub(crate) fields: Vec<FieldPattern>,
}

pub(crate) struct FieldPattern {
    pub(crate) name: Ident,
    pub(crate) pattern: Matcher,
}

/// How a field is looked at.
pub(crate) enum Matcher {
    /// By a pattern of Rust.
    Pattern(Pat),
    /// As text, by a pattern that has string literals in it.
    Text(Pat),
    /// By the values of an inline enum, which has this name.
    Words(Ident, Vec<Ident>),
}

pub(crate) fn check(declarations: Declarations, roots: &Roots, errors: &mut Errors) -> Model {
    // A declaration that couldn't be parsed may be one that another needs.
    let is_whole = errors.is_empty();
    let catalogue = declarations.catalogue.is_some();
    if let Some(span) = declarations.catalogue
        && !roots.is_core
    {
        errors.at(span, "the built-in catalogue is declared in `voxtra-core`; declare your own events in `events { … }`");
    }
    let is_builtin = catalogue && roots.is_core;
    let events = events::check(declarations.events, is_builtin, errors);
    if let (Some(session), None) = (declarations.sessions.first(), &roots.rt) {
        errors.at(
            session.name.span(),
            "a session needs the runtime: declare it in the `voxtra!` of `voxtra` (or of `voxtra-rt`)",
        );
    }
    let imported = declarations.imports.iter().flat_map(|import| &import.names);
    let known = sessions::Known {
        is_whole,
        events: &events,
        imported: imported.map(Ident::to_string).collect(),
    };
    let (sets, names) = events::sets(declarations.sets, &events, errors);
    let sessions = sessions::check(declarations.sessions, names, &known, errors);
    let imports = declarations
        .imports
        .into_iter()
        .map(|import| import.item)
        .collect();
    Model {
        catalogue: is_builtin,
        events,
        sets,
        sessions,
        imports,
    }
}
