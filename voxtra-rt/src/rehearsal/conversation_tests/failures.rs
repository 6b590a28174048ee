//! Something fails or is missing.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_failure_is_said_and_the_second_in_a_row_ends_the_call() {
    let fails = || (ms(100), Err(ProviderErrorKind::Unavailable));
    let model = Script::new([fails(), (ms(0), Ok("Yes.".into())), fails(), fails()]);
    let agent = agent().on_failure("Sorry?", WayOut::Transfer("PJSIP/200".to_owned()));
    let (mut caller, history) = call(model, agent).await;
    caller.hears("Hello.").await;
    for answer in ["Sorry?", "Yes.", "Sorry?", "Sorry?"] {
        caller.says("are you open").await;
        caller.hears(answer).await;
    }
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 3, "{conversation}");
    // What the caller asked is not forgotten, though it was not answered.
    assert_eq!(
        lock(&history)[1..3],
        [user("are you open"), user("are you open")]
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_model_says_what_is_missing() {
    let rehearsal = Rehearsal::new().handler(|call: Call| async move {
        let result = call.agent().run(&agent()).await;
        assert!(
            matches!(result, Err(CallError::NoLanguageModel)),
            "{result:?}"
        );
        result
    });
    let caller = rehearsal.call("1000").await;
    let conversation = caller.ended().await.to_string();
    assert!(conversation.contains("no language model"), "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_says_nothing_has_failed() {
    let (mut caller, _) = call(Script::at_once(["", "Yes."]), agent()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("error"), 1);
}

/// Fails at the end of its first utterance, and understands the others.
#[derive(Clone, Default)]
struct FailsOnce(Arc<Mutex<bool>>);

impl SpeechToText for FailsOnce {
    fn name(&self) -> &str {
        "fails once"
    }

    fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        let failed = self.0.clone();
        Parts::made_by(|out| async move {
            while let Some(part) = input.next().await {
                if part != SpeechInput::Ended {
                    continue;
                }
                if !std::mem::replace(&mut *lock(&failed), true) {
                    let kind = ProviderErrorKind::Timeout;
                    return Err(ProviderError::new("fails once", kind, "nothing came"));
                }
                let (text, confidence) = ("are you open".to_owned(), 1.0);
                out.send(Recognition::Final { text, confidence }).await;
            }
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_did_not_understand_says_so_and_listens_again() {
    let rehearsal = Rehearsal::of(Application::builder().language_model(Script::at_once(["Yes."])))
        .handler(|call: Call| async move {
            call.set_speech_to_text(Arc::new(FailsOnce::default()));
            call.agent().run(&agent()).await
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("error"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_working_voice_hangs_up() {
    struct Broken;
    impl TextToSpeech for Broken {
        fn name(&self) -> &str {
            "broken"
        }
        fn speak(&self, _: Feed<String>, _: u32) -> Parts<SpeechPart> {
            let kind = ProviderErrorKind::Unavailable;
            Parts::failed(ProviderError::new("broken", kind, "it is out of order"))
        }
    }
    let rehearsal = Rehearsal::of(Application::builder().language_model(Script::default()))
        .handler(|call: Call| async move {
            call.set_voice(Arc::new(Broken));
            call.agent().run(&agent()).await
        });
    let conversation = rehearsal.call("1000").await.ended().await;
    // The greeting, and the apology.
    assert_eq!(conversation.count("error"), 2, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_hangs_is_given_up() {
    let model = Script::new([
        (Duration::from_secs(3_600), Ok("Never.".into())),
        (ms(0), Ok("Yes.".into())),
    ]);
    // Nobody minds the silence.
    let agent = agent().dead_air(Duration::ZERO, "", Duration::ZERO);
    let (mut caller, _) = call(model, agent).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.is_silent_for(Duration::from_secs(150)).await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
}
