//! Queues between a call and its transcriber.

use tokio::sync::mpsc;

use super::{SpeechInput, Transcript};

/// The caller's speech as it arrives, for a transcriber.
#[derive(Debug)]
pub struct CallerSpeech {
    parts: mpsc::Receiver<SpeechInput>,
}

impl CallerSpeech {
    /// A queue of at most `waiting` parts, at least one.
    #[must_use]
    pub fn queue(waiting: usize) -> (CallerSpeechSender, Self) {
        let (sender, parts) = mpsc::channel(waiting.max(1));
        (CallerSpeechSender { parts: sender }, Self { parts })
    }

    /// The next part; `None` at the end of the call. Can be cancelled without loss.
    pub async fn next(&mut self) -> Option<SpeechInput> {
        self.parts.recv().await
    }
}

/// The call's end of a [`CallerSpeech`]. The speech ends when all senders are dropped.
#[derive(Clone, Debug)]
pub struct CallerSpeechSender {
    parts: mpsc::Sender<SpeechInput>,
}

impl CallerSpeechSender {
    /// Sends a part; waits while there is no room. False once the transcriber is gone.
    pub async fn send(&self, part: SpeechInput) -> bool {
        self.parts.send(part).await.is_ok()
    }
}

/// A transcriber's output, in order.
#[derive(Debug)]
pub struct Transcripts {
    transcripts: mpsc::Receiver<Transcript>,
}

impl Transcripts {
    /// A queue of at most `waiting` transcripts, at least one.
    #[must_use]
    pub fn queue(waiting: usize) -> (TranscriptSender, Self) {
        let (sender, transcripts) = mpsc::channel(waiting.max(1));
        let sender = TranscriptSender {
            transcripts: sender,
        };
        (sender, Self { transcripts })
    }

    /// The next transcript; `None` when the transcriber has ended. Can be cancelled without loss.
    pub async fn next(&mut self) -> Option<Transcript> {
        self.transcripts.recv().await
    }
}

/// The transcriber's end of [`Transcripts`].
#[derive(Clone, Debug)]
pub struct TranscriptSender {
    transcripts: mpsc::Sender<Transcript>,
}

impl TranscriptSender {
    /// Sends a transcript; waits while there is no room. False once the reader is gone, so that
    /// there is no point in going on.
    pub async fn send(&self, transcript: Transcript) -> bool {
        self.transcripts.send(transcript).await.is_ok()
    }

    /// Resolves when the reader is gone.
    pub async fn dropped(&self) {
        self.transcripts.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn speech_comes_in_order_and_ends_with_the_call() {
        let (call, mut speech) = CallerSpeech::queue(2);
        assert!(call.send(SpeechInput::Started).await);
        assert!(call.send(SpeechInput::Audio(vec![1])).await);
        drop(call);
        assert_eq!(speech.next().await, Some(SpeechInput::Started));
        assert_eq!(speech.next().await, Some(SpeechInput::Audio(vec![1])));
        assert_eq!(speech.next().await, None);
    }

    #[tokio::test]
    async fn whoever_sends_learns_that_nobody_reads() {
        let (call, speech) = CallerSpeech::queue(0);
        drop(speech);
        assert!(!call.send(SpeechInput::Ended).await);

        let (transcriber, transcripts) = Transcripts::queue(0);
        drop(transcripts);
        transcriber.dropped().await;
        let transcript = Transcript {
            text: "too late".to_owned(),
            confidence: 1.0,
            is_final: true,
        };
        assert!(!transcriber.send(transcript).await);
    }
}
