//! Sleeping until a socket is ready or a moment has come, whichever is first.
//!
//! On Linux this is epoll with `epoll_pwait2`, because frames are due at odd microseconds and the timeout that mio passes on has whole
//! milliseconds. Elsewhere it is mio, and frames leave up to a millisecond late, which the report shows.

use std::io;
use std::time::Duration;

use mio::net::TcpStream;

/// What a socket has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    /// The number it was registered with.
    pub(crate) call: u32,
    /// The connection is made, or has failed.
    pub(crate) writable: bool,
    /// The peer has closed its side, or the connection broke: reading must go on until it says so.
    pub(crate) closed: bool,
}

pub(crate) use system::Poller;

/// Sockets looked at in one go. More are seen at the next.
const MOST_EVENTS: usize = 256;

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::OwnedFd;

    use rustix::buffer::spare_capacity;
    use rustix::event::Timespec;
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

    use super::{Duration, MOST_EVENTS, Ready, TcpStream, io};

    /// Edge-triggered readiness.
    pub(crate) struct Poller {
        epoll: OwnedFd,
        events: Vec<Event>,
    }

    impl Poller {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self {
                epoll: epoll::create(CreateFlags::CLOEXEC)?,
                events: Vec::with_capacity(MOST_EVENTS),
            })
        }

        /// Watches a connection that is being made.
        pub(crate) fn add(&mut self, stream: &mut TcpStream, call: u32) -> io::Result<()> {
            let flags = EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            Ok(epoll::add(
                &self.epoll,
                &*stream,
                EventData::new_u64(call.into()),
                flags,
            )?)
        }

        /// From now on, watches it for what comes in.
        pub(crate) fn listen(&mut self, stream: &mut TcpStream, call: u32) -> io::Result<()> {
            let flags = EventFlags::IN | EventFlags::RDHUP | EventFlags::ET;
            Ok(epoll::modify(
                &self.epoll,
                &*stream,
                EventData::new_u64(call.into()),
                flags,
            )?)
        }

        /// Sleeps until something is ready, for `timeout` at most.
        pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
            self.events.clear();
            let timeout = Timespec {
                tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: timeout.subsec_nanos().into(),
            };
            match epoll::wait(
                &self.epoll,
                spare_capacity(&mut self.events),
                Some(&timeout),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }

        /// How many were ready.
        pub(crate) fn len(&self) -> usize {
            self.events.len()
        }

        /// One of those that were ready.
        pub(crate) fn ready(&self, n: usize) -> Option<Ready> {
            let event = self.events.get(n)?;
            let (flags, data) = (event.flags, event.data);
            Some(Ready {
                call: data.u64() as u32,
                writable: flags.intersects(EventFlags::OUT | EventFlags::ERR | EventFlags::HUP),
                closed: flags.intersects(EventFlags::RDHUP | EventFlags::ERR | EventFlags::HUP),
            })
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use mio::{Events, Interest, Poll, Token};

    use super::{Duration, MOST_EVENTS, Ready, TcpStream, io};

    /// Readiness by mio.
    pub(crate) struct Poller {
        poll: Poll,
        events: Events,
        ready: Vec<Ready>,
    }

    impl Poller {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self {
                poll: Poll::new()?,
                events: Events::with_capacity(MOST_EVENTS),
                ready: Vec::with_capacity(MOST_EVENTS),
            })
        }

        /// Watches a connection that is being made.
        pub(crate) fn add(&mut self, stream: &mut TcpStream, call: u32) -> io::Result<()> {
            self.poll
                .registry()
                .register(stream, Token(call as usize), Interest::WRITABLE)
        }

        /// From now on, watches it for what comes in.
        pub(crate) fn listen(&mut self, stream: &mut TcpStream, call: u32) -> io::Result<()> {
            self.poll
                .registry()
                .reregister(stream, Token(call as usize), Interest::READABLE)
        }

        /// Sleeps until something is ready, for `timeout` at most.
        pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
            self.ready.clear();
            match self.poll.poll(&mut self.events, Some(timeout)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.ready.extend(self.events.iter().map(|event| Ready {
                call: event.token().0 as u32,
                writable: event.is_writable() || event.is_error(),
                closed: event.is_read_closed() || event.is_error(),
            }));
            Ok(())
        }

        /// How many were ready.
        pub(crate) fn len(&self) -> usize {
            self.ready.len()
        }

        /// One of those that were ready.
        pub(crate) fn ready(&self, n: usize) -> Option<Ready> {
            self.ready.get(n).copied()
        }
    }
}
