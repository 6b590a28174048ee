//! What is looked up before a call is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::super::call::Call;
use super::super::super::error::HandlerError;
use super::{LOOKUP, clean};
use crate::speech::BoxFuture;

/// How long a look-up may take, unless it says otherwise.
const LIMIT: Duration = Duration::from_secs(2);

type Find = dyn Fn(Call) -> BoxFuture<'static, Result<BTreeMap<String, String>, HandlerError>>
    + Send
    + Sync;

/// Looks something up about the caller while the telephone still rings, such as a name in a
/// customer database. What it finds is `{{lookup.NAME}}` in the agent's texts, and
/// `call.get_metadata("lookup.NAME")`.
///
/// ```
/// use voxtra_rt::session::{AgentSettings, Call, Lookup};
///
/// let lookup = Lookup::new([("name", "dear customer")], |call: Call| async move {
///     let name = if call.caller_id() == "+265888111111" { "Chikondi" } else { "" };
///     Ok([("name".to_owned(), name.to_owned())].into())
/// });
/// let agent = AgentSettings::new("Be brief.")
///     .greeting("Hello, {{lookup.name}}.")
///     .lookup(lookup);
/// assert!(agent.check().is_ok());
/// ```
#[derive(Clone)]
pub struct Lookup {
    defaults: BTreeMap<String, String>,
    limit: Duration,
    find: Arc<Find>,
}

impl Lookup {
    /// A look-up of these values by `find`. A value that is not found has its default; names that
    /// have none are ignored.
    pub fn new<N, V, F, R>(defaults: impl IntoIterator<Item = (N, V)>, find: F) -> Self
    where
        N: Into<String>,
        V: Into<String>,
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<BTreeMap<String, String>, HandlerError>> + Send + 'static,
    {
        let defaults = defaults.into_iter();
        Self {
            defaults: defaults
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            limit: LIMIT,
            find: Arc::new(move |call| Box::pin(find(call))),
        }
    }

    /// How long it may take. The telephone rings meanwhile. Default 2 s.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The names of its values.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.defaults.keys()
    }

    /// Notes what it finds among the call's metadata.
    pub(in super::super) async fn look_up(&self, call: &Call) {
        let found = tokio::time::timeout(self.limit, (self.find)(call.clone())).await;
        let found = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                call.emit_error("lookup", error.to_string()).await;
                BTreeMap::new()
            }
            Err(_) => {
                let limit = self.limit.as_secs_f64();
                let message = format!("it took longer than {limit} s");
                call.emit_error("lookup", message).await;
                BTreeMap::new()
            }
        };
        for (name, default) in &self.defaults {
            let value = found.get(name).map(|value| clean(value));
            let value = value.filter(|value| !value.is_empty());
            let value = value.unwrap_or_else(|| default.clone());
            call.set_metadata(format!("{LOOKUP}{name}"), value);
        }
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup")
            .field("defaults", &self.defaults)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
