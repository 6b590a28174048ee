//! A form by voice and keys, with retries and a confirmation:
//! `cargo run --example appointment -- voxtra.toml`. Speech-to-text is a scripted one here; yours
//! is one trait away. Its rehearsals: `cargo test --example appointment`.

use voxtra::prelude::*;
use voxtra::rt::speech::ScriptedTranscriber;

voxtra! {
    events {
        /// An appointment was made.
        appointment.made { day: String, hour: u8 }
    }

    session Appointment {
        route extension "3000";
        state {
            day: String = String::new(),
            hour: u8 = 0,
            /// Answers in a row that were not understood.
            misunderstood: u8 = 0,
        }

        on call.started { call.answer().await?; goto day; }

        step day {
            enter { call.say("On which day would you like to come?").await?; }
            on user.transcript(text: t) {
                match weekday(t) {
                    Some(day) => { state.day = day.to_owned(); state.misunderstood = 0; goto hour; }
                    None => goto again,
                }
            }
            after 7s of user.silence { goto again; }
        }

        step hour {
            enter { call.say("At what hour? Please key it in, from eight to sixteen, and end with hash.").await?; goto hour_keys; }
        }

        step hour_keys {
            enter {
                let keys = call.listen_dtmf(2, std::time::Duration::from_secs(5)).await?;
                match keys.parse() {
                    Ok(hour @ 8..=16) => { state.hour = hour; state.misunderstood = 0; goto confirm; }
                    _ => goto again,
                }
            }
        }

        step confirm {
            enter {
                let question = format!("{} at {}: press one if that is right, two to begin anew.", state.day, state.hour);
                call.say(&question).await?;
            }
            interrupt on dtmf.received(digit: '1') {
                call.emit(AppointmentMade { day: state.day.clone(), hour: state.hour }).await;
                call.say("Thank you. We will see you then.").await?;
                call.hangup().await?;
            }
            interrupt on dtmf.received(digit: '2') { goto day; }
            after 7s of user.silence { goto again; }
        }

        // Asks again for what is missing, and gives up after the third time.
        step again {
            enter {
                state.misunderstood += 1;
                if state.misunderstood == 3 {
                    call.say("I am sorry. Somebody will call you back.").await?;
                    return Ok(call.hangup().await?);
                }
                call.say("I did not get that.").await?;
                if state.day.is_empty() { goto day }
                if state.hour == 0 { goto hour }
                goto confirm
            }
        }
    }
}

fn weekday(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
        .into_iter()
        .find(|day| text.contains(&day.to_lowercase()))
}

#[tokio::main]
async fn main() -> Result<ExitCode, voxtra::Exit> {
    let file = std::env::args().nth(1);
    let config = Config::load(file.as_deref().unwrap_or("voxtra.toml").as_ref())?;
    let _log = voxtra::log::init(&config.log)?;
    let application = Application::builder()
        .config(&config)?
        .speech_to_text(ScriptedTranscriber::new(["On Tuesday, please."]))
        .session::<Appointment>();
    Ok(application.run().await?)
}

#[cfg(test)]
mod tests {
    use voxtra::rehearsal::Rehearsal;

    use super::*;

    const DAY: &str = "On which day would you like to come?";
    const HOUR: &str = "At what hour? Please key it in, from eight to sixteen, and end with hash.";
    const CONFIRM: &str = "Tuesday at 14: press one if that is right, two to begin anew.";

    #[tokio::test(start_paused = true)]
    async fn an_appointment_is_made_after_a_mistake_in_each_field() {
        let mut caller = Rehearsal::new().session::<Appointment>().call("3000").await;
        caller.hears(DAY).await;
        caller.says("Some time next week").await;
        caller.hears("I did not get that.").await;
        caller.hears(DAY).await;
        caller.says("On Tuesday, please").await;
        caller.hears(HOUR).await;
        caller.presses("23").await;
        caller.hears("I did not get that.").await;
        caller.hears(HOUR).await;
        caller.presses("14").await;
        caller.begins_to_hear(CONFIRM).await;
        caller.presses("1").await;
        caller.hears_it_cut_off().await;
        caller.hears("Thank you. We will see you then.").await;
        let conversation = caller.ended().await;
        let made = conversation
            .events()
            .iter()
            .find_map(|event| match &event.body {
                EventBody::User(event) => event.downcast_ref::<AppointmentMade>(),
                EventBody::BuiltIn(_) => None,
            });
        assert_eq!(
            made,
            Some(&AppointmentMade {
                day: "Tuesday".into(),
                hour: 14
            })
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_never_understood_is_called_back() {
        let mut caller = Rehearsal::new().session::<Appointment>().call("3000").await;
        for _ in 0..2 {
            caller.hears(DAY).await;
            caller.says("I want to complain").await;
            caller.hears("I did not get that.").await;
        }
        caller.hears(DAY).await;
        caller
            .hears("I am sorry. Somebody will call you back.")
            .await;
        assert_eq!(caller.ended().await.count("appointment.made"), 0);
    }
}
