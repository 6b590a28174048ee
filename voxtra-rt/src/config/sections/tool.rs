//! `[tool.NAME]`.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::agent::ReadyTool;
use super::super::document::Section;
use super::super::mcp::ConfiguredMcp;
use super::super::tool::ConfiguredTool;
use super::http::read_http;
use super::read_word;
use crate::session::{KnownNames, tools};

/// The tools of the file, and the names of all their sections.
pub(super) struct DeclaredTools<'t> {
    pub(super) tools: &'t [ConfiguredTool],
    pub(super) names: &'t [String],
    /// And the MCP servers.
    pub(super) servers: &'t [ConfiguredMcp],
    pub(super) server_names: &'t [String],
}

/// Longest time that a server may take: the caller waits.
const LONGEST: u64 = 120_000;

/// The same in the background, and the time unless it says otherwise.
const LONGEST_BEHIND: u64 = 600_000;
const BEHIND: Duration = Duration::from_secs(120);

/// The tools, and the names of all sections, broken ones too.
pub(super) fn read_tools(root: &Section<'_>) -> (Vec<ConfiguredTool>, Vec<String>) {
    let mut all = Vec::new();
    let mut names = Vec::new();
    for (name, section) in root.named("tool") {
        names.push(name.clone());
        all.extend(read_tool(name, section));
    }
    (all, names)
}

fn read_tool(name: String, section: Section<'_>) -> Option<ConfiguredTool> {
    if ReadyTool::ALL.iter().any(|ready| ready.name() == name) {
        section.refuse("", "is the name of a ready tool: choose another");
    } else if !is_name(&name) {
        section.refuse(
            "",
            "is no name that models take: up to 64 letters, digits, `_` and `-`",
        );
    }
    section.require("description", "what the tool does, for the model");
    let description = read_word(&section, "description");
    let parameters = read_parameters(&section);
    let properties = parameters.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flat_map(|all| all.keys().cloned());
    let known = KnownNames::with(properties);
    let background = section.boolean("background").unwrap_or_default();
    let longest = if background { LONGEST_BEHIND } else { LONGEST };
    let mut http = read_http(&section, &known, longest, "what is said in your calls");
    if let Some(http) = http.as_mut().filter(|_| background) {
        http.timeout.get_or_insert(BEHIND);
    }
    let confirm = section.boolean("confirm").unwrap_or_default();
    section.finish();
    Some(ConfiguredTool {
        name,
        description: description?,
        parameters,
        http: http?,
        confirm,
        background,
    })
}

/// Names and descriptions, or a whole schema.
fn read_parameters(section: &Section<'_>) -> Value {
    let none = || tools::texts::<String, String>([]);
    let Some(value) = section.json("parameters") else {
        return none();
    };
    let Value::Object(table) = &value else {
        section.refuse("parameters", "must be a table: { NAME = \"what it is\" }");
        return none();
    };
    let has_properties = table.get("properties").is_some_and(Value::is_object);
    if has_properties && table.get("type") == Some(&json!("object")) {
        return value;
    }
    let pairs = table
        .iter()
        .map(|(name, what)| Some((name, what.as_str()?)));
    match pairs.collect::<Option<Vec<_>>>() {
        Some(pairs) => tools::texts(pairs),
        None => {
            section.refuse(
                "parameters",
                "must be names with what they are: { NAME = \"…\" }, or a JSON schema: { type = \"object\", properties = { … } }",
            );
            none()
        }
    }
}

/// What OpenAI takes as a function's name; others take the same or more.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}
