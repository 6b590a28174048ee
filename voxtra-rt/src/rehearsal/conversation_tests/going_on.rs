//! A caller who goes on, or seems to, while an answer is made.

use voxtra_core::event::UserSpeechStarted;

use super::overlap::{Prompt, call_heard, utterance};
use super::*;

/// An agent that can order.
fn ordering() -> AgentSettings {
    let spec = ToolSpec::new("order", "", json!({ "type": "object" }));
    agent().tool(FnTool::new(spec, |_: Call, _| async {
        Ok("ordered".to_owned())
    }))
}

fn order() -> ScriptedReply {
    ScriptedReply::default().calls("order", json!({}))
}

#[tokio::test(start_paused = true)]
async fn a_sound_behind_a_tool_does_not_eat_the_answer() {
    let heard = Prompt::new([
        utterance([], "order it"),
        utterance([(200, "uh")], ""),
        utterance([], "thanks"),
    ]);
    let model = ScriptedModel::new([
        order(),
        late(5_000, "Never said."),
        "It is ordered.".into(),
        "Goodbye.".into(),
    ]);
    let mut caller = call_heard(heard, model.clone(), ordering()).await;
    caller.hears("Hello.").await;
    caller.says("order it").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.is_silent_for(ms(500)).await;
    caller.says("uh").await;
    caller.hears("It is ordered.").await;
    caller.says("thanks").await;
    caller.hears("Goodbye.").await;
    let asked = model.asked();
    assert_eq!(asked[2].messages.last().unwrap().text(), "ordered");
}

#[tokio::test(start_paused = true)]
async fn who_was_not_understood_behind_a_tool_is_told() {
    let model = ScriptedModel::new([order(), late(5_000, "Never said."), "Yes.".into()]);
    let recogniser = Recogniser::new().partials_every(ms(100));
    let mut caller = rehearsal(model, ordering())
        .recogniser(recogniser)
        .call("1000")
        .await;
    caller.hears("Hello.").await;
    caller.says("order it").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.is_silent_for(ms(500)).await;
    drop(caller.says("and a second one"));
    caller.is_silent_for(ms(700)).await;
    caller.chaos(Provider::SpeechToText, Chaos::Cut);
    caller.hears(&OnFailure::default().say).await;
    caller.calm(Provider::SpeechToText);
    caller.says("are you there").await;
    caller.hears("Yes.").await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_late_words_that_change_it() {
    let model = ScriptedModel::new([late(1_500, "Wrong."), "Right.".into()]);
    let (rehearsal, history) = remembering(model, agent());
    let recogniser = Recogniser::new().finals_after(ms(600));
    let mut caller = rehearsal.recogniser(recogniser).call("1000").await;
    caller.hears("Hello.").await;
    caller.says("I want a table").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.is_silent_for(ms(700)).await;
    caller.says("on Monday at eight").await;
    caller.hears("Right.").await;
    caller.hangs_up().await;
    caller.ended().await;
    let both = user("I want a table on Monday at eight");
    assert_eq!(lock(&history)[1..], [both, Message::assistant("Right.")]);
}

#[tokio::test(start_paused = true)]
async fn who_talks_past_the_longest_turn_is_answered_when_silent() {
    let model = ScriptedModel::new([late(1_500, "One moment.")]);
    let mut caller = rehearsal(model, agent()).call("1000").await;
    caller.hears("Hello.").await;
    let begun = tokio::time::Instant::now();
    // 62 s, two more than the longest turn.
    drop(caller.says(&"and then ".repeat(115)));
    caller.is_silent_for(Duration::from_secs(55)).await;
    caller.begins_to_hear("One moment.").await;
    let after = begun.elapsed();
    let told = caller.transcript();
    assert!(
        (ms(62_000)..ms(63_500)).contains(&after),
        "{after:?} {told}"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_noticed_though_events_were_lost() {
    let agent = agent().no_input(ms(8_000), ["Hello?"], WayOut::HangUp);
    let (mut caller, _) = call(ScriptedModel::default(), agent).await;
    caller.hears("Hello.").await;
    // Its end is not told.
    let started = UserSpeechStarted::default();
    caller.call().emit_body(started.into()).await;
    let lost = "3 events of the media thread were lost".to_owned();
    caller.call().emit_error("events_missed", lost).await;
    caller.is_silent_for(ms(1_000)).await;
    caller.hears("Hello?").await;
}
