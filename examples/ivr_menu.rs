//! A menu by keys, as steps: `cargo run --example ivr_menu -- voxtra.toml`. Its rehearsals:
//! `cargo test --example ivr_menu`.

use voxtra::prelude::*;

voxtra! {
    session Menu {
        route extension "2000";
        state { asked: u8 = 0 }

        on call.started { call.answer().await?; call.say("Welcome to Acme.").await?; goto main; }

        // The main menu, its prompts cut short by whoever knows them.
        step main {
            enter {
                state.asked += 1;
                if state.asked > 3 { goto goodbye }
                call.say("Press one for sales, two for opening hours, zero for a human.").await?;
            }
            interrupt on dtmf.received(digit: '1') { goto sales; }
            interrupt on dtmf.received(digit: '2') { goto hours; }
            interrupt on dtmf.received(digit: '0') { goto human; }
            interrupt on dtmf.received { call.say("That is not on the menu.").await?; goto main; }
            after 5s of user.silence { goto main; }
        }

        step sales {
            enter { call.say("Press one for new orders, or star to go back.").await?; }
            interrupt on dtmf.received(digit: '1') { call.transfer("PJSIP/orders").await?; }
            interrupt on dtmf.received(digit: '*') { state.asked = 0; goto main; }
            after 8s of user.silence { goto human; }
        }

        step hours {
            enter { call.say("We are open from eight to five.").await?; state.asked = 0; goto main; }
            interrupt on dtmf.received(digit: '*') { state.asked = 0; goto main; }
        }

        step human {
            enter { call.say("One moment, please.").await?; call.transfer("PJSIP/reception").await?; }
        }

        step goodbye {
            enter { call.say("Goodbye.").await?; call.hangup().await?; }
        }

        // A transfer that fails, for instance.
        catch(error) {
            println!("{}: {error}", call.id());
            call.say("That did not work. Please call again later.").await?;
            call.hangup().await?;
        }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, voxtra::Exit> {
    let file = std::env::args().nth(1);
    let config = Config::load(file.as_deref().unwrap_or("voxtra.toml").as_ref())?;
    let _log = voxtra::log::init(&config.log)?;
    let application = Application::builder().config(&config)?.session::<Menu>();
    Ok(application.run().await?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use voxtra::rehearsal::{FarEnd, Rehearsal};

    use super::*;

    const MAIN: &str = "Press one for sales, two for opening hours, zero for a human.";

    #[tokio::test(start_paused = true)]
    async fn who_knows_the_menu_need_not_hear_it() {
        let mut caller = Rehearsal::new().session::<Menu>().call("2000").await;
        caller.hears("Welcome to Acme.").await;
        caller.begins_to_hear(MAIN).await;
        caller.presses("1").await;
        caller.hears_it_cut_off().await;
        caller
            .hears("Press one for new orders, or star to go back.")
            .await;
        caller.presses("1").await;
        caller.is_transferred_to("PJSIP/orders").await;
        caller.hangs_up().await;
        assert_eq!(caller.ended().await.count("call.ended"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_types_ahead_does_not_hear_the_menu() {
        let mut caller = Rehearsal::new().session::<Menu>().call("2000").await;
        caller.begins_to_hear("Welcome to Acme.").await;
        caller.presses("11").await;
        caller.hears_the_rest().await;
        caller.is_transferred_to("PJSIP/orders").await;
        caller.hangs_up().await;
        caller.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_keys_and_other_steps_lead_back_to_the_menu() {
        let mut caller = Rehearsal::new().session::<Menu>().call("2000").await;
        caller.hears("Welcome to Acme.").await;
        caller.hears(MAIN).await;
        caller.presses("7").await;
        caller.hears("That is not on the menu.").await;
        caller.hears(MAIN).await;
        caller.presses("2").await;
        caller.hears("We are open from eight to five.").await;
        caller.hears(MAIN).await;
        caller.hangs_up().await;
        caller.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_asked_three_times() {
        let mut caller = Rehearsal::new().session::<Menu>().call("2000").await;
        caller.hears("Welcome to Acme.").await;
        for _ in 0..3 {
            caller.hears(MAIN).await;
            caller.is_silent_for(Duration::from_secs(5)).await;
        }
        caller.hears("Goodbye.").await;
        caller.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_transfer_is_explained() {
        let mut caller = Rehearsal::new()
            .session::<Menu>()
            .endpoint("PJSIP/reception", FarEnd::Busy)
            .call("2000")
            .await;
        caller.hears("Welcome to Acme.").await;
        caller.hears(MAIN).await;
        caller.presses("0").await;
        caller.hears("One moment, please.").await;
        caller
            .hears("That did not work. Please call again later.")
            .await;
        assert_eq!(caller.ended().await.count("error"), 1);
    }
}
