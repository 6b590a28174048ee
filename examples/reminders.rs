//! Calls people to remind them of their appointments, one after the other:
//! `cargo run --example reminders -- voxtra.toml PJSIP/200 PJSIP/201`. Who doesn't answer or is
//! busy is called again later; a machine is left a message. Its rehearsals:
//! `cargo test --example reminders`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::time::Duration;

use voxtra::prelude::*;

voxtra! {
    events {
        /// What became of a reminder.
        reminder.given { outcome: confirmed | declined | voicemail | unheard }
    }

    session Reminder {
        state { outcome: ReminderGivenOutcome = ReminderGivenOutcome::Unheard }

        on call.started { goto greeting; }

        // People say a word or two, and wait. Machines speak on.
        step greeting {
            on user.speech.ended(duration_ms: 3000..) {
                state.outcome = ReminderGivenOutcome::Voicemail;
                call.say("This is Acme. Your appointment is tomorrow at ten.").await?;
                call.hangup().await?;
            }
            on user.speech.ended { goto reminder; }
            after 2s of user.silence { goto reminder; }
        }

        step reminder {
            enter { call.say("Your appointment is tomorrow at ten. Press one to confirm, two to cancel.").await?; }
            interrupt on dtmf.received(digit: '1') { state.outcome = ReminderGivenOutcome::Confirmed; goto thanks; }
            interrupt on dtmf.received(digit: '2') { state.outcome = ReminderGivenOutcome::Declined; goto thanks; }
            after 8s of user.silence { call.hangup().await?; }
        }

        step thanks { enter { call.say("Thank you. Goodbye.").await?; call.hangup().await?; } }

        hangup { call.emit(ReminderGiven { outcome: state.outcome }).await; }
    }
}

/// Times that somebody is called who doesn't answer, and the pause before each but the first.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// Calls until somebody or something answers; what came of it, or nothing if nobody did.
async fn remind(
    app: &Application,
    endpoint: &str,
) -> Result<Option<ReminderGivenOutcome>, CallError> {
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let call = app.originate(Outbound::to(endpoint), Handler::session::<Reminder>())?;
        let mut events = call.events();
        let outcome = events.find(|event| match &event.body {
            EventBody::User(event) => event
                .downcast_ref::<ReminderGiven>()
                .map(|given| Some(given.outcome)),
            EventBody::BuiltIn(BuiltIn::CallFailed(_)) => Some(None),
            EventBody::BuiltIn(_) => None,
        });
        if let Some(Some(outcome)) = outcome.await {
            return Ok(Some(outcome));
        }
    }
    Ok(None)
}

#[tokio::main]
async fn main() -> Result<(), voxtra::Exit> {
    let mut arguments = std::env::args().skip(1);
    let config = Config::load(
        arguments
            .next()
            .as_deref()
            .unwrap_or("voxtra.toml")
            .as_ref(),
    )?;
    let _log = voxtra::log::init(&config.log)?;
    let app = Application::builder()
        .config(&config)?
        .event::<ReminderGiven>()
        .start()
        .await?;
    app.online().await;
    for endpoint in arguments {
        match remind(&app, &endpoint).await? {
            Some(outcome) => println!("{endpoint}: {outcome}"),
            None => println!("{endpoint}: nobody answered"),
        }
    }
    app.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use voxtra::rehearsal::{FarEnd, Rehearsal};

    use super::*;

    const REMINDER: &str =
        "Your appointment is tomorrow at ten. Press one to confirm, two to cancel.";

    #[tokio::test(start_paused = true)]
    async fn who_was_busy_is_called_again_and_confirms() {
        let mut exchange = Rehearsal::new()
            .endpoint("PJSIP/200", FarEnd::Busy)
            .endpoint("PJSIP/200", FarEnd::NoAnswer)
            .endpoint("PJSIP/200", FarEnd::Answers)
            .start()
            .await;
        let app = exchange.application().clone();
        let reminder = tokio::spawn(async move { remind(&app, "PJSIP/200").await });
        for _ in 0..2 {
            let failed = exchange.called().await.ended().await;
            assert_eq!(failed.count("call.failed"), 1);
            tokio::time::sleep(PAUSE - Duration::from_secs(10)).await;
        }
        let mut called = exchange.called().await;
        called.says("Hello?").await;
        called.begins_to_hear(REMINDER).await;
        called.presses("1").await;
        called.hears_it_cut_off().await;
        called.hears("Thank you. Goodbye.").await;
        called.ended().await;
        let outcome = reminder.await.unwrap().unwrap();
        assert_eq!(outcome, Some(ReminderGivenOutcome::Confirmed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_is_left_a_message() {
        let greeting = "You have reached the Miller family. We are not at home. Please leave a message after the tone.";
        let mut exchange = Rehearsal::new()
            .endpoint("PJSIP/201", FarEnd::Voicemail(greeting.into()))
            .start()
            .await;
        let app = exchange.application().clone();
        let reminder = tokio::spawn(async move { remind(&app, "PJSIP/201").await });
        let mut machine = exchange.called().await;
        machine
            .hears("This is Acme. Your appointment is tomorrow at ten.")
            .await;
        machine.ended().await;
        let outcome = reminder.await.unwrap().unwrap();
        assert_eq!(outcome, Some(ReminderGivenOutcome::Voicemail));
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_answers_is_given_up() {
        let exchange = Rehearsal::new()
            .endpoint("PJSIP/202", FarEnd::NoAnswer)
            .start()
            .await;
        assert_eq!(
            remind(exchange.application(), "PJSIP/202").await.unwrap(),
            None
        );
    }
}
