//! One turn: the model is asked, its reply is spoken while it is still being written, and its tools
//! are run.

use std::sync::{Arc, Mutex};

use voxtra_core::event::{AgentResponse, AgentThinking};

use super::super::call::Call;
use super::super::error::CallError;
use super::super::speak::{Manner, Spoken, Voiced};
use super::super::wording::Wording;
use super::memory::Memory;
use super::settings::Filler;
use super::tool;
use crate::lock::lock;
use crate::speech::{
    Feed, Message, Parts, ProviderError, ReplyPart, Sentences, ToolCall, speakable,
};

/// Sentences that wait for the voice.
const SENTENCES_AHEAD: usize = 16;

/// How often a model may call tools within one turn before it has to answer without.
const MAX_ROUNDS: usize = 8;

/// What the agent answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// What the model wrote.
    pub text: String,
    /// What the caller heard of it, in the words that were spoken.
    pub heard: String,
    /// Whether it was cut: the caller barged in, or somebody stopped it.
    pub interrupted: bool,
}

/// Answers `said`, and remembers it: the question, the tools that were called, and of the answer
/// what the caller heard.
pub(super) async fn answer(
    call: &Call,
    memory: &mut Memory,
    said: &str,
    filler: Option<&Filler>,
) -> Result<Answer, CallError> {
    let mut messages = memory.messages().to_vec();
    messages.push(Message::User(said.to_owned()));
    let mut answer = Answer {
        text: String::new(),
        heard: String::new(),
        interrupted: false,
    };
    for round in 1.. {
        let model = call.session().services().model;
        let model = model.ok_or(CallError::NoLanguageModel)?;
        call.emit_body(AgentThinking::default().into()).await;
        let request = memory.request(&messages, round <= MAX_ROUNDS);
        let mut reading = Reading::new(model.reply(request));
        let spoken = call
            .while_up(async { speak(call, &mut reading, filler).await })
            .await;
        let (heard, interrupted) = match spoken {
            Ok((heard, interrupted, Ok(()))) => (heard, interrupted),
            Ok((heard, _, Err(error))) => {
                if !heard.is_empty() {
                    messages.push(Message::assistant(format!("{heard}…")));
                }
                memory.replace(messages);
                return Err(error);
            }
            Err(error) => {
                memory.replace(messages);
                return Err(error);
            }
        };
        let Reading {
            text, tool_calls, ..
        } = reading;
        call.emit_body(AgentResponse::new(text.clone(), tool_calls.clone()).into())
            .await;
        append(&mut answer.text, &text);
        append(&mut answer.heard, &heard);
        answer.interrupted = interrupted;
        // Whoever interrupts has not agreed to what the tools would do.
        let calls = if interrupted { Vec::new() } else { tool_calls };
        if !heard.is_empty() || !calls.is_empty() {
            let text = if interrupted {
                format!("{heard}…")
            } else {
                text
            };
            messages.push(Message::Assistant {
                text,
                tool_calls: calls.clone(),
            });
        }
        if calls.is_empty() {
            break;
        }
        let results = calls.iter().map(|asked| {
            let tool = memory.tool(&asked.name);
            async move { (asked, tool::run(call, tool, asked).await) }
        });
        let results = while_filled(call, filler, futures_util::future::join_all(results)).await;
        for (asked, result) in results {
            messages.push(Message::Tool {
                id: asked.id.clone(),
                name: asked.name.clone(),
                result,
            });
        }
        // A tool may have ended the call or transferred the caller.
        if call.is_over() || call.session().is_transferred() {
            break;
        }
    }
    memory.replace(messages);
    Ok(answer)
}

/// Speaks a reply while it is being read. Returns the words that were heard, whether the caller or
/// somebody else cut them, and whether the model failed behind them.
async fn speak(
    call: &Call,
    reading: &mut Reading,
    filler: Option<&Filler>,
) -> Result<(String, bool, Result<(), CallError>), CallError> {
    let first = while_filled(call, filler, reading.next_sentence()).await;
    let Some(first) = provider(call, "language_model", first).await? else {
        return Ok((String::new(), false, Ok(())));
    };
    let voice = call.session().services().voice.ok_or(CallError::NoVoice)?;
    let (sentences, texts) = Feed::queue(SENTENCES_AHEAD);
    let wording = Arc::new(Mutex::new(Wording::new(&first)));
    sentences.send(first).await;
    let speech = voice.speak(texts, call.line_hz());
    let mut voiced = Voiced::new(speech, Some(wording.clone()));

    let writing = async {
        while let Some(sentence) = reading.next_sentence().await? {
            lock(&wording).push(&sentence);
            if !sentences.send(sentence).await {
                break;
            }
        }
        drop(sentences);
        Ok::<(), ProviderError>(())
    };
    let speaking = async {
        let begun = while_filled(call, filler, voiced.begin()).await;
        provider(call, "text_to_speech", begun).await?;
        let spoken = call.utter(voiced, Manner::default()).await;
        match spoken {
            Err(CallError::Provider(error)) => provider(call, "text_to_speech", Err(error)).await,
            other => other,
        }
    };
    tokio::pin!(writing, speaking);
    let mut written = None;
    let spoken: Spoken = loop {
        tokio::select! {
            biased;
            // Whoever is cut need not write on.
            spoken = &mut speaking => break spoken?,
            result = &mut writing, if written.is_none() => written = Some(result),
        }
    };
    let written = provider(call, "language_model", written.unwrap_or(Ok(()))).await;
    let wording = lock(&wording);
    let heard = wording.heard_of(spoken);
    Ok((heard.to_owned(), spoken.is_interrupted(), written))
}

/// Runs `work`. If it takes longer than the filler allows, the filler is said meanwhile, and cut as
/// soon as the work is done.
async fn while_filled<T>(call: &Call, filler: Option<&Filler>, work: impl Future<Output = T>) -> T {
    let fill = async {
        if let Some(Filler { after, say, .. }) = filler {
            tokio::time::sleep(*after).await;
            // The answer comes, or does not, whatever becomes of the filler.
            let _ = call.say(say).await;
        }
        std::future::pending::<std::convert::Infallible>().await
    };
    tokio::select! {
        biased;
        result = work => result,
        never = fill => match never {},
    }
}

/// A provider's failure is an event too.
async fn provider<T>(
    call: &Call,
    what: &str,
    result: Result<T, ProviderError>,
) -> Result<T, CallError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => {
            call.emit_error(what, error.to_string()).await;
            Err(error.into())
        }
    }
}

fn append(all: &mut String, more: &str) {
    if !all.is_empty() && !more.is_empty() {
        all.push(' ');
    }
    all.push_str(more);
}

/// A reply that is being read, sentence by sentence.
struct Reading {
    parts: Parts<ReplyPart>,
    sentences: Sentences,
    ended: bool,
    text: String,
    tool_calls: Vec<ToolCall>,
}

impl Reading {
    fn new(parts: Parts<ReplyPart>) -> Self {
        Self {
            parts,
            sentences: Sentences::new(),
            ended: false,
            text: String::new(),
            tool_calls: Vec::new(),
        }
    }

    /// Waits for the next sentence that can be spoken; `None` at the end of the reply. Cancel safe.
    async fn next_sentence(&mut self) -> Result<Option<String>, ProviderError> {
        loop {
            let sentence = match self.sentences.next() {
                None if self.ended => match self.sentences.finish() {
                    None => return Ok(None),
                    last => last,
                },
                sentence => sentence,
            };
            if let Some(sentence) = sentence {
                let sentence = speakable(&sentence, None);
                if sentence.chars().any(char::is_alphanumeric) {
                    return Ok(Some(sentence));
                }
                continue;
            }
            match self.parts.next().await {
                Some(part) => match part? {
                    ReplyPart::Text(text) => {
                        self.text.push_str(&text);
                        self.sentences.push(&text);
                    }
                    ReplyPart::ToolCall(call) => self.tool_calls.push(call),
                    _ => {}
                },
                None => self.ended = true,
            }
        }
    }
}
