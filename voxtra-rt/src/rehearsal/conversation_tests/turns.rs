//! The caller's turns: interruptions, pauses, coughs and early answers.

use super::*;

#[tokio::test(start_paused = true)]
async fn only_what_was_heard_before_an_interruption_is_remembered() {
    let long = "First I would like to tell you about our opening hours, which are long. Then \
                about the prices, which are low. And then about everything else.";
    let model = ScriptedModel::new([long, "Nine to five."]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("tell me something").await;
    caller.begins_to_hear(long).await;
    caller.is_silent_for(ms(1_500)).await;
    caller.says("no stop just tell me the hours please").await;
    caller.hears_it_cut_off().await;
    caller.hears("Nine to five.").await;
    caller.hangs_up().await;
    caller.ended().await;
    let history = lock(&history).clone();
    let heard = history[2].text().strip_suffix('…').unwrap().to_owned();
    assert!(
        long.starts_with(&heard) && heard.starts_with("First I would"),
        "{heard}"
    );
    assert!(heard.len() < long.len() / 2, "{heard}");
    assert_eq!(history[3], user("no stop just tell me the hours please"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_on_before_the_answer_is_answered_once() {
    let model = ScriptedModel::new([late(5_000, "Wrong."), "Right.".into()]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("my number is").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.says("five four three").await;
    caller.hears("Right.").await;
    caller.hangs_up().await;
    caller.ended().await;
    let history = lock(&history).clone();
    assert_eq!(
        history[1..],
        [
            user("my number is five four three"),
            Message::assistant("Right.")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_cough_before_the_answer_does_not_eat_it() {
    let model = ScriptedModel::new([late(3_000, "Yes.")]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.sees(EventKind::TurnEnded).await;
    // A sound without words.
    caller.says("").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(lock(&history).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_early_is_answered() {
    let question = "Would you like to make an appointment with us tomorrow in the morning?";
    let model = ScriptedModel::new([question, "Fine."]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("good morning").await;
    caller.begins_to_hear(question).await;
    // Over the last words of the question, too short to interrupt it.
    let length = ms(65 * question.len() as u64);
    caller.is_silent_for(length.saturating_sub(ms(250))).await;
    caller.says("yes").await;
    caller.hears_the_rest().await;
    caller.hears("Fine.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(lock(&history)[3], user("yes"));
}
