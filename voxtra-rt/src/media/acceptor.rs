//! Accepts connections, lets them wait for their id, and admits or refuses them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::descriptors::allow_descriptors;
use super::pending::{PendingConnections, Place};
use super::server::Inner;
use super::settings::MediaSettings;
use super::stats::Refusal;
use super::transport::Transport;
use crate::lock::lock;

/// Connections that the kernel keeps for us until we accept them; it may keep fewer
/// (net.core.somaxconn).
const BACKLOG: u32 = 4096;
/// With more than half of the places taken, a connection waits for its id no longer than this.
const CROWDED: Duration = Duration::from_secs(1);
/// Files that the rest of the program may need: logs, webhooks, ARI, voices.
const OTHER_FILES: usize = 256;
/// At most one descriptor in this many goes to connections that have not presented an id.
const PENDING_SHARE: u64 = 4;
/// How long the acceptor pauses after it could free nothing.
const REST: Duration = Duration::from_millis(100);
/// How long it waits for evicted connections to close.
const BREATH: Duration = Duration::from_millis(1);
/// How many connections are evicted when descriptors run out.
const EVICT_AT_ONCE: usize = 16;

/// Evicts its connection when dropped.
pub(super) type EvictHandle = oneshot::Sender<()>;

/// The pending connections that these settings and the process's descriptors allow.
pub(super) fn pending(settings: &MediaSettings) -> PendingConnections<EvictHandle> {
    let wanted = settings
        .max_calls
        .saturating_add(settings.max_pending)
        .saturating_add(OTHER_FILES);
    let limit = allow_descriptors(u64::try_from(wanted).unwrap_or(u64::MAX));
    let needed = settings.max_calls.saturating_add(OTHER_FILES);
    if limit < u64::try_from(needed).unwrap_or(u64::MAX) {
        tracing::warn!(
            limit,
            max_calls = settings.max_calls,
            "this process may not open as many files as media.max_calls asks for: raise its hard limit (ulimit -Hn, LimitNOFILE=)"
        );
    }
    let share = usize::try_from(limit / PENDING_SHARE).unwrap_or(usize::MAX);
    PendingConnections::new(settings.max_pending.min(share))
}

/// Listens, with room for a storm of calls in the kernel.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As in TcpListener::bind: a restart must not wait for the last connections' TIME-WAIT.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections for as long as it is polled.
pub(super) async fn accept<F: Transport>(listener: TcpListener, inner: Arc<Inner>) {
    let _closing = Closing(inner.clone());
    let mut spare = Spare::new();
    loop {
        match listener.accept().await {
            // Another part of the program took the last descriptor: the next free one becomes the
            // spare.
            Ok((stream, peer)) if spare.0.is_none() => {
                drop(stream);
                spare = Spare::new();
                inner.refuse(peer, Refusal::Descriptors);
            }
            Ok((stream, peer)) => receive::<F>(stream, peer, &inner),
            Err(error) if is_exhaustion(&error) => {
                inner.log_exhaustion(&error);
                let evicted = {
                    let mut pending = lock(&inner.pending);
                    (0..EVICT_AT_ONCE).map_while(|_| pending.evict()).count()
                };
                if evicted > 0 {
                    tokio::time::sleep(BREATH).await;
                } else if let Some(peer) = spare.reject(&listener).await {
                    inner.refuse(peer, Refusal::Descriptors);
                } else {
                    tokio::time::sleep(REST).await;
                }
            }
            // This connection closed before we accepted it.
            Err(error) if is_of_one_connection(&error) => tokio::task::yield_now().await,
            Err(error) => {
                tracing::error!(%error, "cannot accept AudioSocket connections; trying again in 100 ms");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Evicts every pending connection when the server stops.
struct Closing(Arc<Inner>);

impl Drop for Closing {
    fn drop(&mut self) {
        let mut pending = lock(&self.0.pending);
        while pending.evict().is_some() {}
    }
}

/// Whether descriptors or memory have run out: the error recurs until something is closed.
fn is_exhaustion(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        Errno::from_io_error(error).is_some_and(|errno| {
            [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&errno)
        })
    }
    #[cfg(not(unix))]
    {
        error.kind() != io::ErrorKind::ConnectionReset
    }
}

/// Whether the error is of one connection that was about to be accepted, not of the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

/// A descriptor in reserve. When none are left, it lets us accept a connection and close it: the
/// peer learns at once that there is no room, instead of waiting in the kernel.
struct Spare(Option<std::fs::File>);

impl Spare {
    fn new() -> Self {
        Self(std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" }).ok())
    }

    async fn reject(&mut self, listener: &TcpListener) -> Option<SocketAddr> {
        self.0.take();
        // It was ready a moment ago; if it no longer is, there is no connection to reject.
        let accepted = tokio::time::timeout(BREATH, listener.accept()).await;
        let peer = accepted.ok().and_then(Result::ok).map(|(_, peer)| peer);
        *self = Self::new();
        peer
    }
}

/// Lets a new connection wait for its id.
fn receive<F: Transport>(stream: TcpStream, peer: SocketAddr, inner: &Arc<Inner>) {
    if !inner.settings.allows(peer.ip()) {
        inner.refuse(peer, Refusal::Peer);
        return;
    }
    let (handle, told_to_go) = oneshot::channel();
    let (place, patience) = {
        let mut pending = lock(&inner.pending);
        let (place, _evicted) = pending.enter(peer.ip().into(), handle);
        let patience = if pending.is_crowded() {
            inner.settings.handshake_timeout.min(CROWDED)
        } else {
            inner.settings.handshake_timeout
        };
        (place, patience)
    };
    let guard = PendingGuard {
        place,
        inner: inner.clone(),
    };
    tokio::spawn(async move {
        let mut stream = stream;
        let id = tokio::select! {
            biased;
            id = tokio::time::timeout(patience, read_id::<F>(&mut stream)) => id.unwrap_or(Err(Refusal::Timeout)),
            _ = told_to_go => Err(Refusal::Pending),
        };
        let inner = guard.inner.clone();
        drop(guard);
        if let Err(reason) = id.and_then(|id| inner.admit(stream, peer, id)) {
            inner.refuse(peer, reason);
        }
    });
}

/// Gives the connection's place back however its task ends.
struct PendingGuard {
    place: Place,
    inner: Arc<Inner>,
}

impl Drop for PendingGuard {
    fn drop(&mut self) {
        lock(&self.inner.pending).leave(self.place);
    }
}

async fn read_id<F: Transport>(stream: &mut TcpStream) -> Result<Uuid, Refusal> {
    let mut message = vec![0; F::ID_LEN];
    let mut filled = 0;
    while filled < F::ID_LEN {
        let rest = message.get_mut(filled..).unwrap_or_default();
        match stream.read(rest).await {
            Ok(0) | Err(_) => return Err(Refusal::Gone),
            Ok(count) => filled += count,
        }
        if let Some(id) = F::id(message.get(..filled).unwrap_or_default()) {
            return id;
        }
    }
    Err(Refusal::NotAnId)
}
