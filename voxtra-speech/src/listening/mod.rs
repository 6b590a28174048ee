//! Speech-to-text over a connection, for all protocols: utterance after utterance over one
//! connection, which is kept open in pauses and opened again when it broke. A protocol says only
//! how it is spoken: it is a [`Dialect`].

mod ahead;
mod dialect;
#[cfg(test)]
mod samples;
mod utterance;
mod wire;

use std::future::pending;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

pub(crate) use self::ahead::Ahead;
pub(crate) use self::dialect::{Dialect, Heard};
#[cfg(test)]
pub(crate) use self::samples::sample_json;
use self::utterance::Kept;
pub(crate) use self::utterance::Words;
pub(crate) use self::wire::{Connection, Outgoing, pcm};
use super::{
    Feed, ListenOptions, PartSender, Parts, ProviderError, ProviderErrorKind, Recognition,
    SpeechInput,
};

/// Listens to a call in this dialect.
pub(crate) fn listen<D: Dialect>(
    dialect: D,
    options: &ListenOptions,
    input: Feed<SpeechInput>,
) -> Parts<Recognition> {
    let rate_hz = options.rate_hz.max(1);
    Parts::made_by(move |out| async move {
        let listening = Listening {
            dialect,
            connection: None,
            input: Ahead::new(input, rate_hz),
            out,
            rate_hz,
        };
        listening.run().await
    })
}

struct Listening<D: Dialect> {
    dialect: D,
    connection: Option<D::Connection>,
    input: Ahead,
    out: PartSender<Recognition>,
    rate_hz: u32,
}

impl<D: Dialect> Listening<D> {
    async fn run(mut self) -> Result<(), ProviderError> {
        if !self.dialect.one_utterance() {
            match self.open().await {
                // It is tried again when the caller speaks.
                Err(error) if !error.kind.is_temporary() => return Err(error),
                _ => {}
            }
        }
        while self.wait_for_speech().await {
            self.utterance().await?;
        }
        if let Some(mut connection) = self.connection.take() {
            if let Some(goodbye) = self.dialect.goodbye() {
                let _ = connection.send(goodbye).await;
            }
            connection.close().await;
        }
        Ok(())
    }

    async fn open(&mut self) -> Result<(), ProviderError> {
        self.connection = None;
        let opened = tokio::select! {
            opened = self.dialect.open() => opened?,
            () = self.input.read_ahead() => return pending().await,
        };
        self.connection = Some(opened);
        Ok(())
    }

    /// False at the end of the call. A connection that breaks meanwhile is opened again for the
    /// next utterance.
    async fn wait_for_speech(&mut self) -> bool {
        loop {
            let broken = tokio::select! {
                part = self.input.next() => match part {
                    Some(SpeechInput::Started) => return true,
                    Some(audio @ SpeechInput::Audio(_)) => {
                        self.input.put_back(audio);
                        return true;
                    }
                    Some(SpeechInput::Ended) => false,
                    None => return false,
                },
                broken = Self::idle(self.connection.as_mut(), &mut self.dialect) => broken,
            };
            if broken {
                self.connection = None;
            }
        }
    }

    /// Keeps a connection open; resolves when it must be dropped, or was kept alive once more.
    async fn idle(connection: Option<&mut D::Connection>, dialect: &mut D) -> bool {
        let Some(connection) = connection else {
            return pending().await;
        };
        let keep_alive = dialect.keep_alive();
        let tick = keep_alive.as_ref().map(|(every, _)| *every);
        tokio::select! {
            message = connection.next() => match message {
                // Words that come after the final transcript belong to no utterance.
                Ok(message) => dialect.hear(&message).is_err(),
                Err(_) => true,
            },
            () = after(tick) => match keep_alive {
                Some((_, message)) => connection.send(message).await.is_err(),
                None => false,
            },
        }
    }

    async fn utterance(&mut self) -> Result<(), ProviderError> {
        let mut kept = Kept::new(self.rate_hz, self.dialect.pieces());
        let mut words = Words::default();
        match self.transcribe(&mut kept, &mut words).await {
            Err(error) if error.kind == ProviderErrorKind::Unavailable => {
                tracing::debug!(%error, "speech-to-text broke off; the utterance is sent again");
                self.connection = None;
                kept.rewind();
                if !kept.is_settled() {
                    words = Words::default();
                }
                self.transcribe(&mut kept, &mut words).await?;
            }
            other => other?,
        }
        if self.dialect.one_utterance() {
            self.connection = None;
        }
        if let Some(words) = words.finish() {
            self.out.send(words).await;
        }
        Ok(())
    }

    /// Sends an utterance, from its beginning or what is kept of it, and gathers its words.
    async fn transcribe(
        &mut self,
        kept: &mut Kept,
        words: &mut Words,
    ) -> Result<(), ProviderError> {
        if self.connection.is_none() {
            self.open().await?;
        }
        let mut begun = false;
        loop {
            while let Some(piece) = kept.next_piece() {
                if !begun {
                    begun = true;
                    let messages = self.dialect.begin();
                    self.send(messages).await?;
                }
                let audio = self.dialect.audio(&piece);
                self.send(vec![audio]).await?;
            }
            if kept.ended {
                break;
            }
            tokio::select! {
                part = self.input.next() => match part {
                    Some(SpeechInput::Audio(samples)) => kept.push(&samples),
                    Some(SpeechInput::Started) => {
                        self.input.put_back(SpeechInput::Started);
                        kept.ended = true;
                    }
                    Some(SpeechInput::Ended) | None => kept.ended = true,
                },
                message = received(self.connection.as_mut()) => {
                    self.take(&message?, kept, words, false).await?;
                }
            }
        }
        if begun {
            let messages = self.dialect.end();
            self.send(messages).await?;
            self.wait_for_the_rest(kept, words).await?;
        }
        Ok(())
    }

    async fn wait_for_the_rest(
        &mut self,
        kept: &mut Kept,
        words: &mut Words,
    ) -> Result<(), ProviderError> {
        let patience = self.dialect.patience();
        // `None`: for ever.
        let deadline = Instant::now().checked_add(patience);
        while !self.dialect.is_complete() {
            let settles = self.dialect.settles();
            tokio::select! {
                message = received(self.connection.as_mut()) => {
                    self.take(&message?, kept, words, true).await?;
                }
                () = after(settles) => return Ok(()),
                () = until(deadline) => {
                    let message = format!(
                        "no final transcript came within {} s",
                        patience.as_secs_f64()
                    );
                    let kind = ProviderErrorKind::Timeout;
                    return Err(ProviderError::new(self.dialect.provider(), kind, message));
                }
                () = self.input.read_ahead() => {}
            }
        }
        Ok(())
    }

    async fn send(&mut self, messages: Vec<Outgoing>) -> Result<(), ProviderError> {
        if let Some(connection) = &mut self.connection {
            for message in messages {
                connection.send(message).await?;
            }
        }
        Ok(())
    }

    async fn take(
        &mut self,
        message: &Value,
        kept: &mut Kept,
        words: &mut Words,
        ended: bool,
    ) -> Result<(), ProviderError> {
        for heard in self.dialect.hear(message)? {
            let part = match heard {
                Heard::Interim(text) => words.interim(&text),
                Heard::LikelyEnd(text) => words.likely_end(&text),
                Heard::GoesOn(text) => words.goes_on(&text),
                Heard::Segment { text, confidence } => {
                    if let Some(time) = self.dialect.final_to() {
                        kept.settle(time);
                    }
                    words.segment(&text, confidence)
                }
                Heard::EndOfTurn => Some(Recognition::EndOfTurn),
            };
            if words.are_too_many() {
                return Err(ProviderError::new(
                    self.dialect.provider(),
                    ProviderErrorKind::Protocol,
                    "it sent more than 64 KiB of words for one utterance",
                ));
            }
            // The last words are told by the final transcript.
            let is_last = ended && self.dialect.is_complete();
            if let (Some(part), false) = (part, is_last) {
                self.out.send(part).await;
            }
        }
        Ok(())
    }
}

async fn received<C: Connection>(connection: Option<&mut C>) -> Result<Value, ProviderError> {
    match connection {
        Some(connection) => connection.next().await,
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

async fn after(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => pending().await,
    }
}

/// The text at `pointer`, or none.
pub(crate) fn text<'a>(message: &'a Value, pointer: &str) -> &'a str {
    message
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The number at `pointer`.
pub(crate) fn number(message: &Value, pointer: &str) -> Option<f64> {
    message.pointer(pointer)?.as_f64()
}

/// The mean of what a provider says of how sure it is of each word; 1 if it says nothing.
pub(crate) fn mean(confidences: impl Iterator<Item = f64>) -> f64 {
    let (sum, words) = confidences.fold((0.0, 0.0), |(sum, n), sure| (sum + sure, n + 1.0));
    if words > 0.0 { sum / words } else { 1.0 }
}

#[cfg(test)]
mod tests;
