//! The AudioSocket server: which ids may connect, and which media thread takes the connection.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;
use voxtra_core::audio::SampleRate;
use voxtra_core::leg::{AudioSocket, LegSettings};

use crate::audit::{self, Limiter};
use crate::lock::lock;

use super::acceptor::{self, EvictHandle};
use super::claims::{Claim, Claims};
use super::clock::Clock;
use super::connection::send_buffer;
use super::link::{MediaLink, Shared, link};
use super::memory::Heap;
use super::notifier::Notifier;
use super::peers::Peers;
use super::pending::PendingConnections;
use super::settings::MediaSettings;
use super::stats::{MediaStats, Refusal};
use super::thread::{MediaThread, NewConnection};
use super::transport::Transport;

/// A peer that acknowledges nothing for this long is gone, by a cut cable or a dead machine.
const DEAD_PEER: Duration = Duration::from_secs(10);

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

pub(super) struct Inner {
    pub(super) settings: MediaSettings,
    address: SocketAddr,
    /// How the legs of allowed (not issued) connections behave.
    leg: LegSettings,
    registry: Mutex<Registry>,
    pub(super) pending: Mutex<PendingConnections<EvictHandle>>,
    threads: Mutex<Threads>,
    peers: Peers,
    arrivals: mpsc::Sender<Arrival>,
    claims: Claims,
    logs: Logs,
    stats: Arc<MediaStats>,
    clock: Clock,
}

/// Refusals are always counted, and logged now and then. Each reason has its own limit, so that
/// many of one reason don't hide the others.
#[derive(Default)]
struct Logs {
    refusals: [Limiter; Refusal::COUNT],
    claims: Limiter,
    exhaustion: Limiter,
}

struct Threads {
    // Before the notifier: the media threads still report to it when they end.
    media: Vec<MediaThread>,
    next: usize,
    /// `None` without media threads.
    notifier: Option<Notifier>,
}

impl std::fmt::Debug for MediaServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaServer")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}

impl MediaServer {
    /// Listens and starts the media threads. `leg` is for calls whose id is allowed rather than
    /// issued; they come out of the returned channel.
    ///
    /// # Errors
    /// The address can't be bound, or a thread can't be started.
    pub async fn bind(
        settings: MediaSettings,
        leg: LegSettings,
    ) -> io::Result<(Self, mpsc::Receiver<Arrival>)> {
        Self::bind_as::<AudioSocket<Heap>>(settings, leg).await
    }

    /// The same, for peers that speak another transport than AudioSocket.
    pub(super) async fn bind_as<F: Transport>(
        settings: MediaSettings,
        leg: LegSettings,
    ) -> io::Result<(Self, mpsc::Receiver<Arrival>)> {
        let listener = acceptor::listen(settings.listen)?;
        let address = listener.local_addr()?;
        let stats = Arc::new(MediaStats::default());
        let clock = Clock::start();
        let count = settings.threads.max(1);
        let (notifier, handles) = Notifier::start(count, settings.max_calls, stats.clone())?;
        let media = handles
            .into_iter()
            .enumerate()
            .map(|(index, notify)| {
                MediaThread::start::<F>(index, &settings, clock, notify, stats.clone())
            })
            .collect::<io::Result<Vec<_>>>()?;
        // Each arrival is a call that is up, so at most this many can wait.
        let (arrivals_in, arrivals_out) = mpsc::channel(settings.max_calls.max(1));
        let stop = CancellationToken::new();
        let inner = Arc::new(Inner {
            pending: Mutex::new(acceptor::pending(&settings)),
            address,
            leg,
            registry: Mutex::default(),
            threads: Mutex::new(Threads {
                media,
                next: 0,
                notifier: Some(notifier),
            }),
            peers: Peers::default(),
            arrivals: arrivals_in,
            claims: Claims::default(),
            logs: Logs::default(),
            stats,
            clock,
            settings,
        });
        let accepting = inner.clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            acceptor::accept::<F>(listener, accepting).await
        }));
        Ok((
            Self {
                inner,
                _stop: Arc::new(stop.drop_guard()),
            },
            arrivals_out,
        ))
    }

    /// The server of an application whose calls are rehearsed: it has a clock, but neither sockets
    /// nor threads. No call arrives on it.
    pub(crate) fn rehearsed(
        settings: MediaSettings,
        leg: LegSettings,
    ) -> (Self, mpsc::Receiver<Arrival>) {
        let (arrivals_in, arrivals_out) = mpsc::channel(1);
        let inner = Arc::new(Inner {
            pending: Mutex::new(PendingConnections::new(0)),
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            leg,
            registry: Mutex::default(),
            threads: Mutex::new(Threads {
                media: Vec::new(),
                next: 0,
                notifier: None,
            }),
            peers: Peers::default(),
            arrivals: arrivals_in,
            claims: Claims::default(),
            logs: Logs::default(),
            stats: Arc::default(),
            clock: Clock::rehearsed(),
            settings,
        });
        let _stop = Arc::new(CancellationToken::new().drop_guard());
        (Self { inner, _stop }, arrivals_out)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// The server's counters.
    pub fn stats(&self) -> &MediaStats {
        &self.inner.stats
    }

    /// Its settings.
    pub(crate) fn settings(&self) -> &MediaSettings {
        &self.inner.settings
    }

    /// The clock of its records.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// Issues an id for one connection. The ticket waits for it; dropping the ticket takes the id
    /// back.
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

    /// Lets connections with any id in, if their address is allowed.
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

/// Why the connection did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Nobody connected with the id in time.
    #[error(
        "Asterisk did not connect to the AudioSocket server in time: can it reach media.advertise, and is its address among media.allow_peers?"
    )]
    Timeout,
    /// The connection came but was refused.
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

impl Inner {
    /// Counts a refusal, and logs it if the last line was long enough ago.
    pub(super) fn refuse(&self, peer: SocketAddr, reason: Refusal) {
        self.stats.count_refused(reason);
        let limiter = self.logs.refusals.get(reason as usize);
        if limiter.is_some_and(Limiter::allows) {
            let so_far = self.stats.refused(reason);
            tracing::warn!(target: audit::TARGET, %peer, %reason, so_far, "refused an AudioSocket connection");
        }
    }

    /// Raises an alarm: an id that is good for one call came, and another call has or had it.
    fn alarm(&self, peer: SocketAddr, uuid: Uuid) {
        let so_far = self
            .stats
            .second_claims
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if self.logs.claims.allows() {
            let id = audit::short(uuid);
            tracing::warn!(
                target: audit::TARGET,
                %peer, id, so_far,
                "an AudioSocket id that a call has or had came again: somebody may have seen it, or the dialplan gives it to every call"
            );
        }
    }

    /// Logs that no descriptors are left to accept with.
    pub(super) fn log_exhaustion(&self, error: &io::Error) {
        if self.logs.exhaustion.allows() {
            tracing::error!(
                %error,
                "cannot accept AudioSocket connections: raise the process's limit of open files (ulimit -n, LimitNOFILE=)"
            );
        }
    }

    /// Hands the socket of a connection with an id to the ticket or channel that the id belongs to.
    pub(super) fn admit(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        uuid: Uuid,
    ) -> Result<(), Refusal> {
        let (admitted, again) = {
            let mut registry = lock(&self.registry);
            let issued = registry.issued.remove(&uuid);
            // An id that was allowed by name may serve any number of calls.
            let is_shared = issued.is_none() && registry.allowed.contains(&uuid);
            let again = issued.is_none() && !is_shared && self.claims.knows(uuid);
            let admitted = if is_shared {
                Ok((None, None))
            } else if issued.is_some() || registry.allow_any {
                Ok((issued, Some(self.claims.enter(uuid))))
            } else if again {
                Err(Refusal::Claimed)
            } else {
                Err(Refusal::UnknownId)
            };
            (admitted, again)
        };
        if again {
            self.alarm(peer, uuid);
        }
        let (issued, claim) = admitted?;
        let leg = issued.as_ref().map_or(self.leg, |issued| issued.leg);
        let link = self.assign(stream, peer, leg, claim);
        match issued {
            // If the ticket was dropped meanwhile, the link is dropped, and the connection with it.
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

    /// Gives the socket a place on a media thread.
    fn assign(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        leg: LegSettings,
        claim: Option<Claim>,
    ) -> Result<MediaLink, Refusal> {
        let place = match self.settings.max_calls_per_peer {
            Some(most) => Some(self.peers.enter(peer.ip(), most).ok_or(Refusal::PeerBusy)?),
            None => None,
        };
        let stream = stream.into_std().map_err(|_| Refusal::Gone)?;
        prepare(&stream, leg.rate).map_err(|_| Refusal::Gone)?;
        let stream = mio::net::TcpStream::from_std(stream);
        let shared = Shared::new(leg.rate);
        let (end, link) = link(&leg, &self.settings, shared);
        let connection = NewConnection {
            stream,
            leg,
            end,
            place,
            claim,
        };

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
            .map(|thread| thread.adopt(connection, &self.settings));
        if adopted != Some(true) {
            self.stats.calls.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::Busy);
        }
        self.stats.accepted.fetch_add(1, Ordering::Relaxed);
        if let Some(notifier) = &threads.notifier {
            notifier.wake();
        }
        Ok(link)
    }
}

/// Sets the socket options that the protocol needs: no delay, a short queue, and an end for peers
/// that vanish.
fn prepare(stream: &std::net::TcpStream, rate: SampleRate) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    // A barge-in can't take back what is in this buffer.
    socket.set_send_buffer_size(send_buffer(rate))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(DEAD_PEER))?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(DEAD_PEER))?;
        // One small frame in flight has no use for a model of the path. Where BBR is the default,
        // it would pace each frame with a timer of its own, for some 5 to 10 % more CPU. Reno is in
        // every kernel; without it the default stays.
        let _ = socket.set_tcp_congestion(b"reno");
    }
    Ok(())
}
