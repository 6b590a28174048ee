//! Speaking: text, prompts and raw audio, one utterance after another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{MutexGuard, Notify, oneshot};
use voxtra_core::audio::Resampler;
use voxtra_core::leg::Command;
use voxtra_core::playout::Chunk;

use super::call::Call;
use super::deadlines;
use super::error::CallError;
use super::measure::Part;
use super::request::Request;
use super::usage::Meter;
use super::wording::Wording;
use crate::lock::lock;
use crate::media::{AgentAudioWriter, CallStats, Shared};
use crate::speech::{Parts, ProviderError, SpeechPart};

/// Samples resampled at a time.
const BLOCK: usize = 1024;

/// How an utterance ended, and how much of it the caller heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spoken {
    /// Whether the caller was sent all of it. Otherwise it was cut: the caller barged in, somebody
    /// called [`Call::stop_speaking`], or the call ended.
    pub completed: bool,
    /// How much of it went out to the caller: all of it, or the part before the cut. Zero if
    /// nothing went out, and in the rare case that the media thread's report was lost.
    pub heard: Duration,
}

impl Spoken {
    /// Cut before anything of it was heard.
    pub(crate) const UNHEARD: Self = Self {
        completed: false,
        heard: Duration::ZERO,
    };

    /// Whether it was cut.
    pub fn is_interrupted(self) -> bool {
        !self.completed
    }
}

/// How an utterance is to be said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// The caller's speech neither holds it back nor cuts it.
    pub(crate) uninterruptible: bool,
    /// What it is to the caller's turn.
    pub(crate) part: Part,
}

/// The call's speech output. The holder of the lock is speaking.
#[derive(Debug, Default)]
pub(crate) struct SpeechOutput {
    writer: tokio::sync::Mutex<Option<AgentAudioWriter>>,
    /// Holds the writer until the first speaker takes it.
    arrived: Mutex<Option<AgentAudioWriter>>,
    media: Mutex<Option<Arc<Shared>>>,
    /// Notified when the media is connected again.
    again: Notify,
    said: Mutex<Said>,
}

/// Utterances that were queued and are not over yet. Each is entered before its audio is queued, so
/// that the media thread's report can't come too early.
#[derive(Debug, Default)]
struct Said {
    utterances: BTreeMap<u32, Queued>,
    /// The media is over: the caller will hear nothing more.
    closed: bool,
}

/// An utterance on its way out.
#[derive(Debug)]
pub(crate) struct Queued {
    /// Its words, if events report it.
    pub(crate) wording: Option<Arc<Mutex<Wording>>>,
    pub(crate) started: bool,
    pub(crate) part: Part,
    pub(crate) spoken: oneshot::Sender<Spoken>,
}

impl SpeechOutput {
    pub(crate) fn attach(&self, writer: Option<AgentAudioWriter>, media: Arc<Shared>) {
        *lock(&self.arrived) = writer;
        *lock(&self.media) = Some(media);
        lock(&self.said).closed = false;
        self.again.notify_one();
    }

    /// Registers an utterance to be queued under this number; the receiver learns how it ended.
    fn expect(
        &self,
        utterance: u32,
        wording: Option<Arc<Mutex<Wording>>>,
        part: Part,
    ) -> oneshot::Receiver<Spoken> {
        let (spoken, outcome) = oneshot::channel();
        let mut said = lock(&self.said);
        if !said.closed {
            let queued = Queued {
                wording,
                started: false,
                part,
                spoken,
            };
            said.utterances.insert(utterance, queued);
        }
        outcome
    }

    /// The media thread has begun to send this utterance: its text and what it is to the caller's
    /// turn, if events report it.
    pub(crate) fn started(&self, utterance: u32) -> Option<(String, Part)> {
        let mut said = lock(&self.said);
        let queued = said.utterances.get_mut(&utterance)?;
        let text = queued
            .wording
            .as_ref()
            .map(|words| lock(words).text().to_owned());
        queued.started = text.is_some();
        text.zip(Some(queued.part))
    }

    /// The caller will hear no more of this utterance.
    pub(crate) fn over(&self, utterance: u32) -> Option<Queued> {
        lock(&self.said).utterances.remove(&utterance)
    }

    /// The media is over: the caller won't hear the queued utterances.
    pub(crate) fn close(&self) -> impl Iterator<Item = Queued> + use<> {
        let mut said = lock(&self.said);
        said.closed = true;
        std::mem::take(&mut said.utterances).into_values()
    }

    /// The epoch of what is queued or being said; `None` if the agent says nothing.
    pub(crate) fn speaking_in(&self) -> Option<u32> {
        let speaks = !lock(&self.said).utterances.is_empty();
        let media = self.media().filter(|_| speaks);
        media.map(|media| media.epoch())
    }

    /// Whether this utterance is queued or being said.
    fn says(&self, utterance: u32) -> bool {
        lock(&self.said).utterances.contains_key(&utterance)
    }

    pub(crate) fn stats(&self) -> CallStats {
        self.media().map(|media| media.stats()).unwrap_or_default()
    }

    fn media(&self) -> Option<Arc<Shared>> {
        lock(&self.media).clone()
    }
}

impl Call {
    /// Cuts the agent's current speech with a short fade. Returns when it is cut.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::Call;
    /// use voxtra_core::event::BuiltIn;
    /// use voxtra_rt::session::EventBody;
    ///
    /// # async fn example(call: &Call) {
    /// let mut events = call.events_from_now();
    /// while let Some(event) = events.next().await {
    ///     if let EventBody::BuiltIn(BuiltIn::DtmfReceived(_)) = &event.body {
    ///         call.stop_speaking().await;
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn stop_speaking(&self) {
        let media = self.session().output().media();
        let Some(media) = media else {
            return;
        };
        let epoch = media.epoch();
        self.send(Request::Leg(Command::Flush { epoch })).await;
        while media.epoch() == epoch && !media.is_closed() && !self.is_over() {
            tokio::time::sleep(voxtra_core::audio::FRAME / 4).await;
        }
    }

    /// Samples per second on the call's line; 8,000 as long as nobody knows.
    pub(crate) fn line_hz(&self) -> u32 {
        self.session()
            .output()
            .media()
            .map_or(8_000, |media| media.rate().hz())
    }

    /// Speaks one utterance.
    pub(super) async fn speak(
        &self,
        wording: Wording,
        speech: impl Into<Speech>,
        manner: Manner,
    ) -> Result<Spoken, CallError> {
        let wording = Some(Arc::new(Mutex::new(wording)));
        self.utter(Voiced::new(speech, wording), manner).await
    }

    /// Plays a sound that is not speech of the agent: no event reports it.
    pub(crate) async fn play_untold(&self, sound: Parts<SpeechPart>) -> Result<Spoken, CallError> {
        self.utter(Voiced::new(sound, None), Manner::default())
            .await
    }

    pub(super) async fn utter(
        &self,
        mut speech: Voiced,
        manner: Manner,
    ) -> Result<Spoken, CallError> {
        // A voice that fails at once has not spoken, and holds nobody up before it has.
        let mut next = self.while_up(async { Ok(speech.next().await?) }).await?;
        if manner.part == Part::Answer {
            self.session().marks().audio();
        }
        let place = self
            .while_up(async {
                let output = self.session().output();
                let mut place = output.writer.lock().await;
                loop {
                    if let Some(arrived) = lock(&output.arrived).take() {
                        *place = Some(arrived);
                    }
                    let lost = place.as_ref().is_some_and(AgentAudioWriter::is_closed);
                    if !lost || self.is_transferred() {
                        return Ok(place);
                    }
                    // The audio is being connected again, or the call ends.
                    output.again.notified().await;
                }
            })
            .await?;
        let mut utterance = Utterance::begin(self, speech.wording.clone(), manner, place).await?;
        let mut converter: Option<Converter> = None;
        loop {
            let Some((rate_hz, samples)) = next else {
                if let Some(converter) = &mut converter {
                    let _ = converter.finish(&mut utterance).await;
                }
                let _ = utterance.write(&Arc::default(), true).await;
                return Ok(utterance.ended().await);
            };
            let same = converter.take().filter(|one| one.from_hz == rate_hz);
            let converter = converter.insert(match same {
                Some(converter) => converter,
                None => Converter::new(rate_hz, utterance.rate_hz())?,
            });
            if converter.convert(&samples, &mut utterance).await.is_err() {
                return Ok(utterance.ended().await);
            }
            next = match self.while_up(async { Ok(speech.next().await) }).await? {
                Ok(next) => next,
                Err(error) => {
                    // The caller hears the audio made so far; then the error is returned.
                    let _ = utterance.write(&Arc::default(), true).await;
                    utterance.ended().await;
                    return Err(error.into());
                }
            };
        }
    }
}

/// Speech while it is being made.
pub(super) struct Speech {
    pub(super) parts: Parts<SpeechPart>,
    /// Notes what the voice does, if it is one.
    pub(super) meter: Option<Meter>,
}

impl Speech {
    pub(super) fn metered(parts: Parts<SpeechPart>, meter: Meter) -> Self {
        let meter = Some(meter);
        Self { parts, meter }
    }
}

/// Speech that was made before.
impl From<Parts<SpeechPart>> for Speech {
    fn from(parts: Parts<SpeechPart>) -> Self {
        Self { parts, meter: None }
    }
}

/// Speech whose words are noted.
pub(super) struct Voiced {
    speech: Speech,
    wording: Option<Arc<Mutex<Wording>>>,
    /// What came first, before it is played.
    first: Option<Audio>,
}

/// Samples, and how many of them there are in a second.
type Audio = (u32, Arc<[i16]>);

impl Voiced {
    pub(super) fn new(speech: impl Into<Speech>, wording: Option<Arc<Mutex<Wording>>>) -> Self {
        Self {
            speech: speech.into(),
            wording,
            first: None,
        }
    }

    /// Waits for the first audio, and keeps it.
    pub(super) async fn begin(&mut self) -> Result<(), ProviderError> {
        self.first = self.next().await?;
        Ok(())
    }

    /// The next audio: its rate and its samples. `None` at the end.
    async fn next(&mut self) -> Result<Option<Audio>, ProviderError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        loop {
            let part = tokio::time::timeout(deadlines::VOICE, self.speech.parts.next()).await;
            let Ok(part) = part else {
                return Err(ProviderError::silent("text_to_speech", deadlines::VOICE));
            };
            let Some(part) = part else {
                break;
            };
            let part = part?;
            if let (SpeechPart::Audio { .. }, Some(meter)) = (&part, &self.speech.meter) {
                meter.spoke(part.duration());
            }
            let mut wording = self.wording.as_ref().map(|wording| lock(wording));
            if let Some(wording) = &mut wording {
                wording.add(part.duration());
            }
            match part {
                SpeechPart::Text { text, at } => {
                    if let Some(wording) = &mut wording {
                        wording.place(&text, at);
                    }
                }
                SpeechPart::Audio { rate_hz, samples } => return Ok(Some((rate_hz, samples))),
                // A part of a newer voice.
                _ => {}
            }
        }
        if let Some(wording) = &self.wording {
            lock(wording).finish();
        }
        Ok(None)
    }
}

/// An utterance on its way out. Dropped before its end, it is cut.
struct Utterance<'a> {
    call: &'a Call,
    place: MutexGuard<'a, Option<AgentAudioWriter>>,
    epoch: u32,
    number: u32,
    manner: Manner,
    wording: Option<Arc<Mutex<Wording>>>,
    /// Audio was queued. Set as soon as it is, since the future may be dropped at any await.
    queued: bool,
    outcome: Option<oneshot::Receiver<Spoken>>,
}

/// The utterance was cut.
struct Cut;

impl<'a> Utterance<'a> {
    async fn begin(
        call: &'a Call,
        wording: Option<Arc<Mutex<Wording>>>,
        manner: Manner,
        mut place: MutexGuard<'a, Option<AgentAudioWriter>>,
    ) -> Result<Self, CallError> {
        let writer = place.as_mut().ok_or(CallError::NotAnswered)?;
        let epoch = writer.begin().await.map_err(|_| CallError::Ended)?;
        let number = call.session().next_utterance();
        let output = call.session().output();
        let outcome = output.expect(number, wording.clone(), manner.part);
        Ok(Self {
            call,
            place,
            epoch,
            number,
            manner,
            wording,
            queued: false,
            outcome: Some(outcome),
        })
    }

    fn rate_hz(&self) -> u32 {
        self.place
            .as_ref()
            .map_or(8000, |writer| writer.rate().hz())
    }

    async fn write(&mut self, samples: &Arc<[i16]>, last: bool) -> Result<(), Cut> {
        let insists = self.manner.uninterruptible && self.queued;
        if insists && !self.call.session().output().says(self.number) {
            return Err(Cut);
        }
        let Some(writer) = self.place.as_mut() else {
            return Err(Cut);
        };
        let chunk = Chunk {
            epoch: self.epoch,
            utterance: self.number,
            samples: 0,
            first: !self.queued,
            last,
            uninterruptible: self.manner.uninterruptible,
        };
        let result = writer.write(chunk, samples, &mut self.queued).await;
        result.map_err(|_| Cut)
    }

    /// Waits until the caller has heard it, or it was cut.
    async fn ended(mut self) -> Spoken {
        let Some(outcome) = self.outcome.as_mut().filter(|_| self.queued) else {
            return Spoken::UNHEARD;
        };
        let mut drained = false;
        let spoken = loop {
            match tokio::time::timeout(deadlines::LOST, &mut *outcome).await {
                Ok(spoken) => break spoken.unwrap_or(Spoken::UNHEARD),
                // The media thread has had all of it for long: its report was lost.
                Err(_) if drained => break Spoken::UNHEARD,
                Err(_) => drained = self.place.as_ref().is_none_or(AgentAudioWriter::is_drained),
            }
        };
        self.outcome = None;
        if let Some(writer) = self.place.as_ref() {
            writer.let_go();
        }
        spoken
    }
}

impl Drop for Utterance<'_> {
    fn drop(&mut self) {
        let Some(outcome) = self.outcome.take() else {
            return;
        };
        if !self.queued {
            // Nothing was queued, so the media thread will report nothing.
            self.call.session().output().over(self.number);
            return;
        }
        if let Some(wording) = &self.wording {
            lock(wording).given_up(outcome);
        }
        let Some(writer) = self.place.as_mut() else {
            return;
        };
        // The epoch may have changed since an utterance began that may not be interrupted.
        let epoch = match self.manner.uninterruptible {
            true => writer.epoch(),
            false => self.epoch,
        };
        // Dropped in mid-sentence. If the queue to the owner is full, the audio plays to its end,
        // which loses nothing.
        let flush = Request::Leg(Command::Flush { epoch });
        if self.call.session().try_send(flush) {
            writer.expect_flush(epoch);
        }
    }
}

/// Converts the speech's rate to the line's, if it is another.
struct Converter {
    from_hz: u32,
    resampling: Option<Box<Resampling>>,
}

struct Resampling {
    filter: Resampler,
    block: [i16; BLOCK],
}

impl Converter {
    fn new(from_hz: u32, to_hz: u32) -> Result<Self, CallError> {
        if from_hz == to_hz {
            return Ok(Self {
                from_hz,
                resampling: None,
            });
        }
        let resampling = Resampling {
            filter: Resampler::new(from_hz, to_hz)?,
            block: [0; BLOCK],
        };
        Ok(Self {
            from_hz,
            resampling: Some(Box::new(resampling)),
        })
    }

    async fn convert(&mut self, samples: &Arc<[i16]>, to: &mut Utterance<'_>) -> Result<(), Cut> {
        match &mut self.resampling {
            Some(resampling) => resampling.convert(samples, to).await,
            None => to.write(samples, false).await,
        }
    }

    /// Writes the samples that are still inside the filter.
    async fn finish(&mut self, to: &mut Utterance<'_>) -> Result<(), Cut> {
        match &mut self.resampling {
            Some(resampling) => {
                let tail = vec![0; resampling.filter.delay_samples()];
                resampling.convert(&tail, to).await
            }
            None => Ok(()),
        }
    }
}

impl Resampling {
    async fn convert(&mut self, mut samples: &[i16], to: &mut Utterance<'_>) -> Result<(), Cut> {
        loop {
            let (taken, made) = self.filter.process(samples, &mut self.block);
            samples = samples.get(taken..).unwrap_or_default();
            let converted = self.block.get(..made).unwrap_or_default();
            to.write(&converted.into(), false).await?;
            if samples.is_empty() && made < BLOCK {
                return Ok(());
            }
        }
    }
}
