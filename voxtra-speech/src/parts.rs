//! Streams between a call and its providers: what goes in is a [`Feed`], what comes back is
//! [`Parts`]. Both are bounded, and name no runtime.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::mpsc;

use super::{BoxFuture, ProviderError};

/// What a call gives a provider, in order: the caller's audio, or text to say.
#[derive(Debug)]
pub struct Feed<T> {
    parts: Source<T>,
}

/// Parts that are there already, or that somebody sends.
#[derive(Debug)]
enum Source<T> {
    Whole(std::vec::IntoIter<T>),
    Sent(mpsc::Receiver<T>),
}

impl<T> Source<T> {
    fn whole(parts: impl IntoIterator<Item = T>) -> Self {
        let parts: Vec<T> = parts.into_iter().collect();
        Self::Whole(parts.into_iter())
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self {
            Self::Whole(parts) => Poll::Ready(parts.next()),
            Self::Sent(parts) => parts.poll_recv(cx),
        }
    }
}

impl<T> Feed<T> {
    /// A feed in which at most `waiting` parts wait to be read, at least one.
    #[must_use]
    pub fn queue(waiting: usize) -> (PartSender<T>, Self) {
        let (parts, received) = mpsc::channel(waiting.max(1));
        let received = Source::Sent(received);
        let provider = AtWork::default();
        (PartSender { parts, provider }, Self { parts: received })
    }

    /// A feed that is complete already.
    #[must_use]
    pub fn whole(parts: impl IntoIterator<Item = T>) -> Self {
        Self {
            parts: Source::whole(parts),
        }
    }

    /// Waits for the next part; `None` at the end. Cancel safe.
    pub async fn next(&mut self) -> Option<T> {
        poll_fn(|cx| self.parts.poll_next(cx)).await
    }
}

/// What a provider gives back, in order: audio, transcripts, or parts of a reply.
///
/// The provider's work runs while the parts are read, and is cancelled when they are dropped.
///
/// ```
/// use voxtra_speech::{Parts, ProviderError, ReplyPart};
///
/// # async fn read() -> Result<(), ProviderError> {
/// let mut reply = Parts::made_by(|out| async move {
///     for word in ["Good ", "morning."] {
///         // False: nobody reads any more.
///         if !out.send(ReplyPart::Text(word.to_owned())).await {
///             break;
///         }
///     }
///     Ok(())
/// });
/// while let Some(part) = reply.next().await {
///     println!("{:?}", part?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Parts<T> {
    parts: Source<T>,
    work: Option<BoxFuture<'static, Result<(), ProviderError>>>,
    provider: AtWork,
    /// Why the work ended; returned behind the parts that it made.
    failed: Option<ProviderError>,
}

impl<T: Send + 'static> Parts<T> {
    /// Parts made by `work`, which sends them to the sender that it is given. The sender waits
    /// while the reader is 16 parts behind. The error of `work` comes behind the last part.
    #[must_use]
    pub fn made_by<F>(work: impl FnOnce(PartSender<T>) -> F) -> Self
    where
        F: Future<Output = Result<(), ProviderError>> + Send + 'static,
    {
        let (parts, received) = mpsc::channel(AHEAD);
        let provider = AtWork::default();
        let sender = PartSender {
            parts,
            provider: provider.clone(),
        };
        Self {
            parts: Source::Sent(received),
            work: Some(Box::pin(work(sender))),
            provider,
            failed: None,
        }
    }
}

impl<T> Parts<T> {
    /// Parts that are complete already.
    #[must_use]
    pub fn whole(parts: impl IntoIterator<Item = T>) -> Self {
        Self {
            parts: Source::whole(parts),
            work: None,
            provider: AtWork::default(),
            failed: None,
        }
    }

    /// No parts, but an error.
    #[must_use]
    pub fn failed(error: ProviderError) -> Self {
        Self {
            failed: Some(error),
            ..Self::whole([])
        }
    }

    /// Waits for the next part; `None` at the end. After an error no more parts follow. Cancel
    /// safe.
    pub async fn next(&mut self) -> Option<Result<T, ProviderError>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The provider that makes the parts now, where one of several does and tells:
    /// [`PartSender::set_provider`]. `None`: the one that was asked.
    #[must_use]
    pub fn provider(&self) -> Option<Arc<str>> {
        self.provider.provider()
    }

    /// The same for whoever does not read the parts.
    #[must_use]
    pub fn at_work(&self) -> AtWork {
        self.provider.clone()
    }

    /// All parts to the end.
    ///
    /// # Errors
    /// The provider's error, even after some parts.
    pub async fn collect(mut self) -> Result<Vec<T>, ProviderError> {
        let mut all = Vec::new();
        while let Some(part) = self.next().await {
            all.push(part?);
        }
        Ok(all)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, ProviderError>>> {
        if let Some(work) = &mut self.work
            && let Poll::Ready(result) = work.as_mut().poll(cx)
        {
            self.work = None;
            self.failed = result.err();
        }
        match self.parts.poll_next(cx) {
            Poll::Ready(Some(part)) => Poll::Ready(Some(Ok(part))),
            // A sender may be in another task than the work; whoever ends last ends the parts.
            Poll::Ready(None) if self.work.is_some() => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(self.failed.take().map(Err)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Parts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("ended", &self.work.is_none())
            .finish_non_exhaustive()
    }
}

/// The sending end of a [`Feed`] or of [`Parts`], which end when all senders are dropped.
#[derive(Debug)]
pub struct PartSender<T> {
    parts: mpsc::Sender<T>,
    provider: AtWork,
}

/// Which provider makes some [`Parts`], where one of several does and tells.
#[derive(Clone, Debug, Default)]
pub struct AtWork(Arc<Mutex<Option<Arc<str>>>>);

impl AtWork {
    /// The one that does now. `None`: the one that was asked.
    #[must_use]
    pub fn provider(&self) -> Option<Arc<str>> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }
}

impl<T> PartSender<T> {
    /// Tells the reader which provider makes the parts from now on: for whoever asks one of
    /// several. [`Parts::provider`] has it.
    pub fn set_provider(&self, name: Arc<str>) {
        let told = &self.provider.0;
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
    }

    /// Sends a part; waits while there is no room. False once the reader is gone, so that there is
    /// no point in going on.
    pub async fn send(&self, part: T) -> bool {
        self.parts.send(part).await.is_ok()
    }

    /// Sends the first of these; waits while there is no room, and takes it off only then. False
    /// once the reader is gone. Cancel safe.
    #[cfg(feature = "net")]
    #[allow(dead_code, reason = "only providers that speak use it")]
    pub(crate) async fn send_first(&self, parts: &mut std::collections::VecDeque<T>) -> bool {
        let Ok(room) = self.parts.reserve().await else {
            return false;
        };
        if let Some(part) = parts.pop_front() {
            room.send(part);
        }
        true
    }

    /// Whether the reader is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.parts.is_closed()
    }

    /// Resolves when the reader is gone.
    pub async fn closed(&self) {
        self.parts.closed().await;
    }
}

impl<T> Clone for PartSender<T> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            provider: self.provider.clone(),
        }
    }
}

/// Parts that may wait to be read: of audio a second or two, with the few KiB that a pipe or a
/// socket gives at a time.
const AHEAD: usize = 16;

#[cfg(test)]
mod tests {
    use super::super::ProviderErrorKind;
    use super::*;

    fn refused() -> ProviderError {
        ProviderError::new("test", ProviderErrorKind::Rejected, "no")
    }

    #[tokio::test]
    async fn parts_come_in_order_and_end_with_the_work() {
        let parts = Parts::made_by(|out| async move {
            for n in 0..100 {
                assert!(out.send(n).await);
            }
            Ok(())
        });
        assert_eq!(parts.collect().await, Ok((0..100).collect()));
    }

    #[tokio::test]
    async fn an_error_comes_behind_the_parts_before_it() {
        let mut parts = Parts::made_by(|out| async move {
            out.send(1).await;
            Err(refused())
        });
        assert_eq!(parts.next().await, Some(Ok(1)));
        assert_eq!(parts.next().await, Some(Err(refused())));
        assert_eq!(parts.next().await, None);
    }

    #[tokio::test]
    async fn parts_end_only_when_the_last_sender_has() {
        let (kept, mut kept_by) = mpsc::channel(1);
        let mut parts = Parts::made_by(|out| async move {
            let _ = kept.send(out.clone()).await;
            out.send(1).await;
            Ok(())
        });
        assert_eq!(parts.next().await, Some(Ok(1)));
        let other = kept_by.recv().await.unwrap();
        assert!(other.send(2).await);
        drop(other);
        assert_eq!(parts.next().await, Some(Ok(2)));
        assert_eq!(parts.next().await, None);
    }

    #[tokio::test]
    async fn dropped_parts_cancel_the_work() {
        let (alive, mut cancelled) = mpsc::channel::<()>(1);
        let mut parts = Parts::made_by(|out| async move {
            let _alive = alive;
            out.send(1).await;
            std::future::pending().await
        });
        assert_eq!(parts.next().await, Some(Ok(1)));
        drop(parts);
        assert_eq!(cancelled.recv().await, None);
    }

    #[tokio::test]
    async fn whoever_sends_learns_that_nobody_reads() {
        let (sender, feed) = Feed::queue(0);
        assert!(sender.send(1).await);
        drop(feed);
        sender.closed().await;
        assert!(!sender.send(2).await);
    }

    #[tokio::test]
    async fn what_is_whole_needs_no_sender() {
        let mut feed = Feed::whole(["a", "b"]);
        assert_eq!(feed.next().await, Some("a"));
        assert_eq!(feed.next().await, Some("b"));
        assert_eq!(feed.next().await, None);
        assert_eq!(
            Parts::<u8>::failed(refused()).collect().await,
            Err(refused())
        );
    }
}
