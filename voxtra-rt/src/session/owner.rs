//! The owner of a session: the one task that puts everything that happens into one numbered order.

mod records;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant as Deadline;
use tokio_util::task::task_tracker::TaskTrackerToken;
use uuid::Uuid;
use voxtra_core::event::{
    BuiltIn, CallAnswered, CallEnded, CallEndedEndedBy as EndedBy, CallFailed, CallHeld,
    CallReplaced, CallResumed, CallRinging, CallStarted, CallTransferred, DtmfReceived, EndReason,
    Error, Record, SessionCreated, SessionDestroyed,
};
use voxtra_core::leg::Command;
use voxtra_core::time::Instant as Moment;

use super::call::{Call, Direction};
use super::deadlines;
use super::dtmf::EarlyKeys;
use super::error::HandlerError;
use super::event::{Event, EventBody};
use super::lifecycle::{Lifecycle, Signal, Step};
use super::report::{Report, why_not_taken};
use super::request::{Hook, Request};
use crate::media::{Clock, MediaLink, OnLoss};

/// Records taken in a row, after which everybody else has a turn: a flood on the line must not keep
/// its own call from ending.
const IN_A_ROW: u32 = 64;

/// What becomes of a caller whose handler has returned without hanging up. A session of `voxtra!`
/// returns when its call is over, and not before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnHandlerEnd {
    /// The call is hung up.
    #[default]
    HangUp,
    /// The call goes on with the dialplan's next step after `Stasis()`. One that we placed, or that
    /// came over AudioSocket alone, is hung up.
    Continue,
    /// Nothing: whoever else holds the call goes on with it. The caller hears silence until then.
    Nothing,
}

/// Told of every event, in order. Must not wait.
pub(crate) type Publish = Arc<dyn Fn(&Arc<Event>) + Send + Sync>;

/// What a session's owner knows.
pub(crate) struct Owner {
    call: Call,
    /// What becomes known about the call.
    reports: mpsc::Receiver<Report>,
    /// What async code wants.
    requests: mpsc::Receiver<Request>,
    publish: Publish,
    clock: Clock,
    life: Lifecycle,
    link: Option<MediaLink>,
    keys: EarlyKeys,
    /// `media.stopped` was told.
    stopped: bool,
    /// Lost records that were told.
    missed: u64,
    /// The last of each command that a leg keeps to: for the leg of another connection.
    standing: [Option<Command>; 4],
    /// The far end holds the call.
    held: bool,
    /// When the audio was last connected.
    connected_at: Option<Deadline>,
    /// How often in a row the audio was lost soon after it was connected.
    short_lived: u32,
    /// Records taken since everything else was last given a turn.
    in_a_row: u32,
    hooks: Vec<Hook>,
    /// Hooks that are running.
    closing: JoinSet<()>,
    handler: Option<JoinHandle<Result<(), HandlerError>>>,
    began: Moment,
    /// Why the line ended, as far as known, while the cause may still come.
    ending: Option<(Deadline, EndReason)>,
    /// When handler and hooks are stopped.
    last_call: Option<Deadline>,
    hangup_reason: Option<EndReason>,
    ended_by: Option<EndedBy>,
    /// Why the far end did not take our call.
    not_taken: Option<EndReason>,
    answered_at: Option<Moment>,
    /// Asterisk has told that the channel is gone, or out of our application.
    channel_gone: bool,
    rang: bool,
    /// Handler and hooks were told to stop.
    aborted: bool,
    on_handler_end: OnHandlerEnd,
    /// What becomes of a channel that outlives the session, where that is not as configured.
    way_out: Option<OnLoss>,
    /// Held as long as an agent takes part: what the end of the application waits for.
    attended: Option<TaskTrackerToken>,
    /// The conversation goes on without us.
    leaves: bool,
}

impl Owner {
    pub(crate) fn new(
        call: Call,
        reports: mpsc::Receiver<Report>,
        requests: mpsc::Receiver<Request>,
        publish: Publish,
        clock: Clock,
        on_handler_end: OnHandlerEnd,
        attended: Option<TaskTrackerToken>,
    ) -> Self {
        Self {
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
            standing: [None; 4],
            held: false,
            connected_at: None,
            short_lived: 0,
            in_a_row: 0,
            hooks: Vec::new(),
            closing: JoinSet::new(),
            handler: None,
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
        }
    }

    /// Lives as long as the session. `start` runs the handler, after the session's first two events
    /// have been told.
    pub(crate) async fn run<F>(mut self, start: impl FnOnce(Call) -> F)
    where
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.publish(SessionCreated {});
        let info = self.call.inner.info.clone();
        self.publish(CallStarted {
            caller_id: info.caller_id,
            called_number: info.called_number,
            direction: info.direction,
        });
        self.handler = Some(tokio::spawn(start(self.call.for_handlers())));
        while self.step().await {}
        self.call.inner.log.close();
        // Hooks that came at the very last run all the same.
        self.closing.detach_all();
        self.requests.close();
        while let Some(request) = self.requests.recv().await {
            if let Request::Hook(hook) = request {
                tokio::spawn(hook());
            }
        }
    }

    /// Takes one thing that happened; false after the session's last.
    async fn step(&mut self) -> bool {
        if self.in_a_row >= IN_A_ROW {
            self.in_a_row = 0;
            // The other tasks of this thread, too.
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
            // What the line says comes before what the agent wants, and both before time-outs.
            biased;
            record = next_record(&mut self.link) => {
                self.in_a_row += 1;
                match record {
                    Some(record) => self.record(record),
                    None => self.media_down(),
                }
            },
            Some(report) = self.reports.recv() => self.report(report),
            Some(request) = self.requests.recv() => {
                self.request(request);
                None
            }
            Some(result) = finished(&mut self.handler) => {
                self.handler = None;
                self.handler_done(result)
            }
            Some(_) = self.closing.join_next() => None,
            () = at(timer) => self.time_out(),
        };
        let goes_on = signal.is_none_or(|signal| self.signal(signal));
        if self.life.is_settled() {
            self.call.inner.log.settle();
        }
        let all_done = self.life.is_over() && self.handler.is_none() && self.closing.is_empty();
        if goes_on && all_done {
            self.signal(Signal::HandlerDone)
        } else {
            goes_on
        }
    }

    /// Takes one of each that is there already, besides the line's; false after the session's last.
    async fn others_turn(&mut self) -> bool {
        let mut signals = [None, None, None];
        if let Ok(report) = self.reports.try_recv() {
            signals[0] = self.report(report);
        }
        if let Ok(request) = self.requests.try_recv() {
            self.request(request);
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
            Request::Listeners => self.command(Command::Forward(self.call.wanted_audio())),
            Request::Hook(hook) if self.life.is_over() => drop(self.closing.spawn(hook())),
            Request::Hook(hook) => self.hooks.push(hook),
            // Whoever asked may have gone.
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
                // Asterisk may tell it twice, as a state of the channel and as progress of the
                // dialling.
                if self.call.direction() == Direction::Outbound
                    && !std::mem::replace(&mut self.rang, true)
                {
                    self.publish(CallRinging {});
                }
            }
            Report::Answered => return Some(Signal::Answered),
            Report::Key(digit) => {
                // Asterisk tells fast presses twice over ARI, and each once over AudioSocket.
                if self.link.is_none() {
                    self.keys.told_early(digit);
                    self.publish(DtmfReceived { digit });
                }
            }
            // Nobody hears of it any more, and nobody else lets the new channel go.
            Report::Replaced(_) if self.life.is_over() => {
                let call = self.call.clone();
                self.closing
                    .spawn(async move { call.inner.carrier.let_go(Some(OnLoss::HangUp)).await });
            }
            Report::Held(_) if self.life.is_over() => {}
            Report::Held(held) => self.held(held),
            Report::Replaced(caller_id) => {
                self.call.set_caller_id(caller_id.clone());
                self.publish(CallReplaced { caller_id });
                // Whoever held the call, or has hung up, is no longer on it.
                self.held(false);
                self.hangup_reason = None;
                self.ended_by = None;
                self.ending = None;
            }
            Report::Transferred(target) => {
                self.attended = None;
                self.publish(CallTransferred { target });
                self.command(Command::HangUp);
            }
            // The first says most: what an outer `Dial()` ends with follows from an inner one.
            Report::NotTaken(reason) => {
                self.not_taken.get_or_insert(reason);
            }
            Report::HangupRequested(reason, by) => {
                self.ended_by.get_or_insert(by);
                let reason = *self.hangup_reason.get_or_insert(reason);
                // Should the end itself not be told, the session does not wait for it for ever.
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
                    // Of a channel that the dialplan sent us Asterisk tells nothing more.
                    Some(reason) => return Some(Signal::LineEnded(reason)),
                    // Whatever was thought before, such as that the media is lost: this is why.
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

    /// The far end holds the call, or no longer.
    fn held(&mut self, held: bool) {
        if std::mem::replace(&mut self.held, held) == held {
            return;
        }
        if held {
            self.publish(CallHeld {});
        } else {
            self.publish(CallResumed {});
        }
        self.command(Command::CallHold(held));
    }

    /// The audio is connected, perhaps again: the new leg is to be as the old one was.
    fn connected(&mut self, mut link: MediaLink) {
        self.call.attach(&mut link);
        let wanted = Command::Forward(self.call.wanted_audio());
        for command in self.standing.into_iter().flatten().chain([wanted]) {
            link.command(command);
        }
        self.stopped = false;
        self.missed = 0;
        self.connected_at = Some(Deadline::now());
        self.keys.connected(self.clock.now());
        // Somebody hung up while it was being connected, and its end is the call's.
        if self.hangup_reason.is_some() && self.call.inner.carrier.ends_with_media() {
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
                // A handler that gives up because the call ended has not failed. It may know before
                // we do: the audio stops before ARI tells why.
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
        // A caller must not be left with an agent that is gone: the dialplan may know better.
        self.ended_by = Some(EndedBy::System);
        Some(Signal::LineEnded(EndReason::HandlerFailed))
    }

    /// The handler has done its work, and the caller is perhaps still there.
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
                // It blocks its thread and can't be stopped. The session ends without it.
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

    /// Moves the call's life on; false after `session.destroyed`.
    fn signal(&mut self, signal: Signal) -> bool {
        for step in self.life.on(signal).into_iter().flatten() {
            match step {
                Step::Answered => {
                    self.answered_at = Some(self.clock.now());
                    self.publish(CallAnswered {});
                }
                Step::Ended(reason) => {
                    let ended_by = self.ended_by.unwrap_or_else(|| ended_by(reason));
                    // Whoever gives up says no more than that; another cause says why.
                    let gave_up = self.answered_at.is_none()
                        && ended_by == EndedBy::FarEnd
                        && GAVE_UP.contains(&reason);
                    let reason = if gave_up {
                        EndReason::Abandoned
                    } else {
                        reason
                    };
                    self.publish(CallEnded {
                        reason: reason.as_str().into(),
                        duration_seconds: self.seconds_since(Some(self.began)),
                        answered_seconds: self.seconds_since(self.answered_at),
                        ended_by,
                    });
                    self.over();
                }
                Step::Failed(reason) => {
                    let reason = why_not_taken(reason, self.not_taken);
                    self.publish(CallFailed {
                        reason: reason.as_str().into(),
                    });
                    self.over();
                }
                Step::Destroyed => {
                    self.publish(SessionDestroyed {});
                    return false;
                }
            }
        }
        true
    }

    /// The call has ended or failed: whoever waits is let go, hooks run, and what is left of the
    /// call is taken down.
    fn over(&mut self) {
        self.call.inner.over.cancel();
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
        // No dialplan has sent us a call that we placed.
        let hang_up = self.hangup_reason.is_some() || self.call.direction() == Direction::Outbound;
        let way_out = hang_up.then_some(OnLoss::HangUp).or(self.way_out);
        // A task of its own: whatever the session no longer waits for is done all the same.
        let leaving = tokio::spawn(async move {
            // No end of a session leaves its caller behind.
            if !known_gone {
                call.inner.carrier.let_go(way_out).await;
            }
            call.inner.carrier.take_down().await;
        });
        self.closing.spawn(async move { drop(leaving.await) });
    }

    /// To the millisecond; 0 since what has not happened.
    fn seconds_since(&self, then: Option<Moment>) -> f64 {
        then.map_or(0.0, |then| {
            let passed = self.clock.now().duration_since(then);
            (passed.as_secs_f64() * 1000.0).round() / 1000.0
        })
    }

    fn publish(&mut self, event: impl Into<BuiltIn>) {
        self.publish_at(self.clock.utc_now(), EventBody::BuiltIn(event.into()));
    }

    fn publish_at(&mut self, timestamp: jiff::Timestamp, body: EventBody) {
        let log = &self.call.inner.log;
        let event = Arc::new(Event {
            id: Uuid::new_v4(),
            seq: log.next_seq(),
            session_id: self.call.inner.id.clone(),
            timestamp,
            body,
        });
        tracing::debug!(call = &*event.session_id, seq = event.seq, %event);
        log_life(&event);
        (self.publish)(&event);
        log.push(event);
    }
}

/// Logs a call's beginning and its end. What the line says of itself is escaped: it comes from
/// outside.
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
        _ => {}
    }
}

/// With which causes a caller goes who is not answered: a CANCEL is `interworking`.
const GAVE_UP: [EndReason; 3] = [
    EndReason::NormalClearing,
    EndReason::Interworking,
    EndReason::Unknown,
];

/// Who ended a call of which nobody has said who hung up.
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
    Error {
        error_type: error_type.into(),
        message,
    }
    .into()
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

async fn at(timer: Option<Deadline>) {
    match timer {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
