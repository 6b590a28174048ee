//! One utterance: its audio, kept for a second connection, and its words.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::Recognition;

/// Most seconds of an utterance that are kept to be sent again.
const MOST_SECONDS: usize = 30;
/// Most bytes of an utterance's words.
const MOST_WORDS: usize = 64 << 10;

/// An utterance's audio. What was sent is kept until its words are certain or the utterance is
/// over: the last 30 s of it.
pub(crate) struct Kept {
    samples: VecDeque<i16>,
    /// Samples before these, since the connection was given the first.
    before: usize,
    /// Some words are certain, and their audio is gone.
    is_settled: bool,
    rate_hz: u32,
    /// Samples of these that were sent.
    sent: usize,
    least: usize,
    most: usize,
    most_kept: usize,
    /// No more will come.
    pub(crate) ended: bool,
}

impl Kept {
    /// Audio that is sent in pieces from `least` to `most` long.
    pub(crate) fn new(rate_hz: u32, (least, most): (Duration, Duration)) -> Self {
        let samples = |time| samples(time, rate_hz).max(1);
        Self {
            samples: VecDeque::new(),
            before: 0,
            is_settled: false,
            rate_hz,
            sent: 0,
            least: samples(least),
            most: samples(most),
            most_kept: samples(Duration::from_secs(1)).saturating_mul(MOST_SECONDS),
            ended: false,
        }
    }

    pub(crate) fn push(&mut self, samples: &[i16]) {
        self.samples.extend(samples);
        let too_many = self.samples.len().saturating_sub(self.most_kept);
        self.forget(too_many);
    }

    /// The words of the first `time` that the connection was given are certain.
    pub(crate) fn settle(&mut self, time: Duration) {
        self.is_settled = true;
        let settled = samples(time, self.rate_hz);
        self.forget(settled.saturating_sub(self.before));
    }

    /// Whether the audio of the words that are certain is gone, so that they must be kept.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Forgets the first samples. Only what was sent may go.
    fn forget(&mut self, samples: usize) {
        let gone = samples.min(self.sent);
        self.samples.drain(..gone);
        self.sent = self.sent.saturating_sub(gone);
        self.before = self.before.saturating_add(gone);
    }

    /// Audio that is to be sent next. The last piece is filled with silence if it is too short.
    pub(crate) fn next_piece(&mut self) -> Option<Vec<i16>> {
        let waiting = self.samples.len().saturating_sub(self.sent);
        if waiting == 0 || (waiting < self.least && !self.ended) {
            return None;
        }
        let length = waiting.min(self.most);
        let piece = self.samples.iter().skip(self.sent).take(length).copied();
        let mut piece: Vec<i16> = piece.collect();
        self.sent = self.sent.saturating_add(length);
        if piece.len() < self.least {
            piece.resize(self.least, 0);
        }
        Some(piece)
    }

    /// All that is kept is to be sent again, to another connection.
    pub(crate) fn rewind(&mut self) {
        self.sent = 0;
        self.before = 0;
    }
}

/// How many samples last so long.
fn samples(time: Duration, rate_hz: u32) -> usize {
    let samples = time.as_millis().saturating_mul(u128::from(rate_hz)) / 1_000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// The words of an utterance, as they come in segments.
#[derive(Default)]
pub(crate) struct Words {
    segments: String,
    /// Sum of the segments' confidences, each as often as it has words.
    sure: f64,
    words: usize,
    told: String,
    too_many: bool,
}

impl Words {
    /// All words so far, of which `text` are the last.
    pub(crate) fn interim(&mut self, text: &str) -> Option<Recognition> {
        let text = text.trim();
        self.too_many |= self.segments.len().saturating_add(text.len()) > MOST_WORDS;
        let mut all = self.segments.clone();
        append(&mut all, text);
        self.partial(all)
    }

    /// All words so far, of which `text` are the last, may be all of the turn.
    pub(crate) fn likely_end(&mut self, text: &str) -> Option<Recognition> {
        self.again(text).map(|text| Recognition::LikelyEnd { text })
    }

    /// They are not.
    pub(crate) fn goes_on(&mut self, text: &str) -> Option<Recognition> {
        self.again(text).map(|text| Recognition::Partial { text })
    }

    /// All words so far, whether or not they were told before.
    fn again(&mut self, text: &str) -> Option<String> {
        self.interim(text);
        let mut all = self.segments.clone();
        append(&mut all, text.trim());
        Some(all).filter(|all| !all.is_empty())
    }

    /// These words are certain.
    pub(crate) fn segment(&mut self, text: &str, confidence: f64) -> Option<Recognition> {
        let text = text.trim();
        if !is_speech(text) {
            return None;
        }
        self.too_many |= self.segments.len().saturating_add(text.len()) > MOST_WORDS;
        append(&mut self.segments, text);
        let words = text.split_whitespace().count();
        self.sure += confidence.clamp(0.0, 1.0) * words as f64;
        self.words = self.words.saturating_add(words);
        self.partial(self.segments.clone())
    }

    fn partial(&mut self, all: String) -> Option<Recognition> {
        if all.is_empty() || all == self.told {
            return None;
        }
        self.told.clone_from(&all);
        Some(Recognition::Partial { text: all })
    }

    pub(crate) fn are_too_many(&self) -> bool {
        self.too_many
    }

    /// The final transcript, if there were words.
    pub(crate) fn finish(self) -> Option<Recognition> {
        (self.words > 0).then(|| Recognition::Final {
            text: self.segments,
            confidence: (self.sure / self.words as f64) as f32,
        })
    }
}

/// Whether these are words. Models that hear nothing write a full stop, or `[BLANK_AUDIO]`.
fn is_speech(text: &str) -> bool {
    let in_brackets = [('[', ']'), ('(', ')')].iter().any(|&(open, close)| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|note| !note.contains([open, close]))
    });
    !in_brackets && text.contains(char::is_alphanumeric)
}

/// Appends words with one space between any two.
fn append(text: &mut String, more: &str) {
    for word in more.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
}
