//! The speech-to-text of a rehearsal: it has the words from the callers themselves.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::lock;
use crate::session::deadlines::until;
use crate::speech::{
    Feed, ListenOptions, PartSender, Parts, Recognition, SpeechInput, SpeechToText,
};

/// How a rehearsal's speech-to-text understands what callers [say](super::Caller::says). The
/// default is always right, at once, and gives no partial transcripts.
///
/// ```
/// use std::time::Duration;
/// use voxtra_rt::rehearsal::Recogniser;
///
/// let hasty = Recogniser::new()
///     .partials_every(Duration::from_millis(200))
///     .finals_after(Duration::from_millis(700))
///     .mishears("nine", "five")
///     .mishears("please hold", "");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recogniser {
    /// How often partial transcripts come while the caller speaks. Default: never.
    pub partials_every: Option<Duration>,
    /// How long after the end of an utterance its final transcript comes. Default: at once.
    pub finals_after: Duration,
    /// What is said, and what is understood instead. Default: nothing.
    pub mishears: Vec<(String, String)>,
    /// How sure it says that it is, 0 to 1. Default: 1.
    pub confidence: f32,
}

impl Default for Recogniser {
    fn default() -> Self {
        Self::new()
    }
}

impl Recogniser {
    /// One that is always right, at once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            partials_every: None,
            finals_after: Duration::ZERO,
            mishears: Vec::new(),
            confidence: 1.0,
        }
    }

    /// Gives the words so far this often while the caller speaks.
    #[must_use]
    pub fn partials_every(mut self, interval: Duration) -> Self {
        self.partials_every = Some(interval);
        self
    }

    /// Gives the words of an utterance this long after its end.
    #[must_use]
    pub fn finals_after(mut self, delay: Duration) -> Self {
        self.finals_after = delay;
        self
    }

    /// Understands `heard` wherever the caller says `said`. An utterance of which nothing is
    /// understood gets no transcript.
    #[must_use]
    pub fn mishears(mut self, said: impl Into<String>, heard: impl Into<String>) -> Self {
        self.mishears.push((said.into(), heard.into()));
        self
    }

    /// Says that it is this sure, 0 to 1.
    #[must_use]
    pub fn confidence(mut self, confidence: f32) -> Self {
        self.confidence = confidence;
        self
    }

    fn understands(&self, said: &str) -> String {
        let mut heard = said.to_owned();
        for (said, instead) in &self.mishears {
            heard = heard.replace(said, instead);
        }
        heard.trim().to_owned()
    }
}

/// What a caller has begun to say and speech-to-text has not reported yet.
#[derive(Debug, Default)]
pub(crate) struct Spoken(Mutex<Saying>);

#[derive(Debug, Default)]
struct Saying {
    texts: Vec<String>,
    /// How much of the last of them was said: this many of so many samples.
    said: (usize, usize),
}

impl Spoken {
    pub(super) fn begin(&self, text: String) {
        let mut saying = lock(&self.0);
        saying.texts.push(text);
        saying.said = (0, 1);
    }

    /// So many samples of the text were said, of all that it takes.
    pub(super) fn goes_on(&self, samples: usize, of: usize) {
        lock(&self.0).said = (samples, of);
    }

    /// The words that were said by now.
    fn so_far(&self) -> String {
        let saying = lock(&self.0);
        let Some((last, before)) = saying.texts.split_last() else {
            return String::new();
        };
        let (samples, of) = saying.said;
        let characters = last.chars().count().saturating_mul(samples) / of.max(1);
        let mut said: String = last.chars().take(characters).collect();
        let rest = last.get(said.len()..).unwrap_or_default();
        if !rest.is_empty() && !rest.starts_with(' ') {
            // The last word is not complete.
            said.truncate(said.rfind(' ').unwrap_or(0));
        }
        let mut words: Vec<&str> = before.iter().map(String::as_str).collect();
        words.push(said.trim());
        words.join(" ").trim().to_owned()
    }

    fn take(&self) -> Option<String> {
        let texts = std::mem::take(&mut lock(&self.0).texts);
        (!texts.is_empty()).then(|| texts.join(" "))
    }
}

/// Speech-to-text for the call of one caller.
pub(super) struct SpokenTranscriber {
    pub(super) recogniser: Recogniser,
    pub(super) spoken: Arc<Spoken>,
}

impl SpeechToText for SpokenTranscriber {
    fn name(&self) -> &str {
        "rehearsal"
    }

    fn listen(&self, _: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let (recogniser, spoken) = (self.recogniser.clone(), self.spoken.clone());
        Parts::made_by(|out| async move {
            let listening = Listening {
                recogniser,
                spoken,
                out,
                next_partial: None,
                partial: String::new(),
                due: VecDeque::new(),
            };
            listening.run(input).await;
            Ok(())
        })
    }
}

struct Listening {
    recogniser: Recogniser,
    spoken: Arc<Spoken>,
    out: PartSender<Recognition>,
    /// When the next partial transcript comes, while the caller speaks.
    next_partial: Option<Instant>,
    partial: String,
    /// Words of utterances that have ended, and when they come.
    due: VecDeque<(Instant, String)>,
}

impl Listening {
    async fn run(mut self, mut input: Feed<SpeechInput>) {
        loop {
            let due = self.due.front().map(|(due, _)| *due);
            let part = tokio::select! {
                biased;
                () = until(due) => {
                    self.finish().await;
                    continue;
                }
                part = input.next() => part,
            };
            match part {
                Some(SpeechInput::Started) => {
                    let interval = self.recogniser.partials_every;
                    self.next_partial = interval.map(|interval| Instant::now() + interval);
                    self.partial.clear();
                }
                Some(SpeechInput::Audio(_)) => self.partly().await,
                Some(SpeechInput::Ended) => {
                    self.next_partial = None;
                    let said = self.spoken.take().unwrap_or_default();
                    let heard = self.recogniser.understands(&said);
                    let due = Instant::now() + self.recogniser.finals_after;
                    if !heard.is_empty() {
                        self.due.push_back((due, heard));
                    }
                    if self.recogniser.finals_after.is_zero() {
                        self.finish().await;
                    }
                }
                Some(_) => {}
                None => break,
            }
        }
        while let Some((due, _)) = self.due.front() {
            tokio::time::sleep_until(*due).await;
            self.finish().await;
        }
    }

    async fn partly(&mut self) {
        let (Some(interval), Some(due)) = (self.recogniser.partials_every, self.next_partial)
        else {
            return;
        };
        if due > Instant::now() {
            return;
        }
        self.next_partial = Some(Instant::now() + interval);
        let text = self.recogniser.understands(&self.spoken.so_far());
        if !text.is_empty() && text != self.partial {
            self.partial.clone_from(&text);
            self.out.send(Recognition::Partial { text }).await;
        }
    }

    async fn finish(&mut self) {
        if let Some((_, text)) = self.due.pop_front() {
            let confidence = self.recogniser.confidence;
            self.out.send(Recognition::Final { text, confidence }).await;
        }
    }
}
