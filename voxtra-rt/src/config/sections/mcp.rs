//! `[mcp.NAME]`.

use url::Url;

use super::super::document::Section;
use super::super::mcp::ConfiguredMcp;
use super::super::risk;
use super::{read_time, read_word};
use crate::mcp::{BETWEEN, McpPlace, McpSettings, is_server_name};

/// Longest time that a tool, or a server's start, may take: the caller waits.
const LONGEST: u64 = 120_000;

/// The servers, and the names of all sections, broken ones too.
pub(super) fn read_servers(root: &Section<'_>) -> (Vec<ConfiguredMcp>, Vec<String>) {
    let mut all = Vec::new();
    let mut names = Vec::new();
    for (name, section) in root.named("mcp") {
        // Two tools would have one name.
        let near = format!("{name}{BETWEEN}");
        for (tool, own) in root.named("tool") {
            if tool.starts_with(&near) {
                own.refuse(
                    "",
                    format!("begins as the tools of [mcp.{name}] do: choose another name"),
                );
            }
        }
        names.push(name.clone());
        all.extend(read_server(name, section));
    }
    (all, names)
}

fn read_server(name: String, section: Section<'_>) -> Option<ConfiguredMcp> {
    if !is_server_name(&name) {
        section.refuse(
            "",
            "is no name that can begin a tool's: up to 32 letters, digits, `_` and `-`, without `__`",
        );
    }
    let place = read_place(&section);
    let names = |key| {
        let names = section.texts(key);
        if names.iter().flatten().any(|name| name.trim().is_empty()) {
            section.refuse(key, "names a tool without a name");
        }
        names
    };
    let tools = names("tools");
    let [confirm, background] = ["confirm", "background"].map(|key| {
        let named = names(key).unwrap_or_default();
        let mut others = named.iter().filter(|name| *name != "*");
        let stranger = |name: &&String| tools.as_ref().is_some_and(|all| !all.contains(name));
        if let Some(other) = others.find(stranger) {
            section.refuse(key, format!("{other:?} is not among `tools`"));
        }
        named
    });
    if tools.as_ref().is_some_and(Vec::is_empty) {
        section.refuse("tools", "names no tool: leave it out for all");
    }
    let time = |key, default| read_time(&section, key, 100, LONGEST, default);
    let defaults = McpSettings::url("");
    let timeout = time("timeout_ms", defaults.timeout);
    let start_timeout = time("start_timeout_ms", defaults.start_timeout);
    let required = section.boolean("required").unwrap_or_default();
    section.finish();
    let settings = McpSettings::at(place?).with(|settings| {
        settings.timeout = timeout;
        settings.start_timeout = start_timeout;
        settings.tools = tools;
        settings.confirm = confirm;
        settings.background = background;
        settings.required = required;
    });
    Some(ConfiguredMcp { name, settings })
}

fn read_place(section: &Section<'_>) -> Option<McpPlace> {
    let command = section.texts("command");
    let url = read_word(section, "url");
    let environment = section.secrets("env");
    let headers = section.secrets("headers");
    match (section.has("command"), section.has("url")) {
        (true, true) => section.refuse("url", "stands beside `command`: leave out one of them"),
        (false, false) => section.require(
            "command",
            "the program that is started, and its arguments; or `url`, a server over HTTP",
        ),
        (true, false) if headers.is_some() => {
            section.refuse_secret("headers", "are for a `url`; a program has `env`");
        }
        (false, true) if environment.is_some() => {
            section.refuse_secret(
                "env",
                "is for a `command`; a server over HTTP has `headers`",
            );
        }
        _ => {}
    }
    if let Some(url) = url {
        match Url::parse(&url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => {
                if !parsed.username().is_empty() || parsed.password().is_some() {
                    let reason = "holds a user or a password: put them into `headers`";
                    section.refuse("url", reason);
                }
                risk::look_at_url(section, "url", &parsed, "what is said in your calls");
            }
            _ => section.refuse("url", "must begin with http:// or https://"),
        }
        let headers = headers.unwrap_or_default();
        return Some(McpPlace::Url { url, headers });
    }
    let mut words = command?.into_iter();
    let program = words.next().unwrap_or_default();
    if program.trim().is_empty() {
        section.refuse("command", "names no program: [\"npx\", \"-y\", \"…\"]");
    }
    let environment = environment.unwrap_or_default();
    for (name, _) in &environment {
        if name.is_empty() || name.contains('=') {
            section.refuse_secret("env", format!("{name:?} is no variable's name"));
        }
    }
    Some(McpPlace::Command {
        program: program.into(),
        arguments: words.collect(),
        environment,
    })
}
