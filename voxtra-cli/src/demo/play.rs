//! The demo's call: the application and the caller, both real, and a printer of what happens.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use voxtra_core::audio::SampleRate;
use voxtra_rt::app::Application;
use voxtra_rt::media::{CallStats, MediaSettings};
use voxtra_rt::session::{Call, Event};
use voxtra_rt::speech::{Prompt, Prompts, wav};

use super::session::Parrot;
use super::story::{self, line};
use crate::caller::script::CallerAction;
use crate::caller::{Progress, Tape, TestCall};
use crate::clock::Clock;
use crate::interrupt::Interrupt;
use crate::media_figures::MediaFigures;
use crate::report::TimedEvent;
use crate::terminal::Paint;
use crate::{Failure, recording, timeline};

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

/// The extension that the parrot answers.
const EXTENSION: &str = "1000";
/// How long the whole call may take. It takes about 25 s.
const LONGEST: Duration = Duration::from_secs(50);
/// How long the session may take to finish when the caller has hung up.
const LAST_EVENTS: Duration = Duration::from_secs(5);

/// The recordings, built in.
macro_rules! recording {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../assets/",
            $name,
            ".wav"
        ))
        .as_slice()
    };
}

/// Plays the call, printing its events as they happen.
pub(super) async fn play(interrupt: &Interrupt, paint: Paint) -> Result<Played, Failure> {
    let app = Application::builder()
        .media(MediaSettings::default().with(|media| {
            media.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            media.allocations = Some(voxtra::allocations::of_this_thread);
        }))
        .prompts(prompts()?)
        .session::<Parrot>()
        .start()
        .await
        .map_err(Failure::failed)?;
    let mut events = app.events();
    let call = TestCall {
        address: app.media_address(),
        id: app.expect_socket_call(EXTENSION),
        rate: SampleRate::Hz8000,
    };
    let script = story::caller_script(
        samples(recording!("caller-hello"))?,
        samples(recording!("caller-cough"))?,
        samples(recording!("caller-stop"))?,
    );

    let (tell, mut actions) = mpsc::unbounded_channel();
    let hang_up = interrupt.clone();
    let started = Timestamp::now();
    let mut caller = tokio::task::spawn_blocking(move || {
        call.call(script, &hang_up, &mut |progress| {
            if let Progress::Action { now, action } = progress {
                let _ = tell.send((now, action.clone()));
            }
        })
    });

    let mut seen: Vec<Arc<Event>> = Vec::new();
    let mut call: Option<Call> = None;
    let mut tape = None;
    let mut deadline = Instant::now() + LONGEST;
    loop {
        tokio::select! {
            event = timeout_at(deadline, events.recv()) => match event {
                Ok(Ok(event)) => {
                    call = call.or_else(|| app.calls().into_iter().next());
                    say(&timeline::line(&TimedEvent::of(&event, started), paint));
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
            Some((now, action)) = actions.recv() => say(&caller_line(now, &action, paint)),
            ended = &mut caller, if tape.is_none() => {
                tape = Some(ended.map_err(Failure::failed)?.map_err(Failure::failed)?);
                deadline = Instant::now() + LAST_EVENTS;
            }
        }
    }
    // A session that is over has closed the caller's connection, so this is soon.
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

fn prompts() -> Result<Prompts, Failure> {
    let mut prompts = Prompts::new();
    for (name, text, bytes) in [
        ("hello", line::HELLO, recording!("agent-hello")),
        ("you-said", line::YOU_SAID, recording!("agent-you-said")),
        ("explain", line::EXPLAIN, recording!("agent-explain")),
        ("press", line::PRESS, recording!("agent-press")),
        ("goodbye", line::GOODBYE, recording!("agent-goodbye")),
    ] {
        let recording = wav::read_from(bytes).map_err(Failure::failed)?;
        prompts.insert(Prompt {
            name: name.into(),
            text: Some(text.into()),
            rate_hz: recording.rate_hz,
            samples: recording.samples.into(),
        });
    }
    Ok(prompts)
}

fn samples(bytes: &[u8]) -> Result<Arc<[i16]>, Failure> {
    Ok(recording::at_rate(
        wav::read_from(bytes).map_err(Failure::failed)?,
        SampleRate::Hz8000.hz(),
    )?
    .samples
    .into())
}

fn caller_line(now: Duration, action: &CallerAction, paint: Paint) -> String {
    let what = match action {
        CallerAction::Says(words) => format!("▸ caller: “{words}”"),
        CallerAction::Pressed(key) => format!("▸ caller presses {key}"),
        CallerAction::HungUp => "▸ caller hangs up".to_owned(),
        CallerAction::GaveUp(what) => format!("▸ caller gives up {what}"),
        CallerAction::Said(_) => return String::new(),
    };
    paint.soft(format_args!("{:>9}  {what}", Clock(now.as_millis() as u64)))
}

/// A line to whoever watches. That nobody does is found out when the figures are written.
fn say(line: &str) {
    if !line.is_empty() {
        let _ = writeln!(io::stdout(), "{line}");
    }
}
