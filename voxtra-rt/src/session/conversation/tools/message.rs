//! A message that the caller leaves.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;
use voxtra_core::event::{BuiltIn, MessageLeft};

use super::super::super::call::Call;
use super::super::super::deadlines::until;
use super::super::super::error::HandlerError;
use super::super::super::event::{Event, EventBody};
use super::super::tool::{FnTool, Tool};
use crate::media::AudioPart;
use crate::speech::{ToolSpec, wav};

/// How long nobody may have spoken after the beep for there to be no message.
const NOTHING: Duration = Duration::from_secs(10);

/// How long the words of what was said last are awaited.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Most bytes of a message's words.
const MOST_WORDS: usize = 64 << 10;

/// The beep: Hz, samples per second, samples, and its loudness.
const BEEP_HZ: f32 = 1_000.0;
const BEEP_RATE: u16 = 8_000;
const BEEP_SAMPLES: u16 = 2_400;
const BEEP_LEVEL: f32 = 6_000.0;

/// How a caller leaves a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageSettings {
    /// The folder into which the caller's audio goes, a WAV file for each message that only its
    /// owner can read. Default: none is kept.
    pub folder: Option<PathBuf>,
    /// Longest message. Default 120 s.
    pub longest: Duration,
    /// How long the caller has been silent when the message is over. Default 3 s.
    pub silence: Duration,
    /// Whether the caller hears a beep before. Default: yes.
    pub beep: bool,
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self {
            folder: None,
            longest: Duration::from_secs(120),
            silence: Duration::from_secs(3),
            beep: true,
        }
    }
}

impl MessageSettings {
    /// Changes it.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// A tool with which the model lets the caller leave a message: a beep, then what the caller says,
/// until a silence, the key `#` or the end of the call. The event `message.left` tells it.
pub fn leave_message(settings: &MessageSettings) -> impl Tool + use<> {
    let spec = ToolSpec::new(
        "leave_message",
        "Lets the caller leave a message for somebody who is not there, and returns when it is \
         over. Say first, in the same reply, that the caller can speak after the beep.",
        json!({ "type": "object", "properties": {} }),
    );
    let limit = settings.longest.saturating_add(Duration::from_secs(30));
    let settings = settings.clone();
    let tool = FnTool::new(spec, move |call: Call, _: Value| {
        // A task of its own: a caller who hangs up has left a message all the same.
        let settings = settings.clone();
        let recording = tokio::spawn(async move {
            // The session's last event waits for it.
            let (done, recorded) = oneshot::channel::<()>();
            let waits = |_| async { drop(recorded.await) };
            call.on_hangup(waits).await;
            let recorded = record(call, settings).await;
            drop(done);
            recorded
        });
        async move { recording.await? }
    });
    tool.time_limit(limit).without_filler()
}

/// What was said so far.
struct Message {
    began: Instant,
    first: Option<Instant>,
    last: Option<Instant>,
    speaks: bool,
    /// Utterances whose words have not come.
    unheard: u32,
    words: Vec<String>,
    samples: Vec<i16>,
    /// Samples up to the end of what was said last.
    spoken: usize,
    over: bool,
}

async fn record(call: Call, settings: MessageSettings) -> Result<String, HandlerError> {
    if settings.beep {
        call.send_audio(&beep(), BEEP_RATE.into()).await?;
    }
    // Those behind the call's end too.
    let mut events = call.session().log().from_now(false);
    let mut audio = match &settings.folder {
        Some(_) => Some(call.audio_stream().await?),
        None => None,
    };
    let mut message = Message {
        began: Instant::now(),
        first: None,
        last: None,
        speaks: false,
        unheard: 0,
        words: Vec::new(),
        samples: Vec::new(),
        spoken: 0,
        over: false,
    };
    while !message.over {
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(event) => message.note(&call, &event),
                None => break,
            },
            part = async {
                match &mut audio {
                    Some(audio) => audio.next().await,
                    None => std::future::pending().await,
                }
            } => match part {
                Some(AudioPart::Samples(samples)) => message.samples.extend_from_slice(&samples),
                Some(_) => {}
                None => audio = None,
            },
            () = until(message.ends_at(&settings)) => break,
        }
    }
    let rate_hz = call.line_hz();
    drop(audio);
    let words = async {
        while message.unheard > 0 {
            match events.next().await {
                Some(event) => message.note(&call, &event),
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(LAST_WORDS, words).await;
    let Some(first) = message.first else {
        return Ok("the caller said nothing: there is no message".to_owned());
    };
    let last = message.last.filter(|_| !message.speaks);
    let length = last.unwrap_or_else(Instant::now).duration_since(first);
    let text = message.words.join(" ");
    let mut left = MessageLeft::new(
        text.clone(),
        u64::try_from(length.as_millis()).unwrap_or(u64::MAX),
    );
    if let Some(folder) = settings.folder {
        if !message.speaks {
            message.samples.truncate(message.spoken);
        }
        match keep(&call, folder, rate_hz, message.samples).await {
            Ok(file) => left = left.with_file(file),
            Err(why) => {
                let why = format!("a caller's message can't be kept: {why}");
                call.emit_error("message", why).await;
            }
        }
    }
    call.emit_body(left.into()).await;
    Ok(match text.is_empty() {
        true => format!("the message was taken: {} s long", length.as_secs()),
        false => format!("the message was taken: {text}"),
    })
}

impl Message {
    /// When it is over if nothing more happens.
    fn ends_at(&self, settings: &MessageSettings) -> Option<Instant> {
        let longest = self.began.checked_add(settings.longest);
        let sooner = match (self.first, self.last) {
            (None, _) => self.began.checked_add(NOTHING),
            (Some(_), Some(last)) if !self.speaks => last.checked_add(settings.silence),
            _ => None,
        };
        [longest, sooner].into_iter().flatten().min()
    }

    fn note(&mut self, call: &Call, event: &Event) {
        let EventBody::BuiltIn(body) = &event.body else {
            return;
        };
        let now = Instant::now();
        match body {
            BuiltIn::UserSpeechStarted(_) => {
                self.first.get_or_insert(now);
                self.speaks = true;
                let hears = call.session().services().speech_to_text.is_some();
                self.unheard = self.unheard.saturating_add(hears.into());
            }
            BuiltIn::UserSpeechEnded(_) => {
                self.speaks = false;
                self.last = Some(now);
                self.spoken = self.samples.len();
            }
            BuiltIn::UserTranscript(heard) => {
                self.unheard = self.unheard.saturating_sub(1);
                let kept: usize = self.words.iter().map(String::len).sum();
                let text = heard.text.trim();
                // The agent does not answer it.
                if call.take(event.seq) && !text.is_empty() && kept < MOST_WORDS {
                    self.words.push(text.to_owned());
                }
            }
            BuiltIn::Error(error) if error.error_type == "speech_to_text" => self.unheard = 0,
            BuiltIn::DtmfReceived(press) if press.digit == '#' => {
                call.take(event.seq);
                self.over = true;
            }
            BuiltIn::CallEnded(_) | BuiltIn::MediaStopped(_) | BuiltIn::SessionDestroyed(_) => {
                self.over = true;
            }
            _ => {}
        }
    }
}

/// Writes the audio, and says where. Nothing that is in a hurry waits for the disk.
async fn keep(
    call: &Call,
    folder: PathBuf,
    rate_hz: u32,
    samples: Vec<i16>,
) -> Result<String, HandlerError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let id = call.id().chars().take(64);
    let id: String = id.map(|c| if plain(c) { c } else { '_' }).collect();
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
    let file = folder.join(format!("{now}-{id}.wav"));
    let written = file.clone();
    tokio::task::spawn_blocking(move || write(&folder, &written, rate_hz, &samples)).await??;
    Ok(file.display().to_string())
}

fn write(folder: &Path, file: &Path, rate_hz: u32, samples: &[i16]) -> Result<(), HandlerError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    wav::write(file, rate_hz, 1, samples)?;
    Ok(())
}

/// A beep that begins and ends softly.
fn beep() -> Vec<i16> {
    let samples = 0..BEEP_SAMPLES;
    let loud = |at: u16| {
        let edge = f32::from(at.min(BEEP_SAMPLES.saturating_sub(at))) / 80.0;
        let angle = std::f32::consts::TAU * BEEP_HZ * f32::from(at) / f32::from(BEEP_RATE);
        angle.sin() * edge.min(1.0) * BEEP_LEVEL
    };
    samples.map(|at| loud(at) as i16).collect()
}
