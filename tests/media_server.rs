//! Bad input on real sockets: each is refused or tolerated, told or counted, no other call notices,
//! and nothing leaks.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod peer;

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use peer::{FRAME, Hearer, Talker, audio, call, media, message, numbered, soon, split, until};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;
use voxtra::core::audio::SampleRate;
use voxtra::core::event::{Fault, MediaStoppedReason, Realtime, Record, RecordBody};
use voxtra::core::leg::{Command, Forward, LegSettings, Mode};
use voxtra::rt::media::{
    Arrival, AudioPart, MediaLink, MediaServer, MediaSettings, Refusal, TicketError,
};

/// Runs one test at a time, so that the process's file descriptors are that test's, and sees that
/// none are left.
fn run(work: impl Future<Output = ()>) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    };
    // What a first runtime opens for the whole process.
    drop(runtime());
    let before = open_files();
    runtime().block_on(work);
    assert_eq!(open_files(), before, "file descriptors are left over");
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn echo() -> LegSettings {
    LegSettings::default().with(|leg| leg.mode = Mode::Echo)
}

/// A server, and a call that goes on all the time and must not notice anything.
struct Scene {
    server: MediaServer,
    arrivals: mpsc::Receiver<Arrival>,
    files: usize,
    good: JoinHandle<(MediaLink, usize, Vec<i16>)>,
    enough: oneshot::Sender<()>,
}

impl Scene {
    async fn new(settings: MediaSettings) -> Self {
        let (server, arrivals) = MediaServer::bind(settings, echo()).await.unwrap();
        let ticket = server.issue(echo());
        let (mut talker, mut hearer) = call(server.address(), ticket.uuid()).await;
        let link = ticket.connected(peer::LONG).await.unwrap();
        let (enough, mut stop) = oneshot::channel();
        let good = tokio::spawn(async move {
            let talk = async {
                let mut clock = tokio::time::interval(Duration::from_millis(20));
                let mut sent = 0;
                while stop.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
                    clock.tick().await;
                    talker.send(&audio(&numbered(sent))).await;
                    sent += 1;
                }
                (talker, sent)
            };
            let (tell, told) = oneshot::channel();
            let hear = async {
                let mut told: oneshot::Receiver<usize> = told;
                let (mut heard, mut sent) = (Vec::new(), None);
                while sent.is_none_or(|sent| heard.len() < sent * FRAME) {
                    tokio::select! {
                        Ok(count) = &mut told, if sent.is_none() => sent = Some(count),
                        samples = hearer.samples() => {
                            // Silence keeps the line alive when this machine takes a long pause.
                            let samples = samples.expect("the good call goes on");
                            if samples.iter().any(|sample| *sample != 0) {
                                heard.extend(samples);
                            }
                        }
                    }
                }
                heard
            };
            let talk = async {
                let (talker, sent) = talk.await;
                tell.send(sent).unwrap();
                (talker, sent)
            };
            let ((talker, sent), heard) = tokio::join!(talk, hear);
            drop(talker);
            (link, sent, heard)
        });
        until("the good call is up", || server.stats().calls() == 1).await;
        Self {
            server,
            arrivals,
            files: open_files(),
            good,
            enough,
        }
    }

    /// A call of the test's own, with an issued id.
    async fn call(&self, leg: LegSettings) -> (Talker, Hearer, MediaLink) {
        let ticket = self.server.issue(leg);
        let (talker, hearer) = call(self.server.address(), ticket.uuid()).await;
        let link = ticket.connected(peer::LONG).await.unwrap();
        (talker, hearer, link)
    }

    /// Connects without a word.
    async fn connect(&self) -> (Talker, Hearer) {
        split(TcpStream::connect(self.server.address()).await.unwrap())
    }

    /// Connects, sends these bytes, is refused for that reason and hears nothing.
    async fn is_refused(&self, bytes: &[u8], reason: Refusal) {
        let before = self.server.stats().refused(reason);
        let (mut talker, mut hearer) = self.connect().await;
        // Whoever is refused at once can't send.
        let _ = talker.try_send(bytes).await;
        hearer.closed().await;
        until("the refusal is counted", || {
            self.server.stats().refused(reason) == before + 1
        })
        .await;
    }

    /// The bad ones are gone without a trace, and the good call has lost nothing.
    async fn end(self) {
        let Self {
            server,
            files,
            good,
            enough,
            ..
        } = self;
        until("the other calls are over", || server.stats().calls() == 1).await;
        until("their sockets are closed", || open_files() == files).await;
        enough.send(()).unwrap();
        let (mut link, sent, heard) = soon("the good call's last echo", good).await.unwrap();
        let expected: Vec<i16> = (0..sent).flat_map(numbered).collect();
        assert!(heard == expected, "the good call's echo is not its own");
        let mut records = Vec::new();
        while let Some(record) = soon("the end of the good call", link.record()).await {
            records.push(record);
        }
        let stats = link.stats();
        assert_eq!(
            (stats.frames_dropped, stats.violations, stats.records_missed),
            (0, 0, 0)
        );
        assert_eq!(stats.frames_in, sent as u64);
        assert!(faults(&records).is_empty(), "{records:?}");
        until("no call is left", || server.stats().calls() == 0).await;
    }
}

/// Everything that a link still has to tell.
async fn story(link: &mut MediaLink) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some(record) = soon("the end of the call", link.record()).await {
        records.push(record);
    }
    records
}

fn faults(records: &[Record]) -> Vec<Fault> {
    let fault = |record: &Record| match record.body {
        RecordBody::Fault(fault) => Some(fault),
        _ => None,
    };
    records.iter().filter_map(fault).collect()
}

/// Why the media stopped, and that it was told once and last.
fn stopped(records: &[Record]) -> MediaStoppedReason {
    let reason = |record: &Record| match record.body {
        RecordBody::Event(Realtime::MediaStopped(stopped)) => Some(stopped.reason),
        _ => None,
    };
    let reasons: Vec<_> = records.iter().filter_map(reason).collect();
    let [only] = reasons[..] else {
        panic!("media.stopped was not told once: {records:?}")
    };
    assert_eq!(records.last().and_then(reason), Some(only));
    only
}

/// Sees that the next audio, silence left out, is `expected`.
async fn hears(hearer: &mut Hearer, expected: &[u8]) {
    let mut all = Vec::new();
    let hear = async {
        while all.len() < expected.len() {
            let (kind, payload) = hearer.next().await.expect("the call goes on");
            assert_eq!(kind, 0x10);
            if payload.iter().any(|byte| *byte != 0) {
                all.extend(payload);
            }
        }
    };
    soon("the whole echo", hear).await;
    assert!(all == expected);
}

#[test]
fn a_stream_is_understood_however_it_is_cut() {
    run(async {
        let scene = Scene::new(media()).await;
        let (mut talker, mut hearer, mut link) = scene.call(echo()).await;
        let payload = |n: usize, len: usize| -> Vec<u8> {
            (0..len).map(|at| (at * 3 + n) as u8 | 1).collect()
        };
        // A byte at a time, headers cut in two and payloads in halves.
        for byte in message(0x10, &payload(1, 320)) {
            talker.send(&[byte]).await;
        }
        for part in message(0x10, &payload(2, 321)).chunks(163) {
            talker.send(part).await;
            tokio::task::yield_now().await;
        }
        hears(&mut hearer, &[payload(1, 320), payload(2, 321)].concat()).await;
        // Thirty frames in one segment.
        let thirty: Vec<_> = (0..30).map(|n| payload(n, 320)).collect();
        let segment: Vec<u8> = thirty
            .iter()
            .flat_map(|payload| message(0x10, payload))
            .collect();
        talker.send(&segment).await;
        hears(&mut hearer, &thirty.concat()).await;
        talker.close().await;
        let records = story(&mut link).await;
        assert_eq!(stopped(&records), MediaStoppedReason::Closed);
        assert_eq!(link.stats().frames_in, 32);
        drop(hearer);
        scene.end().await;
    });
}

#[test]
fn the_longest_payload_that_a_header_can_tell_is_heard_whole() {
    run(async {
        let scene =
            Scene::new(media().with(|media| media.caller_queue = Duration::from_secs(10))).await;
        let (mut talker, hearer, mut link) = scene
            .call(LegSettings::default().with(|leg| leg.forward = Forward::Everything))
            .await;
        let mut sent: Vec<i16> = (0..200).flat_map(numbered).collect();
        let mut payload: Vec<u8> = sent.iter().flat_map(|s| s.to_le_bytes()).collect();
        payload.resize(65_535, 0);
        sent.resize(payload.len() / 2 / FRAME * FRAME, 0);
        talker.send(&message(0x10, &payload)).await;
        talker.close().await;
        let mut reader = link.caller.take().unwrap();
        let mut heard = Vec::new();
        while let Some(part) = soon("the caller's audio", reader.next()).await {
            if let AudioPart::Samples(samples) = part {
                heard.extend(samples);
            }
        }
        assert!(heard == sent);
        assert_eq!(faults(&story(&mut link).await), [Fault::OddPayload]);
        drop(hearer);
        scene.end().await;
    });
}

#[test]
fn what_breaks_the_protocol_within_a_call_is_told_and_counted() {
    let broken: [(Vec<u8>, Fault); 7] = [
        (message(0x42, b"what"), Fault::UnknownKind(0x42)),
        (message(0x01, &[1; 16]), Fault::SecondId),
        (message(0x10, &[]), Fault::EmptyAudio),
        (message(0x10, &[3; 321]), Fault::OddPayload),
        (message(0x10, &[0x7f; 160]), Fault::MulawUnder8k),
        (
            message(0x12, &[0; 640]),
            Fault::RateChanged {
                from: 8_000,
                to: 16_000,
            },
        ),
        (message(0x55, &[0; 65_535]), Fault::Malformed),
    ];
    run(async {
        let scene = Scene::new(media()).await;
        for (bytes, fault) in broken {
            let (mut talker, mut hearer, mut link) = scene.call(echo()).await;
            talker.send(&audio(&numbered(1))).await;
            talker.send(&bytes).await;
            talker.send(&audio(&numbered(2))).await;
            let mut last = Vec::new();
            while last != numbered(2) {
                last = hearer.samples().await.expect("the call goes on");
            }
            talker.close().await;
            let records = story(&mut link).await;
            assert_eq!(faults(&records), [fault]);
            assert_eq!(link.stats().violations, 1);
        }
        scene.end().await;
    });
}

#[test]
fn a_peer_that_floods_is_told_of_and_its_connection_closed() {
    run(async {
        let scene = Scene::new(media().with(|media| media.pace_input = true)).await;
        let (mut talker, mut hearer, mut link) = scene.call(LegSettings::default()).await;
        let flood = tokio::spawn(async move {
            let wave = audio(&numbered(1)).repeat(200);
            while talker.try_send(&wave).await.is_ok() {}
        });
        let listen = tokio::spawn(async move { while hearer.samples().await.is_some() {} });
        let records = story(&mut link).await;
        assert_eq!(faults(&records), [Fault::TooFast]);
        soon("the flood's end", flood).await.unwrap();
        soon("the hearer's end", listen).await.unwrap();
        scene.end().await;
    });
}

#[test]
fn one_peer_has_only_so_many_calls_and_silent_ones_end() {
    run(async {
        let scene = Scene::new(media().with(|media| {
            media.max_calls_per_peer = Some(2);
            media.idle_timeout = Some(Duration::from_secs(1));
        }))
        .await;
        // The good call is the first.
        let (talker, hearer, mut link) = scene.call(LegSettings::default()).await;
        let ticket = scene.server.issue(echo());
        scene
            .is_refused(&message(0x01, ticket.uuid().as_bytes()), Refusal::PeerBusy)
            .await;
        // It sends nothing, and its place is free again.
        assert_eq!(faults(&story(&mut link).await), [Fault::Idle]);
        drop((talker, hearer, link, ticket));
        until("its place is free", || scene.server.stats().calls() == 1).await;
        drop(scene.call(echo()).await);
        scene.end().await;
    });
}

#[test]
fn a_call_is_only_as_long_as_it_may_be() {
    run(async {
        let scene =
            Scene::new(media().with(|media| media.longest_call = Some(Duration::from_secs(60))))
                .await;
        scene.end().await;
        let (server, _arrivals) = MediaServer::bind(
            media().with(|media| media.longest_call = Some(Duration::from_millis(300))),
            echo(),
        )
        .await
        .unwrap();
        let ticket = server.issue(LegSettings::default());
        let (_talker, _hearer) = call(server.address(), ticket.uuid()).await;
        let mut link = ticket.connected(peer::LONG).await.unwrap();
        assert_eq!(faults(&story(&mut link).await), [Fault::TooLong]);
    });
}

#[test]
fn whoever_does_not_begin_with_an_id_that_is_known_is_refused() {
    run(async {
        let scene = Scene::new(media()).await;
        let stranger = Uuid::new_v4();
        scene
            .is_refused(&audio(&numbered(0)), Refusal::NotAnId)
            .await;
        scene
            .is_refused(b"GET / HTTP/1.1\r\n\r\n", Refusal::NotAnId)
            .await;
        scene
            .is_refused(&message(0x01, b"too short"), Refusal::NotAnId)
            .await;
        scene
            .is_refused(&message(0x00, &[]), Refusal::NotAnId)
            .await;
        scene
            .is_refused(&message(0x01, stranger.as_bytes()), Refusal::UnknownId)
            .await;
        assert_eq!(scene.server.stats().accepted(), 1);
        scene.end().await;
    });
}

#[test]
fn whoever_presents_no_id_in_time_is_refused() {
    run(async {
        let scene =
            Scene::new(media().with(|media| media.handshake_timeout = Duration::from_millis(100)))
                .await;
        scene.is_refused(&[], Refusal::Timeout).await;
        scene
            .is_refused(&message(0x01, &[7; 16])[..10], Refusal::Timeout)
            .await;
        let (talker, mut hearer) = scene.connect().await;
        talker.close().await;
        hearer.closed().await;
        until("it is counted", || {
            scene.server.stats().refused(Refusal::Gone) == 1
        })
        .await;
        drop(hearer);
        scene.end().await;
    });
}

#[test]
fn peers_that_are_not_allowed_are_refused_whatever_they_know() {
    run(async {
        let (server, _arrivals) = MediaServer::bind(
            media().with(|media| media.allow_peers = vec!["10.0.0.0/8".parse().unwrap()]),
            echo(),
        )
        .await
        .unwrap();
        let ticket = server.issue(echo());
        let (mut talker, mut hearer) = split(TcpStream::connect(server.address()).await.unwrap());
        let _ = talker
            .try_send(&message(0x01, ticket.uuid().as_bytes()))
            .await;
        hearer.closed().await;
        assert_eq!(server.stats().refused(Refusal::Peer), 1);
        assert_eq!(
            ticket
                .connected(Duration::from_millis(10))
                .await
                .unwrap_err(),
            TicketError::Timeout
        );
    });
}

#[test]
fn with_all_places_taken_the_oldest_pending_makes_room_for_whoever_comes() {
    run(async {
        let scene = Scene::new(media().with(|media| media.max_pending = 3)).await;
        let refused = || scene.server.stats().refused(Refusal::Pending);
        let (mut oldest, mut oldest_hears) = scene.connect().await;
        // It is inside once it is not the newest any more.
        oldest.send(&message(0x01, &[7; 16])[..10]).await;
        let mut waiting = Vec::new();
        for _ in 0..2 {
            waiting.push(scene.connect().await);
        }
        // A call finds a place at once, and the first to come is the first to go.
        let first = scene.call(echo()).await;
        oldest_hears.closed().await;
        until("it is counted", || refused() == 1).await;
        // A whole storm of calls finds places too.
        for _ in 0..20 {
            waiting.push(scene.connect().await);
        }
        let second = scene.call(echo()).await;
        until("all but those inside have gone", || {
            (19..=21).contains(&refused())
        })
        .await;
        drop((first, second, waiting, oldest, oldest_hears));
        scene.end().await;
    });
}

#[test]
fn a_storm_of_calls_is_taken_whole() {
    run(async {
        let mut scene = Scene::new(media()).await;
        scene.server.allow_any();
        let address = scene.server.address();
        let storm: Vec<_> = (0..300)
            .map(|_| tokio::spawn(async move { call(address, Uuid::new_v4()).await }))
            .collect();
        let mut peers = Vec::new();
        for caller in storm {
            peers.push(soon("a connection", caller).await.unwrap());
        }
        // The application looks only now.
        until("all are up", || scene.server.stats().calls() == 301).await;
        let mut links = Vec::new();
        for _ in 0..300 {
            links.push(soon("an arrival", scene.arrivals.recv()).await.unwrap());
        }
        drop((peers, links));
        scene.end().await;
    });
}

#[test]
fn only_so_many_calls_are_taken_and_the_ticket_is_told() {
    run(async {
        let scene = Scene::new(media().with(|media| media.max_calls = 2)).await;
        let second = scene.call(echo()).await;
        let ticket = scene.server.issue(echo());
        scene
            .is_refused(&message(0x01, ticket.uuid().as_bytes()), Refusal::Busy)
            .await;
        let told = soon("the ticket", ticket.connected(peer::LONG)).await;
        assert_eq!(told.unwrap_err(), TicketError::Refused(Refusal::Busy));
        scene.server.allow_any();
        scene
            .is_refused(&message(0x01, &[5; 16]), Refusal::Busy)
            .await;
        drop(second);
        until("there is room again", || scene.server.stats().calls() == 1).await;
        let third = scene.call(echo()).await;
        drop(third);
        scene.end().await;
    });
}

#[test]
fn an_issued_id_lets_one_connection_in_and_a_ticket_that_is_dropped_none() {
    run(async {
        let scene = Scene::new(media()).await;
        let ticket = scene.server.issue(echo());
        let id = ticket.uuid();
        let first = call(scene.server.address(), id).await;
        let link = ticket.connected(peer::LONG).await.unwrap();
        scene
            .is_refused(&message(0x01, id.as_bytes()), Refusal::Claimed)
            .await;
        drop((first, link));
        // Also when the call is over.
        until("it is over", || scene.server.stats().calls() == 1).await;
        scene
            .is_refused(&message(0x01, id.as_bytes()), Refusal::Claimed)
            .await;
        assert_eq!(scene.server.stats().second_claims(), 2);
        assert_eq!(scene.server.stats().refusals(), [(Refusal::Claimed, 2)]);

        let ticket = scene.server.issue(echo());
        let id = ticket.uuid();
        drop(ticket);
        scene
            .is_refused(&message(0x01, id.as_bytes()), Refusal::UnknownId)
            .await;
        scene.end().await;
    });
}

#[test]
fn an_allowed_id_may_be_used_again_and_again() {
    run(async {
        let mut scene = Scene::new(media()).await;
        let id = Uuid::new_v4();
        scene.server.allow(id);
        for _ in 0..3 {
            let (talker, hearer) = call(scene.server.address(), id).await;
            let arrival = soon("an arrival", scene.arrivals.recv()).await.unwrap();
            assert_eq!(arrival.uuid, id);
            drop((talker, hearer, arrival));
        }
        scene.end().await;
    });
}

#[test]
fn a_connection_that_breaks_within_a_frame_ends_its_own_call_only() {
    run(async {
        let scene = Scene::new(media()).await;
        for reset in [true, false] {
            let ticket = scene.server.issue(LegSettings::default());
            let mut socket = TcpStream::connect(scene.server.address()).await.unwrap();
            socket.set_nodelay(true).unwrap();
            let mut bytes = message(0x01, ticket.uuid().as_bytes());
            bytes.extend(audio(&numbered(0)));
            bytes.extend(&audio(&numbered(1))[..100]);
            socket.write_all(&bytes).await.unwrap();
            let mut link = ticket.connected(peer::LONG).await.unwrap();
            until("the frame arrived", || link.stats().frames_in == 1).await;
            // A reset is how hang-ups end as often as not: Asterisk closes with our frames unread.
            if reset {
                socket.set_zero_linger().unwrap();
                drop(socket);
            } else {
                socket.shutdown().await.unwrap();
            }
            assert_eq!(stopped(&story(&mut link).await), MediaStoppedReason::Closed);
            assert_eq!(link.stats().frames_in, 1);
        }
        scene.end().await;
    });
}

#[test]
fn a_peer_that_never_reads_is_disconnected() {
    run(async {
        let scene =
            Scene::new(media().with(|media| media.write_timeout = Duration::from_millis(200)))
                .await;
        // A short receive buffer, and the most bytes a second: the socket is full soon.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let socket = socket.connect(scene.server.address()).await.unwrap();
        let ticket = scene
            .server
            .issue(LegSettings::default().with(|leg| leg.rate = SampleRate::Hz192000));
        let (mut talker, hearer) = split(socket);
        talker.send(&message(0x01, ticket.uuid().as_bytes())).await;
        let mut link = ticket.connected(peer::LONG).await.unwrap();
        let records = story(&mut link).await;
        assert_eq!(stopped(&records), MediaStoppedReason::Timeout);
        assert!(
            matches!(faults(&records)[..], [Fault::FramesDropped(1), ..]),
            "{records:?}"
        );
        assert!(link.stats().frames_dropped > 0);
        drop((talker, hearer));
        scene.end().await;
    });
}

/// A line that was held up delivers at once what it has, and reads nothing meanwhile: at the
/// highest rate, too, nothing of the echo is lost.
#[test]
fn a_burst_at_192_khz_comes_back_whole() {
    run(async {
        let scene = Scene::new(media()).await;
        let (mut talker, mut hearer, link) = scene.call(echo()).await;
        let frame = |n: u8| message(0x18, &[n + 1; 2 * 3_840]);
        let burst: Vec<u8> = (0..20).flat_map(frame).collect();
        talker.send(&burst).await;
        until("all frames arrived", || link.stats().frames_in == 20).await;
        assert_eq!(link.stats().frames_dropped, 0);
        for n in 0..20 {
            let (kind, payload) = soon("an echo", hearer.next()).await.unwrap();
            assert_eq!((kind, payload[0]), (0x18, n + 1));
        }
        drop((talker, hearer, link));
        scene.end().await;
    });
}

#[test]
fn a_flood_is_read_to_its_end() {
    run(async {
        let scene = Scene::new(media()).await;
        let mut floods = Vec::new();
        for _ in 0..3 {
            let (mut talker, mut hearer, mut link) = scene.call(LegSettings::default()).await;
            floods.push(tokio::spawn(async move {
                let segment: Vec<u8> = (0..50).flat_map(|n| audio(&numbered(n))).collect();
                let hear = tokio::spawn(async move { hearer.rest().await });
                for _ in 0..30 {
                    talker.send(&segment).await;
                }
                talker.close().await;
                let records = story(&mut link).await;
                assert_eq!(stopped(&records), MediaStoppedReason::Closed);
                assert_eq!(link.stats().frames_in, 1_500);
                hear.await.unwrap();
            }));
        }
        for flood in floods {
            soon("the end of a flood", flood).await.unwrap();
        }
        scene.end().await;
    });
}

#[test]
fn records_and_audio_that_nobody_fetches_cost_that_call_only_and_are_counted() {
    run(async {
        let scene =
            Scene::new(media().with(|media| media.caller_queue = Duration::from_millis(200))).await;
        let (mut talker, mut hearer, mut link) = scene
            .call(LegSettings::default().with(|leg| leg.forward = Forward::Everything))
            .await;
        for n in 0..50 {
            talker.send(&audio(&numbered(n))).await;
            for _ in 0..20 {
                talker.press("1").await;
            }
        }
        until("all frames arrived", || link.stats().frames_in == 50).await;
        let mut reader = link.caller.take().unwrap();
        let mut heard = 0;
        talker.close().await;
        while let Some(part) = soon("the caller's audio", reader.next()).await {
            if let AudioPart::Samples(samples) = part {
                heard += samples.len();
            }
        }
        let records = story(&mut link).await;
        let stats = link.stats();
        assert!(heard < 50 * FRAME);
        assert_eq!(
            heard as u64 + stats.caller_samples_missed,
            50 * FRAME as u64
        );
        // The media started, a thousand keys, the media stopped: what was lost is as many as is
        // missing.
        let told = records.len() as u64;
        assert_eq!(told + stats.records_missed, 1_002, "{stats:?}");
        hearer.closed().await;
        drop(hearer);
        scene.end().await;
    });
}

#[test]
fn a_hang_up_of_ours_is_a_message_and_then_the_end() {
    run(async {
        let scene = Scene::new(media()).await;
        let (mut talker, mut hearer, mut link) = scene.call(LegSettings::default()).await;
        talker.send(&audio(&numbered(0))).await;
        assert!(link.command(Command::HangUp));
        let (_, hung_up) = soon("the end", hearer.rest()).await;
        assert!(hung_up);
        hearer.closed().await;
        assert_eq!(stopped(&story(&mut link).await), MediaStoppedReason::Hangup);
        drop((talker, hearer));
        scene.end().await;
    });
}

#[test]
fn a_call_that_nobody_holds_is_closed_and_so_are_all_when_the_server_goes() {
    run(async {
        let scene = Scene::new(media()).await;
        let (talker, mut hearer, link) = scene.call(LegSettings::default()).await;
        drop(link);
        hearer.closed().await;
        drop((talker, hearer));
        scene.end().await;

        let (server, _arrivals) = MediaServer::bind(media(), echo()).await.unwrap();
        let ticket = server.issue(LegSettings::default());
        let (talker, mut hearer) = call(server.address(), ticket.uuid()).await;
        let mut link = ticket.connected(peer::LONG).await.unwrap();
        drop(server);
        assert_eq!(stopped(&story(&mut link).await), MediaStoppedReason::Closed);
        hearer.closed().await;
        drop(talker);
    });
}
