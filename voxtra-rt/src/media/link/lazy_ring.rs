//! Rings that are made when they are first needed, which in many calls is never: they are the
//! largest part of a call's memory.

use super::sync::{Consumer, Producer, RingBuffer};

/// One end of rings that the async side may make later.
pub(super) struct LazyRing<T> {
    here: Option<T>,
    coming: Consumer<T>,
}

impl<T> LazyRing<T> {
    /// An empty one, and the producer that passes the rings to it.
    pub(super) fn new() -> (Producer<T>, Self) {
        let (offer, coming) = RingBuffer::new(1);
        (offer, Self { here: None, coming })
    }

    /// The rings, if they were made. Moves them in at most once; never waits and never allocates.
    pub(super) fn get(&mut self) -> Option<&mut T> {
        if self.here.is_none() {
            self.here = self.coming.pop().ok();
        }
        self.here.as_mut()
    }
}
