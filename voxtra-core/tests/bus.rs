//! The bus against a model: random publishing, reading, joining and leaving.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use heapless::spsc::Queue;
use proptest::prelude::*;
use voxtra_core::bus::{Bus, RecordSink};
use voxtra_core::event::{Realtime, Record, RecordBody};
use voxtra_core::time::Instant;

const SUBSCRIBERS: usize = 3;

fn record(number: u32) -> Record {
    Record {
        at: Instant::from_millis(20 * u64::from(number)),
        body: RecordBody::UtteranceStarted { utterance: number },
    }
}

#[test]
fn every_subscriber_gets_every_record_in_order() {
    let mut rings = [const { Queue::<Record, 16>::new() }; SUBSCRIBERS];
    let mut bus: Bus<_, SUBSCRIBERS> = Bus::new();
    let mut readers = Vec::new();
    for ring in &mut rings {
        let (producer, reader) = ring.split();
        assert!(bus.subscribe(producer).is_ok());
        readers.push(reader);
    }
    (0..10).for_each(|number| bus.publish(record(number)));
    for reader in &mut readers {
        for number in 0..10 {
            assert_eq!(reader.dequeue(), Some(record(number)));
        }
        assert_eq!(reader.dequeue(), None);
    }
    assert_eq!(bus.lost(), 0);
}

#[test]
fn a_slow_subscriber_loses_its_own_records_and_is_told_how_many() {
    let (mut slow_ring, mut quick_ring) = (Queue::<Record, 4>::new(), Queue::<Record, 64>::new());
    let (slow_in, mut slow) = slow_ring.split();
    let (quick_in, mut quick) = quick_ring.split();
    let mut bus: Bus<_, 2> = Bus::new();
    assert!(bus.subscribe(slow_in).is_ok() && bus.subscribe(quick_in).is_ok());

    (0..10).for_each(|number| bus.publish(record(number)));
    let read: Vec<_> = std::iter::from_fn(|| slow.dequeue()).collect();
    assert_eq!(read, [record(0), record(1), record(2)]);
    bus.publish(record(10));
    let missed = Record {
        at: record(10).at,
        body: RecordBody::Missed(7),
    };
    assert_eq!(slow.dequeue(), Some(missed));
    assert_eq!(slow.dequeue(), Some(record(10)));

    let read: Vec<_> = std::iter::from_fn(|| quick.dequeue()).collect();
    assert_eq!(read, (0..11).map(record).collect::<Vec<_>>());
    assert_eq!(bus.lost(), 7);
}

#[test]
fn at_the_end_of_the_call_what_was_missed_is_told_without_another_record() {
    let mut ring = Queue::<Record, 3>::new();
    let (producer, mut reader) = ring.split();
    let mut bus: Bus<_, 1> = Bus::new();
    assert!(bus.subscribe(producer).is_ok());
    (0..5).for_each(|number| bus.publish(record(number)));
    bus.tell_missed(Instant::from_millis(90));
    assert_eq!(reader.dequeue(), Some(record(0)));
    assert_eq!(reader.dequeue(), Some(record(1)));
    assert_eq!(reader.dequeue(), None, "no room then");
    bus.tell_missed(Instant::from_millis(100));
    bus.tell_missed(Instant::from_millis(110));
    let missed = Record {
        at: Instant::from_millis(100),
        body: RecordBody::Missed(3),
    };
    assert_eq!(reader.dequeue(), Some(missed));
    assert_eq!(reader.dequeue(), None, "told once");
}

#[test]
fn one_subscriber_too_many_gets_its_ring_back() {
    let (mut first, mut second) = (Queue::<Record, 2>::new(), Queue::<Record, 2>::new());
    let mut bus: Bus<_, 1> = Bus::new();
    assert!(bus.subscribe(first.split().0).is_ok());
    assert!(bus.subscribe(second.split().0).is_err());
    assert_eq!(bus.subscribers(), 1);
}

/// A ring as a `VecDeque`, whose reader may leave.
#[derive(Clone)]
struct ModelRing(Rc<RefCell<Inner>>);

struct Inner {
    records: VecDeque<Record>,
    capacity: usize,
    closed: bool,
}

impl ModelRing {
    fn new(capacity: usize) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            records: VecDeque::new(),
            capacity,
            closed: false,
        })))
    }
}

impl RecordSink for ModelRing {
    type Event = Realtime;

    fn try_push(&mut self, record: Record) -> Result<(), Record> {
        let mut ring = self.0.borrow_mut();
        if ring.records.len() == ring.capacity {
            return Err(record);
        }
        ring.records.push_back(record);
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.0.borrow().closed
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Publish(usize),
    Read(usize, usize),
    Join(usize),
    Leave(usize),
    TellMissed,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        6 => (1_usize..12).prop_map(Operation::Publish),
        6 => (any::<usize>(), 1_usize..12).prop_map(|(who, n)| Operation::Read(who, n)),
        2 => (2_usize..10).prop_map(Operation::Join),
        1 => any::<usize>().prop_map(Operation::Leave),
        1 => Just(Operation::TellMissed),
    ];
    prop::collection::vec(operation, 0..200)
}

/// A subscriber as the test sees it: whatever it reads must account for every record since it
/// joined.
struct Reader {
    ring: ModelRing,
    next: u32,
}

impl Reader {
    fn read(&mut self) -> bool {
        let Some(read) = self.ring.0.borrow_mut().records.pop_front() else {
            return false;
        };
        match read.body {
            RecordBody::UtteranceStarted { utterance } => {
                assert_eq!(utterance, self.next, "nothing skipped in silence");
                self.next += 1;
            }
            RecordBody::Missed(n) => {
                assert!(n > 0);
                self.next += n;
            }
            other => panic!("{other:?} was never published"),
        }
        true
    }
}

proptest! {
    #[test]
    fn whatever_happens_each_reader_can_account_for_every_record(operations in operations()) {
        let mut bus: Bus<ModelRing, SUBSCRIBERS> = Bus::new();
        let mut readers: Vec<Reader> = Vec::new();
        let mut published = 0;
        for operation in operations {
            match operation {
                Operation::Publish(n) => for _ in 0..n {
                    bus.publish(record(published));
                    published += 1;
                },
                Operation::Read(who, n) if !readers.is_empty() => {
                    let who = who % readers.len();
                    for _ in 0..n {
                        readers[who].read();
                    }
                }
                Operation::Join(capacity) => {
                    let ring = ModelRing::new(capacity);
                    let joined = bus.subscribe(ring.clone()).is_ok();
                    prop_assert_eq!(joined, readers.len() < SUBSCRIBERS);
                    if joined {
                        readers.push(Reader { ring, next: published });
                    }
                }
                Operation::Leave(who) if !readers.is_empty() => {
                    let who = who % readers.len();
                    readers.swap_remove(who).ring.0.borrow_mut().closed = true;
                }
                Operation::TellMissed => bus.tell_missed(Instant::ZERO),
                Operation::Read(..) | Operation::Leave(_) => {}
            }
            prop_assert_eq!(bus.subscribers(), readers.len());
        }
        for reader in &mut readers {
            while reader.read() {}
        }
        // With room again, everyone learns what they don't know yet.
        bus.tell_missed(Instant::ZERO);
        for reader in &mut readers {
            while reader.read() {}
            prop_assert_eq!(reader.next, published);
        }
    }

    #[test]
    fn a_record_is_missed_only_for_want_of_room_and_counted_in_its_place(
        capacities in prop::collection::vec(2_usize..9, SUBSCRIBERS),
        // How many records are published, then how many each subscriber reads; the last one is
        // stuck.
        rounds in prop::collection::vec((0_u32..6, prop::collection::vec(0_usize..8, SUBSCRIBERS - 1)), 0..60),
    ) {
        let rings: Vec<_> = capacities.iter().map(|capacity| ModelRing::new(*capacity)).collect();
        let mut bus: Bus<ModelRing, SUBSCRIBERS> = Bus::new();
        for ring in &rings {
            prop_assert!(bus.subscribe(ring.clone()).is_ok());
        }
        // What each ring holds, and what its reader doesn't know yet that it missed.
        let mut plain = vec![(VecDeque::new(), 0_u32); SUBSCRIBERS];
        let (mut published, mut lost) = (0, 0);
        for (count, reads) in rounds {
            for _ in 0..count {
                let next = record(published);
                published += 1;
                bus.publish(next);
                for ((queue, missed), capacity) in plain.iter_mut().zip(&capacities) {
                    if *missed > 0 && queue.len() < *capacity {
                        queue.push_back(Record { at: next.at, body: RecordBody::Missed(*missed) });
                        *missed = 0;
                    }
                    if *missed == 0 && queue.len() < *capacity {
                        queue.push_back(next);
                    } else {
                        *missed += 1;
                        lost += 1;
                    }
                }
            }
            for ((ring, (queue, _)), reads) in rings.iter().zip(&mut plain).zip(reads) {
                for _ in 0..reads {
                    prop_assert_eq!(ring.0.borrow_mut().records.pop_front(), queue.pop_front());
                }
            }
            for (ring, (queue, _)) in rings.iter().zip(&plain) {
                prop_assert_eq!(&ring.0.borrow().records, queue);
            }
            prop_assert_eq!(bus.lost(), lost);
        }
    }

    #[test]
    fn a_heapless_ring_is_a_queue_with_a_bound(reads in prop::collection::vec(any::<bool>(), 0..300)) {
        let mut ring = Queue::<Record, 8>::new();
        let (mut producer, mut reader) = ring.split();
        let mut model = VecDeque::new();
        for (number, read) in (0..).zip(reads) {
            if read {
                prop_assert_eq!(reader.dequeue(), model.pop_front());
            } else if model.len() == 7 {
                prop_assert_eq!(producer.try_push(record(number)), Err(record(number)));
            } else {
                prop_assert_eq!(producer.try_push(record(number)), Ok(()));
                model.push_back(record(number));
            }
        }
    }
}
