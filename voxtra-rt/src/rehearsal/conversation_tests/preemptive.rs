//! The model is asked before the caller's turn has ended.

use super::*;

/// When an event of this wire name came first, since the call began.
fn at(conversation: &Transcript, wire: &str) -> Duration {
    let mut events = conversation.events().iter();
    let event = events.find(|event| event.wire() == wire);
    conversation.at(event.unwrap_or_else(|| panic!("no {wire} in {conversation}")))
}

/// From the end of the caller's turn to the answer of a model that thinks for 300 ms.
async fn answered_after(preemptive: bool) -> Duration {
    let model = ScriptedModel::new([late(300, "We open at nine.")]);
    let agent = AgentSettings::new("Be brief.").preemptive(preemptive);
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.is_silent_for(ms(500)).await;
    caller.says("when do you open").await;
    caller.hears("We open at nine.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(model.asked().len(), 1);
    assert_eq!(conversation.count("agent.thinking"), 1);
    let (ended, thinks) = (
        at(&conversation, "turn.ended"),
        at(&conversation, "agent.thinking"),
    );
    assert!(ended <= thinks, "{conversation}");
    // Never before the turn has ended.
    let spoken = at(&conversation, "agent.speech.started");
    assert!(ended <= spoken, "{conversation}");
    spoken - ended
}

#[tokio::test(start_paused = true)]
async fn the_answer_comes_sooner_and_never_before_the_turn_has_ended() {
    let (usual, sooner) = (answered_after(false).await, answered_after(true).await);
    assert!(usual >= ms(300), "{usual:?}");
    assert!(sooner <= ms(100), "{sooner:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_thought_too_early_is_thrown_away() {
    let model = ScriptedModel::new([late(50, "Wrong."), late(50, "Right.")]);
    let (mut caller, history) = call(model.clone(), agent().preemptive(true)).await;
    caller.hears("Hello.").await;
    caller.says("I would like a table").await;
    // Longer than a word's pause, shorter than the turn's.
    caller.is_silent_for(ms(450)).await;
    caller.says("on Monday").await;
    caller.hears("Right.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("agent.response"), 1, "{conversation}");
    let asked = model.asked();
    assert_eq!(asked.len(), 2);
    let last = |n: usize| asked[n].messages.last().unwrap().text().to_owned();
    assert_eq!(last(0), "I would like a table");
    assert_eq!(last(1), "I would like a table on Monday");
    let said = user("I would like a table on Monday");
    assert_eq!(lock(&history)[1..], [said, Message::assistant("Right.")]);
}

#[tokio::test(start_paused = true)]
async fn no_tool_is_run_before_the_turn_has_ended() {
    let order = ScriptedReply::default().calls("order", json!({}));
    let model = ScriptedModel::new([order, ScriptedReply::says("It is ordered.")]);
    let spec = ToolSpec::new("order", "", json!({ "type": "object" }));
    let ran = Arc::new(Mutex::new(Vec::new()));
    let noted = ran.clone();
    let tool = FnTool::new(spec, move |_: Call, _| {
        let noted = noted.clone();
        async move {
            lock(&noted).push(tokio::time::Instant::now());
            Ok("ordered".to_owned())
        }
    });
    let (mut caller, _) = call(model, agent().preemptive(true).tool(tool)).await;
    caller.hears("Hello.").await;
    caller.says("order it").await;
    caller.sees(EventKind::UserSpeechEnded).await;
    assert!(lock(&ran).is_empty());
    caller.sees(EventKind::TurnEnded).await;
    let ended = tokio::time::Instant::now();
    caller.hears("It is ordered.").await;
    let ran = lock(&ran).clone();
    assert!(ran.len() == 1 && ran[0] >= ended);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_came_early_is_said_when_the_turn_has_ended() {
    let model = ScriptedModel::new([
        ScriptedReply::default().fails(ProviderErrorKind::Unavailable),
        ScriptedReply::says("Yes."),
    ]);
    let (mut caller, _) = call(model, agent().preemptive(true)).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("error"), 1);
}
