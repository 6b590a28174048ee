//! Whole conversations with a model that follows a script, in virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use voxtra_core::event::EventKind;

use super::*;
use crate::app::Application;
use crate::lock::lock;
use crate::session::{AgentSettings, CallError, FnTool, OnFailure, WayOut, tools};
use crate::speech::{
    Feed, LanguageModel, ListenOptions, Message, ModelRequest, Parts, ProviderError,
    ProviderErrorKind, Recognition, Reply, ReplyPart, SpeechInput, SpeechPart, SpeechToText,
    TextToSpeech, ToolCall, ToolSpec,
};

/// What the model does at its next turn: how long it thinks, and what comes then.
type Step = (Duration, Result<Reply, ProviderErrorKind>);

/// A model that follows a script, and keeps what it was asked.
#[derive(Clone, Default)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    asked: Arc<Mutex<Vec<ModelRequest>>>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Self::default();
        lock(&script.steps).extend(steps);
        script
    }

    fn at_once<R: Into<Reply>>(replies: impl IntoIterator<Item = R>) -> Self {
        let step = |reply: R| (Duration::ZERO, Ok(reply.into()));
        Self::new(replies.into_iter().map(step))
    }

    fn asked(&self) -> Vec<ModelRequest> {
        lock(&self.asked).clone()
    }
}

impl LanguageModel for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        lock(&self.asked).push(request);
        let step = lock(&self.steps).pop_front();
        Parts::made_by(|out| async move {
            let (thinks, reply) = step.unwrap_or((Duration::ZERO, Ok(Reply::new("No more."))));
            tokio::time::sleep(thinks).await;
            let reply = reply.map_err(|kind| ProviderError::new("script", kind, "as written"))?;
            // Word by word, as models do.
            for word in reply.text.split_inclusive(' ') {
                out.send(ReplyPart::Text(word.to_owned())).await;
            }
            for call in reply.tool_calls {
                out.send(ReplyPart::ToolCall(call)).await;
            }
            Ok(())
        })
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn agent() -> AgentSettings {
    AgentSettings::new("Be brief.").greeting("Hello.")
}

/// A call to an agent with this model, and the history at its end.
async fn call(model: Script, agent: AgentSettings) -> (Caller, Arc<Mutex<Vec<Message>>>) {
    let history = Arc::new(Mutex::new(Vec::new()));
    let kept = history.clone();
    let rehearsal = Rehearsal::of(Application::builder().language_model(model))
        .handler(move |call: Call| {
            let (agent, kept) = (agent.clone(), kept.clone());
            async move {
                let result = call.agent().run(&agent).await;
                *lock(&kept) = call.agent().history();
                result
            }
        })
        .endpoint("PJSIP/200", FarEnd::Answers);
    (rehearsal.call("1000").await, history)
}

fn user(text: &str) -> Message {
    Message::User(text.to_owned())
}

fn tool_call(name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: "1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_greets_answers_and_remembers() {
    let model = Script::at_once(["We open at nine. On Sundays we are closed.", "Goodbye."]);
    let (mut caller, history) = call(model.clone(), agent()).await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller
        .hears("We open at nine. On Sundays we are closed.")
        .await;
    caller.says("thank you").await;
    caller.hears("Goodbye.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    let expected = [
        Message::assistant("Hello."),
        user("when do you open"),
        Message::assistant("We open at nine. On Sundays we are closed."),
        user("thank you"),
        Message::assistant("Goodbye."),
    ];
    assert_eq!(*lock(&history), expected);
    let asked = model.asked();
    assert_eq!(
        asked[0].messages[0],
        Message::System("Be brief.".to_owned())
    );
    assert_eq!(asked[1].messages[1..], expected[..4]);
}

#[tokio::test(start_paused = true)]
async fn the_first_sentence_is_heard_while_the_model_still_writes() {
    struct Slow;
    impl LanguageModel for Slow {
        fn name(&self) -> &str {
            "slow"
        }
        fn reply(&self, _: ModelRequest) -> Parts<ReplyPart> {
            Parts::made_by(|out| async move {
                out.send(ReplyPart::Text("One moment please. ".to_owned()))
                    .await;
                out.send(ReplyPart::Text("I ".to_owned())).await;
                tokio::time::sleep(Duration::from_secs(5)).await;
                out.send(ReplyPart::Text("found it.".to_owned())).await;
                Ok(())
            })
        }
    }
    let settings = agent();
    let rehearsal =
        Rehearsal::of(Application::builder().language_model(Slow)).handler(move |call: Call| {
            let settings = settings.clone();
            async move { call.agent().run(&settings).await }
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("where is my order").await;
    caller.sees(EventKind::TurnEnded).await;
    let asked = tokio::time::Instant::now();
    caller.begins_to_hear("One moment please.").await;
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    caller.hears_the_rest().await;
    let transcript = caller.transcript().to_string();
    assert!(
        transcript.contains("One moment please. I found it."),
        "{transcript}"
    );
}

#[tokio::test(start_paused = true)]
async fn only_what_was_heard_before_an_interruption_is_remembered() {
    let long = "First I would like to tell you about our opening hours, which are long. Then \
                about the prices, which are low. And then about everything else.";
    let model = Script::at_once([long, "Nine to five."]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("tell me something").await;
    caller.begins_to_hear(long).await;
    caller.is_silent_for(ms(1_500)).await;
    caller.says("no stop just tell me the hours please").await;
    caller.hears_it_cut_off().await;
    caller.hears("Nine to five.").await;
    caller.hangs_up().await;
    caller.ended().await;
    let history = lock(&history).clone();
    let heard = history[2].text().strip_suffix('…').unwrap().to_owned();
    assert!(
        long.starts_with(&heard) && heard.starts_with("First I would"),
        "{heard}"
    );
    assert!(heard.len() < long.len() / 2, "{heard}");
    assert_eq!(history[3], user("no stop just tell me the hours please"));
}

#[tokio::test(start_paused = true)]
async fn tools_are_run_and_their_results_reach_the_model() {
    let model = Script::at_once([
        Reply::new("Let me look.").calling(tool_call("weather", json!({ "city": "Zomba" }))),
        Reply::new("It is sunny."),
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
    let calls = ["fails", "hangs", "missing"].map(|name| tool_call(name, json!({})));
    let asks = calls.into_iter().fold(Reply::new(""), Reply::calling);
    let model = Script::at_once([asks, Reply::new("I could not find out.")]);
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
    let connect = tool_call("transfer", json!({ "destination": "sales" }));
    let model = Script::at_once([Reply::new("I connect you.").calling(connect)]);
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
    let goodbye = Reply::new("Goodbye.").calling(tool_call("hang_up", json!({})));
    let (mut caller, _) = call(Script::at_once([goodbye]), agent().tool(tools::hang_up())).await;
    caller.hears("Hello.").await;
    caller.says("that was all").await;
    caller.hears("Goodbye.").await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_says_nothing_is_asked_and_then_hung_up_on() {
    let say = ["Are you still there?", "I'll hang up now. Goodbye."];
    let agent = agent().no_input(Duration::from_secs(8), say, WayOut::HangUp);
    let (mut caller, _) = call(Script::default(), agent).await;
    caller.hears("Hello.").await;
    let silent = tokio::time::Instant::now();
    caller.hears(say[0]).await;
    assert!(silent.elapsed() >= Duration::from_secs(8));
    caller.hears(say[1]).await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_speaks_is_not_silent() {
    let agent = agent().no_input(Duration::from_secs(8), ["Hello?"], WayOut::HangUp);
    let (mut caller, _) = call(Script::at_once(["Yes.", "Yes."]), agent).await;
    caller.hears("Hello.").await;
    for _ in 0..2 {
        caller.is_silent_for(Duration::from_secs(6)).await;
        caller.says("are you open").await;
        caller.hears("Yes.").await;
    }
    caller.is_silent_for(Duration::from_secs(6)).await;
    caller.hangs_up().await;
    caller.ended().await;
}

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
async fn a_filler_bridges_a_slow_answer_and_gives_way_to_it() {
    let model = Script::new([(ms(1_700), Ok("Yes.".into()))]);
    let agent = agent().filler(
        ms(1_000),
        "One moment please, I am looking that up for you.",
    );
    let (mut caller, history) = call(model, agent).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller
        .begins_to_hear("One moment please, I am looking that up for you.")
        .await;
    caller.hears_it_cut_off().await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(lock(&history).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_on_before_the_answer_is_answered_once() {
    let model = Script::new([
        (ms(5_000), Ok("Wrong.".into())),
        (ms(0), Ok("Right.".into())),
    ]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("my number is").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.says("five four three").await;
    caller.hears("Right.").await;
    caller.hangs_up().await;
    caller.ended().await;
    let history = lock(&history).clone();
    assert_eq!(
        history[1..],
        [
            user("my number is five four three"),
            Message::assistant("Right.")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_cough_before_the_answer_does_not_eat_it() {
    let model = Script::new([(ms(3_000), Ok("Yes.".into()))]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.sees(EventKind::TurnEnded).await;
    // A sound without words.
    caller.says("").await;
    caller.hears("Yes.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(lock(&history).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_too_long_ends() {
    let agent = agent().max_duration(Duration::from_secs(60));
    let (mut caller, _) = call(Script::default(), agent).await;
    caller.hears("Hello.").await;
    let up = tokio::time::Instant::now();
    caller.ended().await;
    let up = up.elapsed();
    assert!(
        up > Duration::from_secs(55) && up < Duration::from_secs(60),
        "{up:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_calls_tools_for_ever_has_to_answer_at_last() {
    let again = || Reply::new("").calling(tool_call("again", json!({})));
    let replies: Vec<Reply> = (0..8)
        .map(|_| again())
        .chain([Reply::new("Enough.")])
        .collect();
    let model = Script::at_once(replies);
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
async fn an_answer_that_comes_early_is_answered() {
    let question = "Would you like to make an appointment with us tomorrow in the morning?";
    let model = Script::at_once([question, "Fine."]);
    let (mut caller, history) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("good morning").await;
    caller.begins_to_hear(question).await;
    // Over the last words of the question, too short to interrupt it.
    let length = ms(65 * question.len() as u64);
    caller.is_silent_for(length.saturating_sub(ms(250))).await;
    caller.says("yes").await;
    caller.hears_the_rest().await;
    caller.hears("Fine.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(lock(&history)[3], user("yes"));
}

#[tokio::test(start_paused = true)]
async fn what_a_tool_has_done_is_not_done_again() {
    let order = Reply::new("").calling(tool_call("order", json!({})));
    let model = Script::new([
        (ms(0), Ok(order)),
        (ms(5_000), Ok("Never said.".into())),
        (ms(0), Ok("It is ordered.".into())),
    ]);
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
    let again = || Reply::new("").calling(tool_call("again", json!({})));
    let model = Script::at_once((0..50).map(|_| again()));
    let spec = ToolSpec::new("again", "", json!({ "type": "object" }));
    let tool = FnTool::new(spec, |_: Call, _| async { Ok("again".to_owned()) });
    let (mut caller, _) = call(model.clone(), agent().tool(tool)).await;
    caller.hears("Hello.").await;
    caller.says("go").await;
    caller.is_silent_for(Duration::from_secs(60)).await;
    assert_eq!(model.asked().len(), 9);
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
async fn what_a_tool_asks_the_caller_is_not_answered_again() {
    let cancel = Reply::new("").calling(tool_call("cancel", json!({})));
    let model = Script::at_once([cancel, Reply::new("It is cancelled.")]);
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
async fn a_language_is_heard_and_spoken() {
    struct German(Arc<Mutex<Vec<Option<String>>>>);
    impl SpeechToText for German {
        fn name(&self) -> &str {
            "german"
        }
        fn listen(
            &self,
            options: ListenOptions,
            mut input: Feed<SpeechInput>,
        ) -> Parts<Recognition> {
            lock(&self.0).push(options.language);
            Parts::made_by(|out| async move {
                while let Some(part) = input.next().await {
                    if part == SpeechInput::Ended {
                        let (text, confidence) = ("was kostet das".to_owned(), 1.0);
                        out.send(Recognition::Final { text, confidence }).await;
                    }
                }
                Ok(())
            })
        }
    }
    let languages = Arc::new(Mutex::new(Vec::new()));
    let asked = languages.clone();
    let model = Script::at_once(["Das kostet 5 €."]);
    let rehearsal =
        Rehearsal::of(Application::builder().language_model(model)).handler(move |call: Call| {
            let german = Arc::new(German(asked.clone()));
            async move {
                call.set_speech_to_text(german);
                // Another model does not disturb who listens.
                call.set_language_model(Arc::new(Script::at_once(["Das kostet 5 €."])));
                call.agent().run(&agent().language("de")).await
            }
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("was kostet das").await;
    caller.hears("Das kostet 5 Euro.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(*lock(&languages), [Some("de".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_hangs_is_given_up() {
    let model = Script::new([
        (Duration::from_secs(3_600), Ok("Never.".into())),
        (ms(0), Ok("Yes.".into())),
    ]);
    let (mut caller, _) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("are you open").await;
    caller.is_silent_for(Duration::from_secs(150)).await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("are you open").await;
    caller.hears("Yes.").await;
}
