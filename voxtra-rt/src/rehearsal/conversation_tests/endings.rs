//! What is remembered of the words that the end of the call cuts.

use super::*;

const LONG: &str = "We open at nine. On Sundays we are closed, and on Mondays we open at ten.";

/// What the caller heard of the agent's last utterance, by its event.
fn heard_last(conversation: &Transcript) -> String {
    let ended = conversation.events().iter().rev();
    let mut ended = ended.filter_map(|event| match &event.body {
        EventBody::BuiltIn(BuiltIn::AgentSpeechEnded(ended)) => Some(ended),
        _ => None,
    });
    let ended = ended.next().unwrap_or_else(|| panic!("{conversation}"));
    assert!(ended.interrupted, "{conversation}");
    ended.heard.clone()
}

/// Ends the call. With the caller's hang-up the audio ends first, with ours the call does.
pub(super) async fn end(caller: &mut Caller, we_hang_up: bool) {
    if we_hang_up {
        caller.call().hangup().await.unwrap();
    } else {
        caller.hangs_up().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_hang_up_cuts_is_remembered_as_far_as_it_was_heard() {
    for we_hang_up in [false, true] {
        let (mut caller, history) = call(ScriptedModel::new([LONG]), agent()).await;
        caller.hears("Hello.").await;
        caller.says("when do you open").await;
        caller.begins_to_hear(LONG).await;
        caller.is_silent_for(ms(2_000)).await;
        end(&mut caller, we_hang_up).await;
        let heard = heard_last(&caller.ended().await);
        assert_eq!(heard, "We open at nine. On Sundays we");
        let expected = [
            Message::assistant("Hello."),
            user("when do you open"),
            Message::assistant(format!("{heard}…")),
        ];
        assert_eq!(*lock(&history), expected, "{we_hang_up}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_still_being_written_is_remembered_as_far_as_it_was_heard() {
    for we_hang_up in [false, true] {
        let reply = ScriptedReply::says("We open at nine. On Sundays ").pauses(ms(60_000));
        let (mut caller, history) = call(ScriptedModel::new([reply]), agent()).await;
        caller.hears("Hello.").await;
        caller.says("when do you open").await;
        caller.begins_to_hear("We open at nine.").await;
        caller.is_silent_for(ms(700)).await;
        end(&mut caller, we_hang_up).await;
        assert_eq!(heard_last(&caller.ended().await), "We open at");
        let last = lock(&history).last().cloned();
        assert_eq!(
            last,
            Some(Message::assistant("We open at…")),
            "{we_hang_up}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_longest_duration_cuts_is_remembered_as_far_as_it_was_heard() {
    let counts: String = (0..200).map(|n| format!("This is number {n}. ")).collect();
    let model = ScriptedModel::new([counts]);
    let (mut caller, history) = call(model, agent().max_duration(ms(20_000))).await;
    caller.hears("Hello.").await;
    caller.says("tell me everything").await;
    let conversation = caller.ended().await;
    let heard = heard_last(&conversation);
    assert!(heard.len() > 100, "{heard}");
    let expected = [
        Message::assistant("Hello."),
        user("tell me everything"),
        Message::assistant(format!("{heard}…")),
    ];
    assert_eq!(*lock(&history), expected);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_remembered_of_an_answer_that_nobody_heard() {
    let (mut caller, history) = call(ScriptedModel::new([late(5_000, LONG)]), agent()).await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.sees(EventKind::AgentThinking).await;
    caller.hangs_up().await;
    caller.ended().await;
    let expected = [Message::assistant("Hello."), user("when do you open")];
    assert_eq!(*lock(&history), expected);
}
