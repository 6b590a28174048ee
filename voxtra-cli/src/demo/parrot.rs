//! The call of `voxtra demo`: an agent and a caller with recorded voices.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use voxtra_rt::app::Application;
use voxtra_rt::speech::{Prompt, Prompts, wav};

use super::play::{self, Happening, Played, RATE};
use super::session::Parrot;
use super::story::{self, line};
use crate::caller::script::CallerAction;
use crate::clock::Clock;
use crate::interrupt::Interrupt;
use crate::terminal::Paint;
use crate::{Failure, recording, timeline};

/// How long the whole call may take. It takes about 25 s.
const LONGEST: Duration = Duration::from_secs(50);

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
        .prompts(prompts()?)
        .session::<Parrot>();
    let script = story::caller_script(
        samples(recording!("caller-hello"))?,
        samples(recording!("caller-cough"))?,
        samples(recording!("caller-stop"))?,
    );
    let mut tell = |happening: Happening<'_>| {
        let line = match happening {
            Happening::Event(event) => timeline::line(event, paint),
            Happening::Caller(now, action) => caller_line(now, action, paint),
        };
        // That nobody watches is found out when the figures are written.
        if !line.is_empty() {
            let _ = writeln!(io::stdout(), "{line}");
        }
    };
    play::play(app, script, LONGEST, interrupt, &mut tell).await
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
    let recording = wav::read_from(bytes).map_err(Failure::failed)?;
    Ok(recording::at_rate(recording, RATE.hz())?.samples.into())
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
