//! Two programs with one application's name.

use std::time::Duration;

use voxtra::prelude::*;

use crate::asterisk::harness::{Harness, any_port, patiently};
use crate::asterisk::{Asterisk, Call as Caller};

/// Answers and waits for the caller to hang up.
async fn hold(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.ended().await;
    Ok(())
}

fn caller(script: &'static [(&str, &str)]) -> Caller<'static> {
    Caller {
        extension: "script",
        variables: script,
        ..Caller::default()
    }
}

const LONG: &[(&str, &str)] = &[("VOXTRA_SCRIPT", "quiet:7")];
const SHORT: &[(&str, &str)] = &[("VOXTRA_SCRIPT", "quiet:1")];

#[tokio::test]
async fn the_first_of_a_name_comes_back_when_the_second_has_left() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(hold)).await;
    let kept = harness.call(&asterisk, Caller::default()).await;
    harness.until("media.started").await;

    let newcomer = Application::builder()
        .asterisk(asterisk.settings(&harness.name))
        .media(any_port())
        .default(hold)
        .start()
        .await
        .unwrap();
    patiently("Asterisk's events", newcomer.online()).await;
    // The first looks for its name during the long call, and leaves it alone: the short one is the
    // newcomer's too.
    let mut told = newcomer.events();
    for script in [LONG, SHORT] {
        harness.call(&asterisk, caller(script)).await;
        patiently("the newcomer's call", async {
            while told.recv().await.unwrap().wire() != "session.destroyed" {}
        })
        .await;
    }
    assert_eq!(harness.app.calls().len(), 1);
    newcomer.shutdown().await;

    // The call that the first has kept holds the name in Asterisk; its end sets it free.
    let ari = asterisk.client(&harness.name);
    assert!(ari.application(ari.app()).exists().await.unwrap());
    ari.channel(&kept.id)
        .hangup(&Default::default())
        .await
        .unwrap();
    let story = harness.story().await;
    assert_eq!(story.count("call.ended"), 1, "{}", story.text());
    let online = tokio::time::timeout(Duration::from_secs(60), harness.app.online());
    online.await.expect("the first did not come back");
    harness.call(&asterisk, caller(SHORT)).await;
    let story = harness.story().await;
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    harness.close().await;
}
