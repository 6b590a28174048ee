//! Speech that waits for its reader, who plays it no faster than it is heard.

use std::collections::VecDeque;

use super::super::super::{PartSender, SpeechPart};

/// Most bytes that wait: half an hour of a telephone line. Behind them the provider is not read.
const MOST_BYTES: usize = 32 << 20;

/// Parts on their way to their reader. The provider is read meanwhile: it pings, and closes what
/// does not answer.
pub(super) struct Outbox {
    out: PartSender<SpeechPart>,
    waiting: VecDeque<SpeechPart>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn new(out: PartSender<SpeechPart>) -> Self {
        Self {
            out,
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    pub(super) fn push(&mut self, part: SpeechPart) {
        self.bytes = self.bytes.saturating_add(bytes(&part));
        self.waiting.push_back(part);
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Passes the next part on, if there is one; waits for room. Cancel safe.
    pub(super) async fn pass_on(&mut self) {
        let Some(passed) = self.waiting.front().map(bytes) else {
            return;
        };
        if self.out.send_first(&mut self.waiting).await {
            self.bytes = self.bytes.saturating_sub(passed);
        } else {
            // Nobody reads.
            self.waiting.clear();
            self.bytes = 0;
        }
    }

    /// Passes all parts on.
    pub(super) async fn flush(&mut self) {
        while !self.is_empty() {
            self.pass_on().await;
        }
    }
}

/// What a part takes, its place in the queue included.
fn bytes(part: &SpeechPart) -> usize {
    let held = match part {
        SpeechPart::Text { text, .. } => text.len(),
        SpeechPart::Audio { samples, .. } => samples.len().saturating_mul(size_of::<i16>()),
    };
    held.saturating_add(size_of::<SpeechPart>())
}

#[cfg(test)]
mod tests {
    use super::super::super::super::Feed;
    use super::*;

    #[tokio::test]
    async fn it_is_full_at_its_limit_and_empties_in_order() {
        let (out, mut feed) = Feed::queue(1);
        let mut outbox = Outbox::new(out);
        for n in 0..4_i16 {
            assert!(!outbox.is_full(), "{n}");
            outbox.push(SpeechPart::audio(8_000, vec![n; 4 << 20]));
        }
        assert!(outbox.is_full());
        let read = async {
            for n in 0..4_i16 {
                let part = feed.next().await;
                let Some(SpeechPart::Audio { samples, .. }) = part else {
                    panic!("{part:?}");
                };
                assert_eq!(samples.first(), Some(&n));
            }
        };
        tokio::join!(outbox.flush(), read);
        assert_eq!((outbox.is_full(), outbox.bytes), (false, 0));
        drop(feed);
        outbox.push(SpeechPart::audio(8_000, vec![1]));
        outbox.flush().await;
        assert_eq!(outbox.bytes, 0);
    }
}
