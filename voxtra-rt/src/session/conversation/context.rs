//! How much of a conversation the model is told: what is over the limit is summarised in the
//! background, or forgotten.

use std::time::Duration;

use super::super::call::Call;
use super::super::transcript::on_one_line;
use super::super::usage;
use crate::lock::lock;
use crate::speech::{Message, ModelRequest, ProviderError, ProviderErrorKind, Reply};

/// How long the model may take to summarise.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Most bytes of a summary.
const MAX_SUMMARY: usize = 8 << 10;

/// Bytes that a token stands for: in English some four letters
/// (<https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them>).
const BYTES_A_TOKEN: usize = 4;

/// What a message takes besides its text, in tokens.
const PER_MESSAGE: usize = 4;

const INSTRUCTIONS: &str = "You keep the notes of a telephone call between a caller and an agent. \
Summarise the conversation for the agent who goes on with it: what the caller wants, names, \
numbers, dates and amounts, what was agreed, what was done, and what is open. Write 200 words at \
most, in the language of the conversation, and nothing else.";

/// How much of a conversation the model is told.
///
/// ```
/// use voxtra_rt::session::{AgentSettings, ContextLimit};
///
/// let agent = AgentSettings::new("Be brief.").context(ContextLimit::tokens(8_000).summarised());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContextLimit {
    /// Most tokens of what was said, without instructions and tools. They are estimated: four bytes
    /// of text are one. When there are more, the oldest go, down to half of this.
    pub max_tokens: usize,
    /// Whether the model summarises what goes. It is asked in the background, has 30 s for it, and
    /// no answer waits for it; if it fails, what was to be summarised is forgotten. Default: it is
    /// forgotten in any case.
    pub summarise: bool,
}

impl Default for ContextLimit {
    /// 32,000 tokens, hours of talk; what is over them is forgotten.
    fn default() -> Self {
        Self::tokens(32_000)
    }
}

impl ContextLimit {
    /// At most so many tokens, and what is over them is forgotten.
    #[must_use]
    pub fn tokens(max_tokens: usize) -> Self {
        Self {
            max_tokens,
            summarise: false,
        }
    }

    /// Has the model summarise what goes.
    #[must_use]
    pub fn summarised(mut self) -> Self {
        self.summarise = true;
        self
    }

    pub(super) fn doubled(self) -> Self {
        Self {
            max_tokens: self.max_tokens.saturating_mul(2),
            ..self
        }
    }

    /// How many of the oldest messages go, so that tool calls stay with their results: what stays
    /// begins with the caller's words. The caller's latest words always stay.
    pub(super) fn surplus(self, messages: &[Message]) -> usize {
        let mut tokens: usize = messages.iter().map(tokens).sum();
        if tokens <= self.max_tokens {
            return 0;
        }
        let mut surplus = 0;
        for (index, message) in messages.iter().enumerate() {
            if matches!(message, Message::User(_)) {
                surplus = index;
                if tokens <= self.max_tokens / 2 {
                    break;
                }
            }
            tokens = tokens.saturating_sub(self::tokens(message));
        }
        surplus
    }
}

fn tokens(message: &Message) -> usize {
    let calls = match message {
        Message::Assistant { tool_calls, .. } => tool_calls.as_slice(),
        _ => &[],
    };
    let calls = calls
        .iter()
        .map(|call| call.name.len() + call.arguments.len());
    let bytes = calls.sum::<usize>().saturating_add(message.text().len());
    bytes.div_ceil(BYTES_A_TOKEN).saturating_add(PER_MESSAGE)
}

/// Keeps the conversation within its limit. Never waits for the model.
pub(super) fn keep(call: &Call) {
    let old = lock(call.session().memory()).shorten();
    if let Some(old) = old {
        let call = call.clone();
        tokio::spawn(async move {
            let summary = tokio::select! {
                biased;
                () = call.ended() => return,
                summary = tokio::time::timeout(TIME_LIMIT, summarise(&call, &old.text)) => summary,
            };
            let summary = summary
                .unwrap_or_else(|_| Err(ProviderError::silent("language_model", TIME_LIMIT)));
            let (summary, failed) = match summary {
                Ok(summary) => (Some(summary), None),
                Err(error) => (None, Some(error)),
            };
            lock(call.session().memory()).shortened(&old, summary);
            if let Some(error) = failed {
                let what = format!("{error}; the oldest part of the conversation is forgotten");
                call.emit_error("summary", what).await;
            }
        });
    }
}

/// The oldest part of a conversation, which is being summarised.
#[derive(Debug)]
pub(crate) struct OldPart {
    /// Which conversation it belongs to: one that was reset is another.
    pub(super) conversation: u64,
    /// How many messages are forgotten, all told, when it is.
    pub(super) until: u64,
    pub(super) text: String,
}

/// What was said, as the model that summarises reads it.
pub(super) fn written(earlier: Option<&str>, messages: &[Message]) -> String {
    let mut text = String::new();
    let mut line = |who: &str, what: &str| {
        if !what.trim().is_empty() {
            text.push_str(who);
            text.push_str(": ");
            text.push_str(&on_one_line(what));
            text.push('\n');
        }
    };
    line("Notes so far", earlier.unwrap_or_default());
    for message in messages {
        match message {
            Message::User(said) => line("Caller", said),
            Message::Assistant { text, tool_calls } => {
                line("Agent", text);
                for call in tool_calls {
                    line("Agent calls", &format!("{}({})", call.name, call.arguments));
                }
            }
            Message::Tool { name, result, .. } => line(&format!("Result of {name}"), result),
            _ => {}
        }
    }
    text
}

async fn summarise(call: &Call, old: &str) -> Result<String, ProviderError> {
    let failed = |why| ProviderError::new("language_model", ProviderErrorKind::Rejected, why);
    let model = call.session().services().model;
    let model = model.ok_or_else(|| failed("there is none to summarise"))?;
    let request = ModelRequest::new(vec![
        Message::System(INSTRUCTIONS.to_owned()),
        Message::User(old.to_owned()),
    ]);
    let mut parts = usage::ask(call, &model, request);
    let mut reply = Reply::default();
    while let Some(part) = parts.next().await {
        reply.add(&part?);
        if reply.text.len() > MAX_SUMMARY {
            return Err(failed("its summary is too long"));
        }
    }
    let summary = reply.text.trim();
    if summary.is_empty() {
        return Err(failed("its summary is empty"));
    }
    Ok(summary.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::speech::ToolCall;

    fn user(bytes: usize) -> Message {
        Message::User("a".repeat(bytes))
    }

    #[test]
    fn the_oldest_go_down_to_half_and_calls_stay_with_their_results() {
        let call = ToolCall {
            id: "1".to_owned(),
            name: "find".to_owned(),
            arguments: "{}".to_owned(),
        };
        let called = Message::Assistant {
            text: String::new(),
            tool_calls: vec![call],
        };
        let result = Message::Tool {
            id: "1".to_owned(),
            name: "find".to_owned(),
            result: "b".repeat(400),
        };
        // 14, 6, 104, 14, 14 tokens.
        let messages = [
            user(40),
            called,
            result,
            user(40),
            Message::assistant("c".repeat(40)),
        ];
        assert_eq!(ContextLimit::tokens(152).surplus(&messages), 0);
        assert_eq!(ContextLimit::tokens(151).surplus(&messages), 3);
        // What was said last stays, however long it is.
        assert_eq!(ContextLimit::tokens(1).surplus(&messages), 3);
        assert_eq!(ContextLimit::tokens(1).surplus(&[user(4_000)]), 0);
        assert_eq!(ContextLimit::tokens(1).surplus(&[]), 0);
    }

    proptest! {
        #[test]
        fn what_stays_begins_with_the_caller_and_is_within_the_limit(
            lengths in prop::collection::vec((any::<bool>(), 0_usize..400), 0..40),
            max_tokens in 0_usize..1_000,
        ) {
            let messages: Vec<Message> = lengths
                .iter()
                .map(|(caller, length)| match caller {
                    true => user(*length),
                    false => Message::assistant("a".repeat(*length)),
                })
                .collect();
            let surplus = ContextLimit::tokens(max_tokens).surplus(&messages);
            let rest = &messages[surplus..];
            let callers = rest.iter().filter(|one| matches!(one, Message::User(_))).count();
            let total: usize = rest.iter().map(tokens).sum();
            prop_assert!(total <= max_tokens || callers <= 1);
            prop_assert!(surplus == 0 || matches!(rest[0], Message::User(_)));
        }
    }
}
