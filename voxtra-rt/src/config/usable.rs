//! Errors of a configuration that depend on the program that uses it: the file alone can't show
//! them.

use super::{Config, Place, Problem};
use crate::app::OLD_ATTEMPTS;
use crate::speech::{Prompt, Prompts};

impl Config {
    /// All problems that keep a program with these agents and these events (by their wire names)
    /// from using it, in the order of the file: unknown agents and events, recordings that can't be
    /// read, and that no call could come. Without `agents`, agents are not checked.
    #[must_use]
    pub fn problems(&self, agents: Option<&[&str]>, events: &[&str]) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.asterisk.is_none() && self.audiosockets.is_empty() {
            problems.push(Problem {
                line: 1,
                key: String::new(),
                value: None,
                reason: "there is neither [asterisk] nor [[audiosocket]]: no call could come"
                    .to_owned(),
            });
        }
        let judged = agents.map(|agents| (agents, &self.routes));
        let routes = judged.iter().flat_map(|(agents, routes)| {
            let routes = routes.iter().enumerate();
            routes.map(move |(index, route)| (*agents, index, route))
        });
        for (agents, index, route) in routes {
            if !agents.contains(&route.agent.as_str()) {
                let known = match agents {
                    [] => "this program has none".to_owned(),
                    agents => format!("there are {}", agents.join(", ")),
                };
                problems.push(problem(
                    self.places.routes.get(index),
                    "route.agent",
                    format!("there is no agent {:?}: {known}", route.agent),
                ));
            }
        }
        for (index, prompt) in self.prompts.iter().enumerate() {
            if let Err(error) = Prompt::read(&prompt.name, &prompt.file, prompt.text.clone()) {
                let place = self.places.prompts.get(index);
                problems.push(problem(place, "prompt.file", error.to_string()));
            }
        }
        if let Some(folder) = &self.speech.prompts_dir
            && let Err(error) = Prompts::new().load_dir(folder)
        {
            problems.push(problem(None, "speech.prompts_dir", error.to_string()));
        }
        for (index, webhook) in self.webhooks.iter().enumerate() {
            let names = webhook.events.iter().flatten();
            for name in names.filter(|name| !events.contains(&name.as_str())) {
                let hint = match nearest(name, events) {
                    Some(near) => format!("; did you mean {near:?}?"),
                    None => String::new(),
                };
                problems.push(problem(
                    self.places.webhooks.get(index),
                    "webhook.events",
                    format!("no event is named {name:?}{hint}"),
                ));
            }
        }
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// Older keys, which still work but have a new name.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let renamed = self.places.older.iter().map(ToString::to_string);
        let hooks = self.webhooks.iter().enumerate();
        let attempts = hooks
            .filter(|(_, hook)| hook.max_attempts.is_some())
            .map(|(index, _)| format!("webhook[{}].{OLD_ATTEMPTS}", index + 1));
        renamed.chain(attempts).collect()
    }
}

/// The event that was most likely meant, if one is close enough.
fn nearest<'e>(name: &str, events: &[&'e str]) -> Option<&'e str> {
    events
        .iter()
        .map(|event| (strsim::damerau_levenshtein(name, event), *event))
        .filter(|(distance, _)| *distance <= (name.len() / 3).max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, event)| event)
}

fn problem(place: Option<&Place>, key: &str, reason: String) -> Problem {
    let (line, key) = place.map_or((1, key), |place| (place.line, &place.key));
    Problem {
        line,
        key: key.to_owned(),
        value: None,
        reason,
    }
}
