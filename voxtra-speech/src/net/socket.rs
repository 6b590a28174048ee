//! Websockets to providers.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use reqwest::{RequestBuilder, StatusCode, Upgraded};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::super::{ProviderError, ProviderErrorKind};
use super::{Endpoint, failure};

/// Most bytes of a message: a second of audio as base64 is far less.
const MAX_MESSAGE: usize = 4 << 20;
/// Most bytes that wait for a provider to read them.
const MAX_UNWRITTEN: usize = 1 << 20;

/// A websocket to a provider. Dropping it closes the connection.
pub(crate) struct Socket {
    endpoint: Endpoint,
    stream: WebSocketStream<Upgraded>,
}

/// A message from a provider.
#[derive(Debug)]
pub(crate) enum Received {
    Text(String),
    Binary(Bytes),
    /// It closed the connection, and why if it said so.
    Closed(Option<String>),
}

impl Socket {
    pub(super) async fn open(
        endpoint: &Endpoint,
        request: RequestBuilder,
    ) -> Result<Self, ProviderError> {
        let key = generate_key();
        let request = request
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let answer = endpoint.respond(request).await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            if answer.status().is_success() {
                return Err(endpoint.nonsense("what answers there is no websocket"));
            }
            return Err(endpoint.refused(answer).await);
        }
        let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT);
        if accepted.map(HeaderValue::as_bytes) != Some(derive_accept_key(key.as_bytes()).as_bytes())
        {
            return Err(endpoint.nonsense("what answers there is no websocket"));
        }
        let upgraded = answer
            .upgrade()
            .await
            .map_err(|error| endpoint.broken(error))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE))
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_UNWRITTEN);
        Ok(Self {
            endpoint: endpoint.clone(),
            stream: WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await,
        })
    }

    /// Sends text, JSON mostly.
    pub(crate) async fn send_text(&mut self, text: String) -> Result<(), ProviderError> {
        self.send(Message::text(text)).await
    }

    /// Sends bytes, audio mostly.
    pub(crate) async fn send_binary(&mut self, bytes: Vec<u8>) -> Result<(), ProviderError> {
        self.send(Message::binary(bytes)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), ProviderError> {
        let idle = self.endpoint.timeouts().idle;
        match tokio::time::timeout(idle, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err(self.endpoint.timed_out("it read nothing", idle)),
        }
    }

    /// Waits for the next message, without a limit. Cancel safe. Pings are answered while this is
    /// awaited.
    pub(crate) async fn next(&mut self) -> Result<Received, ProviderError> {
        loop {
            return Ok(match self.stream.next().await {
                Some(Ok(Message::Text(text))) => Received::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => Received::Binary(bytes),
                Some(Ok(Message::Close(frame))) => {
                    let said = frame.map(|frame| format!("{} {}", frame.code, frame.reason));
                    Received::Closed(said)
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(self.broken(&error)),
                None => Received::Closed(None),
            });
        }
    }

    /// As [`next`](Self::next), but for at most `limit`.
    pub(crate) async fn next_within(&mut self, limit: Duration) -> Result<Received, ProviderError> {
        match tokio::time::timeout(limit, self.next()).await {
            Ok(received) => received,
            Err(_) => Err(self.endpoint.timed_out("nothing came from it", limit)),
        }
    }

    /// Says goodbye, where somebody still reads.
    pub(crate) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.stream.close(None)).await;
    }

    fn broken(&self, error: &dyn std::error::Error) -> ProviderError {
        self.endpoint
            .error(ProviderErrorKind::Unavailable, &failure::causes(error))
    }

    /// The error for a message that makes no sense.
    pub(crate) fn nonsense(&self, what: &str) -> ProviderError {
        self.endpoint.nonsense(what)
    }

    /// The error for a connection that the provider closed too early.
    pub(crate) fn closed_early(&self, said: Option<String>) -> ProviderError {
        self.endpoint.closed_early(said)
    }
}

impl Endpoint {
    /// The error for a websocket that the provider closed too early.
    pub(crate) fn closed_early(&self, said: Option<String>) -> ProviderError {
        let said = said.map_or_else(String::new, |said| format!(": {said}"));
        self.error(
            ProviderErrorKind::Unavailable,
            &format!("it closed the connection{said}"),
        )
    }
}
