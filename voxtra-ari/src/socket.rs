//! The event websocket, kept connected for as long as the service runs.

mod bytes;
pub(crate) mod rest;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::{SinkExt, StreamExt};
use reqwest::Upgraded;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::sync::CancellationToken;

use self::bytes::TextAsBytes;
use self::rest::Orders;
use super::error::root_cause;
use super::read::Json;
use super::text::clean;
use super::{AriClient, AriError, AriEvent};

/// The event connection: one task that connects, reads, and connects again.
///
/// Read the signals with [`recv`](Self::recv). Connecting makes our application known to Asterisk;
/// without it `Stasis()` in the dialplan fails. While the connection is down events are lost, not
/// queued, so after [`AriSignal::Connected`] compare what you know with [`AriClient::channels`].
///
/// The task ends when the token is cancelled, when this value is dropped, or after
/// [`AriSignal::Replaced`].
#[derive(Debug)]
pub struct AriEvents {
    signals: mpsc::Receiver<AriSignal>,
    malformed: Arc<AtomicU64>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A report of the event connection.
#[derive(Debug)]
pub enum AriSignal {
    /// The websocket is up and our application is known to Asterisk.
    Connected,
    /// The connection failed or was lost. It is retried automatically; wrong credentials too, since
    /// they may be corrected on Asterisk's side.
    Disconnected {
        /// Why.
        error: AriError,
        /// When the next attempt is made.
        retry_in: Duration,
    },
    /// Another client connected with our application's name and now gets its calls. This is the
    /// last signal: to fight over the name would break the calls of both. Our websocket is already
    /// closed; [`exists`](crate::applications::ApplicationHandle::exists) tells when the name is
    /// free.
    Replaced,
    /// An event came.
    Event(AriEvent),
}

/// Options of the event connection. The defaults suit an Asterisk on the same network. Times below
/// 10 ms count as 10 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AriEventsOptions {
    /// The first wait after a failure. It doubles with each further one; up to as much again is
    /// added at random, so that many services don't reconnect in step. The default retries at least
    /// once a second: a restarted Asterisk sends us no calls before we reconnect.
    pub min_delay: Duration,
    /// The longest wait, before the random part.
    pub max_delay: Duration,
    /// A connection that lasted this long was stable: the waits then start from the shortest again.
    pub stable_after: Duration,
    /// How often Asterisk is pinged.
    pub ping_every: Duration,
    /// A connection is given up when nothing came for this long, not even a pong.
    pub dead_after: Duration,
    /// How many signals may wait to be read. When this many wait, the websocket is not read, and
    /// Asterisk closes a websocket that it cannot write to: nothing is dropped silently.
    pub capacity: usize,
    /// Whether the client's orders go over the websocket too, where Asterisk has that (since
    /// 20.14, 21.9 and 22.4; it is found out at each connection). Lists, files and long bodies go
    /// over HTTP all the same. Asterisk carries out one after the other what comes over the
    /// websocket, and no answer comes while signals wait in vain to be read; over HTTP, orders go
    /// side by side. `false` by default.
    pub orders_over_websocket: bool,
}

impl Default for AriEventsOptions {
    fn default() -> Self {
        Self {
            min_delay: Duration::from_millis(200),
            max_delay: Duration::from_millis(500),
            stable_after: Duration::from_secs(10),
            ping_every: Duration::from_secs(5),
            dead_after: Duration::from_secs(15),
            capacity: 4096,
            orders_over_websocket: false,
        }
    }
}

impl AriEventsOptions {
    /// These options with changes.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// These options within what timers can do: no loop without a wait, and no time beyond the end
    /// of the clock.
    fn bounded(self) -> Self {
        let bounded = |time: Duration| time.clamp(SHORTEST, LONGEST);
        Self {
            min_delay: bounded(self.min_delay),
            max_delay: bounded(self.max_delay),
            ping_every: bounded(self.ping_every),
            dead_after: bounded(self.dead_after),
            capacity: self.capacity.max(1),
            ..self
        }
    }
}

/// The shortest and the longest time of the options.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

impl AriEvents {
    /// Starts to connect, in a task of the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(client: &AriClient, options: AriEventsOptions, stop: &CancellationToken) -> Self {
        Self::start_with(
            Websocket {
                client: client.clone(),
            },
            options,
            stop,
            client,
        )
    }

    /// The next signal; `None` when the task has ended.
    pub async fn recv(&mut self) -> Option<AriSignal> {
        self.signals.recv().await
    }

    /// How many messages could not be parsed so far. Each was logged and skipped.
    pub fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    /// Closes the connection and waits until that is done.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // Signals that nobody reads must not hold up the task.
        self.signals.close();
        let _ = (&mut self.task).await;
    }

    fn start_with<C: Connect>(
        connector: C,
        options: AriEventsOptions,
        stop: &CancellationToken,
        client: &AriClient,
    ) -> Self {
        let options = options.bounded();
        let (sender, signals) = mpsc::channel(options.capacity);
        let malformed = Arc::new(AtomicU64::new(0));
        let stop = stop.child_token();
        let keeper = Keeper {
            connector,
            client: client.clone(),
            options,
            signals: sender,
            malformed: malformed.clone(),
            stop: stop.clone(),
        };
        let task = tokio::spawn(keeper.run());
        Self {
            signals,
            malformed,
            stop,
            task,
        }
    }
}

impl Drop for AriEvents {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Opens the connection. A trait, so that tests of the rest need no network and no real time.
trait Connect: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    fn connect(&self) -> impl Future<Output = Result<Self::Stream, AriError>> + Send;
}

/// The websocket on it.
type Socket<S> = WebSocketStream<TextAsBytes<S>>;

struct Websocket {
    client: AriClient,
}

impl Connect for Websocket {
    type Stream = Upgraded;

    async fn connect(&self) -> Result<Self::Stream, AriError> {
        let after = self.client.timeout();
        tokio::time::timeout(after, self.client.open_events())
            .await
            .map_err(|_| AriError::Timeout {
                request: "GET /events".to_owned(),
                after,
            })?
    }
}

/// Limits of a connection's memory, in either direction.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        // We write pings, pongs and orders. For a peer that reads nothing, only the latest pong
        // waits.
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNWRITTEN)
}

/// Bytes that may wait for Asterisk to read them.
const MAX_UNWRITTEN: usize = 64 << 10;

/// An event is a few kilobytes at most; a longer message is not an event.
const MAX_MESSAGE: usize = 1 << 20;

struct Keeper<C> {
    connector: C,
    client: AriClient,
    options: AriEventsOptions,
    signals: mpsc::Sender<AriSignal>,
    malformed: Arc<AtomicU64>,
    stop: CancellationToken,
}

/// Why the task left a connection.
enum Left {
    /// It broke: connect again.
    Lost(AriError),
    /// The task was told to stop, or the reader is gone.
    Stopped,
    /// Another client connected with our name.
    Replaced,
}

impl<C: Connect> Keeper<C> {
    async fn run(self) {
        let mut backoff = self.backoff();
        loop {
            let left = match self
                .stop
                .run_until_cancelled(self.connector.connect())
                .await
            {
                None => Left::Stopped,
                Some(Err(error)) => Left::Lost(error),
                Some(Ok(stream)) => {
                    tracing::debug!("connected to Asterisk");
                    let stream = TextAsBytes::new(stream);
                    let socket =
                        WebSocketStream::from_raw_socket(stream, Role::Client, Some(config()));
                    let socket = socket.await;
                    let since = Instant::now();
                    let left = self.read(socket).await;
                    if since.elapsed() >= self.options.stable_after {
                        backoff = self.backoff();
                    }
                    left
                }
            };
            let error = match left {
                Left::Lost(error) => error,
                Left::Stopped => return,
                Left::Replaced => {
                    self.signal(AriSignal::Replaced).await;
                    return;
                }
            };
            let retry_in = backoff.next().unwrap_or(self.options.max_delay);
            tracing::debug!(%error, ?retry_in, "no event connection to Asterisk");
            let told = self
                .signal(AriSignal::Disconnected { error, retry_in })
                .await;
            let waited = self
                .stop
                .run_until_cancelled(tokio::time::sleep(retry_in))
                .await;
            if !told || waited.is_none() {
                return;
            }
        }
    }

    async fn read(&self, mut socket: Socket<C::Stream>) -> Left {
        if !self.signal(AriSignal::Connected).await {
            return self.close(socket).await;
        }
        let mut orders = None;
        if self.options.orders_over_websocket {
            if let Err(error) = self.write(&mut socket, Orders::probe()).await {
                return Left::Lost(error);
            }
            orders = Some(Orders::new(&self.client));
        }
        let mut ping = tokio::time::interval(self.options.ping_every);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ping.reset();
        let mut heard = Instant::now();
        loop {
            let message = tokio::select! {
                biased;
                () = self.stop.cancelled() => return self.close(socket).await,
                message = socket.next() => message,
                () = tokio::time::sleep_until(heard + self.options.dead_after) => {
                    return Left::Lost(AriError::Dead { after: self.options.dead_after });
                }
                _ = ping.tick() => {
                    if let Err(error) = self.write(&mut socket, Message::Ping("alive?".into())).await {
                        return Left::Lost(error);
                    }
                    continue;
                }
                order = next(&mut orders) => {
                    if let Err(error) = self.write(&mut socket, order).await {
                        return Left::Lost(error);
                    }
                    continue;
                }
            };
            match message {
                None => return Left::Lost(AriError::Closed { reason: None }),
                Some(Err(error)) => return Left::Lost(lost(&error)),
                Some(Ok(Message::Close(frame))) => {
                    let reason = frame
                        .map(|frame| clean(&frame.reason))
                        .filter(|reason| !reason.is_empty());
                    return Left::Lost(AriError::Closed { reason });
                }
                // Of a server's text frame, too.
                Some(Ok(Message::Binary(bytes))) => match read(&bytes) {
                    Ok(Read::Response(response)) => {
                        if let Some(orders) = &mut orders {
                            orders.answered(&response);
                        }
                    }
                    Ok(Read::Event(AriEvent::ApplicationReplaced(_))) => {
                        let _ = self.close(socket).await;
                        return Left::Replaced;
                    }
                    Ok(Read::Event(event)) => {
                        if !self.signal(AriSignal::Event(event)).await {
                            return self.close(socket).await;
                        }
                    }
                    Err(error) => self.count_malformed(&error),
                },
                Some(Ok(_)) => {}
            }
            // After the signal, since its wait for room says nothing about Asterisk.
            heard = Instant::now();
        }
    }

    /// Writes a message. A peer that takes no more bytes must not block us; `dead_after` ends its
    /// connection.
    async fn write(
        &self,
        socket: &mut Socket<C::Stream>,
        message: Message,
    ) -> Result<(), AriError> {
        let sent = tokio::time::timeout(self.options.ping_every, socket.send(message));
        match sent.await {
            // There is no room because the peer reads nothing; its own messages show whether it
            // lives.
            Ok(Err(WsError::WriteBufferFull(_))) | Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(error)) => Err(lost(&error)),
        }
    }

    /// Sends a signal; `false` when the task must end.
    async fn signal(&self, signal: AriSignal) -> bool {
        let sending = self.signals.send(signal);
        matches!(self.stop.run_until_cancelled(sending).await, Some(Ok(())))
    }

    fn count_malformed(&self, error: &serde_json::Error) {
        let count = self
            .malformed
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        // 1, 2, 4, 8 …: many malformed messages must not flood the log.
        if count.is_power_of_two() {
            // It may quote what came.
            let error = clean(&error.to_string());
            tracing::warn!(
                error,
                count,
                "Asterisk sent an event that cannot be read; passed over"
            );
        }
    }

    async fn close(&self, mut socket: Socket<C::Stream>) -> Left {
        let _ = tokio::time::timeout(GOODBYE, socket.close(None)).await;
        Left::Stopped
    }

    fn backoff(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.options.min_delay)
            .with_max_delay(self.options.max_delay)
            .without_max_times()
            .with_jitter()
            .build()
    }
}

/// What a message is.
enum Read {
    Event(AriEvent),
    /// A `RESTResponse`, to one of our orders.
    Response(Json),
}

fn read(bytes: &[u8]) -> Result<Read, serde_json::Error> {
    let message: Json = serde_json::from_slice(bytes)?;
    if message
        .get("type")
        .is_some_and(|kind| kind == "RESTResponse")
    {
        return Ok(Read::Response(message));
    }
    AriEvent::of(message, bytes.len()).map(Read::Event)
}

/// The next order to write, if orders go this way.
async fn next(orders: &mut Option<Orders>) -> Message {
    match orders {
        Some(orders) => orders.next().await,
        None => std::future::pending().await,
    }
}

/// How long a close frame may take to be written.
const GOODBYE: Duration = Duration::from_secs(1);

fn lost(error: &WsError) -> AriError {
    match error {
        WsError::ConnectionClosed | WsError::AlreadyClosed => AriError::Closed { reason: None },
        error => AriError::Closed {
            reason: Some(root_cause(error)),
        },
    }
}

#[cfg(test)]
mod tests;
