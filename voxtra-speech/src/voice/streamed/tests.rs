//! Speech over a wire that is none, in virtual time.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::super::super::{Parts, Timeouts};
use super::*;

/// What the provider is sent comes out at one end, and what it sends goes in at the other.
struct Channels {
    sent: mpsc::UnboundedSender<String>,
    received: mpsc::UnboundedReceiver<Received>,
    /// Sending fails, as on a connection that the other side has closed.
    broken: bool,
}

impl Wire for Channels {
    async fn send_text(&mut self, text: String) -> Result<(), ProviderError> {
        if self.broken {
            let kind = ProviderErrorKind::Unavailable;
            return Err(ProviderError::new("test", kind, "broken pipe"));
        }
        let _ = self.sent.send(text);
        Ok(())
    }

    async fn next(&mut self) -> Result<Received, ProviderError> {
        Ok(self.received.recv().await.unwrap_or(Received::Closed(None)))
    }
}

/// `audio` is a second of it, `done` the end and `no` a refusal.
struct Plain {
    pause: Option<Duration>,
}

impl Dialect for Plain {
    fn rate_hz(&self) -> u32 {
        8_000
    }

    fn give(&mut self, text: &str, _: Duration, _: &mut Vec<Said>) -> Vec<String> {
        vec![text.to_owned()]
    }

    fn finish(&mut self, _: Duration, _: &mut Vec<Said>) -> Vec<String> {
        vec!["finish".to_owned()]
    }

    fn read(
        &mut self,
        endpoint: &Endpoint,
        message: &Received,
        _: Duration,
        said: &mut Vec<Said>,
    ) -> Result<(), ProviderError> {
        match message {
            Received::Text(text) if text == "audio" => said.push(Said::Audio(vec![1; 8_000])),
            Received::Text(text) if text == "done" => said.push(Said::Done),
            Received::Text(text) if text == "no" => {
                return Err(
                    endpoint.error(ProviderErrorKind::RateLimited { retry_after: None }, "no")
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn pause(&self) -> Option<Duration> {
        self.pause
    }
}

struct Scene {
    texts: PartSender<String>,
    provider: mpsc::UnboundedSender<Received>,
    sent: mpsc::UnboundedReceiver<String>,
    parts: Parts<SpeechPart>,
}

impl Scene {
    /// A provider that has been given `One.`, with limits of 10 s.
    fn new(pause: Option<Duration>, broken: bool) -> Self {
        let (texts, mut feed) = Feed::queue(4);
        let (provider, received) = mpsc::unbounded_channel();
        let (outgoing, sent) = mpsc::unbounded_channel();
        let wire = Channels {
            sent: outgoing,
            received,
            broken,
        };
        let parts = Parts::made_by(move |out| async move {
            let endpoint = Endpoint::new("test", "http://localhost", Timeouts::default())?;
            let mut speech = Speech::new(&endpoint, wire, Plain { pause }, out);
            let result = speech.run("One.".to_owned(), &mut feed).await;
            speech.outbox.flush().await;
            result
        });
        Self {
            texts,
            provider,
            sent,
            parts,
        }
    }

    fn provide(&self, message: &str) {
        self.provider
            .send(Received::Text(message.to_owned()))
            .unwrap();
    }

    /// No more texts come.
    fn ends(&mut self) {
        self.texts = Feed::queue(1).0;
    }

    async fn hears(&mut self) {
        let part = self.parts.next().await;
        assert!(
            matches!(part, Some(Ok(SpeechPart::Audio { .. }))),
            "{part:?}"
        );
    }

    /// Nothing happens for this long.
    async fn rests(&mut self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            part = self.parts.next() => panic!("{part:?}"),
        }
    }

    async fn fails(&mut self) -> (ProviderErrorKind, Duration) {
        let begun = Instant::now();
        match self.parts.next().await {
            Some(Err(error)) => (error.kind, begun.elapsed()),
            other => panic!("{other:?}"),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_model_that_thinks_is_no_silence_of_the_voice() {
    let mut scene = Scene::new(None, false);
    scene.provide("audio");
    scene.hears().await;
    scene.rests(MINUTE).await;
    scene.texts.send("Two.".to_owned()).await;
    scene.rests(LIMIT - Duration::from_millis(1)).await;
    scene.provide("audio");
    scene.hears().await;
    scene.rests(MINUTE).await;
    scene.ends();
    scene.provide("done");
    assert_eq!(scene.parts.next().await, None);
    let mut sent = Vec::new();
    while let Some(message) = scene.sent.recv().await {
        sent.push(message);
    }
    assert_eq!(sent, ["One.", "Two.", "finish"]);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_not_answered_is_a_silence() {
    let mut scene = Scene::new(None, false);
    assert_eq!(scene.fails().await, (ProviderErrorKind::Timeout, LIMIT));
    let mut scene = Scene::new(None, false);
    scene.provide("audio");
    scene.hears().await;
    scene.rests(MINUTE).await;
    scene.texts.send("Two.".to_owned()).await;
    assert_eq!(scene.fails().await, (ProviderErrorKind::Timeout, LIMIT));
}

/// Messages that are neither audio nor the end keep nobody waiting.
#[tokio::test(start_paused = true)]
async fn chatter_is_a_silence_too() {
    let mut scene = Scene::new(None, false);
    let chatter = scene.provider.clone();
    let chatter = async move {
        loop {
            sleep(Duration::from_secs(1)).await;
            let _ = chatter.send(Received::Text("{}".to_owned()));
        }
    };
    tokio::select! {
        () = chatter => {}
        failed = scene.fails() => assert_eq!(failed, (ProviderErrorKind::Timeout, LIMIT)),
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_does_not_come_is_a_silence() {
    let mut scene = Scene::new(None, false);
    scene.provide("audio");
    scene.hears().await;
    scene.ends();
    assert_eq!(scene.fails().await, (ProviderErrorKind::Timeout, LIMIT));
}

/// The next text waits until what was given is spoken.
#[tokio::test(start_paused = true)]
async fn a_pause_finishes_what_was_given() {
    let mut scene = Scene::new(Some(Duration::from_millis(400)), false);
    scene.provide("audio");
    scene.hears().await;
    assert_eq!(scene.sent.recv().await.as_deref(), Some("One."));
    scene.rests(Duration::from_millis(399)).await;
    assert!(scene.sent.try_recv().is_err());
    scene.rests(Duration::from_millis(2)).await;
    assert_eq!(scene.sent.recv().await.as_deref(), Some("finish"));
    scene.texts.send("Two.".to_owned()).await;
    scene.rests(Duration::from_secs(1)).await;
    assert!(scene.sent.try_recv().is_err());
    scene.provide("done");
    scene.rests(Duration::from_millis(1)).await;
    assert_eq!(scene.sent.recv().await.as_deref(), Some("Two."));
    scene.provide("audio");
    scene.hears().await;
    scene.provide("done");
    scene.ends();
    assert_eq!(scene.parts.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_end_before_the_last_text_is_an_error() {
    let mut scene = Scene::new(None, false);
    scene.provide("done");
    let (kind, _) = scene.fails().await;
    assert_eq!(kind, ProviderErrorKind::Unavailable);
}

/// A provider that refuses and closes may break the pipe before its reason is read.
#[tokio::test(start_paused = true)]
async fn the_reason_of_a_refusal_is_read_from_a_broken_connection() {
    let mut scene = Scene::new(None, true);
    scene.provide("{}");
    scene.provide("no");
    let (kind, _) = scene.fails().await;
    assert_eq!(kind, ProviderErrorKind::RateLimited { retry_after: None });
    let mut scene = Scene::new(None, true);
    let (kind, _) = scene.fails().await;
    assert_eq!(kind, ProviderErrorKind::Unavailable);
}
