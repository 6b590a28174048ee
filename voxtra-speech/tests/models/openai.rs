//! OpenAI's chat completions.
//!
//! Built from <https://platform.openai.com/docs/api-reference/chat-streaming> and the schema in
//! <https://github.com/openai/openai-openapi>, read on 2026-11-29.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use serde_json::{Value, json};
use voxtra_speech::conformance::model::{self, COST, Scenario, Subject, TEXT, TOOL};
use voxtra_speech::openai::Model;
use voxtra_speech::{
    Endpoint, FallbackModel, LanguageModel as _, Message, ModelRequest, ProviderErrorKind, Reply,
    ReplyPart, StopReason, Timeouts,
};

use super::double::{Answer, Double, KEY, Protocol, Request, Step, event, timeouts, wants};

fn chunk(delta: &Value, finish_reason: Option<&str>) -> String {
    event(&json!({
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_796_000_000,
        "model": "m",
        "choices": [{
            "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason,
        }],
        "usage": null,
    }))
}

fn last(finish_reason: &str) -> String {
    let usage = event(&json!({
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "choices": [],
        "usage": {
            "prompt_tokens": COST.input_tokens,
            "completion_tokens": COST.output_tokens,
            "total_tokens": COST.input_tokens + COST.output_tokens,
            "prompt_tokens_details": { "cached_tokens": COST.cached_tokens },
        },
    }));
    let stop = chunk(&json!({}), Some(finish_reason));
    format!("{stop}{usage}data: [DONE]\n\n")
}

fn call(index: u64, number: u64) -> (String, Vec<String>) {
    let begin = json!({ "tool_calls": [{
        "index": index,
        "id": format!("call_{index}_{number}"),
        "type": "function",
        "function": { "name": TOOL, "arguments": "" },
    }] });
    let arguments = format!("{{\"number\": {number}}}");
    let pieces = arguments.split_inclusive('"').map(|piece| {
        let function = json!({ "arguments": piece });
        let piece = json!({ "tool_calls": [{ "index": index, "function": function }] });
        chunk(&piece, None)
    });
    (chunk(&begin, None), pieces.collect())
}

fn protocol() -> Protocol {
    let (begin, pieces) = call(0, 7);
    Protocol {
        // Azure tells first how it judged the request.
        start: event(&json!({ "choices": [], "prompt_filter_results": [] }))
            + &chunk(&json!({ "role": "assistant", "content": "" }), None),
        text: |text| chunk(&json!({ "content": text }), None),
        end: last("stop"),
        calls: |numbers| {
            let calls = numbers.iter().zip(0..).map(|(number, index)| {
                let (begin, pieces) = call(index, *number);
                begin + &pieces.concat()
            });
            calls.collect::<String>() + &last("tool_calls")
        },
        half_a_call: begin + &pieces[0],
        length: last("length"),
        filtered: last("content_filter"),
        overloaded: event(&json!({
            "error": { "message": "The server had an error.", "type": "server_error", "code": null },
        })),
        ping: ": ping\n\n".to_owned(),
        refusal: |message| {
            let error = json!({ "message": message, "type": "x", "param": null, "code": null });
            json!({ "error": error }).to_string()
        },
    }
}

fn check(request: &Request) -> Result<(), String> {
    let json = &request.json;
    let line = "POST /v1/chat/completions HTTP/1.1";
    wants(request.line == line, "another path")?;
    let bearer = format!("Bearer {KEY}");
    wants(request.header("authorization") == bearer, "another key")?;
    wants(json["stream"] == true, "no stream")?;
    wants(json["stream_options"]["include_usage"] == true, "no usage")?;
    wants(json["max_tokens"].is_u64(), "no max_tokens")?;
    wants(json["tools"][0]["type"] == "function", "no tool")?;
    let function = &json["tools"][0]["function"];
    wants(function["parameters"]["type"] == "object", "no schema")?;

    // The rules of templates: the system first, then user and assistant in turns.
    let messages = json["messages"].as_array().ok_or("no messages")?;
    wants(messages[0]["role"] == "system", "no system message")?;
    wants(messages[1]["role"] == "user", "the caller is not first")?;
    let mut expected: Vec<&Value> = Vec::new();
    let mut before = "system";
    for message in &messages[1..] {
        let role = message["role"].as_str().ok_or("no role")?;
        if role == "tool" {
            let called = expected.remove(0);
            wants(*called == message["tool_call_id"], "another result")?;
            wants(message["content"].is_string(), "no result")?;
        } else {
            wants(expected.is_empty(), "a result is missing")?;
            wants(role != before, "one role twice")?;
        }
        if let Some(calls) = message["tool_calls"].as_array() {
            expected.extend(calls.iter().map(|call| &call["id"]));
            for call in calls {
                let arguments = call["function"]["arguments"].as_str().unwrap_or("");
                let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
                wants(arguments.is_object(), "arguments that are no object")?;
            }
        } else {
            let content = message["content"].as_str().ok_or("no content")?;
            wants(!content.trim().is_empty(), "empty content")?;
        }
        before = role;
    }
    wants(before == "user", "the caller is not last")
}

fn connected(double: &Double, scenario: Scenario) -> Model {
    let endpoint = double.endpoint("authorization", "Bearer ", timeouts(scenario));
    Model::at(endpoint).model("m")
}

#[tokio::test]
async fn conforms() {
    model::check(|scenario| async move {
        let double = protocol().double(scenario, check).await;
        let model = connected(&double, scenario);
        Subject::new(Arc::new(model)).cancelled_when(async move { double.closed.notified().await })
    })
    .await;
}

#[tokio::test]
async fn conforms_as_the_only_one_of_a_list() {
    model::check(|scenario| async move {
        let double = protocol().double(scenario, check).await;
        let model = FallbackModel::new(vec![Arc::new(connected(&double, scenario))]).unwrap();
        Subject::new(Arc::new(model)).cancelled_when(async move { double.closed.notified().await })
    })
    .await;
}

fn request() -> ModelRequest {
    ModelRequest::new(vec![Message::User("Hello?".to_owned())])
}

/// A double that streams this, and what a model makes of it.
async fn reply(events: String) -> Result<Vec<ReplyPart>, ProviderErrorKind> {
    let steps = vec![Step::Send(events)];
    let double = Double::new(move |_| Answer::Stream(steps.clone())).await;
    let model = connected(&double, Scenario::Text);
    let parts = model.reply(request()).collect().await;
    parts.map_err(|error| error.kind)
}

#[tokio::test]
async fn one_connection_serves_a_call() {
    let double = Double::new(|_| protocol().answer(Scenario::Text)).await;
    let model = connected(&double, Scenario::Text);
    model.prepare().await;
    for _ in 0..3 {
        let reply = Reply::collect(model.reply(request())).await.unwrap();
        assert_eq!(reply.text, TEXT);
    }
    assert_eq!(double.connections.load(SeqCst), 1);
}

#[tokio::test]
async fn settings_are_sent_and_what_is_not_set_is_not() {
    let double = Double::new(|_| protocol().answer(Scenario::Text)).await;
    let endpoint = double.endpoint("api-key", "", Timeouts::default());
    let model = Model::at(endpoint);
    model.reply(request()).collect().await.unwrap();
    let sent = double.last();
    assert_eq!(sent.header("api-key"), KEY);
    let expected = json!({
        "max_tokens": 1_024,
        "stream": true,
        "stream_options": { "include_usage": true },
        "messages": [{ "role": "user", "content": "Hello?" }],
    });
    assert_eq!(sent.json, expected);

    let model = model.model("x").temperature(0.5).max_tokens(9);
    let model = model.reasoning_effort("low");
    model.reply(request()).collect().await.unwrap();
    let sent = double.last().json;
    assert_eq!(sent["model"], "x");
    assert_eq!(sent["temperature"], 0.5);
    assert_eq!(sent["max_tokens"], 9);
    assert_eq!(sent["reasoning_effort"], "low");
}

#[tokio::test]
async fn a_server_without_a_key_is_sent_none() {
    let double = Double::new(|_| protocol().answer(Scenario::Text)).await;
    let base = format!("{}?api-version=2024-10-21", double.base);
    let endpoint = Endpoint::new("local", &base, Timeouts::default()).unwrap();
    let model = Model::at(endpoint);
    assert_eq!(model.name(), "local");
    model.reply(request()).collect().await.unwrap();
    let sent = double.last();
    assert_eq!(sent.header("authorization"), "");
    let line = "POST /v1/chat/completions?api-version=2024-10-21 HTTP/1.1";
    assert_eq!(sent.line, line);
}

#[tokio::test]
async fn calls_of_servers_that_number_them_in_another_way() {
    let whole = |call: &Value| chunk(&json!({ "tool_calls": [call] }), None);
    let function = |n: u64| json!({ "name": TOOL, "arguments": format!("{{\"number\":{n}}}") });
    let names = |parts: Vec<ReplyPart>| {
        let calls = parts.into_iter().filter_map(|part| match part {
            ReplyPart::ToolCall(call) => Some(call.arguments),
            _ => None,
        });
        calls.collect::<Vec<_>>()
    };
    let expected = ["{\"number\":1}", "{\"number\":2}"];

    // All with the index 0.
    let same = |n: u64| json!({ "index": 0, "id": format!("call_{n}"), "function": function(n) });
    let events = whole(&same(1)) + &whole(&same(2)) + &last("tool_calls");
    assert_eq!(names(reply(events).await.unwrap()), expected);

    // Without index and id, and with the arguments as an object.
    let bare = |n: u64| {
        let function = json!({ "name": TOOL, "arguments": { "number": n } });
        json!({ "type": "function", "function": function })
    };
    let events = whole(&bare(1)) + &whole(&bare(2)) + &last("stop");
    assert_eq!(names(reply(events).await.unwrap()), expected);

    // Each piece with its id and name once more.
    let again = |piece: &str| {
        let function = json!({ "name": TOOL, "arguments": piece });
        whole(&json!({ "index": 0, "id": "call_1", "function": function }))
    };
    let events = again("{\"number\"") + &again(":1}") + &last("tool_calls");
    assert_eq!(names(reply(events).await.unwrap()), expected[..1]);
}

#[tokio::test]
async fn a_reply_without_figures_or_done_is_complete() {
    let text = chunk(&json!({ "content": "Hi" }), None);
    let text_part = ReplyPart::Text("Hi".to_owned());
    let expected = Ok(vec![text_part, ReplyPart::Done(StopReason::End)]);
    let stop = chunk(&json!({}), Some("stop"));
    assert_eq!(reply(format!("{text}{stop}")).await, expected);
    assert_eq!(reply(format!("{text}data: [DONE]\n\n")).await, expected);
}

#[tokio::test]
async fn a_reply_that_is_complete_does_not_wait_long_for_its_figures() {
    let events = chunk(&json!({ "content": "Hi" }), Some("stop"));
    let steps = vec![Step::Send(events), Step::Forever(": ping\n\n".to_owned())];
    let double = Double::new(move |_| Answer::Stream(steps.clone())).await;
    let model = connected(&double, Scenario::Text);
    let mut parts = model.reply(request());
    let text = ReplyPart::Text("Hi".to_owned());
    assert_eq!(parts.next().await, Some(Ok(text)));
    let done = ReplyPart::Done(StopReason::End);
    assert_eq!(parts.next().await, Some(Ok(done)));
    assert_eq!(parts.next().await, None);
}

#[tokio::test]
async fn thoughts_are_not_said() {
    let pieces = ["<thi", "nk>\nHm.</th", "ink>\n\nGood ", "morning."];
    let pieces = pieces.map(|piece| chunk(&json!({ "content": piece }), None));
    let reasoning = chunk(&json!({ "reasoning_content": "Hm." }), None);
    let events = reasoning + &pieces.concat() + &chunk(&json!({}), Some("stop"));
    let text = |text: &str| ReplyPart::Text(text.to_owned());
    let done = ReplyPart::Done(StopReason::End);
    let expected = vec![text("Good "), text("morning."), done];
    assert_eq!(reply(events).await, Ok(expected));
}

#[tokio::test]
async fn what_makes_no_sense_is_told() {
    let nameless = json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{}" } }] });
    let events = chunk(&nameless, None) + &last("tool_calls");
    assert_eq!(reply(events).await, Err(ProviderErrorKind::Protocol));

    let json = "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}";
    for (body, kind) in [
        (json, ProviderErrorKind::Rejected),
        ("{\"choices\":[]}", ProviderErrorKind::Protocol),
    ] {
        let body = body.to_owned();
        let double = Double::new(move |_| Answer::Refusal(200, String::new(), body.clone())).await;
        let model = connected(&double, Scenario::Text);
        let error = model.reply(request()).collect().await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
}

#[tokio::test]
async fn no_key_is_seen() {
    let message = format!("Incorrect API key provided: {KEY}");
    let double = Double::new(move |_| protocol().refuse(401, "", &message)).await;
    let model = connected(&double, Scenario::Text);
    let error = model.reply(request()).collect().await.unwrap_err();
    for seen in [format!("{model:?}"), format!("{error:?} {error}")] {
        assert!(!seen.contains(KEY), "{seen}");
    }
}
