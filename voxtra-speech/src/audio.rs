use std::sync::Arc;

use tokio::sync::mpsc;

use super::SpeechError;

/// Speech while it is synthesised: mono samples at a fixed rate, in chunks of any length.
#[derive(Debug)]
pub struct Speech {
    rate_hz: u32,
    chunks: Chunks,
}

#[derive(Debug)]
enum Chunks {
    /// All of it, until it is taken.
    Whole(Option<Arc<[i16]>>),
    Streamed(mpsc::Receiver<Result<Vec<i16>, SpeechError>>),
}

impl Speech {
    /// Speech that is made while it is played. The sender waits when the player is more than a few
    /// chunks behind, and learns when the speech was dropped.
    #[must_use]
    pub fn streamed(rate_hz: u32) -> (SpeechSender, Self) {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let chunks = Chunks::Streamed(chunks);
        (SpeechSender { chunks: sender }, Self { rate_hz, chunks })
    }

    /// Speech that is complete already.
    #[must_use]
    pub fn whole(rate_hz: u32, samples: Vec<i16>) -> Self {
        Self::shared(rate_hz, samples.into())
    }

    /// The same, of samples that others play too. They are not copied.
    #[must_use]
    pub fn shared(rate_hz: u32, samples: Arc<[i16]>) -> Self {
        let chunks = Chunks::Whole(Some(samples));
        Self { rate_hz, chunks }
    }

    /// Samples per second.
    #[must_use]
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// The next samples; `None` at the end. After an error no more samples follow. Can be cancelled
    /// without loss.
    pub async fn next(&mut self) -> Option<Result<Arc<[i16]>, SpeechError>> {
        match &mut self.chunks {
            Chunks::Whole(samples) => samples.take().map(Ok),
            Chunks::Streamed(chunks) => {
                let chunk = chunks.recv().await?;
                if chunk.is_err() {
                    chunks.close();
                }
                Some(chunk.map(Arc::from))
            }
        }
    }

    /// All samples to the end.
    ///
    /// # Errors
    /// The first error, even after samples.
    pub async fn collect(mut self) -> Result<Vec<i16>, SpeechError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.next().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all)
    }
}

/// The sending end of a [`Speech`]. Dropping it ends the speech.
#[derive(Debug)]
pub struct SpeechSender {
    chunks: mpsc::Sender<Result<Vec<i16>, SpeechError>>,
}

impl SpeechSender {
    /// Sends samples, or the error that ends the speech; waits while the player is behind. False
    /// once the speech was dropped, so that there is no point in going on.
    pub async fn send(&self, chunk: Result<Vec<i16>, SpeechError>) -> bool {
        self.chunks.send(chunk).await.is_ok()
    }

    /// Resolves when the speech was dropped.
    pub async fn dropped(&self) {
        self.chunks.closed().await;
    }
}

/// How many chunks may wait to be played: a second or two, with the few KiB that a pipe gives at a
/// time.
const CHUNKS_AHEAD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn streamed_speech_comes_in_order_and_ends_with_its_sender() {
        let (sender, speech) = Speech::streamed(16_000);
        assert_eq!(speech.rate_hz(), 16_000);
        assert!(sender.send(Ok(vec![1, 2])).await);
        assert!(sender.send(Ok(vec![3])).await);
        drop(sender);
        assert_eq!(speech.collect().await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn an_error_is_the_last_item() {
        let (sender, mut speech) = Speech::streamed(8_000);
        sender.send(Ok(vec![1])).await;
        sender.send(Err(SpeechError::ScriptEnded("v"))).await;
        assert_eq!(*speech.next().await.unwrap().unwrap(), [1]);
        assert!(speech.next().await.unwrap().is_err());
        assert!(!sender.send(Ok(vec![2])).await);
        assert!(speech.next().await.is_none());
    }

    #[tokio::test]
    async fn the_sender_learns_that_nobody_listens() {
        let (sender, speech) = Speech::streamed(8_000);
        drop(speech);
        sender.dropped().await;
        assert!(!sender.send(Ok(vec![])).await);
    }

    #[tokio::test]
    async fn whole_speech_is_one_chunk() {
        assert_eq!(
            Speech::whole(8_000, vec![5; 3]).collect().await.unwrap(),
            [5, 5, 5]
        );
    }

    #[tokio::test]
    async fn shared_speech_is_the_same_memory_for_everybody() {
        let samples: Arc<[i16]> = [1, 2].into();
        let mut speech = Speech::shared(8_000, samples.clone());
        let played = speech.next().await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&played, &samples));
        assert!(speech.next().await.is_none());
    }
}
