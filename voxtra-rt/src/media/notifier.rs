//! Wakes async tasks on the media threads' behalf.
//!
//! Waking a task takes a lock and often a system call; a media thread may do neither. It only marks
//! a call as dirty and puts the call's slot into a ring. The notifier thread looks every
//! millisecond while calls have something to report (every four after a silence), and wakes the
//! tasks. It also drops what finished calls leave behind, since a media thread must not free memory
//! either.

use std::sync::Arc;
use std::time::Duration;

use super::link::Shared;
use super::stats::MediaStats;
use super::sync::atomic::{AtomicBool, Ordering};
use super::sync::thread::{self, JoinHandle};
use super::sync::{Consumer, Producer, PushError, RingBuffer};

/// How long a record may wait before the session is woken, while records are coming.
const ROUND: Duration = Duration::from_millis(1);
/// The same after a while without records. Each look wakes a processor, whether there is a record
/// or not.
const QUIET_ROUND: Duration = Duration::from_millis(4);
/// Rounds without a record after which `QUIET_ROUND` applies.
const QUIET_AFTER: u32 = 50;

/// What a call was on its media thread. Dropping it closes the socket.
pub(crate) trait Finished: Send + 'static {
    fn shared(&self) -> &Arc<Shared>;
}

/// The handle to the notifier of a media thread whose calls are `C`. Neither method waits.
pub(crate) struct WakeHandle<C> {
    dirty: Producer<Arc<Shared>>,
    finished: Producer<Box<C>>,
}

impl<C: Finished> WakeHandle<C> {
    /// Something was left for this call's session.
    pub(crate) fn wake(&mut self, shared: &Arc<Shared>) {
        if !shared.dirty.swap(true, Ordering::AcqRel) && self.dirty.push(shared.clone()).is_err() {
            // Cannot happen: the ring has a place for every call, and a call is in it at most once.
            shared.dirty.store(false, Ordering::Release);
        }
    }

    /// Hands over a call that is over. Gives it back if the ring is full; try again later.
    pub(crate) fn finish(&mut self, connection: Box<C>) -> Result<(), Box<C>> {
        self.finished
            .push(connection)
            .map_err(|PushError::Full(connection)| connection)
    }
}

struct Round<C> {
    dirty: Consumer<Arc<Shared>>,
    finished: Consumer<Box<C>>,
}

/// The thread that does the waking.
pub(crate) struct Notifier {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Notifier {
    /// Starts the notifier of `threads` media threads that carry up to `max_calls` calls each.
    pub(crate) fn start<C: Finished>(
        threads: usize,
        max_calls: usize,
        stats: Arc<MediaStats>,
    ) -> std::io::Result<(Self, Vec<WakeHandle<C>>)> {
        let (handles, rounds): (Vec<WakeHandle<C>>, Vec<Round<C>>) = (0..threads)
            .map(|_| {
                let (dirty_in, dirty_out) = RingBuffer::new(2 * max_calls.max(1));
                let (finished_in, finished_out) = RingBuffer::new(max_calls.max(1));
                (
                    WakeHandle {
                        dirty: dirty_in,
                        finished: finished_in,
                    },
                    Round {
                        dirty: dirty_out,
                        finished: finished_out,
                    },
                )
            })
            .unzip();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new()
            .name("voxtra-notifier".into())
            .spawn({
                let stop = stop.clone();
                move || run(rounds, &stop, &stats)
            })?;
        Ok((
            Self {
                stop,
                thread: Some(thread),
            },
            handles,
        ))
    }

    /// A call was handed to a media thread: the notifier will have work.
    pub(crate) fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn run<C: Finished>(mut rounds: Vec<Round<C>>, stop: &AtomicBool, stats: &MediaStats) {
    let mut quiet = 0_u32;
    loop {
        let mut busy = false;
        for round in &mut rounds {
            while let Ok(shared) = round.dirty.pop() {
                // Orders this swap with the media thread's swaps: what was left before any of them
                // is visible now.
                shared.dirty.swap(false, Ordering::AcqRel);
                shared.wake();
                busy = true;
            }
            while let Ok(connection) = round.finished.pop() {
                let shared = connection.shared().clone();
                // The socket is closed before any task learns that the call is over.
                drop(connection);
                stats.ended.add(&shared.stats());
                shared.closed.store(true, Ordering::Release);
                shared.wake();
                stats.calls.fetch_sub(1, Ordering::Relaxed);
                busy = true;
            }
        }
        if stop.load(Ordering::Acquire) && !busy {
            return;
        }
        quiet = if busy { 0 } else { quiet.saturating_add(1) };
        if stats.calls.load(Ordering::Relaxed) == 0 && !busy {
            thread::park();
        } else if quiet > QUIET_AFTER {
            thread::sleep(QUIET_ROUND);
        } else {
            thread::sleep(ROUND);
        }
    }
}
