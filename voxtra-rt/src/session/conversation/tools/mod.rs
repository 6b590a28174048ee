//! Tools that are ready, and tools that are servers.

#[cfg(feature = "http")]
mod html;
#[cfg(feature = "http")]
mod http;
mod message;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use voxtra_core::event::BuiltIn;

#[cfg(feature = "http")]
pub use self::http::HttpTool;
pub use self::message::{MessageSettings, leave_message};
use super::super::call::Call;
use super::super::event::EventBody;
#[cfg(feature = "schema")]
pub use super::tool::typed;
use super::tool::{FnTool, Tool};
use crate::lock::lock;
use crate::speech::{TextToSpeech, ToolSpec};

/// Longest time that a tool takes which waits for a person: longer than a telephone rings.
const PATIENT: Duration = Duration::from_secs(120);

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
    let transfer = FnTool::new(spec, move |call: Call, arguments: Value| {
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
    });
    // The caller hears the telephone ring.
    transfer.time_limit(PATIENT).without_filler()
}

/// Longest time that the agent is silent on purpose, unless the model asks for less.
const LONGEST_WAIT: u64 = 60;

/// A tool with which the model lets the caller be silent: somebody fetches a number, or talks to
/// another person in the room. It ends when the caller speaks, or after a minute at most.
pub fn wait() -> impl Tool {
    let spec = ToolSpec::new(
        "wait",
        "Stays silent until the caller speaks again, when the caller asks for a moment. Say so \
         first, in the same reply.",
        serde_json::json!({
            "type": "object",
            "properties": { "seconds": { "type": "integer", "description": "1 to 60" } },
        }),
    );
    let wait = FnTool::new(spec, |call: Call, arguments: Value| async move {
        let seconds = arguments.get("seconds").and_then(Value::as_u64);
        let seconds = seconds.unwrap_or(LONGEST_WAIT).clamp(1, LONGEST_WAIT);
        let mut events = call.events_from_now();
        // A sound without words is no reason to go on.
        let spoken = events.find(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::UserTranscript(words)) => {
                (!words.text.trim().is_empty()).then_some(())
            }
            _ => None,
        });
        match tokio::time::timeout(Duration::from_secs(seconds), spoken).await {
            Ok(_) => {
                lock(call.session().memory()).give_way();
                Ok("the caller speaks".to_owned())
            }
            Err(_) => Ok(format!(
                "{seconds} s have passed, and the caller said nothing"
            )),
        }
    });
    wait.time_limit(PATIENT).without_filler()
}

/// The parameters of a tool that takes texts: pairs of a name and what it is. All are required.
///
/// ```
/// use voxtra_rt::session::tools;
///
/// let parameters = tools::texts([("number", "the order's number")]);
/// assert_eq!(parameters["required"][0], "number");
/// ```
pub fn texts<N: Into<String>, D: Into<String>>(
    parameters: impl IntoIterator<Item = (N, D)>,
) -> Value {
    let parameters = parameters.into_iter();
    let properties: serde_json::Map<_, _> = parameters
        .map(|(name, what)| {
            let what: String = what.into();
            let property = serde_json::json!({ "type": "string", "description": what });
            (name.into(), property)
        })
        .collect();
    let required: Vec<&String> = properties.keys().collect();
    serde_json::json!({
        "type": "object",
        "required": required,
        "properties": properties,
    })
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
    let voices = languages.clone();
    let switch = FnTool::new(spec, move |call: Call, arguments: Value| {
        let wanted = arguments.get("language").and_then(Value::as_str);
        let found = languages
            .iter()
            .find(|(tag, _)| Some(tag.as_str()) == wanted);
        let result = match found {
            Some((tag, voice)) => {
                call.set_voice(voice.clone());
                call.set_language(tag);
                Ok(format!("you speak {tag} now, and understand it"))
            }
            None => Err("there is no such language".into()),
        };
        std::future::ready(result)
    });
    switch.with_voices(voices)
}
