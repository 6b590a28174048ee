//! Asks a server which agent takes a call: `[routing]` of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use voxtra_core::event::EndReason;
use voxtra_webhook::{OutgoingEvent, Question, WebhookError, WebhookSettings};

use super::sender;
use crate::app::{Routing, RoutingAnswer};
use crate::session::{Call, HandlerError, channel_variables};

/// The `type` of the question.
const TYPE: &str = "call.routing";

/// Reasons that an answer may reject a call with.
const REASONS: [EndReason; 6] = [
    EndReason::UserBusy,
    EndReason::Congestion,
    EndReason::NoAnswer,
    EndReason::CallRejected,
    EndReason::UnallocatedNumber,
    EndReason::NetworkOutOfOrder,
];

impl Routing {
    /// Asks a server: who calls is POSTed as JSON, signed like an event, and the answer says which
    /// agent takes the call. The time limit is the [`timeout`](WebhookSettings::timeout) of
    /// `settings`. `variables` are channel variables and functions, such as
    /// `PJSIP_HEADER(read,X-Account)`, whose values it is told.
    ///
    /// # Errors
    /// As those of a webhook: it may not be reached, or can't be.
    pub fn webhook(
        settings: &WebhookSettings,
        variables: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, WebhookError> {
        let question = Arc::new(Question::new(&sender(), settings)?);
        let variables: Arc<[String]> = variables.into_iter().map(Into::into).collect();
        let routing = Self::new(move |call: Call| {
            let (question, variables) = (question.clone(), variables.clone());
            async move { ask(&question, &variables, &call).await }
        });
        Ok(routing.time_limit(settings.timeout))
    }
}

/// What is asked: an event's shape, though it is none.
#[derive(Serialize)]
struct Asked<'a> {
    id: &'a str,
    r#type: &'a str,
    session_id: &'a str,
    timestamp: String,
    data: Facts<'a>,
}

#[derive(Serialize)]
struct Facts<'a> {
    caller_id: String,
    called_number: &'a str,
    redirecting_number: &'a str,
    args: &'a [String],
    channel: BTreeMap<String, String>,
}

async fn ask(
    question: &Question,
    variables: &[String],
    call: &Call,
) -> Result<RoutingAnswer, HandlerError> {
    let id = Uuid::new_v4().simple().to_string();
    let channel = channel_variables(call, variables).await;
    let body = serde_json::to_vec(&Asked {
        id: &id,
        r#type: TYPE,
        session_id: call.id(),
        timestamp: Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
            .to_string(),
        data: Facts {
            caller_id: call.caller_id(),
            called_number: call.called_number(),
            redirecting_number: call.redirecting_number(),
            args: call.args(),
            channel,
        },
    })?;
    let asked = OutgoingEvent {
        wire: TYPE.into(),
        id,
        session_id: call.id().into(),
        sequence: None,
        body: body.into(),
    };
    Ok(read(&question.ask(&asked).await?)?)
}

/// Reads an answer; nothing at all means that the routes decide.
fn read(answer: &[u8]) -> Result<RoutingAnswer, String> {
    let mut read = RoutingAnswer::default();
    if answer.trim_ascii().is_empty() {
        return Ok(read);
    }
    let json: Value = serde_json::from_slice(answer)
        .map_err(|error| format!("its answer is no JSON: {error}"))?;
    let json = json.as_object().ok_or("its answer is no JSON object")?;
    let text = |key: &str| match json.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("`{key}` of its answer is no string")),
    };
    read.agent = text("agent")?.map(str::to_owned);
    if let Some(word) = text("reject")? {
        let reason = REASONS.into_iter().find(|reason| reason.as_str() == word);
        read.reject = Some(reason.ok_or_else(|| {
            let known: Vec<_> = REASONS.iter().map(EndReason::as_str).collect();
            format!("`reject` of its answer is none of {}", known.join(", "))
        })?);
    }
    match json.get("variables") {
        None | Some(Value::Null) => {}
        Some(Value::Object(variables)) => {
            let flat = variables.iter().filter_map(|(name, value)| {
                let value = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    Value::Bool(yes) => yes.to_string(),
                    // What is nested is no value of a variable.
                    Value::Null | Value::Array(_) | Value::Object(_) => return None,
                };
                Some((name.clone(), value))
            });
            read.variables = flat.collect();
        }
        Some(_) => return Err("`variables` of its answer are no object".to_owned()),
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_an_agent_variables_or_a_reason() {
        for nothing in ["", " \n", "{}", "{\"agent\":null,\"more\":[1]}"] {
            assert_eq!(read(nothing.as_bytes()), Ok(RoutingAnswer::default()));
        }
        let answer = br#"{"agent":"billing","variables":{"tier":"gold","orders":3,"vip":true,"list":[1],"none":null}}"#;
        let expected = RoutingAnswer::agent("billing")
            .variable("tier", "gold")
            .variable("orders", "3")
            .variable("vip", "true");
        assert_eq!(read(answer), Ok(expected));
        let busy = RoutingAnswer::reject(EndReason::UserBusy);
        assert_eq!(read(br#"{"reject":"user_busy"}"#), Ok(busy));
    }

    #[test]
    fn another_answer_is_no_good_and_says_why() {
        for (answer, says) in [
            ("billing", "no JSON"),
            ("[]", "no JSON object"),
            ("{\"agent\":7}", "`agent` of its answer is no string"),
            ("{\"reject\":true}", "`reject` of its answer is no string"),
            ("{\"reject\":\"busy\"}", "none of user_busy, congestion,"),
            ("{\"reject\":\"left_application\"}", "none of user_busy"),
            ("{\"variables\":[]}", "are no object"),
        ] {
            let why = read(answer.as_bytes()).unwrap_err();
            assert!(why.contains(says), "{answer}: {why}");
        }
    }
}
