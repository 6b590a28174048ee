//! A language model that follows a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::super::{
    LanguageModel, ModelRequest, PartSender, Parts, ProviderError, ProviderErrorKind, Reply,
    ReplyPart, StopReason, ToolCall, Usage,
};

/// A language model for tests: it gives the replies of its script, one per request, whatever it is
/// asked, and keeps what it was asked. Its clones share the script.
///
/// ```
/// use std::time::Duration;
/// use serde_json::json;
/// use voxtra_speech::{ProviderErrorKind, ScriptedModel, ScriptedReply};
///
/// let model = ScriptedModel::new([
///     ScriptedReply::says("Hello."),
///     ScriptedReply::after(Duration::from_millis(800)).calls("weather", json!({ "city": "Zomba" })),
///     ScriptedReply::says("It is ").pauses(Duration::from_secs(2)).then("sunny."),
///     ScriptedReply::says("I am").fails(ProviderErrorKind::Unavailable),
/// ]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ScriptedModel {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<ScriptedReply>,
    /// What comes when there are no more.
    always: Option<ScriptedReply>,
    asked: Vec<ModelRequest>,
}

/// What a [`ScriptedModel`] does when it is asked: text, word by word, tool calls, waits, and how
/// it ends. The default ends at once, without a word.
///
/// Waits are tokio's, which a test can pause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptedReply {
    steps: Vec<Step>,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Wait(Duration),
    Text(String),
    Call(ToolCall),
    Usage(Usage),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Done,
    Fails(ProviderErrorKind),
    BreaksOff,
    Hangs,
    Repeats(String),
}

impl ScriptedModel {
    /// The replies to give, in order. After the last one comes an error, unless there is one for
    /// [`always`](Self::always).
    #[must_use]
    pub fn new<R: Into<ScriptedReply>>(replies: impl IntoIterator<Item = R>) -> Self {
        let model = Self::default();
        let replies = replies.into_iter().map(Into::into);
        model.script().replies.extend(replies);
        model
    }

    /// The reply to everything behind the others.
    #[must_use]
    pub fn always(self, reply: impl Into<ScriptedReply>) -> Self {
        self.script().always = Some(reply.into());
        self
    }

    /// What it was asked, oldest request first.
    #[must_use]
    pub fn asked(&self) -> Vec<ModelRequest> {
        self.script().asked.clone()
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LanguageModel for ScriptedModel {
    fn name(&self) -> &str {
        "scripted"
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        let mut script = self.script();
        script.asked.push(request);
        let number = script.asked.len();
        let next = script.replies.pop_front();
        match next.or_else(|| script.always.clone()) {
            Some(reply) => reply.into_parts(number),
            None => Parts::failed(failure(
                ProviderErrorKind::Rejected,
                "the script of the language model is at its end",
            )),
        }
    }
}

impl ScriptedReply {
    /// A reply that begins with this text. Its words come one by one, without a wait.
    pub fn says(text: impl Into<String>) -> Self {
        Self::default().then(text)
    }

    /// A reply that begins after this time.
    #[must_use]
    pub fn after(wait: Duration) -> Self {
        Self::default().pauses(wait)
    }

    /// A pause before what comes next.
    #[must_use]
    pub fn pauses(self, wait: Duration) -> Self {
        self.with(Step::Wait(wait))
    }

    /// More text. Its words come one by one, without a wait; a space at its beginning or at the end
    /// of the text before is yours to write.
    #[must_use]
    pub fn then(self, text: impl Into<String>) -> Self {
        let words = text.into();
        let words = words.split_inclusive(' ').map(str::to_owned);
        words.fold(self, |reply, word| reply.with(Step::Text(word)))
    }

    /// More text, with a pause before each of its words.
    #[must_use]
    pub fn slowly(self, before_each_word: Duration, text: impl Into<String>) -> Self {
        let words = text.into();
        let words = words.split_inclusive(' ').map(str::to_owned);
        words.fold(self, |reply, word| {
            reply.pauses(before_each_word).with(Step::Text(word))
        })
    }

    /// A call of a tool. Its id is unique within the script.
    #[must_use]
    pub fn calls(self, tool: impl Into<String>, arguments: Value) -> Self {
        self.with(Step::Call(ToolCall {
            id: String::new(),
            name: tool.into(),
            arguments: arguments.to_string(),
        }))
    }

    /// What the reply cost.
    #[must_use]
    pub fn costs(self, usage: Usage) -> Self {
        self.with(Step::Usage(usage))
    }

    /// Then it fails, in this way.
    #[must_use]
    pub fn fails(self, kind: ProviderErrorKind) -> Self {
        self.ends(End::Fails(kind))
    }

    /// Then the stream ends without its last part, as if this were the whole reply.
    #[must_use]
    pub fn breaks_off(self) -> Self {
        self.ends(End::BreaksOff)
    }

    /// Then nothing comes any more, and no end.
    #[must_use]
    pub fn hangs(self) -> Self {
        self.ends(End::Hangs)
    }

    /// Then this comes again and again, for ever.
    #[must_use]
    pub fn repeats(self, text: impl Into<String>) -> Self {
        self.ends(End::Repeats(text.into()))
    }

    fn with(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn ends(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// The reply to the request with this number.
    pub(super) fn into_parts(self, number: usize) -> Parts<ReplyPart> {
        Parts::made_by(move |out| async move { self.play(number, &out).await })
    }

    async fn play(self, number: usize, out: &PartSender<ReplyPart>) -> Result<(), ProviderError> {
        let mut calls = 0_usize;
        for step in self.steps {
            let part = match step {
                Step::Wait(wait) => {
                    if !wait.is_zero() {
                        tokio::time::sleep(wait).await;
                    }
                    continue;
                }
                Step::Text(text) => ReplyPart::Text(text),
                Step::Usage(usage) => ReplyPart::Usage(usage),
                Step::Call(mut call) => {
                    calls = calls.saturating_add(1);
                    if call.id.is_empty() {
                        call.id = format!("call_{number}_{calls}");
                    }
                    ReplyPart::ToolCall(call)
                }
            };
            if !out.send(part).await {
                return Ok(());
            }
        }
        match self.end {
            End::Done if calls > 0 => drop(out.send(ReplyPart::Done(StopReason::ToolCalls)).await),
            End::Done => drop(out.send(ReplyPart::Done(StopReason::End)).await),
            End::BreaksOff => {}
            End::Fails(kind) => return Err(failure(kind, "it fails, as the script says")),
            End::Hangs => out.closed().await,
            End::Repeats(text) => while out.send(ReplyPart::Text(text.clone())).await {},
        }
        Ok(())
    }
}

pub(super) fn failure(kind: ProviderErrorKind, message: &str) -> ProviderError {
    ProviderError::new("scripted", kind, message)
}

impl From<&str> for ScriptedReply {
    fn from(text: &str) -> Self {
        Self::says(text)
    }
}

impl From<String> for ScriptedReply {
    fn from(text: String) -> Self {
        Self::says(text)
    }
}

/// Its text comes as one part.
impl From<Reply> for ScriptedReply {
    fn from(reply: Reply) -> Self {
        let text = Some(reply.text).filter(|text| !text.is_empty());
        let steps = text.map(Step::Text).into_iter();
        Self {
            steps: steps
                .chain(reply.tool_calls.into_iter().map(Step::Call))
                .collect(),
            end: End::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::time::Instant;

    use super::super::super::Message;
    use super::*;

    fn ask(model: &ScriptedModel) -> Parts<ReplyPart> {
        model.reply(ModelRequest::default())
    }

    #[tokio::test]
    async fn it_replies_in_order_remembers_and_then_says_that_it_ended() {
        let model = ScriptedModel::new(["Hello.", "Bye."]);
        let asked = ModelRequest::new(vec![Message::User("Hi".to_owned())]);
        let first = Reply::collect(model.reply(asked.clone())).await.unwrap();
        assert_eq!(first.text, "Hello.");
        assert_eq!(Reply::collect(ask(&model)).await.unwrap().text, "Bye.");
        assert!(Reply::collect(ask(&model)).await.is_err());
        assert_eq!(model.asked()[0], asked);
        let model = model.always("Yes?");
        for _ in 0..2 {
            assert_eq!(Reply::collect(ask(&model)).await.unwrap().text, "Yes?");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn words_and_calls_come_when_they_are_due() {
        let ms = Duration::from_millis;
        let reply = ScriptedReply::after(ms(700))
            .slowly(ms(100), "It is sunny.")
            .calls("map", json!({}))
            .calls("sky", json!({ "of": "Zomba" }));
        let begun = Instant::now();
        let mut parts = ask(&ScriptedModel::new([reply]));
        let mut seen = Vec::new();
        while let Some(part) = parts.next().await {
            seen.push((begun.elapsed().as_millis(), part.unwrap()));
        }
        let text = |text: &str| ReplyPart::Text(text.to_owned());
        let call = |id: &str, name: &str, arguments: &str| {
            ReplyPart::ToolCall(ToolCall {
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: arguments.to_owned(),
            })
        };
        let expected = [
            (800, text("It ")),
            (900, text("is ")),
            (1_000, text("sunny.")),
            (1_000, call("call_1_1", "map", "{}")),
            (1_000, call("call_1_2", "sky", r#"{"of":"Zomba"}"#)),
            (1_000, ReplyPart::Done(StopReason::ToolCalls)),
        ];
        assert_eq!(seen, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_as_the_script_says() {
        let kind = ProviderErrorKind::Unavailable;
        let model = ScriptedModel::new([
            ScriptedReply::says("a").fails(kind),
            ScriptedReply::says("a").breaks_off(),
            ScriptedReply::says("a").hangs(),
            ScriptedReply::says("a").repeats("b"),
        ]);
        let text = |text: &str| Some(Ok(ReplyPart::Text(text.to_owned())));
        let mut parts = ask(&model);
        assert_eq!(parts.next().await, text("a"));
        assert_eq!(parts.next().await.unwrap().unwrap_err().kind, kind);
        let mut parts = ask(&model);
        assert_eq!(parts.next().await, text("a"));
        assert_eq!(parts.next().await, None);
        let mut parts = ask(&model);
        assert_eq!(parts.next().await, text("a"));
        let later = tokio::time::timeout(Duration::from_secs(3_600), parts.next());
        assert!(later.await.is_err());
        let mut parts = ask(&model);
        assert_eq!(parts.next().await, text("a"));
        for _ in 0..1_000 {
            assert_eq!(parts.next().await, text("b"));
        }
    }
}
