//! Conversations that are longer than the model is told.

use super::*;
use crate::session::ContextLimit;

const QUESTION: &str = "I have one more question about the bicycle that I ordered from you";

/// Three turns are within it, with the greeting they are not; it goes down to one.
fn brief() -> ContextLimit {
    ContextLimit::tokens(90)
}

/// A caller who asks this often, and what is remembered at the end.
async fn asks(
    times: usize,
    model: ScriptedModel,
    limit: ContextLimit,
) -> (Transcript, Vec<Message>) {
    let (mut caller, history) = call(model, agent().context(limit)).await;
    caller.hears("Hello.").await;
    for _ in 0..times {
        caller.says(QUESTION).await;
        caller.hears("It comes tomorrow.").await;
    }
    // The summary, where there is one, may be written meanwhile.
    caller.is_silent_for(Duration::from_secs(60)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let history = lock(&history).clone();
    (conversation, history)
}

#[tokio::test(start_paused = true)]
async fn what_is_over_the_limit_is_forgotten() {
    let model = ScriptedModel::default().always("It comes tomorrow.");
    let (conversation, history) = asks(40, model.clone(), brief()).await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    assert!(history.len() <= 6, "{history:?}");
    assert_eq!(history[0], user(QUESTION));
    let asked = model.asked();
    assert_eq!(asked.len(), 40);
    let most = asked.iter().map(|request| request.messages.len()).max();
    assert!(most <= Some(8), "{most:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_over_the_limit_is_summarised_while_the_call_goes_on() {
    let answer = || ScriptedReply::says("It comes tomorrow.");
    // The fourth request is for the summary, and the fifth does not wait for it.
    let model = ScriptedModel::new([
        answer(),
        answer(),
        answer(),
        late(20_000, "The caller asks about a bicycle, again and again."),
        answer(),
    ]);
    let (conversation, history) = asks(4, model.clone(), brief().summarised()).await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    let asked = model.asked();
    let [instructions, written] = &asked[3].messages[..] else {
        panic!("{:?}", asked[3]);
    };
    assert!(instructions.text().contains("Summarise"));
    assert!(
        written
            .text()
            .starts_with("Agent: Hello.\nCaller: I have one more")
    );
    // Nothing is forgotten before it is summarised.
    assert_eq!(asked[4].messages[1], Message::assistant("Hello."));
    assert_eq!(history.len(), 4, "{history:?}");
}

#[tokio::test(start_paused = true)]
async fn a_summary_is_told_to_the_model_and_becomes_part_of_the_next() {
    let answer = || ScriptedReply::says("It comes tomorrow.");
    let model = ScriptedModel::new([
        answer(),
        answer(),
        answer(),
        "A bicycle.".into(),
        answer(),
        answer(),
        answer(),
        "Two bicycles.".into(),
        answer(),
    ]);
    asks(7, model.clone(), brief().summarised()).await;
    let asked = model.asked();
    let texts = |request: usize| asked[request].messages.iter().map(Message::text);
    let told = "What was said before, in short:\nA bicycle.";
    assert_eq!(texts(4).nth(1), Some(told));
    let second = texts(7).nth(1).unwrap();
    assert!(
        second.starts_with("Notes so far: A bicycle.\nCaller: "),
        "{second}"
    );
    assert!(texts(8).nth(1).unwrap().ends_with("Two bicycles."));
}

#[tokio::test(start_paused = true)]
async fn a_summary_that_fails_or_hangs_costs_the_old_part_alone() {
    let kind = ProviderErrorKind::Unavailable;
    for summary in [
        ScriptedReply::default().fails(kind),
        ScriptedReply::default().hangs(),
    ] {
        let answer = || ScriptedReply::says("It comes tomorrow.");
        let model = ScriptedModel::new([answer(), answer(), answer(), summary, answer()]);
        let (conversation, history) = asks(4, model, brief().summarised()).await;
        assert_eq!(conversation.count("error"), 1, "{conversation}");
        assert!(
            conversation.to_string().contains("is forgotten"),
            "{conversation}"
        );
        assert_eq!(history.len(), 4, "{history:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_is_reset_gets_no_summary_of_the_one_before() {
    let answer = || ScriptedReply::says("It comes tomorrow.");
    let summary = late(5_000, "A bicycle.");
    let model = ScriptedModel::new([answer(), answer(), answer(), summary, answer()]);
    let agent = agent().context(brief().summarised());
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    for turn in 0..4 {
        if turn == 3 {
            caller.call().agent().reset();
            caller.is_silent_for(Duration::from_secs(10)).await;
        }
        caller.says(QUESTION).await;
        caller.hears("It comes tomorrow.").await;
    }
    let asked = model.asked().pop().unwrap();
    let texts: Vec<&str> = asked.messages.iter().map(Message::text).collect();
    assert_eq!(texts, ["Be brief.", QUESTION]);
}
