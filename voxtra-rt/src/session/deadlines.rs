//! Limits of a session's waits, and how these times depend on each other.

use std::time::Duration;

use tokio::time::Instant;

/// How long a carrier may take to connect a call's audio.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);

/// After a channel has left: how long the owner waits for the event that says why.
pub(super) const CAUSE: Duration = Duration::from_millis(250);
/// After an order met a channel that is gone: how long to wait for the event that reports it.
pub(crate) const GONE: Duration = Duration::from_millis(500);
/// After the audio stopped: how long to wait for the event of a hang-up before connecting it again.
pub(super) const HANG_UP: Duration = Duration::from_millis(150);
/// How long a call may live on without audio that cannot be connected again.
pub(super) const WITHOUT_MEDIA: Duration = Duration::from_secs(2);
/// How long a channel may stay after an order to hang up, before its session ends without it.
pub(super) const HANGS_UP: Duration = Duration::from_secs(10);

/// How long an order waits until the owner has taken every earlier request.
pub(super) const TAKEN: Duration = Duration::from_secs(1);

/// How long the end of an utterance is awaited after the media thread has taken all of its audio,
/// which lasts for 40 ms at most then.
pub(super) const LOST: Duration = Duration::from_secs(2);
/// How long a language model may take to its first part, and to each next one. Providers on the
/// network have limits of their own, of 2 min at most in the configuration.
pub(super) const MODEL: Duration = Duration::from_secs(150);
/// The same for a voice, which waits for what the model writes.
pub(super) const VOICE: Duration = Duration::from_secs(180);

/// After the end of the call: how long its handler and its hooks may go on.
pub(super) const HANDLER: Duration = Duration::from_secs(5);
/// After that: how long the handler may take to notice that it was stopped.
pub(super) const ABORT: Duration = Duration::from_secs(1);
/// At the application's end: how long sessions may take after they were hung up.
pub(crate) const FINISH: Duration = Duration::from_secs(8);

const _: () = {
    // Else a voice would be blamed for a slow model.
    assert!(VOICE.as_millis() > MODEL.as_millis());
    // Else an order would fail before the call ends, and its handler would see the wrong error.
    assert!(GONE.as_millis() > CAUSE.as_millis());
    // Else audio would be connected again to a call that is about to end.
    assert!(WITHOUT_MEDIA.as_millis() > CAUSE.as_millis() + HANG_UP.as_millis());
    // Else the application would leave sessions behind whose handlers were given time.
    assert!(FINISH.as_millis() > HANDLER.as_millis() + ABORT.as_millis());
};

/// Waits until then; for ever without a time.
pub(crate) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
