//! Speech by a Wyoming server. Read on 2026-11-29:
//! <https://github.com/OHF-Voice/wyoming/blob/main/README.md#text-to-speech>.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};

use super::super::voice::audio::{Pcm16, Spoken};
use super::super::{
    BoxFuture, Feed, PartSender, Parts, ProviderError, ProviderErrorKind, SpeechPart, TextToSpeech,
    Timeouts, text_by_text,
};
use super::wire::{Event, PROVIDER, Wire, failed};

/// How long a connection is kept without use.
const KEPT: Duration = Duration::from_secs(50);
/// Most connections that are kept.
const MOST_KEPT: usize = 4;

/// A voice of a Wyoming server, such as `wyoming-piper`. It speaks text by text.
///
/// The protocol has neither keys nor encryption: the server belongs on this machine or a network of
/// your own.
///
/// ```
/// let voice = voxtra_speech::wyoming::Voice::new("127.0.0.1:10200").voice("en_US-lessac-low");
/// ```
#[derive(Clone, Debug)]
pub struct Voice {
    address: String,
    timeouts: Timeouts,
    /// As `synthesize` has it: `name` and `speaker`, or `language`.
    voice: Map<String, Value>,
    kept: Arc<Kept>,
}

impl Voice {
    /// The server at `address`: a host and a port, such as `127.0.0.1:10200`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            timeouts: Timeouts::default(),
            voice: Map::new(),
            kept: Arc::default(),
        }
    }

    /// How long to wait for the server. A voice that it has to load first counts, too.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The voice, by its name. Default: the server's own.
    #[must_use]
    pub fn voice(self, name: impl Into<String>) -> Self {
        self.with("name", name.into())
    }

    /// The speaker, for voices that have several.
    #[must_use]
    pub fn speaker(self, speaker: impl Into<String>) -> Self {
        self.with("speaker", speaker.into())
    }

    /// The language, for servers that choose a voice by it.
    #[must_use]
    pub fn language(self, language: impl Into<String>) -> Self {
        self.with("language", language.into())
    }

    fn with(mut self, name: &str, value: String) -> Self {
        self.voice.insert(name.to_owned(), value.into());
        self
    }

    fn request(&self, text: &str) -> Vec<u8> {
        let mut data = json!({ "text": text });
        if !self.voice.is_empty() {
            data["voice"] = Value::Object(self.voice.clone());
        }
        Event::new("synthesize", data).into_bytes()
    }

    async fn synthesize(
        self,
        text: String,
        out: PartSender<SpeechPart>,
    ) -> Result<(), ProviderError> {
        let request = self.request(&text);
        let mut answer = None;
        if let Some(kept) = self.kept.take() {
            // The server may have closed it meanwhile: then another one is made.
            answer = match self.ask(kept, &request).await {
                Ok(answer) => Some(answer),
                Err(error) if error.kind == ProviderErrorKind::Timeout => return Err(error),
                Err(_) => None,
            };
        }
        let (mut wire, mut event) = match answer {
            Some(answer) => answer,
            None => {
                let wire = Wire::connect(&self.address, self.timeouts).await?;
                self.ask(wire, &request).await?
            }
        };
        let mut speech = Speech::new();
        loop {
            match speech.read(event)? {
                Step::Audio(part) => {
                    out.send(part).await;
                    // The reader's time is not the server's.
                    speech.since = Instant::now();
                }
                Step::Other => {}
                Step::End => break,
            }
            let limit = speech.limit(self.timeouts);
            if speech.since.elapsed() >= limit {
                return Err(too_late(limit));
            }
            event = self.next(&mut wire, speech.since, limit).await?;
        }
        speech.spoken.end(&text)?;
        self.kept.give_back(wire);
        Ok(())
    }

    /// Sends a request and waits for the first event of its answer.
    async fn ask(&self, mut wire: Wire, request: &[u8]) -> Result<(Wire, Event), ProviderError> {
        wire.send(request).await?;
        let limit = self.timeouts.first;
        let event = self.next(&mut wire, Instant::now(), limit).await?;
        Ok((wire, event))
    }

    async fn next(
        &self,
        wire: &mut Wire,
        since: Instant,
        limit: Duration,
    ) -> Result<Event, ProviderError> {
        let received = match since.checked_add(limit) {
            Some(deadline) => timeout_at(deadline, wire.next()).await,
            None => Ok(wire.next().await),
        };
        match received {
            Ok(Ok(Some(event))) => Ok(event),
            Ok(Ok(None)) => Err(failed(
                ProviderErrorKind::Unavailable,
                "it closed the connection before its audio was complete",
            )),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(too_late(limit)),
        }
    }
}

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        PROVIDER
    }

    fn speak(&self, texts: Feed<String>, _line_hz: u32) -> Parts<SpeechPart> {
        let voice = self.clone();
        text_by_text(texts, move |text| {
            let voice = voice.clone();
            Parts::made_by(|out| voice.synthesize(text, out))
        })
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        let voice = self.clone();
        Box::pin(async move {
            if let Ok(wire) = Wire::connect(&voice.address, voice.timeouts).await {
                voice.kept.give_back(wire);
            }
        })
    }
}

/// Connections on which nothing is due.
#[derive(Default)]
struct Kept {
    wires: Mutex<Vec<(Wire, Instant)>>,
}

impl Kept {
    fn take(&self) -> Option<Wire> {
        let mut wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
        wires.retain(|(_, since)| since.elapsed() < KEPT);
        wires.pop().map(|(wire, _)| wire)
    }

    fn give_back(&self, wire: Wire) {
        let mut wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
        if wires.len() < MOST_KEPT {
            wires.push((wire, Instant::now()));
        }
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

/// The answer to one request.
struct Speech {
    spoken: Spoken,
    pcm: Pcm16,
    format: Format,
    since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Format {
    rate_hz: u64,
    width: u64,
    channels: u64,
}

#[derive(Debug, PartialEq)]
enum Step {
    Audio(SpeechPart),
    Other,
    End,
}

impl Speech {
    fn new() -> Self {
        Self {
            spoken: Spoken::new(PROVIDER),
            pcm: Pcm16::default(),
            format: Format {
                rate_hz: 0,
                width: 2,
                channels: 1,
            },
            since: Instant::now(),
        }
    }

    /// How long to wait for the next audio.
    fn limit(&self, timeouts: Timeouts) -> Duration {
        if self.spoken.length().is_zero() {
            timeouts.first
        } else {
            timeouts.idle
        }
    }

    fn read(&mut self, event: Event) -> Result<Step, ProviderError> {
        let number = |name: &str| event.data.get(name).and_then(Value::as_u64);
        let format = Format {
            rate_hz: number("rate").unwrap_or(self.format.rate_hz),
            width: number("width").unwrap_or(self.format.width),
            channels: number("channels").unwrap_or(self.format.channels),
        };
        match event.kind.as_str() {
            "audio-start" => self.format = format,
            "audio-chunk" => {
                let rate_hz = u32::try_from(format.rate_hz).unwrap_or_default();
                if (format.width, format.channels) != (2, 1) {
                    let Format {
                        width, channels, ..
                    } = format;
                    let message = format!(
                        "its audio has {width} bytes a sample and {channels} channels, \
                         not 16 bits and one"
                    );
                    return Err(failed(ProviderErrorKind::Protocol, &message));
                }
                let mut samples = Vec::new();
                self.pcm.push(&event.payload, &mut samples);
                if !samples.is_empty() {
                    let part = self.spoken.add(rate_hz, samples)?;
                    return Ok(Step::Audio(part));
                }
            }
            "audio-stop" => return Ok(Step::End),
            "error" => {
                let said = |name: &str| event.data.get(name).and_then(Value::as_str);
                let code = said("code").unwrap_or("error");
                let text = said("text").unwrap_or("without a reason");
                let message = format!("it refused with {code}: {text}");
                return Err(failed(ProviderErrorKind::Rejected, &message));
            }
            // What later versions may add.
            _ => {}
        }
        Ok(Step::Other)
    }
}

fn too_late(limit: Duration) -> ProviderError {
    let message = format!("no audio came from it within {} s", limit.as_secs_f64());
    failed(ProviderErrorKind::Timeout, &message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_refusal_is_quoted_on_one_line_that_ends() {
        let text = format!("no\r\n\u{1b}[2J{}", "x".repeat(1 << 20));
        let event = Event::new("error", json!({ "text": text }));
        let error = Speech::new().read(event).unwrap_err();
        assert!(!error.message.contains(char::is_control), "{error}");
        assert!(
            error.message.starts_with("it refused with error: no"),
            "{error}"
        );
        assert!(error.message.chars().count() < 500);
    }

    proptest! {
        #[test]
        fn no_event_panics(
            events in proptest::collection::vec(
                (
                    proptest::sample::select(&["audio-start", "audio-chunk", "error", "info"][..]),
                    proptest::option::of(any::<i64>()),
                    0..4_u64,
                    0..3_u64,
                    proptest::collection::vec(any::<u8>(), 0..9),
                ),
                0..9,
            ),
        ) {
            let mut speech = Speech::new();
            for (kind, rate, width, channels, payload) in events {
                let data = json!({ "rate": rate, "width": width, "channels": channels });
                let event = Event { payload, ..Event::new(kind, data) };
                if speech.read(event).is_err() {
                    break;
                }
            }
        }
    }
}
