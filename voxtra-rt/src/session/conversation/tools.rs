//! Tools that are ready.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::call::Call;
use super::super::error::HandlerError;
use super::tool::{FnTool, Tool};
use crate::speech::{BoxFuture, TextToSpeech, ToolSpec};

/// A tool with which the model ends the call, after what it has said was heard.
pub fn hang_up() -> impl Tool {
    let spec = ToolSpec::new(
        "hang_up",
        "Ends the call. Say goodbye first, in the same reply.",
        serde_json::json!({ "type": "object", "properties": {} }),
    );
    FnTool::new(spec, |call: Call, _| async move {
        call.hangup().await?;
        // Until then the model would be asked for more words.
        call.ended().await;
        Ok("the call is over".to_owned())
    })
}

/// A tool with which the model connects the caller to one of these `destinations`: pairs of the
/// name that the model uses, and an endpoint such as `PJSIP/200`.
pub fn transfer<N: Into<String>, E: Into<String>>(
    destinations: impl IntoIterator<Item = (N, E)>,
) -> impl Tool {
    let destinations: Vec<(String, String)> = destinations
        .into_iter()
        .map(|(name, endpoint)| (name.into(), endpoint.into()))
        .collect();
    let names: Vec<&str> = destinations.iter().map(|(name, _)| name.as_str()).collect();
    let spec = ToolSpec::new(
        "transfer",
        "Connects the caller to somebody else. Say so first, in the same reply.",
        serde_json::json!({
            "type": "object",
            "properties": { "destination": { "type": "string", "enum": names } },
            "required": ["destination"],
        }),
    );
    let destinations = Arc::new(destinations);
    Slow(FnTool::new(spec, move |call: Call, arguments: Value| {
        let destinations = destinations.clone();
        async move {
            let wanted = arguments.get("destination").and_then(Value::as_str);
            let found = destinations
                .iter()
                .find(|(name, _)| Some(name.as_str()) == wanted);
            let (name, endpoint) = found.ok_or("there is no such destination")?;
            call.transfer(endpoint.as_str()).await?;
            Ok(format!("the caller is connected to {name}"))
        }
    }))
}

/// A tool that waits for a person.
struct Slow<T>(T);

impl<T: Tool> Tool for Slow<T> {
    fn spec(&self) -> ToolSpec {
        self.0.spec()
    }

    fn run<'a>(
        &'a self,
        call: &'a Call,
        arguments: Value,
    ) -> BoxFuture<'a, Result<String, HandlerError>> {
        self.0.run(call, arguments)
    }

    /// Longer than a telephone rings.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(120)
    }

    /// The caller hears the telephone ring.
    fn wants_filler(&self) -> bool {
        false
    }
}

/// A tool with which the model presses keys, for a menu at the other end.
pub fn send_dtmf() -> impl Tool {
    let spec = ToolSpec::new(
        "send_dtmf",
        "Presses keys of the telephone for the other side.",
        serde_json::json!({
            "type": "object",
            "properties": { "digits": { "type": "string", "pattern": "^[0-9A-D*#]+$" } },
            "required": ["digits"],
        }),
    );
    FnTool::new(spec, |call: Call, arguments: Value| async move {
        let digits = arguments.get("digits").and_then(Value::as_str);
        call.send_dtmf(digits.ok_or("which digits?")?).await?;
        Ok("pressed".to_owned())
    })
}

/// A tool with which the model goes on in another language: pairs of its tag, such as `de`, and the
/// voice that speaks it. They hold from the next sentence and from the caller's next words on.
pub fn switch_language<T: Into<String>>(
    languages: impl IntoIterator<Item = (T, Arc<dyn TextToSpeech>)>,
) -> impl Tool {
    let languages: Vec<(String, Arc<dyn TextToSpeech>)> = languages
        .into_iter()
        .map(|(tag, voice)| (tag.into(), voice))
        .collect();
    let tags: Vec<&str> = languages.iter().map(|(tag, _)| tag.as_str()).collect();
    let spec = ToolSpec::new(
        "switch_language",
        "Goes on in another language, when the caller speaks it or asks for it. Then answer in it.",
        serde_json::json!({
            "type": "object",
            "properties": { "language": { "type": "string", "enum": tags } },
            "required": ["language"],
        }),
    );
    FnTool::new(spec, move |call: Call, arguments: Value| {
        let wanted = arguments.get("language").and_then(Value::as_str);
        let found = languages
            .iter()
            .find(|(tag, _)| Some(tag.as_str()) == wanted);
        std::future::ready(match found {
            Some((tag, voice)) => {
                call.set_voice(voice.clone());
                call.set_language(tag);
                Ok(format!("you speak {tag} now, and understand it"))
            }
            None => Err("there is no such language".into()),
        })
    })
}
