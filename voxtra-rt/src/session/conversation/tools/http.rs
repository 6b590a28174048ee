//! Tools that are servers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::super::super::call::Call;
use super::super::super::error::HandlerError;
use super::super::http::{HttpSettings, Server};
use super::super::tool::Tool;
use super::super::variables::KnownNames;
use super::html;
use crate::speech::{BoxFuture, ProviderError, ToolSpec, WebAnswer};

/// How long a server may take, unless its settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of an answer that are read. The model is told less; the text of a page is less too.
const MAX_ANSWER: usize = 256 << 10;

/// A tool that asks a server.
///
/// The address may have the tool's parameters and variables of the call, such as
/// `https://api.example.com/orders/{{number}}?caller={{caller_id}}`; their values are encoded. The
/// other arguments go into the query, or into a JSON object with `POST`, `PUT` and `PATCH`. The
/// answer is text, JSON or a page, whose text the model is told; a refusal is told in words.
/// Redirects are not followed.
///
/// ```
/// use voxtra_rt::session::{AgentSettings, HttpSettings, tools};
///
/// let orders = HttpSettings::new("https://api.example.com/orders/{{number}}")
///     .header("authorization", "Bearer …");
/// let parameters = tools::texts([("number", "the order's number")]);
/// let orders = tools::HttpTool::new("orders", "Tells where an order is.", parameters, &orders)?;
/// let agent = AgentSettings::new("Be brief.").tool(orders);
/// # Ok::<(), voxtra_rt::speech::ProviderError>(())
/// ```
pub struct HttpTool {
    spec: ToolSpec,
    server: Server,
    in_address: Vec<String>,
    confirms: bool,
    background: bool,
}

impl HttpTool {
    /// A tool with these parameters, a JSON schema.
    ///
    /// # Errors
    /// The address, a variable in it, or a header is wrong.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
        settings: &HttpSettings,
    ) -> Result<Self, ProviderError> {
        let spec = ToolSpec::new(name.into(), description.into(), parameters);
        let known = KnownNames::with(properties(&spec.parameters));
        let server = Server::new(&spec.name, settings, TIMEOUT, &known)?;
        let in_address = properties(&spec.parameters);
        let in_address = in_address.filter(|name| server.names().any(|one| one == name));
        let in_address = in_address.collect();
        Ok(Self {
            spec,
            server,
            in_address,
            confirms: false,
            background: false,
        })
    }

    /// The caller must agree before it is asked.
    #[must_use]
    pub fn confirmed(mut self) -> Self {
        self.confirms = true;
        self
    }

    /// The conversation goes on while it is asked, as
    /// [`Tool::in_background`](crate::session::Tool::in_background) says. Set the timeout too: it
    /// stays as it is.
    #[must_use]
    pub fn background(mut self) -> Self {
        self.background = true;
        self
    }

    async fn ask(&self, call: &Call, arguments: Value) -> Result<String, HandlerError> {
        let mut arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        let mut own = BTreeMap::new();
        for name in &self.in_address {
            let value = arguments.remove(name).unwrap_or_default();
            own.insert(name.clone(), written(&value));
        }
        let answer = if self.server.takes_body() {
            let body = Value::Object(arguments);
            let asked = self.server.ask(call, &own, &[], Some(&body), MAX_ANSWER);
            asked.await?
        } else {
            let more = arguments.iter();
            let more: Vec<_> = more
                .map(|(name, value)| (name.clone(), written(value)))
                .collect();
            let asked = self.server.ask(call, &own, &more, None, MAX_ANSWER);
            asked.await?
        };
        read(&answer)
    }
}

impl Tool for HttpTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn run<'a>(
        &'a self,
        call: &'a Call,
        arguments: Value,
    ) -> BoxFuture<'a, Result<String, HandlerError>> {
        Box::pin(self.ask(call, arguments))
    }

    fn time_limit(&self) -> Duration {
        self.server.timeout()
    }

    fn confirms(&self) -> bool {
        self.confirms
    }

    fn in_background(&self) -> bool {
        self.background
    }
}

impl std::fmt::Debug for HttpTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTool")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

/// The names of a schema's properties.
fn properties(schema: &Value) -> impl Iterator<Item = String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|all| all.keys().cloned())
}

/// An argument as text.
fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the model is told of an answer.
fn read(answer: &WebAnswer) -> Result<String, HandlerError> {
    let kind = answer.content_type.as_str();
    let page = matches!(kind, "text/html" | "application/xhtml+xml");
    let is_text = kind.is_empty()
        || kind.starts_with("text/")
        || ["json", "xml", "x-www-form-urlencoded"]
            .iter()
            .any(|end| kind.ends_with(end));
    let text = String::from_utf8_lossy(&answer.body);
    if !page && !is_text || text.contains('\0') {
        let kind = if kind.is_empty() { "bytes" } else { kind };
        return Err(format!("it answered with {kind}, which is no text").into());
    }
    let text = if page {
        html::text_of(&text)
    } else {
        text.trim().to_owned()
    };
    let end = match answer.cut {
        true => "… (cut: the answer was too long)",
        false => "",
    };
    match text.is_empty() {
        true => Ok(format!("done, without words{end}")),
        false => Ok(format!("{text}{end}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lock::lock;
    use crate::session::conversation::http::tests::server;
    use crate::session::conversation::nowhere;
    use crate::session::conversation::tool::told;
    use crate::session::tools::texts;

    fn tool(settings: &HttpSettings) -> HttpTool {
        let parameters = texts([("number", "the order's number"), ("note", "anything")]);
        HttpTool::new("orders", "Tells where an order is.", parameters, settings).unwrap()
    }

    /// What the model is told.
    async fn asked(settings: &HttpSettings) -> String {
        let arguments = json!({ "number": "7/8", "note": "a&b" });
        told(&nowhere("+265"), tool(settings), arguments).await
    }

    #[tokio::test]
    async fn arguments_reach_the_server_where_they_belong() {
        let (url, seen) = server(200, "application/json", "{\"status\": \"sent\"}").await;
        let address = format!("{url}/orders/{{{{number}}}}?by={{{{caller_id}}}}");
        let get = HttpSettings::new(&address);
        assert_eq!(asked(&get).await, "{\"status\": \"sent\"}");
        let post = HttpSettings::new(&address).method("POST");
        asked(&post).await;
        let seen = lock(&seen).clone();
        assert_eq!(
            seen[0][..3],
            ["GET", "/orders/7%2F8?by=%2B265&note=a%26b", "ch-1"]
        );
        assert_eq!(seen[1][1], "/orders/7%2F8?by=%2B265");
        assert_eq!(seen[1][3], "{\"note\":\"a&b\"}");
    }

    #[tokio::test]
    async fn whatever_a_server_answers_is_told_in_words_and_in_bounds() {
        let megabytes = "x".repeat(5 << 20);
        let page = format!(
            "<html><script>{}</script><p>Sent &amp; gone</p>",
            "y".repeat(9_000)
        );
        for (status, kind, body, says) in [
            (200, "text/plain; charset=utf-8", " sent \n", "sent"),
            (200, "text/html", &page, "Sent & gone"),
            (
                200,
                "text/plain",
                &megabytes,
                "… (cut: the result was too long)",
            ),
            (
                200,
                "text/html",
                &megabytes,
                "… (cut: the result was too long)",
            ),
            (204, "", "", "done, without words"),
            (
                200,
                "image/png",
                "PNG",
                "error: it answered with image/png, which is no text",
            ),
            (200, "text/plain", "a\0b", "which is no text"),
            (
                404,
                "application/json",
                "{\"error\": \"no such order\"}",
                "error: orders: it answered 404 Not Found: no such order",
            ),
            (
                500,
                "text/html",
                "<html>",
                "error: orders: it answered 500 Internal Server Error: without a reason",
            ),
            (302, "text/plain", "", "redirects are not followed"),
        ] {
            let (url, _) = server(status, kind, body).await;
            let told = asked(&HttpSettings::new(url)).await;
            assert!(told.ends_with(says), "{says}: {:.200}", told);
            assert!(told.len() < 17 << 10, "{}", told.len());
        }
    }

    #[tokio::test]
    async fn a_secret_that_a_server_repeats_does_not_reach_the_model() {
        for status in [200, 403] {
            let (url, _) = server(status, "text/plain", "you said Bearer s3cret").await;
            let settings = HttpSettings::new(url).header("authorization", "Bearer s3cret");
            let told = asked(&settings).await;
            assert!(told.contains("you said ***"), "{told}");
            assert!(!format!("{:?}", tool(&settings)).contains("s3cret"));
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_or_silent_is_told_as_well() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = format!("http://{}", listener.local_addr().unwrap());
        let settings = HttpSettings::new(silent).timeout(Duration::from_millis(200));
        let told = asked(&settings).await;
        assert!(
            told.starts_with("error: ") && told.contains("0.2 s"),
            "{told}"
        );
        drop(listener);
        let told = asked(&settings).await;
        assert!(told.starts_with("error: orders: "), "{told}");
    }

    #[test]
    fn an_address_with_an_unknown_name_is_refused() {
        let settings = HttpSettings::new("https://h/{{order}}");
        let refused = HttpTool::new("orders", "", texts([("number", "")]), &settings);
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("there is no variable {{order}}"), "{error}");
    }
}
