//! From one publisher to its subscribers.

use heapless::Vec;

use super::RecordSink;
use crate::event::{Record, RecordBody};
use crate::time::Instant;

/// Copies each record to at most `SUBSCRIBERS` rings.
///
/// When a ring is full, its subscriber misses records until there is room again. It then first gets
/// [`RecordBody::Missed`] with their number. Between any two records, a subscriber thus knows
/// whether it has missed some.
///
/// ```
/// use heapless::spsc::Queue;
/// use voxtra_core::bus::Bus;
/// use voxtra_core::event::{Record, RecordBody};
/// use voxtra_core::time::Instant;
///
/// let mut ring: Queue<Record, 8> = Queue::new();
/// let (producer, mut reader) = ring.split();
/// let mut bus: Bus<_, 4> = Bus::new();
/// assert!(bus.subscribe(producer).is_ok());
///
/// let record = Record {
///     at: Instant::from_millis(20),
///     body: RecordBody::UtteranceStarted { utterance: 1 },
/// };
/// bus.publish(record);
/// assert_eq!(reader.dequeue(), Some(record));
/// ```
#[derive(Debug)]
pub struct Bus<S, const SUBSCRIBERS: usize> {
    subscribers: Vec<Subscriber<S>, SUBSCRIBERS>,
    lost: u64,
}

impl<S: RecordSink, const SUBSCRIBERS: usize> Bus<S, SUBSCRIBERS> {
    /// A bus without subscribers.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            subscribers: Vec::new(),
            lost: 0,
        }
    }

    /// Adds a subscriber, which gets the records that are published from now on. It takes the place
    /// of a [closed](RecordSink::is_closed) one, if there is one.
    ///
    /// # Errors
    /// Gives the ring back when there are `SUBSCRIBERS` already.
    pub fn subscribe(&mut self, sink: S) -> Result<(), S> {
        let subscriber = Subscriber { sink, missed: 0 };
        let mut places = self.subscribers.iter_mut();
        if let Some(place) = places.find(|place| place.sink.is_closed()) {
            *place = subscriber;
            return Ok(());
        }
        self.subscribers
            .push(subscriber)
            .map_err(|subscriber| subscriber.sink)
    }

    /// Gives the record to every subscriber that has room for it. Never waits.
    pub fn publish(&mut self, record: Record<S::Event>) {
        for subscriber in &mut self.subscribers {
            if !subscriber.give(record) && !subscriber.sink.is_closed() {
                subscriber.missed = subscriber.missed.saturating_add(1);
                self.lost = self.lost.saturating_add(1);
            }
        }
    }

    /// Reports missed records to subscribers with room, without waiting for the next record. For
    /// the end of a call, when there may be no next one.
    pub fn tell_missed(&mut self, at: Instant) {
        for subscriber in &mut self.subscribers {
            subscriber.tell_missed(at);
        }
    }

    /// Records that did not fit into a subscriber's ring so far, over all subscribers.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Subscribers that may still read.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        let open = |subscriber: &&Subscriber<S>| !subscriber.sink.is_closed();
        self.subscribers.iter().filter(open).count()
    }
}

impl<S: RecordSink, const SUBSCRIBERS: usize> Default for Bus<S, SUBSCRIBERS> {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
struct Subscriber<S> {
    sink: S,
    /// Records lost since the last one that fitted.
    missed: u32,
}

impl<S: RecordSink> Subscriber<S> {
    /// Gives the number of missed records, then the record. Returns whether both fitted.
    fn give(&mut self, record: Record<S::Event>) -> bool {
        self.tell_missed(record.at) && self.sink.try_push(record).is_ok()
    }

    /// Gives the number of missed records, if there are any. Returns whether the subscriber now
    /// knows of all of them.
    fn tell_missed(&mut self, at: Instant) -> bool {
        if self.missed > 0 {
            let body = RecordBody::Missed(self.missed);
            if self.sink.try_push(Record { at, body }).is_err() {
                return false;
            }
            self.missed = 0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Realtime;

    /// A ring that is full while it has no room.
    struct Ring {
        room: bool,
        last: Option<Record>,
    }

    impl RecordSink for Ring {
        type Event = Realtime;

        fn try_push(&mut self, record: Record) -> Result<(), Record> {
            if !self.room {
                return Err(record);
            }
            self.last = Some(record);
            Ok(())
        }
    }

    #[test]
    fn what_was_missed_saturates() {
        let mut bus: Bus<Ring, 1> = Bus::new();
        let ring = Ring {
            room: false,
            last: None,
        };
        assert!(bus.subscribe(ring).is_ok());
        let subscriber = bus.subscribers.first_mut().unwrap();
        subscriber.missed = u32::MAX - 1;
        for utterance in 0..3 {
            bus.publish(Record {
                at: Instant::ZERO,
                body: RecordBody::UtteranceStarted { utterance },
            });
        }
        bus.subscribers.first_mut().unwrap().sink.room = true;
        bus.tell_missed(Instant::ZERO);
        let told = bus.subscribers.first().unwrap().sink.last.unwrap();
        assert_eq!(told.body, RecordBody::Missed(u32::MAX));
        assert_eq!(bus.lost(), 3);
    }
}
