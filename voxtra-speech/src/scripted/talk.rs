//! Speech to speech that follows a script.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::{
    Feed, PartSender, Parts, ProviderError, ReplyPart, SpeechToSpeech, StopReason, TalkInput,
    TalkOptions, TalkPart,
};
use super::ScriptedReply;

/// Speech to speech for tests: it gives the turns of its script, one for each
/// [`TalkInput::Respond`], whatever the caller says, and says what it is to say. It keeps what it
/// was given. Its clones share the script, and so do their conversations.
///
/// Its audio is a tone of 60 ms for each letter, and comes at once with the words. What the caller
/// said comes behind the response, as late as transcripts do.
///
/// ```
/// use std::time::Duration;
/// use serde_json::json;
/// use voxtra_speech::{
///     ProviderErrorKind, ScriptedReply, ScriptedSpeechToSpeech, ScriptedTurn,
/// };
///
/// let service = ScriptedSpeechToSpeech::new([
///     ScriptedTurn::hears("when do you open").says("We open at nine."),
///     ScriptedTurn::hears("book it").says(ScriptedReply::default().calls("book", json!({}))),
///     ScriptedReply::after(Duration::from_secs(2)).then("It is booked.").into(),
///     ScriptedReply::says("I am").fails(ProviderErrorKind::Unavailable).into(),
/// ]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ScriptedSpeechToSpeech {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    turns: VecDeque<ScriptedTurn>,
    /// What comes when there are no more.
    always: Option<ScriptedTurn>,
    asked: usize,
    begun: Vec<TalkOptions>,
    given: Vec<TalkInput>,
    samples: usize,
}

/// What a [`ScriptedSpeechToSpeech`] does when it is its turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptedTurn {
    understood: String,
    reply: ScriptedReply,
}

impl ScriptedTurn {
    /// A turn in which these words of the caller are understood; nothing is said.
    pub fn hears(words: impl Into<String>) -> Self {
        Self {
            understood: words.into(),
            reply: ScriptedReply::default(),
        }
    }

    /// The response.
    #[must_use]
    pub fn says(mut self, reply: impl Into<ScriptedReply>) -> Self {
        self.reply = reply.into();
        self
    }
}

/// A turn without words of the caller.
impl From<ScriptedReply> for ScriptedTurn {
    fn from(reply: ScriptedReply) -> Self {
        Self::default().says(reply)
    }
}

impl From<&str> for ScriptedTurn {
    fn from(text: &str) -> Self {
        Self::default().says(text)
    }
}

impl ScriptedSpeechToSpeech {
    /// The turns to take, in order. Behind the last one it fails, unless there is one for
    /// [`always`](Self::always).
    #[must_use]
    pub fn new<T: Into<ScriptedTurn>>(turns: impl IntoIterator<Item = T>) -> Self {
        let service = Self::default();
        let turns = turns.into_iter().map(Into::into);
        service.script().turns.extend(turns);
        service
    }

    /// The turn that it takes behind the others, again and again.
    #[must_use]
    pub fn always(self, turn: impl Into<ScriptedTurn>) -> Self {
        self.script().always = Some(turn.into());
        self
    }

    /// What it was told at the beginning of each conversation, the oldest first.
    #[must_use]
    pub fn begun(&self) -> Vec<TalkOptions> {
        self.script().begun.clone()
    }

    /// What it was given in all conversations, oldest first, without the caller's audio.
    #[must_use]
    pub fn given(&self) -> Vec<TalkInput> {
        self.script().given.clone()
    }

    /// Samples of callers that it was given.
    #[must_use]
    pub fn heard_samples(&self) -> usize {
        self.script().samples
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an input. Returns the response that it asks for.
    fn take(&self, given: TalkInput) -> Option<Response> {
        let mut script = self.script();
        let response = match &given {
            TalkInput::Audio(samples) => {
                script.samples = script.samples.saturating_add(samples.len());
                return None;
            }
            TalkInput::Respond => {
                script.asked = script.asked.saturating_add(1);
                let next = script.turns.pop_front();
                let turn = next.or_else(|| script.always.clone());
                Some(Response::of(turn, script.asked))
            }
            TalkInput::Say(text) => Some(Response {
                understood: String::new(),
                parts: ScriptedReply::says(text.as_str()).into_parts(0),
            }),
            _ => None,
        };
        script.given.push(given);
        response
    }
}

/// A response that is owed.
struct Response {
    understood: String,
    parts: Parts<ReplyPart>,
}

impl Response {
    fn of(turn: Option<ScriptedTurn>, number: usize) -> Self {
        let Some(ScriptedTurn { understood, reply }) = turn else {
            let ended = super::model::failure(
                super::super::ProviderErrorKind::Rejected,
                "the script of speech to speech is at its end",
            );
            return Self {
                understood: String::new(),
                parts: Parts::failed(ended),
            };
        };
        let parts = reply.into_parts(number);
        Self { understood, parts }
    }
}

impl SpeechToSpeech for ScriptedSpeechToSpeech {
    fn name(&self) -> &str {
        "scripted"
    }

    fn talk(&self, options: TalkOptions, mut input: Feed<TalkInput>) -> Parts<TalkPart> {
        let service = self.clone();
        let rate_hz = options.rate_hz;
        service.script().begun.push(options);
        Parts::made_by(move |out| async move {
            let mut owed: VecDeque<Response> = VecDeque::new();
            loop {
                tokio::select! {
                    biased;
                    given = input.next() => {
                        let Some(given) = given else {
                            return Ok(());
                        };
                        if matches!(given, TalkInput::Interrupted { .. }) {
                            for _ in owed.drain(..) {
                                out.send(TalkPart::Done(StopReason::End)).await;
                            }
                        }
                        owed.extend(service.take(given));
                    }
                    part = next(owed.front_mut()) => match part {
                        Some(part) => {
                            if let Some(done) = give(part?, rate_hz, &out).await {
                                let over = owed.pop_front();
                                out.send(done).await;
                                hear(over, &out).await;
                            }
                        }
                        // As if the connection had been closed.
                        None => return Ok(()),
                    },
                }
            }
        })
    }
}

async fn next(response: Option<&mut Response>) -> Option<Result<ReplyPart, ProviderError>> {
    match response {
        Some(response) => response.parts.next().await,
        None => pending().await,
    }
}

/// Gives a part of a response. Returns what tells its end.
async fn give(part: ReplyPart, rate_hz: u32, out: &PartSender<TalkPart>) -> Option<TalkPart> {
    match part {
        ReplyPart::Text(text) => {
            let samples = tone(text.chars().count(), rate_hz);
            out.send(TalkPart::Words(text)).await;
            out.send(TalkPart::Audio { rate_hz, samples }).await;
        }
        ReplyPart::ToolCall(call) => drop(out.send(TalkPart::ToolCall(call)).await),
        ReplyPart::Usage(usage) => drop(out.send(TalkPart::Usage(usage)).await),
        ReplyPart::Done(reason) => return Some(TalkPart::Done(reason)),
    }
    None
}

async fn hear(response: Option<Response>, out: &PartSender<TalkPart>) {
    let text = response.map(|response| response.understood);
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let is_final = true;
        out.send(TalkPart::Caller { text, is_final }).await;
    }
}

/// 60 ms for each letter: a triangle of about 300 Hz.
fn tone(letters: usize, rate_hz: u32) -> Arc<[i16]> {
    let period = i32::try_from(rate_hz / 300).unwrap_or(1).max(2);
    let samples = usize::try_from(rate_hz).unwrap_or(0) * 60 / 1_000;
    let samples = (0..period)
        .cycle()
        .take(samples.saturating_mul(letters))
        .map(|at| i16::try_from((2 * at - period).abs() * 8_000 / period - 4_000).unwrap_or(0));
    samples.collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::{ProviderErrorKind, ToolCall};
    use super::*;

    /// What it gives when it is given this.
    async fn gives(
        service: &ScriptedSpeechToSpeech,
        given: impl IntoIterator<Item = TalkInput>,
    ) -> (Vec<String>, Option<ProviderErrorKind>) {
        let (input, feed) = Feed::queue(64);
        let mut talk = service.talk(TalkOptions::new(8_000, "be"), feed);
        let mut told = Vec::new();
        let mut awaited = 0;
        for given in given {
            awaited += usize::from(matches!(given, TalkInput::Respond | TalkInput::Say(_)));
            input.send(given).await;
        }
        loop {
            if awaited == 0 {
                // What still comes, comes at once.
                drop(input);
                while let Some(Ok(part)) = talk.next().await {
                    told.push(line(&part));
                }
                return (told, None);
            }
            match talk.next().await {
                Some(Ok(part)) => {
                    awaited -= usize::from(matches!(part, TalkPart::Done(_)));
                    told.push(line(&part));
                }
                Some(Err(error)) => return (told, Some(error.kind)),
                None => return (told, None),
            }
        }
    }

    fn line(part: &TalkPart) -> String {
        match part {
            TalkPart::Words(words) => words.clone(),
            TalkPart::Audio { rate_hz, samples } => {
                format!("{} ms", 1_000 * samples.len() / *rate_hz as usize)
            }
            TalkPart::ToolCall(ToolCall { name, .. }) => format!("call {name}"),
            TalkPart::Done(_) => "done".to_owned(),
            TalkPart::Caller { text, .. } => format!("caller: {text}"),
            TalkPart::Usage(_) => "usage".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_takes_its_turns_in_order_and_says_what_it_is_to_say() {
        let service = ScriptedSpeechToSpeech::new([
            ScriptedTurn::hears("when do you open").says("At nine."),
            ScriptedReply::default()
                .calls("look", serde_json::json!({}))
                .into(),
        ]);
        let (told, failed) = gives(
            &service,
            [
                TalkInput::Say("Hello.".to_owned()),
                TalkInput::Audio(vec![0; 160]),
                TalkInput::Respond,
            ],
        )
        .await;
        let expected = [
            "Hello.",
            "360 ms",
            "done",
            "At ",
            "180 ms",
            "nine.",
            "300 ms",
            "done",
            "caller: when do you open",
        ];
        assert_eq!((told, failed), (expected.map(str::to_owned).into(), None));
        assert_eq!(service.heard_samples(), 160);
        // Another conversation goes on in the script.
        let other = [TalkInput::Respond, TalkInput::Respond];
        let (told, failed) = gives(&service, other).await;
        assert_eq!(told, ["call look", "done"]);
        assert_eq!(failed, Some(ProviderErrorKind::Rejected));
        let given = service.given();
        assert_eq!(given[0], TalkInput::Say("Hello.".to_owned()));
        assert_eq!((given.len(), service.begun().len()), (4, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_interrupted_ends_and_nothing_else_of_it_comes() {
        let slow = ScriptedReply::after(std::time::Duration::from_secs(5)).then("Never.");
        let service = ScriptedSpeechToSpeech::new([slow]).always("Yes.");
        let heard = std::time::Duration::ZERO;
        let given = [
            TalkInput::Respond,
            TalkInput::Interrupted { heard },
            TalkInput::Respond,
        ];
        let (told, failed) = gives(&service, given).await;
        let expected = ["done", "Yes.", "240 ms", "done"];
        assert_eq!((told, failed), (expected.map(str::to_owned).into(), None));
    }
}
