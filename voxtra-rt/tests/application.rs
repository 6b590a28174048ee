//! What an application adds to its calls: state of its own, and sinks of events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use voxtra_rt::app::{Application, EventSink, Published};
use voxtra_rt::rehearsal::Rehearsal;
use voxtra_rt::session::{Call, CallError, Event};
use voxtra_rt::speech::BoxFuture;

/// A database, as far as an agent is concerned.
struct Orders(Vec<(&'static str, &'static str)>);

impl Orders {
    fn latest(&self, caller: &str) -> &'static str {
        let mut orders = self.0.iter();
        orders
            .find(|(number, _)| *number == caller)
            .map_or("nothing", |(_, order)| order)
    }
}

voxtra_rt::voxtra! {
    session Desk {
        route default;

        state { asked: u8 = 0 }

        on call.started {
            call.answer().await?;
            let orders: &Orders = call.state()?;
            let order = orders.latest(&call.caller_id());
            state.asked += 1;
            call.say(&format!("You ordered {order}.")).await?;
            call.hangup().await?;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_finds_the_database_that_its_application_was_given() {
    let builder = Application::builder()
        .state(Orders(vec![("100", "tea"), ("200", "coffee")]))
        .session::<Desk>();
    let exchange = Rehearsal::of(builder).start().await;
    for (number, order) in [("200", "coffee"), ("100", "tea")] {
        let mut caller = exchange.call_from(number, "1");
        caller.hears(&format!("You ordered {order}.")).await;
        caller.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_application_was_not_given_is_named() {
    let agent = |call: Call| async move {
        let missing = call.state::<Orders>().err().map(|error| error.to_string());
        assert!(
            matches!(&missing, Some(told) if told.contains("Orders") && told.contains("Builder::state")),
            "{missing:?}"
        );
        call.hangup().await
    };
    let conversation = Rehearsal::new()
        .handler(agent)
        .call("1")
        .await
        .ended()
        .await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}

/// A broker that takes two events and then no more, and never finishes.
struct Stuck {
    queue: mpsc::Sender<Arc<Event>>,
    taken: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

impl EventSink for Stuck {
    fn wants(&self, wire: &str) -> bool {
        wire.starts_with("call.") || wire.starts_with("agent.")
    }

    fn publish(&self, event: &Published<'_>) {
        assert!(self.wants(event.event().wire()));
        assert_eq!(event.json(), event.event().to_json());
        let count = match self.queue.try_send(event.event().clone()) {
            Ok(()) => &self.taken,
            Err(_) => &self.lost,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn drain(&self, _: Instant) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

async fn greet(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.say("Welcome.").await?;
    call.hangup().await
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_stuck_delays_no_call_and_the_end_only_as_long_as_it_may() {
    let length = async |builder: voxtra_rt::app::Builder| {
        let exchange = Rehearsal::of(builder.default(greet)).start().await;
        let began = Instant::now();
        let conversation = exchange.call("1").ended().await;
        let length = began.elapsed();
        (conversation.to_string(), length, exchange)
    };
    let (alone, time_alone, _) = length(Application::builder()).await;

    let (queue, _nobody_reads) = mpsc::channel(2);
    let (taken, lost) = (Arc::default(), Arc::default());
    let stuck = Stuck {
        queue,
        taken: Arc::clone(&taken),
        lost: Arc::clone(&lost),
    };
    let (beside, time_beside, exchange) = length(Application::builder().sink(stuck)).await;
    assert_eq!((&beside, time_beside), (&alone, time_alone));
    assert_eq!(taken.load(Ordering::Relaxed), 2);
    // call.started, call.answered, agent.speech.started and .ended, call.ended.
    assert_eq!(lost.load(Ordering::Relaxed), 3, "{alone}");

    let began = Instant::now();
    exchange.application().shutdown().await;
    // Ten seconds to deliver, and half a second to give up.
    assert_eq!(began.elapsed(), Duration::from_millis(10_500));
}

/// A sink of which every method panics.
struct Faulty;

impl EventSink for Faulty {
    fn publish(&self, event: &Published<'_>) {
        panic!("cannot take {}", event.event());
    }

    fn drain(&self, _: Instant) -> BoxFuture<'_, ()> {
        panic!("cannot deliver")
    }

    fn queued(&self) -> u64 {
        panic!("cannot count")
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_costs_no_call_anything() {
    let (told, mut others) = mpsc::channel(64);
    let builder = Application::builder()
        .sink(Faulty)
        .sink(Everything(told))
        .default(greet);
    let exchange = Rehearsal::of(builder).start().await;
    let conversation = exchange.call("1").ended().await;
    assert_eq!(conversation.count("call.ended"), 1, "{conversation}");
    let began = Instant::now();
    exchange.application().shutdown().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    let mut wires = Vec::new();
    while let Ok(event) = others.try_recv() {
        wires.push(event.wire().to_owned());
    }
    assert_eq!(wires.last().map(String::as_str), Some("session.destroyed"));
}

struct Everything(mpsc::Sender<Arc<Event>>);

impl EventSink for Everything {
    fn publish(&self, event: &Published<'_>) {
        let _ = self.0.try_send(event.event().clone());
    }
}
