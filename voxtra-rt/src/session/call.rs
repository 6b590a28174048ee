//! A call, as an agent holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc::{self, error::SendError};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason, Error, EventKind, EventType};
use voxtra_core::leg::{Command, Mode};

use super::caller_audio::AudioFanout;
use super::carrier::Carrier;
use super::conversation::Conversation;
use super::deadlines;
use super::error::CallError;
use super::event::{EventBody, UserEvent};
use super::log::{EventLog, Events};
use super::report::{Report, Reports};
use super::request::Request;
use super::speak::SpeechOutput;
use super::state::State;
use super::transfer::Transfer;
use crate::media::{CallStats, TicketError};
use crate::speech::{LanguageModel, Message, Prompts, SpeechToText, TextToSpeech};

pub use voxtra_core::event::CallStartedDirection as Direction;

/// Taken events that are remembered: more than the log keeps.
const TAKEN: usize = 8192;

/// Facts known about a call from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallInfo {
    /// The caller's number; empty if unknown.
    pub caller_id: String,
    /// The number or extension that was called; empty if unknown.
    pub called_number: String,
    /// The number that was dialled first and redirected the call to us (RDNIS); empty if unknown.
    pub redirecting_number: String,
    /// Whether the call came in or we placed it.
    pub direction: Direction,
    /// Arguments of `Stasis(app,…)` in the dialplan, or of the originate.
    pub args: Vec<String>,
}

/// The voice, speech-to-text and language model of a call.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) voice: Option<Arc<dyn TextToSpeech>>,
    pub(crate) speech_to_text: Option<Arc<dyn SpeechToText>>,
    pub(crate) model: Option<Arc<dyn LanguageModel>>,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) state: Arc<State>,
}

/// A call. Cheap to clone; every clone is the same call.
///
/// Every wait on a call ends with [`CallError::Ended`] when the call does.
#[derive(Clone)]
pub struct Call {
    pub(crate) inner: Arc<CallInner>,
    /// Held by the call's own handler or hooks, for which `session.destroyed` waits.
    handlers: bool,
}

pub(crate) struct CallInner {
    pub(crate) id: Arc<str>,
    /// The call's facts at its start.
    pub(crate) info: CallInfo,
    /// The caller's number, after the far end has handed the call over.
    party: Mutex<Option<String>>,
    pub(crate) carrier: Arc<dyn Carrier>,
    pub(crate) reports: Reports,
    /// Held while the call is being answered, so that it is answered once; true once it is.
    answered: tokio::sync::Mutex<bool>,
    pub(crate) services: Services,
    pub(crate) log: Arc<EventLog>,
    pub(crate) requests: mpsc::Sender<Request>,
    /// Cancelled when the call is over.
    pub(crate) over: CancellationToken,
    pub(crate) output: SpeechOutput,
    pub(crate) audio: AudioFanout,
    /// Position up to which `listen` has read.
    pub(crate) transcripts: tokio::sync::Mutex<Events>,
    /// Position up to which `listen_dtmf` has read.
    pub(crate) digits: tokio::sync::Mutex<Events>,
    pub(crate) conversation: tokio::sync::Mutex<Vec<Message>>,
    /// Held during a transfer; then the party to whom the caller was transferred.
    pub(crate) transferred: tokio::sync::Mutex<Option<String>>,
    pub(crate) utterances: AtomicU32,
    /// Events that were taken: see [`Call::take`].
    taken: Mutex<BTreeSet<u64>>,
    metadata: Mutex<BTreeMap<String, String>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("id", &self.inner.id)
            .field("info", &self.inner.info)
            .finish_non_exhaustive()
    }
}

impl Call {
    pub(crate) fn new(
        id: Arc<str>,
        info: CallInfo,
        carrier: Arc<dyn Carrier>,
        services: Services,
        reports: Reports,
        requests: mpsc::Sender<Request>,
    ) -> Self {
        let log = EventLog::new();
        let over = CancellationToken::new();
        Self {
            handlers: false,
            inner: Arc::new(CallInner {
                output: SpeechOutput::default(),
                audio: AudioFanout::default(),
                transcripts: tokio::sync::Mutex::new(log.from_start(true)),
                digits: tokio::sync::Mutex::new(log.from_start(true)),
                conversation: tokio::sync::Mutex::default(),
                transferred: tokio::sync::Mutex::default(),
                utterances: AtomicU32::new(1),
                taken: Mutex::default(),
                metadata: Mutex::default(),
                id,
                info,
                party: Mutex::default(),
                carrier,
                reports,
                answered: tokio::sync::Mutex::default(),
                services,
                log,
                requests,
                over,
            }),
        }
    }

    /// The session's id, which every event carries: the channel's id in Asterisk, or a random UUID
    /// for a call without ARI.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The AudioSocket id of a call without ARI: the dialplan passed it to `AudioSocket()`, or
    /// `Application::expect_socket_call` returned it. `None` for other calls. Anybody who knows
    /// this id can take such a call, so no event and no log has it.
    pub fn audio_id(&self) -> Option<uuid::Uuid> {
        self.inner.carrier.audio_id()
    }

    /// The caller's number; empty if unknown. It changes when the far end hands the call over to
    /// another party (`call.replaced`).
    pub fn caller_id(&self) -> String {
        self.party()
            .clone()
            .unwrap_or_else(|| self.inner.info.caller_id.clone())
    }

    pub(crate) fn set_caller_id(&self, caller_id: String) {
        *self.party() = Some(caller_id);
    }

    fn party(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.inner
            .party
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The call's channel in Asterisk, which another may replace; the call's id without ARI.
    pub(crate) fn channel(&self) -> Arc<str> {
        let channel = self.inner.carrier.channel();
        channel.unwrap_or_else(|| self.inner.id.clone())
    }

    /// The number or extension that was called; empty if unknown.
    pub fn called_number(&self) -> &str {
        &self.inner.info.called_number
    }

    /// The number that was dialled first and redirected the call to us (RDNIS); empty if unknown.
    pub fn redirecting_number(&self) -> &str {
        &self.inner.info.redirecting_number
    }

    /// Whether the call came in or we placed it.
    pub fn direction(&self) -> Direction {
        self.inner.info.direction
    }

    /// Arguments of `Stasis(app,…)` in the dialplan, or of the originate.
    pub fn args(&self) -> &[String] {
        &self.inner.info.args
    }

    /// A value that the application gives its calls, by its type: a database, a client, settings.
    ///
    /// ```
    /// # use voxtra_rt::session::{Call, HandlerError};
    /// struct Orders(/* a pool of connections */);
    ///
    /// # impl Orders {
    /// #     async fn latest(&self, _: &str) -> Result<String, HandlerError> { Ok(String::new()) }
    /// # }
    /// // Application::builder().state(Orders(…))
    /// async fn tell_order(call: Call) -> Result<(), HandlerError> {
    ///     let orders: &Orders = call.state()?;
    ///     call.say(&orders.latest(&call.caller_id()).await?).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`CallError::NoState`]: the application was given nothing of this type.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<&T, CallError> {
        let state = self.inner.services.state.get();
        state.ok_or(CallError::NoState {
            name: std::any::type_name::<T>(),
        })
    }

    /// Stores a value for this call.
    pub fn set_metadata(&self, key: impl Into<String>, value: impl Into<String>) {
        self.metadata().insert(key.into(), value.into());
    }

    /// The value stored under this key.
    pub fn get_metadata(&self, key: &str) -> Option<String> {
        self.metadata().get(key).cloned()
    }

    /// Takes an event for a declared session or a `listen`; false if it was taken before. A key
    /// that was part of an answer must not count as a choice in the next menu, nor the other way
    /// round.
    pub(crate) fn take(&self, seq: u64) -> bool {
        let mut taken = self.taken();
        if taken.len() >= TAKEN {
            taken.pop_first();
        }
        taken.insert(seq)
    }

    pub(crate) fn is_taken(&self, seq: u64) -> bool {
        self.taken().contains(&seq)
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, BTreeSet<u64>> {
        self.inner
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn metadata(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.inner
            .metadata
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the call and connects its audio. Does nothing if the call is answered already.
    ///
    /// # Errors
    /// The call is over, Asterisk refuses, or it does not connect the audio.
    pub async fn answer(&self) -> Result<(), CallError> {
        self.while_up(async {
            let mut answered = self.inner.answered.lock().await;
            if !*answered {
                self.requests_taken().await;
                let link = self.inner.carrier.answer().await?;
                self.inner.reports.send(Report::Media(Box::new(link))).await;
                self.media_attached().await?;
                *answered = true;
            }
            Ok(())
        })
        .await
    }

    /// Connects the audio again, after it was lost.
    pub(crate) async fn reconnect(&self) -> Result<(), CallError> {
        self.while_up(async {
            let answered = self.inner.answered.lock().await;
            if !*answered {
                // The task that answers the call sees that the audio is gone.
                return Err(TicketError::Timeout.into());
            }
            let reconnect = self.inner.carrier.reconnect().ok_or(CallError::Ended)?;
            let link = reconnect.await?;
            self.inner.reports.send(Report::Media(Box::new(link))).await;
            Ok(())
        })
        .await
    }

    /// Hangs up. Does nothing if the call is over already.
    ///
    /// # Errors
    /// Asterisk refuses, for a reason other than that the call is over.
    pub async fn hangup(&self) -> Result<(), CallError> {
        self.hangup_with(EndReason::NormalClearing).await
    }

    /// Hangs up and gives the other side the reason, if the line can express it:
    /// [`EndReason::UserBusy`], [`Congestion`](EndReason::Congestion),
    /// [`NoAnswer`](EndReason::NoAnswer), [`CallRejected`](EndReason::CallRejected),
    /// [`UnallocatedNumber`](EndReason::UnallocatedNumber) or
    /// [`NetworkOutOfOrder`](EndReason::NetworkOutOfOrder); every other reason is a normal end.
    ///
    /// # Errors
    /// As [`hangup`](Self::hangup).
    pub async fn hangup_with(&self, reason: EndReason) -> Result<(), CallError> {
        let reason = match reason {
            EndReason::UserBusy
            | EndReason::Congestion
            | EndReason::NoAnswer
            | EndReason::CallRejected
            | EndReason::UnallocatedNumber
            | EndReason::NetworkOutOfOrder => reason,
            _ => EndReason::NormalClearing,
        };
        self.hangup_by(reason, EndedBy::Agent).await
    }

    /// Hangs up on behalf of `by`.
    pub(crate) async fn hangup_by(&self, reason: EndReason, by: EndedBy) -> Result<(), CallError> {
        if self.is_over() {
            return Ok(());
        }
        // When we end a call, nobody reports the reason to us.
        self.report(Report::HangupRequested(reason, by)).await;
        if self.inner.carrier.ends_with_media() {
            self.send(Request::Leg(Command::HangUp)).await;
        }
        self.inner.carrier.hang_up(reason).await
    }

    /// Ends a call whose handler failed: the caller goes on in the dialplan.
    pub(crate) async fn fail(&self) {
        self.report(Report::GiveUp(EndReason::HandlerFailed)).await;
    }

    /// Connects the caller to another endpoint, such as `PJSIP/200`, and takes the agent out of the
    /// call. Await it: it returns once the other party has answered. Until then the caller hears a
    /// ringback tone. The session goes on until either party hangs up.
    ///
    /// Each attempt emits events: `call.transfer.started`, then `call.transferred` or
    /// `call.transfer.failed`.
    ///
    /// The other party is busy, refuses, does not answer or does not exist: the caller is still
    /// with the agent then. [`CallError::AlreadyTransferred`] after a transfer. Calls without ARI
    /// can't be transferred.
    pub fn transfer(&self, endpoint: impl Into<String>) -> Transfer<'_> {
        Transfer::new(self, endpoint.into())
    }

    /// Plays DTMF digits (`0-9 A-D * #`) to the other side.
    ///
    /// # Errors
    /// The call is over, or came without ARI.
    pub async fn send_dtmf(&self, digits: &str) -> Result<(), CallError> {
        self.while_up(self.inner.carrier.send_dtmf(digits.to_owned()))
            .await
    }

    /// The same call, for its own handler and hooks.
    pub(crate) fn for_handlers(&self) -> Self {
        Self {
            handlers: true,
            ..self.clone()
        }
    }

    /// All events of this call, from its first on, in order.
    pub fn events(&self) -> Events {
        self.inner.log.from_start(self.handlers)
    }

    /// The events of this call from now on.
    pub fn events_from_now(&self) -> Events {
        self.inner.log.from_now(self.handlers)
    }

    /// Emits an event of the application, declared with `voxtra! { events { … } }`, to every
    /// observer of this call.
    pub async fn emit<T: EventType + Serialize + Send + Sync + 'static>(&self, event: T) {
        self.emit_body(EventBody::User(UserEvent::new(event))).await;
    }

    pub(crate) async fn emit_body(&self, body: EventBody) {
        self.send(Request::Emit(body)).await;
    }

    /// Runs `hook` when the call ends, exactly once, even if the handler has returned by then. If
    /// the call is over already, it runs now.
    pub async fn on_hangup<F, R>(&self, hook: F)
    where
        F: FnOnce(Call) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let call = self.for_handlers();
        let hook = Request::Hook(Box::new(move || Box::pin(hook(call))));
        if let Err(SendError(Request::Hook(hook))) = self.inner.requests.send(hook).await {
            // The session has had its last event.
            tokio::spawn(hook());
        }
    }

    /// Lets the caller interrupt the agent, or not. On at the start unless the configuration says
    /// otherwise.
    pub async fn set_barge_in(&self, on: bool) {
        self.send(Request::Leg(Command::BargeIn(on))).await;
    }

    /// Lets a silence of this length end the caller's turn, instead of the configured length as
    /// adapted to the caller.
    ///
    /// It holds for one silence: the current one, or the next if the caller is speaking. When the
    /// caller speaks again, it is forgotten. Use it when a transcript shows that the caller's words
    /// are complete (`yes`) or are not (`my number is`). Values are clamped to the range from
    /// `turn.hangover_ms` to 30 s. If the caller has been silent for longer already, the turn ends
    /// with the next frame.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::Call;
    /// async fn partly_heard(call: &Call, words: &str) {
    ///     if words.ends_with("that's all") {
    ///         call.end_turn_after(Duration::from_millis(300)).await;
    ///     }
    /// }
    /// ```
    pub async fn end_turn_after(&self, silence: Duration) {
        let silence_ms = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
        self.send(Request::Leg(Command::EndOfTurn { silence_ms }))
            .await;
    }

    /// Starts or stops an event for every audio frame (`audio.frame.received`, `audio.frame.sent`).
    pub async fn set_frame_events(&self, on: bool) {
        self.send(Request::Leg(Command::FrameEvents(on))).await;
    }

    /// Starts or stops echo: every frame of the caller goes back at once, bit for bit. During echo
    /// the caller does not hear the agent.
    pub async fn set_echo(&self, on: bool) {
        let mode = if on { Mode::Echo } else { Mode::Agent };
        self.send(Request::Leg(Command::Mode(mode))).await;
    }

    /// The language model in this call's conversation.
    pub fn agent(&self) -> Conversation<'_> {
        Conversation::new(self)
    }

    /// Whether the call has ended or failed.
    pub fn is_over(&self) -> bool {
        self.inner.over.is_cancelled()
    }

    /// Waits until the call has ended or failed.
    pub async fn ended(&self) {
        self.inner.over.cancelled().await;
    }

    /// Counters of the call's media path since its audio was connected; zeros before the call is
    /// answered.
    pub fn stats(&self) -> CallStats {
        self.inner.output.stats()
    }

    /// Emits an `error` event.
    pub(crate) async fn emit_error(&self, error_type: &str, message: String) {
        self.emit_body(Error::new(error_type.into(), message).into())
            .await;
    }

    /// Waits until the owner has attached the media that was sent to it.
    pub(crate) async fn media_attached(&self) -> Result<(), CallError> {
        let mut events = self.events();
        let started = async {
            let found = events
                .find(|event| (event.kind() == Some(EventKind::MediaStarted)).then_some(()))
                .await;
            found.ok_or(CallError::Ended)
        };
        self.while_up(started).await
    }

    /// Gives the call up if Asterisk can't be told to hang up.
    pub(crate) async fn abandon(&self) {
        self.report(Report::GiveUp(EndReason::LostWithAsterisk))
            .await;
    }

    pub(crate) async fn send(&self, request: Request) {
        // The owner ends only after the session's last event; nobody needs the report then.
        let _ = self.inner.requests.send(request).await;
    }

    /// Sends a report after every earlier request.
    pub(crate) async fn report(&self, report: Report) {
        self.requests_taken().await;
        self.inner.reports.send(report).await;
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

    /// Whether the caller talks to another party, and no longer to the agent.
    pub(crate) fn is_transferred(&self) -> bool {
        self.inner.reports.is_transferred()
    }

    pub(crate) fn next_utterance(&self) -> u32 {
        self.inner.utterances.fetch_add(1, Ordering::Relaxed)
    }

    /// Runs `work` as long as the call is up.
    pub(crate) async fn while_up<T>(
        &self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        tokio::select! {
            biased;
            () = self.inner.over.cancelled() => Err(CallError::Ended),
            result = work => result,
        }
    }
}
