//! The writing end of one subscriber's ring.

use crate::event::Record;

/// Where records go: the writing end of a ring. Any wait-free ring will do.
///
/// The ring should hold at least two records, since what was missed is told by one of its own.
pub trait RecordSink {
    /// Puts a record into the ring. Never waits.
    ///
    /// # Errors
    /// Gives the record back when the ring is full.
    fn try_push(&mut self, record: Record) -> Result<(), Record>;

    /// Whether nobody will ever read again; such a subscriber may be replaced. A ring that can't know says no.
    fn is_closed(&self) -> bool {
        false
    }
}

impl RecordSink for heapless::spsc::Producer<'_, Record> {
    fn try_push(&mut self, record: Record) -> Result<(), Record> {
        self.enqueue(record)
    }
}
