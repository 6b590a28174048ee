//! The promises of a declared session, in virtual time: a whole session without a line, fed with
//! events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use voxtra_core::event::{
    AgentSpeechEnded, AgentSpeechStarted, BargeIn, DtmfReceived, EndReason, MediaStarted,
    TurnEnded, UserSpeechStarted,
};

use super::{Session, run_session};
use crate::media::Clock;
use crate::session::carrier::Nowhere;
use crate::session::{
    Call, CallInfo, Direction, EventBody, OnHandlerEnd, Owner, Report, Reports, Request, Services,
};

crate::voxtra! {
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

    session Hopeless {
        on call.started { Err("at first")?; }
        catch(error) { note(call, format!("caught {error}")).await; goto goodbye; }
        step goodbye { enter { note(call, "goodbye").await; Err("no voice")?; } }
        hangup { note(call, "hangup").await; }
    }

    session Ordered {
        state { busy: bool = false }
        interrupt on dtmf.received(digit: '0') { note(call, "zero").await; }
        on call.started { goto form; }
        step form {
            on dtmf.received(digit: '1'..='9') { note(call, "saving").await; pause(2).await; note(call, "saved").await; }
            on dtmf.received if state.busy { note(call, "busy").await; }
            on barge_in { goto menu; }
        }
        step menu { enter { note(call, "menu").await; pause(5).await; note(call, "never").await; } }
    }

    session Music {
        on call.started { goto queue; }
        after 25s { note(call, "too long").await; goto message; }
        step queue {
            enter { pause(10).await; goto queue; }
            on dtmf.received { note(call, "key").await; }
        }
        step message { enter { note(call, "message").await; } }
    }

    session Careless {
        on call.started { pause(20).await; note(call, "never").await; }
        interrupt on noted(e) if e.text.chars().next().unwrap_or_else(|| panic!("empty")) == 'x' {}
        hangup { note(call, "hangup").await; }
    }

    session Upset {
        on call.started { Err("once")?; }
        on error { Err("and again")?; }
    }

    session Asking {
        on barge_in {
            let pin = call.listen_dtmf(3, std::time::Duration::from_secs(2)).await?;
            note(call, format!("pin {pin}")).await;
        }
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

/// Notes and failures of sessions, with the second in which they occurred.
type Trace = Vec<(u64, String)>;

/// Input of a session.
enum Input {
    Event(EventBody),
    Report(Report),
}

/// Runs a session with these inputs at these seconds, until 60 s or its end.
async fn run<S: Session>(script: Vec<(u64, Input)>) -> Trace {
    let (requests, requested) = mpsc::channel(64);
    let (reports, reported) = Reports::new();
    let info = CallInfo {
        caller_id: "+265".into(),
        called_number: String::new(),
        redirecting_number: String::new(),
        direction: Direction::Inbound,
        args: Vec::new(),
    };
    let call = Call::new(
        "call".into(),
        info,
        Arc::new(Nowhere),
        Services::default(),
        reports,
        requests,
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
    let owner = Owner::new(
        call.clone(),
        reported,
        requested,
        Arc::new(publish),
        Clock::start(),
        OnHandlerEnd::default(),
        None,
    );
    let owner = tokio::spawn(owner.run(run_session::<S>));
    for (second, input) in script {
        tokio::time::sleep_until(start + Duration::from_secs(second)).await;
        // Pending work comes first.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        match input {
            Input::Event(body) => call.send(Request::Emit(body)).await,
            Input::Report(report) => call.report(report).await,
        }
    }
    let _ = tokio::time::timeout_at(start + Duration::from_secs(60), owner).await;
    let trace = trace.lock().unwrap();
    trace.clone()
}

fn told(event: impl Into<EventBody>) -> Input {
    Input::Event(event.into())
}

fn key(digit: char) -> Input {
    told(DtmfReceived::new(digit))
}

fn gone() -> Input {
    Input::Report(Report::Gone(EndReason::from_words("gone")))
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
    let turn = |duration_ms| told(TurnEnded::new(duration_ms));
    let trace = run::<Cut>(vec![
        (1, key('1')),
        (2, turn(8)),
        (3, told(BargeIn::default())),
        (4, key('5')),
        (5, key('2')),
        (6, turn(7)),
        (7, told(BargeIn::default())),
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
            (8, told(TurnEnded::new(1))),
            (8, told(BargeIn::default())),
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
    let speech = || told(AgentSpeechStarted::new(String::new()));
    let quiet = || told(AgentSpeechEnded::new(String::new(), false));
    let trace = run::<Clockwork>(vec![
        (1, told(MediaStarted::new(8000))),
        (3, speech()),
        (8, quiet()),
        (12, key('1')),
        // The silence that follows this key falls due while its handler runs, and is broken before
        // that ends.
        (18, key('9')),
        (25, told(UserSpeechStarted::default())),
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

#[tokio::test(start_paused = true)]
async fn what_an_error_leads_to_hangs_up_if_it_fails_too() {
    let trace = run::<Hopeless>(vec![(1, gone())]).await;
    assert_eq!(
        traced(&trace)[..4],
        [
            "0 Hopeless: on call.started: at first",
            "0 caught at first",
            "0 goodbye",
            "0 Hopeless: step goodbye: no voice",
        ]
    );
    assert_eq!(
        trace.iter().filter(|(_, text)| text == "goodbye").count(),
        1
    );
    assert_eq!(trace.iter().filter(|(_, text)| text == "hangup").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_another_handler_is_for_interrupts_nothing() {
    let trace = run::<Ordered>(vec![
        (1, key('1')),
        // The step's handler with a guard on the state comes first, and may take the key.
        (2, key('0')),
        (4, told(BargeIn::default())),
        (5, key('0')),
        (9, gone()),
    ])
    .await;
    let expected = ["1 saving", "3 saved", "3 zero", "4 menu", "5 zero", "9 end"];
    assert_eq!(traced(&trace), expected);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_enters_itself_leaves_events_and_timers_their_turn() {
    let trace = run::<Music>(vec![(3, key('1')), (12, key('2')), (40, gone())]).await;
    let expected = ["10 key", "20 key", "30 too long", "30 message", "40 end"];
    assert_eq!(traced(&trace), expected);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_condition_is_one_of_the_body_that_it_would_cut() {
    let empty = Noted {
        text: String::new(),
    };
    let user = crate::session::UserEvent::new(empty);
    let trace = run::<Careless>(vec![(1, Input::Event(EventBody::User(user))), (2, gone())]).await;
    assert_eq!(
        traced(&trace)[..2],
        ["1 ", "1 Careless: on call.started: panicked: empty"]
    );
    assert_eq!(trace.iter().filter(|(_, text)| text == "hangup").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failing_handler_of_errors_is_not_given_its_own() {
    let trace = run::<Upset>(vec![(2, gone())]).await;
    assert_eq!(traced(&trace), ["0 Upset: on call.started: once", "2 end"]);
}

#[tokio::test(start_paused = true)]
async fn keys_that_no_handler_is_for_are_left_to_a_listen_that_comes_later() {
    let trace = run::<Asking>(vec![
        (1, key('4')),
        (1, key('2')),
        (2, told(BargeIn::default())),
        (9, gone()),
    ])
    .await;
    assert_eq!(traced(&trace), ["4 pin 42", "9 end"]);
}
