//! Sleeping until a socket is ready or a moment has come, whichever is first.
//!
//! On Linux this is epoll and a timer of its own, for two reasons: frames are due at odd
//! microseconds, and the timeout that mio passes on has whole milliseconds; and to arm a timer anew
//! for each sleep, as a timeout does, costs more than a frame does otherwise (on virtual machines
//! above all, where each arming leaves the guest). This timer is armed once a frame, however often
//! a socket wakes us before. Elsewhere it is mio, and frames leave up to a millisecond late, which
//! the report shows.

use std::io;
use std::time::Duration;

use mio::net::TcpStream;

use super::book::Nanos;

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
/// It takes longer to fall asleep and to wake up: what is due so soon is waited for awake.
const TOO_SHORT_TO_SLEEP: Nanos = 5_000;

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::OwnedFd;

    use rustix::buffer::spare_capacity;
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    use super::{Duration, MOST_EVENTS, Nanos, Ready, TOO_SHORT_TO_SLEEP, TcpStream, io};

    /// Edge-triggered readiness.
    pub(crate) struct Poller {
        epoll: OwnedFd,
        events: Vec<Event>,
        timer: OwnedFd,
        /// When the timer goes off, or went.
        armed: Nanos,
    }

    /// The timer's number among those of the calls.
    const TIMER: u64 = u64::MAX;

    impl Poller {
        pub(crate) fn new() -> io::Result<Self> {
            let epoll = epoll::create(CreateFlags::CLOEXEC)?;
            let timer = timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
            )?;
            // Edge-triggered: it need not be read.
            let flags = EventFlags::IN | EventFlags::ET;
            epoll::add(&epoll, &timer, EventData::new_u64(TIMER), flags)?;
            Ok(Self {
                epoll,
                events: Vec::with_capacity(MOST_EVENTS),
                timer,
                armed: 0,
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

        /// It is `now`: sleeps until something is ready, until `wake` at most. May wake up early.
        pub(crate) fn wait(&mut self, now: Nanos, wake: Nanos) -> io::Result<()> {
            self.events.clear();
            let at_once = wake <= now.saturating_add(TOO_SHORT_TO_SLEEP);
            if !at_once && (self.armed <= now || self.armed > wake) {
                let sleep = Duration::from_nanos(wake.saturating_sub(now));
                let alarm = Itimerspec {
                    it_interval: timespec(Duration::ZERO),
                    it_value: timespec(sleep),
                };
                timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &alarm)?;
                self.armed = wake;
            }
            let timeout = at_once.then_some(timespec(Duration::ZERO));
            match epoll::wait(
                &self.epoll,
                spare_capacity(&mut self.events),
                timeout.as_ref(),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }

        /// How many were ready.
        pub(crate) fn len(&self) -> usize {
            self.events.len()
        }

        /// One of those that were ready; `None` for the timer.
        pub(crate) fn ready(&self, n: usize) -> Option<Ready> {
            let event = self.events.get(n)?;
            let (flags, data) = (event.flags, event.data);
            Some(Ready {
                call: data.u64().try_into().ok()?,
                writable: flags.intersects(EventFlags::OUT | EventFlags::ERR | EventFlags::HUP),
                closed: flags.intersects(EventFlags::RDHUP | EventFlags::ERR | EventFlags::HUP),
            })
        }
    }

    fn timespec(duration: Duration) -> Timespec {
        Timespec {
            tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: duration.subsec_nanos().into(),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use mio::{Events, Interest, Poll, Token};

    use super::{Duration, MOST_EVENTS, Nanos, Ready, TOO_SHORT_TO_SLEEP, TcpStream, io};

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

        /// It is `now`: sleeps until something is ready, until `wake` at most. May wake up early.
        pub(crate) fn wait(&mut self, now: Nanos, wake: Nanos) -> io::Result<()> {
            self.ready.clear();
            let timeout = match Duration::from_nanos(wake.saturating_sub(now)) {
                short if short.as_nanos() <= TOO_SHORT_TO_SLEEP.into() => Duration::ZERO,
                sleep => sleep,
            };
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
