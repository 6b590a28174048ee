//! Batches: whatever fails, nothing is lost and each session stays in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use proptest::prelude::*;

use super::super::hooks::Hooks;
use super::super::request::taken;
use super::super::{BatchFormat, BatchSettings, MemoryOutbox, Outbox as _, OutgoingEvent};
use super::tests::Flaky;
use super::*;

/// What the receiver does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Takes,
    /// It has the events, and the answer is lost.
    TakesMute,
    IsDown,
}

/// Takes, fails or is down by a script, then takes everything; refuses what has an event it does
/// not like.
#[derive(Debug, Default)]
struct Receiver {
    script: Mutex<VecDeque<Answer>>,
    /// The events of each request that it took.
    taken: Mutex<Vec<Vec<OutgoingEvent>>>,
    /// How many events each request had, and when it came.
    requests: Mutex<Vec<(usize, Duration)>>,
    takes: Duration,
    start: Option<Instant>,
}

/// Is refused.
const POISON: &str = "poison";

impl Post for Receiver {
    async fn post(&self, events: &[&OutgoingEvent]) -> AttemptOutcome {
        let at = self.start.map_or(Duration::ZERO, |start| start.elapsed());
        self.requests.lock().unwrap().push((events.len(), at));
        tokio::time::sleep(self.takes).await;
        if events.iter().any(|event| event.wire == POISON) {
            return AttemptOutcome::Refused {
                reason: "it answered 400".to_owned(),
            };
        }
        let answer = self.script.lock().unwrap().pop_front();
        let answer = answer.unwrap_or(Answer::Takes);
        if answer != Answer::IsDown {
            let events = events.iter().map(|event| (*event).clone()).collect();
            self.taken.lock().unwrap().push(events);
        }
        match answer {
            Answer::Takes => AttemptOutcome::Delivered,
            Answer::TakesMute | Answer::IsDown => AttemptOutcome::Retry {
                reason: "no answer".to_owned(),
                after: None,
            },
        }
    }
}

struct Rig {
    hooks: Hooks<Receiver>,
    outbox: Flaky,
}

impl Rig {
    fn new(batch: BatchSettings, receiver: Receiver) -> Self {
        let mut settings = WebhookSettings::new("http://receiver/".parse().unwrap());
        settings.batch = Some(batch);
        settings.max_in_flight = 4;
        let spare = MemoryOutbox::new(usize::MAX, usize::MAX, true);
        let outbox = Flaky::new();
        let opened = outbox.clone();
        let open = Box::new(move || Ok(Box::new(opened.clone()) as _));
        let receiver = Receiver {
            start: Some(Instant::now()),
            ..receiver
        };
        let hooks = vec![(settings, receiver)];
        let is_lifecycle = |wire: &str| wire == "call.ended";
        let hooks = Hooks::new(hooks, Some(is_lifecycle), spare, open, false).unwrap();
        Self { hooks, outbox }
    }

    fn enqueue(&self, session: usize, number: u64, wire: &'static str, size: usize) {
        self.hooks.order(&event(session, number, wire, size), None);
    }

    fn receiver(&self) -> &Receiver {
        &self.hooks.deliveries[0].post
    }

    /// How many events each request had.
    fn sizes(&self) -> Vec<usize> {
        let requests = self.receiver().requests.lock().unwrap();
        requests.iter().map(|(size, _)| *size).collect()
    }

    async fn drain(&self) {
        let far = Instant::now() + Duration::from_secs(100_000);
        assert_eq!(self.hooks.drain(far).await, 0);
    }
}

fn event(session: usize, number: u64, wire: &'static str, size: usize) -> OutgoingEvent {
    OutgoingEvent {
        wire: wire.into(),
        id: format!("{session} {number}"),
        session_id: format!("session {session}").into(),
        sequence: Some(number),
        body: vec![b' '; size].into(),
    }
}

fn batch(max_events: usize, max_bytes: usize, wait_ms: u64) -> BatchSettings {
    let mut batch = BatchSettings::new(BatchFormat::Ndjson);
    batch.max_events = max_events;
    batch.max_bytes = max_bytes;
    batch.wait = Duration::from_millis(wait_ms);
    batch
}

#[tokio::test(start_paused = true)]
async fn events_wait_for_others_as_long_as_they_are_told_and_not_once_a_request_is_full() {
    let rig = Rig::new(batch(10, 1 << 20, 50), Receiver::default());
    rig.enqueue(1, 0, "x", 10);
    tokio::time::sleep(Duration::from_millis(40)).await;
    rig.enqueue(2, 0, "x", 10);
    rig.enqueue(1, 1, "x", 10);
    tokio::time::sleep(Duration::from_millis(100)).await;
    for number in 2..12 {
        rig.enqueue(1, number, "x", 10);
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let requests = rig.receiver().requests.lock().unwrap().clone();
    let [(3, first), (10, second)] = requests[..] else {
        panic!("{requests:?}")
    };
    assert!((50..55).contains(&first.as_millis()), "{first:?}");
    assert!((140..145).contains(&second.as_millis()), "{second:?}");
    // The end does not wait.
    rig.enqueue(1, 12, "x", 10);
    rig.drain().await;
    assert_eq!(rig.sizes(), [3, 10, 1]);
}

#[tokio::test(start_paused = true)]
async fn no_request_is_larger_than_allowed_unless_one_event_is() {
    let rig = Rig::new(batch(100, 1_000, 10), Receiver::default());
    for (number, size) in [400, 400, 400, 5_000, 10, 989].into_iter().enumerate() {
        rig.enqueue(1, number as u64, "x", size);
    }
    rig.drain().await;
    assert_eq!(rig.sizes(), [2, 1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_together_is_tried_alone_and_only_what_is_refused_then_is_given_up() {
    let rig = Rig::new(batch(100, 1 << 20, 10_000), Receiver::default());
    for number in 0..4 {
        rig.enqueue(1, number, if number == 2 { POISON } else { "x" }, 10);
        rig.enqueue(2, number, "x", 10);
    }
    // Only the first of them waits for others.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let sizes = rig.sizes();
    assert_eq!(sizes[0], 8);
    assert!(sizes[1..].iter().all(|size| *size == 1), "{sizes:?}");
    let counters = rig.hooks.counters()[0];
    assert_eq!((counters.delivered, counters.refused), (7, 1));
    let dead = rig.outbox.dead(0, 0, 9).unwrap();
    let [letter] = &dead[..] else {
        panic!("{dead:?}")
    };
    assert_eq!((&*letter.event.event.id, letter.attempts), ("1 2", 2));
    // What comes then goes together again.
    for number in 4..8 {
        rig.enqueue(1, number, "x", 10);
    }
    rig.drain().await;
    assert_eq!(rig.sizes().last(), Some(&4));
}

#[test]
fn what_is_under_way_cannot_be_put_out_and_what_follows_it_can() {
    let mut lanes = Lanes::new(Some(&batch(2, 1 << 20, 0)));
    lanes.set_more(false);
    for number in 1..=3 {
        let stored = StoredEvent {
            seq: number,
            accepted: 0,
            lifecycle: false,
            event: event(1, number, "x", 10),
        };
        assert_eq!(lanes.offer(stored), Offer::Taken);
    }
    let now = Instant::now();
    let start = lanes.start(now, [4, 4], false).unwrap();
    let session = start.events[0].session();
    let put_out = [1, 2, 3].map(|number| lanes.put_out(session, number));
    assert_eq!(put_out, [false, false, true]);
    assert_eq!(lanes.under_way(), 1);
    lanes.ended(&start);
    lanes.finish(session, 1, Next::Again(now));
    let again = lanes.start(now, [4, 4], false).unwrap();
    let tried: Vec<_> = again
        .events
        .iter()
        .map(|one| (one.event.seq, one.attempts))
        .collect();
    assert_eq!(tried, [(2, 1)]);
}

/// One step of a test: an event of a session, or some time.
#[derive(Clone, Copy, Debug)]
enum Step {
    Event {
        session: usize,
        wire: &'static str,
        size: usize,
    },
    Passes(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wire = prop_oneof![8 => Just("x"), 2 => Just("call.ended"), 1 => Just(POISON)];
    let event = (0_usize..6, wire, 0_usize..600).prop_map(|(session, wire, size)| Step::Event {
        session,
        wire,
        size,
    });
    let step = prop_oneof![6 => event, 1 => (0_u64..80).prop_map(Step::Passes)];
    prop::collection::vec(step, 1..120)
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let answer = prop_oneof![
        Just(Answer::Takes),
        Just(Answer::TakesMute),
        Just(Answer::IsDown)
    ];
    prop::collection::vec(answer, 0..25)
}

async fn run(steps: Vec<Step>, answers: Vec<Answer>, settings: BatchSettings) {
    let receiver = Receiver {
        script: Mutex::new(answers.into()),
        takes: Duration::from_millis(7),
        ..Receiver::default()
    };
    let rig = Rig::new(settings, receiver);
    let mut accepted: BTreeMap<String, Vec<(u64, &str)>> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Event {
                session,
                wire,
                size,
            } => {
                let all = accepted.entry(format!("session {session}")).or_default();
                let number = all.len() as u64;
                all.push((number, wire));
                rig.enqueue(session, number, wire, size);
            }
            Step::Passes(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }
    rig.drain().await;

    let mut arrived: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for request in &*rig.receiver().taken.lock().unwrap() {
        let bytes: usize = request.iter().map(taken).sum();
        let fits = request.len() <= settings.max_events && bytes <= settings.max_bytes;
        assert!(fits || request.len() == 1, "{} events", request.len());
        for event in request {
            let numbers = arrived.entry(event.session_id.to_string()).or_default();
            let number = event.sequence.unwrap();
            // What was taken and not answered comes again, with all that follows it.
            if let Some(before) = numbers.iter().position(|known| *known == number) {
                numbers.truncate(before);
            }
            numbers.push(number);
        }
    }
    let mut refused = 0;
    for (session, events) in accepted {
        let good = events.iter().filter(|(_, wire)| *wire != POISON);
        let good: Vec<_> = good.map(|(number, _)| *number).collect();
        refused += (events.len() - good.len()) as u64;
        assert_eq!(
            arrived.remove(&session).unwrap_or_default(),
            good,
            "{session}"
        );
    }
    let counters = rig.hooks.counters()[0];
    assert_eq!((counters.refused, counters.queued), (refused, 0));
    assert_eq!(rig.outbox.waiting(0).unwrap(), 0);
    assert_eq!(rig.hooks.deliveries[0].line.state().lanes.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_fails_nothing_is_lost_and_sessions_stay_in_order(
        steps in steps(),
        answers in answers(),
        max_events in 1_usize..12,
        max_bytes in 1_usize..2_000,
        wait_ms in 0_u64..60,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(steps, answers, batch(max_events, max_bytes, wait_ms)));
    }
}
