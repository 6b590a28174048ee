//! What all who have to do with a session share: its owner, the call's handles, and their tasks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{MutexGuard, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use voxtra_core::event::{BuiltIn, CallEndedEndedBy as EndedBy, EndReason, EventKind};
use voxtra_core::leg::Command;

use super::answers::Answers;
use super::call::{CallInfo, Services};
use super::caller_audio::AudioFanout;
use super::carrier::Carrier;
use super::conversation::Memory;
use super::deadlines;
use super::error::CallError;
use super::facts::Facts;
use super::log::EventLog;
use super::measure::Marks;
use super::objectives::Objectives;
use super::report::{Report, Reports};
use super::request::{Hook, Request};
use super::speak::SpeechOutput;
use super::state::State;
use super::status::{Action, Status};
use super::transcript::TranscriptLog;
use super::usage::Tally;
use crate::lock::lock;
use crate::media::TicketError;

/// Held for moments only.
type MarksGuard<'a> = std::sync::MutexGuard<'a, Marks>;

/// As above.
type TallyGuard<'a> = std::sync::MutexGuard<'a, Tally>;

/// As above.
type TranscriptGuard<'a> = std::sync::MutexGuard<'a, TranscriptLog>;

/// How far a call has come towards its agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Its audio is not connected.
    #[default]
    Silent,
    /// Its audio is connected, and it is not answered.
    EarlyMedia,
    /// It is answered, and its audio connected.
    Answered,
}

/// The shared state of one session. It lives as long as anybody holds the call.
pub(crate) struct SessionShared {
    facts: Facts,
    carrier: Arc<dyn Carrier>,
    /// The voice, speech-to-text and model of this call; they may be exchanged.
    services: watch::Sender<Services>,
    state: Arc<State>,
    log: Arc<EventLog>,
    /// As it follows from the events so far.
    status: watch::Sender<Status>,
    reports: Reports,
    requests: mpsc::Sender<Box<Request>>,
    /// Cancelled when the call is over.
    over: CancellationToken,
    output: SpeechOutput,
    fanout: AudioFanout,
    answers: Answers,
    memory: Mutex<Memory>,
    /// What providers gave for the answer in the making.
    marks: Mutex<Marks>,
    /// What was used of the providers.
    tally: Mutex<Tally>,
    /// What was said and done.
    transcript: Mutex<TranscriptLog>,
    /// Who talks with the caller, and how long they may let the caller wait.
    objectives: Mutex<Option<Box<(String, Objectives)>>>,
    /// Held by the one who asks the language model.
    asking: tokio::sync::Mutex<()>,
    /// Held while the call's audio is connected or the call answered, so that each happens once.
    answered: tokio::sync::Mutex<Stage>,
    /// Held during a transfer; then the party to whom the caller was transferred.
    transferred: tokio::sync::Mutex<Option<String>>,
    utterances: AtomicU32,
    /// The words so far of the caller's utterance, if they may be all of the turn.
    likely_all: Mutex<Option<Box<str>>>,
}

impl SessionShared {
    pub(super) fn new(
        id: Arc<str>,
        info: CallInfo,
        carrier: Arc<dyn Carrier>,
        services: Services,
        reports: Reports,
        requests: mpsc::Sender<Box<Request>>,
    ) -> Self {
        let log = EventLog::new();
        let status = watch::Sender::new(Status::new(info.direction));
        Self {
            facts: Facts::new(id, info),
            carrier,
            state: services.state.clone(),
            services: watch::Sender::new(services),
            answers: Answers::new(&log),
            log,
            status,
            reports,
            requests,
            over: CancellationToken::new(),
            output: SpeechOutput::default(),
            fanout: AudioFanout::default(),
            memory: Mutex::default(),
            marks: Mutex::default(),
            tally: Mutex::default(),
            transcript: Mutex::new(TranscriptLog::new()),
            objectives: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            answered: tokio::sync::Mutex::default(),
            transferred: tokio::sync::Mutex::default(),
            utterances: AtomicU32::new(1),
            likely_all: Mutex::default(),
        }
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn carrier(&self) -> &dyn Carrier {
        &*self.carrier
    }

    /// The services as they are now.
    pub(super) fn services(&self) -> Services {
        self.services.borrow().clone()
    }

    /// Exchanges services.
    pub(super) fn change_services(&self, change: impl FnOnce(&mut Services)) {
        self.services.send_modify(change);
    }

    /// Sees each change of the services.
    pub(super) fn watch_services(&self) -> watch::Receiver<Services> {
        self.services.subscribe()
    }

    /// What the application gave its calls.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn log(&self) -> &Arc<EventLog> {
        &self.log
    }

    /// Where the call stands. Held for moments only.
    pub(super) fn status(&self) -> watch::Ref<'_, Status> {
        self.status.borrow()
    }

    /// Sees each change of the status.
    pub(super) fn watch_status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// An event is about to be published.
    pub(super) fn note_status(&self, event: &BuiltIn) {
        self.status.send_if_modified(|status| status.note(event));
    }

    pub(super) fn output(&self) -> &SpeechOutput {
        &self.output
    }

    pub(super) fn fanout(&self) -> &AudioFanout {
        &self.fanout
    }

    /// The words so far of the caller's utterance may be all of the turn, or are not.
    pub(super) fn likely_end(&self, words: Option<&str>) {
        *lock(&self.likely_all) = words.map(|words| words.trim().into());
    }

    /// Whether these words may be all of the turn, as speech-to-text hears it.
    pub(super) fn may_be_all(&self, words: &str) -> bool {
        lock(&self.likely_all).as_deref() == Some(words)
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// What the conversation with the language model remembers. Locked for moments only.
    pub(super) fn memory(&self) -> &Mutex<Memory> {
        &self.memory
    }

    /// When providers gave what the answer in the making consists of.
    pub(super) fn marks(&self) -> MarksGuard<'_> {
        lock(&self.marks)
    }

    /// What was used of the providers.
    pub(super) fn tally(&self) -> TallyGuard<'_> {
        lock(&self.tally)
    }

    /// What was said and done.
    pub(super) fn transcript(&self) -> TranscriptGuard<'_> {
        lock(&self.transcript)
    }

    /// The agent of this name talks with the caller from now on.
    pub(super) fn set_objectives(&self, agent: &str, objectives: Objectives) {
        *lock(&self.objectives) = Some(Box::new((agent.to_owned(), objectives)));
    }

    /// Who talks with the caller, and how long they may let the caller wait.
    pub(super) fn objectives(&self) -> (String, Objectives) {
        let objectives = lock(&self.objectives);
        objectives.as_deref().cloned().unwrap_or_default()
    }

    /// The right to ask the language model, one question at a time.
    pub(super) async fn asking(&self) -> MutexGuard<'_, ()> {
        self.asking.lock().await
    }

    /// The right to transfer the caller, and to whom the caller was transferred.
    pub(super) async fn transferred(&self) -> MutexGuard<'_, Option<String>> {
        self.transferred.lock().await
    }

    pub(super) fn next_utterance(&self) -> u32 {
        self.utterances.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the call has ended or failed.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Waits until the call has ended or failed.
    pub(super) async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// The call has ended or failed: whoever waits is released.
    pub(super) fn end(&self) {
        self.over.cancel();
    }

    /// Whether the caller talks to another party, and no longer to the agent.
    pub(super) fn is_transferred(&self) -> bool {
        self.reports.is_transferred()
    }

    /// Runs `work` as long as the call is up.
    pub(super) async fn while_up<T>(
        &self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        tokio::select! {
            biased;
            () = self.over.cancelled() => Err(CallError::Ended),
            result = work => result,
        }
    }

    /// Sends a request to the owner, as soon as there is room.
    pub(super) async fn send(&self, request: Request) {
        // The owner ends only after the session's last event; nobody needs the request then.
        let _ = self.requests.send(Box::new(request)).await;
    }

    /// Sends a request at once; false if there is no room, or the session is over.
    pub(crate) fn try_send(&self, request: Request) -> bool {
        self.requests.try_send(Box::new(request)).is_ok()
    }

    /// Has the owner run `hook` at the end of the call. Gives it back after the session's last
    /// event.
    pub(super) async fn hook(&self, hook: Hook) -> Result<(), Hook> {
        match self.requests.send(Box::new(Request::Hook(hook))).await {
            Err(mpsc::error::SendError(unsent)) => match *unsent {
                Request::Hook(hook) => Err(hook),
                _ => Ok(()),
            },
            Ok(()) => Ok(()),
        }
    }

    /// Sends a report after every earlier request.
    pub(super) async fn report(&self, report: Report) {
        self.requests_taken().await;
        self.reports.send(report).await;
    }

    /// Reports at once; false if there is no room, or the session is over.
    pub(crate) fn try_report(&self, report: Report) -> bool {
        self.reports.try_send(report)
    }

    /// Waits until the owner has taken every earlier request: the effects of an order are published
    /// after the events before the order.
    pub(super) async fn requests_taken(&self) {
        let taken = async {
            let (tell, taken) = oneshot::channel();
            self.send(Request::Taken(tell)).await;
            // Without an owner there is nothing left to publish.
            let _ = taken.await;
        };
        // A delayed owner must not keep a call from being hung up.
        let _ = tokio::time::timeout(deadlines::TAKEN, taken).await;
    }

    /// Answers the call, once, and connects its audio.
    pub(super) async fn answer(&self) -> Result<(), CallError> {
        self.while_up(async {
            let mut stage = self.answered.lock().await;
            match *stage {
                Stage::Silent => {
                    self.requests_taken().await;
                    let link = self.carrier.answer().await?;
                    self.reports.send(Report::Media(Box::new(link))).await;
                    self.media_attached().await?;
                }
                Stage::EarlyMedia => {
                    self.requests_taken().await;
                    self.carrier.answer_connected().await?;
                    // The owner has published the answer by then.
                    self.requests_taken().await;
                }
                Stage::Answered => {}
            }
            *stage = Stage::Answered;
            Ok(())
        })
        .await
    }

    /// Tells the caller that it rings here.
    pub(super) async fn ring(&self) -> Result<(), CallError> {
        self.while_up(async {
            let _answered_later = self.answered.lock().await;
            self.status().allows(Action::Ring)?;
            self.carrier.ring().await
        })
        .await
    }

    /// Connects the call's audio before it is answered, once.
    pub(super) async fn progress(&self) -> Result<(), CallError> {
        self.while_up(async {
            let mut stage = self.answered.lock().await;
            self.status().allows(Action::Progress)?;
            if *stage == Stage::Silent {
                let link = self.carrier.progress().await?;
                self.reports.send(Report::Media(Box::new(link))).await;
                self.media_attached().await?;
                *stage = Stage::EarlyMedia;
            }
            Ok(())
        })
        .await
    }

    /// Connects the audio again, after it was lost.
    pub(super) async fn reconnect(&self) -> Result<(), CallError> {
        self.while_up(async {
            let answered = self.answered.lock().await;
            if *answered == Stage::Silent {
                // The task that answers the call sees that the audio is gone.
                return Err(TicketError::Timeout.into());
            }
            let reconnect = self.carrier.reconnect().ok_or(CallError::Ended)?;
            let link = reconnect.await?;
            self.reports.send(Report::Media(Box::new(link))).await;
            Ok(())
        })
        .await
    }

    /// Waits until the owner has attached the media that was sent to it.
    pub(super) async fn media_attached(&self) -> Result<(), CallError> {
        let mut events = self.log.from_start(true);
        let started = async {
            let found = events
                .find(|event| (event.kind() == Some(EventKind::MediaStarted)).then_some(()))
                .await;
            found.ok_or(CallError::Ended)
        };
        self.while_up(started).await
    }

    /// Hangs up on behalf of `by`, if the call is not over.
    pub(super) async fn hang_up(&self, reason: EndReason, by: EndedBy) -> Result<(), CallError> {
        if self.is_over() {
            return Ok(());
        }
        // When we end a call, nobody reports the reason to us.
        self.report(Report::HangupRequested(reason, by)).await;
        if self.carrier.ends_with_media() {
            self.send(Request::Leg(Command::HangUp)).await;
        }
        self.carrier.hang_up(reason).await
    }
}
