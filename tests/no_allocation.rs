//! A frame's life through a media thread makes no allocation: counted over live loopback calls.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod peer;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use peer::{
    FRAME, Hearer, Levels, Talker, call, count, media, message, numbered, recording, soon, until,
};
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::interval;
use voxtra::allocations::{Counting, of_this_thread};
use voxtra::prelude::*;
use voxtra::rt::media::Allocations;
use voxtra::rt::speech::{ScriptedModel, ScriptedReply, ScriptedTranscriber};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Frames that come faster than real time, each an event: more than anybody's queue or log of
/// events takes.
const FLOOD: usize = 9_000;

/// Frames at the beginning, while the agent gets going.
const BEFORE: usize = 25;

/// What a media thread had allocated and freed altogether when its probe looked first and last.
#[derive(Debug)]
struct Watched {
    looks: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
}

static WATCHED: [Watched; 5] = [const {
    Watched {
        looks: AtomicU64::new(0),
        first: AtomicU64::new(0),
        last: AtomicU64::new(0),
    }
}; 5];

/// The probe of one media thread. What is between its looks is everything that thread does,
/// sleeping included.
fn watching<const N: usize>() -> Allocations {
    let now = of_this_thread();
    let watched = &WATCHED[N];
    if watched.looks.fetch_add(1, SeqCst) == 0 {
        watched.first.store(now.allocated + now.freed, SeqCst);
    }
    watched.last.store(now.allocated + now.freed, SeqCst);
    now
}

/// What a caller does with its line, at its line's rate.
struct Caller {
    talker: Talker,
    kind: u8,
    /// How often a sample at 8 kHz is repeated.
    repeat: usize,
    frames: u64,
}

impl Caller {
    fn new(talker: Talker, rate_hz: usize) -> Self {
        Self {
            talker,
            kind: if rate_hz == 8_000 { 0x10 } else { 0x12 },
            repeat: rate_hz / 8_000,
            frames: 0,
        }
    }

    /// Says samples at 8 kHz.
    async fn speak(&mut self, samples: &[i16], pace: Duration) {
        let mut clock = interval(pace);
        for frame in samples.chunks_exact(FRAME) {
            clock.tick().await;
            let payload: Vec<u8> = frame
                .iter()
                .flat_map(|sample| std::iter::repeat_n(sample.to_le_bytes(), self.repeat))
                .flatten()
                .collect();
            self.talker.send(&message(self.kind, &payload)).await;
            self.frames += 1;
        }
    }

    async fn pause(&mut self, frames: usize) {
        self.speak(&vec![0; frames * FRAME], REAL_TIME).await;
    }
}

const REAL_TIME: Duration = Duration::from_millis(20);
const FLOODING: Duration = Duration::from_micros(500);

/// A tone that is not the caller's.
fn tone(seconds: usize) -> Vec<i16> {
    (0..8_000 * seconds)
        .map(|n| ((n as f32 * 0.35).sin() * 6_000.0) as i16)
        .collect()
}

async fn agent(call: Call) -> Result<(), CallError> {
    call.set_frame_events(true).await;
    let mut audio = call.audio_stream().await?;
    tokio::spawn(async move { while audio.next().await.is_some() {} });
    let digits = call.listen_dtmf(5, peer::LONG).await?;
    assert_eq!(digits, "12");
    // At another rate than the line's, cut by the caller, and once more.
    call.send_audio(&tone(8), 16_000).await?;
    call.send_audio(&tone(8), 8_000).await?;
    call.ended().await;
    Ok(())
}

async fn echo(call: Call) -> Result<(), CallError> {
    call.set_frame_events(true).await;
    call.set_echo(true).await;
    call.ended().await;
    Ok(())
}

async fn application(allocations: fn() -> Allocations) -> Application {
    Application::builder()
        .media(media().with(|media| media.allocations = Some(allocations)))
        .extension("agent", agent)
        .extension("echo", echo)
        .start()
        .await
        .unwrap()
}

async fn dial(app: &Application, extension: &str) -> (Call, Talker, Hearer) {
    let id = app.expect_socket_call(extension);
    let (talker, hearer) = call(app.media_address(), id).await;
    let ours = || {
        let mut calls = app.calls().into_iter();
        calls.find(|call| call.audio_id() == Some(id))
    };
    until("the call is up", || ours().is_some()).await;
    (ours().unwrap(), talker, hearer)
}

/// A call with audio both ways, speech, a barge-in, digits, and events to three subscribers, of
/// whom one reads nothing.
async fn nothing_is_allocated<const N: usize>(extension: &str, rate_hz: usize) {
    let app = application(watching::<N>).await;
    // Two who never read, one of this call and one of all, and two who do.
    let mut stuck_observer = app.events();
    let mut observer = app.events();
    let observed = tokio::spawn(async move {
        let mut seen: Vec<Arc<Event>> = Vec::new();
        loop {
            let event = soon("an event", observer.recv()).await.unwrap();
            seen.push(event);
            if seen.last().unwrap().wire() == "session.destroyed" {
                return seen;
            }
        }
    });
    let (up, talker, mut hearer) = dial(&app, extension).await;
    let mut stuck = up.events();
    let mut reader = up.events();
    let read = tokio::spawn(async move {
        let mut seen = 0;
        while let Some(event) = soon("an event", reader.next()).await {
            assert_eq!(event.seq, seen);
            seen += 1;
        }
        (seen, reader.missed())
    });
    // The first frame may still be at the rate that every call begins with.
    let hear = tokio::spawn(async move {
        let mut heard = 0;
        while let Some((kind, _)) = hearer.next().await {
            assert!(kind >= 0x10, "not audio: {kind:#x}");
            heard += 1;
        }
        heard
    });

    let mut caller = Caller::new(talker, rate_hz);
    caller.pause(BEFORE).await;
    caller
        .speak(&recording("caller-hello.wav"), REAL_TIME)
        .await;
    caller.talker.press("12#").await;
    caller.pause(50).await;
    // An agent speaks by now, and is interrupted.
    caller.speak(&recording("caller-stop.wav"), REAL_TIME).await;
    caller.pause(50).await;
    let flood: Vec<i16> = (0..FLOOD).flat_map(numbered).collect();
    caller.speak(&flood, FLOODING).await;
    let sent = caller.frames;
    until("all is heard", || up.stats().frames_in >= sent).await;
    caller.talker.close().await;

    let frames_heard: u64 = soon("the end", hear).await.unwrap();
    let events = soon("the last event", observed).await.unwrap();
    let (told, missed) = soon("the last event", read).await.unwrap();
    until("the call is over", || app.media_stats().calls() == 0).await;

    // All of that happened.
    for wire in [
        "media.started",
        "user.speech.started",
        "user.speech.ended",
        "media.stopped",
    ] {
        assert!(count(&events, wire) >= 1, "{wire} did not happen");
    }
    assert_eq!(count(&events, "dtmf.received"), 3);
    let stats = up.stats();
    assert_eq!(stats.frames_in, sent);
    // On a busy machine the caller itself may be too slow in a flood.
    assert_eq!(stats.frames_out - stats.frames_dropped, frames_heard);
    if extension == "echo" {
        // A frame may come before the echo is on.
        assert!(stats.frames_out > FLOOD as u64);
    } else {
        assert!(frames_heard > 400);
        assert!(count(&events, "agent.speech.started") >= 1);
        assert!(count(&events, "barge_in") >= 1);
        assert!(count(&events, "audio.frame.sent") > 400);
    }
    // But for those before the agent asked for them, and what a busy machine could not take from
    // the ring in time.
    let frames = count(&events, "audio.frame.received") as u64;
    assert!(
        frames + stats.records_missed + BEFORE as u64 >= sent && frames > FLOOD as u64 / 2,
        "{frames} and {stats:?}"
    );
    assert_eq!((told, missed), (events.len() as u64, 0));
    // The stuck ones are told how many they missed, and nobody else missed any.
    let first = stuck.next().await.unwrap();
    assert!(stuck.missed() > 0);
    assert_eq!(stuck.missed(), first.seq);
    assert!(matches!(
        stuck_observer.try_recv(),
        Err(TryRecvError::Lagged(_))
    ));

    // Over all of it, and two more calls that came and went on the same thread.
    for _ in 0..2 {
        let (_, talker, mut hearer) = dial(&app, extension).await;
        let mut caller = Caller::new(talker, rate_hz);
        caller.pause(10).await;
        caller.talker.close().await;
        hearer.closed().await;
    }
    until("the calls are over", || app.media_stats().calls() == 0).await;
    let handled = app.media_stats().handling().count();
    // One may take several frames that came together.
    assert!(handled > 300, "{handled}");
    let watched = &WATCHED[N];
    assert!(watched.looks.load(SeqCst) >= 2 * handled);
    assert_eq!(
        watched.last.load(SeqCst) - watched.first.load(SeqCst),
        0,
        "allocations and frees on the media thread over {handled} handlings"
    );
    assert_eq!(app.media_stats().hot_path_allocations(), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agents_call_at_8_khz_allocates_nothing_on_its_media_thread() {
    nothing_is_allocated::<0>("agent", 8_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agents_call_at_16_khz_allocates_nothing_on_its_media_thread() {
    nothing_is_allocated::<1>("agent", 16_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echoed_call_at_8_khz_allocates_nothing_on_its_media_thread() {
    nothing_is_allocated::<2>("echo", 8_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echoed_call_at_16_khz_allocates_nothing_on_its_media_thread() {
    nothing_is_allocated::<3>("echo", 16_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guards_clips_are_played_without_an_allocation() {
    const FILLER: &str = "One moment.";
    const APOLOGY: &str = "Please hold on.";
    let ms = Duration::from_millis;
    let agent = AgentSettings::new("")
        .greeting("Hello.")
        .filler(ms(100), FILLER)
        .dead_air(ms(3_600), APOLOGY, peer::LONG);
    let app = Application::builder()
        .media(media().with(|media| media.allocations = Some(watching::<4>)))
        .voice(Levels)
        .speech_to_text(ScriptedTranscriber::new(["are you open", "hello"]))
        .language_model(ScriptedModel::default().always(ScriptedReply::default().hangs()))
        .extension("guarded", move |call: Call| {
            let agent = agent.clone();
            async move { call.agent().run(&agent).await }
        })
        .start()
        .await
        .unwrap();
    // The first call's clips come while the media thread watches, the second's are there.
    for _ in 0..2 {
        let (up, mut talker, mut hearer) = dial(&app, "guarded").await;
        let hears = async |hearer: &mut Hearer, text: &str| {
            let is_heard = |samples: Vec<i16>| samples[0] == Levels::of(text);
            while !is_heard(hearer.samples().await.expect("a call that goes on")) {}
        };
        tokio::select! {
            () = hears(&mut hearer, "Hello.") => {}
            () = talker.wait() => {}
        }
        let talking = async {
            talker.speak(&recording("caller-hello.wav")).await;
            talker.wait().await;
        };
        tokio::select! {
            () = hears(&mut hearer, FILLER) => {}
            () = talking => {}
        }
        tokio::select! {
            () = hears(&mut hearer, APOLOGY) => {}
            () = talker.wait() => {}
        }
        // The caller cuts it off.
        talker.speak(&recording("caller-stop.wav")).await;
        let mut events = up.events();
        talker.close().await;
        let mut told = 0;
        while let Some(event) = soon("an event", events.next()).await {
            told += usize::from(event.wire() == "agent.speech.ended");
        }
        assert!(told >= 3, "the greeting and two clips, but {told}");
        until("the call is over", || app.media_stats().calls() == 0).await;
    }
    let watched = &WATCHED[4];
    assert!(watched.looks.load(SeqCst) > 500);
    assert_eq!(
        watched.last.load(SeqCst) - watched.first.load(SeqCst),
        0,
        "allocations and frees on the media thread"
    );
    assert_eq!(app.media_stats().hot_path_allocations(), (0, 0));
}

/// A probe that allocates itself, as a careless media path would: once whenever it looks.
fn careless() -> Allocations {
    drop(black_box(Box::new(7)));
    of_this_thread()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_can_fail() {
    let app = application(careless).await;
    let (up, talker, mut hearer) = dial(&app, "echo").await;
    let mut caller = Caller::new(talker, 8_000);
    caller.pause(50).await;
    until("all is heard", || up.stats().frames_in == 50).await;
    caller.talker.close().await;
    hearer.closed().await;
    until("the call is over", || app.media_stats().calls() == 0).await;
    let handled = app.media_stats().handling().count();
    let (allocated, freed) = app.media_stats().hot_path_allocations();
    // The second of the two looks of each handling falls into what is measured.
    assert!(
        handled >= 50 && allocated >= handled && freed >= handled,
        "{allocated} and {freed} in {handled}"
    );

    let before = of_this_thread();
    let bytes = black_box(vec![1_u8; 10]);
    drop(bytes);
    let after = of_this_thread();
    assert_eq!(after.allocated - before.allocated, 1);
    assert_eq!(after.freed - before.freed, 1);
}

#[test]
fn an_event_is_written_as_json_without_allocation() {
    let started = CallStarted::new(
        "+265888111111".into(),
        "+265999000001".into(),
        CallStartedDirection::Inbound,
    );
    let mut event = Event::from_json(
        r#"{
            "id": "00000000-0000-0000-0000-000000000007",
            "type": "call.ringing",
            "session_id": "1762155.12",
            "timestamp": "2026-05-04T08:31:21.512Z",
            "data": {}
        }"#,
    )
    .unwrap();
    event.body = started.into();
    let mut buffer = Vec::new();
    event.write_json(&mut buffer);
    let first = buffer.clone();
    let before = of_this_thread();
    for _ in 0..1_000 {
        buffer.clear();
        event.write_json(black_box(&mut buffer));
    }
    assert_eq!(of_this_thread(), before);
    assert_eq!(buffer, first);
    assert_eq!(buffer, event.to_json().into_bytes());
}
