//! A declared session, rehearsed as its author would.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use voxtra::prelude::*;
use voxtra::rehearsal::{FarEnd, Rehearsal, Said};

const MENU: &str = "Welcome. Press one for sales, two for support.";

voxtra! {
    session Menu {
        route extension "2000";

        on call.started {
            call.answer().await?;
            call.say(MENU).await?;
        }
        on dtmf.received(e) if e.digit == '1' {
            if call.transfer("PJSIP/200").await.is_err() {
                call.say("Sales are busy.").await?;
            }
        }
        on user.transcript(e) {
            call.say(&format!("You said {}.", e.text)).await?;
        }
        on silence.detected {
            call.hangup().await?;
        }
    }
}

fn agent(text: &str) -> Said {
    Said::Agent {
        text: text.into(),
        interrupted: false,
    }
}

#[tokio::test(start_paused = true)]
async fn a_declared_session_is_rehearsed_from_its_first_word_to_its_hang_up() {
    let mut exchange = Rehearsal::new()
        .session::<Menu>()
        .endpoint("PJSIP/200", FarEnd::Busy)
        .endpoint("PJSIP/200", FarEnd::Answers)
        .start()
        .await;
    let mut caller = exchange.call_from("+265999000001", "2000");
    caller.hears(MENU).await;
    caller.says("I need an appointment").await;
    caller.hears("You said I need an appointment.").await;
    caller.presses("1").await;
    caller.hears("Sales are busy.").await;
    caller.is_silent_for(Duration::from_secs(10)).await;
    let conversation = caller.ended().await;
    assert_eq!(
        conversation.said(),
        [
            agent(MENU),
            Said::Caller("I need an appointment".into()),
            agent("You said I need an appointment."),
            agent("Sales are busy."),
        ],
        "{conversation}"
    );

    // The same application, and somebody else.
    let mut caller = exchange.call("2000");
    caller.hears(MENU).await;
    caller.presses("1").await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");

    // Nobody else is called.
    let nobody = tokio::time::timeout(Duration::from_secs(1), exchange.called()).await;
    assert!(nobody.is_err());
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_are_the_same_each_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let exchange = Rehearsal::new().session::<Menu>().start().await;
        let callers = (0..10).map(|number: u64| {
            let mut caller = exchange.call("2000");
            async move {
                caller.hears(MENU).await;
                caller
                    .is_silent_for(Duration::from_millis(137 * number))
                    .await;
                caller.says("Good morning").await;
                caller.hears("You said Good morning.").await;
                caller.ended().await.to_string()
            }
        });
        let callers: Vec<_> = callers.map(tokio::spawn).collect();
        let mut run = Vec::new();
        for caller in callers {
            run.push(caller.await.unwrap());
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
}
