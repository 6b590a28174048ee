//! Gemini's `streamGenerateContent`.
//!
//! Built from <https://ai.google.dev/api/generate-content> and the schema in
//! <https://github.com/googleapis/python-genai>, read on 2026-11-29.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use voxtra_speech::conformance::model::{self, COST, Scenario, Subject, TOOL};
use voxtra_speech::gemini::Model;
use voxtra_speech::{
    LanguageModel as _, Message, ModelRequest, ProviderErrorKind, Reply, Timeouts,
};

use super::double::{Answer, Double, KEY, Protocol, Request, Step, event, timeouts, wants};

fn response(parts: &Value, finish_reason: Option<&str>) -> String {
    let mut candidate = json!({ "content": { "role": "model", "parts": parts }, "index": 0 });
    let thoughts = 2;
    if let Some(reason) = finish_reason {
        candidate["finishReason"] = json!(reason);
    }
    event(&json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": COST.input_tokens,
            "cachedContentTokenCount": COST.cached_tokens,
            "candidatesTokenCount": COST.output_tokens - thoughts,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": COST.input_tokens + COST.output_tokens,
        },
        "modelVersion": "gemini-3.5-flash-lite",
        "responseId": "x",
    }))
}

fn call(number: u64) -> Value {
    json!({ "functionCall": { "name": TOOL, "args": { "number": number } } })
}

fn protocol() -> Protocol {
    Protocol {
        start: response(&json!([{ "text": "Hm.", "thought": true }]), None),
        text: |text| response(&json!([{ "text": text }]), None),
        end: response(
            &json!([{ "text": "", "thoughtSignature": "eA==" }]),
            Some("STOP"),
        ),
        calls: |numbers| {
            let mut calls: Vec<_> = numbers.iter().map(|number| call(*number)).collect();
            calls[0]["thoughtSignature"] = json!("c2lnbmVk");
            response(&json!(calls), Some("STOP"))
        },
        half_a_call: response(&json!([call(7)]), None).split_at(90).0.to_owned(),
        length: response(&json!([]), Some("MAX_TOKENS")),
        filtered: event(&json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" } })),
        overloaded: event(&json!({
            "error": { "code": 503, "message": "Overloaded.", "status": "UNAVAILABLE" },
        })),
        ping: ": ping\n\n".to_owned(),
        refusal: |message| {
            let error = json!({ "code": 400, "message": message, "status": "x" });
            json!([{ "error": error }]).to_string()
        },
    }
}

fn check(request: &Request) -> Result<(), String> {
    let json = &request.json;
    let path = "models/gemini-3.5-flash-lite:streamGenerateContent?alt=sse";
    let line = format!("POST /v1/{path} HTTP/1.1");
    wants(request.line == line, "another path")?;
    wants(request.header("x-goog-api-key") == KEY, "another key")?;
    let limit = &json["generationConfig"]["maxOutputTokens"];
    wants(limit.is_u64(), "no maxOutputTokens")?;
    let system = &json["systemInstruction"]["parts"][0]["text"];
    wants(system.is_string(), "no system prompt")?;
    let declaration = &json["tools"][0]["functionDeclarations"][0];
    let schema = &declaration["parametersJsonSchema"];
    wants(schema["type"] == "object", "no schema")?;

    let contents = json["contents"].as_array().ok_or("no contents")?;
    wants(contents[0]["role"] == "user", "the caller is not first")?;
    let mut called: Vec<&Value> = Vec::new();
    let mut before = "";
    for content in contents {
        let role = content["role"].as_str().ok_or("no role")?;
        let parts = content["parts"].as_array().ok_or("no parts")?;
        wants(!parts.is_empty(), "no content")?;
        let of = |kind: &'static str| {
            let parts = parts.iter().filter(move |part| part.get(kind).is_some());
            parts.map(move |part| &part[kind]).collect::<Vec<_>>()
        };
        let responses = of("functionResponse");
        let answered: Vec<_> = responses.iter().map(|part| &part["id"]).collect();
        wants(answered == called, "not a response for each call")?;
        if !called.is_empty() {
            wants(parts.len() == called.len(), "parts besides responses")?;
        }
        let objects = responses.iter().all(|part| part["response"].is_object());
        wants(objects, "a response that is no object")?;
        called = of("functionCall").iter().map(|part| &part["id"]).collect();
        if !called.is_empty() {
            wants(before == "user", "a call that follows no caller")?;
            let first = parts.iter().find(|part| part.get("functionCall").is_some());
            let signature = &first.ok_or("no call")?["thoughtSignature"];
            wants(
                signature.is_string(),
                "Function call is missing a thought_signature",
            )?;
        }
        let empty = |text: &&Value| text.as_str().unwrap_or("").trim().is_empty();
        wants(!of("text").iter().any(empty), "an empty text")?;
        before = role;
    }
    wants(before == "user", "the caller is not last")
}

fn connected(double: &Double, timeouts: Timeouts) -> Model {
    Model::at(double.endpoint("x-goog-api-key", "", timeouts))
}

#[tokio::test]
async fn conforms() {
    model::check(|scenario| async move {
        let double = protocol().double(scenario, check).await;
        let model = connected(&double, timeouts(scenario));
        Subject::new(Arc::new(model)).cancelled_when(async move { double.closed.notified().await })
    })
    .await;
}

#[tokio::test]
async fn calls_go_back_with_their_signature() {
    let double = protocol().double(Scenario::ParallelToolCalls, check).await;
    let model = connected(&double, Timeouts::default());
    let mut request = Scenario::Text.request();
    let reply = Reply::collect(model.reply(request.clone())).await.unwrap();
    let ids: Vec<_> = reply
        .tool_calls
        .iter()
        .map(|call| call.id.clone())
        .collect();
    request.messages.push(Message::Assistant {
        text: reply.text,
        tool_calls: reply.tool_calls,
    });
    for id in ids {
        let (name, result) = (TOOL.to_owned(), "[1]".to_owned());
        request.messages.push(Message::Tool { id, name, result });
    }
    // Another clone of it, for the next turn.
    model.clone().reply(request).collect().await.unwrap();
    let sent = double.last().json;
    let calls = &sent["contents"][1]["parts"];
    assert_eq!(calls[0]["thoughtSignature"], "c2lnbmVk");
    assert_eq!(calls[1]["thoughtSignature"], Value::Null);
    let results = &sent["contents"][2]["parts"];
    assert_eq!(
        results[1]["functionResponse"]["id"],
        calls[1]["functionCall"]["id"]
    );
    assert_eq!(
        results[0]["functionResponse"]["response"],
        json!({ "output": [1] })
    );
}

fn request() -> ModelRequest {
    ModelRequest::new(vec![Message::User("Hello?".to_owned())])
}

#[tokio::test]
async fn settings_are_sent_and_what_is_not_set_is_not() {
    let double = Double::new(|_| protocol().answer(Scenario::Text)).await;
    let model = connected(&double, Timeouts::default());
    model.reply(request()).collect().await.unwrap();
    let expected = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "Hello?" }] }],
        "generationConfig": { "maxOutputTokens": 1_024 },
    });
    assert_eq!(double.last().json, expected);

    let model = model.model("gemini-3.8-flash").thinking_level("low");
    let model = model.temperature(0.5).max_tokens(9);
    model.reply(request()).collect().await.unwrap();
    let sent = double.last();
    assert!(sent.line.contains("/models/gemini-3.8-flash:"), "{sent:?}");
    let expected = json!({
        "maxOutputTokens": 9,
        "temperature": 0.5,
        "thinkingConfig": { "thinkingLevel": "low" },
    });
    assert_eq!(sent.json["generationConfig"], expected);

    let error = model.model("../x").reply(request()).collect().await;
    assert_eq!(error.unwrap_err().kind, ProviderErrorKind::Rejected);
}

#[tokio::test]
async fn a_refusal_says_in_its_details_what_it_means() {
    let retry_after = Some(Duration::from_secs(34));
    for (status, detail, kind) in [
        (
            400,
            json!({ "reason": "API_KEY_INVALID" }),
            ProviderErrorKind::Auth,
        ),
        (
            429,
            json!({ "retryDelay": "34s" }),
            ProviderErrorKind::RateLimited { retry_after },
        ),
    ] {
        let body = json!({ "error": { "message": "no", "details": [detail] } }).to_string();
        let double =
            Double::new(move |_| Answer::Refusal(status, String::new(), body.clone())).await;
        let model = connected(&double, Timeouts::default());
        let error = model.reply(request()).collect().await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[tokio::test]
async fn a_call_that_went_wrong_is_an_error() {
    let events = response(&json!([]), Some("MALFORMED_FUNCTION_CALL"));
    let steps = vec![Step::Send(events)];
    let double = Double::new(move |_| Answer::Stream(steps.clone())).await;
    let model = connected(&double, Timeouts::default());
    let error = model.reply(request()).collect().await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Protocol);
}
