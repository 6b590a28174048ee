//! One application for several tenants, told apart by the number that was called:
//! `cargo run --example tenants -- voxtra.toml`. Its rehearsals: `cargo test --example tenants`.

use voxtra::prelude::*;

voxtra! {
    session Reception {
        route number "+265999000001" { tenant: "acme", greeting: "Welcome to Acme.", operator: "PJSIP/acme" };
        route prefix "+26588" { tenant: "globex", greeting: "Globex, good day.", operator: "PJSIP/globex" };
        state {
            greeting: String = known(call, "greeting"),
            operator: String = known(call, "operator"),
        }

        on call.started { call.answer().await?; call.say(&state.greeting).await?; }
        interrupt on dtmf.received(digit: '0') { call.transfer(&state.operator).await?; }
        after 10s of user.silence { call.say("Goodbye.").await?; call.hangup().await?; }
        hangup { println!("{}: {}", known(call, "tenant"), call.caller_id()); }
    }

    /// Numbers that nobody has rented.
    session Vacant {
        route default;

        on call.started { call.answer().await?; call.say("This number is not in use.").await?; call.hangup().await?; }
    }
}

fn known(call: &Call, key: &str) -> String {
    call.get_metadata(key).unwrap_or_default()
}

#[tokio::main]
async fn main() -> Result<ExitCode, voxtra::Exit> {
    let file = std::env::args().nth(1);
    let config = Config::load(file.as_deref().unwrap_or("voxtra.toml").as_ref())?;
    let _log = voxtra::log::init(&config.log)?;
    let application = Application::builder()
        .config(&config)?
        .session::<Reception>()
        .session::<Vacant>();
    Ok(application.run().await?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use voxtra::rehearsal::Rehearsal;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_tenant_has_its_own_reception() {
        let exchange = Rehearsal::new()
            .session::<Reception>()
            .session::<Vacant>()
            .start()
            .await;
        // Both at once: a session's state is its own.
        let mut acme = exchange.call("+265 999 000 001");
        let mut globex = exchange.call("+26588123");
        acme.hears("Welcome to Acme.").await;
        globex.hears("Globex, good day.").await;
        acme.presses("0").await;
        acme.is_transferred_to("PJSIP/acme").await;
        globex.presses("0").await;
        globex.is_transferred_to("PJSIP/globex").await;
        acme.hangs_up().await;
        globex.hangs_up().await;
        acme.ended().await;
        globex.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_vacant_number_says_so() {
        let mut caller = Rehearsal::new()
            .session::<Reception>()
            .session::<Vacant>()
            .call("+1555")
            .await;
        caller.hears("This number is not in use.").await;
        caller.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_bidden_goodbye() {
        let mut caller = Rehearsal::new()
            .session::<Reception>()
            .call("+265999000001")
            .await;
        caller.hears("Welcome to Acme.").await;
        caller.is_silent_for(Duration::from_secs(10)).await;
        caller.hears("Goodbye.").await;
        caller.ended().await;
    }
}
