//! The log against plain numbers, by random operations of its owner and of any number of readers.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use voxtra_core::event::CallRinging;

use super::event::Event;
use super::log::{EventLog, Events};

/// Events that the log keeps for late readers.
const KEPT: u64 = 4096;

#[derive(Clone, Debug)]
enum Operation {
    Push(u64),
    FromStart,
    FromNow,
    Clone(usize),
    Read(usize, u64),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        3 => (1..50_u64).prop_map(Operation::Push),
        2 => (1..3_000_u64).prop_map(Operation::Push),
        1 => Just(Operation::FromStart),
        1 => Just(Operation::FromNow),
        1 => any::<usize>().prop_map(Operation::Clone),
        4 => (any::<usize>(), 1..3_000_u64).prop_map(|(who, count)| Operation::Read(who, count)),
    ];
    prop::collection::vec(operation, 0..40)
}

/// A reader, and the position that it should have reached.
#[derive(Clone)]
struct Reader {
    events: Events,
    next: u64,
    missed: u64,
}

impl Reader {
    /// The number of the event that it gets next, after `pushed` events were pushed.
    fn expected(&mut self, pushed: u64) -> Option<u64> {
        let first = pushed.saturating_sub(KEPT);
        if first > self.next {
            self.missed += first - self.next;
            self.next = first;
        }
        (self.next < pushed).then(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_reader_gets_what_is_kept_in_order_and_knows_how_much_it_missed(operations in operations()) {
        let log = EventLog::new();
        let session_id: Arc<str> = "s".into();
        let mut pushed = 0;
        let mut readers: Vec<Reader> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Push(count) => for _ in 0..count {
                    prop_assert_eq!(log.next_seq(), pushed);
                    log.push(Arc::new(Event {
                        id: uuid::Uuid::nil(),
                        seq: pushed,
                        session_id: session_id.clone(),
                        timestamp: jiff::Timestamp::UNIX_EPOCH,
                        body: CallRinging::default().into(),
                    }));
                    pushed += 1;
                },
                Operation::FromStart => readers.push(Reader { events: log.from_start(false), next: 0, missed: 0 }),
                Operation::FromNow => readers.push(Reader { events: log.from_now(false), next: pushed, missed: 0 }),
                Operation::Clone(who) if !readers.is_empty() => {
                    let reader = readers[who % readers.len()].clone();
                    readers.push(reader);
                }
                Operation::Read(who, count) if !readers.is_empty() => {
                    let who = who % readers.len();
                    let reader = &mut readers[who];
                    for _ in 0..count {
                        let expected = reader.expected(pushed);
                        prop_assert_eq!(reader.events.try_next().map(|event| event.seq), expected);
                        prop_assert_eq!(reader.events.missed(), reader.missed);
                    }
                }
                Operation::Clone(_) | Operation::Read(..) => {}
            }
        }
        for reader in &mut readers {
            prop_assert!(reader.next < pushed || now(reader.events.next()).is_none(), "nothing yet, and no end");
        }
        log.close();
        for reader in &mut readers {
            while let Some(seq) = reader.expected(pushed) {
                let next = now(reader.events.next()).flatten();
                prop_assert_eq!(next.map(|event| event.seq), Some(seq));
            }
            prop_assert_eq!(now(reader.events.next()), Some(None));
            prop_assert_eq!(reader.events.missed(), reader.missed);
        }
    }
}
