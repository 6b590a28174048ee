//! The caller's audio, for its listeners and for speech-to-text.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use voxtra_core::event::{UsageRole, UserTranscript, UserTranscriptPartial};
use voxtra_core::leg::{Forward, HISTORY_SAMPLES};

use super::call::{Call, Services};
use super::caller_words::{CallerWords, Utterances};
use super::deadlines;
use super::error::CallError;
use super::request::Request;
use super::usage::Meter;
use crate::media::{AudioPart, CallerAudioReader, MediaLink, Shared};
use crate::speech::{
    Feed, ListenOptions, PartSender, Parts, ProviderError, Recognition, SpeechInput, SpeechToText,
};

/// Parts of audio that may wait for a slow listener: 5 s.
const WAITING: usize = 256;

/// Longest utterance that is returned whole, in seconds.
const LONGEST_S: usize = 300;

/// How long speech-to-text may go on after the end of the call.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long a session's last events wait for what the caller said last. Less than a hook may take.
const UNDERSTOOD: Duration = Duration::from_secs(3);
const _: () = assert!(UNDERSTOOD.as_millis() < deadlines::HANDLER.as_millis());

/// The listeners of a call.
#[derive(Debug, Default)]
pub(crate) struct AudioFanout {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The call has media, and a task that forwards its audio.
    media: Option<Arc<Shared>>,
    /// How often the media was connected.
    connected: u32,
    over: bool,
    /// A task gives the caller's speech to speech-to-text.
    transcribing: bool,
    listeners: Vec<Listener>,
}

#[derive(Debug)]
struct Listener {
    to: mpsc::Sender<AudioPart>,
    everything: bool,
}

impl State {
    fn wanted(&self) -> Forward {
        match self
            .listeners
            .iter()
            .map(|listener| listener.everything)
            .max()
        {
            None => Forward::Nothing,
            Some(false) => Forward::Speech,
            Some(true) => Forward::Everything,
        }
    }

    /// Whether somebody listens to speech alone.
    fn hears_speech(&self) -> bool {
        self.listeners.iter().any(|listener| !listener.everything)
    }
}

/// The caller's audio.
#[derive(Debug)]
pub struct AudioStream {
    parts: mpsc::Receiver<AudioPart>,
    media: Arc<Shared>,
    /// The utterance that is being collected.
    utterance: Option<Vec<i16>>,
}

impl AudioStream {
    /// Waits for the next part: samples, or a mark where speech starts or ends. `None` when the
    /// call's media is over. Cancel safe.
    pub async fn next(&mut self) -> Option<AudioPart> {
        self.parts.recv().await
    }

    /// Waits for the caller's next whole utterance and returns its samples. `None` when the call's
    /// media is over. Cancel safe.
    ///
    /// An utterance lasts at most `turn.longest_utterance_ms`, 60 s unless configured; longer talk
    /// continues as the next utterance. In any case an utterance comes in pieces of 5 min, so that
    /// it takes bounded memory.
    pub async fn utterance(&mut self) -> Option<Vec<i16>> {
        let most = LONGEST_S.saturating_mul(self.rate_hz() as usize);
        loop {
            match self.next().await? {
                AudioPart::SpeechStarted => self.utterance = Some(Vec::new()),
                AudioPart::Samples(samples) => {
                    if let Some(utterance) = &mut self.utterance {
                        utterance.extend_from_slice(&samples);
                        if utterance.len() >= most {
                            return self.utterance.replace(Vec::new());
                        }
                    }
                }
                AudioPart::SpeechEnded => {
                    if let Some(utterance) = self.utterance.take() {
                        return Some(utterance);
                    }
                }
            }
        }
    }

    /// Samples per second. Asterisk's first audio frame decides the rate: it is certain once the
    /// first part has come.
    pub fn rate_hz(&self) -> u32 {
        self.media.rate().hz()
    }
}

impl Call {
    /// All of the caller's audio from now on, in parts of at most 20 ms. A listener that falls 5 s
    /// behind loses audio.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// use voxtra_rt::media::AudioPart;
    ///
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// let mut audio = call.audio_stream().await?;
    /// while let Some(part) = audio.next().await {
    ///     if let AudioPart::Samples(samples) = part {
    ///         println!("{} samples at {} Hz", samples.len(), audio.rate_hz());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call has no media yet, or is over.
    pub async fn audio_stream(&self) -> Result<AudioStream, CallError> {
        self.listen_in(true).await
    }

    /// The caller's speech from now on: utterances, from some history before the detected start to
    /// the detected end. While others have [all of the audio](Self::audio_stream), that history
    /// begins when the first listener to speech joins them.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// let mut speech = call.speech_stream().await?;
    /// while let Some(utterance) = speech.utterance().await {
    ///     println!("{} samples of speech", utterance.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call has no media yet, or is over.
    pub async fn speech_stream(&self) -> Result<AudioStream, CallError> {
        self.listen_in(false).await
    }

    async fn listen_in(&self, everything: bool) -> Result<AudioStream, CallError> {
        let (to, parts) = mpsc::channel(WAITING);
        let media = {
            let mut state = lock(&self.session().fanout().state);
            if state.over || self.is_over() {
                return Err(CallError::Ended);
            }
            let media = state.media.clone().ok_or(CallError::NotAnswered)?;
            state.listeners.push(Listener { to, everything });
            media
        };
        self.send(Request::Listeners).await;
        Ok(AudioStream {
            parts,
            media,
            utterance: None,
        })
    }

    /// How much of the caller's audio the listeners need.
    pub(crate) fn wanted_audio(&self) -> Forward {
        lock(&self.session().fanout().state).wanted()
    }

    /// Connects the call's media to its output and its listeners.
    pub(crate) fn attach(&self, link: &mut MediaLink) {
        self.session()
            .output()
            .attach(link.agent.take(), link.shared());
        let connected = {
            let mut state = lock(&self.session().fanout().state);
            state.media = Some(link.shared());
            state.connected += 1;
            state.connected
        };
        if let Some(reader) = link.caller.take() {
            tokio::spawn(pass_on(reader, self.clone(), connected));
        }
        self.transcribe_if_wanted();
    }

    /// Starts the transcription of the caller's speech, once, when the call has both media and
    /// speech-to-text.
    pub(crate) fn transcribe_if_wanted(&self) {
        let wanted = self.session().services().speech_to_text.is_some();
        let mut state = lock(&self.session().fanout().state);
        if wanted && state.media.is_some() && !state.transcribing {
            state.transcribing = true;
            tokio::spawn(transcribe(self.clone()));
        }
    }
}

/// Forwards the caller's audio to all listeners.
async fn pass_on(mut reader: CallerAudioReader, call: Call, connected: u32) {
    let state = &call.session().fanout().state;
    let mut pauses = Pauses::default();
    while let Some(heard) = reader.next().await {
        let fewer = {
            let mut state = lock(state);
            let before = state.wanted();
            let (speech, history) = pauses.sort(&heard, before, state.hears_speech());
            state.listeners.retain(|listener| {
                let mut parts = [Some(&heard), None];
                if !listener.everything {
                    parts = [Some(&heard).filter(|_| speech), history.as_ref()];
                }
                for part in parts.into_iter().flatten() {
                    match listener.to.try_send(part.clone()) {
                        Ok(()) => {}
                        Err(TrySendError::Full(_)) => reader.count_missed(part),
                        Err(TrySendError::Closed(_)) => return false,
                    }
                }
                !listener.to.is_closed()
            });
            state.wanted() != before
        };
        if fewer {
            call.send(Request::Listeners).await;
        }
    }
    // If the audio is connected again, the listeners go on. Otherwise they learn that it is over.
    if !call.is_transferred() {
        call.ended().await;
    }
    let mut state = lock(state);
    if state.connected == connected {
        state.over = true;
        state.listeners.clear();
    }
}

/// Separates speech from pauses while the leg forwards everything. A listener to speech gets only
/// speech, with its first syllable.
#[derive(Debug, Default)]
struct Pauses {
    speaking: bool,
    history: VecDeque<i16>,
}

impl Pauses {
    /// Whether this part belongs to the caller's speech, and the history before the start of
    /// speech. A leg that forwards only speech has added that history itself, and it is kept only
    /// for somebody who listens to speech alone.
    fn sort(
        &mut self,
        heard: &AudioPart,
        forwarded: Forward,
        hears_speech: bool,
    ) -> (bool, Option<AudioPart>) {
        let everything = forwarded == Forward::Everything;
        if !everything || !hears_speech {
            self.history = VecDeque::new();
        }
        match heard {
            AudioPart::SpeechStarted => {
                self.speaking = true;
                let history: Vec<i16> = self.history.drain(..).collect();
                let history = Some(history).filter(|history| !history.is_empty());
                return (true, history.map(AudioPart::Samples));
            }
            AudioPart::SpeechEnded => self.speaking = false,
            AudioPart::Samples(samples) if everything && !self.speaking => {
                if hears_speech {
                    self.history.extend(samples);
                    let surplus = self.history.len().saturating_sub(HISTORY_SAMPLES);
                    self.history.drain(..surplus);
                }
                return (false, None);
            }
            AudioPart::Samples(_) => {}
        }
        (true, None)
    }
}

/// Gives the caller's speech to the call's speech-to-text, whichever that is at the time.
async fn transcribe(call: Call) {
    let mut services = call.session().watch_services();
    services.mark_changed();
    // Until then the rate is uncertain.
    if call.session().media_attached().await.is_err() {
        return;
    }
    let Ok(mut stream) = call.speech_stream().await else {
        return;
    };
    let publishing = TaskTracker::new();
    // What was said last is understood later, and is a part of the call.
    let last = publishing.clone();
    let hook = move |call: Call| async move {
        if call.session().transcript().awaits_words() {
            last.close();
            let _ = tokio::time::timeout(UNDERSTOOD, last.wait()).await;
        }
    };
    call.on_hangup(hook).await;
    let mut to: Option<(PartSender<SpeechInput>, Meter)> = None;
    let mut utterances = Utterances::default();
    let mut listening = None;
    let mut speaking = false;
    while let Some(heard) = stream.next().await {
        let input = match heard {
            AudioPart::SpeechStarted => SpeechInput::Started,
            AudioPart::Samples(samples) => SpeechInput::Audio(samples),
            AudioPart::SpeechEnded => SpeechInput::Ended,
        };
        let changed = changed(&mut services, &mut listening);
        // One that has ended listens again to the next utterance.
        let gone = to.as_ref().is_none_or(|(to, _)| to.is_closed());
        let again = input == SpeechInput::Started && gone;
        if changed || again {
            utterances = Utterances::default();
            to = listening.as_ref().map(|(provider, language): &Listening| {
                let (sender, input) = Feed::queue(WAITING);
                // Only the first part made the rate certain.
                let mut options = ListenOptions::new(stream.rate_hz());
                options.language = language.as_deref().map(str::to_owned);
                let transcripts = provider.listen(options, input);
                let role = UsageRole::SpeechToText;
                let meter = Meter::new(&call, role, provider.name(), transcripts.at_work());
                let utterances = utterances.clone();
                publishing.spawn(publish(
                    call.clone(),
                    provider.clone(),
                    transcripts,
                    utterances,
                ));
                (sender, meter)
            });
            if let Some((sender, meter)) = to.as_ref().filter(|_| speaking) {
                meter.asked();
                sender.send(SpeechInput::Started).await;
            }
        }
        match input {
            SpeechInput::Started => {
                speaking = true;
                utterances.started();
            }
            SpeechInput::Ended => {
                speaking = false;
                utterances.ended();
            }
            _ => {}
        }
        if let Some((sender, meter)) = &to {
            match &input {
                SpeechInput::Started => meter.asked(),
                SpeechInput::Audio(samples) => meter.heard(samples.len(), stream.rate_hz()),
                _ => {}
            }
            if !sender.send(input).await {
                to = None;
            }
        }
    }
}

/// Speech-to-text, and the language that it listens to.
type Listening = (Arc<dyn SpeechToText>, Option<Arc<str>>);

/// Whether another speech-to-text, or another language, was chosen.
fn changed(services: &mut watch::Receiver<Services>, listening: &mut Option<Listening>) -> bool {
    if !services.has_changed().unwrap_or(false) {
        return false;
    }
    let services = services.borrow_and_update();
    let chosen = services.speech_to_text.clone();
    let chosen = chosen.map(|provider| (provider, services.language.clone()));
    let same = match (&chosen, &*listening) {
        (Some((chosen, language)), Some((current, spoken))) => {
            Arc::ptr_eq(chosen, current) && language == spoken
        }
        (None, None) => true,
        _ => false,
    };
    *listening = chosen;
    !same
}

/// Makes a provider's transcripts events, to its end.
async fn publish(
    call: Call,
    provider: Arc<dyn SpeechToText>,
    mut transcripts: Parts<Recognition>,
    utterances: Utterances,
) {
    let mut words = CallerWords::new(&call, utterances);
    let publish = async {
        while let Some(part) = transcripts.next().await {
            let event = match part? {
                Recognition::Partial { text } => {
                    call.session().likely_end(None);
                    words.partial(&text).await;
                    UserTranscriptPartial::new(text).into()
                }
                Recognition::LikelyEnd { text } => {
                    call.session().likely_end(Some(&text));
                    words.partial(&text).await;
                    UserTranscriptPartial::new(text).into()
                }
                Recognition::Final { text, confidence } => {
                    call.session().likely_end(None);
                    words.finished(&text).await;
                    // `max` turns NaN, which JSON cannot express, into zero.
                    let confidence = confidence.max(0.0).clamp(0.0, 1.0);
                    UserTranscript::new(text, confidence, true).into()
                }
                Recognition::EndOfTurn => {
                    call.end_turn_after(Duration::ZERO).await;
                    continue;
                }
                // A part of a newer provider.
                _ => continue,
            };
            call.emit_body(event).await;
        }
        Ok(())
    };
    let over = async {
        call.ended().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        result = publish => {
            let result: Result<(), ProviderError> = result;
            if let Err(error) = result {
                call.emit_error("speech_to_text", error.to_string()).await;
            }
        }
        () = over => tracing::warn!(
            call = call.id(),
            provider = provider.name(),
            "speech-to-text went on after the end of the call and was stopped"
        ),
    }
    words.end().await;
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
