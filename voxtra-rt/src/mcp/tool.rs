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
use super::server::McpServer;
use crate::session::{Call, HandlerError, Tool};
use crate::speech::{BoxFuture, ToolSpec};

/// Most characters of a tool's name, as models take it.
const LONGEST_NAME: usize = 64;

/// Most bytes of a description, and of the parameters.
const LONGEST_DESCRIPTION: usize = 4 << 10;
const LONGEST_SCHEMA: usize = 64 << 10;

/// Bytes of a result that are kept: more than a model is told.
const LONGEST_RESULT: usize = 64 << 10;

/// A tool, as its server describes it.
#[derive(Clone)]
pub(super) struct ToolOfServer {
    /// The server's name of it.
    pub(super) remote: String,
    pub(super) spec: ToolSpec,
}

/// The tools of a server, with names that models take, each only once.
pub(super) fn named(server: &str, tools: Vec<rmcp::model::Tool>) -> Vec<ToolOfServer> {
    let mut all: Vec<ToolOfServer> = Vec::new();
    for tool in tools {
        let remote = tool.name.into_owned();
        let parameters = Value::Object(tool.input_schema.as_ref().clone());
        if remote.is_empty()
            || all.iter().any(|other| other.remote == remote)
            || parameters.to_string().len() > LONGEST_SCHEMA
        {
            tracing::warn!(
                server,
                tool = remote.chars().take(LONGEST_NAME).collect::<String>(),
                "a tool of an MCP server is left out: no name, twice, or parameters of more than 64 KiB"
            );
            continue;
        }
        let name = unique(server, &remote, |name| {
            all.iter().any(|other| other.spec.name == name)
        });
        let mut description = tool.description.unwrap_or_default().into_owned();
        cut(&mut description, LONGEST_DESCRIPTION);
        let spec = ToolSpec::new(name, description, parameters);
        all.push(ToolOfServer { remote, spec });
    }
    all
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
}

impl McpTool {
    pub(super) fn new(server: McpServer, tool: ToolOfServer) -> Self {
        let confirm = &server.inner().settings.confirm;
        let confirms = confirm
            .iter()
            .any(|name| *name == tool.remote || name == "*");
        Self {
            server,
            tool,
            confirms,
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
                let told = secrets.hide(&told(result));
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
        self.server.inner().settings.timeout
    }

    fn confirms(&self) -> bool {
        self.confirms
    }
}

/// What the model is told of a result.
fn told(result: CallToolResult) -> String {
    let mut text = String::new();
    for part in &result.content {
        if text.len() > LONGEST_RESULT {
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
        text = structured.to_string();
    }
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
