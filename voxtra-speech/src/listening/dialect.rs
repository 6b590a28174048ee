//! What differs from provider to provider.

use std::time::Duration;

use serde_json::Value;

use super::super::ProviderError;
use super::{Connection, Outgoing};

/// How a provider's protocol is spoken. What it remembers of a connection is forgotten when the
/// next one is opened.
pub(crate) trait Dialect: Send + 'static {
    type Connection: Connection;

    /// What is said in errors: the provider's name.
    fn provider(&self) -> &str;

    /// How long the final transcript may take.
    fn patience(&self) -> Duration;

    /// Opens a connection that takes audio.
    fn open(&mut self) -> impl Future<Output = Result<Self::Connection, ProviderError>> + Send;

    /// Whether a connection serves one utterance, and is opened for the next one.
    fn one_utterance(&self) -> bool {
        false
    }

    /// What keeps the connection open in a pause, and how often.
    fn keep_alive(&self) -> Option<(Duration, Outgoing)> {
        None
    }

    /// Shortest and longest piece of audio that it takes.
    fn pieces(&self) -> (Duration, Duration) {
        (Duration::ZERO, Duration::from_millis(250))
    }

    /// What is sent before the first audio of an utterance.
    fn begin(&mut self) -> Vec<Outgoing> {
        Vec::new()
    }

    /// The next audio.
    fn audio(&mut self, samples: &[i16]) -> Outgoing;

    /// What is sent behind the last audio of an utterance.
    fn end(&mut self) -> Vec<Outgoing>;

    /// What a message means.
    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError>;

    /// Whether all words of the utterance have come. Asked once its end was sent.
    fn is_complete(&self) -> bool;

    /// After how much silence of the provider the utterance is complete as well. `None` while words
    /// are due.
    fn settles(&self) -> Option<Duration> {
        None
    }

    /// Up to where the utterance's segments are final, since its first audio went over this
    /// connection. Asked behind each segment. `None`: the provider tells no places, and what is
    /// sent again is understood anew.
    fn final_to(&self) -> Option<Duration> {
        None
    }

    /// What is sent at the end of the call.
    fn goodbye(&mut self) -> Option<Outgoing> {
        None
    }
}

/// What a message tells of an utterance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// The words behind the last segment, so far. The next ones replace them.
    Interim(String),
    /// The words behind the last segment, once and for all.
    Segment { text: String, confidence: f64 },
    /// The words behind the last segment, so far: they may be the turn's last.
    LikelyEnd(String),
    /// The words behind the last segment, so far: they are not the turn's last.
    GoesOn(String),
    /// The provider takes the caller's turn for finished.
    EndOfTurn,
}
