//! What stands in the way of a start or of a call, and how that is told.

use voxtra::prelude::*;
use voxtra::rt::app::StartError;
use voxtra::rt::ari::{AriError, AriSettings};

use crate::asterisk::harness::{Harness, any_port};
use crate::asterisk::{Asterisk, Call as Caller, unique};

/// Why an application doesn't start that logs in so.
async fn refused(settings: AriSettings) -> StartError {
    let app = Application::builder().asterisk(settings).media(any_port());
    app.start().await.unwrap_err()
}

#[tokio::test]
async fn a_wrong_password_is_refused_at_the_start_and_says_what_to_do() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let settings = asterisk
        .settings(&unique("wrong"))
        .with(|ari| ari.password = "wrong".to_owned().into());
    let error = refused(settings).await;
    assert!(
        matches!(error, StartError::Ari(AriError::Unauthorized { .. })),
        "{error:?}"
    );
    let words = error.to_string();
    for part in ["voxtra", "username", "password", "ari.conf"] {
        assert!(words.contains(part), "{part:?} is not in: {words}");
    }
    assert!(!words.contains("wrong\""), "{words}");
}

#[tokio::test]
async fn a_user_that_may_only_look_is_refused_at_the_start() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let settings = asterisk
        .settings(&unique("reader"))
        .with(|ari| ari.username = "reader".into());
    let error = refused(settings).await;
    assert!(error.to_string().contains("read_only=no"), "{error}");
}

#[tokio::test]
async fn an_asterisk_that_cannot_reach_us_is_told_and_the_caller_is_not_left_hanging() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let answer = |call: Call| async move {
        call.answer().await?;
        call.say("You said:").await.map(|_| ())
    };
    // Nobody listens there.
    let mut harness = Harness::start(&asterisk, |app| {
        app.advertise("127.0.0.1:1").default(answer)
    })
    .await;
    let caller = harness.call(&asterisk, Caller::default()).await;
    let story = harness.story().await;
    let error = story.the("error");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("127.0.0.1:1") && message.contains("advertise"),
        "{message}"
    );
    assert_eq!(error["error_type"], "handler");
    assert_eq!(story.count("media.started"), 0);
    // A caller whose audio can't be connected is not answered, so that the trunk can try elsewhere.
    assert_eq!(story.count("call.answered"), 0, "{}", story.text());
    assert_eq!(story.count("call.ended"), 1);
    asterisk.gone(&caller.id).await;
    assert_eq!(harness.app.media_stats().calls(), 0);
    harness.close().await;
}
