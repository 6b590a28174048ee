//! Agents that hand the caller over to each other, and voices and languages that change.

use super::*;
use crate::session::Agents;
use crate::speech::{SpeechPart, TextToSpeech, text_by_text};

/// Keeps what it says, behind its name.
struct Named(&'static str, Arc<Mutex<Vec<String>>>);

impl TextToSpeech for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart> {
        let (name, said) = (self.0, self.1.clone());
        text_by_text(texts, move |text| {
            lock(&said).push(format!("{name}: {text}"));
            Parts::whole([SpeechPart::audio(line_hz, vec![1_000; 8_000])])
        })
    }
}

fn to(agent: &str) -> ScriptedReply {
    ScriptedReply::default().calls("hand_over", json!({ "agent": agent }))
}

async fn team(agents: Agents, model: ScriptedModel) -> Caller {
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let agents = agents.clone();
            async move { call.agent().run_agents(&agents, "reception").await }
        });
    rehearsal.call("1000").await
}

fn instructions(request: &crate::speech::ModelRequest) -> &str {
    request.messages[0].text()
}

#[tokio::test(start_paused = true)]
async fn the_next_agent_goes_on_with_what_was_said() {
    let spoken = Arc::new(Mutex::new(Vec::new()));
    let spec = ToolSpec::new("bills", "", json!({ "type": "object" }));
    let bills = FnTool::new(spec, |_: Call, _| async { Ok("none".to_owned()) });
    let voice = |name| Arc::new(Named(name, spoken.clone()));
    let agents = Agents::new()
        .agent(
            "reception",
            AgentSettings::new("Reception.")
                .greeting("Hello.")
                .language("en")
                .tool(tools::hang_up())
                .hand_over(["billing"]),
        )
        .agent(
            "billing",
            AgentSettings::new("Billing.")
                .greeting("Never said.")
                .language("de")
                .voice(voice("billing"))
                .dead_air(Duration::ZERO, "", Duration::ZERO)
                .tool(bills)
                .hand_over(["reception"]),
        );
    let model = ScriptedModel::new([
        ScriptedReply::says("I connect you.").calls("hand_over", json!({ "agent": "billing" })),
        "Your bill is 5 €.".into(),
        "You're welcome.".into(),
    ]);
    let mut caller = team(agents, model.clone()).await;
    caller.hears("Hello.").await;
    caller.says("what about my bill").await;
    caller.hears("I connect you.").await;
    caller.sees(EventKind::AgentChanged).await;
    caller.hears("Your bill is 5 Euro.").await;
    caller.says("thanks").await;
    caller.hears("You're welcome.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert!(
        conversation
            .to_string()
            .contains(r#"agent.changed from="reception" to="billing""#),
        "{conversation}"
    );
    assert_eq!(
        *lock(&spoken),
        ["billing: Your bill is 5 Euro.", "billing: You're welcome."]
    );
    let asked = model.asked();
    let tools = |n: usize| -> Vec<&str> {
        asked[n]
            .tools
            .iter()
            .map(|tool| tool.name.as_str())
            .collect()
    };
    assert_eq!(instructions(&asked[0]), "Reception.");
    assert_eq!(tools(0), ["hang_up", "hand_over"]);
    assert_eq!(instructions(&asked[1]), "Billing.");
    assert_eq!(tools(1), ["bills", "hand_over"]);
    let texts: Vec<&str> = asked[1].messages[1..].iter().map(Message::text).collect();
    let result = "The caller is with billing now. You are billing: go on.";
    assert_eq!(
        texts,
        ["Hello.", "what about my bill", "I connect you.", result]
    );
    assert_eq!(instructions(&asked[2]), "Billing.");
}

#[tokio::test(start_paused = true)]
async fn the_first_agent_comes_back_with_the_voice_of_the_call() {
    let spoken = Arc::new(Mutex::new(Vec::new()));
    let billing = AgentSettings::new("Billing.")
        .voice(Arc::new(Named("billing", spoken.clone())))
        .dead_air(Duration::ZERO, "", Duration::ZERO);
    let agents = Agents::new()
        .agent(
            "reception",
            AgentSettings::new("Reception.").hand_over(["billing"]),
        )
        .agent("billing", billing.hand_over(["reception"]));
    let model = ScriptedModel::new([to("billing"), "Yes?".into(), to("reception"), "Hm.".into()]);
    let mut caller = team(agents, model.clone()).await;
    caller.says("my bill please").await;
    caller.hears("Yes?").await;
    caller.says("no, something else").await;
    caller.hears("Hm.").await;
    assert_eq!(*lock(&spoken), ["billing: Yes?"]);
    assert_eq!(instructions(&model.asked()[3]), "Reception.");
}

#[tokio::test(start_paused = true)]
async fn agents_do_not_hand_the_caller_round_for_ever() {
    let agents = Agents::new()
        .agent(
            "reception",
            AgentSettings::new("Reception.").hand_over(["billing"]),
        )
        .agent(
            "billing",
            AgentSettings::new("Billing.").hand_over(["reception"]),
        );
    let round = ["billing", "reception", "billing", "reception"];
    let replies = round.map(to).into_iter().chain(["I can help.".into()]);
    let model = ScriptedModel::new(replies);
    let mut caller = team(agents, model.clone()).await;
    caller.says("my bill please").await;
    caller.hears("I can help.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("agent.changed"), 3, "{conversation}");
    let last = model.asked().pop().unwrap();
    assert!(last.messages.last().unwrap().text().contains("too often"));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_not_there_is_named_before_the_call_is_answered() {
    let agents = Agents::new().agent("reception", agent().hand_over(["biling"]));
    let conversation = team(agents, ScriptedModel::default()).await.ended().await;
    assert_eq!(conversation.count("call.answered"), 0, "{conversation}");
    assert!(
        conversation
            .to_string()
            .contains("there is no agent \\\"biling\\\""),
        "{conversation}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_voice_and_a_language_that_change_hold_from_the_next_sentence() {
    let spoken = Arc::new(Mutex::new(Vec::new()));
    let german: Arc<dyn TextToSpeech> = Arc::new(Named("german", spoken.clone()));
    let english: Arc<dyn TextToSpeech> = Arc::new(Named("english", spoken.clone()));
    let switch = tools::switch_language([("en", english), ("de", german)]);
    let model = ScriptedModel::new([
        ScriptedReply::says("That is 5 €.").calls("switch_language", json!({ "language": "de" })),
        "Das sind 5 €.".into(),
    ]);
    let (mut caller, _) = call(model, agent().language("en").tool(switch)).await;
    caller.hears("Hello.").await;
    caller.says("how much is it").await;
    caller.hears("That is 5 euros.").await;
    caller.hears("Das sind 5 Euro.").await;
    assert_eq!(*lock(&spoken), ["german: Das sind 5 Euro."]);
}
