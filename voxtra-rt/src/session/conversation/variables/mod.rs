//! Variables in what an agent says and is told: facts of the call, channel variables, and what a
//! look-up before the call has found.

mod lookup;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

pub use self::lookup::Lookup;
pub(crate) use self::template::Template;
pub use self::template::VariableError;
use super::super::call::{Call, Direction};
use super::super::error::CallError;
use super::settings::AgentSettings;

/// The facts of each call.
const FACTS: [&str; 9] = [
    "caller_id",
    "called_number",
    "redirecting_number",
    "direction",
    "session_id",
    "date",
    "weekday",
    "time",
    "time_zone",
];

/// Begins the names of channel variables.
const CHANNEL: &str = "channel.";
/// Begins the names of what a look-up finds.
const LOOKUP: &str = "lookup.";

/// Begins the names of what the routing of the call has said.
const ROUTING: &str = "routing.";

/// How long Asterisk may take for the channel variables. Then they are empty.
const CHANNEL_LIMIT: Duration = Duration::from_secs(2);
/// Most characters of a value.
const LONGEST: usize = 1_000;

/// The names that texts may have: those of each call, and an agent's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownNames {
    own: BTreeSet<String>,
}

impl KnownNames {
    /// Those of each call, and these.
    pub(crate) fn with(own: impl IntoIterator<Item = String>) -> Self {
        Self {
            own: own.into_iter().collect(),
        }
    }

    /// Those of an agent with these variables, and values of a look-up.
    pub(crate) fn of<'n>(
        variables: impl IntoIterator<Item = &'n String>,
        found: impl IntoIterator<Item = &'n String>,
    ) -> Self {
        let found = found.into_iter().map(|name| format!("{LOOKUP}{name}"));
        Self::with(variables.into_iter().cloned().chain(found))
    }

    /// Reads a text, all of whose names must be known.
    pub(crate) fn read(&self, text: &str) -> Result<Template, VariableError> {
        let template = Template::parse(text)?;
        for name in template.names() {
            let mut free = [CHANNEL, ROUTING].into_iter();
            let is_free = free.any(|begin| name.len() > begin.len() && name.starts_with(begin));
            let known = FACTS.contains(&name) || is_free || self.own.contains(name);
            if !known {
                return Err(VariableError::Unknown {
                    name: name.to_owned(),
                    hint: self.hint(name),
                });
            }
        }
        Ok(template)
    }

    fn hint(&self, name: &str) -> String {
        let own = self.own.iter().map(String::as_str);
        let all: Vec<&str> = FACTS.into_iter().chain(own).collect();
        let distance = |known: &&str| strsim::osa_distance(name, known);
        let near = all.iter().copied().min_by_key(distance);
        match near.filter(|near| strsim::osa_distance(name, near) <= 2) {
            Some(near) => format!("did you mean {{{{{near}}}}}?"),
            None => format!(
                "there are {}, channel.NAME and routing.NAME",
                all.join(", ")
            ),
        }
    }
}

/// Whether a variable of this name has its value from elsewhere.
fn is_taken(name: &str) -> bool {
    let begins = [CHANNEL, LOOKUP, ROUTING];
    FACTS.contains(&name) || begins.iter().any(|begin| name.starts_with(begin))
}

/// The time zone of this name; without one, the machine's.
pub(crate) fn time_zone(name: Option<&str>) -> Result<TimeZone, VariableError> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) => TimeZone::get(name).map_err(|_| VariableError::TimeZone {
            name: name.to_owned(),
        }),
    }
}

impl AgentSettings {
    /// Whether every `{{name}}` in its texts is known, and its time zone, and no variable of its
    /// own has the name of another.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(&self) -> Result<(), VariableError> {
        time_zone(self.time_zone.as_deref())?;
        if let Some(name) = self.variables.keys().find(|name| is_taken(name)) {
            return Err(VariableError::Taken {
                name: name.clone(),
                taken: FACTS.join(", "),
            });
        }
        let known = self.known_names();
        self.clone()
            .texts()
            .into_iter()
            .try_for_each(|text| known.read(text).map(drop))
    }

    fn known_names(&self) -> KnownNames {
        let found = self.lookup.iter().flat_map(|lookup| lookup.names());
        KnownNames::of(self.variables.keys(), found)
    }

    /// What is said, and what the model is told.
    fn texts(&mut self) -> Vec<&mut String> {
        let mut all = vec![&mut self.instructions];
        all.extend(&mut self.greeting);
        all.extend(self.no_input.iter_mut().flat_map(|one| &mut one.say));
        all.extend(self.filler.iter_mut().map(|filler| &mut filler.say));
        all.push(&mut self.dead_air.say);
        all.push(&mut self.on_failure.say);
        all
    }
}

/// An agent in one call.
#[derive(Debug)]
pub(super) struct Settled {
    /// Its settings, with the values of the variables in their texts.
    pub(super) settings: Arc<AgentSettings>,
    /// What its look-up has found, by the names in texts.
    pub(super) found: BTreeMap<String, String>,
}

/// Looks up what is to be looked up for this call, and puts the values of the variables into the
/// texts. What can't be found is a default, and an `error` event.
pub(super) async fn settle(call: &Call, settings: &AgentSettings) -> Result<Settled, CallError> {
    let zone = time_zone(settings.time_zone.as_deref())?;
    let known = settings.known_names();
    let mut settled = settings.clone();
    let mut texts = Vec::new();
    for text in settled.texts() {
        texts.push((known.read(text)?, text));
    }
    let names = texts.iter().flat_map(|(template, _)| template.names());
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    let look_up = async {
        match &settings.lookup {
            Some(lookup) => lookup.look_up(call).await,
            None => BTreeMap::new(),
        }
    };
    let (values, found) = call
        .while_up(async { Ok(tokio::join!(values(call, &names, &zone), look_up)) })
        .await?;
    let mut all: BTreeMap<String, String> = settings.variables.clone();
    all.extend(values);
    all.extend(found.clone());
    for (template, text) in texts {
        *text = template.fill(&all);
    }
    Ok(Settled {
        settings: Arc::new(settled),
        found,
    })
}

/// What was looked up under these names.
#[cfg(feature = "http")]
fn found(call: &Call, names: &BTreeSet<String>) -> impl Iterator<Item = (String, String)> {
    let names = names.iter().filter(|name| name.starts_with(LOOKUP));
    names.filter_map(|name| Some((name.clone(), call.get_metadata(name)?)))
}

/// The values of these variables of a call, in the machine's time zone.
#[cfg(feature = "http")]
pub(super) async fn of_call(call: &Call, names: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut all = values(call, names, &TimeZone::system()).await;
    all.extend(found(call, names));
    all
}

/// The facts of a call, and of the channel variables those with these names.
async fn values(
    call: &Call,
    names: &BTreeSet<String>,
    zone: &TimeZone,
) -> BTreeMap<String, String> {
    let mut events = call.events();
    let first = tokio::time::timeout(Duration::ZERO, events.next()).await;
    let began = match first {
        Ok(Some(event)) => event.timestamp,
        _ => jiff::Timestamp::now(),
    };
    let began = began.to_zoned(zone.clone());
    let zone_name = zone.iana_name().map(str::to_owned);
    let direction = match call.direction() {
        Direction::Outbound => "outbound",
        _ => "inbound",
    };
    let facts = [
        ("caller_id", call.caller_id()),
        ("called_number", call.called_number().to_owned()),
        ("redirecting_number", call.redirecting_number().to_owned()),
        ("direction", direction.to_owned()),
        ("session_id", call.id().to_owned()),
        ("date", began.strftime("%Y-%m-%d").to_string()),
        ("weekday", began.strftime("%A").to_string()),
        ("time", began.strftime("%H:%M").to_string()),
        (
            "time_zone",
            zone_name.unwrap_or_else(|| began.strftime("UTC%:z").to_string()),
        ),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), clean(&value)));
    let routed = names.iter().filter(|name| name.starts_with(ROUTING));
    let routed = routed.filter_map(|name| Some((name.clone(), call.get_metadata(name)?)));
    let variables = names.iter().filter_map(|name| {
        let variable = name.strip_prefix(CHANNEL)?;
        Some(async move { (name.clone(), channel_variable(call, variable).await) })
    });
    let variables = futures_util::future::join_all(variables.collect::<Vec<_>>()).await;
    facts.into_iter().chain(routed).chain(variables).collect()
}

/// Keeps what the routing of a call has said, for its texts and its handler.
pub(crate) fn set_routed(call: &Call, values: impl Iterator<Item = (String, String)>) {
    for (name, value) in values {
        call.set_metadata(format!("{ROUTING}{name}"), clean(&value));
    }
}

/// The values of channel variables of a call, and of functions.
#[cfg(feature = "webhooks")]
pub(crate) async fn channel_variables(call: &Call, names: &[String]) -> BTreeMap<String, String> {
    let values = names.iter().map(|name| async move {
        let value = channel_variable(call, name).await;
        (name.clone(), value)
    });
    let values = futures_util::future::join_all(values).await;
    values.into_iter().collect()
}

async fn channel_variable(call: &Call, name: &str) -> String {
    let value = tokio::time::timeout(CHANNEL_LIMIT, call.variable(name)).await;
    match value {
        Ok(Ok(value)) => clean(&value.unwrap_or_default()),
        Ok(Err(error)) => {
            tracing::debug!(call = call.id(), name, %error, "a channel variable can't be read");
            String::new()
        }
        Err(_) => {
            tracing::warn!(
                call = call.id(),
                name,
                "a channel variable was not read in time"
            );
            String::new()
        }
    }
}

/// A value from outside: on one line, and not too long.
pub(super) fn clean(value: &str) -> String {
    let value = value.trim().chars().take(LONGEST);
    value
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
