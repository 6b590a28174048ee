//! From an event to its handler, in a session of twenty handlers.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use voxtra::prelude::*;
use voxtra::rehearsal::Rehearsal;
use voxtra::rt::session::{Trigger, UserEvent};

use super::event;

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
                BuiltIn::DtmfReceived(DtmfReceived { digit: '0', .. }) => 14,
                BuiltIn::DtmfReceived(DtmfReceived {
                    digit: '1'..='9', ..
                }) => 15,
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

/// A call's events, and what is to be given them.
pub struct Dispatch {
    call: Call,
    events: Vec<Event>,
    session: Counting,
    by_hand: ByHand,
}

impl Dispatch {
    /// Both sessions have handled every event, and came to the same.
    pub fn verified() -> Box<Self> {
        let call = a_call();
        let mut dispatch = Box::new(Self {
            session: Counting::new(&call),
            by_hand: ByHand::default(),
            events: events(),
            call,
        });
        for index in 0..dispatch.events.len() {
            dispatch.events.rotate_left(1);
            dispatch.generated();
            dispatch.by_hand();
            let counted = (dispatch.session.count, dispatch.by_hand.count);
            assert_eq!(counted.0, counted.1, "{}", dispatch.events[index]);
        }
        assert_eq!(dispatch.session.count, 20 * 10_234);
        dispatch
    }

    pub fn events(&self) -> u64 {
        self.events.len() as u64
    }

    /// Each event once, to what `voxtra!` made.
    #[inline(never)]
    pub fn generated(&mut self) {
        for event in &self.events {
            let mut goto = None;
            let trigger = Trigger::Event(black_box(event));
            let _ = black_box(now(self
                .session
                .handle(&self.call, None, &mut goto, trigger)));
        }
    }

    /// Each event once, to what was made by hand.
    #[inline(never)]
    pub fn by_hand(&mut self) {
        for event in &self.events {
            let _ = black_box(now(self.by_hand.handle(black_box(event))));
        }
    }
}

/// What a call of some length tells, and one event that nobody handles.
fn events() -> Vec<Event> {
    let text = || "Good morning.".to_owned();
    let bodies: [EventBody; 20] = [
        SessionCreated::default().into(),
        CallStarted::new(
            "+265888111111".into(),
            "1000".into(),
            CallStartedDirection::Inbound,
        )
        .into(),
        CallAnswered::default().into(),
        MediaStarted::new(8_000).into(),
        AgentSpeechStarted::new(text()).into(),
        UserSpeechStarted::default().into(),
        BargeIn::default().into(),
        AgentSpeechEnded::new(text(), true)
            .with_heard_ms(340)
            .with_heard("Good".into())
            .into(),
        UserSpeechEnded::new(1_400).into(),
        UserTranscript::new(text(), 0.9, true).into(),
        TurnEnded::new(2_100).into(),
        DtmfReceived::new('0').into(),
        DtmfReceived::new('7').into(),
        DtmfReceived::new('#').into(),
        EventBody::User(UserEvent::new(OrderPlaced { items: 3 })),
        EventBody::User(UserEvent::new(OrderShipped { parcels: 2 })),
        UserSpeechStarted::default().into(),
        UserSpeechEnded::new(600).into(),
        MediaStopped::new(MediaStoppedReason::Closed).into(),
        CallEnded::new("normal_clearing".into(), 12.5)
            .with_answered_seconds(10.0)
            .with_ended_by(voxtra_core::event::CallEndedEndedBy::FarEnd)
            .into(),
    ];
    bodies.map(event).into()
}

fn a_call() -> Call {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let nothing = |_: Call| async { Ok::<(), CallError>(()) };
        let caller = Rehearsal::new().handler(nothing).call("1000").await;
        caller.call().clone()
    })
}

/// What never waits is ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("none of the handlers waits"),
    }
}
