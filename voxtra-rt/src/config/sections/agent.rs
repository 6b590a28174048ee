//! `[agent.NAME]`.

use std::path::PathBuf;
use std::time::Duration;

use super::super::Place;
use super::super::agent::{
    AgentInstructions, COMMAND, ConfiguredAgent, ConfiguredLookup, ReadyTool,
};
use super::super::document::{Section, nearest};
use super::super::mcp::ConfiguredMcpTools;
use super::super::provider::{ProviderKind, ProviderRole, ProviderSettings};
use super::super::tool::ConfiguredTool;
use super::http::read_http;
use super::read_word;
use super::tool::DeclaredTools;
use crate::session::{
    ContextLimit, DeadAir, Expect, Filler, KnownNames, NoInput, Objectives, OnFailure,
    OverlapWords, WayOut, time_zone, tools::MessageSettings,
};
use crate::speech::{SpeechSettings, VoiceSettings};

/// The providers and the tools of the file, and the names of all their sections.
struct Known<'p> {
    declared: &'p DeclaredTools<'p>,
    providers: &'p [ProviderSettings],
    names: &'p [String],
    has_voice: bool,
    /// Or nothing brings calls yet.
    has_asterisk: bool,
    agents: Vec<String>,
}

pub(super) fn read_agents(
    root: &Section<'_>,
    providers: &mut [ProviderSettings],
    names: &[String],
    speech: &SpeechSettings,
    has_asterisk: bool,
    declared: &DeclaredTools<'_>,
    places: &mut Vec<Place>,
) -> Vec<ConfiguredAgent> {
    let known = Known {
        declared,
        providers,
        names,
        has_voice: speech.voice != VoiceSettings::None,
        has_asterisk,
        agents: root
            .named("agent")
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
    };
    let mut all = Vec::new();
    for (name, section) in root.named("agent") {
        places.push(section.place("instructions_file"));
        all.push(read_agent(name, section, &known));
    }
    settle_models(root, providers, &all);
    all
}

fn read_agent(name: String, section: Section<'_>, known: &Known<'_>) -> ConfiguredAgent {
    let time_zone = read_time_zone(&section);
    let lookup = read_lookup(section.section("lookup"));
    let instructions = read_instructions(&section);
    let language = read_word(&section, "language");
    let greeting = read_word(&section, "greeting");
    let speech_to_speech = known.read_in_one(&section);
    if !section.has("speech_to_speech") {
        section.require(
            "speech_to_text",
            "the name of the [provider] that understands callers",
        );
        section.require("language_model", "the name of the [provider] that thinks");
    }
    let speech_to_text = known.read(&section, ProviderRole::SpeechToText);
    let language_model = known.read(&section, ProviderRole::LanguageModel);
    let mut text_to_speech = known.read(&section, ProviderRole::TextToSpeech);
    if !section.has("text_to_speech") && !section.has("speech_to_speech") {
        text_to_speech.push(COMMAND.to_owned());
        if !known.has_voice {
            section.require(
                "text_to_speech",
                "speech.voice is \"none\", so the agent has no voice",
            );
        }
    }
    let (tools, http_tools, mcp_tools) = known.read_tools(&section);
    let transfer = read_transfer(&section, &tools);
    let languages = read_languages(&section, &tools, known);
    let hand_over = read_hand_over(&section, &tools, &name, known);
    let agent = ConfiguredAgent {
        name,
        instructions,
        language,
        expect: section
            .choice(
                "expect",
                &[
                    ("anything", Expect::Anything),
                    ("digits", Expect::Digits),
                    ("name", Expect::Name),
                    ("yes_no", Expect::YesNo),
                ],
            )
            .unwrap_or_default(),
        preemptive: section.boolean("preemptive").unwrap_or_default(),
        overlap: read_overlap(section.section("overlap")),
        greeting,
        time_zone,
        lookup,
        speech_to_text,
        language_model,
        text_to_speech,
        speech_to_speech,
        tools,
        http_tools,
        mcp_tools,
        transfer,
        hand_over,
        languages,
        message: read_message(section.section("message"), &section),
        context: read_context(section.section("context")),
        no_input: read_no_input(section.section("no_input"), known),
        filler: read_filler(section.section("filler")),
        dead_air: read_dead_air(section.section("dead_air")),
        on_failure: read_on_failure(section.section("on_failure"), known),
        max_duration: section
            .integer::<u64>("max_duration_s", 1..=7 * 24 * 3_600)
            .map(Duration::from_secs),
        objectives: read_objectives(section.section("objectives")),
    };
    check_variables(&section, &agent);
    section.finish();
    agent
}

fn read_time_zone(section: &Section<'_>) -> Option<String> {
    let name = read_word(section, "time_zone")?;
    match time_zone(Some(&name)) {
        Ok(_) => Some(name),
        Err(error) => {
            section.refuse("time_zone", error.to_string());
            None
        }
    }
}

/// Longest look-up: the telephone rings meanwhile.
const LONGEST_LOOKUP: u64 = 20_000;

fn read_lookup(section: Section<'_>) -> Option<ConfiguredLookup> {
    if !section.is_present() {
        return None;
    }
    let what = "who calls, and what is found,";
    let http = read_http(&section, &KnownNames::default(), LONGEST_LOOKUP, what);
    section.require(
        "default",
        "the values that are looked up, each with the one when none is found: default = { name = \"\" }",
    );
    let defaults = section.entries("default");
    if defaults.as_ref().is_some_and(Vec::is_empty) {
        section.refuse("default", "names no value");
    }
    section.finish();
    Some(ConfiguredLookup {
        http: http?,
        defaults: defaults?,
    })
}

/// Refuses `{{names}}` that there are not, where the file itself shows it.
fn check_variables(section: &Section<'_>, agent: &ConfiguredAgent) {
    // An unreadable look-up hides what it finds.
    if section.has("lookup") && agent.lookup.is_none() {
        return;
    }
    let known = agent.known_names();
    let check = |section: &Section<'_>, key: &str, text: &str| {
        if let Err(error) = known.read(text) {
            section.refuse(key, error.to_string());
        }
    };
    if let AgentInstructions::Text(text) = &agent.instructions {
        check(section, "instructions", text);
    }
    if let Some(text) = &agent.greeting {
        check(section, "greeting", text);
    }
    for text in agent.no_input.iter().flat_map(|no_input| &no_input.say) {
        check(&section.section("no_input"), "say", text);
    }
    if let Some(filler) = &agent.filler {
        check(&section.section("filler"), "say", &filler.say);
    }
    check(&section.section("dead_air"), "say", &agent.dead_air.say);
    check(&section.section("on_failure"), "say", &agent.on_failure.say);
}

fn read_instructions(section: &Section<'_>) -> AgentInstructions {
    let text = read_word(section, "instructions");
    let file = read_word(section, "instructions_file").map(PathBuf::from);
    match (
        section.has("instructions"),
        section.has("instructions_file"),
    ) {
        (true, true) => section.refuse(
            "instructions_file",
            "stands beside `instructions`: leave out one of them",
        ),
        (false, false) => section.require(
            "instructions",
            "what the agent is and how to behave; or `instructions_file`, a file with it",
        ),
        _ => {}
    }
    match file {
        Some(file) => AgentInstructions::File(file),
        None => AgentInstructions::Text(text.unwrap_or_default()),
    }
}

impl Known<'_> {
    fn read(&self, section: &Section<'_>, role: ProviderRole) -> Vec<String> {
        let key = role.key();
        let names = section.text_or_texts(key).unwrap_or_default();
        if names.is_empty() && section.has(key) && section.is_sound() {
            section.refuse(key, "names no provider");
        }
        for (index, name) in names.iter().enumerate() {
            if names.iter().take(index).any(|earlier| earlier == name) {
                section.refuse(key, format!("names {name:?} twice"));
            } else if let Err(reason) = self.check(name, role) {
                section.refuse(key, reason);
            }
        }
        names
    }

    /// The providers that do all three.
    fn read_in_one(&self, section: &Section<'_>) -> Vec<String> {
        let role = ProviderRole::SpeechToSpeech;
        let names = self.read(section, role);
        if !section.has(role.key()) {
            return names;
        }
        for (key, reason) in [
            ("speech_to_text", "speech_to_speech stands in its place"),
            ("language_model", "speech_to_speech stands in its place"),
            ("text_to_speech", "speech_to_speech stands in its place"),
            (
                "languages",
                "a speech_to_speech speaks all its languages with one voice",
            ),
            ("preemptive", "a speech_to_speech thinks while it listens"),
        ] {
            if section.has(key) {
                section.refuse(key, format!("leave it out: {reason}"));
            }
        }
        names
    }

    fn check(&self, name: &str, role: ProviderRole) -> Result<(), String> {
        if name == COMMAND && role == ProviderRole::TextToSpeech {
            return if self.has_voice {
                Ok(())
            } else {
                Err("\"command\" is the voice of [speech], and speech.voice is \"none\"".to_owned())
            };
        }
        let Some(provider) = self.providers.iter().find(|one| one.name == name) else {
            // Its own problems were told.
            return match self.names.iter().any(|one| one == name) {
                true => Ok(()),
                false => Err(self.unknown(name)),
            };
        };
        let kind = provider.kind;
        if kind.roles().contains(&role) {
            return Ok(());
        }
        let can: Vec<_> = kind.roles().iter().map(|role| role.key()).collect();
        let others = ProviderKind::ALL.into_iter();
        let others = others.filter(|kind| kind.roles().contains(&role));
        let others: Vec<_> = others.map(ProviderKind::word).collect();
        Err(format!(
            "{name:?} is {}, which is for {}; for {} there are {}",
            kind.word(),
            can.join(" and "),
            role.key(),
            others.join(", ")
        ))
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<_> = self.names.iter().map(String::as_str).collect();
        if let Some(near) = nearest(name, &names) {
            return format!("there is no [provider.{name}]; did you mean {near:?}?");
        }
        let words = ProviderKind::ALL.map(ProviderKind::word);
        if words.contains(&name) {
            return format!("there is no [provider.{name}]: add this section, with its key");
        }
        match names.as_slice() {
            [] => format!("there is no [provider.{name}], and no other either"),
            names => format!(
                "there is no [provider.{name}]: there are {}",
                names.join(", ")
            ),
        }
    }
}

impl Known<'_> {
    /// The ready tools, those of the file, and those of MCP servers.
    fn read_tools(
        &self,
        section: &Section<'_>,
    ) -> (Vec<ReadyTool>, Vec<ConfiguredTool>, Vec<ConfiguredMcpTools>) {
        let ready = ReadyTool::ALL.map(ReadyTool::name);
        let own = self.declared.names.iter().map(String::as_str);
        let known: Vec<&str> = ready.into_iter().chain(own).collect();
        let mut tools = Vec::new();
        let mut http_tools = Vec::new();
        let mut mcp_tools = Vec::new();
        let names = section.texts("tools").unwrap_or_default();
        for (index, name) in names.iter().enumerate() {
            let ready = ReadyTool::ALL.into_iter().find(|tool| tool.name() == name);
            let mut declared = self.declared.tools.iter();
            if names.iter().take(index).any(|earlier| earlier == name) {
                section.refuse("tools", format!("names {name:?} twice"));
            } else if let Some(ready) = ready {
                tools.push(ready);
            } else if let Some(tool) = declared.find(|tool| tool.name == *name) {
                http_tools.push(tool.clone());
            } else if let Some((server, tool)) = name.split_once('.') {
                match self.check_mcp(server, tool) {
                    Ok(()) => add_mcp(&mut mcp_tools, server, tool),
                    Err(reason) => section.refuse("tools", format!("{name:?}: {reason}")),
                }
            } else if !known.contains(&name.as_str()) {
                let hint = match nearest(name, &known) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("there are {}", known.join(", ")),
                };
                section.refuse("tools", format!("there is no tool {name:?}; {hint}"));
            }
        }
        let needs = [ReadyTool::Transfer, ReadyTool::SendDtmf];
        for tool in needs.into_iter().filter(|tool| tools.contains(tool)) {
            if !self.has_asterisk {
                section.refuse("tools", format!("{:?}: {NO_ASTERISK}", tool.name()));
            }
        }
        (tools, http_tools, mcp_tools)
    }

    /// Whether an agent may have this tool of this MCP server; `*` is all.
    fn check_mcp(&self, server: &str, tool: &str) -> Result<(), String> {
        let declared = self.declared;
        let mut servers = declared.servers.iter();
        let Some(found) = servers.find(|one| one.name == server) else {
            // Its own problems were told.
            if declared.server_names.iter().any(|one| one == server) {
                return Ok(());
            }
            let names: Vec<&str> = declared.server_names.iter().map(String::as_str).collect();
            let hint = match (nearest(server, &names), names.as_slice()) {
                (Some(near), _) => format!("did you mean {near:?}?"),
                (None, []) => "there is no other either".to_owned(),
                (None, names) => format!("there are {}", names.join(", ")),
            };
            return Err(format!("there is no [mcp.{server}]; {hint}"));
        };
        match &found.settings.tools {
            _ if tool.is_empty() => Err("which tool? `*` is all of them".to_owned()),
            Some(allowed) if tool != "*" && !allowed.iter().any(|one| one == tool) => {
                Err(format!("[mcp.{server}] allows only {}", allowed.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

/// Adds a tool of a server, or `*`, to those that an agent has.
fn add_mcp(all: &mut Vec<ConfiguredMcpTools>, server: &str, tool: &str) {
    let only = (tool != "*").then(|| vec![tool.to_owned()]);
    match (all.iter_mut().find(|one| one.server == server), only) {
        (None, only) => all.push(ConfiguredMcpTools {
            server: server.to_owned(),
            only,
        }),
        (Some(one), None) => one.only = None,
        (Some(one), Some(more)) => {
            if let Some(only) = &mut one.only {
                only.extend(more);
            }
        }
    }
}

fn read_transfer(section: &Section<'_>, tools: &[ReadyTool]) -> Vec<(String, String)> {
    let transfer = section.entries("transfer");
    let wants = tools.contains(&ReadyTool::Transfer);
    match &transfer {
        None if wants => section.require(
            "transfer",
            "the tool needs to know where to: transfer = { sales = \"PJSIP/200\" }",
        ),
        Some(all) if wants && all.is_empty() => section.refuse("transfer", "names nobody"),
        Some(_) if !wants && !section.has("tools") => section.refuse(
            "transfer",
            "is of no use without the tool: tools = [\"transfer\"]",
        ),
        _ => {}
    }
    let transfer = transfer.unwrap_or_default();
    for (name, endpoint) in &transfer {
        if name.trim().is_empty() {
            section.refuse("transfer", "has a destination without a name");
        }
        if !is_endpoint(endpoint) {
            section.refuse("transfer", format!("{name}: {NO_ENDPOINT}"));
        }
    }
    transfer
}

fn read_overlap(section: Section<'_>) -> OverlapWords {
    let words = |key| {
        let words = section.text_or_texts(key).unwrap_or_default();
        if words
            .iter()
            .any(|text| !text.contains(char::is_alphanumeric))
        {
            section.refuse(key, "has an entry without a word");
        }
        words
    };
    let words = OverlapWords::new().with(|overlap| {
        overlap.interruptions = words("interruptions");
        overlap.backchannels = words("backchannels");
    });
    section.finish();
    words
}

fn read_languages(
    section: &Section<'_>,
    tools: &[ReadyTool],
    known: &Known<'_>,
) -> Vec<(String, String)> {
    let languages = section.entries("languages");
    let wants = tools.contains(&ReadyTool::SwitchLanguage);
    match &languages {
        None if wants => section.require(
            "languages",
            "the tool needs to know which, and who speaks them: languages = { de = \"elevenlabs\" }",
        ),
        Some(all) if wants && all.is_empty() => section.refuse("languages", "names none"),
        Some(_) if !wants => {
            let reason = "is of no use without the tool: tools = [\"switch_language\"]";
            section.refuse("languages", reason);
            return Vec::new();
        }
        _ => {}
    }
    let languages = languages.unwrap_or_default();
    for (tag, provider) in &languages {
        if provider == COMMAND {
            section.refuse("languages", format!("{tag}: must be a [provider]"));
        } else if let Err(reason) = known.check(provider, ProviderRole::TextToSpeech) {
            section.refuse("languages", format!("{tag}: {reason}"));
        }
    }
    languages
}

fn read_hand_over(
    section: &Section<'_>,
    tools: &[ReadyTool],
    own: &str,
    known: &Known<'_>,
) -> Vec<String> {
    let to = section.text_or_texts("hand_over");
    let wants = tools.contains(&ReadyTool::HandOver);
    match &to {
        None if wants => section.require(
            "hand_over",
            "the tool needs to know to which agents: hand_over = [\"billing\"]",
        ),
        Some(all) if wants && all.is_empty() => section.refuse("hand_over", "names nobody"),
        Some(_) if !wants => {
            let reason = "is of no use without the tool: tools = [\"hand_over\"]";
            section.refuse("hand_over", reason);
            return Vec::new();
        }
        _ => {}
    }
    let to = to.unwrap_or_default();
    let others: Vec<&str> = known.agents.iter().map(String::as_str).collect();
    let others: Vec<&str> = others.into_iter().filter(|name| *name != own).collect();
    for (index, name) in to.iter().enumerate() {
        if name == own {
            section.refuse("hand_over", format!("{name:?} is the agent itself"));
        } else if to.iter().take(index).any(|earlier| earlier == name) {
            section.refuse("hand_over", format!("names {name:?} twice"));
        } else if !others.contains(&name.as_str()) {
            let hint = match (nearest(name, &others), others.as_slice()) {
                (Some(near), _) => format!("did you mean {near:?}?"),
                (None, []) => "there is no other agent".to_owned(),
                (None, others) => format!("there are {}", others.join(", ")),
            };
            section.refuse("hand_over", format!("there is no [agent.{name}]; {hint}"));
        }
    }
    to
}

/// Longest message, in seconds: it is kept in memory until it is over.
const LONGEST_MESSAGE: u64 = 600;

fn read_message(section: Section<'_>, agent: &Section<'_>) -> MessageSettings {
    let defaults = MessageSettings::default();
    let wants = agent.texts("tools").unwrap_or_default();
    if section.is_present() && !wants.iter().any(|name| name == "leave_message") {
        let reason = "is of no use without the tool: tools = [\"leave_message\"]";
        agent.refuse("message", reason);
    }
    let longest = section.integer::<u64>("longest_s", 1..=LONGEST_MESSAGE);
    let silence = section.integer::<u64>("silence_ms", 500..=60_000);
    let message = MessageSettings::default().with(|message| {
        message.folder = read_word(&section, "folder").map(PathBuf::from);
        message.longest = longest.map_or(defaults.longest, Duration::from_secs);
        message.silence = silence.map_or(defaults.silence, Duration::from_millis);
        message.beep = section.boolean("beep").unwrap_or(defaults.beep);
    });
    section.finish();
    message
}

fn read_context(section: Section<'_>) -> ContextLimit {
    let defaults = ContextLimit::default();
    let mut context = ContextLimit::tokens(
        section
            .integer::<usize>("max_tokens", 500..=1_000_000)
            .unwrap_or(defaults.max_tokens),
    );
    context.summarise = section.boolean("summarise").unwrap_or(defaults.summarise);
    section.finish();
    context
}

fn read_no_input(section: Section<'_>, known: &Known<'_>) -> Option<NoInput> {
    if !section.is_present() {
        return None;
    }
    section.require("after_ms", "for how long nobody has spoken");
    let after = section.integer::<u64>("after_ms", 500..=600_000);
    let say = section.text_or_texts("say").unwrap_or_default();
    if say.iter().any(|text| text.trim().is_empty()) {
        section.refuse("say", "has an empty text");
    }
    let then = read_way_out(&section, known);
    section.finish();
    Some(NoInput {
        after: Duration::from_millis(after?),
        say,
        then,
    })
}

fn read_filler(section: Section<'_>) -> Option<Filler> {
    if !section.is_present() {
        return None;
    }
    section.require("after_ms", "for how long the caller has heard nothing");
    section.require("say", "what is said then");
    let after = section.integer::<u64>("after_ms", 100..=60_000);
    let say = read_word(&section, "say");
    section.finish();
    Some(Filler {
        after: Duration::from_millis(after?),
        say: say?,
    })
}

fn read_dead_air(section: Section<'_>) -> DeadAir {
    let time = |key| {
        section
            .integer::<u64>(key, 0..=600_000)
            .map(Duration::from_millis)
    };
    let mut dead_air = DeadAir::default();
    dead_air.after = time("after_ms").unwrap_or(dead_air.after);
    dead_air.give_up_after = time("give_up_after_ms").unwrap_or(dead_air.give_up_after);
    if let Some(say) = read_word(&section, "say") {
        dead_air.say = say;
    }
    if !dead_air.give_up_after.is_zero() && dead_air.after >= dead_air.give_up_after {
        let key = match section.has("give_up_after_ms") {
            true => "give_up_after_ms",
            false => "after_ms",
        };
        section.refuse(
            key,
            format!(
                "what is said after {} ms would come too late: the call is given up after {} ms",
                dead_air.after.as_millis(),
                dead_air.give_up_after.as_millis()
            ),
        );
    }
    section.finish();
    dead_air
}

fn read_objectives(section: Section<'_>) -> Objectives {
    let time = |key| {
        let limit = section.integer::<u64>(key, 1..=600_000);
        limit.map(Duration::from_millis)
    };
    let mut objectives = Objectives::new();
    objectives.heard_silence_p95 = time("heard_silence_p95_ms");
    objectives.transcript_p95 = time("transcript_p95_ms");
    objectives.first_token_p95 = time("first_token_p95_ms");
    objectives.first_audio_p95 = time("first_audio_p95_ms");
    objectives.own_p95 = time("own_p95_ms");
    section.finish();
    objectives
}

fn read_on_failure(section: Section<'_>, known: &Known<'_>) -> OnFailure {
    let defaults = OnFailure::default();
    let on_failure = OnFailure {
        say: read_word(&section, "say").unwrap_or(defaults.say),
        then: read_way_out(&section, known),
    };
    section.finish();
    on_failure
}

const NO_ENDPOINT: &str = "must be an endpoint such as \"PJSIP/200\"";

const NO_ASTERISK: &str =
    "needs [asterisk]: calls over AudioSocket alone can neither be transferred nor be sent digits";

fn read_way_out(section: &Section<'_>, known: &Known<'_>) -> WayOut {
    let Some(text) = section.text("then") else {
        return WayOut::HangUp;
    };
    match text.trim() {
        "hang_up" => WayOut::HangUp,
        "continue" => WayOut::Return,
        other => {
            let endpoint = other.strip_prefix("transfer").map(str::trim);
            match endpoint {
                Some(endpoint) if is_endpoint(endpoint) => {
                    if !known.has_asterisk {
                        section.refuse("then", NO_ASTERISK);
                    }
                    return WayOut::Transfer(endpoint.to_owned());
                }
                Some(_) => section.refuse("then", format!("behind `transfer` there {NO_ENDPOINT}")),
                None => section.refuse(
                    "then",
                    "must be \"hang_up\", \"continue\" or \"transfer PJSIP/200\"",
                ),
            }
            WayOut::HangUp
        }
    }
}

/// A technology and a resource.
fn is_endpoint(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    plain
        && text
            .split_once('/')
            .is_some_and(|(technology, resource)| !technology.is_empty() && !resource.is_empty())
}

/// Finds out what the `model` of a section is for that can serve several roles.
fn settle_models(
    root: &Section<'_>,
    providers: &mut [ProviderSettings],
    agents: &[ConfiguredAgent],
) {
    for (name, section) in root.named("provider") {
        let mut providers = providers.iter_mut();
        let Some(provider) = providers.find(|one| one.name == name) else {
            continue;
        };
        let roles = provider.kind.roles();
        if !roles.contains(&ProviderRole::SpeechToSpeech) || provider.model.is_none() {
            continue;
        }
        let uses = |names: fn(&ConfiguredAgent) -> &Vec<String>| {
            agents.iter().any(|agent| names(agent).contains(&name))
        };
        if uses(|agent| &agent.language_model) {
            continue;
        }
        let hears = uses(|agent| &agent.speech_to_text) && provider.speech_to_text_model.is_none();
        let speaks = uses(|agent| &agent.text_to_speech) && provider.text_to_speech_model.is_none();
        let talks =
            uses(|agent| &agent.speech_to_speech) && provider.speech_to_speech_model.is_none();
        match (hears, speaks, talks) {
            (true, false, false) => provider.speech_to_text_model = provider.model.take(),
            (false, true, false) => provider.text_to_speech_model = provider.model.take(),
            (false, false, true) => provider.speech_to_speech_model = provider.model.take(),
            (false, false, false) => {}
            _ => {
                let roles = [
                    (hears, "speech_to_text"),
                    (speaks, "text_to_speech"),
                    (talks, "speech_to_speech"),
                ];
                let roles = roles.iter().filter(|(is, _)| *is).map(|(_, role)| *role);
                let roles: Vec<_> = roles.collect();
                let keys: Vec<_> = roles.iter().map(|role| format!("{role}_model")).collect();
                let (roles, keys) = (roles.join(" or "), keys.join(" or "));
                section.refuse("model", format!("is it for {roles}? Write {keys}"));
            }
        }
    }
}
