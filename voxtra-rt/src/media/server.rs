//! The AudioSocket server: accepts connections, reads their ids, and hands the good ones to media threads.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;
use voxtra_core::audiosocket::{Decoder, Frame, HEADER_LEN};
use voxtra_core::leg::LegSettings;

use super::clock::Clock;
use super::connection::Connection;
use super::courier::Courier;
use super::link::{MediaLink, Shared, link};
use super::settings::MediaSettings;
use super::stats::{MediaStats, Refusal};
use super::thread::MediaThread;

/// An id message: header and 16 bytes.
const ID_MESSAGE: usize = HEADER_LEN + 16;
/// The socket's own send buffer. What lies there can't be taken back by a barge-in; the kernel rounds it up.
const SEND_BUFFER: usize = 16 * 1024;
/// A peer that acknowledges nothing for this long is gone: a cut cable, a dead machine.
const DEAD_PEER: Duration = Duration::from_secs(10);
/// Refusals are counted always and logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(1);
/// Arrivals that may wait for the application.
const ARRIVALS: usize = 64;

/// A call that came over AudioSocket alone, with an id that was allowed rather than issued.
#[derive(Debug)]
pub struct Arrival {
    /// The id that it presented.
    pub uuid: Uuid,
    /// Where it came from.
    pub peer: SocketAddr,
    /// Its media.
    pub link: MediaLink,
}

/// Which ids may connect without having been issued, and how their legs behave.
#[derive(Debug, Default)]
struct Registry {
    issued: HashMap<Uuid, Issued>,
    allowed: HashSet<Uuid>,
    allow_any: bool,
}

#[derive(Debug)]
struct Issued {
    leg: LegSettings,
    to: oneshot::Sender<Result<MediaLink, Refusal>>,
}

/// An AudioSocket server. Cheap to clone; it stops when the last clone is dropped.
#[derive(Clone)]
pub struct MediaServer {
    inner: Arc<Inner>,
    _stop: Arc<DropGuard>,
}

struct Inner {
    settings: MediaSettings,
    address: SocketAddr,
    /// How the legs of allowed (not issued) connections behave.
    leg: LegSettings,
    registry: Mutex<Registry>,
    pending: Arc<Semaphore>,
    threads: Mutex<Threads>,
    arrivals: mpsc::Sender<Arrival>,
    last_log: Mutex<Option<std::time::Instant>>,
    stats: Arc<MediaStats>,
    clock: Clock,
}

struct Threads {
    // Before the courier: the media threads leave it their last words.
    media: Vec<MediaThread>,
    next: usize,
    courier: Courier,
}

impl std::fmt::Debug for MediaServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaServer")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}

impl MediaServer {
    /// Listens and starts the media threads. `leg` is for calls whose id is allowed rather than issued; they come out of the
    /// returned channel.
    ///
    /// # Errors
    /// The address can't be bound, or a thread can't be started.
    pub async fn bind(
        settings: MediaSettings,
        leg: LegSettings,
    ) -> io::Result<(Self, mpsc::Receiver<Arrival>)> {
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let stats = Arc::new(MediaStats::default());
        let clock = Clock::start();
        let count = settings.threads.max(1);
        let (courier, bells) = Courier::start(count, settings.max_calls, stats.clone())?;
        let media = bells
            .into_iter()
            .enumerate()
            .map(|(index, bell)| MediaThread::start(index, &settings, clock, bell, stats.clone()))
            .collect::<io::Result<Vec<_>>>()?;
        let (arrivals_in, arrivals_out) = mpsc::channel(ARRIVALS);
        let stop = CancellationToken::new();
        let inner = Arc::new(Inner {
            pending: Arc::new(Semaphore::new(settings.max_pending)),
            address,
            leg,
            registry: Mutex::default(),
            threads: Mutex::new(Threads {
                media,
                next: 0,
                courier,
            }),
            arrivals: arrivals_in,
            last_log: Mutex::new(None),
            stats,
            clock,
            settings,
        });
        let accepting = inner.clone();
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(async move { accept(listener, accepting).await }),
        );
        Ok((
            Self {
                inner,
                _stop: Arc::new(stop.drop_guard()),
            },
            arrivals_out,
        ))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// What it has counted.
    pub fn stats(&self) -> &MediaStats {
        &self.inner.stats
    }

    /// The clock of its records.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// Issues an id for one connection. The ticket waits for it; dropping the ticket takes the id back.
    pub fn issue(&self, leg: LegSettings) -> Ticket {
        let uuid = Uuid::new_v4();
        let (to, link) = oneshot::channel();
        lock(&self.inner.registry)
            .issued
            .insert(uuid, Issued { leg, to });
        Ticket {
            uuid,
            link,
            server: self.inner.clone(),
        }
    }

    /// Lets connections with this id in; they arrive on the channel of [`bind`](Self::bind).
    pub fn allow(&self, uuid: Uuid) {
        lock(&self.inner.registry).allowed.insert(uuid);
    }

    /// Lets connections with any id in, as far as their address is allowed.
    pub fn allow_any(&self) {
        lock(&self.inner.registry).allow_any = true;
    }
}

/// An id that was issued to one connection.
#[derive(Debug)]
pub struct Ticket {
    uuid: Uuid,
    link: oneshot::Receiver<Result<MediaLink, Refusal>>,
    server: Arc<Inner>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The connection did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Nobody connected with the id in time.
    #[error(
        "Asterisk did not connect to the AudioSocket server in time: can it reach media.advertise, and is its address among media.allow_peers?"
    )]
    Timeout,
    /// It came and could not be taken.
    #[error("refused the call's AudioSocket connection: {0}")]
    Refused(Refusal),
}

impl Ticket {
    /// The id, as Asterisk wants it: 8-4-4-4-12 hex digits.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// Waits for the connection.
    ///
    /// # Errors
    /// It did not come within `timeout`, or had to be refused.
    pub async fn connected(mut self, timeout: Duration) -> Result<MediaLink, TicketError> {
        match tokio::time::timeout(timeout, &mut self.link).await {
            Ok(Ok(Ok(link))) => Ok(link),
            Ok(Ok(Err(reason))) => Err(TicketError::Refused(reason)),
            Ok(Err(_)) | Err(_) => Err(TicketError::Timeout),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.server.registry).issued.remove(&self.uuid);
    }
}

/// A panic while a lock was held has left nothing half done in here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, usually. Waiting lets calls end and free some.
                tracing::error!(%error, "cannot accept an AudioSocket connection; trying again in 100 ms");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if !inner.settings.allows(peer.ip()) {
            inner.refuse(peer, Refusal::Peer);
            continue;
        }
        let Ok(permit) = inner.pending.clone().try_acquire_owned() else {
            inner.refuse(peer, Refusal::Pending);
            continue;
        };
        let inner = inner.clone();
        tokio::spawn(async move {
            if let Err(reason) = inner.welcome(stream, peer).await {
                inner.refuse(peer, reason);
            }
            drop(permit);
        });
    }
}

impl Inner {
    fn refuse(&self, peer: SocketAddr, reason: Refusal) {
        self.stats.count_refused(reason);
        let now = std::time::Instant::now();
        let mut last = lock(&self.last_log);
        if last.is_none_or(|last| now.duration_since(last) >= LOG_EVERY) {
            *last = Some(now);
            let so_far = self.stats.refused(reason);
            tracing::warn!(%peer, %reason, so_far, "refused an AudioSocket connection");
        }
    }

    /// Reads the id and hands the socket to whoever it belongs to.
    async fn welcome(&self, mut stream: TcpStream, peer: SocketAddr) -> Result<(), Refusal> {
        let uuid = tokio::time::timeout(self.settings.handshake_timeout, read_id(&mut stream))
            .await
            .map_err(|_| Refusal::Timeout)??;
        let claim = {
            let mut registry = lock(&self.registry);
            match registry.issued.remove(&uuid) {
                Some(issued) => Some(issued),
                None if registry.allow_any || registry.allowed.contains(&uuid) => None,
                None => return Err(Refusal::Stranger),
            }
        };
        let leg = claim.as_ref().map_or(self.leg, |issued| issued.leg);
        let link = self.seat(stream, leg);
        match claim {
            // A ticket that was dropped meanwhile drops the link, and with it the connection.
            Some(issued) => {
                let refusal = link.as_ref().err().copied();
                let _ = issued.to.send(link);
                return refusal.map_or(Ok(()), Err);
            }
            None => {
                let link = link?;
                if self
                    .arrivals
                    .try_send(Arrival { uuid, peer, link })
                    .is_err()
                {
                    return Err(Refusal::Busy);
                }
            }
        }
        Ok(())
    }

    /// Gives the socket a seat on a media thread.
    fn seat(&self, stream: TcpStream, leg: LegSettings) -> Result<MediaLink, Refusal> {
        let stream = stream.into_std().map_err(|_| Refusal::Gone)?;
        prepare(&stream).map_err(|_| Refusal::Gone)?;
        let stream = mio::net::TcpStream::from_std(stream);
        let shared = Shared::new(leg.rate);
        let (end, link) = link(leg.rate, &self.settings, shared);
        let connection = Box::new(Connection::new(
            stream,
            leg,
            end,
            self.settings.write_timeout,
        ));

        let mut threads = lock(&self.threads);
        if self.stats.calls.fetch_add(1, Ordering::Relaxed) >= self.settings.max_calls {
            self.stats.calls.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::Busy);
        }
        threads.next = (threads.next + 1) % threads.media.len().max(1);
        let next = threads.next;
        let adopted = threads
            .media
            .get_mut(next)
            .map(|thread| thread.adopt(connection).is_ok());
        if adopted != Some(true) {
            self.stats.calls.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::Busy);
        }
        self.stats.accepted.fetch_add(1, Ordering::Relaxed);
        threads.courier.wake();
        Ok(link)
    }
}

/// The socket options that the protocol wants: no delay, a short queue, and an end for peers that vanish.
fn prepare(stream: &std::net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(DEAD_PEER))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(DEAD_PEER))?;
    Ok(())
}

async fn read_id(stream: &mut TcpStream) -> Result<Uuid, Refusal> {
    // The first byte tells a wrong protocol at once, without waiting for the rest.
    let mut message = [0; ID_MESSAGE];
    let mut filled = 0;
    while filled < ID_MESSAGE {
        let rest = message.get_mut(filled..).unwrap_or_default();
        match stream.read(rest).await {
            Ok(0) | Err(_) => return Err(Refusal::Gone),
            Ok(count) => filled += count,
        }
        let mut decoder = Decoder::<16>::new();
        let mut bytes = message.get(..filled).unwrap_or_default();
        match decoder.decode(&mut bytes) {
            Some(Ok(Frame::Id(id))) => return Ok(Uuid::from_bytes(id)),
            Some(_) => return Err(Refusal::NotAnId),
            None if message.first() != Some(&0x01) => return Err(Refusal::NotAnId),
            None => {}
        }
    }
    Err(Refusal::NotAnId)
}
