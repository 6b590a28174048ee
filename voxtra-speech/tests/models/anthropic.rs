//! Anthropic's messages.
//!
//! Built from <https://platform.claude.com/docs/en/build-with-claude/streaming> and the schema in
//! <https://github.com/anthropics/anthropic-sdk-typescript>, read on 2026-11-29.

use std::sync::Arc;

use serde_json::{Value, json};
use voxtra_speech::anthropic::Model;
use voxtra_speech::conformance::model::{self, COST, Scenario, Subject, TOOL};
use voxtra_speech::{LanguageModel as _, Message, ModelRequest, Timeouts, ToolCall};

use super::double::{Double, KEY, Protocol, Request, event, timeouts, wants};

fn block(index: u64, block: &Value, deltas: &[Value]) -> String {
    let start = json!({ "type": "content_block_start", "index": index, "content_block": block });
    let deltas = deltas.iter().map(|delta| {
        event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))
    });
    let stop = json!({ "type": "content_block_stop", "index": index });
    event(&start) + &deltas.collect::<String>() + &event(&stop)
}

fn last(stop_reason: &str) -> String {
    let delta = json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason, "stop_sequence": null },
        "usage": { "output_tokens": COST.output_tokens },
    });
    event(&delta) + &event(&json!({ "type": "message_stop" }))
}

fn tool_use(index: u64, number: u64) -> String {
    let id = format!("toolu_{number}");
    let begin = json!({ "type": "tool_use", "id": id, "name": TOOL, "input": {} });
    let arguments = format!("{{\"number\": {number}}}");
    let pieces = ["", arguments.split_at(5).0, arguments.split_at(5).1];
    let pieces = pieces.map(|piece| json!({ "type": "input_json_delta", "partial_json": piece }));
    block(index, &begin, &pieces)
}

fn protocol() -> Protocol {
    let written = 4;
    let start = json!({
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "claude-haiku-5-5",
            "stop_reason": null,
            "stop_sequence": null,
            "usage": {
                "input_tokens": COST.input_tokens - COST.cached_tokens - written,
                "cache_read_input_tokens": COST.cached_tokens,
                "cache_creation_input_tokens": written,
                "output_tokens": 1,
            },
        },
    });
    let thinking = json!({ "type": "thinking", "thinking": "", "signature": "" });
    let thoughts = [
        json!({ "type": "thinking_delta", "thinking": "Hm." }),
        json!({ "type": "signature_delta", "signature": "x" }),
    ];
    let ping = event(&json!({ "type": "ping" }));
    Protocol {
        start: event(&start) + &ping + &block(0, &thinking, &thoughts),
        text: |text| {
            let begin = json!({ "type": "text", "text": "" });
            block(1, &begin, &[json!({ "type": "text_delta", "text": text })])
        },
        end: last("end_turn"),
        calls: |numbers| {
            let calls = numbers.iter().zip(2..);
            let calls = calls.map(|(number, index)| tool_use(index, *number));
            calls.collect::<String>() + &last("tool_use")
        },
        half_a_call: tool_use(1, 7).split_inclusive("\n\n").take(3).collect(),
        length: last("max_tokens"),
        filtered: last("refusal"),
        overloaded: event(&json!({
            "type": "error",
            "error": { "type": "overloaded_error", "message": "Overloaded" },
        })),
        ping,
        refusal: |message| {
            let error = json!({ "type": "x", "message": message });
            json!({ "type": "error", "error": error, "request_id": "req_1" }).to_string()
        },
    }
}

fn check(request: &Request) -> Result<(), String> {
    let json = &request.json;
    wants(request.line == "POST /v1/messages HTTP/1.1", "another path")?;
    wants(request.header("x-api-key") == KEY, "another key")?;
    let version = request.header("anthropic-version");
    wants(version == "2023-06-01", "another version")?;
    wants(json["stream"] == true, "no stream")?;
    wants(json["max_tokens"].is_u64(), "no max_tokens")?;
    wants(json["system"].is_string(), "no system prompt")?;
    let cached = json["cache_control"] == json!({ "type": "ephemeral" });
    wants(cached, "nothing is cached")?;
    wants(
        json["tools"][0]["input_schema"]["type"] == "object",
        "no tool",
    )?;
    wants(json["thinking"]["type"] == "disabled", "it thinks")?;
    // The newer models refuse them.
    wants(json["temperature"].is_null(), "a temperature")?;

    let messages = json["messages"].as_array().ok_or("no messages")?;
    let mut called: Vec<&Value> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let role = if place % 2 == 0 { "user" } else { "assistant" };
        wants(message["role"] == role, "the roles do not alternate")?;
        let blocks = message["content"].as_array().ok_or("no blocks")?;
        wants(!blocks.is_empty(), "no content")?;
        let of = |kind: &str, field: &'static str| {
            let blocks = blocks.iter().filter(move |block| block["type"] == kind);
            blocks.map(move |block| &block[field]).collect::<Vec<_>>()
        };
        wants(of("tool_result", "tool_use_id") == called, "other results")?;
        // Results come first.
        let results = blocks.iter().take(called.len());
        let mut results = results.filter(|block| block["type"] != "tool_result");
        wants(results.next().is_none(), "a text before a result")?;
        let empty = |text: &&Value| text.as_str().unwrap_or("").trim().is_empty();
        wants(!of("text", "text").iter().any(empty), "an empty text")?;
        called = of("tool_use", "id");
        let inputs = of("tool_use", "input");
        wants(inputs.iter().all(|input| input.is_object()), "no object")?;
        for id in &called {
            let id = id.as_str().unwrap_or("");
            let ok = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
            wants(!id.is_empty() && id.chars().all(ok), "a bad id")?;
        }
    }
    wants(messages.len() % 2 == 1, "the caller is not last")
}

fn connected(double: &Double, timeouts: Timeouts) -> Model {
    Model::at(double.endpoint("x-api-key", "", timeouts))
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
async fn calls_of_another_model_are_accepted() {
    let double = protocol().double(Scenario::Text, check).await;
    let model = connected(&double, Timeouts::default());
    let id = "functions.find:0".to_owned();
    let mut request = Scenario::Text.request();
    request.messages.push(Message::Assistant {
        text: String::new(),
        tool_calls: vec![ToolCall {
            id: id.clone(),
            name: TOOL.to_owned(),
            arguments: "not JSON".to_owned(),
        }],
    });
    let (name, result) = (TOOL.to_owned(), "found".to_owned());
    request.messages.push(Message::Tool { id, name, result });
    model.reply(request).collect().await.unwrap();
    let sent = double.last().json;
    assert_eq!(sent["messages"][1]["content"][0]["id"], "functions_find_0");
    let input = &sent["messages"][1]["content"][0]["input"];
    assert_eq!(*input, json!({ "arguments": "not JSON" }));
}

#[tokio::test]
async fn another_model_thinks_as_it_likes() {
    let double = Double::new(|_| protocol().answer(Scenario::Text)).await;
    let request = || ModelRequest::new(vec![Message::User("Hello?".to_owned())]);
    let model = connected(&double, Timeouts::default()).model("claude-opus-5-5");
    model.reply(request()).collect().await.unwrap();
    let sent = double.last().json;
    assert_eq!(sent["thinking"], Value::Null);
    assert_eq!(sent["tools"], Value::Null);
    assert_eq!(sent["system"], Value::Null);

    let model = model.thinking(true).temperature(0.5).max_tokens(9);
    model.reply(request()).collect().await.unwrap();
    let sent = double.last().json;
    assert_eq!(sent["model"], "claude-opus-5-5");
    assert_eq!(sent["thinking"]["type"], "adaptive");
    assert_eq!(sent["temperature"], 0.5);
    assert_eq!(sent["max_tokens"], 9);
}
