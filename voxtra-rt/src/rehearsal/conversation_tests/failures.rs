//! Something fails or is missing.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_failure_is_said_and_the_second_in_a_row_ends_the_call() {
    let fails = || ScriptedReply::after(ms(100)).fails(ProviderErrorKind::Unavailable);
    let model = ScriptedModel::new([fails(), "Yes.".into(), fails(), fails()]);
    let agent = agent().on_failure("Sorry?", WayOut::Transfer("PJSIP/200".to_owned()));
    let (mut caller, history) = call(model, agent).await;
    caller.hears("Hello.").await;
    for answer in ["Sorry?", "Yes.", "Sorry?", "Sorry?"] {
        caller.says("are you open").await;
        caller.hears(answer).await;
    }
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 3, "{conversation}");
    // What the caller asked is not forgotten, though it was not answered.
    assert_eq!(
        lock(&history)[1..3],
        [user("are you open"), user("are you open")]
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_model_says_what_is_missing() {
    let rehearsal = Rehearsal::new().handler(|call: Call| async move {
        let result = call.agent().run(&agent()).await;
        assert!(
            matches!(result, Err(CallError::NoLanguageModel)),
            "{result:?}"
        );
        result
    });
    let caller = rehearsal.call("1000").await;
    let conversation = caller.ended().await.to_string();
    assert!(conversation.contains("no language model"), "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_says_nothing_has_failed() {
    let (mut caller, _) = call(ScriptedModel::new(["", "Yes."]), agent()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("error"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_did_not_understand_says_so_and_listens_again() {
    let (mut caller, _) = call(ScriptedModel::new(["Yes."]), agent()).await;
    caller.hears("Hello.").await;
    caller.chaos(Provider::SpeechToText, Chaos::Cut);
    caller.says("are you open").await;
    caller.hears(&OnFailure::default().say).await;
    caller.calm(Provider::SpeechToText);
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("error"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_working_voice_hangs_up() {
    let rehearsal = rehearsal(ScriptedModel::default(), agent());
    let rehearsal = rehearsal.chaos(Provider::Voice, Chaos::Status(503));
    let conversation = rehearsal.call("1000").await.ended().await;
    // The greeting, and the apology.
    assert_eq!(conversation.count("error"), 2, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_hangs_is_given_up() {
    let model = ScriptedModel::new([late(3_600_000, "Never."), "Yes.".into()]);
    let (mut caller, _) = call(model, patient()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.is_silent_for(Duration::from_secs(150)).await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
}

#[tokio::test(start_paused = true)]
async fn a_model_that_says_the_same_for_ever_is_stopped() {
    let same = "I am sorry about that.";
    let circles = ScriptedReply::default().repeats(format!("{same} "));
    let model = ScriptedModel::new([circles, "Yes.".into()]);
    let (mut caller, _) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.hears(&[same; 3].join(" ")).await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("error"), 1);
}
