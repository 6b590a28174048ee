//! From an event to its handler: what `voxtra!` writes beside the `match` that a careful engineer would, on the same session of twenty
//! handlers. `cargo bench --bench dispatch`; what both did is compared before anything is timed.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use voxtra::prelude::*;
use voxtra::rt::rehearsal::Rehearsal;
use voxtra::rt::session::Occasion;

voxtra! {
    events {
        order.placed { items: u32 }
        order.shipped { parcels: u32 }
    }

    session Counting {
        state { count: u64 = 0 }

        on call.started(direction: outbound) { state.count += 1; }
        on call.started { state.count += 2; }
        on call.ringing { state.count += 3; }
        on call.answered { state.count += 4; }
        on call.ended(reason: "gone") { state.count += 5; }
        on call.ended { state.count += 6; }
        on call.failed { state.count += 7; }
        on media.started(e) { state.count += u64::from(e.sample_rate); }
        on media.stopped { state.count += 8; }
        on user.speech.started { state.count += 9; }
        on user.speech.ended(e) if e.duration_ms > 1_000 { state.count += 10; }
        on user.speech.ended { state.count += 11; }
        on user.transcript { state.count += 12; }
        on agent.speech.started { state.count += 13; }
        on dtmf.received(digit: '0') { state.count += 14; }
        on dtmf.received(digit: '1'..='9') { state.count += 15; }
        on barge_in { state.count += 16; }
        on turn.ended(e) { state.count += e.duration_ms; }
        on order.placed(e) { state.count += u64::from(e.items); }
        on order.shipped(e) { state.count += u64::from(e.parcels); }
    }
}

/// The same by hand.
#[derive(Default)]
struct ByHand {
    count: u64,
}

impl ByHand {
    async fn handle(&mut self, event: &Event) -> Result<(), HandlerError> {
        self.count += match &event.body {
            EventBody::BuiltIn(event) => match event {
                BuiltIn::CallStarted(e) if e.direction == CallStartedDirection::Outbound => 1,
                BuiltIn::CallStarted(_) => 2,
                BuiltIn::CallRinging(_) => 3,
                BuiltIn::CallAnswered(_) => 4,
                BuiltIn::CallEnded(e) if e.reason == "gone" => 5,
                BuiltIn::CallEnded(_) => 6,
                BuiltIn::CallFailed(_) => 7,
                BuiltIn::MediaStarted(e) => u64::from(e.sample_rate),
                BuiltIn::MediaStopped(_) => 8,
                BuiltIn::UserSpeechStarted(_) => 9,
                BuiltIn::UserSpeechEnded(e) if e.duration_ms > 1_000 => 10,
                BuiltIn::UserSpeechEnded(_) => 11,
                BuiltIn::UserTranscript(_) => 12,
                BuiltIn::AgentSpeechStarted(_) => 13,
                BuiltIn::DtmfReceived(DtmfReceived { digit: '0' }) => 14,
                BuiltIn::DtmfReceived(DtmfReceived { digit: '1'..='9' }) => 15,
                BuiltIn::BargeIn(_) => 16,
                BuiltIn::TurnEnded(e) => e.duration_ms,
                _ => 0,
            },
            EventBody::User(event) => match event.tag() {
                OrderPlaced::TAG => event
                    .downcast_ref::<OrderPlaced>()
                    .map_or(0, |e| u64::from(e.items)),
                OrderShipped::TAG => event
                    .downcast_ref::<OrderShipped>()
                    .map_or(0, |e| u64::from(e.parcels)),
                _ => 0,
            },
        };
        Ok(())
    }
}

/// A call, and events of it that reach many of the handlers: as they come in a call, from one rehearsal.
fn call_and_events() -> (Call, Vec<Event>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let talk = |call: Call| async move {
            call.answer().await?;
            call.say("Good morning.").await?;
            call.emit(OrderPlaced { items: 3 }).await;
            call.emit(OrderShipped { parcels: 2 }).await;
            call.ended().await;
            Ok::<(), CallError>(())
        };
        let mut caller = Rehearsal::new().handler(talk).call("1000").await;
        let call = caller.call().clone();
        caller.hears("Good morning.").await;
        caller.presses("07").await;
        caller.says("I would like to place an order, please").await;
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        let events = conversation.events().iter();
        (call, events.map(|event| Event::clone(event)).collect())
    })
}

/// What never waits is ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("none of the handlers waits"),
    }
}

fn dispatch(criterion: &mut Criterion) {
    let (call, events) = call_and_events();
    let (mut generated, mut by_hand) = (Counting::new(&call), ByHand::default());
    for event in &events {
        let mut goto = None;
        now(generated.handle(&call, None, &mut goto, Occasion::Event(event))).unwrap();
        now(by_hand.handle(event)).unwrap();
        assert_eq!(generated.count, by_hand.count, "{event}");
    }
    assert!(events.len() > 10 && generated.count > 8_000);

    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(criterion::Throughput::Elements(events.len() as u64));
    group.bench_function("voxtra!", |bencher| {
        bencher.iter(|| {
            for event in &events {
                let mut goto = None;
                let occasion = Occasion::Event(black_box(event));
                let _ = black_box(now(generated.handle(&call, None, &mut goto, occasion)));
            }
        });
    });
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| {
            for event in &events {
                let _ = black_box(now(by_hand.handle(black_box(event))));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
