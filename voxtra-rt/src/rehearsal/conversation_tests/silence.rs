//! Nobody speaks: the caller, or the agent for too long.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_caller_who_says_nothing_is_asked_and_then_hung_up_on() {
    let say = ["Are you still there?", "I'll hang up now. Goodbye."];
    let agent = agent().no_input(Duration::from_secs(8), say, WayOut::HangUp);
    let (mut caller, _) = call(ScriptedModel::default(), agent).await;
    caller.hears("Hello.").await;
    let silent = tokio::time::Instant::now();
    caller.hears(say[0]).await;
    assert!(silent.elapsed() >= Duration::from_secs(8));
    caller.hears(say[1]).await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_speaks_is_not_silent() {
    let agent = agent().no_input(Duration::from_secs(8), ["Hello?"], WayOut::HangUp);
    let (mut caller, _) = call(ScriptedModel::new(["Yes.", "Yes."]), agent).await;
    caller.hears("Hello.").await;
    for _ in 0..2 {
        caller.is_silent_for(Duration::from_secs(6)).await;
        caller.says("are you open").await;
        caller.hears("Yes.").await;
    }
    caller.is_silent_for(Duration::from_secs(6)).await;
    caller.hangs_up().await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_filler_bridges_a_slow_answer_and_gives_way_to_it() {
    let model = ScriptedModel::new([late(1_700, "Yes.")]);
    let agent = agent().filler(
        ms(1_000),
        "One moment please, I am looking that up for you.",
    );
    let (mut caller, history) = call(model, agent).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller
        .begins_to_hear("One moment please, I am looking that up for you.")
        .await;
    caller.hears_it_cut_off().await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(lock(&history).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_too_long_ends() {
    let agent = agent().max_duration(Duration::from_secs(60));
    let (mut caller, _) = call(ScriptedModel::default(), agent).await;
    caller.hears("Hello.").await;
    let up = tokio::time::Instant::now();
    caller.ended().await;
    let up = up.elapsed();
    assert!(
        up > Duration::from_secs(55) && up < Duration::from_secs(60),
        "{up:?}"
    );
}
