//! A conversation in the form that every language model takes: the strictest rules of all of them.
//!
//! Anthropic refuses a conversation that ends with the model's words, an empty text, and a tool
//! call whose results don't follow at once; it wants the caller to begin. Gemini wants a result for
//! each call of a turn. The templates of many open models want the system message first, and caller
//! and model in turns.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::{Map, Value};

use super::super::{Message, ToolCall};

/// Stands where a conversation must begin with the caller and doesn't: the agent greeted.
pub(crate) const CALL_BEGINS: &str = "(The call begins.)";
/// Stands where a conversation must end with the caller and doesn't.
pub(crate) const SILENCE: &str = "(The caller says nothing.)";
/// The result of a tool call that has none.
pub(crate) const NO_RESULT: &str = "No result: the call was cancelled.";

/// A conversation whose turns alternate: it begins and ends with the caller or with results.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Conversation {
    /// All system messages, which may be none.
    pub(crate) system: String,
    pub(crate) turns: Vec<Turn>,
}

/// One turn. No text in it is empty, except an assistant's that calls tools.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    User(String),
    Assistant {
        text: String,
        calls: Vec<ToolCall>,
    },
    /// One result for each call of the assistant's turn just before, in the same order.
    Results(Vec<ToolResult>),
}

/// What a tool gave back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ToolResult {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) result: Option<String>,
}

impl ToolResult {
    /// The result in words.
    pub(crate) fn text(&self) -> &str {
        self.result.as_deref().unwrap_or(NO_RESULT)
    }
}

impl Conversation {
    pub(crate) fn new(messages: Vec<Message>) -> Self {
        let mut conversation = Self::default();
        for message in messages {
            match message {
                Message::System(text) => append(&mut conversation.system, &text, "\n\n"),
                Message::User(text) => conversation.user(&text),
                Message::Assistant { text, tool_calls } => conversation.assistant(text, tool_calls),
                Message::Tool { id, name, result } => conversation.result(&id, &name, result),
            }
        }
        if !matches!(conversation.turns.first(), Some(Turn::User(_))) {
            let begins = Turn::User(CALL_BEGINS.to_owned());
            conversation.turns.insert(0, begins);
        }
        if matches!(conversation.turns.last(), Some(Turn::Assistant { .. })) {
            conversation.user(SILENCE);
        }
        conversation
    }

    fn user(&mut self, said: &str) {
        if said.trim().is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(Turn::User(text)) => append(text, said, "\n"),
            _ => self.turns.push(Turn::User(said.to_owned())),
        }
    }

    fn assistant(&mut self, said: String, calls: Vec<ToolCall>) {
        if said.trim().is_empty() && calls.is_empty() {
            return;
        }
        let results = calls.iter().map(|call| ToolResult {
            id: call.id.clone(),
            name: call.name.clone(),
            result: None,
        });
        let results: Vec<_> = results.collect();
        match self.turns.last_mut() {
            Some(Turn::Assistant { text, calls: all }) => {
                append(text, &said, "\n");
                all.extend(calls);
            }
            _ => self.turns.push(Turn::Assistant { text: said, calls }),
        }
        if !results.is_empty() {
            self.turns.push(Turn::Results(results));
        }
    }

    /// A result goes behind its call, wherever it comes. One that answers no call, or one that has
    /// its answer already (a tool that reports once more), is told as if the caller said it.
    fn result(&mut self, id: &str, name: &str, result: String) {
        let waiting = self.turns.iter_mut().rev().find_map(|turn| match turn {
            Turn::Results(results) => results
                .iter_mut()
                .find(|waiting| waiting.id == id && waiting.result.is_none()),
            _ => None,
        });
        match waiting {
            Some(waiting) if result.trim().is_empty() => waiting.result = Some("(nothing)".into()),
            Some(waiting) => waiting.result = Some(result),
            None => self.user(&format!("(The tool {name} reports: {result})")),
        }
    }
}

fn append(text: &mut String, more: &str, between: &str) {
    if more.trim().is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push_str(between);
    }
    text.push_str(more);
}

/// A call's arguments as the object that they should be. A model that writes something else finds
/// it under `arguments`.
pub(crate) fn arguments(call: &ToolCall) -> Map<String, Value> {
    match serde_json::from_str(&call.arguments) {
        Ok(Value::Object(arguments)) => arguments,
        _ if call.arguments.trim().is_empty() => Map::new(),
        _ => {
            let written = Value::String(call.arguments.clone());
            Map::from_iter([("arguments".to_owned(), written)])
        }
    }
}

/// An id for a tool call that got none.
pub(crate) fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("call_{}", NEXT.fetch_add(1, Relaxed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(text: &str) -> Message {
        Message::User(text.to_owned())
    }

    fn call(id: &str) -> ToolCall {
        ToolCall {
            id: id.to_owned(),
            name: "find".to_owned(),
            arguments: "{}".to_owned(),
        }
    }

    fn calls(ids: &[&str]) -> Message {
        Message::Assistant {
            text: String::new(),
            tool_calls: ids.iter().map(|id| call(id)).collect(),
        }
    }

    fn tool(id: &str, result: &str) -> Message {
        Message::Tool {
            id: id.to_owned(),
            name: "find".to_owned(),
            result: result.to_owned(),
        }
    }

    fn said(text: &str) -> Turn {
        Turn::User(text.to_owned())
    }

    fn results(results: &[(&str, Option<&str>)]) -> Turn {
        let results = results.iter().map(|(id, result)| ToolResult {
            id: (*id).to_owned(),
            name: "find".to_owned(),
            result: result.map(str::to_owned),
        });
        Turn::Results(results.collect())
    }

    fn turns(messages: Vec<Message>) -> Vec<Turn> {
        Conversation::new(messages).turns
    }

    #[test]
    fn a_greeting_gets_a_caller_before_it() {
        let system = |text: &str| Message::System(text.to_owned());
        let messages = vec![
            system("Be kind."),
            Message::assistant("Hello."),
            user("Hi"),
            system("Be brief."),
        ];
        let conversation = Conversation::new(messages);
        assert_eq!(conversation.system, "Be kind.\n\nBe brief.");
        let greeting = Turn::Assistant {
            text: "Hello.".to_owned(),
            calls: Vec::new(),
        };
        assert_eq!(
            conversation.turns,
            [said(CALL_BEGINS), greeting, said("Hi")]
        );
        assert_eq!(turns(Vec::new()), [said(CALL_BEGINS)]);
    }

    #[test]
    fn messages_of_one_role_become_one_and_empty_ones_go() {
        let messages = vec![user("a"), Message::assistant(" "), user("b"), user("")];
        assert_eq!(turns(messages), [said("a\nb")]);
        let messages = vec![user("a"), Message::assistant("b"), Message::assistant("c")];
        let both = Turn::Assistant {
            text: "b\nc".to_owned(),
            calls: Vec::new(),
        };
        assert_eq!(turns(messages), [said("a"), both, said(SILENCE)]);
    }

    #[test]
    fn results_come_right_behind_their_calls() {
        let messages = vec![
            user("a"),
            calls(&["1", "2", "3"]),
            user("b"),
            tool("3", "three"),
            tool("1", "one"),
            tool("1", "one more"),
        ];
        let [first, called, got, last] = turns(messages).try_into().unwrap();
        assert_eq!(first, said("a"));
        assert!(matches!(called, Turn::Assistant { calls, .. } if calls.len() == 3));
        let expected = [("1", Some("one")), ("2", None), ("3", Some("three"))];
        assert_eq!(got, results(&expected));
        assert_eq!(last, said("b\n(The tool find reports: one more)"));
    }

    #[test]
    fn a_result_belongs_to_the_latest_call_of_its_name() {
        let messages = vec![
            user("a"),
            calls(&["1"]),
            tool("1", "first"),
            calls(&["1"]),
            tool("1", "second"),
        ];
        let turns = turns(messages);
        assert_eq!(turns[2], results(&[("1", Some("first"))]));
        assert_eq!(turns[4], results(&[("1", Some("second"))]));
    }

    #[test]
    fn arguments_are_an_object_whatever_the_model_wrote() {
        let of = |text: &str| {
            let mut call = call("1");
            call.arguments = text.to_owned();
            Value::Object(arguments(&call)).to_string()
        };
        assert_eq!(of(r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(of(""), "{}");
        assert_eq!(of("[1]"), r#"{"arguments":"[1]"}"#);
        assert_eq!(of("{\"a"), r#"{"arguments":"{\"a"}"#);
    }

    fn any_message() -> impl Strategy<Value = Message> {
        prop_oneof![
            "[a ]{0,2}".prop_map(Message::System),
            "[a ]{0,2}".prop_map(Message::User),
            ("[a ]{0,2}", prop::collection::vec("[12]", 0..3)).prop_map(|(text, ids)| {
                Message::Assistant {
                    text,
                    tool_calls: ids.iter().map(|id| call(id)).collect(),
                }
            }),
            ("[123]", "[a ]{0,2}").prop_map(|(id, result)| tool(&id, &result)),
        ]
    }

    proptest! {
        #[test]
        fn every_conversation_keeps_the_rules(
            messages in prop::collection::vec(any_message(), 0..12),
        ) {
            let turns = turns(messages);
            prop_assert!(matches!(turns.first(), Some(Turn::User(_))));
            let model_is_last = matches!(turns.last(), Some(Turn::Assistant { .. }));
            prop_assert!(!model_is_last);
            for pair in turns.windows(2) {
                match (&pair[0], &pair[1]) {
                    (Turn::Assistant { calls, .. }, Turn::Results(results)) => {
                        let called: Vec<_> = calls.iter().map(|call| &call.id).collect();
                        let answered: Vec<_> = results.iter().map(|result| &result.id).collect();
                        prop_assert_eq!(called, answered);
                    }
                    (Turn::Assistant { text, calls }, Turn::User(said)) => {
                        prop_assert!(calls.is_empty());
                        prop_assert!(!text.trim().is_empty() && !said.trim().is_empty());
                    }
                    (Turn::User(_), Turn::Assistant { .. }) | (Turn::Results(_), Turn::User(_)) => {}
                    (Turn::Results(_), Turn::Assistant { .. }) => {}
                    pair => prop_assert!(false, "{pair:?}"),
                }
            }
        }
    }
}
