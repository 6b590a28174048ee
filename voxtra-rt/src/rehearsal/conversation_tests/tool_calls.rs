//! What the model calls, and what comes of it.

use super::*;
use crate::session::{HandlerError, Tool};
use crate::speech::BoxFuture;

#[tokio::test(start_paused = true)]
async fn tools_are_run_and_their_results_reach_the_model() {
    let model = ScriptedModel::new([
        ScriptedReply::says("Let me look.").calls("weather", json!({ "city": "Zomba" })),
        ScriptedReply::says("It is sunny."),
    ]);
    let spec = ToolSpec::new("weather", "The weather.", json!({ "type": "object" }));
    let weather = FnTool::new(spec, |_: Call, arguments: Value| async move {
        tokio::time::sleep(ms(300)).await;
        Ok(format!(
            "sunny in {}",
            arguments["city"].as_str().unwrap_or("?")
        ))
    });
    let (mut caller, _) = call(model.clone(), agent().tool(weather)).await;
    caller.hears("Hello.").await;
    caller.says("how is the weather").await;
    caller.hears("Let me look.").await;
    caller.hears("It is sunny.").await;
    let asked = model.asked();
    assert_eq!(asked[0].tools[0].name, "weather");
    let Some(Message::Tool { name, result, .. }) = asked[1].messages.last() else {
        panic!("{:?}", asked[1]);
    };
    assert_eq!(
        (name.as_str(), result.as_str()),
        ("weather", "sunny in Zomba")
    );
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_fails_or_hangs_or_is_not_there_is_told_to_the_model() {
    let asks = ["fails", "hangs", "missing"]
        .into_iter()
        .fold(ScriptedReply::default(), |asks, name| {
            asks.calls(name, json!({}))
        });
    let model = ScriptedModel::new([asks, ScriptedReply::says("I could not find out.")]);
    let spec = |name: &str| ToolSpec::new(name, "", json!({ "type": "object" }));
    let fails = FnTool::new(spec("fails"), |_: Call, _| async {
        Err("no such city".into())
    });
    let hangs = FnTool::new(spec("hangs"), |_: Call, _| std::future::pending());
    let agent = agent()
        .tool(fails)
        .tool(hangs)
        .filler(ms(1_000), "One moment.");
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("how is the weather").await;
    caller.hears("One moment.").await;
    caller.hears("I could not find out.").await;
    let asked = model.asked();
    let results: Vec<&str> = asked[1]
        .messages
        .iter()
        .rev()
        .take(3)
        .map(Message::text)
        .collect();
    assert!(results[2].contains("no such city"), "{results:?}");
    assert!(results[1].contains("longer than 10 s"), "{results:?}");
    assert!(
        results[0].contains("no tool named \"missing\""),
        "{results:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_model_transfers_the_caller() {
    let model =
        ScriptedModel::new([ScriptedReply::says("I connect you.")
            .calls("transfer", json!({ "destination": "sales" }))]);
    let agent = agent().tool(tools::transfer([("sales", "PJSIP/200")]));
    let (mut caller, _) = call(model, agent).await;
    caller.hears("Hello.").await;
    caller.says("sales please").await;
    caller.hears("I connect you.").await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn the_model_hangs_up_after_its_goodbye_was_heard() {
    let goodbye = ScriptedReply::says("Goodbye.").calls("hang_up", json!({}));
    let (mut caller, _) = call(
        ScriptedModel::new([goodbye]),
        agent().tool(tools::hang_up()),
    )
    .await;
    caller.hears("Hello.").await;
    caller.says("that was all").await;
    caller.hears("Goodbye.").await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_that_calls_tools_for_ever_has_to_answer_at_last() {
    let again = || ScriptedReply::default().calls("again", json!({}));
    let replies: Vec<ScriptedReply> = (0..8)
        .map(|_| again())
        .chain([ScriptedReply::says("Enough.")])
        .collect();
    let model = ScriptedModel::new(replies);
    let spec = ToolSpec::new("again", "", json!({ "type": "object" }));
    let tool = FnTool::new(spec, |_: Call, _| async { Ok("again".to_owned()) });
    let (mut caller, _) = call(model.clone(), agent().tool(tool)).await;
    caller.hears("Hello.").await;
    caller.says("go").await;
    caller.hears("Enough.").await;
    let asked = model.asked();
    assert!(asked[7].tools.len() == 1 && asked[8].tools.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_tool_has_done_is_not_done_again() {
    let order = ScriptedReply::default().calls("order", json!({}));
    let model = ScriptedModel::new([order, late(5_000, "Never said."), "It is ordered.".into()]);
    let orders = Arc::new(Mutex::new(0));
    let counted = orders.clone();
    let spec = ToolSpec::new("order", "", json!({ "type": "object" }));
    let tool = FnTool::new(spec, move |call: Call, _| {
        let counted = counted.clone();
        async move {
            *lock(&counted) += 1;
            // Reading and instructing need not wait for the answer.
            assert_eq!(call.agent().history().len(), 1);
            call.agent()
                .instruct("Be brief, and say that it is ordered.");
            Ok("ordered".to_owned())
        }
    });
    let (mut caller, _) = call(model.clone(), agent().tool(tool)).await;
    caller.hears("Hello.").await;
    caller.says("order it").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.is_silent_for(ms(1_000)).await;
    caller.says("hello").await;
    caller.hears("It is ordered.").await;
    assert_eq!(*lock(&orders), 1);
    let asked = model.asked().pop().unwrap();
    let texts: Vec<&str> = asked.messages.iter().map(Message::text).collect();
    let expected = [
        "Be brief, and say that it is ordered.",
        "Hello.",
        "order it",
        "",
        "ordered",
        "hello",
    ];
    assert_eq!(texts, expected);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_calls_tools_that_it_was_not_offered_is_not_heeded() {
    let again = || ScriptedReply::default().calls("again", json!({}));
    let model = ScriptedModel::new((0..50).map(|_| again()));
    let spec = ToolSpec::new("again", "", json!({ "type": "object" }));
    let tool = FnTool::new(spec, |_: Call, _| async { Ok("again".to_owned()) });
    let (mut caller, _) = call(model.clone(), agent().tool(tool)).await;
    caller.hears("Hello.").await;
    caller.says("go").await;
    caller.is_silent_for(Duration::from_secs(60)).await;
    assert_eq!(model.asked().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn what_a_tool_asks_the_caller_is_not_answered_again() {
    let cancel = ScriptedReply::default().calls("cancel", json!({}));
    // Slow, so that the end of the caller's words comes before it.
    let model = ScriptedModel::new([cancel, late(500, "It is cancelled."), "Again.".into()]);
    let spec = ToolSpec::new("cancel", "", json!({ "type": "object" }));
    let tool = FnTool::new(spec, |call: Call, _| async move {
        call.say("Shall I cancel it?").await?;
        let answer = call.listen(Duration::from_secs(10)).await?;
        Ok(format!("the caller says {}", answer.unwrap_or_default()))
    });
    let (mut caller, _) = call(model.clone(), agent().tool(tool)).await;
    caller.hears("Hello.").await;
    caller.says("cancel my order").await;
    caller.hears("Shall I cancel it?").await;
    caller.says("yes").await;
    caller.hears("It is cancelled.").await;
    caller.is_silent_for(Duration::from_secs(30)).await;
    assert_eq!(model.asked().len(), 2);
    assert_eq!(
        model.asked()[1].messages.last().unwrap().text(),
        "the caller says yes"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_panics_or_gets_wrong_arguments_is_told_to_the_model() {
    let asks = ScriptedReply::default()
        .calls("panics", json!({}))
        .calls("city", json!({ "name": 7 }))
        .calls("city", json!({}));
    let model = ScriptedModel::new([asks, ScriptedReply::says("I could not find out.")]);
    let spec = ToolSpec::new("panics", "", json!({ "type": "object" }));
    let panics = FnTool::new(spec, |_: Call, arguments: Value| async move {
        let list = arguments.as_array().map_or(0, Vec::len);
        Ok([""][list + 1].to_owned())
    });
    let spec = ToolSpec::new("city", "", tools::texts([("name", "the city's name")]));
    let city = FnTool::new(spec, |_: Call, _| async { Ok("runs".to_owned()) });
    let (mut caller, _) = call(model.clone(), agent().tool(panics).tool(city)).await;
    caller.hears("Hello.").await;
    caller.says("how is the weather").await;
    caller.hears("I could not find out.").await;
    let asked = model.asked();
    let messages = asked[1].messages.iter().rev().take(3);
    let results: Vec<&str> = messages.map(Message::text).collect();
    assert_eq!(results[2], "error: it is broken: it panicked");
    assert_eq!(results[1], "error: name must be string");
    assert_eq!(results[0], "error: missing: name");
}

/// A tool that counts how often it ran, and wants the caller to agree.
struct Deletes(Arc<Mutex<Vec<String>>>);

impl Tool for Deletes {
    fn spec(&self) -> ToolSpec {
        ToolSpec::new("delete", "", tools::texts([("order", "")]))
    }

    fn run<'a>(
        &'a self,
        _: &'a Call,
        arguments: Value,
    ) -> BoxFuture<'a, Result<String, HandlerError>> {
        lock(&self.0).push(arguments["order"].to_string());
        Box::pin(async { Ok("deleted".to_owned()) })
    }

    fn confirms(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_must_be_agreed_to_runs_after_the_caller_was_asked() {
    let delete = |order: &str| ScriptedReply::default().calls("delete", json!({ "order": order }));
    let model = ScriptedModel::new([
        // A model that doesn't ask is not let through, however often it calls.
        ScriptedReply::says("Let me see.").calls("delete", json!({ "order": "7" })),
        delete("7"),
        delete("7"),
        ScriptedReply::says("Shall I delete order seven?"),
        // What is agreed to is this and nothing else.
        delete("8"),
        ScriptedReply::says("Eight?"),
        delete("8"),
        ScriptedReply::says("It is deleted."),
        // Once.
        delete("8"),
        ScriptedReply::says("Again?"),
    ]);
    let ran = Arc::new(Mutex::new(Vec::new()));
    let (mut caller, _) = call(model.clone(), agent().tool(Deletes(ran.clone()))).await;
    caller.hears("Hello.").await;
    caller.says("delete order seven").await;
    caller.hears("Let me see.").await;
    caller.hears("Shall I delete order seven?").await;
    assert!(lock(&ran).is_empty());
    caller.says("no, eight").await;
    caller.hears("Eight?").await;
    assert!(lock(&ran).is_empty());
    caller.says("yes please").await;
    caller.hears("It is deleted.").await;
    assert_eq!(*lock(&ran), ["\"8\""]);
    caller.says("and again").await;
    caller.hears("Again?").await;
    assert_eq!(lock(&ran).len(), 1);
    let first = &model.asked()[1];
    let told = first.messages.last().map(Message::text);
    assert!(told.is_some_and(|told| told.starts_with("not done yet: ask")));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_waits_is_silent_until_the_caller_speaks_or_time_has_passed() {
    let model = ScriptedModel::new([
        ScriptedReply::says("Take your time.").calls("wait", json!({})),
        ScriptedReply::says("Yes, wait.").calls("wait", json!({ "seconds": 20 })),
        ScriptedReply::says("Are you there?"),
    ]);
    let agent = agent()
        .tool(tools::wait())
        .no_input(ms(5_000), ["Hello?"], WayOut::HangUp)
        .filler(ms(1_000), "One moment.");
    let (mut caller, history) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("wait a moment please").await;
    caller.hears("Take your time.").await;
    caller.is_silent_for(ms(30_000)).await;
    caller.says("here is my number").await;
    caller.hears("Yes, wait.").await;
    let silent = tokio::time::Instant::now();
    caller.hears("Are you there?").await;
    assert!(silent.elapsed() >= ms(20_000), "{:?}", silent.elapsed());
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert!(
        !conversation.to_string().contains("One moment."),
        "{conversation}"
    );
    assert!(lock(&history).contains(&user("here is my number")));
    // It was asked about the words that ended the wait, and not about the end of it.
    let asked = model.asked();
    let last = asked[1].messages.last();
    assert_eq!((asked.len(), last), (3, Some(&user("here is my number"))));
}
