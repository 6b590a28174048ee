//! Conversations with a speech-to-speech service that follows a script.

use std::collections::VecDeque;
use std::future::pending;

use tokio::time::Instant;

use super::super::voice::sound;
use super::*;
use crate::app::Application;
use crate::speech::{
    ProviderError, Reply, SpeechToSpeech, StopReason, TalkInput, TalkOptions, TalkPart, ToolCall,
};

/// What the service does when it is its turn: how long it thinks, what it understood, and what
/// comes then.
type Turn = (Duration, &'static str, Result<Reply, ProviderErrorKind>);

/// A service that follows a script, and keeps what it was given.
#[derive(Clone, Default)]
struct Service {
    turns: Arc<Mutex<VecDeque<Turn>>>,
    begun: Arc<Mutex<Vec<TalkOptions>>>,
    given: Arc<Mutex<Vec<TalkInput>>>,
    samples: Arc<Mutex<usize>>,
}

impl Service {
    fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        let service = Self::default();
        lock(&service.turns).extend(turns);
        service
    }

    fn given(&self) -> Vec<TalkInput> {
        lock(&self.given).clone()
    }
}

fn turn<R: Into<Reply>>(understood: &'static str, reply: R) -> Turn {
    (Duration::ZERO, understood, Ok(reply.into()))
}

impl SpeechToSpeech for Service {
    fn name(&self) -> &str {
        "service"
    }

    fn talk(&self, options: TalkOptions, mut input: Feed<TalkInput>) -> Parts<TalkPart> {
        let service = self.clone();
        lock(&service.begun).push(options);
        Parts::made_by(move |out| async move {
            let mut due: Option<(Instant, Turn)> = None;
            loop {
                let thought = async {
                    match &due {
                        Some((at, _)) => tokio::time::sleep_until(*at).await,
                        None => pending().await,
                    }
                };
                let given = tokio::select! {
                    biased;
                    given = input.next() => Some(given),
                    () = thought => None,
                };
                match given {
                    Some(None) => return Ok(()),
                    Some(Some(TalkInput::Audio(samples))) => {
                        *lock(&service.samples) += samples.len();
                    }
                    Some(Some(given)) => {
                        match &given {
                            TalkInput::Respond => {
                                let turn = lock(&service.turns).pop_front();
                                let turn = turn.unwrap_or_else(|| turn_of("No more."));
                                due = Some((Instant::now() + turn.0, turn));
                            }
                            TalkInput::Say(text) => due = Some((Instant::now(), turn_of(text))),
                            TalkInput::Interrupted { .. } if due.take().is_some() => {
                                out.send(TalkPart::Done(StopReason::End)).await;
                            }
                            _ => {}
                        }
                        lock(&service.given).push(given);
                    }
                    None => {
                        let Some((_, (_, understood, reply))) = due.take() else {
                            continue;
                        };
                        let fails = |kind| ProviderError::new("service", kind, "as written");
                        let reply = reply.map_err(fails)?;
                        for word in reply.text.split_inclusive(' ') {
                            out.send(TalkPart::Words(word.to_owned())).await;
                            // 60 ms for each letter.
                            let samples =
                                (0..480 * word.len()).map(|at| sound(at, 8_000)).collect();
                            let rate_hz = 8_000;
                            out.send(TalkPart::Audio { rate_hz, samples }).await;
                        }
                        for call in reply.tool_calls {
                            out.send(TalkPart::ToolCall(call)).await;
                        }
                        out.send(TalkPart::Done(StopReason::End)).await;
                        // As transcripts do, it comes late.
                        let text = understood.to_owned();
                        let is_final = true;
                        out.send(TalkPart::Caller { text, is_final }).await;
                    }
                }
            }
        })
    }
}

/// What is given to the service is told of without what the guard has made beforehand.
fn agent() -> AgentSettings {
    patient()
}

fn tool_call(name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: "1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
    }
}

fn turn_of(text: &str) -> Turn {
    (Duration::ZERO, "", Ok(Reply::new(text)))
}

/// A call to an agent with this service, and the history at its end.
async fn call(service: &Service, agent: AgentSettings) -> (Caller, Arc<Mutex<Vec<Message>>>) {
    let history = Arc::new(Mutex::new(Vec::new()));
    let kept = history.clone();
    let rehearsal = Rehearsal::of(Application::builder().speech_to_speech(service.clone()))
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

#[tokio::test(start_paused = true)]
async fn it_greets_answers_and_is_remembered() {
    let service = Service::new([
        turn("when do you open", "We open at nine."),
        turn("thank you", "Goodbye."),
    ]);
    let (mut caller, history) = call(&service, agent()).await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.hears("We open at nine. ".trim()).await;
    caller.says("thank you").await;
    caller.hears("Goodbye.").await;
    caller.is_silent_for(ms(100)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    // The rehearsal's own speech-to-text was not asked beside it.
    assert_eq!(conversation.count("user.transcript"), 2, "{conversation}");
    assert_eq!(conversation.count("agent.thinking"), 2);
    let expected = [
        Message::assistant("Hello."),
        user("when do you open"),
        Message::assistant("We open at nine."),
        Message::assistant("Goodbye."),
    ];
    let history = lock(&history).clone();
    let words: Vec<_> = history
        .iter()
        .filter(|one| **one != user("thank you"))
        .collect();
    assert_eq!(words, expected.iter().collect::<Vec<_>>());
    let begun = lock(&service.begun).clone();
    assert_eq!(begun.len(), 1);
    assert_eq!(begun[0].instructions, "Be brief.");
    let expected = [
        TalkInput::Say("Hello.".to_owned()),
        TalkInput::Respond,
        TalkInput::Respond,
    ];
    assert_eq!(service.given(), expected);
    assert!(*lock(&service.samples) > 8_000, "it heard the caller");
}

#[tokio::test(start_paused = true)]
async fn what_a_hang_up_cuts_is_remembered_as_far_as_it_was_heard() {
    let long = "We open at nine. On Sundays we are closed.";
    for we_hang_up in [false, true] {
        let service = Service::new([turn("when do you open", long)]);
        let (mut caller, history) = call(&service, agent()).await;
        caller.hears("Hello.").await;
        caller.says("when do you open").await;
        caller.begins_to_hear(long).await;
        caller.is_silent_for(ms(1_000)).await;
        endings::end(&mut caller, we_hang_up).await;
        caller.ended().await;
        let expected = [
            Message::assistant("Hello."),
            user("when do you open"),
            Message::assistant("We open at…"),
        ];
        assert_eq!(*lock(&history), expected, "{we_hang_up}");
    }
}

#[tokio::test(start_paused = true)]
async fn its_tools_are_run_and_their_results_reach_it() {
    let called =
        Reply::new("Let me look.").calling(tool_call("weather", json!({ "city": "Zomba" })));
    let service = Service::new([turn("how is the weather", called), turn("", "It is sunny.")]);
    let spec = ToolSpec::new("weather", "The weather.", json!({ "type": "object" }));
    let weather = FnTool::new(spec, |_: Call, arguments: Value| async move {
        tokio::time::sleep(ms(300)).await;
        Ok(format!(
            "sunny in {}",
            arguments["city"].as_str().unwrap_or("?")
        ))
    });
    let (mut caller, history) = call(&service, agent().tool(weather)).await;
    caller.hears("Hello.").await;
    caller.says("how is the weather").await;
    caller.hears("Let me look.").await;
    caller.hears("It is sunny.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(lock(&service.begun)[0].tools[0].name, "weather");
    let result = TalkInput::ToolResult {
        id: "1".to_owned(),
        name: "weather".to_owned(),
        result: "sunny in Zomba".to_owned(),
    };
    assert_eq!(service.given()[2..], [result, TalkInput::Respond]);
    let told = |message: &Message| matches!(message, Message::Tool { result, .. } if result == "sunny in Zomba");
    assert!(lock(&history).iter().any(told));
}

#[tokio::test(start_paused = true)]
async fn a_barge_in_tells_it_what_was_heard() {
    let long = "First I would like to tell you about our opening hours, which are long. Then \
                about the prices, which are low. And then about everything else.";
    let service = Service::new([
        turn("tell me something", long),
        turn("stop", "Nine to five."),
    ]);
    let (mut caller, history) = call(&service, agent()).await;
    caller.hears("Hello.").await;
    caller.says("tell me something").await;
    caller.sees(EventKind::AgentSpeechStarted).await;
    caller.is_silent_for(ms(1_500)).await;
    caller.says("no stop just tell me the hours please").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.hears("Nine to five.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let ended = conversation
        .events()
        .iter()
        .find_map(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::AgentSpeechEnded(ended)) if ended.interrupted => {
                Some(ended.clone())
            }
            _ => None,
        });
    let ended = ended.unwrap();
    let given = service.given();
    let TalkInput::Interrupted { heard } = given[2] else {
        panic!("{given:?}");
    };
    assert!(heard > ms(1_500) && heard < ms(4_000), "{heard:?}");
    assert_eq!(u128::from(ended.heard_ms), heard.as_millis());
    assert_eq!(given[3], TalkInput::Respond);
    let history = lock(&history).clone();
    let cut = history
        .iter()
        .find(|one| one.text().ends_with('…'))
        .unwrap();
    let heard = cut.text().trim_end_matches('…');
    assert!(
        long.starts_with(heard) && heard.len() < long.len() / 2,
        "{heard}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_on_is_answered_once() {
    let service = Service::new([
        (Duration::from_secs(4), "", Ok(Reply::new("At nine."))),
        turn("on sundays", "On Sundays we are closed."),
    ]);
    let (mut caller, _) = call(&service, agent()).await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.sees(EventKind::TurnEnded).await;
    caller.says("on sundays I mean").await;
    caller.hears("On Sundays we are closed.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert!(
        !conversation.to_string().contains("At nine"),
        "{conversation}"
    );
    let heard = Duration::ZERO;
    let given_up = [TalkInput::Interrupted { heard }, TalkInput::Respond];
    assert_eq!(service.given()[2..], given_up);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_it_goes_on_with_what_was_said() {
    let fails = Err(ProviderErrorKind::Unavailable);
    let service = Service::new([
        turn("hello", "Good morning."),
        (Duration::ZERO, "", fails),
        turn("when do you open", "At nine."),
    ]);
    let (mut caller, _) = call(&service, agent()).await;
    caller.hears("Hello.").await;
    caller.says("hello there").await;
    caller.hears("Good morning.").await;
    caller.says("when do you open").await;
    caller.hears(&OnFailure::default().say).await;
    caller.says("when do you open").await;
    caller.hears("At nine.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 1, "{conversation}");
    let begun = lock(&service.begun).clone();
    assert_eq!(begun.len(), 2);
    assert!(begun[0].history.is_empty());
    let good_morning = Message::assistant("Good morning.");
    assert!(begun[1].history.contains(&good_morning), "{begun:?}");
    assert_eq!(begun[1].instructions, "Be brief.");
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_again_is_left_by_the_way_out() {
    let fails = || (Duration::ZERO, "", Err(ProviderErrorKind::Unavailable));
    let service = Service::new([fails(), fails()]);
    let way = WayOut::Transfer("PJSIP/200".to_owned());
    let agent = agent().on_failure("One moment.", way);
    let (mut caller, _) = call(&service, agent).await;
    caller.hears("Hello.").await;
    caller.says("hello").await;
    caller.hears("One moment.").await;
    caller.says("hello again").await;
    caller.hears("One moment.").await;
    caller.is_transferred_to("PJSIP/200").await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_is_asked_by_it_and_then_left() {
    let service = Service::default();
    let agent = agent().no_input(Duration::from_secs(8), ["Are you there?"], WayOut::HangUp);
    let (mut caller, _) = call(&service, agent).await;
    caller.hears("Hello.").await;
    caller.hears("Are you there?").await;
    caller.ended().await;
    assert_eq!(
        service.given()[1],
        TalkInput::Say("Are you there?".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn it_can_hang_up() {
    let called = Reply::new("Goodbye.").calling(tool_call("hang_up", json!({})));
    let service = Service::new([turn("bye", called)]);
    let (mut caller, _) = call(&service, agent().tool(tools::hang_up())).await;
    caller.hears("Hello.").await;
    caller.says("bye").await;
    caller.hears("Goodbye.").await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}
