//! The promises of a declared session, in virtual time: a whole session without a line, told what happens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use voxtra_core::event::{
    AgentSpeechEnded, AgentSpeechStarted, BargeIn, DtmfReceived, MediaStarted, TurnEnded,
    UserSpeechStarted,
};

use super::{Session, run_session};
use crate::media::Clock;
use crate::session::{Call, CallInfo, Direction, EventBody, Input, Line, Owner, Services};

voxtra_core::voxtra! {
    events {
        /// Something that a session did.
        noted { text: String }
    }

    session Queue {
        on dtmf.received(e) { pause(1).await; note(call, e.digit).await; }
        hangup { note(call, "hangup").await; }
    }

    session Cut {
        on call.started { note(call, "began").await; pause(10).await; note(call, "never").await; }
        on dtmf.received(digit: '5') { note(call, "five").await; pause(10).await; note(call, "never").await; }
        on dtmf.received(e) { note(call, e.digit).await; }
        interrupt on barge_in { note(call, "cut").await; }
        interrupt on turn.ended(duration_ms: 7) if !call.is_over() { note(call, "turn").await; }
        hangup { note(call, "hangup").await; }
    }

    session Menu {
        state { entered: u8 = 0, caller: String = call.caller_id().to_owned() }

        on call.started { note(call, &state.caller).await; goto main; }
        on dtmf.received(digit: '#') | barge_in { note(call, "anywhere").await; }
        on noted(text: "main 2") { note(call, "twice").await; }
        on any(e) if e.wire() == "turn.ended" { note(call, "any").await; }

        step main {
            enter { state.entered += 1; note(call, format!("main {}", state.entered)).await; }
            on dtmf.received(digit: '1'..='3') { goto sales; }
            on dtmf.received(e, digit: '0' | '*') if e.digit == '*' { note(call, "star").await; }
            on dtmf.received(digit: d) if *d != '#' { if state.entered < 3 { goto main; } note(call, "enough").await; }
        }

        step sales {
            enter { note(call, "sales").await; }
            on dtmf.received { note(call, "a key in sales").await; goto main }
        }
    }

    session Clockwork {
        on call.started { goto waiting; }
        every 10s { note(call, "every").await; }
        step waiting {
            after 4s { note(call, "after").await; }
            after 5s of user.silence { note(call, "silence").await; }
            on dtmf.received(digit: '9') { pause(25).await; note(call, "late").await; }
        }
    }

    session Failing {
        on dtmf.received(digit: '1') { Err("one")?; }
        on dtmf.received(digit: '2') { note(call, "two").await; }
        on dtmf.received(digit: '3') { panic!("three"); }
        hangup { note(call, "hangup").await; }
    }

    session Sorry {
        catch goto sorry;
        on dtmf.received(digit: '1') { Err("one")?; }
        step sorry { enter { note(call, "sorry").await; Err("again")?; } }
    }

    session Caught {
        catch(error) { note(call, format!("caught {error}")).await; Err("again")?; }
        on dtmf.received(digit: '1') { Err("one")?; }
    }

    session Endless {
        on call.started { std::future::pending::<()>().await; }
        on call.ended { note(call, "never").await; }
        hangup { note(call, "hangup").await; }
    }

    session Polite {
        on call.started { call.ended().await; pause(1).await; note(call, "tidied").await; call.answer().await?; }
        on call.ended(reason: "gone" | "normal_clearing") { note(call, "ended").await; }
        hangup { note(call, "hangup").await; }
    }

    session Circle {
        on call.started { goto there; }
        step there { enter { goto back; } }
        step back { enter { goto there; } }
        hangup { note(call, "hangup").await; }
    }
}

async fn note(call: &Call, text: impl std::fmt::Display) {
    let text = text.to_string();
    call.emit(Noted { text }).await;
}

async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// What sessions noted, and failures, with the second in which they did.
type Trace = Vec<(u64, String)>;

/// Runs a session that is told these things at these seconds, until 60 s or its end.
async fn run<S: Session>(script: Vec<(u64, Input)>) -> Trace {
    let (inputs, queue) = mpsc::channel(64);
    let (_told, news) = mpsc::channel(64);
    let info = CallInfo {
        caller_id: "+265".into(),
        called_number: String::new(),
        direction: Direction::Inbound,
        args: Vec::new(),
    };
    let call = Call::new(
        "call".into(),
        info,
        Line::Socket,
        Services::default(),
        inputs,
    );
    let trace: Arc<Mutex<Trace>> = Arc::default();
    let (seen, start) = (trace.clone(), Instant::now());
    let publish = move |event: &Arc<crate::session::Event>| {
        let text = match &event.body {
            EventBody::User(event) => event.downcast_ref::<Noted>().unwrap().text.clone(),
            EventBody::BuiltIn(voxtra_core::event::BuiltIn::Error(error)) => error.message.clone(),
            EventBody::BuiltIn(voxtra_core::event::BuiltIn::SessionDestroyed(_)) => "end".into(),
            _ => return,
        };
        seen.lock().unwrap().push((start.elapsed().as_secs(), text));
    };
    let owner = Owner::new(call.clone(), news, queue, Arc::new(publish), Clock::start());
    let owner = tokio::spawn(owner.run(run_session::<S>));
    for (second, input) in script {
        tokio::time::sleep_until(start + Duration::from_secs(second)).await;
        // Whatever is on its way comes before.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        call.send(input).await;
    }
    let _ = tokio::time::timeout_at(start + Duration::from_secs(60), owner).await;
    let trace = trace.lock().unwrap();
    trace.clone()
}

fn told(event: impl Into<EventBody>) -> Input {
    Input::Emit(event.into())
}

fn key(digit: char) -> Input {
    told(DtmfReceived { digit })
}

fn gone() -> Input {
    Input::Gone("gone".into())
}

fn traced(trace: &Trace) -> Vec<String> {
    trace
        .iter()
        .map(|(second, text)| format!("{second} {text}"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn events_wait_in_their_order_while_a_handler_runs() {
    let trace = run::<Queue>(vec![
        (0, key('1')),
        (0, key('2')),
        (1, key('3')),
        (9, gone()),
    ])
    .await;
    assert_eq!(traced(&trace), ["1 1", "2 2", "3 3", "9 hangup", "9 end"]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_cuts_what_awaits_and_comes_before_what_waited() {
    let turn = |duration_ms| told(TurnEnded { duration_ms });
    let trace = run::<Cut>(vec![
        (1, key('1')),
        (2, turn(8)),
        (3, told(BargeIn {})),
        (4, key('5')),
        (5, key('2')),
        (6, turn(7)),
        (7, told(BargeIn {})),
        (8, gone()),
    ])
    .await;
    assert_eq!(
        traced(&trace),
        [
            "0 began", "3 cut", "3 1", "4 five", "6 turn", "6 2", "7 cut", "8 hangup", "8 end"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn steps_are_entered_and_tried_before_the_session() {
    let script = "#4*15#7"
        .chars()
        .zip(1..)
        .map(|(digit, second)| (second, key(digit)))
        .chain([
            (8, told(TurnEnded { duration_ms: 1 })),
            (8, told(BargeIn {})),
            (9, gone()),
        ]);
    let trace = run::<Menu>(script.collect()).await;
    assert_eq!(
        traced(&trace),
        [
            "0 +265",
            "0 main 1",
            "1 anywhere",
            "2 main 2",
            "2 twice",
            "3 star",
            "4 sales",
            "5 a key in sales",
            "5 main 3",
            "6 anywhere",
            "7 enough",
            "8 any",
            "8 anywhere",
            "9 end"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn timers_come_when_they_are_due_and_a_broken_silence_never_does() {
    let speech = || {
        told(AgentSpeechStarted {
            text: String::new(),
        })
    };
    let quiet = || {
        told(AgentSpeechEnded {
            text: String::new(),
            interrupted: false,
        })
    };
    let trace = run::<Clockwork>(vec![
        (1, told(MediaStarted { sample_rate: 8000 })),
        (3, speech()),
        (8, quiet()),
        (12, key('1')),
        // The silence that follows this key falls due while its handler runs, and is broken before that ends.
        (18, key('9')),
        (25, told(UserSpeechStarted {})),
        (51, gone()),
    ])
    .await;
    assert_eq!(
        traced(&trace),
        [
            "4 after",
            "10 every",
            "17 silence",
            "43 late",
            "43 every",
            "50 every",
            "51 end"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_and_the_next_event_handled_as_usual() {
    let trace = run::<Failing>(vec![(1, key('1')), (2, key('2')), (3, gone())]).await;
    assert_eq!(
        traced(&trace),
        [
            "1 Failing: on dtmf.received: one",
            "2 two",
            "3 hangup",
            "3 end"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_goes_where_catch_says_and_not_in_circles() {
    let trace = run::<Sorry>(vec![(1, key('1')), (2, gone())]).await;
    assert_eq!(
        traced(&trace),
        [
            "1 Sorry: on dtmf.received: one",
            "1 sorry",
            "1 Sorry: step sorry: again",
            "2 end"
        ]
    );
    let trace = run::<Caught>(vec![(1, key('1')), (2, gone())]).await;
    let again = "Caught: catch: again";
    assert_eq!(
        traced(&trace),
        [
            "1 Caught: on dtmf.received: one".to_owned(),
            "1 caught one".into(),
            format!("1 {again}"),
            "2 end".into()
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_and_hangup_still_runs() {
    let trace = run::<Failing>(vec![(1, key('3')), (2, gone())]).await;
    assert_eq!(
        traced(&trace)[0],
        "1 Failing: on dtmf.received: panicked: three"
    );
    assert_eq!(trace.iter().filter(|(_, text)| text == "hangup").count(), 1);
    assert_eq!(trace.last().map(|(_, text)| text.as_str()), Some("end"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_has_two_seconds_after_the_call() {
    let trace = run::<Endless>(vec![(10, gone())]).await;
    assert_eq!(traced(&trace), ["12 hangup", "12 end"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_may_end_after_the_call_and_what_waited_is_handled() {
    let trace = run::<Polite>(vec![(10, gone())]).await;
    assert_eq!(
        traced(&trace),
        ["11 tidied", "11 ended", "11 hangup", "11 end"]
    );
}

#[tokio::test(start_paused = true)]
async fn steps_that_lead_to_each_other_hold_nobody_up() {
    let trace = run::<Circle>(vec![(0, gone())]).await;
    assert_eq!(trace.iter().filter(|(_, text)| text == "hangup").count(), 1);
}
