//! A speech-to-speech service that is late, fails or hangs, and what callers hear meanwhile.

use tokio::time::Instant;
use voxtra_core::event::{TurnMeasured, TurnMeasuredOutcome};

use super::*;
use crate::rehearsal::{Chaos, Provider};
use crate::speech::{ScriptedSpeechToSpeech, ScriptedTurn, TalkInput};

const FILLER: &str = "One moment, please.";

fn filler() -> AgentSettings {
    let way = WayOut::Transfer("PJSIP/200".to_owned());
    agent()
        .filler(ms(1_500), FILLER)
        .on_failure(&OnFailure::default().say, way)
}

fn hangs() -> ScriptedReply {
    ScriptedReply::default().hangs()
}

fn in_one(service: &ScriptedSpeechToSpeech, agent: AgentSettings) -> Rehearsal {
    Rehearsal::new()
        .speech_to_speech(service.clone())
        .handler(move |call: Call| {
            let agent = agent.clone();
            async move { call.agent().run(&agent).await }
        })
        .endpoint("PJSIP/200", FarEnd::Answers)
}

fn measured(conversation: &Transcript) -> Vec<TurnMeasured> {
    let measured = |event: &Arc<crate::session::Event>| match &event.body {
        EventBody::BuiltIn(BuiltIn::TurnMeasured(measured)) => Some(measured.clone()),
        _ => None,
    };
    conversation.events().iter().filter_map(measured).collect()
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_leaves_a_filler_an_apology_and_the_way_out() {
    let service = ScriptedSpeechToSpeech::default().always(hangs());
    let mut caller = in_one(&service, filler()).call("1000").await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.sees(EventKind::TurnEnded).await;
    let since = Instant::now();
    caller.hears(FILLER).await;
    caller.hears(&DeadAir::default().say).await;
    caller.is_transferred_to("PJSIP/200").await;
    assert!(since.elapsed() < ms(27_000), "{:?}", since.elapsed());
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 1, "{conversation}");
    // The clips are the service's own, each said in a conversation of its own, once.
    assert_eq!(service.begun().len(), 3);
    let given = service.given();
    for text in [FILLER, &DeadAir::default().say] {
        let say = TalkInput::Say(text.to_owned());
        assert_eq!(given.iter().filter(|one| **one == say).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_cuts_the_filler_and_a_caller_who_is_awaited_hears_none() {
    let service = ScriptedSpeechToSpeech::new([
        ScriptedTurn::hears("are you open").says(late(2_000, "Yes.")),
        "Until five.".into(),
    ]);
    let mut caller = in_one(&service, filler()).call("1000").await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.begins_to_hear(FILLER).await;
    caller.hears_it_cut_off().await;
    caller.hears("Yes.").await;
    caller.is_silent_for(Duration::from_secs(60)).await;
    caller.says("until when").await;
    caller.hears("Until five.").await;
    caller.is_silent_for(Duration::from_secs(60)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    // The greeting, the filler and two answers.
    assert_eq!(conversation.count("agent.speech.started"), 4);
}

#[tokio::test(start_paused = true)]
async fn its_tools_have_as_long_as_they_may_take() {
    struct Slow;

    impl crate::session::Tool for Slow {
        fn spec(&self) -> ToolSpec {
            ToolSpec::new("slow", "", json!({ "type": "object" }))
        }

        fn run<'a>(
            &'a self,
            _: &'a Call,
            _: Value,
        ) -> futures_util::future::BoxFuture<'a, Result<String, crate::session::HandlerError>>
        {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(50)).await;
                Ok("done".to_owned())
            })
        }

        fn time_limit(&self) -> Duration {
            Duration::from_secs(60)
        }
    }
    let service = ScriptedSpeechToSpeech::new([
        ScriptedReply::default().calls("slow", json!({})),
        "It is done.".into(),
    ]);
    let mut caller = in_one(&service, filler().tool(Slow)).call("1000").await;
    caller.hears("Hello.").await;
    caller.says("do it please").await;
    caller.hears(FILLER).await;
    caller.hears(&DeadAir::default().say).await;
    caller.hears("It is done.").await;
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_measured_by_what_the_service_gave() {
    let service =
        ScriptedSpeechToSpeech::new([ScriptedTurn::hears("are you open").says(late(900, "Yes."))]);
    let agent = agent().no_input(Duration::from_secs(8), ["Are you there?"], WayOut::HangUp);
    let mut caller = in_one(&service, agent).call("1000").await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    // A prompt answers nobody.
    caller.hears("Are you there?").await;
    let conversation = caller.ended().await;
    let turns = measured(&conversation);
    let [turn] = &turns[..] else {
        panic!("{conversation}");
    };
    assert_eq!(turn.outcome, TurnMeasuredOutcome::Answered);
    let thought = turn.first_token_ms.unwrap() - turn.asked_ms.unwrap();
    assert_eq!(thought, 900, "{conversation}");
    assert_eq!(turn.first_audio_ms, turn.first_token_ms);
    assert!(turn.own_ms.unwrap() <= 40, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_with_it_the_caller_hears_something() {
    let sorry = OnFailure::default().say;
    for (chaos, heard) in [
        (Chaos::Slow(ms(3_000)), FILLER),
        (Chaos::Status(429), sorry.as_str()),
        (Chaos::Hangs, FILLER),
        (Chaos::Nothing, sorry.as_str()),
    ] {
        let service = ScriptedSpeechToSpeech::default().always("We open at nine.");
        let mut caller = in_one(&service, filler()).call("1000").await;
        caller.hears("Hello.").await;
        caller.is_silent_for(ms(500)).await;
        caller.chaos(Provider::SpeechToSpeech, chaos);
        caller.says("are you open").await;
        caller.hears(heard).await;
        caller.calm(Provider::SpeechToSpeech);
        if heard == sorry {
            caller.says("are you open").await;
        }
        if chaos != Chaos::Hangs {
            caller.hears("We open at nine.").await;
        }
        caller.hangs_up().await;
        caller.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_in_an_answer_is_told_and_mended() {
    let long = "We open at nine and close at five on all days but Sunday.";
    let service = ScriptedSpeechToSpeech::default().always(long);
    let mut caller = in_one(&service, filler()).call("1000").await;
    caller.hears("Hello.").await;
    caller.chaos(Provider::SpeechToSpeech, Chaos::Cut);
    caller.says("when are you open").await;
    caller.hears("We open at nine and close ").await;
    caller.hears(&OnFailure::default().say).await;
    caller.calm(Provider::SpeechToSpeech);
    caller.says("when are you open").await;
    caller.hears(long).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 1, "{conversation}");
}
