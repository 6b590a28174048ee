//! One turn: the model is asked, its reply is spoken while it is still being written, and its tools
//! are run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use voxtra_core::event::{AgentResponse, AgentThinking};

use super::super::call::Call;
use super::super::deadlines;
use super::super::error::CallError;
use super::super::speak::{Manner, Speech, Spoken, Voiced};
use super::super::usage;
use super::super::wording::Wording;
use super::ahead::Ahead;
use super::bounds::Bounds;
use super::tool;
use super::turns::Floor;
use crate::lock::lock;
use crate::speech::{
    Feed, Message, Parts, ProviderError, ProviderErrorKind, ReplyPart, Sentences, ToolCall,
    speakable,
};

/// Sentences that wait for the voice.
const SENTENCES_AHEAD: usize = 16;

/// How long an answer waits while the caller is speaking, and for the words.
const LONGEST_COUGH: Duration = Duration::from_secs(3);

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

/// How far an answer is. Only thoughts can be thrown away: not what a tool has begun, and not what
/// the caller is hearing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Thinking,
    Acting,
    Speaking,
}

/// One question to the model, and who follows its answer.
pub(super) struct Question<'a> {
    pub(super) call: &'a Call,
    /// What the caller said; empty if an agent goes on with what the one before was told.
    pub(super) said: &'a str,
    pub(super) phase: &'a watch::Sender<Phase>,
    /// Whether the caller is speaking, if anybody knows.
    pub(super) caller: Option<watch::Receiver<Floor>>,
    /// Nobody has asked: there may be nothing to say.
    pub(super) may_be_silent: bool,
}

/// What became of one reply of the model.
struct Round {
    text: String,
    heard: String,
    interrupted: bool,
    calls: Vec<ToolCall>,
    failed: Option<CallError>,
}

impl Question<'_> {
    /// Answers, and remembers it: the question, the tools that were called, and of the answer what
    /// the caller heard. `ahead` is what the model was asked before the turn had ended.
    pub(super) async fn answer(mut self, mut ahead: Option<Ahead>) -> Result<Answer, CallError> {
        let call = self.call;
        let memory = call.session().memory();
        // Nobody agrees to anything by silence.
        if !self.said.is_empty() {
            lock(memory).begin_turn();
        }
        let said = Some(self.said).filter(|said| !said.is_empty());
        let said = said.map(|said| Message::User(said.to_owned()));
        let mut more = Vec::from_iter(said);
        let mut answer = Answer {
            text: String::new(),
            heard: String::new(),
            interrupted: false,
        };
        let mut acted = false;
        call.session().marks().asked();
        for round in 1_usize.. {
            self.phase.send_replace(Phase::Thinking);
            let model = call.session().services().model;
            let model = model.ok_or(CallError::NoLanguageModel)?;
            call.emit_body(AgentThinking::default().into()).await;
            let with_tools = round <= MAX_ROUNDS;
            let request = lock(memory).request(&more, with_tools);
            let language = call.session().services().language;
            let early = ahead.take().and_then(|ahead| {
                let marks = ahead.marks();
                let parts = ahead.reply_to(&request);
                parts.inspect(|_| *call.session().marks() = marks)
            });
            let parts = early.unwrap_or_else(|| usage::ask(call, &model, request));
            let mut reading = Reading::new(call, parts, language);
            let Round {
                text,
                heard,
                interrupted,
                calls,
                failed,
            } = self.round(&mut reading).await;
            if !matches!(failed, Some(CallError::Ended)) {
                let response = AgentResponse::new(text.clone(), calls.clone());
                call.emit_body(response.into()).await;
            }
            append(&mut answer.text, &text);
            append(&mut answer.heard, &heard);
            answer.interrupted = interrupted;
            let cut = interrupted || failed.is_some();
            // Whoever interrupts has not agreed to what the tools would do.
            let calls = if cut || !with_tools {
                Vec::new()
            } else {
                calls
            };
            if !heard.is_empty() || !calls.is_empty() {
                more.push(Message::Assistant {
                    text: if cut { format!("{heard}…") } else { text },
                    tool_calls: calls.clone(),
                });
            }
            if let Some(error) = failed {
                lock(memory).append(more);
                return Err(error);
            }
            if calls.is_empty() {
                break;
            }
            acted = true;
            call.session().marks().tools(calls.len());
            self.phase.send_replace(Phase::Acting);
            let results = self.act(&calls).await;
            more.extend(results);
            // From here on nothing that was done is forgotten, nor done twice.
            lock(memory).append(std::mem::take(&mut more));
            // Whoever follows the caller has those words, and asks the model once, about them.
            if lock(memory).takes_way() && self.caller.is_some() {
                break;
            }
            // A tool may have ended the call, transferred the caller, or called another agent.
            if call.is_over() || call.session().is_transferred() || lock(memory).is_handed_over() {
                break;
            }
        }
        lock(memory).append(more);
        if answer.text.trim().is_empty() && !acted && !self.may_be_silent {
            let error = silent(call, "language_model", "it gave nothing to say").await;
            return Err(error);
        }
        Ok(answer)
    }

    /// Runs tools, and makes messages of what they gave.
    async fn act(&self, calls: &[ToolCall]) -> Vec<Message> {
        let results = tool::run_all(self.call, calls).await;
        let messages = calls.iter().zip(results).map(|(asked, result)| {
            let (id, name) = (asked.id.clone(), asked.name.clone());
            Message::Tool { id, name, result }
        });
        messages.collect()
    }

    /// Speaks a reply while it is being read.
    async fn round(&mut self, reading: &mut Reading<'_>) -> Round {
        let wording = Arc::new(Mutex::new(Wording::default()));
        let spoken = self.call.while_up(self.speak(reading, &wording)).await;
        let heard_of = |spoken| lock(&wording).heard_of(spoken).to_owned();
        let (heard, interrupted, failed) = match spoken {
            Ok((Some(spoken), None)) => (heard_of(spoken), spoken.is_interrupted(), None),
            Ok((Some(spoken), failed)) => (heard_of(spoken), false, failed),
            Ok((None, failed)) => (String::new(), false, failed),
            Err(error) => {
                let heard = Wording::heard_at_the_end(&wording).await;
                (heard, false, Some(error))
            }
        };
        Round {
            heard,
            interrupted,
            failed,
            text: std::mem::take(&mut reading.text),
            calls: std::mem::take(&mut reading.tool_calls),
        }
    }

    /// Returns how the utterance ended, if there was one, and the model's failure behind it.
    async fn speak(
        &mut self,
        reading: &mut Reading<'_>,
        wording: &Arc<Mutex<Wording>>,
    ) -> Result<(Option<Spoken>, Option<CallError>), CallError> {
        let call = self.call;
        let voice = call.session().services().voice.ok_or(CallError::NoVoice)?;
        let (sentences, texts) = Feed::queue(SENTENCES_AHEAD);
        let (parts, meter) = usage::speak(call, &voice, texts, call.line_hz());
        let speech = Speech::metered(parts, meter.clone());
        let mut voiced = Voiced::new(speech, Some(wording.clone()));
        let writing = async {
            let mut any = false;
            while let Some(sentence) = reading.next_sentence().await? {
                lock(wording).push(&sentence);
                any = true;
                call.session().marks().sentence();
                meter.text(&sentence);
                if !sentences.send(sentence).await {
                    break;
                }
            }
            drop(sentences);
            Ok::<bool, ProviderError>(any)
        };
        tokio::pin!(writing);
        let mut written = None;
        // The first sentence, and the first audio of it. Meanwhile the rest is written.
        let beginning = async {
            let begun = voiced.begin();
            tokio::pin!(begun);
            loop {
                tokio::select! {
                    biased;
                    result = &mut writing, if written.is_none() => {
                        let nothing = !matches!(result, Ok(true));
                        written = Some(result);
                        if nothing && lock(wording).text().is_empty() {
                            return Ok(false);
                        }
                    }
                    begun = &mut begun => return begun.map(|()| true),
                }
            }
        };
        if !provider(call, "text_to_speech", beginning.await).await? {
            let failed = provider(call, "language_model", written.unwrap_or(Ok(false))).await;
            return Ok((None, failed.err()));
        }
        call.session().marks().audio();
        self.caller_is_quiet().await;
        self.phase.send_replace(Phase::Speaking);
        let speaking = call.utter(voiced, Manner::default());
        tokio::pin!(speaking);
        let spoken = loop {
            tokio::select! {
                biased;
                // Whoever is cut need not write on.
                spoken = &mut speaking => break spoken,
                result = &mut writing, if written.is_none() => written = Some(result),
            }
        };
        let spoken = match spoken {
            Err(CallError::Provider(error)) => provider(call, "text_to_speech", Err(error)).await?,
            spoken => spoken?,
        };
        let failed = provider(call, "language_model", written.unwrap_or(Ok(true))).await;
        Ok((Some(spoken), failed.err()))
    }

    /// Waits while the caller is speaking, who may go on or was only coughing, and until it is
    /// known which: words throw this answer away.
    async fn caller_is_quiet(&mut self) {
        let Some(caller) = &mut self.caller else {
            return;
        };
        let quiet = caller.wait_for(|floor| *floor != Floor::Taken);
        if tokio::time::timeout(LONGEST_COUGH, quiet).await.is_ok() {
            let told = caller.wait_for(|floor| *floor == Floor::Free);
            let _ = tokio::time::timeout(LONGEST_COUGH, told).await;
        }
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

/// A provider that gives nothing fails too.
async fn silent(call: &Call, what: &str, message: &str) -> CallError {
    call.emit_error(what, message.to_owned()).await;
    ProviderError::new(what, ProviderErrorKind::Rejected, message).into()
}

fn append(all: &mut String, more: &str) {
    if !all.is_empty() && !more.is_empty() {
        all.push(' ');
    }
    all.push_str(more);
}

/// A reply that is being read, sentence by sentence.
struct Reading<'a> {
    call: &'a Call,
    parts: Parts<ReplyPart>,
    language: Option<Arc<str>>,
    sentences: Sentences,
    bounds: Bounds,
    ended: bool,
    text: String,
    tool_calls: Vec<ToolCall>,
}

impl<'a> Reading<'a> {
    fn new(call: &'a Call, parts: Parts<ReplyPart>, language: Option<Arc<str>>) -> Self {
        Self {
            call,
            parts,
            language,
            sentences: Sentences::new(),
            bounds: Bounds::default(),
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
                let sentence = speakable(&sentence, self.language.as_deref());
                if sentence.chars().any(char::is_alphanumeric) {
                    self.bounds.sentence(&sentence)?;
                    return Ok(Some(sentence));
                }
                continue;
            }
            let part = tokio::time::timeout(deadlines::MODEL, self.parts.next()).await;
            let Ok(part) = part else {
                return Err(ProviderError::silent("language_model", deadlines::MODEL));
            };
            match part {
                Some(part) => match part? {
                    ReplyPart::Text(text) => {
                        self.call.session().marks().token();
                        self.bounds.text(&text)?;
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
