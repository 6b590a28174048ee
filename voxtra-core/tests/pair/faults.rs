//! The fault injector: one direction of a TCP connection, and what can go wrong on it. Bytes arrive
//! in order, or not at all.

use std::collections::VecDeque;
use std::time::Duration;

use voxtra_core::time::Instant;

use crate::chance::Chance;

/// What goes wrong during a call. Nothing, by default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// What each write takes, either direction, and up to how much longer.
    pub(crate) delay_ms: u64,
    pub(crate) jitter_ms: u64,
    /// What was written in so many milliseconds arrives together at their end.
    pub(crate) bunch_ms: u64,
    /// Writes arrive in pieces of at most so many bytes, spread over 4 ms. 0: whole.
    pub(crate) piece_bytes: u64,
    /// Of the peer's messages so many in a thousand arrive with one bit wrong.
    pub(crate) wrong_bits_per_mille: u64,
    /// The connection breaks at this time; what is on its way is lost.
    pub(crate) lost_at_ms: Option<u64>,
    /// Asterisk does not read for a while: from, for, in milliseconds.
    pub(crate) stall_ms: Option<(u64, u64)>,
    /// Our media thread does not run for a while, again and again: every, for, in milliseconds.
    pub(crate) freeze_ms: Option<(u64, u64)>,
    /// How much slower than ours Asterisk's clock is, in millionths.
    pub(crate) slower_ppm: i64,
}

impl Faults {
    /// When a media thread that should run at `at` does.
    pub(crate) fn thread_runs_at(&self, at: Instant) -> Instant {
        let Some((every, pause)) = self.freeze_ms else {
            return at;
        };
        let into = at.as_micros() % (every * 1_000);
        // The first one comes after the first period.
        if at.as_millis() < every || into >= pause * 1_000 {
            return at;
        }
        at + Duration::from_micros(pause * 1_000 - into)
    }

    fn reader_reads_at(&self, at: Instant) -> Instant {
        match self.stall_ms {
            Some((from, pause)) if (from..from + pause).contains(&at.as_millis()) => {
                Instant::from_millis(from + pause)
            }
            _ => at,
        }
    }
}

/// Which way a pipe goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToVoxtra,
    ToAsterisk,
}

/// One direction of a connection.
pub(crate) struct Pipe {
    faults: Faults,
    direction: Direction,
    chance: Chance,
    on_the_way: VecDeque<(Instant, Vec<u8>)>,
    latest: Instant,
    closed: Option<Instant>,
}

/// What comes out of a pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    Bytes(Vec<u8>),
    End,
}

impl Pipe {
    pub(crate) fn new(faults: Faults, direction: Direction, seed: u64) -> Self {
        let mut pipe = Self {
            faults,
            direction,
            chance: Chance::new(seed),
            on_the_way: VecDeque::new(),
            latest: Instant::ZERO,
            closed: None,
        };
        pipe.closed = faults.lost_at_ms.map(Instant::from_millis);
        pipe
    }

    /// Room for bytes that nobody has read yet: about a second of audio.
    pub(crate) fn room(&self) -> usize {
        let unread: usize = self.on_the_way.iter().map(|(_, bytes)| bytes.len()).sum();
        (CAPACITY).saturating_sub(unread)
    }

    pub(crate) fn write(&mut self, now: Instant, bytes: &[u8]) {
        if self.is_closed(now) {
            return;
        }
        let mut bytes = bytes.to_vec();
        if self.direction == Direction::ToVoxtra
            && now >= GOOD_START
            && self.chance.happens(self.faults.wrong_bits_per_mille)
        {
            // In the header as often as in all the rest, which means little but noise.
            let within = [3, bytes.len() as u64][self.chance.below(2) as usize];
            let at = self.chance.below(within) as usize;
            bytes[at] ^= 1 << self.chance.below(8);
        }
        let whole = self.arrival_of_a_write(now);
        let mut pieces = 0;
        while !bytes.is_empty() {
            let length = match self.faults.piece_bytes {
                0 => bytes.len(),
                most => (1 + self.chance.below(most) as usize).min(bytes.len()),
            };
            let rest = bytes.split_off(length);
            let late = SPREAD.min(Duration::from_micros(40 * pieces));
            self.put(whole + late, std::mem::replace(&mut bytes, rest));
            pieces += 1;
        }
    }

    fn arrival_of_a_write(&mut self, now: Instant) -> Instant {
        let jitter = self.chance.below(self.faults.jitter_ms * 1_000);
        let at = now + Duration::from_millis(self.faults.delay_ms) + Duration::from_micros(jitter);
        match self.faults.bunch_ms * 1_000 {
            0 => at,
            bunch => Instant::from_micros(at.as_micros().div_ceil(bunch) * bunch),
        }
    }

    fn put(&mut self, at: Instant, bytes: Vec<u8>) {
        let at = match self.direction {
            Direction::ToAsterisk => self.faults.reader_reads_at(at),
            Direction::ToVoxtra => at,
        };
        self.latest = self.latest.max(at);
        self.on_the_way.push_back((self.latest, bytes));
    }

    /// The writer closes: the end comes after what was written.
    pub(crate) fn close(&mut self, now: Instant) {
        if self.is_closed(now) {
            return;
        }
        let at = self.arrival_of_a_write(now);
        self.put(at, Vec::new());
        self.closed = Some(self.latest);
    }

    fn is_closed(&self, now: Instant) -> bool {
        self.closed.is_some_and(|at| at <= now)
    }

    /// When there is something to read next.
    pub(crate) fn next(&self) -> Option<Instant> {
        let bytes = self.on_the_way.front().map(|(at, _)| *at);
        match (bytes, self.closed) {
            (Some(bytes), Some(closed)) => Some(bytes.min(closed)),
            (bytes, closed) => bytes.or(closed),
        }
    }

    /// Reads what has arrived by `now`, a write at a time.
    pub(crate) fn read(&mut self, now: Instant) -> Option<Arrival> {
        if self.faults.lost_at_ms.is_some() && self.is_closed(now) {
            return Some(Arrival::End);
        }
        match self.on_the_way.front() {
            Some((at, _)) if *at <= now => {
                let (_, bytes) = self.on_the_way.pop_front().unwrap();
                // What has no bytes is the end.
                Some(match bytes.is_empty() {
                    true => Arrival::End,
                    false => Arrival::Bytes(bytes),
                })
            }
            _ => None,
        }
    }
}

/// The pieces of a write arrive within this time: Asterisk waits for no longer than 5 ms.
const SPREAD: Duration = Duration::from_millis(4);

/// No wrong bits so far: with the id wrong there is no call at all.
const GOOD_START: Instant = Instant::from_millis(1_000);

const CAPACITY: usize = 16 * 1024;
