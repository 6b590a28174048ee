//! The owner of a session: the one task that puts all events into one numbered order.

mod records;
mod telling;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant as Deadline;
use tokio_util::task::task_tracker::TaskTrackerToken;
use uuid::Uuid;
use voxtra_core::event::{
    BuiltIn, CallAnswered, CallEnded, CallEndedEndedBy as EndedBy, CallFailed, CallHeld,
    CallHeldBy, CallReplaced, CallResumed, CallResumedBy, CallRinging, CallStarted,
    CallTransferred, DtmfReceived, EndReason, Error, EventKind, Record, SessionCreated,
    SessionDestroyed,
};
use voxtra_core::leg::Command;
use voxtra_core::time::Instant as Moment;

use super::call::{Call, Direction};
use super::deadlines;
use super::dtmf::EarlyKeys;
use super::error::HandlerError;
use super::event::{Event, EventBody};
use super::lifecycle::{Lifecycle, Signal, Step};
use super::measure::{Meter, Part};
use super::objectives::Scores;
use super::report::{Report, why_not_taken};
use super::request::{Hook, Request};
use super::status::Holders;
use crate::media::{Clock, GuardPlan, MediaLink, OnLoss};
use telling::Telling;

/// Records taken in a row before every other source has a turn: a flood on the line must not keep
/// its own call from ending.
const IN_A_ROW: u32 = 64;

/// What becomes of a caller whose handler has returned without hanging up. A session of `voxtra!`
/// returns only when its call is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnHandlerEnd {
    /// The call is hung up.
    #[default]
    HangUp,
    /// The call goes on with the dialplan's next step after `Stasis()`. A call that we placed, or
    /// that came over AudioSocket alone, is hung up.
    Continue,
    /// Nothing: another holder of the call goes on with it. The caller hears silence until then.
    Nothing,
}

/// Receives every event, in order. Must not wait.
pub(crate) type Publish = Arc<dyn Fn(&Arc<Event>) + Send + Sync>;

/// The state of a session's owner.
pub(crate) struct Owner {
    call: Call,
    /// Reports about the call.
    reports: mpsc::Receiver<Box<Report>>,
    /// Requests of async code.
    requests: mpsc::Receiver<Box<Request>>,
    publish: Publish,
    clock: Clock,
    life: Lifecycle,
    link: Option<MediaLink>,
    keys: EarlyKeys,
    /// `media.stopped` was published.
    stopped: bool,
    /// Lost records that were reported.
    missed: u64,
    /// The last of each lasting command, for the leg of another connection.
    standing: [Option<Command>; 9],
    /// The guard against dead air.
    guard: Option<Arc<GuardPlan>>,
    /// What the guard is saying.
    guard_says: Option<String>,
    /// Who holds the call.
    holders: Holders,
    /// When the audio was last connected.
    connected_at: Option<Deadline>,
    /// How often in a row the audio was lost soon after it was connected.
    short_lived: u32,
    /// Records taken since the other sources last had a turn.
    in_a_row: u32,
    hooks: Vec<Hook>,
    /// Hooks that are running.
    closing: JoinSet<()>,
    handler: Option<JoinHandle<Result<(), HandlerError>>>,
    telling: Telling,
    began: Moment,
    /// Why the line ended, as far as known, while the reason may still come.
    ending: Option<(Deadline, EndReason)>,
    /// When handler and hooks are stopped.
    last_call: Option<Deadline>,
    hangup_reason: Option<EndReason>,
    ended_by: Option<EndedBy>,
    /// Why the far end did not take our call.
    not_taken: Option<EndReason>,
    answered_at: Option<Moment>,
    /// Asterisk has reported that the channel is gone, or out of our application.
    channel_gone: bool,
    rang: bool,
    /// Handler and hooks were told to stop.
    aborted: bool,
    on_handler_end: OnHandlerEnd,
    /// What becomes of a channel that outlives the session, if not as configured.
    way_out: Option<OnLoss>,
    /// Held as long as an agent takes part: the end of the application waits for it.
    attended: Option<TaskTrackerToken>,
    /// The conversation goes on without us.
    leaves: bool,
    meter: Meter,
    scores: Scores,
    /// When the record that is being taken was made.
    recorded_at: Option<Moment>,
    /// What the utterance that begins is to the caller's turn.
    begins: Option<Part>,
}

impl Owner {
    /// Boxed: a future has its arguments twice, as they come in and as they are used.
    pub(crate) fn new(
        call: Call,
        reports: mpsc::Receiver<Box<Report>>,
        requests: mpsc::Receiver<Box<Request>>,
        publish: Publish,
        clock: Clock,
        on_handler_end: OnHandlerEnd,
        attended: Option<TaskTrackerToken>,
    ) -> Box<Self> {
        Box::new(Self {
            life: Lifecycle::new(call.direction() == Direction::Outbound),
            call,
            reports,
            requests,
            publish,
            clock,
            link: None,
            keys: EarlyKeys::default(),
            stopped: false,
            missed: 0,
            standing: [None; 9],
            guard: None,
            guard_says: None,
            holders: Holders::default(),
            connected_at: None,
            short_lived: 0,
            in_a_row: 0,
            hooks: Vec::new(),
            closing: JoinSet::new(),
            handler: None,
            telling: Telling::NotYet,
            began: clock.now(),
            ending: None,
            last_call: None,
            hangup_reason: None,
            ended_by: None,
            not_taken: None,
            answered_at: None,
            channel_gone: false,
            rang: false,
            aborted: false,
            on_handler_end,
            way_out: None,
            attended,
            leaves: false,
            meter: Meter::default(),
            scores: Scores::default(),
            recorded_at: None,
            begins: None,
        })
    }

    /// Lives as long as the session. `start` runs the handler, after the session's first two events
    /// were published.
    pub(crate) async fn run<F>(mut self: Box<Self>, start: impl FnOnce(Call) -> F)
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.publish(SessionCreated::default());
        let info = self.call.session().facts().info().clone();
        self.publish(CallStarted::new(
            info.caller_id,
            info.called_number,
            info.direction,
        ));
        self.handler = Some(tokio::spawn(start(self.call.for_handlers())));
        while self.step().await {}
        self.call.session().log().close();
        // Hooks that came last run all the same.
        self.closing.detach_all();
        self.requests.close();
        while let Some(request) = self.requests.recv().await {
            if let Request::Hook(hook) = *request {
                tokio::spawn(hook());
            }
        }
    }

    /// Handles one input; false after the session's last.
    async fn step(&mut self) -> bool {
        if self.in_a_row >= IN_A_ROW {
            self.in_a_row = 0;
            // The other tasks of this thread have a turn, too.
            tokio::task::yield_now().await;
            if !self.others_turn().await {
                return false;
            }
        }
        let timer = [self.ending.as_ref().map(|(at, _)| *at), self.last_call]
            .into_iter()
            .flatten()
            .min();
        let signal = tokio::select! {
            // The line's reports come before the agent's requests, and both before time-outs.
            biased;
            record = next_record(&mut self.link) => {
                self.in_a_row += 1;
                match record {
                    Some(record) => self.record(record),
                    None => self.media_down(),
                }
            },
            Some(report) = self.reports.recv() => self.report(*report),
            Some(request) = self.requests.recv() => {
                self.request(*request);
                None
            }
            Some(result) = finished(&mut self.handler) => {
                self.handler = None;
                self.handler_done(result)
            }
            Some(_) = self.closing.join_next() => None,
            told = self.telling.done() => {
                self.told(told);
                None
            }
            () = deadlines::until(timer) => self.time_out(),
        };
        let goes_on = signal.is_none_or(|signal| self.signal(signal));
        if self.life.is_settled() {
            self.call.session().log().settle();
        }
        let all_done = self.life.is_settled() && self.handler.is_none() && self.closing.is_empty();
        if goes_on && all_done && self.has_told() {
            self.signal(Signal::HandlerDone)
        } else {
            goes_on
        }
    }

    /// Takes one waiting input of each source except the line; false after the session's last.
    async fn others_turn(&mut self) -> bool {
        let mut signals = [None, None, None];
        if let Ok(report) = self.reports.try_recv() {
            signals[0] = self.report(*report);
        }
        if let Ok(request) = self.requests.try_recv() {
            self.request(*request);
        }
        if self.handler.as_ref().is_some_and(JoinHandle::is_finished)
            && let Some(result) = finished(&mut self.handler).await
        {
            self.handler = None;
            signals[1] = self.handler_done(result);
        }
        signals[2] = self.time_out();
        signals
            .into_iter()
            .flatten()
            .all(|signal| self.signal(signal))
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Emit(body) => self.publish_at(self.clock.utc_now(), body),
            Request::Leg(command) => self.command(command),
            Request::Hold(_) if self.life.is_over() || self.call.is_transferred() => {}
            Request::Hold(on) => self.held(CallHeldBy::Agent, on),
            Request::Guard(plan) => self.guard(plan),
            Request::Listeners => self.command(Command::Forward(self.call.wanted_audio())),
            Request::Hook(hook) if self.life.is_over() => drop(self.closing.spawn(hook())),
            Request::Hook(hook) => self.hooks.push(hook),
            // The requester may be gone.
            Request::Taken(tell) => drop(tell.send(())),
        }
    }

    fn report(&mut self, report: Report) -> Option<Signal> {
        match report {
            Report::Media(link) => {
                if !self.life.is_over() {
                    self.connected(*link);
                    return Some(Signal::MediaUp);
                }
            }
            Report::Ringing => {
                // Asterisk may report it twice, as a state of the channel and as progress of the
                // dialling.
                if self.call.direction() == Direction::Outbound
                    && !std::mem::replace(&mut self.rang, true)
                {
                    self.publish(CallRinging::default());
                }
            }
            Report::Answered => return Some(Signal::Answered),
            Report::Key(digit) => {
                // Asterisk reports fast presses twice over ARI, and each once over AudioSocket.
                if self.link.is_none() {
                    self.keys.told_early(digit);
                    self.publish(DtmfReceived::new(digit));
                }
            }
            // After the call's end there is no event, and only we can release the new channel.
            Report::Replaced(_) if self.life.is_over() => {
                let call = self.call.clone();
                self.closing.spawn(async move {
                    call.session().carrier().let_go(Some(OnLoss::HangUp)).await
                });
            }
            Report::Held(_) if self.life.is_over() => {}
            Report::Held(held) => self.held(CallHeldBy::FarEnd, held),
            Report::Replaced(caller_id) => {
                self.call.session().facts().set_caller_id(caller_id.clone());
                self.publish(CallReplaced::new(caller_id));
                // The party that held the call, or hung up, is no longer on it.
                self.held(CallHeldBy::FarEnd, false);
                self.hangup_reason = None;
                self.ended_by = None;
                self.ending = None;
            }
            Report::Transferred(target) => {
                self.attended = None;
                self.publish(CallTransferred::new(target));
                self.command(Command::HangUp);
            }
            // The first reason says most: the end of an outer `Dial()` follows from an inner one.
            Report::NotTaken(reason) => {
                self.not_taken.get_or_insert(reason);
            }
            Report::HangupRequested(reason, by) => {
                self.ended_by.get_or_insert(by);
                let reason = *self.hangup_reason.get_or_insert(reason);
                // If nobody reports the end itself, the session does not wait for it for ever.
                self.ending
                    .get_or_insert((Deadline::now() + deadlines::HANGS_UP, reason));
            }
            Report::GiveUp(EndReason::HandlerFailed) if self.is_ending() => {}
            Report::GiveUp(reason) => {
                self.ended_by = Some(EndedBy::System);
                return Some(Signal::LineEnded(reason));
            }
            Report::Leave => {
                self.leaves = true;
                self.ended_by = Some(EndedBy::System);
                return Some(Signal::LineEnded(EndReason::LeftApplication));
            }
            Report::Left => {
                self.channel_gone = true;
                match self.hangup_reason {
                    // Asterisk reports nothing more about a channel that the dialplan sent us.
                    Some(reason) => return Some(Signal::LineEnded(reason)),
                    // This is the reason, whatever was assumed before, such as lost media.
                    None => {
                        self.ending = Some((
                            Deadline::now() + deadlines::CAUSE,
                            EndReason::LeftApplication,
                        ));
                    }
                }
            }
            Report::Gone(reason) => {
                self.channel_gone = true;
                self.ending = None;
                return Some(Signal::LineEnded(reason));
            }
        }
        None
    }

    /// A side holds the call, or holds it no longer. The agent is silent as long as either does.
    fn held(&mut self, by: CallHeldBy, held: bool) {
        if std::mem::replace(self.holders.side(by), held) == held {
            return;
        }
        if held {
            self.publish(CallHeld::default().with_by(by));
        } else {
            let by = match by {
                CallHeldBy::FarEnd => CallResumedBy::FarEnd,
                CallHeldBy::Agent => CallResumedBy::Agent,
            };
            self.publish(CallResumed::default().with_by(by));
        }
        self.command(Command::CallHold(self.holders.is_any()));
    }

    /// The audio is connected, perhaps again: the new leg gets the settings of the old one.
    fn connected(&mut self, mut link: MediaLink) {
        self.call.attach(&mut link);
        let wanted = Command::Forward(self.call.wanted_audio());
        for command in self.standing.into_iter().flatten().chain([wanted]) {
            link.command(command);
        }
        if self.guard.is_some() {
            link.guard(self.guard.clone());
        }
        self.stopped = false;
        self.missed = 0;
        self.connected_at = Some(Deadline::now());
        self.keys.connected(self.clock.now());
        // The call was hung up meanwhile, and the audio's end is the call's.
        if self.hangup_reason.is_some() && self.call.session().carrier().ends_with_media() {
            link.command(Command::HangUp);
        }
        self.link = Some(link);
    }

    fn command(&mut self, command: Command) {
        let place = match command {
            Command::BargeIn(_) => Some(0),
            Command::FrameEvents(_) => Some(1),
            Command::Mode(_) => Some(2),
            Command::CallHold(_) => Some(3),
            Command::Await(_) => Some(6),
            Command::ExpectWords(_) => Some(4),
            Command::ExpectPauses(_) => Some(5),
            Command::MuteCaller(_) => Some(7),
            Command::MuteAgent(_) => Some(8),
            _ => None,
        };
        if let Some(standing) = place.and_then(|place| self.standing.get_mut(place)) {
            *standing = Some(command);
        }
        if let Some(link) = &mut self.link
            && !link.command(command)
        {
            tracing::warn!(
                call = self.call.id(),
                ?command,
                "the media thread has too many commands to do"
            );
        }
    }

    fn handler_done(
        &mut self,
        result: Result<Result<(), HandlerError>, JoinError>,
    ) -> Option<Signal> {
        let failure = match result {
            Ok(Ok(())) => return self.handler_returned(),
            Ok(Err(failure)) => {
                // A handler that gives up because the call ended has not failed. It may learn of
                // the end before us: the audio stops before ARI reports why.
                if let Some(super::CallError::Ended) = failure.downcast_ref() {
                    return None;
                }
                failure.to_string()
            }
            Err(failure) if failure.is_cancelled() => {
                "the handler did not finish after the end of the call".into()
            }
            Err(failure) => failure.to_string(),
        };
        tracing::error!(call = self.call.id(), %failure, "the call's handler failed");
        self.publish_at(self.clock.utc_now(), error("handler", failure));
        if self.is_ending() {
            return None;
        }
        // The agent is gone, and a caller must not stay alone: the dialplan may know better.
        self.ended_by = Some(EndedBy::System);
        Some(Signal::LineEnded(EndReason::HandlerFailed))
    }

    /// The handler has returned, and the caller may still be there.
    fn handler_returned(&mut self) -> Option<Signal> {
        if self.is_ending() {
            return None;
        }
        match self.on_handler_end {
            OnHandlerEnd::Nothing => None,
            OnHandlerEnd::Continue => {
                self.way_out = Some(OnLoss::Continue);
                Some(Signal::LineEnded(EndReason::LeftApplication))
            }
            OnHandlerEnd::HangUp => {
                let call = self.call.clone();
                self.closing.spawn(async move {
                    if let Err(error) = call.hangup().await {
                        tracing::warn!(call = call.id(), %error, "cannot hang up after the handler has returned");
                    }
                });
                None
            }
        }
    }

    /// Whether the call is over, will be at once, or goes on without an agent.
    fn is_ending(&self) -> bool {
        self.life.is_over()
            || self.channel_gone
            || self.hangup_reason.is_some()
            || self.call.is_transferred()
    }

    fn time_out(&mut self) -> Option<Signal> {
        let now = Deadline::now();
        if let Some((_, reason)) = self.ending.take_if(|(at, _)| *at <= now) {
            return Some(Signal::LineEnded(reason));
        }
        if self.last_call.take_if(|at| *at <= now).is_some() {
            if std::mem::replace(&mut self.aborted, true) {
                // The handler blocks its thread and can't be stopped. The session ends without it.
                self.publish_at(
                    self.clock.utc_now(),
                    error(
                        "handler",
                        "the handler blocks its thread and cannot be stopped".into(),
                    ),
                );
                self.handler = None;
                self.closing.detach_all();
            } else {
                if let Some(handler) = &self.handler {
                    handler.abort();
                }
                self.closing.abort_all();
                self.last_call = Some(now + deadlines::ABORT);
            }
        }
        None
    }

    /// Advances the call's life cycle; false after `session.destroyed`.
    fn signal(&mut self, signal: Signal) -> bool {
        for step in self.life.on(signal).into_iter().flatten() {
            match step {
                Step::Answered => {
                    self.answered_at = Some(self.clock.now());
                    self.publish(CallAnswered::default());
                }
                Step::Ended(reason) => {
                    let ended_by = self.ended_by.unwrap_or_else(|| ended_by(reason));
                    // A caller who gives up gives no other reason; another cause says why.
                    let gave_up = self.answered_at.is_none()
                        && ended_by == EndedBy::FarEnd
                        && GAVE_UP.contains(&reason);
                    let reason = if gave_up {
                        EndReason::Abandoned
                    } else {
                        reason
                    };
                    let duration = self.seconds_since(Some(self.began));
                    let ended = CallEnded::new(reason.as_str().into(), duration)
                        .with_answered_seconds(self.seconds_since(self.answered_at))
                        .with_ended_by(ended_by);
                    self.publish(ended);
                    self.over();
                }
                Step::Failed(reason) => {
                    let reason = why_not_taken(reason, self.not_taken);
                    self.publish(CallFailed::new(reason.as_str().into()));
                    self.over();
                }
                Step::Destroyed => {
                    self.publish(SessionDestroyed::default());
                    return false;
                }
            }
        }
        true
    }

    /// The call has ended or failed: waiting tasks are released, hooks run, and the rest of the
    /// call is taken down.
    fn over(&mut self) {
        self.call.session().end();
        self.ending = None;
        self.last_call = Some(Deadline::now() + deadlines::HANDLER);
        if let Some(link) = &mut self.link {
            link.command(Command::HangUp);
        }
        for hook in self.hooks.drain(..) {
            self.closing.spawn(hook());
        }
        if self.leaves {
            return;
        }
        let call = self.call.clone();
        let known_gone = self.channel_gone;
        // No dialplan waits for a call that we placed.
        let hang_up = self.hangup_reason.is_some() || self.call.direction() == Direction::Outbound;
        let way_out = hang_up.then_some(OnLoss::HangUp).or(self.way_out);
        // A task of its own: the work is done even if the session no longer waits for it.
        let leaving = tokio::spawn(async move {
            // No end of a session leaves its caller behind.
            if !known_gone {
                call.session().carrier().let_go(way_out).await;
            }
            call.session().carrier().take_down().await;
        });
        self.closing.spawn(async move { drop(leaving.await) });
    }

    /// Seconds since `then`, to the millisecond; 0 without it.
    fn seconds_since(&self, then: Option<Moment>) -> f64 {
        then.map_or(0.0, |then| {
            let passed = self.clock.now().duration_since(then);
            (passed.as_secs_f64() * 1000.0).round() / 1000.0
        })
    }

    fn publish(&mut self, event: impl Into<BuiltIn>) {
        self.publish_at(self.clock.utc_now(), EventBody::BuiltIn(event.into()));
    }

    /// Publishes an event, and the turn that ends with it: an answered one behind the event that
    /// answers it, another before the end of the call.
    fn publish_at(&mut self, timestamp: jiff::Timestamp, body: EventBody) {
        let measured = match &body {
            EventBody::BuiltIn(event) => {
                let now = self.clock.now();
                let at = self.recorded_at.unwrap_or(now);
                let since = at.duration_since(self.began).as_millis();
                let at_ms = u64::try_from(since).unwrap_or(u64::MAX);
                self.call.session().transcript().note(at_ms, event);
                self.meter.note(
                    at,
                    (now, Deadline::now()),
                    event,
                    self.begins.take(),
                    &mut self.call.session().marks(),
                )
            }
            EventBody::User(_) => None,
        };
        if let Some(measured) = &measured {
            let (agent, limits) = self.call.session().objectives();
            self.scores.note(&agent, limits, measured);
        }
        let measured = measured.map(|measured| EventBody::from(BuiltIn::from(measured)));
        let ends = matches!(
            body.kind(),
            Some(EventKind::CallEnded | EventKind::CallFailed)
        );
        let events = match body.kind() {
            Some(EventKind::AgentSpeechStarted) => [Some(body), measured],
            _ => {
                if let Some(measured) = measured {
                    self.append(timestamp, measured);
                }
                if ends {
                    for missed in self.scores.missed() {
                        self.append(timestamp, BuiltIn::from(missed).into());
                    }
                }
                [Some(body), None]
            }
        };
        for body in events.into_iter().flatten() {
            self.append(timestamp, body);
        }
    }

    fn append(&mut self, timestamp: jiff::Timestamp, body: EventBody) {
        if let EventBody::BuiltIn(event) = &body {
            self.call.session().note_status(event);
        }
        let log = self.call.session().log();
        let event = Arc::new(Event {
            id: Uuid::new_v4(),
            seq: log.next_seq(),
            session_id: self.call.session().facts().id().clone(),
            timestamp,
            body,
        });
        tracing::debug!(call = &*event.session_id, seq = event.seq, %event);
        log_life(&event);
        (self.publish)(&event);
        log.push(event);
    }
}

/// The errors that whoever emits them does not log with more to say.
const LOGGED: [&str; 6] = [
    "dead_air",
    "language_model",
    "originate",
    "prompt",
    "speech_to_text",
    "text_to_speech",
];

/// Logs a call's beginning, its end, and what went wrong in between. Text from the line is escaped:
/// it comes from outside.
fn log_life(event: &Event) {
    let (call, EventBody::BuiltIn(body)) = (&*event.session_id, &event.body) else {
        return;
    };
    match body {
        BuiltIn::CallStarted(started) => tracing::info!(
            ?call,
            from = ?started.caller_id,
            to = ?started.called_number,
            direction = ?started.direction,
            "call started"
        ),
        BuiltIn::CallEnded(ended) => tracing::info!(
            ?call,
            reason = ?ended.reason,
            seconds = ended.duration_seconds,
            "call ended"
        ),
        BuiltIn::CallFailed(failed) => {
            tracing::info!(?call, reason = ?failed.reason, "call failed");
        }
        BuiltIn::Error(error) if LOGGED.contains(&&*error.error_type) => tracing::warn!(
            ?call,
            what = &*error.error_type,
            error = ?error.message,
            "something went wrong"
        ),
        _ => {}
    }
}

/// The causes with which an unanswered caller leaves: a CANCEL is `interworking`.
const GAVE_UP: [EndReason; 3] = [
    EndReason::NormalClearing,
    EndReason::Interworking,
    EndReason::Unknown,
];

/// Who ended a call, if nobody has reported a hang-up.
fn ended_by(reason: EndReason) -> EndedBy {
    match reason {
        EndReason::LeftApplication
        | EndReason::MediaLost
        | EndReason::MediaError
        | EndReason::MediaTimeout
        | EndReason::LostWithAsterisk
        | EndReason::HandlerFailed => EndedBy::System,
        _ => EndedBy::FarEnd,
    }
}

fn error(error_type: &str, message: String) -> EventBody {
    Error::new(error_type.into(), message).into()
}

async fn next_record(link: &mut Option<MediaLink>) -> Option<Record> {
    match link {
        Some(link) => link.record().await,
        None => std::future::pending().await,
    }
}

async fn finished<T>(handler: &mut Option<JoinHandle<T>>) -> Option<Result<T, JoinError>> {
    match handler {
        Some(handler) => Some(handler.await),
        None => std::future::pending().await,
    }
}
