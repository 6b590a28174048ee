//! A conversation with a speech-to-speech service, which hears, thinks and speaks in one. The call
//! decides when a turn is over and what interrupts, and tells the service what was heard.

mod session;

use std::future::pending;
use std::sync::{Arc, Mutex};

use voxtra_core::event::{AgentResponse, AgentThinking};

use super::super::call::Call;
use super::super::error::CallError;
use super::super::measure::Part;
use super::super::speak::{Manner, Spoken, Voiced};
use super::super::wording::Wording;
use super::tool;
use super::turns::{Input, Turns};
use crate::lock::lock;
use crate::speech::{
    Feed, Message, Parts, ProviderError, ProviderErrorKind, SpeechPart, SpeechToSpeech, TalkInput,
    TalkPart, ToolCall,
};
use session::Session;

/// Parts of audio that wait for the line.
const AHEAD: usize = 16;

/// How often a model may call tools within one turn.
const MAX_ROUNDS: usize = 8;

/// What the model is told of a tool that was not run.
const INTERRUPTED: &str = "error: the tool was not run, because the caller interrupted";

/// A call's conversation with a speech-to-speech service.
pub(super) struct Duplex {
    call: Call,
    service: Arc<dyn SpeechToSpeech>,
    session: Option<Session>,
    /// What the caller said, as far as the service has told it and it is not remembered.
    words: Arc<Mutex<Vec<String>>>,
}

/// What became of one response.
struct Round {
    text: String,
    heard: String,
    interrupted: bool,
    calls: Vec<ToolCall>,
    failed: Option<CallError>,
}

/// How a response began.
enum Beginning {
    Audio(SpeechPart),
    /// It is over, without audio.
    Nothing,
}

impl Duplex {
    pub(super) fn new(call: &Call, service: Arc<dyn SpeechToSpeech>) -> Self {
        Self {
            call: call.clone(),
            service,
            session: None,
            words: Arc::default(),
        }
    }

    /// Begins to listen, if it doesn't yet.
    pub(super) fn open(&mut self) {
        if self.session.as_ref().is_none_or(Session::is_over) {
            self.session = Some(Session::open(&self.call, &self.service, &self.words));
        }
    }

    /// Says something of its own, and remembers what was heard of it. False if the caller cut it.
    pub(super) async fn say(&mut self, text: &str) -> Result<bool, CallError> {
        let ask = TalkInput::Say(text.to_owned());
        let round = self.round(ask, None, Part::Aside).await;
        let round = self.sound(round)?;
        self.remember_caller();
        let cut = round.interrupted || round.failed.is_some();
        lock(self.call.session().memory()).agent_said(&round.heard, cut);
        match round.failed {
            Some(error) => Err(error),
            None => Ok(!round.interrupted),
        }
    }

    /// Answers the caller, whose turn is over, and remembers what was heard of the answer.
    pub(super) async fn answer(&mut self, turns: &mut Turns) -> Result<(), CallError> {
        let call = self.call.clone();
        let mut silent = true;
        call.session().marks().asked_in_one();
        for number in 1_usize.. {
            call.emit_body(AgentThinking::default().into()).await;
            let ask = TalkInput::Respond;
            let round = self.round(ask, Some(turns), Part::Answer).await;
            let round = self.sound(round)?;
            if !matches!(round.failed, Some(CallError::Ended)) {
                let response = AgentResponse::new(round.text.clone(), round.calls.clone());
                call.emit_body(response.into()).await;
            }
            silent &= round.text.trim().is_empty() && round.calls.is_empty();
            let cut = round.interrupted || round.failed.is_some();
            // Whoever interrupts has not agreed to what the tools would do.
            let act = !cut && number <= MAX_ROUNDS && !round.calls.is_empty();
            self.remember_caller();
            let tool_calls = if act { round.calls.clone() } else { Vec::new() };
            if !round.heard.is_empty() || act {
                let end = if cut { "…" } else { "" };
                let text = format!("{}{end}", round.heard);
                let said = Message::Assistant { text, tool_calls };
                lock(call.session().memory()).append(vec![said]);
            }
            if let Some(error) = round.failed {
                return Err(error);
            }
            let results = if act {
                call.session().marks().tools(round.calls.len());
                tool::run_all(&call, &round.calls).await
            } else {
                vec![INTERRUPTED.to_owned(); round.calls.len()]
            };
            for (asked, result) in round.calls.iter().zip(results) {
                let (id, name) = (asked.id.clone(), asked.name.clone());
                if act {
                    let (id, name, result) = (id.clone(), name.clone(), result.clone());
                    let told = Message::Tool { id, name, result };
                    lock(call.session().memory()).append(vec![told]);
                }
                self.give(TalkInput::ToolResult { id, name, result }).await;
            }
            // A tool may have ended the call or transferred the caller.
            if !act || call.is_over() || call.session().is_transferred() {
                break;
            }
            // The next agent goes on.
            if lock(call.session().memory()).is_handed_over() {
                break;
            }
        }
        if silent {
            let name = self.service.name();
            let kind = ProviderErrorKind::Rejected;
            let error = ProviderError::new(name, kind, "it gave nothing to say");
            call.emit_error("speech_to_speech", error.to_string()).await;
            return Err(error.into());
        }
        Ok(())
    }

    /// A session that has failed is not used again.
    fn sound(&mut self, round: Result<Round, CallError>) -> Result<Round, CallError> {
        if !matches!(&round, Ok(Round { failed: None, .. })) {
            self.session = None;
        }
        round
    }

    async fn give(&mut self, input: TalkInput) {
        if let Some(session) = &self.session {
            // The next response finds out if nobody takes it.
            session.give(input).await;
        }
    }

    /// What the caller has said becomes part of the conversation.
    fn remember_caller(&self) {
        let words = std::mem::take(&mut *lock(&self.words)).join(" ");
        if !words.is_empty() {
            let mut memory = lock(self.call.session().memory());
            memory.append(vec![Message::User(words)]);
        }
    }

    /// Asks for a response and plays it. With `turns`, a caller who goes on before it has begun
    /// gets another one.
    async fn round(
        &mut self,
        ask: TalkInput,
        turns: Option<&mut Turns>,
        part: Part,
    ) -> Result<Round, CallError> {
        let call = self.call.clone();
        self.open();
        let Some(session) = &mut self.session else {
            return Err(CallError::Ended);
        };
        let wording = Arc::new(Mutex::new(Wording::default()));
        let mut calls = Vec::new();
        let spoken = call
            .while_up(speak(
                &call, session, ask, turns, part, &wording, &mut calls,
            ))
            .await;
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
        let text = lock(&wording).text().trim().to_owned();
        Ok(Round {
            text,
            heard: heard.trim().to_owned(),
            interrupted,
            calls,
            failed,
        })
    }
}

/// Returns how the utterance ended, if there was one, and the service's failure behind it.
async fn speak(
    call: &Call,
    session: &mut Session,
    ask: TalkInput,
    turns: Option<&mut Turns>,
    part: Part,
    wording: &Arc<Mutex<Wording>>,
    calls: &mut Vec<ToolCall>,
) -> Result<(Option<Spoken>, Option<CallError>), CallError> {
    session.give(ask).await;
    let first = match begin(call, session, turns, wording, calls).await? {
        Beginning::Audio(first) => first,
        Beginning::Nothing => return Ok((None, None)),
    };
    let (line, mut audio) = Feed::queue(AHEAD);
    line.send(first).await;
    let speech = Parts::made_by(|out| async move {
        while let Some(part) = audio.next().await {
            if !out.send(part).await {
                break;
            }
        }
        Ok(())
    });
    let voiced = Voiced::new(speech, Some(wording.clone()));
    let manner = Manner {
        part,
        ..Manner::default()
    };
    let reading = async {
        // The utterance ends with it.
        let line = line;
        loop {
            match session.next().await? {
                TalkPart::Audio { rate_hz, samples } => {
                    line.send(SpeechPart::audio(rate_hz, samples)).await;
                }
                TalkPart::Done(_) => return Ok(()),
                other => note(call, other, wording, calls),
            }
        }
    };
    let mut read: Option<Result<(), CallError>> = None;
    let spoken = {
        tokio::pin!(reading);
        let speaking = call.utter(voiced, manner);
        tokio::pin!(speaking);
        loop {
            tokio::select! {
                biased;
                spoken = &mut speaking => break spoken?,
                result = &mut reading, if read.is_none() => read = Some(result),
            }
        }
    };
    let failed = match read {
        Some(result) => result.err(),
        None => {
            session.abandon();
            None
        }
    };
    if spoken.is_interrupted() && failed.is_none() {
        let heard = spoken.heard;
        session.give(TalkInput::Interrupted { heard }).await;
    }
    Ok((Some(spoken), failed))
}

/// Waits for the response's first audio, and until the caller is quiet.
async fn begin(
    call: &Call,
    session: &mut Session,
    mut turns: Option<&mut Turns>,
    wording: &Arc<Mutex<Wording>>,
    calls: &mut Vec<ToolCall>,
) -> Result<Beginning, CallError> {
    let is_answer = turns.is_some();
    loop {
        let turn = async {
            match turns.as_deref_mut() {
                Some(turns) => turns.next(None).await,
                None => pending().await,
            }
        };
        let began = async {
            loop {
                match session.next().await? {
                    TalkPart::Audio { rate_hz, samples } if !samples.is_empty() => {
                        if is_answer {
                            call.session().marks().audio();
                        }
                        return Ok(Beginning::Audio(SpeechPart::audio(rate_hz, samples)));
                    }
                    TalkPart::Done(_) => return Ok(Beginning::Nothing),
                    other => note(call, other, wording, calls),
                }
            }
        };
        let (began, done) = tokio::select! {
            biased;
            turn = turn => (Err(turn), false),
            began = began => {
                let began: Result<Beginning, CallError> = began;
                let began = began?;
                let done = matches!(began, Beginning::Nothing);
                (Ok(began), done)
            }
        };
        let turn = match (began, turns.as_deref_mut()) {
            (Ok(began), Some(turns)) if !done => match turns.settled().await {
                None => return Ok(began),
                Some(turn) => turn,
            },
            (Ok(began), _) => return Ok(began),
            (Err(turn), _) => turn,
        };
        match turn {
            Input::Over => return Err(CallError::Ended),
            Input::Turn(_) | Input::LongTurn(_) | Input::Cough => {
                // The caller has gone on: there was no answer, and this one knows more.
                session.abandon();
                *lock(wording) = Wording::default();
                calls.clear();
                let heard = std::time::Duration::ZERO;
                session.give(TalkInput::Interrupted { heard }).await;
                call.session().marks().asked_in_one();
                session.give(TalkInput::Respond).await;
            }
            Input::Silence | Input::Deaf | Input::Result => {}
        }
    }
}

/// Keeps what a response tells beside its audio.
fn note(call: &Call, part: TalkPart, wording: &Mutex<Wording>, calls: &mut Vec<ToolCall>) {
    match part {
        TalkPart::Words(words) => {
            call.session().marks().token();
            lock(wording).extend(&words);
        }
        TalkPart::ToolCall(call) => calls.push(call),
        _ => {}
    }
}
