//! A support line, declared with `voxtra!`: `cargo run --example support -- voxtra.toml`.
//!
//! It needs ARI for the transfer. The language model is a scripted one here; yours is one trait away.

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
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "voxtra.toml".into());
    let config = Config::load(file.as_ref())?;
    let app = Application::builder()
        .config(&config)?
        .language_model(ScriptedModel::new(["I see.", "Let me look into it."]))
        .session::<Support>()
        .start()
        .await?;
    app.run().await;
    Ok(())
}
