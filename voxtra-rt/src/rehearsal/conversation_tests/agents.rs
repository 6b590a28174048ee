//! What is settled of several agents before the call, and what holds when the caller changes hands.

use super::hand_over::{Named, instructions, team, to};
use super::*;
use crate::session::{Agents, Lookup};
use crate::speech::TextToSpeech;

/// An agent that says so, and may hand the caller over to the other.
fn one_of_two(name: &str, other: &str) -> AgentSettings {
    AgentSettings::new(format!("{name}.")).hand_over([other])
}

#[tokio::test(start_paused = true)]
async fn everybody_looks_up_before_the_call_is_answered_and_once() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let looks_up = |agent: &'static str| {
        let asked = asked.clone();
        Lookup::new([("name", "nobody")], move |_: Call| {
            lock(&asked).push(agent);
            async move {
                tokio::time::sleep(ms(1_500)).await;
                Ok([("name".to_owned(), format!("found by {agent}"))].into())
            }
        })
    };
    let greeting = "{{lookup.name}}.";
    let reception = one_of_two("{{lookup.name}}", "billing").greeting(greeting);
    let billing = one_of_two("{{lookup.name}}", "reception");
    let elsewhere = AgentSettings::new("Never reached.").lookup(looks_up("elsewhere"));
    let agents = Agents::new()
        .agent("reception", reception.lookup(looks_up("reception")))
        .agent("billing", billing.lookup(looks_up("billing")))
        .agent("elsewhere", elsewhere);
    let model = ScriptedModel::new([
        to("billing"),
        "Yes?".into(),
        to("reception"),
        "Hm.".into(),
        to("billing"),
        "Well?".into(),
    ]);
    let mut caller = team(agents, model.clone()).await;
    caller.hears("found by reception.").await;
    assert_eq!(*lock(&asked), ["reception", "billing"]);
    let call = caller.call().clone();
    let noted = || call.get_metadata("lookup.name").unwrap_or_default();
    assert_eq!(noted(), "found by reception");
    for (says, hears, finder) in [
        ("my bill please", "Yes?", "found by billing"),
        ("something else", "Hm.", "found by reception"),
        ("my bill again", "Well?", "found by billing"),
    ] {
        caller.says(says).await;
        caller.hears(hears).await;
        assert_eq!(noted(), finder);
        let told = model.asked().pop().unwrap();
        assert_eq!(instructions(&told), format!("{finder}."));
    }
    assert_eq!(*lock(&asked), ["reception", "billing"]);
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_next_agent_is_found_before_the_call_is_answered() {
    let good = one_of_two("Billing", "reception");
    for (wrong, reason) in [
        (
            good.clone().greeting("{{unknown}}"),
            "no variable {{unknown}}",
        ),
        (good.clone().time_zone("Europe/Blantyre"), "no time zone"),
        (good.clone().variable("date", "today"), "can't be set"),
    ] {
        let agents = Agents::new()
            .agent("reception", agent().hand_over(["billing"]))
            .agent("billing", wrong);
        let conversation = team(agents, ScriptedModel::default()).await.ended().await;
        assert_eq!(conversation.count("call.answered"), 0, "{conversation}");
        assert!(
            conversation.to_string().contains(reason),
            "{reason}: {conversation}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_model_is_found_before_the_call_is_answered() {
    let model: Arc<dyn crate::speech::LanguageModel> = Arc::new(ScriptedModel::default());
    let reception = agent().hand_over(["billing"]).language_model(model);
    let agents = Agents::new()
        .agent("reception", reception)
        .agent("billing", one_of_two("Billing", "reception"));
    let rehearsal = Rehearsal::new().handler(move |call: Call| {
        let agents = agents.clone();
        async move { call.agent().run_agents(&agents, "reception").await }
    });
    let conversation = rehearsal.call("1000").await.ended().await;
    assert_eq!(conversation.count("call.answered"), 0, "{conversation}");
    let reason = CallError::NoLanguageModel.to_string();
    assert!(conversation.to_string().contains(&reason), "{conversation}");
}

/// Nobody but the agent itself speaks.
fn without_clips(agent: AgentSettings) -> AgentSettings {
    agent.dead_air(Duration::ZERO, "", Duration::ZERO)
}

/// A call that switches to German and is handed over to this agent; who has said what.
async fn german_caller(billing: AgentSettings, spoken: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    let voice = |name| -> Arc<dyn TextToSpeech> { Arc::new(Named(name, spoken.clone())) };
    let switch = tools::switch_language([("de", voice("reception/de"))]);
    let reception = one_of_two("Reception", "billing").language("en");
    let agents = Agents::new()
        .agent(
            "reception",
            without_clips(reception.voice(voice("reception")).tool(switch)),
        )
        .agent("billing", without_clips(billing.hand_over(["reception"])));
    let model = ScriptedModel::new([
        ScriptedReply::default().calls("switch_language", json!({ "language": "de" })),
        "Das sind 5 €.".into(),
        to("billing"),
        "It is 5 €.".into(),
    ]);
    let mut caller = team(agents, model).await;
    caller.says("deutsch bitte").await;
    caller.hears("Das sind 5 Euro.").await;
    caller.says("meine Rechnung").await;
    caller.sees(EventKind::AgentChanged).await;
    caller.sees(EventKind::AgentSpeechEnded).await;
    caller.hangs_up().await;
    caller.ended().await;
    lock(spoken).drain(..).skip(1).collect()
}

#[tokio::test(start_paused = true)]
async fn voice_and_language_stay_together_when_the_caller_is_handed_over() {
    let spoken = Arc::new(Mutex::new(Vec::new()));
    let voice = |name| -> Arc<dyn TextToSpeech> { Arc::new(Named(name, spoken.clone())) };
    let billing = AgentSettings::new("Billing.").voice(voice("billing"));
    let both = || tools::switch_language([("en", voice("x")), ("de", voice("billing/de"))]);
    let german = billing.clone().language("en").tool(both());
    assert_eq!(
        german_caller(german, &spoken).await,
        ["billing/de: It is 5 Euro."]
    );
    let english = billing.clone().language("en");
    assert_eq!(
        german_caller(english, &spoken).await,
        ["billing: It is 5 euros."]
    );
    // Its voice speaks whatever it speaks: German it was not told.
    assert_eq!(
        german_caller(billing, &spoken).await,
        ["billing: It is 5 €."]
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_is_handed_over_after_the_agents_have_returned() {
    let agents = Agents::new()
        .agent(
            "reception",
            one_of_two("Reception", "billing").no_input(ms(2_000), [""; 0], WayOut::Return),
        )
        .agent("billing", one_of_two("Billing", "reception"));
    let model = ScriptedModel::new([to("billing"), "Which bill?".into(), "Bye.".into()]);
    let rehearsal = Rehearsal::new()
        .language_model(model.clone())
        .handler(move |call: Call| {
            let agents = agents.clone();
            async move {
                call.agent().run_agents(&agents, "reception").await?;
                call.agent().answer("my bill please").await?;
                call.agent().run_agents(&agents, "reception").await
            }
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Which bill?").await;
    let asked = model.asked();
    assert!(asked[0].tools.is_empty(), "{:?}", asked[0].tools);
    assert!(asked[1].messages.last().unwrap().text().contains("no tool"));
    caller.says("the last one").await;
    caller.hears("Bye.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("agent.changed"), 0, "{conversation}");
}
