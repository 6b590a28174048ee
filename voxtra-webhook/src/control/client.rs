//! The side of who asks.

use std::collections::VecDeque;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::entry::{EventEntry, EventList, EventQuery};
use super::offline::Offline;
use super::wire::{Answer, Browse, Browsed, REDELIVERED, Request};
use super::{Answered, ControlError, lines, prometheus, socket_of};
use crate::{EndpointStatus, EventState, OutboxError, Watched};

/// Most bytes of an answer: an event's body may be large.
const ANSWER: usize = 256 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Asks about the webhooks of a file: the service that has it open, or the file itself.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    /// None if no service answers.
    service: Option<Service>,
}

impl Control {
    /// Asks the service that has `store` open. If there is none, the file is read where it is asked
    /// for, in the calling thread; services can start meanwhile.
    ///
    /// # Errors
    /// There is no such file, or its socket is somebody else's.
    pub async fn open(store: impl Into<PathBuf>) -> Answered<Self> {
        let path = store.into();
        let file = match std::fs::metadata(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ControlError::NoStore { path });
            }
            Err(error) => {
                let what = error.to_string();
                return Err(OutboxError::Io { path, what }.into());
            }
        };
        let service = Service::find(&path, file.uid()).await?;
        Ok(Self { path, service })
    }

    /// Whether a service has the file open, and answers.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.service.is_some()
    }

    /// How the endpoints are. Without a service: what waits and what was given up.
    ///
    /// # Errors
    /// The service, or the file, does not answer.
    pub async fn status(&mut self) -> Answered<Vec<EndpointStatus>> {
        match &mut self.service {
            Some(service) => service.ask(&Request::Status).await,
            None => self.offline().status(),
        }
    }

    /// As [`status`](Self::status), as text for Prometheus.
    ///
    /// # Errors
    /// As there.
    pub async fn prometheus(&mut self) -> Answered<String> {
        match &mut self.service {
            Some(service) => service.ask(&Request::Prometheus).await,
            None => Ok(prometheus(&self.offline().status()?)),
        }
    }

    /// The events that are wanted.
    ///
    /// # Errors
    /// The service, or the file, does not answer.
    pub async fn events(&mut self, query: &EventQuery) -> Answered<EventList> {
        let mut list = EventList::default();
        for (name, endpoint) in self.endpoints().await? {
            if query
                .endpoint
                .as_ref()
                .is_some_and(|wanted| *wanted != name)
            {
                continue;
            }
            for state in &query.states {
                self.collect(query, endpoint, *state, &mut list).await?;
            }
        }
        Ok(list)
    }

    async fn collect(
        &mut self,
        query: &EventQuery,
        endpoint: u32,
        state: EventState,
        list: &mut EventList,
    ) -> Answered<()> {
        let room = query.most.saturating_sub(list.events.len());
        let mut found = VecDeque::new();
        let mut from = Some(0);
        'pages: while let Some(at) = from {
            let browse = Browse {
                endpoint,
                state,
                from: at,
                id: query.id.clone(),
                bodies: query.bodies,
            };
            let page = self.browse(browse).await?;
            for entry in page.events.into_iter().filter(|entry| query.wants(entry)) {
                found.push_back(entry);
                if found.len() <= room {
                    continue;
                }
                list.is_cut = true;
                if state != EventState::Delivered {
                    found.pop_back();
                    break 'pages;
                }
                // The newest ones are wanted, and they come last.
                found.pop_front();
            }
            from = page.next;
        }
        list.events.extend(found);
        Ok(())
    }

    /// Has these events delivered once more, with the ids that they have: dead letters, and
    /// delivered events that are kept. Returns how many wait again; events that wait already are
    /// none of them. Without a service they are delivered by the next one.
    ///
    /// # Errors
    /// The service, or the file, does not answer; earlier ones of many may wait again.
    pub async fn redeliver(&mut self, events: &[EventEntry]) -> Answered<u64> {
        let mut count = 0_u64;
        for some in events.chunks(REDELIVERED) {
            let events: Vec<_> = some.iter().map(|entry| entry.place).collect();
            let again = match &mut self.service {
                Some(service) => service.ask(&Request::Redeliver { events }).await?,
                None => self.offline().redeliver(&events)?,
            };
            count = count.saturating_add(again);
        }
        Ok(count)
    }

    /// Looks on at the service's attempts from now on.
    ///
    /// # Errors
    /// There is no service, or it does not answer.
    pub async fn tail(self) -> Answered<Tail> {
        let Some(mut service) = self.service else {
            return Err(ControlError::NotRunning { path: self.path });
        };
        service.ask::<()>(&Request::Tail).await?;
        Ok(Tail { service })
    }

    async fn endpoints(&mut self) -> Answered<Vec<(String, u32)>> {
        match &mut self.service {
            Some(service) => service.ask(&Request::Endpoints).await,
            None => self.offline().endpoints(),
        }
    }

    async fn browse(&mut self, browse: Browse) -> Answered<Browsed> {
        match &mut self.service {
            Some(service) => service.ask(&Request::Browse(browse)).await,
            None => self.offline().browse(&browse),
        }
    }

    fn offline(&self) -> Offline {
        Offline::new(&self.path)
    }
}

/// A service's attempts.
#[derive(Debug)]
pub struct Tail {
    service: Service,
}

impl Tail {
    /// Waits for the next one; `None` when the service has ended.
    ///
    /// # Errors
    /// What it says cannot be read.
    pub async fn next(&mut self) -> Answered<Option<Watched>> {
        self.service.read().await
    }
}

/// A connection to a service.
#[derive(Debug)]
struct Service {
    socket: PathBuf,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Service {
    /// The service that has the store, if there is one. `owner`: whose the store is.
    async fn find(store: &Path, owner: u32) -> Answered<Option<Self>> {
        let socket = socket_of(store);
        let Ok(found) = std::fs::symlink_metadata(&socket) else {
            return Ok(None);
        };
        let distrusted = if !found.file_type().is_socket() {
            Some("it is no socket")
        } else if found.uid() != owner {
            Some("it is not of the owner of the store")
        } else if found.mode() & 0o077 != 0 {
            Some("others may use it too: it should have the mode 0600")
        } else {
            None
        };
        if let Some(what) = distrusted {
            return Err(ControlError::Socket { socket, what });
        }
        let connected = timeout(CONNECT, UnixStream::connect(&socket)).await;
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            // A killed process left it, or one that ends took it away.
            Ok(Err(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
                ) =>
            {
                return Ok(None);
            }
            Ok(Err(error)) => {
                let what = error.to_string();
                return Err(ControlError::Connection { socket, what });
            }
            Err(_) => {
                let what = "it does not take the connection".to_owned();
                return Err(ControlError::Connection { socket, what });
            }
        };
        let (reader, writer) = stream.into_split();
        Ok(Some(Self {
            socket,
            reader: BufReader::new(reader),
            writer,
        }))
    }

    async fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Answered<T> {
        let mut line = serde_json::to_vec(request).map_err(|error| self.broken(error))?;
        line.push(b'\n');
        let asked = async {
            // Who refuses to talk with us says why before it hangs up.
            let written = self.writer.write_all(&line).await;
            match self.read().await? {
                Some(answer) => Ok(answer),
                None => Err(match written {
                    Ok(()) => self.broken("it hung up"),
                    Err(error) => self.broken(error),
                }),
            }
        };
        match timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(self.broken("it does not answer")),
        }
    }

    async fn read<T: DeserializeOwned>(&mut self) -> Answered<Option<T>> {
        let line = match lines::next(&mut self.reader, ANSWER).await {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(self.broken(error)),
        };
        match serde_json::from_slice(&line) {
            Ok(Answer::Ok(answer)) => Ok(Some(answer)),
            Ok(Answer::Error(error)) => Err(ControlError::Refused(error)),
            Err(error) => Err(self.broken(format!("it answers otherwise than expected: {error}"))),
        }
    }

    fn broken(&self, what: impl std::fmt::Display) -> ControlError {
        ControlError::Connection {
            socket: self.socket.clone(),
            what: what.to_string(),
        }
    }
}
