//! How long the caller may pause: what is said, and what is expected, decides.

use super::overlap::{Prompt, call_heard, utterance};
use super::*;
use crate::session::Expect;

/// How long after its last utterance the turn of a caller ended who said this.
async fn turn_ends_after(partial: &'static str, all: &'static str) -> Duration {
    let heard = Prompt::new([utterance([(400, partial)], all)]);
    let mut caller = call_heard(heard, ScriptedModel::new(["Fine."]), agent()).await;
    caller.hears("Hello.").await;
    caller.says("some words").await;
    let stopped = tokio::time::Instant::now();
    caller.sees(EventKind::TurnEnded).await;
    let after = stopped.elapsed();
    caller.hears("Fine.").await;
    after
}

#[tokio::test(start_paused = true)]
async fn a_finished_sentence_ends_the_turn_sooner_and_an_unfinished_one_later() {
    let usual = turn_ends_after("we want", "we want a table").await;
    let sooner = turn_ends_after("yes", "Yes.").await;
    let later = turn_ends_after("my number", "my number is").await;
    assert!(sooner + ms(250) < usual, "{sooner:?} {usual:?}");
    assert!(usual + ms(600) < later, "{usual:?} {later:?}");
}

/// A caller who dictates a number in three groups to an agent, and what the model was asked.
async fn dictated(agent: AgentSettings) -> Vec<String> {
    let groups = [("oh", "Oh one."), ("seven", "Seven six"), ("five", "Five.")];
    let heard = Prompt::new(groups.map(|(partial, all)| utterance([(300, partial)], all)));
    let model = ScriptedModel::new(["Fine.", "Fine.", "Fine."]);
    let mut caller = call_heard(heard, model.clone(), agent).await;
    caller.hears("Hello.").await;
    for pause in [1_200, 900, 0] {
        caller.says("oh one").await;
        caller.is_silent_for(ms(pause)).await;
    }
    caller.is_silent_for(ms(6_000)).await;
    let asked = model.asked().into_iter();
    asked
        .filter_map(|request| Some(request.messages.last()?.text().to_owned()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_number_in_groups_is_one_turn_where_one_is_expected() {
    assert_eq!(
        dictated(agent().expect(Expect::Digits)).await,
        ["Oh one. Seven six Five."]
    );
    assert_ne!(dictated(agent()).await.len(), 1);
}
