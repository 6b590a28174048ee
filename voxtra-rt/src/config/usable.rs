//! Errors of a configuration that depend on the program that uses it: the file alone can't show
//! them.

use super::mcp::WITHOUT_MCP;
use super::services::not_built_in;
use super::{Config, ConfiguredAgent, Place, Problem};
use crate::app::OLD_ATTEMPTS;
use crate::speech::{Prompt, Prompts};
use crate::webhook::filter;

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
        let own: Vec<_> = self.agents.iter().map(|one| one.name.as_str()).collect();
        for (agents, index, route) in routes {
            let agents = [&own, agents].concat();
            if !agents.contains(&route.agent.as_str()) {
                let known = match agents.as_slice() {
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
        problems.extend(self.agent_problems(agents.is_some()));
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
        if !self.webhooks.is_empty()
            && let Err(error) = self.webhook_store.check()
        {
            problems.push(problem(None, "webhooks.path", error));
        }
        for (index, webhook) in self.webhooks.iter().enumerate() {
            for unknown in filter::unknown(webhook, events) {
                let place = self.places.webhooks.get(index);
                problems.push(problem(place, "webhook.events", unknown.to_string()));
            }
        }
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// What keeps the `[agent]`s from working.
    fn agent_problems(&self, calls_come_by_route: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, provider) in self.providers.iter().enumerate() {
            if !provider.kind.is_built_in() {
                let place = self.places.providers.get(index);
                problems.push(problem(place, "provider", not_built_in(provider.kind)));
            }
        }
        if let (Some(server), false) = (self.mcp.first(), cfg!(feature = "mcp")) {
            let key = format!("mcp.{}", server.name);
            problems.push(problem(None, &key, WITHOUT_MCP.to_owned()));
        }
        let mut agents = self.agents.iter().enumerate();
        for (index, agent) in agents.clone() {
            let place = self.places.agents.get(index);
            match agent.instructions.read() {
                Err(reason) => problems.push(problem(place, "agent", reason)),
                Ok(text) => {
                    if let Err(error) = agent.known_names().read(&text) {
                        problems.push(problem(place, "agent", error.to_string()));
                    }
                }
            }
        }
        let speaks = agents.find(|(_, agent)| agent.needs_speech());
        if let Some((_, agent)) = speaks
            && let Err(error) = self.speech.find_voice()
        {
            let what = format!("the agent {:?} has no voice: {error}", agent.name);
            problems.push(problem(None, "speech.voice", what));
        }
        if calls_come_by_route && self.routes.is_empty() && self.agents.len() > 1 {
            let place = self.places.agents.get(1);
            let reason = "there are several agents: say in a [[route]] each which calls they take";
            problems.push(problem(place, "agent", reason.to_owned()));
        }
        problems
    }

    /// Whether anybody may speak with the voice of `[speech]`: an agent without a voice of its own,
    /// or one that the file does not describe.
    #[must_use]
    pub fn uses_speech(&self) -> bool {
        let described = |name: &str| self.agents.iter().any(|agent| agent.name == name);
        self.agents.is_empty()
            || self.agents.iter().any(ConfiguredAgent::needs_speech)
            || self.routes.iter().any(|route| !described(&route.agent))
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

fn problem(place: Option<&Place>, key: &str, reason: String) -> Problem {
    let (line, key) = place.map_or((1, key), |place| (place.line, &place.key));
    Problem {
        line,
        key: key.to_owned(),
        value: None,
        reason,
    }
}
