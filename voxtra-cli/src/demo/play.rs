//! A call of the demo: the application and the caller, both real.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use voxtra_core::audio::SampleRate;
use voxtra_rt::app::Builder;
use voxtra_rt::media::{CallStats, MediaSettings};
use voxtra_rt::session::{Call, Event};

use crate::Failure;
use crate::caller::script::CallerAction;
use crate::caller::{Progress, Script, Tape, TestCall};
use crate::interrupt::Interrupt;
use crate::media_figures::MediaFigures;
use crate::report::TimedEvent;

/// A played call and everything that was counted.
pub(super) struct Played {
    /// When the caller dialled.
    pub(super) started: Timestamp,
    /// All events of the session.
    pub(super) events: Vec<Arc<Event>>,
    /// What the caller said and heard.
    pub(super) tape: Tape,
    /// What the call's media path counted.
    pub(super) stats: CallStats,
    /// What the media thread measured.
    pub(super) media: MediaFigures,
}

impl Played {
    /// How many events of this name there were.
    pub(super) fn count(&self, wire: &str) -> usize {
        let events = self.events.iter();
        events.filter(|event| event.wire() == wire).count()
    }

    /// The events with times from the call's start.
    pub(super) fn timed_events(&self) -> Vec<TimedEvent> {
        self.events
            .iter()
            .map(|event| TimedEvent::of(event, self.started))
            .collect()
    }
}

/// Something that happens in a call, for whoever watches.
pub(super) enum Happening<'a> {
    /// The session tells an event.
    Event(&'a TimedEvent),
    /// The caller does something, at this time of the call.
    Caller(Duration, &'a CallerAction),
}

/// The extension that is called.
pub(super) const EXTENSION: &str = "1000";
/// The rate of the line.
pub(super) const RATE: SampleRate = SampleRate::Hz8000;
/// How long the session may take to finish when the caller has hung up.
const LAST_EVENTS: Duration = Duration::from_secs(5);

/// Starts the application, has it called by a caller with this script, and tells what happens. What
/// has not happened after `longest` is not waited for.
pub(super) async fn play(
    app: Builder,
    script: Script,
    longest: Duration,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(Happening<'_>),
) -> Result<Played, Failure> {
    let app = app
        .media(MediaSettings::default().with(|media| {
            media.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            media.allocations = Some(voxtra::allocations::of_this_thread);
        }))
        .start()
        .await
        .map_err(Failure::failed)?;
    let mut events = app.events();
    let call = TestCall {
        address: app.media_address(),
        id: app.expect_socket_call(EXTENSION),
        rate: RATE,
    };

    let (act, mut actions) = mpsc::unbounded_channel();
    let hang_up = interrupt.clone();
    let started = Timestamp::now();
    let mut caller = tokio::task::spawn_blocking(move || {
        call.call(script, &hang_up, &mut |progress| {
            if let Progress::Action { now, action } = progress {
                let _ = act.send((now, action.clone()));
            }
        })
    });

    let mut seen: Vec<Arc<Event>> = Vec::new();
    let mut call: Option<Call> = None;
    let mut tape = None;
    let mut deadline = Instant::now() + longest;
    loop {
        tokio::select! {
            event = timeout_at(deadline, events.recv()) => match event {
                Ok(Ok(event)) => {
                    call = call.or_else(|| app.calls().into_iter().next());
                    tell(Happening::Event(&TimedEvent::of(&event, started)));
                    let last = event.wire() == "session.destroyed";
                    seen.push(event);
                    if last {
                        break;
                    }
                }
                Ok(Err(RecvError::Lagged(_))) => {}
                // Too late, or nobody is left to tell: what is missing will be said.
                Ok(Err(RecvError::Closed)) | Err(_) => break,
            },
            Some((now, action)) = actions.recv() => tell(Happening::Caller(now, &action)),
            ended = &mut caller, if tape.is_none() => {
                tape = Some(ended.map_err(Failure::failed)?.map_err(Failure::failed)?);
                deadline = Instant::now() + LAST_EVENTS;
            }
        }
    }
    // Who is still on the line after all that time is hung up on.
    if let Some(call) = call.as_ref().filter(|_| tape.is_none()) {
        let _ = call.hangup().await;
    }
    let tape = match tape {
        Some(tape) => tape,
        None => caller
            .await
            .map_err(Failure::failed)?
            .map_err(Failure::failed)?,
    };
    app.shutdown().await;
    Ok(Played {
        started,
        events: seen,
        tape,
        stats: call.map(|call| call.stats()).unwrap_or_default(),
        media: MediaFigures::of(app.media_stats()),
    })
}
