//! The handler that a call goes to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::session::{Call, CallInfo, HandlerError, Session, run_session};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The return value of a handler: nothing, or a result.
#[diagnostic::on_unimplemented(
    message = "a handler ends in nothing or in `Result<(), _>`, not in `{Self}`",
    note = "end its last line with `?;` and, in a function, go on with `Ok(())`"
)]
pub trait HandlerOutcome {
    /// As a result.
    ///
    /// # Errors
    /// The handler's own.
    fn into_result(self) -> Result<(), HandlerError>;
}

impl HandlerOutcome for () {
    fn into_result(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

impl<E: Failure> HandlerOutcome for Result<(), E> {
    fn into_result(self) -> Result<(), HandlerError> {
        self.map_err(Failure::into_failure)
    }
}

/// An error of a handler: any type that `?` turns into a [`HandlerError`].
#[diagnostic::on_unimplemented(
    message = "a handler can't fail with `{Self}`",
    note = "the error must be one that may cross threads: write `Result<(), HandlerError>`, which is `Box<dyn Error + Send + Sync>`, in place of `Box<dyn Error>`"
)]
pub trait Failure {
    /// As the error that is published.
    fn into_failure(self) -> HandlerError;
}

// Otherwise the compiler would speak of conversions.
#[diagnostic::do_not_recommend]
impl<E: Into<HandlerError>> Failure for E {
    fn into_failure(self) -> HandlerError {
        self.into()
    }
}

/// A handler of calls: an async function of a call, or a session declared with `voxtra!`.
#[derive(Clone)]
pub struct Handler(Arc<dyn Fn(Call) -> BoxFuture<Result<(), HandlerError>> + Send + Sync>);

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handler")
    }
}

impl Handler {
    /// Handles a call with an async function.
    pub fn new<F, R>(handle: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output: HandlerOutcome> + Send + 'static,
    {
        let handle = Arc::new(handle);
        Self(Arc::new(move |call| {
            let handle = handle.clone();
            // The handler is first called inside its own task, where a panic is caught.
            Box::pin(async move { handle(call).await.into_result() })
        }))
    }

    /// Handles a call with a session declared with `voxtra!`.
    pub fn session<S: Session>() -> Self {
        Self::declared::<S>(&[])
    }

    /// The same, for calls of a route with metadata.
    pub(crate) fn declared<S: Session>(metadata: &'static [(&'static str, &'static str)]) -> Self {
        Self::new(move |call: Call| {
            for (key, value) in metadata {
                call.set_metadata(*key, *value);
            }
            run_session::<S>(call)
        })
    }

    pub(crate) fn call(&self, call: Call) -> BoxFuture<Result<(), HandlerError>> {
        (self.0)(call)
    }
}

/// A rule that looks at a call and may choose a handler for it.
pub(crate) type Rule = Arc<dyn Fn(CallInfo) -> BoxFuture<Option<Handler>> + Send + Sync>;

/// All routes of an application. The first match wins: extensions, numbers, the longest number
/// prefix, the rules in the order of their registration, the default.
#[derive(Clone, Default)]
pub(crate) struct Routes {
    extensions: Vec<Registered>,
    numbers: Vec<Registered>,
    prefixes: Vec<Registered>,
    rules: Vec<Rule>,
    default: Option<Registered>,
}

/// A pattern, the handler of its calls, and the handler's name in errors.
#[derive(Clone)]
struct Registered {
    pattern: String,
    handler: Handler,
    owner: String,
}

/// A route that can't be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Another route takes the same calls.
    #[error("two routes for {calls}, of {first} and of {second}: one of them would never be used")]
    Duplicate {
        /// The calls.
        calls: String,
        /// The handler of the first route.
        first: String,
        /// The handler of the second route.
        second: String,
    },
    /// A session that was registered has no route.
    #[error(
        "the session {0} has no route, so no call would reach it: declare one, such as `route default;`, or name it in a [[route]] of the configuration"
    )]
    None(String),
    /// The configuration has several agents, and nothing says which calls they take.
    #[error(
        "the configuration has the agents {0} and no [[route]]: say which of them takes which calls"
    )]
    Unrouted(String),
    /// The configuration names an agent that the program doesn't have.
    #[error("a [[route]] of the configuration names the agent {agent:?}: {known}")]
    Agent {
        /// The name.
        agent: String,
        /// The agents that exist, in words.
        known: String,
    },
    /// The pattern makes no sense.
    #[error("{0:?} is no number: digits, an optional leading +, and an optional * at the end")]
    Pattern(String),
}

impl Routes {
    /// Whether no call is taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.extensions.is_empty()
            && self.numbers.is_empty()
            && self.prefixes.is_empty()
            && self.rules.is_empty()
            && self.default.is_none()
    }

    pub(crate) fn extension(
        &mut self,
        extension: &str,
        handler: Handler,
        owner: &str,
    ) -> Result<(), RouteError> {
        let route = Registered {
            pattern: extension.to_owned(),
            handler,
            owner: owner.to_owned(),
        };
        add(&mut self.extensions, route, "extension")
    }

    pub(crate) fn number(
        &mut self,
        pattern: &str,
        handler: Handler,
        owner: &str,
    ) -> Result<(), RouteError> {
        let (digits, prefix) = match pattern.strip_suffix('*') {
            Some(digits) => (digits, true),
            None => (pattern, false),
        };
        let plain = normalized(digits);
        let rest = plain.strip_prefix('+').unwrap_or(&plain);
        if !rest.bytes().all(|byte| byte.is_ascii_digit()) || (rest.is_empty() && !prefix) {
            return Err(RouteError::Pattern(pattern.to_owned()));
        }
        let route = Registered {
            pattern: plain,
            handler,
            owner: owner.to_owned(),
        };
        if prefix {
            add(&mut self.prefixes, route, "number prefix")?;
            self.prefixes
                .sort_by_key(|route| std::cmp::Reverse(route.pattern.len()));
            Ok(())
        } else {
            add(&mut self.numbers, route, "number")
        }
    }

    pub(crate) fn rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn otherwise(&mut self, handler: Handler, owner: &str) -> Result<(), RouteError> {
        let route = Registered {
            pattern: String::new(),
            handler,
            owner: owner.to_owned(),
        };
        if let Some(known) = &self.default {
            return Err(RouteError::Duplicate {
                calls: "the default".to_owned(),
                first: known.owner.clone(),
                second: route.owner,
            });
        }
        self.default = Some(route);
        Ok(())
    }

    pub(crate) async fn find(&self, info: &CallInfo) -> Option<Handler> {
        let dialled = &info.called_number;
        let number = normalized(dialled);
        let fixed = find(&self.extensions, |extension| extension == dialled)
            .or_else(|| find(&self.numbers, |known| *known == number))
            .or_else(|| find(&self.prefixes, |prefix| number.starts_with(prefix.as_str())));
        if fixed.is_some() {
            return fixed;
        }
        for rule in &self.rules {
            if let Some(handler) = rule(info.clone()).await {
                return Some(handler);
            }
        }
        self.default.as_ref().map(|route| route.handler.clone())
    }
}

fn add(to: &mut Vec<Registered>, route: Registered, what: &str) -> Result<(), RouteError> {
    if let Some(known) = to.iter().find(|known| known.pattern == route.pattern) {
        return Err(RouteError::Duplicate {
            calls: format!("{what} {:?}", route.pattern),
            first: known.owner.clone(),
            second: route.owner,
        });
    }
    to.push(route);
    Ok(())
}

fn find(routes: &[Registered], fits: impl Fn(&String) -> bool) -> Option<Handler> {
    routes
        .iter()
        .find(|route| fits(&route.pattern))
        .map(|route| route.handler.clone())
}

/// A number without the separators between its digits.
fn normalized(number: &str) -> String {
    number
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::session::Direction;

    fn named(names: &Arc<Mutex<Vec<&'static str>>>, name: &'static str) -> Handler {
        let names = names.clone();
        Handler::new(move |_| {
            names.lock().unwrap().push(name);
            async {}
        })
    }

    fn info(called: &str) -> CallInfo {
        CallInfo {
            caller_id: String::new(),
            called_number: called.into(),
            redirecting_number: String::new(),
            direction: Direction::Inbound,
            args: Vec::new(),
        }
    }

    /// The handlers are told apart by identity.
    async fn which(routes: &Routes, known: &[(&str, &Handler)], called: &str) -> String {
        let found = routes.find(&info(called)).await;
        let name = found.and_then(|found| {
            known
                .iter()
                .find(|(_, handler)| Arc::ptr_eq(&handler.0, &found.0))
                .map(|(name, _)| (*name).to_owned())
        });
        name.unwrap_or_else(|| "none".into())
    }

    #[tokio::test]
    async fn the_most_particular_route_wins() {
        let names = Arc::default();
        let [extension, number, prefix, long, ruled, default] =
            ["extension", "number", "prefix", "long", "ruled", "default"]
                .map(|name| named(&names, name));
        let mut routes = Routes::default();
        routes.otherwise(default.clone(), "x").unwrap();
        routes.number("+265*", prefix.clone(), "x").unwrap();
        routes.number("+265 99*", long.clone(), "x").unwrap();
        routes.number("+265999000001", number.clone(), "x").unwrap();
        routes.extension("1000", extension.clone(), "x").unwrap();
        let chosen = ruled.clone();
        routes.rule(Arc::new(move |info| {
            let chosen = chosen.clone();
            Box::pin(async move { (info.called_number == "2000").then_some(chosen) })
        }));
        let known = [
            ("extension", &extension),
            ("number", &number),
            ("prefix", &prefix),
            ("long", &long),
            ("ruled", &ruled),
            ("default", &default),
        ];
        for (called, expected) in [
            ("1000", "extension"),
            ("+265999000001", "number"),
            ("+265 999-000-001", "number"),
            ("+265991", "long"),
            ("+265881", "prefix"),
            ("2000", "ruled"),
            ("10", "default"),
            ("", "default"),
        ] {
            assert_eq!(which(&routes, &known, called).await, expected, "{called}");
        }
    }

    #[tokio::test]
    async fn without_a_default_a_call_may_have_no_handler() {
        assert!(Routes::default().find(&info("1")).await.is_none());
    }

    #[test]
    fn senseless_and_duplicate_routes_are_refused() {
        let handler = Handler::new(|_| async {});
        let mut routes = Routes::default();
        for pattern in ["", "+", "12a", "1*2", "+2+6", "**"] {
            assert_eq!(
                routes.number(pattern, handler.clone(), "x"),
                Err(RouteError::Pattern(pattern.into())),
                "{pattern}"
            );
        }
        routes.number("+265*", handler.clone(), "x").unwrap();
        assert!(matches!(
            routes.number("+2-65*", handler.clone(), "x"),
            Err(RouteError::Duplicate { .. })
        ));
        routes.otherwise(handler.clone(), "x").unwrap();
        assert!(matches!(
            routes.otherwise(handler, "x"),
            Err(RouteError::Duplicate { .. })
        ));
    }
}
