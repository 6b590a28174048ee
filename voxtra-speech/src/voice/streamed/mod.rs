//! Voices that are given text over a websocket while they speak: what is common to them.

mod outbox;

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use self::outbox::Outbox;
use super::super::net::{Endpoint, Received, Socket};
use super::super::{Feed, PartSender, ProviderError, ProviderErrorKind, SpeechPart};
use super::audio::Spoken;
use super::next_text;

/// What a provider's message means for the utterance.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    /// The next samples.
    Audio(Vec<i16>),
    /// These words are spoken from this place of the utterance on.
    Text { text: String, at: Duration },
    /// All that it was given is spoken.
    Done,
}

/// The messages of one provider, for one utterance.
pub(crate) trait Dialect: Send {
    /// Samples per second of its audio.
    fn rate_hz(&self) -> u32;

    /// The next text. `length` is how much has been spoken. Returns the messages to send, and adds
    /// to `said` what is known about the text at once.
    fn give(&mut self, text: &str, length: Duration, said: &mut Vec<Said>) -> Vec<String>;

    /// No more texts come. Returns the messages to send; [`Said::Done`] if nothing is left to wait
    /// for.
    fn finish(&mut self, length: Duration, said: &mut Vec<Said>) -> Vec<String>;

    /// Reads a message. `length` is how much has been spoken before it.
    fn read(
        &mut self,
        endpoint: &Endpoint,
        message: &Received,
        length: Duration,
        said: &mut Vec<Said>,
    ) -> Result<(), ProviderError>;

    /// The provider closed the connection. That is an error unless something is added to `said`.
    fn closed(&mut self, _why: Option<&str>, _length: Duration, _said: &mut Vec<Said>) {}

    /// After this long without audio the speech so far is finished while more texts may come, which
    /// are given when it is [`Said::Done`]. `None`: whoever is done can't go on.
    fn pause(&self) -> Option<Duration> {
        None
    }
}

/// How long to wait for each part of what a provider said before it closed.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A connection to a provider: a websocket, or what a test has in its place.
trait Wire: Send {
    fn send_text(&mut self, text: String)
    -> impl Future<Output = Result<(), ProviderError>> + Send;

    /// Waits for the next message, without a limit. Cancel safe.
    fn next(&mut self) -> impl Future<Output = Result<Received, ProviderError>> + Send;
}

impl Wire for Socket {
    fn send_text(
        &mut self,
        text: String,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send {
        Socket::send_text(self, text)
    }

    fn next(&mut self) -> impl Future<Output = Result<Received, ProviderError>> + Send {
        Socket::next(self)
    }
}

/// Speaks the texts with a websocket at `path`.
///
/// The work is a task of its own: parts are read as they are heard, which may pause for long, and
/// the provider's pings must be answered meanwhile. Dropping this aborts it.
pub(crate) async fn speak(
    endpoint: &Endpoint,
    path: String,
    dialect: impl Dialect + 'static,
    texts: Feed<String>,
    out: PartSender<SpeechPart>,
) -> Result<(), ProviderError> {
    let mut work = JoinSet::new();
    let task_endpoint = endpoint.clone();
    work.spawn(async move { speak_here(&task_endpoint, path, dialect, texts, out).await });
    match work.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Some(Err(_)) | None => {
            let what = "the program ends, and its speech with it";
            Err(endpoint.error(ProviderErrorKind::Unavailable, what))
        }
    }
}

async fn speak_here(
    endpoint: &Endpoint,
    path: String,
    dialect: impl Dialect,
    mut texts: Feed<String>,
    out: PartSender<SpeechPart>,
) -> Result<(), ProviderError> {
    let Some((socket, first)) = open(endpoint, &path, &mut texts).await? else {
        return Ok(());
    };
    let mut speech = Speech::new(endpoint, socket, dialect, out);
    let run = speech.run(first, &mut texts);
    // The next utterance finds a connection that is open already.
    let warm_up = async {
        endpoint.warm_up().await;
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        biased;
        result = run => result,
        () = warm_up => Ok(()),
    };
    // What was spoken is heard before an error.
    let Speech {
        socket, mut outbox, ..
    } = speech;
    if result.is_ok() {
        tokio::join!(socket.close(), outbox.flush());
    } else {
        drop(socket);
        outbox.flush().await;
    }
    result
}

/// Connects while the first text is awaited. `None` if there is none.
async fn open(
    endpoint: &Endpoint,
    path: &str,
    texts: &mut Feed<String>,
) -> Result<Option<(Socket, String)>, ProviderError> {
    let mut connecting = Box::pin(endpoint.websocket(path));
    let mut connected = None;
    loop {
        tokio::select! {
            biased;
            first = next_text(texts) => {
                let Some(first) = first else { return Ok(None) };
                let socket = match connected {
                    Some(connected) => connected,
                    None => connecting.await,
                };
                return Ok(Some((socket?, first)));
            }
            result = &mut connecting, if connected.is_none() => connected = Some(result),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Texts {
    /// More may come.
    Open,
    /// More may come, but not before what was given is spoken.
    Held,
    /// The provider is done with all that was given; more may come.
    Resting,
    Ended,
}

struct Speech<'a, W, D> {
    endpoint: &'a Endpoint,
    socket: W,
    dialect: D,
    outbox: Outbox,
    spoken: Spoken,
    given: String,
    texts: Texts,
    /// The provider owes something.
    waiting: bool,
    /// When the provider last spoke, or began to owe something.
    since: Instant,
}

impl<'a, W: Wire, D: Dialect> Speech<'a, W, D> {
    fn new(endpoint: &'a Endpoint, socket: W, dialect: D, out: PartSender<SpeechPart>) -> Self {
        Self {
            endpoint,
            socket,
            dialect,
            outbox: Outbox::new(out),
            spoken: Spoken::new(endpoint.provider()),
            given: String::new(),
            texts: Texts::Open,
            waiting: false,
            since: Instant::now(),
        }
    }

    /// Speaks; the last parts are still in the outbox then.
    async fn run(&mut self, first: String, texts: &mut Feed<String>) -> Result<(), ProviderError> {
        self.give(&first).await?;
        loop {
            let timeouts = self.endpoint.timeouts();
            let limit = if self.spoken.length().is_zero() {
                timeouts.first
            } else {
                timeouts.idle
            };
            let pause = self.dialect.pause().filter(|_| {
                self.texts == Texts::Open && !self.waiting && !self.spoken.length().is_zero()
            });
            let full = self.outbox.is_full();
            tokio::select! {
                biased;
                () = self.outbox.pass_on(), if !self.outbox.is_empty() => {
                    // The reader's time is not the provider's.
                    if full {
                        self.since = Instant::now();
                    }
                }
                text = next_text(texts), if matches!(self.texts, Texts::Open | Texts::Resting) => {
                    match text {
                        Some(text) => self.give(&text).await?,
                        None if self.texts == Texts::Resting => return self.spoken.end(&self.given),
                        None => {
                            if self.finish(Texts::Ended).await? {
                                return Ok(());
                            }
                        }
                    }
                }
                received = self.socket.next(), if !full => {
                    if self.read(received?).await? {
                        return Ok(());
                    }
                    // What comes all the time and is no audio must not put this off.
                    if self.waiting && self.since.elapsed() >= limit {
                        return Err(self.endpoint.timed_out("no audio came from it", limit));
                    }
                }
                () = at(self.since, limit), if self.waiting && !full => {
                    return Err(self.endpoint.timed_out("no audio came from it", limit));
                }
                () = at(self.since, pause.unwrap_or_default()), if pause.is_some() => {
                    self.finish(Texts::Held).await?;
                }
            }
        }
    }

    async fn give(&mut self, text: &str) -> Result<(), ProviderError> {
        let mut said = Vec::new();
        let messages = self.dialect.give(text, self.spoken.length(), &mut said);
        self.given.push_str(text);
        self.texts = Texts::Open;
        self.send(messages).await?;
        self.tell(said).await?;
        Ok(())
    }

    /// True if nothing is left to wait for.
    async fn finish(&mut self, texts: Texts) -> Result<bool, ProviderError> {
        let mut said = Vec::new();
        let messages = self.dialect.finish(self.spoken.length(), &mut said);
        self.texts = texts;
        self.send(messages).await?;
        self.tell(said).await
    }

    async fn send(&mut self, messages: Vec<String>) -> Result<(), ProviderError> {
        for message in messages {
            if let Err(error) = self.socket.send_text(message).await {
                return Err(self.last_words().await.unwrap_or(error));
            }
        }
        self.waiting = true;
        self.since = Instant::now();
        Ok(())
    }

    /// A provider that refuses says why and closes; what it said may not be read yet.
    async fn last_words(&mut self) -> Option<ProviderError> {
        let mut said = Vec::new();
        loop {
            let next = tokio::time::timeout(LAST_WORDS, self.socket.next());
            let message = next.await.ok()?.ok()?;
            if matches!(message, Received::Closed(_)) {
                return self.read(message).await.err();
            }
            let length = self.spoken.length();
            let read = self
                .dialect
                .read(self.endpoint, &message, length, &mut said);
            if let Err(error) = read {
                return Some(error);
            }
        }
    }

    /// True at the utterance's end.
    async fn read(&mut self, received: Received) -> Result<bool, ProviderError> {
        let mut said = Vec::new();
        if let Received::Closed(why) = received {
            let length = self.spoken.length();
            self.dialect.closed(why.as_deref(), length, &mut said);
            if said.is_empty() {
                return Err(self.endpoint.closed_early(why));
            }
            return self.tell(said).await;
        }
        self.dialect
            .read(self.endpoint, &received, self.spoken.length(), &mut said)?;
        self.tell(said).await
    }

    /// Passes on what was said. True at the utterance's end.
    async fn tell(&mut self, said: Vec<Said>) -> Result<bool, ProviderError> {
        for said in said {
            match said {
                Said::Audio(samples) => {
                    let part = self.spoken.add(self.dialect.rate_hz(), samples)?;
                    self.outbox.push(part);
                    // While texts may come, nobody knows whether more audio is due.
                    self.waiting = matches!(self.texts, Texts::Held | Texts::Ended);
                    self.since = Instant::now();
                }
                Said::Text { text, at } => {
                    self.outbox.push(SpeechPart::Text { text, at });
                }
                Said::Done => match self.texts {
                    Texts::Ended => {
                        self.spoken.end(&self.given)?;
                        return Ok(true);
                    }
                    Texts::Held | Texts::Open if self.dialect.pause().is_some() => {
                        self.texts = Texts::Resting;
                        self.waiting = false;
                    }
                    Texts::Held | Texts::Open | Texts::Resting => {
                        let what = "it ended the speech while it was still given text";
                        return Err(self.endpoint.error(ProviderErrorKind::Unavailable, what));
                    }
                },
            }
        }
        Ok(false)
    }
}

/// Waits until `limit` after `since`.
async fn at(since: Instant, limit: Duration) {
    match since.checked_add(limit) {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
pub(crate) mod odd;
#[cfg(test)]
mod tests;
