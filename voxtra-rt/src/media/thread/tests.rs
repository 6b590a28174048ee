//! A media thread's work, run on the test's own thread.

use std::net::{TcpListener, TcpStream};

use voxtra_core::leg::LegSettings;

use super::super::link::{MediaLink, Shared, link};
use super::super::notifier::Notifier;
use super::*;

/// A worker with these connections, and its environment.
fn worker(
    connections: impl IntoIterator<Item = Box<Connection>>,
) -> (Worker, Scratch, Clock, Notifier, Arc<MediaStats>) {
    let settings = settings();
    let stats = Arc::new(MediaStats::default());
    let (notifier, mut handles) = Notifier::start(1, settings.max_calls, stats.clone()).unwrap();
    let (mut inbox, arrivals) = RingBuffer::new(settings.max_calls);
    let (clock, notify) = (Clock::start(), handles.pop().unwrap());
    let mut worker = Worker::new(&settings, arrivals, clock, notify, stats.clone()).unwrap();
    for connection in connections {
        stats.calls.fetch_add(1, Ordering::Relaxed);
        assert!(inbox.push(connection).is_ok());
    }
    let mut scratch = Scratch::new();
    worker.admit(&mut scratch);
    (worker, scratch, clock, notifier, stats)
}

fn settings() -> MediaSettings {
    MediaSettings {
        max_calls: 2,
        ..MediaSettings::default()
    }
}

/// A connection, the session's end of it, and the peer's.
fn connection() -> (Box<Connection>, MediaLink, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let leg = LegSettings::default();
    let (end, link) = link(&leg, &settings(), Shared::new(leg.rate));
    let stream = mio::net::TcpStream::from_std(stream);
    let connection = Connection::new(stream, leg, end, &settings());
    (Box::new(connection), link, peer)
}

#[tokio::test]
async fn the_rest_of_a_frame_follows_as_soon_as_the_peer_reads_again() {
    let (mut connection, _link, mut peer) = connection();
    socket2::SockRef::from(&*connection.stream())
        .set_send_buffer_size(4_096)
        .unwrap();
    let (mut worker, mut scratch, clock, _notifier, _) = worker([connection]);

    // The peer does not read until the socket is full, in the middle of a frame.
    let mut now = clock.now();
    while !worker.slots[0].as_ref().unwrap().has_rest() {
        now = now + voxtra_core::audio::FRAME;
        let state = worker.with(0, |connection| connection.deadline(now, &mut scratch));
        assert_eq!(
            state,
            Some(ConnectionState::Open),
            "the socket took whole frames only"
        );
    }
    // No frame is due from here on: what arrives is the rest of the one before.
    let reader = thread::spawn(move || {
        let (mut all, mut part) = (0, [0; 4_096]);
        while let Ok(count @ 1..) = io::Read::read(&mut peer, &mut part) {
            all += count;
        }
        all
    });
    let mut events = Events::with_capacity(8);
    while worker.slots[0].as_ref().unwrap().has_rest() {
        worker.poll.poll(&mut events, None).unwrap();
        for event in &events {
            worker.ready(0, event, &mut scratch);
        }
    }
    worker.with(0, |connection| {
        connection.stop(now, MediaStoppedReason::Closed, &mut scratch)
    });
    assert_eq!(reader.join().unwrap() % (3 + 320), 0, "whole frames");
}

#[tokio::test]
async fn a_flood_of_tiny_frames_keeps_nobody_waiting_for_long() {
    let (connection, link, mut peer) = connection();
    let (mut worker, mut scratch, clock, _notifier, _) = worker([connection]);

    // 4,000 frames of one sample. What one turn reads of them is what the thread's other calls wait
    // for.
    let flood = [0x10, 0, 2, 1, 0].repeat(4_000);
    io::Write::write_all(&mut peer, &flood).unwrap();
    let mut turns = Vec::new();
    let mut frames = 0;
    while frames < 4_000 {
        let state = worker.with(0, |connection| {
            connection.readable(clock.now(), &mut scratch)
        });
        assert_ne!(state, Some(ConnectionState::Closed));
        let now = link.shared().counters.frames_in.get();
        turns.push(now - frames);
        frames = now;
    }
    let later = turns.get(2..).unwrap_or_default();
    assert!(turns[0] < 500, "the first turn: {turns:?}");
    assert!(later.iter().all(|frames| *frames < 150), "{turns:?}");
}

#[tokio::test]
async fn a_panic_in_one_call_ends_that_call_alone() {
    let (first, mut panicked, _peer) = connection();
    let (second, mut other, _other_peer) = connection();
    let (mut worker, _desk, _clock, notifier, stats) = worker([first, second]);

    let state = worker.with(0, |_| panic!("for the test"));
    assert_eq!(state, Some(ConnectionState::Closed));
    worker.retire();
    notifier.wake();
    assert_eq!(panicked.record().await, None);

    assert_eq!(
        worker.with(1, |_| ConnectionState::Open),
        Some(ConnectionState::Open)
    );
    worker.stop.store(true, Ordering::Release);
    worker.run();
    assert!(
        other.record().await.is_some(),
        "the other call was told its end"
    );
    drop(notifier);
    assert_eq!(stats.calls(), 0);
}
