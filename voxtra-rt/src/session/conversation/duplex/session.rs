//! A session with a speech-to-speech service: the caller's audio goes in, and what comes back is
//! kept until it is played.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use voxtra_core::audio::Resampler;
use voxtra_core::event::{UsageRole, UserTranscript, UserTranscriptPartial};

use super::super::super::call::Call;
use super::super::super::deadlines;
use super::super::super::error::CallError;
use super::super::super::usage::Meter;
use crate::lock::lock;
use crate::media::AudioPart;
use crate::speech::{
    Feed, Message, PartSender, Parts, ProviderError, ProviderErrorKind, SpeechToSpeech, TalkInput,
    TalkOptions, TalkPart,
};

/// Parts of the caller's audio that may wait for the service: 5 s.
const WAITING: usize = 256;

/// Parts of responses that may wait to be played. A service sends its audio in pieces of some 100
/// ms, faster than they are heard; services bound their responses in time.
const KEPT: usize = 16_384;

/// One session. Dropping it ends it.
pub(super) struct Session {
    name: String,
    input: PartSender<TalkInput>,
    parts: mpsc::Receiver<Result<TalkPart, ProviderError>>,
    /// Responses that are of no use any more, and whose ends have not come.
    abandoned: usize,
    _tasks: JoinSet<()>,
}

impl Session {
    pub(super) fn open(
        call: &Call,
        service: &Arc<dyn SpeechToSpeech>,
        words: &Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let request = lock(call.session().memory()).request(&[], true);
        let mut options = TalkOptions::new(call.line_hz(), "");
        for message in request.messages {
            match message {
                Message::System(text) => {
                    if !options.instructions.is_empty() {
                        options.instructions.push_str("\n\n");
                    }
                    options.instructions.push_str(&text);
                }
                said => options.history.push(said),
            }
        }
        options.tools = request.tools;
        let language = call.session().services().language;
        options.language = language.as_deref().map(str::to_owned);
        let rate_hz = options.rate_hz;
        let (input, feed) = Feed::queue(WAITING);
        let talk = service.talk(options, feed);
        let (to, parts) = mpsc::channel(KEPT);
        let name = service.name().to_owned();
        let mut tasks = JoinSet::new();
        let meter = Meter::new(call, UsageRole::SpeechToSpeech, &name, talk.at_work());
        tasks.spawn(hear(call.clone(), input.clone(), rate_hz, meter.clone()));
        tasks.spawn(keep(call.clone(), meter, talk, to, words.clone()));
        Self {
            name,
            input,
            parts,
            abandoned: 0,
            _tasks: tasks,
        }
    }

    /// Whether the service takes no more input.
    pub(super) fn is_over(&self) -> bool {
        self.input.is_closed()
    }

    /// Gives the service an input. One that nobody takes is lost: the next part is an error then.
    pub(super) async fn give(&self, input: TalkInput) {
        self.input.send(input).await;
    }

    /// What the current response still sends is of no use.
    pub(super) fn abandon(&mut self) {
        self.abandoned = self.abandoned.saturating_add(1);
    }

    /// The next part of the current response. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<TalkPart, CallError> {
        loop {
            let part = tokio::time::timeout(deadlines::MODEL, self.parts.recv()).await;
            let part = match part {
                Ok(Some(part)) => part?,
                Ok(None) => return Err(ended(&self.name).into()),
                Err(_) => return Err(ProviderError::silent(&*self.name, deadlines::MODEL).into()),
            };
            if self.abandoned == 0 {
                return Ok(part);
            }
            if matches!(part, TalkPart::Done(_)) {
                self.abandoned = self.abandoned.saturating_sub(1);
            }
        }
    }
}

fn ended(name: &str) -> ProviderError {
    let kind = ProviderErrorKind::Unavailable;
    ProviderError::new(name, kind, "it has ended the conversation")
}

/// Keeps what the service sends, and makes events of what the caller said. Nothing here waits for
/// the line: the service must be heard and told while its audio is played.
async fn keep(
    call: Call,
    meter: Meter,
    mut talk: Parts<TalkPart>,
    to: mpsc::Sender<Result<TalkPart, ProviderError>>,
    words: Arc<Mutex<Vec<String>>>,
) {
    let error = loop {
        match talk.next().await {
            Some(Ok(TalkPart::Caller { text, is_final })) => {
                let text = text.trim().to_owned();
                if text.is_empty() {
                    continue;
                }
                if is_final {
                    lock(&words).push(text.clone());
                    call.emit_body(UserTranscript::new(text, 1.0, true).into())
                        .await;
                } else {
                    call.emit_body(UserTranscriptPartial::new(text).into())
                        .await;
                }
            }
            Some(Ok(part)) => {
                match &part {
                    TalkPart::Audio { rate_hz, samples } => {
                        meter.spoke_samples(samples.len(), *rate_hz)
                    }
                    TalkPart::Usage(usage) => meter.tokens(usage),
                    TalkPart::Done(_) => meter.asked(),
                    _ => {}
                }
                if to.try_send(Ok(part)).is_err() {
                    let kind = ProviderErrorKind::Protocol;
                    break ProviderError::new(meter.name(), kind, "it sent more than can be kept");
                }
            }
            Some(Err(error)) => break error,
            None => break ended(meter.name()),
        }
    };
    call.emit_error("speech_to_speech", error.to_string()).await;
    let _ = to.send(Err(error)).await;
}

/// Gives the service what the caller says.
async fn hear(call: Call, input: PartSender<TalkInput>, rate_hz: u32, meter: Meter) {
    let Ok(mut speech) = call.speech_stream().await else {
        return;
    };
    let mut converter: Option<(u32, Box<Resampler>)> = None;
    while let Some(part) = speech.next().await {
        let AudioPart::Samples(mut samples) = part else {
            continue;
        };
        // Only the first part made the line's rate certain.
        let line_hz = speech.rate_hz();
        if line_hz != rate_hz {
            let same = converter.take().filter(|(from_hz, _)| *from_hz == line_hz);
            let Some((_, resampler)) = same.or_else(|| {
                let resampler = Resampler::new(line_hz, rate_hz).ok()?;
                Some((line_hz, Box::new(resampler)))
            }) else {
                return;
            };
            let (_, resampler) = converter.insert((line_hz, resampler));
            let mut made = vec![0; resampler.output_len(samples.len())];
            let (_, count) = resampler.process(&samples, &mut made);
            made.truncate(count);
            samples = made;
        }
        meter.heard(samples.len(), rate_hz);
        if !input.send(TalkInput::Audio(samples)).await {
            return;
        }
    }
}
