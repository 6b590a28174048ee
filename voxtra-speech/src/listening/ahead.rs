//! What a call says while its provider is busy.

use std::collections::VecDeque;
use std::future::pending;

use super::super::{Feed, SpeechInput};

/// Most seconds of audio that are read ahead. Behind them the call's own queue fills.
const MOST_SECONDS: usize = 60;
/// Most parts that are read ahead, however short.
const MOST_PARTS: usize = 8_192;

/// A call's input, which can be read ahead of its use.
pub(crate) struct Ahead {
    feed: Feed<SpeechInput>,
    waiting: VecDeque<SpeechInput>,
    samples: usize,
    most_samples: usize,
    ended: bool,
}

impl Ahead {
    pub(crate) fn new(feed: Feed<SpeechInput>, rate_hz: u32) -> Self {
        let a_second = usize::try_from(rate_hz).unwrap_or(usize::MAX);
        Self {
            feed,
            waiting: VecDeque::new(),
            samples: 0,
            most_samples: a_second.saturating_mul(MOST_SECONDS),
            ended: false,
        }
    }

    /// Waits for the next part. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<SpeechInput> {
        if let Some(part) = self.waiting.pop_front() {
            self.samples = self.samples.saturating_sub(length(&part));
            return Some(part);
        }
        if self.ended {
            return None;
        }
        let part = self.feed.next().await;
        self.ended = part.is_none();
        part
    }

    /// Makes `part` the next one again.
    pub(crate) fn put_back(&mut self, part: SpeechInput) {
        self.samples = self.samples.saturating_add(length(&part));
        self.waiting.push_front(part);
    }

    /// Reads ahead for as long as it is awaited, which never resolves. Cancel safe.
    pub(crate) async fn read_ahead(&mut self) {
        while !self.ended && self.samples < self.most_samples && self.waiting.len() < MOST_PARTS {
            match self.feed.next().await {
                Some(part) => {
                    self.samples = self.samples.saturating_add(length(&part));
                    self.waiting.push_back(part);
                }
                None => self.ended = true,
            }
        }
        pending().await
    }
}

fn length(part: &SpeechInput) -> usize {
    match part {
        SpeechInput::Audio(samples) => samples.len(),
        _ => 0,
    }
}
