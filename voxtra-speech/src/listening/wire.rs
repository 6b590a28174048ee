//! What carries messages: a websocket mostly.

use serde_json::Value;

use super::super::ProviderError;

/// A message to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Value> for Outgoing {
    fn from(json: Value) -> Self {
        Self::Text(json.to_string())
    }
}

/// A connection that takes messages and gives JSON.
pub(crate) trait Connection: Send {
    fn send(&mut self, message: Outgoing)
    -> impl Future<Output = Result<(), ProviderError>> + Send;

    /// Waits for the next message; a connection that was closed is an error. Cancel safe.
    fn next(&mut self) -> impl Future<Output = Result<Value, ProviderError>> + Send;

    /// Says goodbye.
    fn close(self) -> impl Future<Output = ()> + Send;
}

#[cfg(feature = "net")]
mod websocket {
    use super::super::super::net::{Received, Socket};
    use super::*;

    impl Connection for Socket {
        async fn send(&mut self, message: Outgoing) -> Result<(), ProviderError> {
            match message {
                Outgoing::Text(text) => self.send_text(text).await,
                Outgoing::Bytes(bytes) => self.send_binary(bytes).await,
            }
        }

        async fn next(&mut self) -> Result<Value, ProviderError> {
            match Socket::next(self).await? {
                Received::Text(text) => serde_json::from_str(&text)
                    .map_err(|error| self.nonsense(&format!("it sent what is no JSON: {error}"))),
                Received::Binary(_) => Err(self.nonsense("it sent bytes where text is due")),
                Received::Closed(said) => Err(self.closed_early(said)),
            }
        }

        async fn close(self) {
            Socket::close(self).await;
        }
    }
}

/// Samples as bytes, the lower half first.
pub(crate) fn pcm(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}
