//! Tools of a server: their names, and what of a result a model is told.

use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject,
    ResourceContents,
};
use rmcp::service::ServiceError;
use serde_json::Value;

use super::BETWEEN;
use super::link::causes;
use super::secrets::Secrets;
use super::server::McpServer;
use crate::session::{Call, HandlerError, Tool};
use crate::speech::{BoxFuture, ToolSpec};

/// Most tools of a server, and bytes of what models are told of them with each request.
const MOST_TOOLS: usize = 256;
const MOST_TOLD: usize = 2 << 20;

/// Most characters of a tool's name, as models take it.
const LONGEST_NAME: usize = 64;

/// Most bytes of a description, and of the parameters.
const LONGEST_DESCRIPTION: usize = 4 << 10;
const LONGEST_SCHEMA: usize = 64 << 10;

/// Bytes of a result that are kept: more than a model is told.
const LONGEST_RESULT: usize = 64 << 10;

/// How long a tool in the background may take at least.
const IN_BACKGROUND: Duration = Duration::from_secs(120);

/// A tool, as its server describes it.
#[derive(Clone)]
pub(super) struct ToolOfServer {
    /// The server's name of it.
    pub(super) remote: String,
    pub(super) spec: ToolSpec,
}

/// The tools of a server as it lists them, page by page, with names that models take, each only
/// once.
pub(super) struct Listing<'a> {
    server: &'a str,
    secrets: &'a Secrets,
    all: Vec<ToolOfServer>,
    /// Bytes of what models are told of them.
    bytes: usize,
}

impl<'a> Listing<'a> {
    pub(super) fn new(server: &'a str, secrets: &'a Secrets) -> Self {
        Self {
            server,
            secrets,
            all: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds a page. False if there is no room for more.
    pub(super) fn add(&mut self, page: Vec<rmcp::model::Tool>) -> bool {
        for tool in page {
            let remote = tool.name.into_owned();
            let parameters = Value::Object(tool.input_schema.as_ref().clone());
            let known = self.all.iter().any(|other| other.remote == remote);
            let parameters = parameters_of(self.secrets.hide_in(parameters));
            let (false, false, Some(parameters)) = (remote.is_empty(), known, parameters) else {
                tracing::warn!(
                    server = self.server,
                    tool = remote.chars().take(LONGEST_NAME).collect::<String>(),
                    "a tool of an MCP server is left out: no name, twice, or parameters that are \
                     no object or more than 64 KiB"
                );
                continue;
            };
            let mut description = tool.description.unwrap_or_default().into_owned();
            description = self.secrets.hide(&description);
            cut(&mut description, LONGEST_DESCRIPTION);
            let told = description
                .len()
                .saturating_add(parameters.to_string().len());
            self.bytes = self.bytes.saturating_add(told);
            if self.all.len() >= MOST_TOOLS || self.bytes > MOST_TOLD {
                tracing::warn!(
                    server = self.server,
                    "an MCP server has more than 256 tools, or more than 2 MiB to say of them: the \
                     others are left out"
                );
                return false;
            }
            let name = unique(self.server, &self.secrets.hide(&remote), |name| {
                self.all.iter().any(|other| other.spec.name == name)
            });
            let spec = ToolSpec::new(name, description, parameters);
            self.all.push(ToolOfServer { remote, spec });
        }
        true
    }

    pub(super) fn into_tools(self) -> Vec<ToolOfServer> {
        self.all
    }
}

/// Parameters as all services take them: an object that names its properties. `None` if they are
/// something else, or too long.
fn parameters_of(mut schema: Value) -> Option<Value> {
    let object = schema.as_object_mut()?;
    object.entry("type").or_insert_with(|| "object".into());
    let properties = object
        .entry("properties")
        .or_insert_with(|| JsonObject::new().into());
    let sound = properties.is_object() && object.get("type")? == "object";
    (sound && schema.to_string().len() <= LONGEST_SCHEMA).then_some(schema)
}

/// The name for models: the server's, `__`, and the tool's. What models don't take is `_`.
fn unique(server: &str, remote: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let clean = remote.chars().map(|c| if plain(c) { c } else { '_' });
    let full: String = server.chars().chain(BETWEEN.chars()).chain(clean).collect();
    let first: String = full.chars().take(LONGEST_NAME).collect();
    if !taken(&first) {
        return first;
    }
    let numbered = (2_u32..).map(|number| {
        let end = format!("_{number}");
        let room = LONGEST_NAME.saturating_sub(end.len());
        full.chars()
            .take(room)
            .chain(end.chars())
            .collect::<String>()
    });
    numbered
        .into_iter()
        .find(|name| !taken(name))
        .unwrap_or(first)
}

/// A tool of a server, for agents.
pub(super) struct McpTool {
    server: McpServer,
    tool: ToolOfServer,
    confirms: bool,
    background: bool,
}

impl McpTool {
    pub(super) fn new(server: McpServer, tool: ToolOfServer) -> Self {
        let settings = &server.inner().settings;
        let among = |names: &[String]| {
            let mut names = names.iter();
            names.any(|name| *name == tool.remote || name == "*")
        };
        let (confirms, background) = (among(&settings.confirm), among(&settings.background));
        Self {
            server,
            tool,
            confirms,
            background,
        }
    }

    async fn ask(&self, call: &Call, arguments: Value) -> Result<String, HandlerError> {
        let secrets = &self.server.inner().secrets;
        let unreachable = |why: String| format!("{} can't be reached: {why}", self.server.name());
        let up = self.server.settled().await.map_err(unreachable)?;
        let mut request = CallToolRequestParams::new(self.tool.remote.clone());
        if let Value::Object(arguments) = arguments {
            request = request.with_arguments(arguments);
        }
        // As the header of tools over HTTP: which call it is.
        let mut meta = JsonObject::new();
        meta.insert("voxtra/session_id".to_owned(), call.id().into());
        request.meta = Some(meta.into());
        let answer = up.peer.call_tool_once(request).await;
        let answer = answer.map_err(|error| {
            if let ServiceError::TransportClosed | ServiceError::TransportSend(_) = error {
                up.broken.notify_one();
            }
            let why = match &error {
                ServiceError::McpError(error) => error.message.clone().into_owned(),
                ServiceError::TransportClosed => "it ended before it answered".to_owned(),
                other => causes(other),
            };
            secrets.hide(&why)
        })?;
        match answer {
            CallToolResponse::Complete(result) => {
                let is_error = result.is_error == Some(true);
                let told = told(result, secrets);
                if is_error { Err(told.into()) } else { Ok(told) }
            }
            _ => Err("it asks for what a caller can't give".into()),
        }
    }
}

impl Tool for McpTool {
    fn spec(&self) -> ToolSpec {
        self.tool.spec.clone()
    }

    fn run<'a>(
        &'a self,
        call: &'a Call,
        arguments: Value,
    ) -> BoxFuture<'a, Result<String, HandlerError>> {
        Box::pin(self.ask(call, arguments))
    }

    fn time_limit(&self) -> Duration {
        let limit = self.server.inner().settings.timeout;
        match self.background {
            true => limit.max(IN_BACKGROUND),
            false => limit,
        }
    }

    fn in_background(&self) -> bool {
        self.background
    }

    fn confirms(&self) -> bool {
        self.confirms
    }
}

/// What the model is told of a result.
fn told(result: CallToolResult, secrets: &Secrets) -> String {
    let mut text = String::new();
    for part in &result.content {
        if text.len() > LONGEST_RESULT.saturating_add(secrets.longest()) {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        match part {
            ContentBlock::Text(part) => text.push_str(&part.text),
            ContentBlock::Image(image) => text.push_str(&note("an image", &image.mime_type)),
            ContentBlock::Audio(audio) => text.push_str(&note("a sound", &audio.mime_type)),
            ContentBlock::Resource(resource) => match &resource.resource {
                ResourceContents::TextResourceContents { text: part, .. } => text.push_str(part),
                ResourceContents::BlobResourceContents { uri, .. } => {
                    text.push_str(&note("a file", uri));
                }
                _ => text.push_str(&note("a file", "of an unknown kind")),
            },
            ContentBlock::ResourceLink(link) => text.push_str(&note("a file", &link.uri)),
            _ => text.push_str(&note("something", "of an unknown kind")),
        }
    }
    if text.trim().is_empty()
        && let Some(structured) = result.structured_content.filter(|value| !value.is_null())
    {
        text = secrets.hide_in(structured).to_string();
    }
    text = secrets.hide(&text);
    if text.trim().is_empty() {
        return "done, without words".to_owned();
    }
    if cut(&mut text, LONGEST_RESULT) {
        text.push('…');
    }
    text
}

/// What stands for something that has no words.
fn note(what: &str, of: &str) -> String {
    let of: String = of.chars().take(200).collect();
    format!("({what} that can't be read here: {of})")
}

/// At most so many bytes of a text. Whether it was longer.
fn cut(text: &mut String, most: usize) -> bool {
    let longer = text.len() > most;
    if longer {
        text.truncate(text.floor_char_boundary(most));
    }
    longer
}
