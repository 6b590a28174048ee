//! A voice agent. `cargo test` rehearses it; `cargo run` answers calls.

use voxtra::prelude::*;

voxtra! {
    events {
        /// The caller has chosen.
        department.chosen { name: sales | support }
    }

    session Reception {
        route default;

        on call.started { call.answer().await?; goto menu; }

        step menu {
            enter { call.say("Press one for sales, two for support.").await?; }
            interrupt on dtmf.received(digit: '1') {
                call.emit(DepartmentChosen { name: DepartmentChosenName::Sales }).await;
                call.say("Sales will call you back. Goodbye.").await?;
                call.hangup().await?;
            }
            interrupt on dtmf.received(digit: '2') { call.transfer("PJSIP/support").await?; }
            after 6s of user.silence { goto menu; }
        }

        on any(e) { println!("{e}"); }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, voxtra::Exit> {
    let config = Config::load("voxtra.toml".as_ref())?;
    let _log = voxtra::log::init(&config.log)?;
    let application = Application::builder().config(&config)?.session::<Reception>();
    Ok(application.run().await?)
}

#[cfg(test)]
mod tests {
    use voxtra::rehearsal::Rehearsal;

    use super::Reception;

    #[tokio::test(start_paused = true)]
    async fn sales_call_back() {
        let mut caller = Rehearsal::new().session::<Reception>().call("1000").await;
        caller.begins_to_hear("Press one for sales, two for support.").await;
        caller.presses("1").await;
        caller.hears_it_cut_off().await;
        caller.hears("Sales will call you back. Goodbye.").await;
        let conversation = caller.ended().await;
        assert_eq!(conversation.count("department.chosen"), 1, "{conversation}");
    }

    #[tokio::test(start_paused = true)]
    async fn support_is_connected() {
        let mut caller = Rehearsal::new().session::<Reception>().call("1000").await;
        caller.hears("Press one for sales, two for support.").await;
        caller.presses("2").await;
        caller.is_transferred_to("PJSIP/support").await;
        caller.hangs_up().await;
        caller.ended().await;
    }
}
