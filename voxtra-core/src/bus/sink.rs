//! The writing end of one subscriber's ring.

use crate::event::Record;

/// Where records go: the writing end of a ring. Any wait-free ring works.
///
/// The ring should hold at least two records, since the count of missed ones takes a record.
pub trait RecordSink {
    /// The events in the records.
    type Event: Copy;

    /// Puts a record into the ring. Never waits.
    ///
    /// # Errors
    /// Gives the record back when the ring is full.
    fn try_push(&mut self, record: Record<Self::Event>) -> Result<(), Record<Self::Event>>;

    /// Whether the reading end is gone; the bus may then replace the subscriber. A ring that can't
    /// know this returns `false`.
    fn is_closed(&self) -> bool {
        false
    }
}

impl<E: Copy> RecordSink for heapless::spsc::Producer<'_, Record<E>> {
    type Event = E;

    fn try_push(&mut self, record: Record<E>) -> Result<(), Record<E>> {
        self.enqueue(record)
    }
}
