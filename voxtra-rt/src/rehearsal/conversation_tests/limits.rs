//! Callers who find no end, or write as others do.

use super::*;

/// When the `n`th event of this wire name came, since the call began.
fn at(conversation: &Transcript, wire: &str, n: usize) -> Duration {
    let mut events = conversation.events().iter();
    let event = events.by_ref().filter(|event| event.wire() == wire).nth(n);
    conversation.at(event.unwrap_or_else(|| panic!("{conversation}")))
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_talks_without_a_pause_is_answered_at_the_longest_turn() {
    let model = ScriptedModel::default().always("One moment.");
    let rehearsal = rehearsal(model.clone(), agent());
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    // Ten minutes, longer than a rehearsal waits for the end of what is said.
    drop(caller.says(&"and then ".repeat(1_026)));
    caller.is_silent_for(Duration::from_secs(600)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let greeted = at(&conversation, "agent.speech.ended", 0);
    let asked = at(&conversation, "agent.thinking", 0) - greeted;
    let limit = Duration::from_secs(60);
    assert!((limit..limit + ms(4_000)).contains(&asked), "{asked:?}");
    // It speaks, though the caller does not stop.
    let spoken = at(&conversation, "agent.speech.started", 1) - greeted;
    assert!(spoken < limit + ms(8_000), "{spoken:?}");
}

#[tokio::test(start_paused = true)]
async fn a_transcript_in_another_script_is_a_turn_like_any() {
    let model = ScriptedModel::new(["Ja.", "はい。"]);
    let (mut caller, history) = call(model, agent().preemptive(true)).await;
    caller.hears("Hello.").await;
    for (said, answer) in [
        ("Вы открыты в воскресенье?", "Ja."),
        ("営業時間は何時ですか", "はい。"),
    ] {
        caller.says(said).await;
        caller.hears(answer).await;
    }
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("error"), 0);
    assert_eq!(lock(&history)[3], user("営業時間は何時ですか"));
}
