//! The model is asked before the caller's turn has ended.

use super::overlap::{Prompt, call_heard, utterance};
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

#[tokio::test(start_paused = true)]
async fn words_that_stay_the_same_are_asked_about_before_the_final_transcript() {
    let model = ScriptedModel::new([late(300, "We open at nine.")]);
    let recogniser = Recogniser::new()
        .partials_every(ms(100))
        .finals_after(ms(800));
    let agent = AgentSettings::new("Be brief.").preemptive(true);
    let rehearsal = rehearsal(model.clone(), agent).recogniser(recogniser);
    let mut caller = rehearsal.call("1000").await;
    caller.is_silent_for(ms(500)).await;
    caller.says("when do you open").await;
    caller.hears("We open at nine.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(model.asked().len(), 1);
    let told = at(&conversation, "user.transcript");
    let spoken = at(&conversation, "agent.speech.started");
    // Sooner than the model thinks.
    assert!(told <= spoken && spoken - told <= ms(100), "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_words_that_the_final_transcript_corrects_is_thrown_away() {
    let heard = utterance([(400, "when do you open")], "when do you close");
    let heard = Prompt::new([heard]).late(ms(800));
    let model = ScriptedModel::new([late(50, "Wrong."), late(50, "Right.")]);
    let mut caller = call_heard(heard, model.clone(), agent().preemptive(true)).await;
    caller.hears("Hello.").await;
    caller.says("when do you close").await;
    caller.hears("Right.").await;
    let asked = model.asked();
    let last = |n: usize| asked[n].messages.last().unwrap().text().to_owned();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        [last(0), last(1)],
        ["when do you open", "when do you close"]
    );
}

#[tokio::test(start_paused = true)]
async fn words_that_were_answered_are_not_asked_about_with_the_next() {
    let model = ScriptedModel::new([late(5_000, "Never said.")]).always("Yes.");
    let recogniser = Recogniser::new().partials_every(ms(100));
    let rehearsal = rehearsal(model.clone(), agent().preemptive(true)).recogniser(recogniser);
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.sees(EventKind::TurnEnded).await;
    // Speech-to-text fails in the middle of it, and tells it with the next words.
    drop(caller.says("and tomorrow as well"));
    caller.is_silent_for(ms(700)).await;
    caller.chaos(Provider::SpeechToText, Chaos::Cut);
    caller.hears("Yes.").await;
    caller.calm(Provider::SpeechToText);
    caller.says("thank you").await;
    caller.hears("Yes.").await;
    let asked = model.asked().into_iter();
    let asked: Vec<String> = asked
        .filter_map(|request| Some(request.messages.last()?.text().to_owned()))
        .collect();
    let next = "and tomorrow as well thank you";
    assert_eq!(asked, ["are you open", "are you open", next]);
}

/// Speech-to-text that hears each utterance's words at its beginning, and takes them for all of the
/// turn; where it `resumes`, it takes that back at once.
struct Eager {
    resumes: bool,
}

impl SpeechToText for Eager {
    fn name(&self) -> &str {
        "eager"
    }

    fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        let resumes = self.resumes;
        let text = || "when do you open".to_owned();
        Parts::made_by(move |out| async move {
            while let Some(part) = input.next().await {
                match part {
                    SpeechInput::Started => {
                        out.send(Recognition::LikelyEnd { text: text() }).await;
                        if resumes {
                            out.send(Recognition::Partial { text: text() }).await;
                        }
                    }
                    SpeechInput::Ended => {
                        let (text, confidence) = (text(), 1.0);
                        out.send(Recognition::Final { text, confidence }).await;
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_is_asked_when_speech_to_text_hears_a_likely_end() {
    for resumes in [false, true] {
        let model = ScriptedModel::new([late(300, "We open at nine.")]).always("Once more.");
        let agent = AgentSettings::new("Be brief.").preemptive(true);
        let rehearsal =
            Rehearsal::new()
                .language_model(model.clone())
                .handler(move |call: Call| {
                    let agent = agent.clone();
                    async move {
                        call.set_speech_to_text(Arc::new(Eager { resumes }));
                        call.agent().run(&agent).await
                    }
                });
        let mut caller = rehearsal.call("1000").await;
        caller.is_silent_for(ms(500)).await;
        caller.says("when do you open").await;
        caller.hears("We open at nine.").await;
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        assert_eq!(model.asked().len(), 1, "{conversation}");
        let (ended, spoken) = (
            at(&conversation, "turn.ended"),
            at(&conversation, "agent.speech.started"),
        );
        assert!(ended <= spoken, "{conversation}");
        let mut events = conversation.events().iter();
        let asked = events.find_map(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::TurnMeasured(turn)) => turn.asked_ms,
            _ => None,
        });
        // Before the caller had finished, or when the silence behind the words told it.
        let at_once = asked.unwrap() == 0;
        assert_eq!(at_once, !resumes, "{conversation}");
    }
}
