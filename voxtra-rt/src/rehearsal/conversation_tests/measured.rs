//! How long callers wait, and what for.

use voxtra_core::event::{TurnMeasured, TurnMeasuredOutcome};

use super::*;

/// The measured turns of a call.
fn measured(conversation: &Transcript) -> Vec<TurnMeasured> {
    let measured = |event: &Arc<crate::session::Event>| match &event.body {
        EventBody::BuiltIn(BuiltIn::TurnMeasured(measured)) => Some(measured.clone()),
        _ => None,
    };
    conversation.events().iter().filter_map(measured).collect()
}

#[tokio::test(start_paused = true)]
async fn every_part_of_a_turn_is_told_once() {
    let model = ScriptedModel::new([late(1_000, "Yes."), late(0, "Bye.")]);
    let (mut caller, _) = call(model, agent()).await;
    caller.hears("Hello.").await;
    for answer in ["Yes.", "Bye."] {
        caller.says("are you open").await;
        caller.hears(answer).await;
    }
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let turns = measured(&conversation);
    assert_eq!(turns.len(), 2, "{conversation}");
    let first = &turns[0];
    assert_eq!(first.outcome, TurnMeasuredOutcome::Answered);
    let parts = [
        first.decided_ms,
        first.asked_ms,
        first.first_token_ms,
        first.first_sentence_ms,
        first.first_audio_ms,
        first.first_frame_ms,
    ];
    assert!(
        parts.iter().all(Option::is_some) && parts.is_sorted(),
        "{conversation}"
    );
    let first_frame = first.first_frame_ms.map(u64::from);
    assert_eq!(first_frame, Some(first.heard_silence_ms));
    let thought = first.first_token_ms.unwrap() - first.asked_ms.unwrap();
    assert_eq!(thought, 1_000, "{conversation}");
    // The model's second is what the first turn waited longer; a frame either way.
    let longer = first.heard_silence_ms - turns[1].heard_silence_ms;
    assert!((980..=1_020).contains(&longer), "{conversation}");
    assert!(
        turns.iter().all(|turn| turn.own_ms.unwrap() <= 40),
        "{conversation}"
    );
    // It follows what it tells of.
    let wires: Vec<&str> = conversation
        .events()
        .iter()
        .map(|event| event.wire())
        .collect();
    let told = wires
        .iter()
        .position(|wire| *wire == "turn.measured")
        .unwrap();
    assert_eq!(wires[told - 1], "agent.speech.started");
}

#[tokio::test(start_paused = true)]
async fn tools_and_fillers_are_told_and_prompts_answer_nothing() {
    let model = ScriptedModel::new([
        ScriptedReply::says("").calls("weather", json!({})),
        ScriptedReply::says("It is sunny."),
    ]);
    let spec = ToolSpec::new("weather", "", json!({ "type": "object" }));
    let tool = FnTool::new(spec, |_: Call, _| async {
        tokio::time::sleep(ms(3_000)).await;
        Ok("sunny".to_owned())
    });
    let agent = agent()
        .tool(tool)
        .filler(ms(1_000), "One moment.")
        .no_input(ms(8_000), ["Hello?"], WayOut::HangUp);
    let (mut caller, _) = call(model, agent).await;
    caller.hears("Hello.").await;
    caller.says("how is the weather").await;
    caller.hears("One moment.").await;
    caller.hears("It is sunny.").await;
    // A sound without words, and nothing else.
    caller.says("").await;
    caller.hears("Hello?").await;
    let conversation = caller.ended().await;
    let turns = measured(&conversation);
    assert_eq!(turns.len(), 1, "{conversation}");
    let turn = &turns[0];
    assert!(turn.filler && turn.tools == 1, "{conversation}");
    assert!(
        turn.heard_silence_ms + 1_000 < turn.first_frame_ms.unwrap().into(),
        "{conversation}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_was_not_answered() {
    let model = ScriptedModel::new([late(60_000, "Never.")]);
    let (mut caller, _) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.is_silent_for(ms(7_000)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let turns = measured(&conversation);
    assert_eq!(turns.len(), 1, "{conversation}");
    assert_eq!(turns[0].outcome, TurnMeasuredOutcome::Unanswered);
    assert!(turns[0].heard_silence_ms >= 7_000 && turns[0].first_frame_ms.is_none());
    let wires: Vec<&str> = conversation
        .events()
        .iter()
        .map(|event| event.wire())
        .collect();
    let place = |wire| wires.iter().position(|one| *one == wire).unwrap();
    assert!(
        place("turn.measured") < place("call.ended"),
        "{conversation}"
    );
}
