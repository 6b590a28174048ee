//! `call.transcript`: what is told at the end of a call.

use voxtra_core::event::{CallTranscript, Cost, ProviderUsage, TranscriptKind, UsageRole};

use super::*;
use crate::app::{Application, Builder};
use crate::session::{Agents, Price, TranscriptSettings};
use crate::speech::{LanguageModel, ModelRequest, Usage};

const OPENING: &str = "We open at nine.";

/// The transcript, which comes once: behind the call's end, right before the session's.
fn transcript(conversation: &Transcript) -> CallTranscript {
    let wires: Vec<_> = conversation
        .events()
        .iter()
        .map(|event| event.wire().to_string())
        .collect();
    let last: Vec<_> = wires.iter().rev().take(2).map(String::as_str).collect();
    assert_eq!(
        last,
        ["session.destroyed", "call.transcript"],
        "{conversation}"
    );
    let ended = wires.iter().position(|wire| wire == "call.ended");
    assert!(ended.is_some(), "{conversation}");
    assert_eq!(conversation.count("call.transcript"), 1);
    let mut events = conversation.events().iter();
    let told = events.find_map(|event| match &event.body {
        EventBody::BuiltIn(BuiltIn::CallTranscript(told)) => Some(told.clone()),
        _ => None,
    });
    told.unwrap_or_else(|| panic!("{conversation}"))
}

/// Kinds, texts, and whether they were cut.
fn told(transcript: &CallTranscript) -> Vec<(TranscriptKind, &str, bool)> {
    let entries = transcript.entries.iter();
    let told = entries.map(|one| (one.kind, one.text.as_deref().unwrap_or_default(), one.cut));
    told.collect()
}

fn used(transcript: &CallTranscript, role: UsageRole) -> &ProviderUsage {
    let mut usage = transcript.usage.iter();
    let found = usage.find(|one| one.role == role);
    found.unwrap_or_else(|| panic!("{:?}", transcript.usage))
}

/// An application with these settings, whose calls an agent takes.
fn application(builder: Builder, model: ScriptedModel, agent: AgentSettings) -> Rehearsal {
    Rehearsal::of(builder)
        .language_model(model)
        .handler(move |call: Call| {
            let agent = agent.clone();
            async move { call.agent().run(&agent).await }
        })
        .endpoint("PJSIP/200", FarEnd::Answers)
}

fn dollars() -> Price {
    Price::in_currency("USD")
}

#[tokio::test(start_paused = true)]
async fn both_sides_tools_and_cuts_are_told_with_what_they_cost() {
    let spec = ToolSpec::new("orders", "Orders.", json!({ "type": "object" }));
    let orders = FnTool::new(spec, |_: Call, _: Value| async move {
        tokio::time::sleep(ms(210)).await;
        Ok("tomorrow".to_owned())
    });
    let model = ScriptedModel::new([
        ScriptedReply::says("Let me see.")
            .calls("orders", json!({ "number": 7 }))
            .costs(Usage::new(100, 10)),
        ScriptedReply::says("It arrives tomorrow, before nine in the morning.")
            .costs(Usage::new(200, 20)),
    ]);
    let builder = Application::builder()
        .price(
            "scripted",
            dollars()
                .per_million_input_tokens(10.0)
                .per_million_output_tokens(50.0),
        )
        .price(
            "rehearsal",
            dollars().per_minute_heard(0.6).per_million_characters(10.0),
        );
    let rehearsal = application(builder, model, patient().tool(orders));
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("where is my order").await;
    caller.hears("Let me see.").await;
    caller
        .begins_to_hear("It arrives tomorrow, before nine in the morning.")
        .await;
    caller.is_silent_for(ms(1_500)).await;
    caller.hangs_up().await;
    let transcript = transcript(&caller.ended().await);
    let expected = [
        (TranscriptKind::Agent, "Hello.", false),
        (TranscriptKind::Caller, "where is my order", false),
        (TranscriptKind::Agent, "Let me see.", false),
        (TranscriptKind::Tool, "tomorrow", false),
        (TranscriptKind::Agent, "It arrives tomorrow,", true),
    ];
    assert_eq!(told(&transcript), expected);
    let times: Vec<_> = transcript.entries.iter().map(|one| one.at_ms).collect();
    assert!(times.is_sorted() && times[1] < times[2], "{times:?}");
    let tool = &transcript.entries[3];
    assert_eq!(tool.name.as_deref(), Some("orders"));
    assert_eq!(tool.arguments.as_deref(), Some(r#"{"number":7}"#));
    assert_eq!(tool.took_ms, Some(210));

    let model = used(&transcript, UsageRole::LanguageModel);
    assert_eq!(
        (model.provider.as_str(), model.requests, model.untold),
        ("scripted", 2, 0)
    );
    assert_eq!((model.input_tokens, model.output_tokens), (300, 30));
    assert_eq!(
        (model.cost_micros, model.currency.as_deref()),
        (Some(3_000 + 1_500), Some("USD"))
    );
    let voice = used(&transcript, UsageRole::TextToSpeech);
    // The voice is given the beginning of a long sentence first.
    let written = [
        "Hello.",
        "Let me see.",
        "It arrives tomorrow,",
        "before nine in the morning.",
    ];
    let written: usize = written.iter().map(|text| text.len()).sum();
    assert_eq!(voice.characters, written as u64);
    assert!(voice.spoken_ms >= 60 * voice.characters, "{voice:?}");
    let ears = used(&transcript, UsageRole::SpeechToText);
    assert_eq!(ears.requests, 1);
    assert!((800..3_000).contains(&ears.heard_ms), "{ears:?}");
    let sum = transcript
        .usage
        .iter()
        .filter_map(|one| one.cost_micros)
        .sum();
    assert_eq!(transcript.cost, Some(Cost::new(sum, "USD")));
}

#[tokio::test(start_paused = true)]
async fn replies_that_are_thrown_away_are_counted_and_nothing_costs_what_has_no_price() {
    let reply = ScriptedReply::says("It arrives tomorrow, before nine in the ")
        .pauses(ms(60_000))
        .costs(Usage::new(1, 1));
    let builder = Application::builder().price("rehearsal", dollars());
    let rehearsal = application(builder, ScriptedModel::new([reply]), agent());
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("where is my order").await;
    caller.sees(EventKind::AgentThinking).await;
    caller.hangs_up().await;
    let transcript = transcript(&caller.ended().await);
    let model = used(&transcript, UsageRole::LanguageModel);
    assert_eq!(
        (model.requests, model.untold, model.cost_micros),
        (1, 1, None)
    );
    let voice = used(&transcript, UsageRole::TextToSpeech);
    assert_eq!(voice.cost_micros, Some(0));
    assert_eq!(transcript.cost, None);
}

#[tokio::test(start_paused = true)]
async fn it_is_told_when_the_handler_panics_in_mid_sentence() {
    let rehearsal = Rehearsal::new()
        .language_model(ScriptedModel::new([OPENING]))
        .handler(|call: Call| async move {
            call.answer().await?;
            call.agent().respond("hi").await?;
            let saying = call.say("This goes on and on and on.");
            let _ = tokio::time::timeout(ms(900), saying).await;
            panic!("broken");
            #[allow(unreachable_code)]
            Ok::<(), CallError>(())
        });
    let conversation = rehearsal.call("1000").await.ended().await;
    let transcript = transcript(&conversation);
    assert_eq!(
        told(&transcript),
        [(TranscriptKind::Agent, "This goes on", true)]
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_told_when_the_application_stops() {
    let exchange = rehearsal(ScriptedModel::new([OPENING]), agent())
        .start()
        .await;
    let mut caller = exchange.call("1000");
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.begins_to_hear(OPENING).await;
    let (_, conversation) = tokio::join!(exchange.application().shutdown(), caller.ended());
    let transcript = transcript(&conversation);
    assert_eq!(
        told(&transcript)[1],
        (TranscriptKind::Caller, "when do you open", false)
    );
}

#[tokio::test(start_paused = true)]
async fn changes_of_agents_and_transfers_are_told() {
    let hand_over = ScriptedReply::says("").calls("hand_over", json!({ "agent": "billing" }));
    let transfer =
        ScriptedReply::says("I connect you.").calls("transfer", json!({ "destination": "sales" }));
    let model = ScriptedModel::new([hand_over, transfer]);
    let billing = AgentSettings::new("Bills.").tool(tools::transfer([("sales", "PJSIP/200")]));
    let agents = Agents::new()
        .agent("reception", agent().hand_over(["billing"]))
        .agent("billing", billing);
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let agents = agents.clone();
            async move { call.agent().run_agents(&agents, "reception").await }
        })
        .endpoint("PJSIP/200", FarEnd::Answers);
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("my bill is wrong").await;
    caller.hears("I connect you.").await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let transcript = transcript(&caller.ended().await);
    let kinds: Vec<_> = transcript
        .entries
        .iter()
        .map(|one| (one.kind, one.name.as_deref()))
        .collect();
    for expected in [
        (TranscriptKind::AgentChanged, Some("billing")),
        (TranscriptKind::Transferred, Some("PJSIP/200")),
    ] {
        assert!(kinds.contains(&expected), "{kinds:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_model_are_told_only_where_transcripts_are_kept() {
    let announce = |call: Call| async move {
        call.answer().await?;
        call.say("We are closed.").await?;
        Ok::<(), CallError>(())
    };
    let silent = Rehearsal::new().handler(announce).call("1000").await;
    assert_eq!(silent.ended().await.count("call.transcript"), 0);
    let builder = Application::builder().transcripts(TranscriptSettings::new());
    let kept = Rehearsal::of(builder).handler(announce).call("1000").await;
    let transcript = transcript(&kept.ended().await);
    assert_eq!(
        told(&transcript),
        [(TranscriptKind::Agent, "We are closed.", false)]
    );
}

/// A conversation of one turn, of which transcripts are kept like this.
async fn kept(settings: TranscriptSettings, model: ScriptedModel) -> Transcript {
    let builder = Application::builder().transcripts(settings);
    let mut caller = application(builder, model, agent())
        .from("+265")
        .call("1000")
        .await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.hears(OPENING).await;
    caller.hangs_up().await;
    caller.ended().await
}

#[tokio::test(start_paused = true)]
async fn a_model_summarises_what_was_said() {
    let model = ScriptedModel::new([
        ScriptedReply::says(OPENING),
        late(3_000, "The caller asked for the opening hours.").costs(Usage::new(40, 8)),
    ]);
    let settings = TranscriptSettings::new().summary(None);
    let conversation = kept(settings, model.clone()).await;
    let transcript = transcript(&conversation);
    let summary = "The caller asked for the opening hours.";
    assert_eq!(transcript.summary.as_deref(), Some(summary));
    assert_eq!(used(&transcript, UsageRole::LanguageModel).output_tokens, 8);
    let asked = model.asked();
    let told = asked[1].messages[1].text();
    assert_eq!(
        told,
        "Agent: Hello.\nCaller: when do you open\nAgent: We open at nine.\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_summary_that_does_not_come_delays_the_end_no_longer_than_it_may() {
    let model = ScriptedModel::new([ScriptedReply::says(OPENING), late(60_000, "Too late.")]);
    let settings = TranscriptSettings::new()
        .summary(None)
        .summary_within(ms(4_000));
    let conversation = kept(settings, model).await;
    assert_eq!(transcript(&conversation).summary, None);
    assert_eq!(conversation.count("error"), 1, "{conversation}");
    let ended = conversation
        .events()
        .iter()
        .find(|event| event.wire() == "call.ended");
    let ended = conversation.at(ended.unwrap());
    let took = conversation.duration() - ended;
    assert!(took >= ms(4_000) && took < ms(4_500), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn each_call_becomes_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("deep/transcripts");
    let settings = TranscriptSettings::new().folder(&made);
    let conversation = kept(settings, ScriptedModel::new([OPENING])).await;
    let told = transcript(&conversation);
    let session = conversation.events()[0].session_id.to_string();
    let path = made.join(format!("{session}.json"));
    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(file["session_id"], session);
    assert_eq!(file["caller_id"], "+265");
    assert_eq!(file["direction"], "inbound");
    assert_eq!(
        file["entries"],
        serde_json::to_value(&told.entries).unwrap()
    );
    assert_eq!(std::fs::read_dir(&made).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!((mode(&path) & 0o777, mode(&made) & 0o777), (0o600, 0o700));
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_written_is_an_error_and_the_transcript_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("file");
    std::fs::write(&taken, "").unwrap();
    let settings = TranscriptSettings::new().folder(&taken);
    let conversation = kept(settings, ScriptedModel::new([OPENING])).await;
    assert_eq!(told(&transcript(&conversation)).len(), 3);
    let errors = conversation.to_string();
    assert!(
        errors.contains("transcript") && errors.contains("can't be written"),
        "{errors}"
    );
    assert_eq!(conversation.count("error"), 1, "{conversation}");
}

/// The model of the application's settings is replaced too, as every other.
#[tokio::test(start_paused = true)]
async fn a_rehearsed_model_stands_in_for_the_one_that_summarises() {
    struct Real;
    impl LanguageModel for Real {
        fn name(&self) -> &str {
            "real"
        }
        fn reply(&self, _: ModelRequest) -> Parts<crate::speech::ReplyPart> {
            panic!("a rehearsal asks nobody")
        }
    }
    let settings = TranscriptSettings::new()
        .summary(None)
        .language_model(Arc::new(Real));
    let conversation = kept(settings, ScriptedModel::new([OPENING, "In short."])).await;
    assert_eq!(
        transcript(&conversation).summary.as_deref(),
        Some("In short.")
    );
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_breaks_off_has_cost_something_that_nobody_told() {
    let broken = ScriptedReply::says("Let me see, that may take a while.");
    let broken = broken.fails(ProviderErrorKind::Unavailable);
    // One that is refused before its first word costs nothing.
    let refused = ScriptedReply::default().fails(ProviderErrorKind::Unavailable);
    let model = ScriptedModel::new([broken, refused]);
    let agent = patient().on_failure("Sorry.", WayOut::HangUp);
    let mut caller = application(Application::builder(), model, agent)
        .call("1000")
        .await;
    caller.hears("Hello.").await;
    caller.says("where is my order").await;
    caller.hears("Sorry.").await;
    caller.says("where is my order").await;
    let transcript = transcript(&caller.ended().await);
    let model = used(&transcript, UsageRole::LanguageModel);
    assert_eq!((model.requests, model.untold), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_said_last_is_told_though_it_is_understood_after_the_end() {
    // The second one is understood too late.
    for (after, told_last) in [(800, true), (20_000, false)] {
        let recogniser = Recogniser::new().finals_after(ms(after));
        let builder = Application::builder().transcripts(TranscriptSettings::new());
        let rehearsal = application(builder, ScriptedModel::new(["Yes."]), patient());
        let rehearsal = rehearsal.recogniser(recogniser);
        let mut caller = rehearsal.call("1000").await;
        caller.hears("Hello.").await;
        caller.says("cancel it and goodbye").await;
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        let transcript = transcript(&conversation);
        let last = transcript
            .entries
            .last()
            .and_then(|one| one.text.as_deref());
        assert_eq!(
            last == Some("cancel it and goodbye"),
            told_last,
            "{conversation}"
        );
    }
}
