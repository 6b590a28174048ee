//! rtrb's ring as far as memory order goes: two positions. One side writes each with release; the
//! other reads it with acquire, and only when its cached copy doesn't suffice.

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use super::atomic::{AtomicUsize, Ordering};

thread_local! {
    /// How many entries the fullest ring of a type has had. Loom runs all its threads on one.
    static FULLEST: RefCell<HashMap<TypeId, usize>> = RefCell::default();
}

/// How many entries the fullest ring of `T` has had since this was last asked.
pub(crate) fn fullest<T: 'static>() -> usize {
    FULLEST.with_borrow_mut(|fullest| fullest.remove(&TypeId::of::<T>()).unwrap_or(0))
}

#[derive(Debug)]
pub(crate) struct RingBuffer;

impl RingBuffer {
    #[allow(clippy::new_ret_no_self)]
    pub(crate) fn new<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
        let ring = Arc::new(Ring {
            // Never locked by two threads at once, and not loom's, so that it adds no ordering.
            entries: Mutex::default(),
            capacity,
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
        });
        let producer = Producer {
            ring: ring.clone(),
            tail: 0,
            known_head: Cell::new(0),
        };
        let consumer = Consumer {
            ring,
            head: 0,
            known_tail: Cell::new(0),
        };
        (producer, consumer)
    }
}

#[derive(Debug)]
struct Ring<T> {
    entries: Mutex<VecDeque<T>>,
    capacity: usize,
    head: AtomicUsize,
    tail: AtomicUsize,
}

#[derive(Debug)]
pub(crate) struct Producer<T> {
    ring: Arc<Ring<T>>,
    tail: usize,
    known_head: Cell<usize>,
}

#[derive(Debug)]
pub(crate) enum PushError<T> {
    Full(T),
}

impl<T: 'static> Producer<T> {
    pub(crate) fn slots(&self) -> usize {
        self.known_head.set(self.ring.head.load(Ordering::Acquire));
        self.known_slots()
    }

    pub(crate) fn push(&mut self, value: T) -> Result<(), PushError<T>> {
        if self.known_slots() == 0 && self.slots() == 0 {
            return Err(PushError::Full(value));
        }
        self.commit([value]);
        Ok(())
    }

    pub(crate) fn push_partial_slice<'a>(&mut self, slice: &'a [T]) -> (&'a [T], &'a [T])
    where
        T: Copy,
    {
        let room = match self.known_slots() {
            known if known < slice.len() => self.slots(),
            known => known,
        };
        let (pushed, rest) = slice.split_at(room.min(slice.len()));
        self.commit(pushed.iter().copied());
        (pushed, rest)
    }

    fn known_slots(&self) -> usize {
        self.ring.capacity - (self.tail - self.known_head.get())
    }

    fn commit(&mut self, values: impl IntoIterator<Item = T>) {
        let mut entries = self.ring.entries.lock().unwrap();
        let before = entries.len();
        entries.extend(values);
        self.tail += entries.len() - before;
        FULLEST.with_borrow_mut(|fullest| {
            let most = fullest.entry(TypeId::of::<T>()).or_default();
            *most = entries.len().max(*most);
        });
        drop(entries);
        self.ring.tail.store(self.tail, Ordering::Release);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.ring) < 2
    }
}

#[derive(Debug)]
pub(crate) struct Consumer<T> {
    ring: Arc<Ring<T>>,
    head: usize,
    known_tail: Cell<usize>,
}

#[derive(Debug)]
pub(crate) struct Empty;

impl<T> Consumer<T> {
    pub(crate) fn slots(&self) -> usize {
        self.known_tail.set(self.ring.tail.load(Ordering::Acquire));
        self.known_slots()
    }

    /// A copy instead of a reference into the ring.
    pub(crate) fn peek(&self) -> Result<Box<T>, Empty>
    where
        T: Copy,
    {
        if self.known_slots() == 0 && self.slots() == 0 {
            return Err(Empty);
        }
        let entries = self.ring.entries.lock().unwrap();
        entries.front().copied().map(Box::new).ok_or(Empty)
    }

    pub(crate) fn pop(&mut self) -> Result<T, Empty> {
        if self.known_slots() == 0 && self.slots() == 0 {
            return Err(Empty);
        }
        let value = self.ring.entries.lock().unwrap().pop_front();
        self.commit(1);
        value.ok_or(Empty)
    }

    pub(crate) fn pop_partial_slice<'a>(&mut self, slice: &'a mut [T]) -> (&'a mut [T], &'a mut [T])
    where
        T: Copy,
    {
        let there = match self.known_slots() {
            known if known < slice.len() => self.slots(),
            known => known,
        };
        let there = there.min(slice.len());
        let (popped, rest) = slice.split_at_mut(there);
        let mut entries = self.ring.entries.lock().unwrap();
        for (place, entry) in popped.iter_mut().zip(entries.drain(..there)) {
            *place = entry;
        }
        drop(entries);
        self.commit(popped.len());
        (popped, rest)
    }

    pub(crate) fn read_chunk(&mut self, count: usize) -> Result<ReadChunk<'_, T>, Empty> {
        if self.known_slots() < count && self.slots() < count {
            return Err(Empty);
        }
        Ok(ReadChunk {
            consumer: self,
            count,
        })
    }

    fn known_slots(&self) -> usize {
        self.known_tail.get() - self.head
    }

    fn commit(&mut self, count: usize) {
        self.head += count;
        self.ring.head.store(self.head, Ordering::Release);
    }
}

pub(crate) struct ReadChunk<'a, T> {
    consumer: &'a mut Consumer<T>,
    count: usize,
}

impl<T> ReadChunk<'_, T> {
    pub(crate) fn commit_all(self) {
        self.consumer
            .ring
            .entries
            .lock()
            .unwrap()
            .drain(..self.count);
        self.consumer.commit(self.count);
    }
}
