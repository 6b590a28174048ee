//! Whatever hangs, the caller hears something, and is led out in time.

use std::future::pending;

use tokio::time::Instant;

use super::*;
use crate::speech::{SpeechPart, TextToSpeech};

/// A model that never says anything.
fn hanging_model() -> ScriptedModel {
    ScriptedModel::default().always(ScriptedReply::default().hangs())
}

fn filler() -> AgentSettings {
    agent()
        .filler(ms(1_500), "One moment, please.")
        .on_failure("Sorry?", WayOut::Transfer("PJSIP/200".to_owned()))
}

fn apology() -> String {
    DeadAir::default().say
}

/// The types of the call's errors.
fn errors(conversation: &Transcript) -> Vec<String> {
    let events = conversation.events().iter();
    let errors = events.filter_map(|event| match &event.body {
        EventBody::BuiltIn(BuiltIn::Error(error)) => Some(error.error_type.clone()),
        _ => None,
    });
    errors.collect()
}

#[tokio::test(start_paused = true)]
async fn a_model_that_hangs_leaves_a_filler_an_apology_and_the_way_out() {
    let (mut caller, _) = call(hanging_model(), filler()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.sees(EventKind::TurnEnded).await;
    let since = Instant::now();
    caller.begins_to_hear("One moment, please.").await;
    assert!(since.elapsed() < ms(1_700), "{:?}", since.elapsed());
    caller.hears_the_rest().await;
    caller.begins_to_hear(&apology()).await;
    assert!(since.elapsed() < ms(12_200), "{:?}", since.elapsed());
    caller.hears_the_rest().await;
    caller.is_transferred_to("PJSIP/200").await;
    assert!(since.elapsed() < ms(27_000), "{:?}", since.elapsed());
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(errors(&conversation), ["dead_air"], "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_asks_what_is_wrong_is_led_out_in_time_too() {
    let (mut caller, _) = call(hanging_model(), filler()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    let since = Instant::now();
    for _ in 0..3 {
        caller.hears("One moment, please.").await;
        caller.is_silent_for(ms(4_000)).await;
        caller.says("hello are you there").await;
    }
    caller.is_transferred_to("PJSIP/200").await;
    assert!(since.elapsed() < Duration::from_secs(45));
    caller.hangs_up().await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_hangs_leaves_the_clips_that_were_made_before() {
    /// Says each text as usual, but the answers never.
    struct Stuck;

    impl TextToSpeech for Stuck {
        fn name(&self) -> &str {
            "stuck"
        }

        fn speak(&self, mut texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
            Parts::made_by(|out| async move {
                while let Some(text) = texts.next().await {
                    if text == "Yes." {
                        return pending().await;
                    }
                    // As long as the words would take.
                    let samples = vec![1_000; 8 * 60 * text.len()];
                    out.send(SpeechPart::audio(8_000, samples)).await;
                }
                Ok(())
            })
        }
    }
    let model = ScriptedModel::new(["Yes."]);
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(|call: Call| async move {
            call.set_voice(Arc::new(Stuck));
            call.agent().run(&filler()).await
        })
        .endpoint("PJSIP/200", FarEnd::Answers);
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.hears("One moment, please.").await;
    caller.hears(&apology()).await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(errors(&conversation), ["dead_air"], "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_hangs_at_the_greeting_does_not_keep_the_caller() {
    struct Mute;

    impl TextToSpeech for Mute {
        fn name(&self) -> &str {
            "mute"
        }

        fn speak(&self, _: Feed<String>, _: u32) -> Parts<SpeechPart> {
            Parts::made_by(|_| pending())
        }
    }
    let model = ScriptedModel::new(["Yes."]);
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(|call: Call| async move {
            call.set_voice(Arc::new(Mute));
            call.agent().run(&filler()).await
        })
        .endpoint("PJSIP/200", FarEnd::Answers);
    let mut caller = rehearsal.call("1000").await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    caller.ended().await;
}

/// Speech-to-text that recognises only so many utterances, and then hangs.
struct Tired(Mutex<usize>);

impl SpeechToText for Tired {
    fn name(&self) -> &str {
        "tired"
    }

    fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        let mut left = *lock(&self.0);
        Parts::made_by(move |out| async move {
            while let Some(part) = input.next().await {
                if part == SpeechInput::Ended && left > 0 {
                    left -= 1;
                    let (text, confidence) = ("are you open".to_owned(), 1.0);
                    out.send(Recognition::Final { text, confidence }).await;
                }
            }
            Ok(())
        })
    }
}

async fn call_to_the_tired(utterances: usize) -> Caller {
    let model = ScriptedModel::new(["Yes.", "Yes."]);
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| async move {
            call.set_speech_to_text(Arc::new(Tired(Mutex::new(utterances))));
            call.agent().run(&filler()).await
        })
        .endpoint("PJSIP/200", FarEnd::Answers);
    rehearsal.call("1000").await
}

#[tokio::test(start_paused = true)]
async fn speech_to_text_that_never_hears_anything_does_not_keep_the_caller() {
    let mut caller = call_to_the_tired(0).await;
    caller.hears("Hello.").await;
    caller.says("are you open on sundays or on saturdays").await;
    caller.hears("One moment, please.").await;
    caller.hears(&apology()).await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_sound_without_words_is_no_question() {
    let mut caller = call_to_the_tired(1).await;
    caller.hears("Hello.").await;
    // Speech-to-text may be late, but it is not known to be.
    caller.says("").await;
    caller.is_silent_for(Duration::from_secs(40)).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    caller.says("mm").await;
    caller.is_silent_for(Duration::from_secs(40)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    let said = conversation.said();
    let clips = said.iter().filter(|said| match said {
        Said::Agent { text, .. } => text == "One moment, please.",
        Said::Caller(_) => false,
    });
    assert_eq!(clips.count(), 0, "{conversation}");
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec::new(name, "", json!({ "type": "object" }))
}

#[tokio::test(start_paused = true)]
async fn a_filler_in_each_silence_of_an_answer() {
    let model = ScriptedModel::new([
        late(2_000, "Let me look.").calls("look", json!({})),
        late(4_000, "It is there."),
    ]);
    let look = FnTool::new(tool("look"), |_: Call, _| async {
        tokio::time::sleep(ms(1_000)).await;
        Ok("there".to_owned())
    });
    let (mut caller, history) = call(model, filler().tool(look)).await;
    caller.hears("Hello.").await;
    caller.says("where is it").await;
    caller.begins_to_hear("One moment, please.").await;
    caller.hears_it_cut_off().await;
    caller.hears("Let me look.").await;
    let since = Instant::now();
    // While the tool runs, and while the model thinks: one silence.
    caller.hears("One moment, please.").await;
    caller.hears("It is there.").await;
    assert!(since.elapsed() > ms(5_000));
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(
        lock(&history).last(),
        Some(&Message::assistant("It is there."))
    );
}

#[tokio::test(start_paused = true)]
async fn a_tool_with_a_longer_limit_has_that_long() {
    struct Slow;

    impl crate::session::Tool for Slow {
        fn spec(&self) -> ToolSpec {
            tool("slow")
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
    let model = ScriptedModel::new([
        ScriptedReply::default().calls("slow", json!({})),
        "It is done.".into(),
    ]);
    let (mut caller, _) = call(model, filler().tool(Slow)).await;
    caller.hears("Hello.").await;
    caller.says("do it please").await;
    caller.hears("One moment, please.").await;
    caller.hears(&apology()).await;
    caller.hears("It is done.").await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_into_a_telephone_that_rings_or_a_call_on_hold() {
    let to = json!({ "destination": "sales" });
    let model = ScriptedModel::new([
        ScriptedReply::says("I connect you.").calls("transfer", to),
        "Nobody is there.".into(),
    ]);
    let agent = filler().tool(tools::transfer([("sales", "PJSIP/300")]));
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let agent = agent.clone();
            async move { call.agent().run(&agent).await }
        })
        .endpoint("PJSIP/300", FarEnd::NoAnswer);
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("sales please").await;
    caller.hears("I connect you.").await;
    caller.is_silent_for(ms(5_000)).await;
    caller.says("it rings").await;
    caller.hears("Nobody is there.").await;
    caller.is_silent_for(ms(500)).await;
    caller.puts_on_hold().await;
    caller.is_silent_for(Duration::from_secs(90)).await;
    caller.takes_off_hold().await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let text = conversation.to_string();
    assert!(
        !text.contains("One moment") && !text.contains("I'm sorry"),
        "{text}"
    );
    assert_eq!(conversation.count("error"), 0, "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_goes_on_without_the_conversation_is_not_watched() {
    let model = ScriptedModel::default();
    let settings = agent().no_input(ms(2_000), ["Hello?"], WayOut::Return);
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let settings = settings.clone();
            async move {
                call.agent().run(&settings).await?;
                tokio::time::sleep(Duration::from_secs(50)).await;
                call.say("Goodbye.").await?;
                Ok::<(), CallError>(())
            }
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.hears("Hello?").await;
    caller.says("wait").await;
    caller.hears("Goodbye.").await;
    caller.ended().await;
}
