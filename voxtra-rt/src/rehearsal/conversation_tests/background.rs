//! Tools that go on while the conversation does.

use voxtra_core::event::TranscriptKind;

use super::*;
use crate::session::Tool;

/// A tool that takes so long, in the background, and counts who began and who was given up.
fn report(takes_ms: u64, given_up: &Arc<Mutex<usize>>) -> impl Tool + use<> {
    /// Counts what is dropped before its end.
    struct Running(Option<Arc<Mutex<usize>>>);
    impl Drop for Running {
        fn drop(&mut self) {
            if let Some(given_up) = &self.0 {
                *lock(given_up) += 1;
            }
        }
    }
    impl Running {
        fn is_done(&mut self) {
            self.0 = None;
        }
    }
    let given_up = given_up.clone();
    let spec = ToolSpec::new("report", "Makes a report.", json!({ "type": "object" }));
    let tool = FnTool::new(spec, move |_: Call, _| {
        let mut running = Running(Some(given_up.clone()));
        async move {
            tokio::time::sleep(ms(takes_ms)).await;
            running.is_done();
            Ok("the report has 7 pages".to_owned())
        }
    });
    tool.background()
}

fn asks() -> ScriptedReply {
    ScriptedReply::default().calls("report", json!({}))
}

/// What the transcript says that came of the tools.
fn tools_noted(conversation: &Transcript) -> Vec<String> {
    let events = conversation.events().iter();
    let entries = events.flat_map(|event| match &event.body {
        EventBody::BuiltIn(BuiltIn::CallTranscript(told)) => told.entries.clone(),
        _ => Vec::new(),
    });
    let tools = entries.filter(|entry| entry.kind == TranscriptKind::Tool);
    tools.filter_map(|entry| entry.text).collect()
}

#[tokio::test(start_paused = true)]
async fn the_agent_speaks_of_a_result_when_nobody_speaks() {
    let model = ScriptedModel::new([
        asks(),
        ScriptedReply::says("I come back to it."),
        ScriptedReply::says("At nine."),
        ScriptedReply::says("It has seven pages."),
    ]);
    let agent = patient().tool(report(20_000, &Arc::default()));
    let (mut caller, history) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("make me a report").await;
    caller.hears("I come back to it.").await;
    caller.says("when do you open").await;
    caller.hears("At nine.").await;
    caller.hears("It has seven pages.").await;
    let asked = model.asked();
    let last = |question: usize| asked[question].messages.last().map(Message::text);
    assert!(
        last(1).is_some_and(|told| told.starts_with("started: ")),
        "{:?}",
        last(1)
    );
    assert_eq!(last(2), Some("when do you open"));
    assert_eq!(last(3), Some("the report has 7 pages"));
    // It is told once.
    caller.is_silent_for(ms(30_000)).await;
    assert_eq!(model.asked().len(), 4);
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let mut noted = tools_noted(&conversation).into_iter();
    let started = noted.next();
    assert!(
        started.is_some_and(|told| told.starts_with("started: ")),
        "{conversation}"
    );
    assert_eq!(noted.next().as_deref(), Some("the report has 7 pages"));
    assert_eq!(noted.next(), None);
    let told = lock(&history)
        .iter()
        .filter(|one| matches!(one, Message::Tool { .. }))
        .count();
    assert_eq!(told, 2);
}

#[tokio::test(start_paused = true)]
async fn a_result_waits_for_a_caller_who_speaks_and_is_known_in_the_answer() {
    let model = ScriptedModel::new([
        asks(),
        ScriptedReply::says("I come back to it."),
        ScriptedReply::says("Seven pages, and we open at nine."),
    ]);
    let agent = patient().tool(report(6_000, &Arc::default()));
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("make me a report").await;
    caller.hears("I come back to it.").await;
    // Long enough that the result comes meanwhile.
    let words = "and then tell me please ".repeat(8) + "when do you open";
    caller.says(&words).await;
    caller.hears("Seven pages, and we open at nine.").await;
    let asked = model.asked();
    let texts: Vec<&str> = asked[2]
        .messages
        .iter()
        .rev()
        .take(2)
        .map(Message::text)
        .collect();
    assert_eq!(texts, [words.as_str(), "the report has 7 pages"]);
    caller.is_silent_for(ms(30_000)).await;
    assert_eq!(model.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn there_may_be_nothing_to_say_of_a_result() {
    let model = ScriptedModel::new([
        asks(),
        ScriptedReply::says("I come back to it."),
        ScriptedReply::default(),
        ScriptedReply::says("At nine."),
    ]);
    let agent = patient().tool(report(10_000, &Arc::default()));
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("make me a report").await;
    caller.hears("I come back to it.").await;
    caller.is_silent_for(ms(20_000)).await;
    assert_eq!(model.asked().len(), 3);
    caller.says("when do you open").await;
    caller.hears("At nine.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn the_call_s_end_and_the_limit_end_what_goes_on() {
    let given_up = Arc::default();
    let model = ScriptedModel::new([asks(), ScriptedReply::says("I come back to it.")]);
    let (mut caller, _) = call(model, patient().tool(report(60_000, &given_up))).await;
    caller.hears("Hello.").await;
    caller.says("make me a report").await;
    caller.hears("I come back to it.").await;
    assert_eq!(*lock(&given_up), 0);
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(*lock(&given_up), 1);

    let model = ScriptedModel::new([
        asks(),
        ScriptedReply::says("I come back to it."),
        ScriptedReply::says("It can't be had."),
    ]);
    let (mut caller, _) = call(model.clone(), patient().tool(report(600_000, &given_up))).await;
    caller.hears("Hello.").await;
    caller.says("make me a report").await;
    caller.hears("I come back to it.").await;
    caller.is_silent_for(ms(100_000)).await;
    caller.hears("It can't be had.").await;
    let told = model.asked()[2].messages.last().unwrap().text().to_owned();
    assert_eq!(told, "error: it took longer than 120 s");
    assert_eq!(*lock(&given_up), 2);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_go_on_and_none_twice() {
    let spec = ToolSpec::new("report", "", json!({ "type": "object" }));
    let never = FnTool::new(spec, |_: Call, _| std::future::pending()).background();
    let many = (0..10).fold(ScriptedReply::default(), |asks, n| {
        // The second is as the first.
        asks.calls("report", json!({ "n": if n == 1 { 0 } else { n } }))
    });
    let model = ScriptedModel::new([many, ScriptedReply::says("Well.")]);
    let (mut caller, _) = call(model.clone(), patient().tool(never)).await;
    caller.hears("Hello.").await;
    caller.says("make me reports").await;
    caller.hears("Well.").await;
    let asked = model.asked();
    let told: Vec<&str> = asked[1]
        .messages
        .iter()
        .rev()
        .take(10)
        .map(Message::text)
        .collect();
    let told: Vec<&str> = told.into_iter().rev().collect();
    let begun = |told: &&&str| told.starts_with("started: ");
    assert_eq!(told.iter().filter(begun).count(), 8, "{told:?}");
    assert!(told[1].starts_with("error: it goes on already"), "{told:?}");
    assert!(told[9].starts_with("error: 8 others go on"), "{told:?}");
}
