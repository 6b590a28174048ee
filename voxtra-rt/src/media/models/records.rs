//! Records and the end of a call: media thread → notifier → session.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use loom::future::block_on;
use loom::sync::Notify;
use voxtra_core::audio::SampleRate;
use voxtra_core::bus::RecordSink;
use voxtra_core::event::{Record, RecordBody};
use voxtra_core::leg::LegSettings;
use voxtra_core::time::Instant;

use super::connection::Connection;
use super::link::{MediaEnd, MediaLink, Shared, link};
use super::notifier::{Notifier, WakeHandle};
use super::settings::MediaSettings;
use super::stats::{CallCounters, MediaStats};
use super::sync::atomic::{AtomicUsize, Ordering};
use super::sync::{fullest, in_every_order};

fn record(utterance: u32) -> Record {
    Record {
        at: Instant::ZERO,
        body: RecordBody::UtteranceStarted { utterance },
    }
}

/// A notifier at rest, and the server's count of calls.
fn idle() -> (Notifier, WakeHandle<Connection>, Arc<MediaStats>) {
    let stats = Arc::new(MediaStats {
        calls: AtomicUsize::new(0),
        ended: CallCounters::default(),
    });
    let (notifier, mut handles) = Notifier::start(1, 1, stats.clone()).unwrap();
    (notifier, handles.pop().unwrap(), stats)
}

fn call() -> (MediaEnd, MediaLink, Arc<AtomicBool>) {
    let (end, link) = link(
        &LegSettings::default(),
        &MediaSettings::default(),
        Shared::new(SampleRate::Hz8000),
    );
    (end, link, Arc::default())
}

/// What a media thread does with a call: it reports at one or several moments, then ends the call.
/// With `told`, it ends the call only after the session has read everything: the end wakes the
/// session too, and would hide a missing wake-up.
fn carry(
    mut notify: WakeHandle<Connection>,
    mut end: MediaEnd,
    socket: &Arc<AtomicBool>,
    moments: &[&[u32]],
    told: Option<&Notify>,
) {
    for moment in moments {
        for utterance in *moment {
            end.records.try_push(record(*utterance)).unwrap();
        }
        notify.wake(&end.shared);
    }
    if let Some(told) = told {
        told.wait();
    }
    let connection = Connection::new(&end.shared, socket);
    assert!(notify.finish(connection).is_ok());
}

fn every_record_is_told_and_then_the_end(
    preemptions: usize,
    moments: &'static [&'static [u32]],
    end_waits: bool,
) {
    in_every_order(preemptions, move || {
        let (notifier, notify, stats) = idle();
        let (end, mut link, socket) = call();
        // The server's order: count the call, hand it to the media thread, wake the notifier.
        stats.calls.fetch_add(1, Ordering::Relaxed);
        let told = end_waits.then(|| Arc::new(Notify::new()));
        let media = loom::thread::spawn({
            let (socket, told) = (socket.clone(), told.clone());
            move || carry(notify, end, &socket, moments, told.as_deref())
        });
        notifier.wake();

        for utterance in moments.iter().copied().flatten() {
            // If a wake-up is lost, this waits for ever, which loom reports.
            assert_eq!(block_on(link.record()), Some(record(*utterance)));
        }
        if let Some(told) = told {
            told.notify();
        }
        assert_eq!(block_on(link.record()), None);
        assert!(
            socket.load(std::sync::atomic::Ordering::SeqCst),
            "the socket is closed before anybody hears of the end"
        );
        media.join().unwrap();
        drop(notifier);
        assert_eq!(stats.calls.load(Ordering::Relaxed), 0);
        assert!(
            fullest::<Arc<Shared>>() <= 1,
            "one call is in the ring twice"
        );
    });
}

#[test]
fn loom_a_call_that_tells_nothing_ends_all_the_same() {
    every_record_is_told_and_then_the_end(3, &[], false);
}

#[test]
fn loom_no_record_waits_for_a_wake_up_that_never_comes() {
    every_record_is_told_and_then_the_end(2, &[&[1], &[2]], true);
}

#[test]
fn loom_a_record_of_the_last_moment_is_told_before_the_end() {
    every_record_is_told_and_then_the_end(3, &[&[1, 2]], false);
}
