//! Queueing and retrying in virtual time, with a receiver that answers by a script.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard};

use super::super::hooks::Hooks;
use super::super::{
    DeadLetter, MemoryOutbox, Outbox, OutboxError, OutgoingEvent, PutOut, WebhookCounters,
};
use super::*;

#[path = "delivery_misbehaving_tests.rs"]
mod misbehaving;

/// Answers by the event's id: the rest of its script, then `Delivered`. Records when each attempt
/// began.
#[derive(Debug, Default)]
struct Receiver {
    scripts: Mutex<HashMap<String, VecDeque<AttemptOutcome>>>,
    attempts: Mutex<Vec<(String, u64)>>,
    /// How long an answer takes.
    takes: Duration,
    /// How long it is unreachable after its start.
    away: Duration,
    /// How long an answer takes meanwhile, if it is not as long as later.
    takes_while_away: Option<Duration>,
    /// It is unreachable in every second period of this length.
    flaps: Option<Duration>,
    /// What was delivered, and when.
    delivered: Mutex<Vec<(String, u64)>>,
    under_way: AtomicU64,
    most_under_way: AtomicU64,
    start: Option<Instant>,
}

impl Receiver {
    fn new(takes: Duration) -> Self {
        Self {
            takes,
            start: Some(Instant::now()),
            ..Self::default()
        }
    }

    fn away(self, away: Duration) -> Self {
        Self { away, ..self }
    }

    fn script(self, id: &str, outcomes: impl IntoIterator<Item = AttemptOutcome>) -> Self {
        self.scripts
            .lock()
            .unwrap()
            .insert(id.to_owned(), outcomes.into_iter().collect());
        self
    }
}

impl Post for Receiver {
    async fn post(&self, events: &[&OutgoingEvent]) -> AttemptOutcome {
        let [event] = events else {
            panic!("{} events in one request", events.len())
        };
        let ms = self.start.unwrap().elapsed().as_millis() as u64;
        self.attempts.lock().unwrap().push((event.id.clone(), ms));
        let now = self.under_way.fetch_add(1, Relaxed) + 1;
        self.most_under_way.fetch_max(now, Relaxed);
        let is_away = self.start.unwrap().elapsed() < self.away;
        let takes = self.takes_while_away.filter(|_| is_away);
        tokio::time::sleep(takes.unwrap_or(self.takes)).await;
        self.under_way.fetch_sub(1, Relaxed);
        let elapsed = self.start.unwrap().elapsed();
        let is_down = |period: Duration| elapsed.as_secs() / period.as_secs() % 2 == 1;
        if elapsed < self.away || self.flaps.is_some_and(is_down) {
            return down();
        }
        let mut scripts = self.scripts.lock().unwrap();
        let outcome = scripts
            .get_mut(&event.id)
            .and_then(VecDeque::pop_front)
            .unwrap_or(AttemptOutcome::Delivered);
        if outcome == AttemptOutcome::Delivered {
            let at = elapsed.as_millis() as u64;
            self.delivered.lock().unwrap().push((event.id.clone(), at));
        }
        outcome
    }
}

fn down() -> AttemptOutcome {
    AttemptOutcome::Retry {
        reason: "it answered 503".to_owned(),
        after: None,
    }
}

fn event(session: &str, id: &str) -> OutgoingEvent {
    named("turn.ended", session, id)
}

fn named(wire: &'static str, session: &str, id: &str) -> OutgoingEvent {
    OutgoingEvent {
        wire: wire.into(),
        id: id.to_owned(),
        session_id: session.into(),
        sequence: None,
        body: bytes::Bytes::from_static(b"{}"),
    }
}

fn settings() -> WebhookSettings {
    WebhookSettings::new("http://receiver/".parse().unwrap())
}

/// The lifecycle events of a telephone service.
fn is_lifecycle(wire: &str) -> bool {
    wire.starts_with("call.") || wire.starts_with("session.")
}

/// Deliveries to one receiver, out of memory.
struct Rig(Hooks<Receiver>);

impl Rig {
    fn new(
        settings: WebhookSettings,
        lifecycle: Option<fn(&str) -> bool>,
        receiver: Receiver,
    ) -> Self {
        let room = (settings.queue, settings.session_queue);
        let memory = MemoryOutbox::new(room.0, room.1, lifecycle.is_some());
        let spare = memory.clone();
        let open = Box::new(move || Ok(Box::new(memory.clone()) as _));
        Self(Hooks::new(vec![(settings, receiver)], lifecycle, spare, open, false).unwrap())
    }

    fn enqueue(&self, event: OutgoingEvent) {
        self.0.order(&event, None);
    }

    async fn drain(&self, deadline: Instant) -> u64 {
        self.0.drain(deadline).await
    }

    fn counters(&self) -> WebhookCounters {
        self.0.counters()[0]
    }

    fn delivery(&self) -> &Delivery<Receiver> {
        &self.0.deliveries[0]
    }

    fn receiver(&self) -> &Receiver {
        &self.delivery().post
    }

    /// How many sessions have something in memory.
    fn lanes(&self) -> usize {
        self.delivery().line.state().lanes.len()
    }
}

fn delivery_to(settings: WebhookSettings, receiver: Receiver) -> Rig {
    Rig::new(settings, Some(is_lifecycle), receiver)
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

fn ids(delivery: &Rig) -> Vec<String> {
    delivery
        .receiver()
        .attempts
        .lock()
        .unwrap()
        .iter()
        .map(|(id, _)| id.clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_retry_holds_back_its_own_session_and_no_other() {
    let receiver = Receiver::new(Duration::ZERO).script("a1", [down(), down()]);
    let delivery = delivery_to(settings(), receiver);
    for (session, id) in [
        ("a", "a1"),
        ("a", "a2"),
        ("b", "b1"),
        ("a", "a3"),
        ("b", "b2"),
    ] {
        delivery.enqueue(event(session, id));
    }
    assert_eq!(delivery.drain(far()).await, 0);
    let ids = ids(&delivery);
    let of = |session: &str| {
        ids.iter()
            .filter(|id| id.starts_with(session))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of("a"), ["a1", "a1", "a1", "a2", "a3"]);
    assert_eq!(of("b"), ["b1", "b2"]);
    // Both events of b were sent before a's first retry.
    assert_eq!(&ids[3..], ["a1", "a1", "a2", "a3"]);
    let expected = WebhookCounters {
        delivered: 5,
        retries: 2,
        ..WebhookCounters::default()
    };
    assert_eq!(delivery.counters(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_tried_as_often_as_configured_with_growing_waits() {
    let receiver = Receiver::new(Duration::ZERO).script("x", std::iter::repeat_n(down(), 10));
    let delivery = delivery_to(
        WebhookSettings {
            max_attempts: Some(4),
            ..settings()
        },
        receiver,
    );
    delivery.enqueue(event("s", "x"));
    delivery.drain(far()).await;
    let at: Vec<u64> = delivery
        .receiver()
        .attempts
        .lock()
        .unwrap()
        .iter()
        .map(|(_, ms)| *ms)
        .collect();
    assert_eq!(at.len(), 4);
    for (wait, base) in at
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .zip([500, 1_000, 2_000])
    {
        assert!(
            (base / 10..=base + 2).contains(&wait),
            "{wait} ms for {base} ms"
        );
    }
    let expected = WebhookCounters {
        exhausted: 1,
        retries: 3,
        ..WebhookCounters::default()
    };
    assert_eq!(delivery.counters(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_refused_event_is_not_tried_again_and_the_next_one_is_sent() {
    let refused = AttemptOutcome::Refused {
        reason: "it answered 400".to_owned(),
    };
    let delivery = delivery_to(
        settings(),
        Receiver::new(Duration::ZERO).script("x", [refused]),
    );
    delivery.enqueue(event("s", "x"));
    delivery.enqueue(event("s", "y"));
    delivery.drain(far()).await;
    assert_eq!(ids(&delivery), ["x", "y"]);
    let expected = WebhookCounters {
        delivered: 1,
        refused: 1,
        ..WebhookCounters::default()
    };
    assert_eq!(delivery.counters(), expected);
}

#[tokio::test(start_paused = true)]
async fn full_queues_drop_what_is_new_and_count_it() {
    let tight = WebhookSettings {
        queue: 10,
        session_queue: 2,
        ..settings()
    };
    let delivery = delivery_to(tight, Receiver::new(Duration::from_secs(1)));
    for id in ["a1", "a2", "a3"] {
        delivery.enqueue(event("a", id));
    }
    // No task ran yet: two wait in the lane, and the third met a full one.
    assert_eq!(
        (delivery.counters().queued, delivery.counters().dropped),
        (2, 1)
    );
    for id in ["b1", "c1", "d1", "e1"] {
        delivery.enqueue(event(&id[..1], id));
    }
    assert_eq!(
        (delivery.counters().queued, delivery.counters().dropped),
        (5, 2)
    );
    // Lifecycle events have the other half, two for each session.
    for id in ["a4", "a5", "a6", "e2", "f1", "g1", "h1"] {
        delivery.enqueue(named("call.ended", &id[..1], id));
    }
    assert_eq!(
        (delivery.counters().queued, delivery.counters().dropped),
        (10, 4)
    );
    delivery.drain(far()).await;
    let mut sent = ids(&delivery);
    sent.sort();
    // h1, the end of a call, replaced the newest other event of the session with the most.
    assert_eq!(
        sent,
        ["a1", "a4", "a5", "b1", "c1", "d1", "e2", "f1", "g1", "h1"]
    );
    let expected = WebhookCounters {
        delivered: 10,
        dropped: 4,
        ..WebhookCounters::default()
    };
    assert_eq!(delivery.counters(), expected);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_reserved_where_no_event_is_a_lifecycle_event() {
    let tight = WebhookSettings {
        queue: 4,
        max_in_flight: 4,
        ..settings()
    };
    let receiver = Receiver::new(Duration::from_secs(1));
    let delivery = Rig::new(tight, None, receiver);
    for id in ["a", "b", "c", "d", "e"] {
        delivery.enqueue(named("call.ended", id, id));
    }
    assert_eq!(delivery.counters().dropped, 1);
    delivery.drain(far()).await;
    assert_eq!(delivery.receiver().most_under_way.load(Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_away_for_a_minute_gets_everything_in_order() {
    let receiver = Receiver::new(Duration::ZERO).away(Duration::from_secs(60));
    let delivery = delivery_to(settings(), receiver);
    let life = [
        "session.created",
        "call.started",
        "user.speech.started",
        "call.ended",
    ];
    for session in ["a", "b"] {
        for wire in life {
            delivery.enqueue(named(wire, session, &format!("{session} {wire}")));
        }
    }
    // As in production: the queues are not closed meanwhile.
    tokio::time::sleep(Duration::from_secs(121)).await;
    let delivered = delivery.receiver().delivered.lock().unwrap().clone();
    for session in ["a", "b"] {
        let got: Vec<&str> = delivered
            .iter()
            .filter_map(|(id, _)| id.strip_prefix(session))
            .map(str::trim)
            .collect();
        assert_eq!(got, life);
    }
    let counters = delivery.counters();
    assert_eq!((counters.delivered, counters.queued), (8, 0));
    assert_eq!((counters.exhausted, counters.dropped), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_event_is_tried_until_its_time_is_over_and_once_at_least() {
    let receiver = Receiver::new(Duration::ZERO).away(Duration::from_secs(7_200));
    let horizon = Duration::from_secs(900);
    let delivery = delivery_to(
        WebhookSettings {
            give_up_after: horizon,
            ..settings()
        },
        receiver,
    );
    for id in ["1", "2", "3"] {
        delivery.enqueue(event("s", id));
    }
    // The receiver does not answer: each last attempt is a probe, and half a minute lies between.
    tokio::time::sleep(horizon + Duration::from_secs(120)).await;
    let attempts = delivery.receiver().attempts.lock().unwrap().clone();
    let last: Vec<_> = attempts.iter().rev().take(3).rev().cloned().collect();
    let end = horizon.as_millis() as u64;
    for ((id, at), expected) in last.iter().zip(["1", "2", "3"]) {
        assert_eq!(id, expected);
        assert!(
            (end..end + 95_000).contains(at),
            "{id} was last tried at {at}"
        );
    }
    assert_eq!(attempts.iter().filter(|(id, _)| id == "2").count(), 1);
    let counters = delivery.counters();
    assert_eq!((counters.exhausted, counters.queued), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_may_ask_for_any_wait_and_settings_allow_it() {
    let asked = || AttemptOutcome::Retry {
        reason: "it answered 503".to_owned(),
        after: Some(Duration::from_secs(u64::MAX)),
    };
    let settings = settings().with(|hook| {
        hook.max_backoff = Duration::MAX;
        hook.give_up_after = Duration::MAX;
    });
    let receiver = Receiver::new(Duration::ZERO).script("1", (0..9).map(|_| asked()));
    let rig = delivery_to(settings, receiver);
    rig.enqueue(event("a", "1"));
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    // It waits, and is neither lost nor stuck: at the end it is tried once more.
    assert_eq!(rig.counters().queued, 1);
    let before = rig.receiver().attempts.lock().unwrap().len();
    rig.drain(Instant::now() + Duration::from_secs(1)).await;
    assert!(rig.receiver().attempts.lock().unwrap().len() > before);
}

#[tokio::test(start_paused = true)]
async fn floods_of_many_calls_neither_push_out_nor_delay_another_calls_end() {
    let answer = Duration::from_millis(100);
    let delivery = delivery_to(settings(), Receiver::new(answer));
    for call in 0..200 {
        for digit in 0..1_000 {
            delivery.enqueue(named("dtmf.received", &format!("flood {call}"), "digit"));
            // The first of them are already being sent.
            if digit == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    assert!(delivery.counters().dropped > 0, "it was no flood");
    delivery.enqueue(named("call.ended", "other", "end"));
    // An ordinary event gets its share of the room, too.
    delivery.enqueue(named("user.transcript", "other", "said"));
    tokio::time::sleep(answer * 3).await;
    let delivered = delivery.receiver().delivered.lock().unwrap().clone();
    let end = delivered.iter().find(|(id, _)| id == "end");
    let (_, at) = end.expect("the end of the call was pushed out");
    assert!(
        *at <= 2 * answer.as_millis() as u64 + 2,
        "the end was sent at {at} ms"
    );
    delivery.drain(far()).await;
    assert!(ids(&delivery).contains(&"said".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn sessions_share_the_queue_whoever_comes_first() {
    let delivery = delivery_to(
        WebhookSettings {
            queue: 1_200,
            ..settings()
        },
        Receiver::new(Duration::from_secs(1)),
    );
    let waiting = |session: &str| {
        let all = delivery.0.pending(session);
        all.iter().filter(|event| !event.lifecycle).count()
    };
    for (session, share) in [("first", 600), ("second", 300), ("third", 200)] {
        delivery.enqueue(named("call.started", session, "start"));
        for _ in 0..2_000 {
            delivery.enqueue(event(session, "x"));
        }
        assert_eq!(waiting(session), share);
    }
    assert_eq!((waiting("first"), waiting("second")), (200, 200));
    delivery.enqueue(event("fourth", "x"));
    assert_eq!(waiting("fourth"), 1);
    assert_eq!(delivery.counters().queued, 603);
    assert_eq!(delivery.counters().dropped, 6_001 - 600);
    delivery.drain(far()).await;
    assert_eq!(delivery.counters().delivered, 603);
    assert_eq!(delivery.lanes(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_no_long_retry() {
    let receiver = Receiver::new(Duration::ZERO).away(Duration::from_secs(100));
    let delivery = delivery_to(settings(), receiver);
    delivery.enqueue(named("call.ended", "s", "end"));
    // Each wait takes half a minute or more by now.
    tokio::time::sleep(Duration::from_secs(101)).await;
    let began = Instant::now();
    let abandoned = delivery.drain(began + Duration::from_secs(10)).await;
    assert_eq!((abandoned, delivery.counters().delivered), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_requests_are_under_way_and_a_waiting_retry_is_none() {
    let narrow = WebhookSettings {
        max_in_flight: 2,
        ..settings()
    };
    let receiver = Receiver::new(Duration::from_millis(100))
        .script("a", [down()])
        .script("b", [down()]);
    let delivery = delivery_to(narrow, receiver);
    for id in ["a", "b", "c", "d", "e"] {
        delivery.enqueue(event(id, id));
    }
    delivery.drain(far()).await;
    let receiver = delivery.receiver();
    assert_eq!(receiver.most_under_way.load(Relaxed), 2);
    // While a and b wait for their second attempt, the others go out.
    assert_eq!(&ids(&delivery)[..5], ["a", "b", "c", "d", "e"]);
    assert_eq!(delivery.counters().delivered, 5);
}

/// It would never end if whoever looks for what to do looked again at once: time stands still then.
#[tokio::test(start_paused = true)]
async fn a_retry_that_is_due_waits_for_a_request_that_takes_long() {
    let narrow = WebhookSettings {
        max_in_flight: 1,
        ..settings()
    };
    let receiver = Receiver::new(Duration::from_secs(60)).script("a", [down()]);
    let delivery = delivery_to(narrow, receiver);
    for id in ["a", "b"] {
        delivery.enqueue(event(id, id));
    }
    delivery.drain(far()).await;
    assert_eq!(ids(&delivery), ["a", "b", "a"]);
    assert_eq!(delivery.counters().delivered, 2);
}

#[tokio::test(start_paused = true)]
async fn draining_ends_at_its_deadline_and_gives_up_the_rest() {
    let receiver = Receiver::new(Duration::from_secs(10));
    let delivery = delivery_to(settings(), receiver);
    for id in ["a1", "a2", "a3", "b1"] {
        delivery.enqueue(event(&id[..1], id));
    }
    let began = Instant::now();
    assert_eq!(delivery.drain(began + Duration::from_secs(15)).await, 2);
    assert_eq!(began.elapsed(), Duration::from_secs(15));
    let expected = WebhookCounters {
        delivered: 2,
        abandoned: 2,
        ..WebhookCounters::default()
    };
    assert_eq!(delivery.counters(), expected);
    assert_eq!(delivery.delivery().abandoned_names(), "2 turn.ended");
    delivery.enqueue(event("a", "late"));
    assert_eq!(delivery.counters().dropped, 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_a_session_that_has_nothing_waiting() {
    let delivery = delivery_to(settings(), Receiver::new(Duration::from_millis(5)));
    for n in 0..100 {
        delivery.enqueue(event(&n.to_string(), "x"));
    }
    assert_eq!(delivery.counters().queued, 100);
    delivery.drain(far()).await;
    assert_eq!(delivery.counters().queued, 0);
    assert_eq!(delivery.lanes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_away_is_probed_and_then_not_overrun() {
    let away = Duration::from_secs(3_600);
    let receiver = Receiver::new(Duration::from_millis(10)).away(away);
    let delivery = delivery_to(settings(), receiver);
    for session in 0..500 {
        for _ in 0..4 {
            delivery.enqueue(event(&session.to_string(), &session.to_string()));
        }
    }
    tokio::time::sleep(away).await;
    let attempts = delivery.receiver().attempts.lock().unwrap().len();
    assert!(
        attempts < 16 + 5 + 3_600 / 15 + 10,
        "{attempts} attempts in an hour"
    );
    assert_eq!(delivery.counters().queued, 2_000);
    delivery.receiver().most_under_way.store(0, Relaxed);
    tokio::time::sleep(Duration::from_secs(31)).await;
    let begun = delivery.receiver().delivered.lock().unwrap()[0].1;
    let delivered = delivery.receiver().delivered.lock().unwrap().len();
    assert_eq!((delivered, delivery.counters().queued), (2_000, 0));
    assert!(begun >= 3_600_000);
    // One at first, and no more than are allowed in the end. Only ordinary events: a quarter of the
    // requests is kept free.
    let at_first = |(_, at): &&(String, u64)| *at < begun + 10;
    let delivered = delivery.receiver().delivered.lock().unwrap().clone();
    assert_eq!(delivered.iter().filter(at_first).count(), 1);
    assert_eq!(delivery.receiver().most_under_way.load(Relaxed), 12);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_410_ends_the_endpoint() {
    let gone = AttemptOutcome::Gone {
        reason: "it answered 410".to_owned(),
    };
    let delivery = delivery_to(
        settings(),
        Receiver::new(Duration::ZERO).script("x", [gone]),
    );
    delivery.enqueue(event("s", "x"));
    delivery.enqueue(event("s", "y"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    delivery.enqueue(event("t", "z"));
    assert_eq!(ids(&delivery), ["x"]);
    let notice = delivery.0.notices.next().await.unwrap();
    assert!(
        matches!(&notice, Notice::EndpointGone { endpoint } if endpoint == "http://receiver"),
        "{notice:?}"
    );
    delivery.drain(far()).await;
    let expected = WebhookCounters {
        refused: 1,
        dropped: 1,
        abandoned: 1,
        ..WebhookCounters::default()
    };
    assert_eq!(delivery.counters(), expected);
}

/// More sessions, and more events of each, than are loaded at a time.
#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_lanes_comes_from_the_outbox_in_order() {
    let roomy = WebhookSettings {
        queue: 1_000_000,
        session_queue: 1_000,
        max_in_flight: 64,
        ..settings()
    };
    let receiver = Receiver::new(Duration::from_millis(1)).away(Duration::from_secs(10));
    let delivery = delivery_to(roomy, receiver);
    let sessions = lanes::LANES + lanes::LIVE + 1_000;
    let session = |n: usize| format!("{:05}", (n * 7_919) % 100_003);
    for event_number in 0..2 {
        for n in 0..sessions {
            let session = session(n);
            delivery.enqueue(event(&session, &format!("{session} {event_number}")));
        }
    }
    for event_number in 2..40 {
        delivery.enqueue(event(
            &session(3),
            &format!("{} {event_number:02}", session(3)),
        ));
    }
    assert!(delivery.lanes() <= lanes::LANES + lanes::LIVE);
    assert_eq!(delivery.drain(far()).await, 0);
    let delivered = delivery.receiver().delivered.lock().unwrap().clone();
    assert_eq!(delivered.len(), sessions * 2 + 38);
    let mut next: HashMap<&str, u32> = HashMap::new();
    for (id, _) in &delivered {
        let (session, number) = id.split_once(' ').unwrap();
        let next = next.entry(session).or_default();
        assert_eq!(number.parse::<u32>().unwrap(), *next, "{id}");
        *next += 1;
    }
    assert_eq!(delivery.lanes(), 0);
}

/// An outbox whose disk works, or does not.
#[derive(Clone, Debug)]
pub(super) struct Flaky {
    memory: Arc<Mutex<MemoryOutbox>>,
    works: Arc<AtomicBool>,
    /// When it was told to remove what is too old.
    expired: Arc<Mutex<Vec<Instant>>>,
}

impl Flaky {
    pub(super) fn new() -> Self {
        Self {
            memory: Arc::new(Mutex::new(MemoryOutbox::new(usize::MAX, usize::MAX, true))),
            works: Arc::new(AtomicBool::new(true)),
            expired: Arc::default(),
        }
    }

    fn disk(&self) -> Result<MutexGuard<'_, MemoryOutbox>, OutboxError> {
        if !self.works.load(Relaxed) {
            return Err(OutboxError::Io {
                path: "/full".into(),
                what: "No space left on device".to_owned(),
            });
        }
        Ok(self.memory.lock().unwrap())
    }
}

impl Outbox for Flaky {
    fn endpoint(&mut self, name: &str) -> Result<u32, OutboxError> {
        self.disk()?.endpoint(name)
    }

    fn next_seq(&self) -> u64 {
        self.memory.lock().unwrap().next_seq()
    }

    fn commit(&mut self, changes: &[Change], now: i64) -> Result<Vec<PutOut>, OutboxError> {
        self.disk()?.commit(changes, now)
    }

    fn expire(&mut self, now: i64, most: usize) -> Result<Vec<PutOut>, OutboxError> {
        self.expired.lock().unwrap().push(Instant::now());
        self.disk()?.expire(now, most)
    }

    fn sessions(
        &self,
        endpoint: u32,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Arc<str>>, OutboxError> {
        self.disk()?.sessions(endpoint, after, most)
    }

    fn pending(
        &self,
        endpoint: u32,
        session: &str,
        from: u64,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<StoredEvent>, OutboxError> {
        self.disk()?.pending(endpoint, session, from, most, bytes)
    }

    fn dead(&self, endpoint: u32, from: u64, most: usize) -> Result<Vec<DeadLetter>, OutboxError> {
        self.disk()?.dead(endpoint, from, most)
    }

    fn waiting(&self, endpoint: u32) -> Result<u64, OutboxError> {
        self.disk()?.waiting(endpoint)
    }

    fn is_durable(&self) -> bool {
        false
    }
}

fn rig_on(disk: &Flaky, settings: WebhookSettings, receiver: Receiver) -> Rig {
    let spare = MemoryOutbox::new(settings.queue, settings.session_queue, true);
    let disk = disk.clone();
    let open = Box::new(move || {
        drop(disk.disk()?);
        Ok(Box::new(disk.clone()) as _)
    });
    let hooks = vec![(settings, receiver)];
    Rig(Hooks::new(hooks, Some(is_lifecycle), spare, open, false).unwrap())
}

/// The events that were delivered of a session, in order, without those that came twice.
fn delivered_of(rig: &Rig, session: &str) -> Vec<u32> {
    let delivered = rig.receiver().delivered.lock().unwrap();
    let of_session = delivered
        .iter()
        .filter_map(|(id, _)| id.strip_prefix(session));
    of_session.map(|number| number.parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_for_a_while_costs_no_event_and_no_order() {
    for away in [0, 8] {
        let disk = Flaky::new();
        let receiver = Receiver::new(Duration::from_millis(1)).away(Duration::from_secs(away));
        let rig = rig_on(&disk, settings(), receiver);
        let enqueue = |session: &str, numbers: std::ops::Range<u32>| {
            for number in numbers {
                rig.enqueue(event(session, &format!("{session}{number}")));
            }
        };
        enqueue("a", 0..20);
        tokio::time::sleep(Duration::from_millis(100)).await;
        disk.works.store(false, Relaxed);
        enqueue("a", 20..40);
        enqueue("b", 0..20);
        assert!(matches!(
            rig.0.notices.next().await.unwrap(),
            Notice::OutboxLost { error } if error.contains("No space left")
        ));
        tokio::time::sleep(Duration::from_secs(4)).await;
        if away == 0 {
            // Memory is enough for what is accepted meanwhile.
            assert_eq!(delivered_of(&rig, "b"), (0..20).collect::<Vec<_>>());
        }
        disk.works.store(true, Relaxed);
        tokio::time::sleep(Duration::from_secs(2)).await;
        enqueue("b", 20..21);
        let mut notice = rig.0.notices.next().await.unwrap();
        if matches!(notice, Notice::EndpointDown { .. }) {
            notice = rig.0.notices.next().await.unwrap();
        }
        assert_eq!(notice, Notice::OutboxBack);
        assert_eq!(rig.drain(far()).await, 0);
        assert_eq!(delivered_of(&rig, "a"), (0..40).collect::<Vec<_>>());
        assert_eq!(delivered_of(&rig, "b"), (0..21).collect::<Vec<_>>());
        assert_eq!(rig.counters().queued, 0);
        assert_eq!(disk.waiting(0).unwrap(), 0, "the disk was not told");
    }
}

/// A machine without a clock of its own may have begun in 1970, and a service may have been away
/// for weeks: what looks old then was never tried by this process.
#[tokio::test(start_paused = true)]
async fn what_is_too_old_when_the_process_starts_has_time_to_be_tried() {
    let disk = Flaky::new();
    let rig = rig_on(&disk, settings(), Receiver::new(Duration::ZERO));
    let began = Instant::now();
    for minute in 0..15 {
        rig.enqueue(event("a", &minute.to_string()));
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let expired = disk.expired.lock().unwrap();
    let first = expired.first().unwrap().duration_since(began);
    assert!(first >= Duration::from_secs(600), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_does_not_work_at_the_start_is_used_when_it_does() {
    let disk = Flaky::new();
    disk.works.store(false, Relaxed);
    let receiver = Receiver::new(Duration::ZERO).away(Duration::from_secs(60));
    let rig = rig_on(&disk, settings(), receiver);
    for number in 0..30 {
        rig.enqueue(event("a", &format!("a{number}")));
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    disk.works.store(true, Relaxed);
    rig.enqueue(event("a", "a30"));
    assert_eq!(disk.waiting(0).unwrap(), 31);
    assert_eq!(rig.drain(far()).await, 0);
    assert_eq!(delivered_of(&rig, "a"), (0..31).collect::<Vec<_>>());
    assert_eq!(disk.waiting(0).unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_left_is_delivered_in_order() {
    let disk = Flaky::new();
    let receiver = Receiver::new(Duration::ZERO).away(Duration::from_secs(3_600));
    let rig = rig_on(&disk, settings(), receiver);
    for session in ["a", "b", "c"] {
        for number in 0..50 {
            rig.enqueue(event(session, &format!("{session}{number}")));
        }
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    drop(rig);
    let rig = rig_on(&disk, settings(), Receiver::new(Duration::ZERO));
    assert_eq!(rig.counters().queued, 150);
    rig.enqueue(event("b", "b50"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    for (session, count) in [("a", 50), ("b", 51), ("c", 50)] {
        assert_eq!(delivered_of(&rig, session), (0..count).collect::<Vec<_>>());
    }
    assert_eq!((rig.counters().queued, disk.waiting(0).unwrap()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_is_a_dead_letter() {
    let refused = AttemptOutcome::Refused {
        reason: "it answered 400".to_owned(),
    };
    let disk = Flaky::new();
    let receiver = Receiver::new(Duration::ZERO).script("a1", [down(), refused]);
    let rig = rig_on(&disk, settings(), receiver);
    rig.enqueue(event("a", "a0"));
    rig.enqueue(event("a", "a1"));
    rig.drain(far()).await;
    let dead = disk.dead(0, 0, 9).unwrap();
    let [letter] = &dead[..] else {
        panic!("{dead:?}")
    };
    assert_eq!((&*letter.event.event.id, letter.attempts), ("a1", 2));
    assert_eq!(letter.reason, "it answered 400");
}
