//! Who takes a call, asked before it is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};

use super::route::Handler;
use crate::session::{Call, HandlerError, set_routed};
use crate::speech::BoxFuture;

/// How long the answer may take, unless it is said otherwise.
const LIMIT: Duration = Duration::from_secs(2);
/// Most variables of an answer.
const VARIABLES: usize = 64;

type Ask = dyn Fn(Call) -> BoxFuture<'static, Result<RoutingAnswer, HandlerError>> + Send + Sync;

/// Asks, for each call that comes in and before it is answered, which agent takes it. The telephone
/// rings meanwhile, and no other call waits.
///
/// Without a good answer in time the application's routes decide, as they do without routing, and
/// an `error` event (`error_type` = `"routing"`) says why.
///
/// ```
/// use voxtra_rt::app::{Application, Routing, RoutingAnswer};
/// use voxtra_rt::session::Call;
///
/// let routing = Routing::new(|call: Call| async move {
///     let agent = if call.caller_id().starts_with("+265") { "chichewa" } else { "english" };
///     Ok(RoutingAnswer::agent(agent).variable("tier", "gold"))
/// });
/// let builder = Application::builder().routing(routing);
/// ```
#[derive(Clone)]
pub struct Routing {
    limit: Duration,
    ask: Arc<Ask>,
}

/// What becomes of a call. By default the application's routes decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoutingAnswer {
    /// The agent that takes the call: the name of a session, of an [`agent`](super::Builder::agent)
    /// or of an `[agent.NAME]`. Default: as the routes say.
    pub agent: Option<String>,
    /// Values for the call: `{{routing.NAME}}` in an agent's texts, and
    /// `call.get_metadata("routing.NAME")`. At most 64 of up to 1,000 characters count.
    pub variables: BTreeMap<String, String>,
    /// Hangs up with this reason instead, before the call is answered, as
    /// [`Call::hangup_with`](crate::session::Call::hangup_with) does.
    pub reject: Option<EndReason>,
}

impl RoutingAnswer {
    /// This agent takes the call.
    #[must_use]
    pub fn agent(name: impl Into<String>) -> Self {
        Self {
            agent: Some(name.into()),
            ..Self::default()
        }
    }

    /// Nobody takes the call.
    #[must_use]
    pub fn reject(reason: EndReason) -> Self {
        Self {
            reject: Some(reason),
            ..Self::default()
        }
    }

    /// Adds a value for the call.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

/// What follows from an answer.
pub(super) enum Routed {
    To(Handler),
    /// As the routes say.
    AsEver,
    Rejected,
}

impl Routing {
    /// Asks `ask`.
    pub fn new<F, R>(ask: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<RoutingAnswer, HandlerError>> + Send + 'static,
    {
        Self {
            limit: LIMIT,
            ask: Arc::new(move |call| Box::pin(ask(call))),
        }
    }

    /// How long the answer may take. Default 2 s.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Asks about a call that is still up.
    pub(super) async fn route(
        &self,
        call: &Call,
        agents: &[(String, Handler)],
    ) -> Result<Routed, HandlerError> {
        let asked = async { Ok(tokio::time::timeout(self.limit, (self.ask)(call.clone())).await) };
        let why = match call.while_up(asked).await? {
            Ok(Ok(answer)) => match follow(call, answer, agents).await? {
                Ok(routed) => return Ok(routed),
                Err(why) => why,
            },
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!(
                "there was no answer within {} s; see why it takes so long, or raise its time limit",
                self.limit.as_secs_f64()
            ),
        };
        let message = format!("{why}; the routes decide who takes the call");
        tracing::error!(call = call.id(), "routing: {message}");
        call.emit_error("routing", message).await;
        Ok(Routed::AsEver)
    }
}

/// What follows from an answer; or why it is no good.
async fn follow(
    call: &Call,
    answer: RoutingAnswer,
    agents: &[(String, Handler)],
) -> Result<Result<Routed, String>, HandlerError> {
    if let Some(reason) = answer.reject {
        tracing::info!(call = call.id(), %reason, "routing rejects the call");
        call.hangup_by(reason, EndedBy::System).await?;
        return Ok(Ok(Routed::Rejected));
    }
    set_routed(call, answer.variables.into_iter().take(VARIABLES));
    let Some(name) = answer.agent else {
        return Ok(Ok(Routed::AsEver));
    };
    let mut named = agents.iter().filter(|(agent, _)| *agent == name);
    Ok(match (named.next(), named.next()) {
        (Some((_, handler)), None) => Ok(Routed::To(handler.clone())),
        (Some(_), Some(_)) => Err(format!("several agents have the name {name:?}")),
        (None, _) => {
            let known: Vec<_> = agents.iter().map(|(agent, _)| agent.as_str()).collect();
            let known = match known.is_empty() {
                true => "this program has none with a name".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            Err(format!("there is no agent {name:?}: {known}"))
        }
    })
}

impl fmt::Debug for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routing")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
