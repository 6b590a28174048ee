//! The session's log under loom: the file that runs, compiled once more over loom's lock and a
//! `watch` made of it.
#![allow(dead_code, unreachable_pub)]

use std::sync::Arc;

use loom::future::block_on;
use voxtra_core::event::CallRinging;

use crate::sync::model as sync;
use sync::in_every_order;

use super::event;

#[path = "log.rs"]
mod log;

use log::{EventLog, Events};

fn event(seq: u64) -> Arc<event::Event> {
    Arc::new(event::Event {
        id: uuid::Uuid::nil(),
        seq,
        session_id: "s".into(),
        timestamp: jiff::Timestamp::UNIX_EPOCH,
        body: CallRinging::default().into(),
    })
}

/// The numbers of all events that a reader gets, to its end.
fn read(mut events: Events) -> Vec<u64> {
    block_on(async {
        let mut seen = Vec::new();
        while let Some(event) = events.next().await {
            seen.push(event.seq);
        }
        assert_eq!(events.missed(), 0);
        seen
    })
}

#[test]
fn loom_a_reader_gets_every_event_and_then_the_end() {
    in_every_order(3, || {
        let log = EventLog::new();
        let events = log.from_start(false);
        let owner = loom::thread::spawn(move || {
            log.push(event(0));
            log.push(event(1));
            log.close();
        });
        assert_eq!(read(events), [0, 1]);
        owner.join().unwrap();
    });
}

#[test]
fn loom_a_handler_s_reader_ends_when_the_log_is_settled_and_others_go_on() {
    in_every_order(2, || {
        let log = EventLog::new();
        let (handler, observer) = (log.from_start(true), log.from_start(false));
        let owner = loom::thread::spawn(move || {
            log.push(event(0));
            log.settle();
            log.push(event(1));
            log.close();
        });
        let observer = loom::thread::spawn(move || read(observer));
        let seen = read(handler);
        assert!(seen == [0] || seen == [0, 1], "{seen:?}");
        assert_eq!(observer.join().unwrap(), [0, 1]);
        owner.join().unwrap();
    });
}

#[test]
fn loom_a_reader_from_now_on_begins_at_one_place() {
    in_every_order(3, || {
        let log = EventLog::new();
        let owner = loom::thread::spawn({
            let log = log.clone();
            move || {
                log.push(event(0));
                log.push(event(1));
                log.close();
            }
        });
        let seen = read(log.from_now(false));
        assert!([&[0, 1][..], &[1], &[]].contains(&&seen[..]), "{seen:?}");
        owner.join().unwrap();
    });
}
