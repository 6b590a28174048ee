//! What a rehearsal's own providers do: late, wrong, broken, and never.

use super::*;

/// When the event of this wire name came for the `n`th time, since the call began.
fn at(conversation: &Transcript, wire: &str, n: usize) -> Duration {
    let mut events = conversation.events().iter();
    let event = events.by_ref().filter(|event| event.wire() == wire).nth(n);
    conversation.at(event.unwrap_or_else(|| panic!("{conversation}")))
}

fn texts(conversation: &Transcript, kind: EventKind) -> Vec<String> {
    let events = conversation.events().iter();
    let texts = events.filter_map(|event| match &event.body {
        EventBody::BuiltIn(body) if body.kind() == kind => match body {
            BuiltIn::UserTranscript(heard) => Some(heard.text.clone()),
            BuiltIn::UserTranscriptPartial(heard) => Some(heard.text.clone()),
            BuiltIn::Error(error) => Some(error.message.clone()),
            _ => None,
        },
        _ => None,
    });
    texts.collect()
}

#[tokio::test(start_paused = true)]
async fn partials_grow_word_by_word_and_finals_are_late() {
    let mut told = Vec::new();
    for late in [0, 900] {
        let recogniser = Recogniser::new()
            .partials_every(ms(300))
            .finals_after(ms(late))
            .mishears("Tuesday", "today");
        let rehearsal = rehearsal(ScriptedModel::new(["Fine."]), agent());
        let mut caller = rehearsal.recogniser(recogniser).call("1000").await;
        caller.hears("Hello.").await;
        caller.says("I would like to come on Tuesday").await;
        caller.hears("Fine.").await;
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        let finals = texts(&conversation, EventKind::UserTranscript);
        assert_eq!(finals, ["I would like to come on today"], "{conversation}");
        let partials = texts(&conversation, EventKind::UserTranscriptPartial);
        assert!(partials.len() > 3, "{partials:?}");
        for words in partials.windows(2) {
            assert!(words[1].starts_with(&words[0]), "{partials:?}");
        }
        assert!(finals[0].starts_with(partials.last().unwrap()));
        told.push(at(&conversation, "user.transcript", 0));
    }
    assert_eq!(told[1] - told[0], ms(900));
}

#[tokio::test(start_paused = true)]
async fn words_that_are_not_understood_are_no_turn() {
    let rehearsal = rehearsal(ScriptedModel::default(), agent());
    let recogniser = Recogniser::new().mishears("mumble", "");
    let mut caller = rehearsal.recogniser(recogniser).call("1000").await;
    caller.hears("Hello.").await;
    caller.says("mumble mumble").await;
    caller.is_silent_for(Duration::from_secs(10)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("user.transcript"), 0, "{conversation}");
    assert_eq!(conversation.count("agent.thinking"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_provider_costs_its_time_and_no_more() {
    let begins = |provider: Option<Provider>| async move {
        let mut rehearsal = rehearsal(ScriptedModel::new(["Yes."]), agent());
        if let Some(provider) = provider {
            rehearsal = rehearsal.chaos(provider, Chaos::Slow(ms(600)));
        }
        let mut caller = rehearsal.call("1000").await;
        caller.hears("Hello.").await;
        caller.says("are you open").await;
        caller.sees(EventKind::TurnEnded).await;
        caller.hears("Yes.").await;
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        at(&conversation, "agent.speech.started", 1) - at(&conversation, "turn.ended", 0)
    };
    let plain = begins(None).await;
    // Audio leaves every 20 ms.
    let frame = |late: Duration| late >= plain + ms(580) && late <= plain + ms(620);
    assert!(frame(begins(Some(Provider::Model)).await));
    assert!(frame(begins(Some(Provider::Voice)).await));
    // The wait for the end of the turn hides most of it.
    let heard = begins(Some(Provider::SpeechToText)).await;
    assert!(heard > plain && heard < plain + ms(400), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_failure_is_told_and_the_call_goes_on() {
    let kinds = [
        (Chaos::Status(429), "429"),
        (Chaos::Status(500), "500"),
        (Chaos::Cut, "broke"),
        (Chaos::Nothing, "nothing to say"),
        (Chaos::Hangs, "nothing came from it"),
    ];
    for (chaos, why) in kinds {
        let model = ScriptedModel::default().always("We are open today. From nine to five.");
        let (mut caller, _) = call(model, patient()).await;
        caller.hears("Hello.").await;
        caller.chaos(Provider::Model, chaos);
        caller.says("are you open").await;
        if chaos == Chaos::Cut {
            // The sentence that came is said, and the apology behind them.
            caller.hears("We are open today.").await;
        }
        if chaos == Chaos::Hangs {
            // As `a_model_that_hangs_is_given_up`.
            caller.is_silent_for(Duration::from_secs(150)).await;
        }
        caller.hears(&OnFailure::default().say).await;
        caller.calm(Provider::Model);
        caller.says("are you open").await;
        caller.hears("We are open today. From nine to five.").await;
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        let errors = texts(&conversation, EventKind::Error);
        assert!(
            errors.len() == 1 && errors[0].contains(why),
            "{conversation}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_rehearsal_is_given_stands_in_for_what_the_agent_chooses() {
    let chosen = ScriptedModel::new(["Chosen."]);
    let unasked = chosen.clone();
    let rehearsal = Rehearsal::new()
        .language_model(ScriptedModel::new(["Given."]))
        .voice(Voice::new().first_audio_after(ms(250)).ms_per_character(20))
        .handler(move |call: Call| {
            let chosen = chosen.clone();
            async move {
                call.set_language_model(Arc::new(chosen));
                call.agent().run(&agent()).await
            }
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("who are you").await;
    caller.hears("Given.").await;
    assert!(unasked.asked().is_empty());
}

#[cfg(all(feature = "config", feature = "openai"))]
#[tokio::test(start_paused = true)]
async fn the_agents_of_a_configuration_are_rehearsed() {
    let text = r#"
[provider.openai]
key = "sk-s3cret"
[agent.reception]
instructions = "Be brief."
greeting = "Hello."
speech_to_text = "openai"
language_model = "openai"
text_to_speech = "openai"
"#;
    let config = crate::config::Config::parse(text, |_| None).unwrap();
    let builder = crate::app::Application::builder().config(&config).unwrap();
    let model = ScriptedModel::new(["We open at nine."]);
    let mut caller = Rehearsal::of(builder)
        .language_model(model.clone())
        .recogniser(Recogniser::new())
        .voice(Voice::new())
        .call("1000")
        .await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.hears("We open at nine.").await;
    let instructions = Message::System("Be brief.".to_owned());
    assert_eq!(model.asked()[0].messages[0], instructions);
}
