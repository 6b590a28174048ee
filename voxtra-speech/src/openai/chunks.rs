//! The stream of a chat completion.

use serde_json::Value;

use super::super::chat::{Draft, Events, Fault};
use super::super::{StopReason, Usage};
use super::thoughts::Thoughts;

/// Reads `chat.completion.chunk` objects.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// The key of the next tool call in the draft, which counts them.
    calls: u64,
    /// The key in the draft for the provider's index.
    keys: Vec<(u64, u64)>,
    thoughts: Thoughts,
}

impl Events for Chunks {
    fn read(&mut self, data: &str, draft: &mut Draft) -> Result<(), Fault> {
        if data.trim() == "[DONE]" {
            draft.text(&self.thoughts.rest());
            draft.stop(StopReason::End);
            draft.end();
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(data)?;
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(Fault::Told(error.clone()));
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            draft.usage(used(usage));
        }
        // Without a choice: the figures, or how a filter of Azure judged the request.
        let Some(choice) = chunk.pointer("/choices/0") else {
            return Ok(());
        };
        let text = |path| choice.pointer(path).and_then(Value::as_str);
        if let Some(text) = text("/delta/content") {
            draft.text(&self.thoughts.without(text));
        }
        if let Some(refusal) = text("/delta/refusal") {
            draft.text(refusal);
        }
        let calls = choice.pointer("/delta/tool_calls");
        for piece in calls.and_then(Value::as_array).into_iter().flatten() {
            self.call(piece, draft);
        }
        let reason = text("/finish_reason").filter(|reason| !reason.is_empty());
        if reason.is_some() {
            draft.text(&self.thoughts.rest());
        }
        match reason {
            None => {}
            Some("length") => draft.stop(StopReason::Length),
            Some("content_filter") => draft.stop(StopReason::Filtered),
            Some("tool_calls" | "function_call") => draft.stop(StopReason::ToolCalls),
            Some(_) => draft.stop(StopReason::End),
        }
        Ok(())
    }
}

impl Chunks {
    /// A piece of a tool call. The first one has its name; those behind it have its index, or
    /// nothing where a server has only one call at a time.
    fn call(&mut self, piece: &Value, draft: &mut Draft) {
        let text = |path| piece.pointer(path).and_then(Value::as_str).unwrap_or("");
        let (id, name) = (text("/id"), text("/function/name"));
        let index = piece.get("index").and_then(Value::as_u64);
        let known = match index {
            Some(index) => self.keys.iter().rev().find(|(of, _)| *of == index),
            None => self.keys.last(),
        };
        let known = known.map(|(_, key)| *key);
        // Some servers give all their calls the same index, or none.
        let another = !name.is_empty()
            && known.is_none_or(|key| match draft.id_of(key) {
                Some(of) => index.is_none() || !(id.is_empty() || of == id),
                None => true,
            });
        let key = match known {
            Some(key) if !another => {
                draft.name(key, name);
                key
            }
            _ => {
                let key = self.calls;
                self.calls = self.calls.saturating_add(1);
                self.keys.push((index.unwrap_or(u64::MAX), key));
                draft.call(key, id, name);
                key
            }
        };
        match piece.pointer("/function/arguments") {
            Some(Value::String(arguments)) => draft.arguments(key, arguments),
            // Some servers give the object itself.
            Some(arguments @ Value::Object(_)) => draft.arguments(key, &arguments.to_string()),
            _ => {}
        }
    }
}

fn used(usage: &Value) -> Usage {
    let tokens = |path| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: tokens("/prompt_tokens"),
        cached_tokens: tokens("/prompt_tokens_details/cached_tokens"),
        output_tokens: tokens("/completion_tokens"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::chat::fuzz::fuzz;
    use super::*;

    const NAMES: &[&str] = &[
        "choices",
        "delta",
        "content",
        "tool_calls",
        "index",
        "id",
        "function",
        "name",
        "arguments",
        "finish_reason",
        "usage",
        "error",
    ];

    fuzz!(Chunks::default(), NAMES);
}
