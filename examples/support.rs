//! A support line, declared with `voxtra!`: `cargo run --example support -- voxtra.toml`.
//!
//! It needs ARI for the transfer. The language model is a scripted one here; yours is one trait
//! away.

use voxtra::prelude::*;
use voxtra::rt::speech::ScriptedModel;

voxtra! {
    events {
        /// The caller confirmed a payment.
        payment.confirmed { amount_cents: u64, reference: Text<24> }
    }

    session Support {
        route extension "1000", number "+265*";
        state { attempts: u8 = 0 }

        on call.started {
            call.answer().await?;
            call.say("Welcome. Press one to confirm your payment, or zero for a human.").await?;
        }

        on dtmf.received(e) if e.digit == '0' { call.transfer("PJSIP/200").await?; }

        on dtmf.received(e) if e.digit == '1' {
            call.emit(PaymentConfirmed { amount_cents: 1250, reference: Text::truncated("INV-7") }).await;
            call.say("Thank you. Your payment is confirmed.").await?;
        }

        on dtmf.received {
            state.attempts += 1;
            if state.attempts == 3 {
                call.say("Goodbye.").await?;
                call.hangup().await?;
            } else {
                call.say("Please press one or zero.").await?;
            }
        }

        on user.transcript(e) {
            let reply = call.agent().respond(&e.text).await?;
            call.say(&reply.text).await?;
        }

        on call.ended(e) { println!("{} after {} s", e.reason, e.duration_seconds); }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, voxtra::Exit> {
    let file = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "voxtra.toml".into());
    let config = Config::load(file.as_ref())?;
    let _log = voxtra::log::init(&config.log)?;
    let application = Application::builder()
        .config(&config)?
        .language_model(ScriptedModel::new(["I see.", "Let me look into it."]))
        .session::<Support>();
    Ok(application.run().await?)
}

#[cfg(test)]
mod tests {
    use voxtra::rehearsal::{FarEnd, Rehearsal};

    use super::*;

    const WELCOME: &str = "Welcome. Press one to confirm your payment, or zero for a human.";

    fn agent() -> Rehearsal {
        let model = ScriptedModel::new(["I see.", "Let me look into it."]);
        Rehearsal::of(Application::builder().language_model(model)).session::<Support>()
    }

    #[tokio::test(start_paused = true)]
    async fn the_model_answers_until_the_caller_wants_a_human() {
        let mut caller = agent().call("1000").await;
        caller.hears(WELCOME).await;
        caller.says("My parcel has not arrived").await;
        caller.hears("I see.").await;
        caller.presses("0").await;
        caller.is_transferred_to("PJSIP/200").await;
        caller.hangs_up().await;
        assert_eq!(caller.ended().await.count("agent.response"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_human_the_call_goes_on() {
        let agent = agent().endpoint("PJSIP/200", FarEnd::Busy);
        let mut caller = agent.call("+265888").await;
        caller.hears(WELCOME).await;
        caller.presses("0").await;
        caller.sees(voxtra::core::event::EventKind::Error).await;
        caller.presses("1").await;
        caller.hears("Thank you. Your payment is confirmed.").await;
        caller.hangs_up().await;
        assert_eq!(caller.ended().await.count("payment.confirmed"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_third_wrong_key_ends_the_call() {
        let mut caller = agent().call("1000").await;
        caller.hears(WELCOME).await;
        for _ in 0..2 {
            caller.presses("5").await;
            caller.hears("Please press one or zero.").await;
        }
        caller.presses("5").await;
        caller.hears("Goodbye.").await;
        caller.ended().await;
    }
}
