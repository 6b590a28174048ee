//! The side of the service.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::entry::EventEntry;
use super::wire::{Answer, Browse, Browsed, REDELIVERED, Request};
use super::{lines, prometheus, socket_of};
use crate::keeper::{Look, Order, Redeliver};
use crate::line::Line;
use crate::orders::Orders;
use crate::watch::Watch;
use crate::{EndpointStatus, Outbox, OutboxError};

/// Most bytes of a request.
const REQUEST: usize = 64 << 10;
/// How long a client may take for its next request.
const IDLE: Duration = Duration::from_secs(60);
/// How long it may take to read an answer.
const TAKE: Duration = Duration::from_secs(10);
/// How long the disk may take for what an answer needs.
const ANSWER: Duration = Duration::from_secs(30);
/// Most clients at the same time.
const CLIENTS: usize = 8;
/// Most events that one look at the outbox looks at, and bytes of their bodies.
const LOOK: usize = 256;
const LOOK_BYTES: usize = 1 << 20;
/// Most looks for one request.
const LOOKS: usize = 16;

/// What clients can ask about.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Not kept alive by us: without webhooks there is nothing to ask.
    pub(crate) orders: Weak<Orders>,
    pub(crate) lines: Vec<Arc<Line>>,
    pub(crate) watch: Watch,
}

/// The socket, as long as it is there.
#[derive(Debug)]
pub(crate) struct Server {
    task: JoinHandle<()>,
    socket: PathBuf,
    /// By what it is recognised.
    identity: (u64, u64),
}

impl Server {
    /// Begins to answer beside `store`, which is ours: whoever had the socket before is gone. Must
    /// be called inside a tokio runtime.
    pub(crate) fn start(store: &Path, access: Access) -> io::Result<Self> {
        let socket = socket_of(store);
        if let Ok(found) = std::fs::symlink_metadata(&socket)
            && !found.file_type().is_socket()
        {
            let says = format!("{} is no socket, and is left as it is", socket.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, says));
        }
        let mut unfinished = socket.as_os_str().to_owned();
        unfinished.push(format!(".new-{}", std::process::id()));
        let unfinished = PathBuf::from(unfinished);
        let _ = std::fs::remove_file(&unfinished);
        let placed = place(&unfinished, &socket);
        if placed.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        let (listener, owner, identity) = placed?;
        let task = tokio::spawn(listen(listener, owner, access));
        Ok(Self {
            task,
            socket,
            identity,
        })
    }
}

/// Listens at `unfinished`, takes it from everybody else, and only then gives it its name.
fn place(unfinished: &Path, socket: &Path) -> io::Result<(UnixListener, u32, (u64, u64))> {
    let listener = UnixListener::bind(unfinished)?;
    std::fs::set_permissions(unfinished, std::fs::Permissions::from_mode(0o600))?;
    let made = std::fs::symlink_metadata(unfinished)?;
    std::fs::rename(unfinished, socket)?;
    Ok((listener, made.uid(), (made.dev(), made.ino())))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        // Another process may have the store by now, and a socket of its own there.
        if let Ok(found) = std::fs::symlink_metadata(&self.socket)
            && (found.dev(), found.ino()) == self.identity
        {
            let _ = std::fs::remove_file(&self.socket);
        }
    }
}

async fn listen(listener: UnixListener, owner: u32, access: Access) {
    let room = Arc::new(Semaphore::new(CLIENTS));
    // They end with this task.
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "no further client of the webhooks' socket");
                // Too many open files, most likely.
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        if !may_ask(&stream, owner) {
            refuse(&stream, "only the owner of the store may ask");
            continue;
        }
        let Ok(seat) = Arc::clone(&room).try_acquire_owned() else {
            refuse(&stream, "too many clients at the moment");
            continue;
        };
        let access = access.clone();
        clients.spawn(async move {
            let (reader, writer) = stream.into_split();
            // A client that leaves is no error.
            let _ = converse(BufReader::new(reader), writer, &access).await;
            drop(seat);
        });
    }
}

/// Its owner, and root.
fn may_ask(stream: &UnixStream, owner: u32) -> bool {
    let peer = stream.peer_cred();
    peer.is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0)
}

/// Says why if that is possible at once.
fn refuse(stream: &UnixStream, why: &str) {
    if let Ok(line) = line_of(&Answer::<()>::Error(why.to_owned())) {
        let _ = stream.try_write(&line);
    }
}

type Reader = BufReader<OwnedReadHalf>;

async fn converse(
    mut reader: Reader,
    mut writer: OwnedWriteHalf,
    access: &Access,
) -> io::Result<()> {
    loop {
        let line = match timeout(IDLE, lines::next(&mut reader, REQUEST)).await {
            Ok(Ok(Some(line))) => line,
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return say::<()>(&mut writer, Err(error.to_string())).await,
            Err(_) => {
                let says = format!("no request within {} s", IDLE.as_secs());
                return say::<()>(&mut writer, Err(says)).await;
            }
        };
        match serde_json::from_slice(&line) {
            Ok(Request::Tail) => return tail(reader, writer, access).await,
            Ok(request) => answer(&mut writer, access, request).await?,
            Err(error) => {
                let says = format!("this is no request: {error}");
                return say::<()>(&mut writer, Err(says)).await;
            }
        }
    }
}

async fn answer(writer: &mut OwnedWriteHalf, access: &Access, request: Request) -> io::Result<()> {
    match request {
        Request::Status => say(writer, Ok(access.status())).await,
        Request::Prometheus => say(writer, Ok(prometheus(&access.status()))).await,
        Request::Endpoints => say(writer, access.look(|outbox| outbox.endpoints()).await).await,
        Request::Browse(browse) => say(writer, access.browse(browse).await).await,
        Request::Redeliver { events } => say(writer, access.redeliver(events).await).await,
        // Whoever gets here does not look on.
        Request::Tail => Ok(()),
    }
}

/// Tells of every attempt until the client leaves.
async fn tail(mut reader: Reader, mut writer: OwnedWriteHalf, access: &Access) -> io::Result<()> {
    let mut attempts = access.watch.attempts();
    // Whoever looks on knows from here on that nothing is missed.
    say(&mut writer, Ok(())).await?;
    loop {
        let watched = tokio::select! {
            // It has nothing to say any more: this is its end.
            _ = lines::next(&mut reader, REQUEST) => return Ok(()),
            watched = attempts.next() => watched,
        };
        match watched {
            Some(watched) => say(&mut writer, Ok(watched)).await?,
            None => return Ok(()),
        }
    }
}

async fn say<T: Serialize>(writer: &mut OwnedWriteHalf, what: Result<T, String>) -> io::Result<()> {
    let answer = match what {
        Ok(what) => Answer::Ok(what),
        Err(error) => Answer::Error(error),
    };
    let line = line_of(&answer)?;
    timeout(TAKE, writer.write_all(&line))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn line_of(answer: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    Ok(line)
}

const ENDING: &str = "the service is ending";
const AWAY: &str = "the disk of the store does not work now: events are in memory until it does";
const SLOW: &str = "the disk of the store is too slow";

impl Access {
    fn status(&self) -> Vec<EndpointStatus> {
        self.lines.iter().map(|line| line.status()).collect()
    }

    /// Has the keeper look at the outbox between two commits.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Outbox) -> Result<T, OutboxError> + Send + 'static,
    ) -> Result<T, String> {
        let (told, seen) = oneshot::channel();
        self.order(Order::Look(Look(Box::new(move |outbox| {
            let _ = told.send(outbox.map(look));
        }))))?;
        match timeout(ANSWER, seen).await {
            Ok(Ok(Some(seen))) => seen.map_err(|error| error.to_string()),
            Ok(Ok(None)) => Err(AWAY.to_owned()),
            Ok(Err(_)) => Err(ENDING.to_owned()),
            Err(_) => Err(SLOW.to_owned()),
        }
    }

    /// Looks until something is found, or this request has had its share.
    async fn browse(&self, browse: Browse) -> Result<Browsed, String> {
        let Browse {
            endpoint,
            state,
            mut from,
            id,
            bodies,
        } = browse;
        let names = self.look(|outbox| outbox.endpoints()).await?;
        let name = names.into_iter().find(|(_, number)| *number == endpoint);
        let (name, _) = name.ok_or_else(|| format!("there is no endpoint {endpoint}"))?;
        for _ in 0..LOOKS {
            let page = self
                .look(move |outbox| outbox.browse(endpoint, state, from, LOOK, LOOK_BYTES))
                .await?;
            let wanted = page.events.into_iter();
            let wanted =
                wanted.filter(|kept| id.as_ref().is_none_or(|id| *id == kept.event.event.id));
            let events: Vec<_> = wanted
                .map(|kept| EventEntry::new((endpoint, &name), kept, bodies))
                .collect();
            match page.next {
                Some(next) if events.is_empty() => from = next,
                next => return Ok(Browsed { events, next }),
            }
        }
        Ok(Browsed {
            events: Vec::new(),
            next: Some(from),
        })
    }

    async fn redeliver(&self, events: Vec<(u32, u64)>) -> Result<u64, String> {
        if events.len() > REDELIVERED {
            return Err(format!("{REDELIVERED} events at most in one request"));
        }
        let (told, done) = oneshot::channel();
        self.order(Order::Redeliver(Redeliver {
            events: BTreeSet::from_iter(events),
            told,
        }))?;
        match timeout(ANSWER, done).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(AWAY.to_owned()),
            Err(_) => Err(SLOW.to_owned()),
        }
    }

    fn order(&self, order: Order) -> Result<(), String> {
        let orders = self.orders.upgrade().ok_or(ENDING)?;
        orders.send(order).map_err(|_| ENDING.to_owned())
    }
}
