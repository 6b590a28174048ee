//! How long agents may let their callers wait.

use super::*;
use crate::session::{Agents, Objectives};

fn wants(limit_ms: u64) -> Objectives {
    Objectives::new().heard_silence_p95(ms(limit_ms))
}

/// A call of one turn, whose model takes so long.
async fn thinking(think_ms: u64, objectives: Objectives) -> Transcript {
    let model = ScriptedModel::new([late(think_ms, "We open at nine.")]);
    let (mut caller, _) = call(model, patient().objectives(objectives)).await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.hears("We open at nine.").await;
    caller.hangs_up().await;
    caller.ended().await
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_too_long_tells_of_it_once_before_its_end() {
    let conversation = thinking(2_000, wants(1_500)).await;
    let missed = conversation.missed_objectives();
    assert_eq!(missed.len(), 1, "{conversation}");
    assert_eq!(missed[0].objective, "heard_silence_p95_ms");
    assert_eq!((missed[0].limit_ms, missed[0].turns), (1_500, 1));
    assert!((2_500..3_500).contains(&missed[0].actual_ms), "{missed:?}");
    let wires = conversation.events().iter().map(|event| event.wire());
    let wires: Vec<_> = wires.map(|wire| wire.to_string()).collect();
    let place = |name: &str| wires.iter().position(|wire| wire == name);
    assert!(
        place("turn.measured") < place("objective.missed"),
        "{wires:?}"
    );
    assert!(place("objective.missed") < place("call.ended"), "{wires:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_keeps_to_them_passes() {
    thinking(200, wants(1_500)).await.assert_objectives();
    // Nobody wants anything.
    thinking(5_000, Objectives::new()).await.assert_objectives();
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "objectives are missed")]
async fn a_rehearsal_that_misses_them_fails() {
    thinking(2_000, wants(1_500)).await.assert_objectives();
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_in_silence_counts() {
    let model = ScriptedModel::new([ScriptedReply::says("").hangs()]);
    let (mut caller, _) = call(model, patient().objectives(wants(3_000))).await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller.is_silent_for(ms(6_000)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let missed = conversation.missed_objectives();
    assert_eq!(missed.len(), 1, "{conversation}");
    assert!(missed[0].actual_ms > 5_000, "{missed:?}");
}

#[tokio::test(start_paused = true)]
async fn each_agent_has_its_own() {
    let hand_over = ScriptedReply::says("").calls("hand_over", json!({ "agent": "billing" }));
    let model = ScriptedModel::new([
        hand_over,
        ScriptedReply::says("What is it?"),
        late(2_000, "I see."),
    ]);
    let billing = AgentSettings::new("Bills.").objectives(wants(1_500));
    let agents = Agents::new()
        .agent(
            "reception",
            agent().hand_over(["billing"]).objectives(wants(60_000)),
        )
        .agent("billing", billing);
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let agents = agents.clone();
            async move { call.agent().run_agents(&agents, "reception").await }
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("my bill").await;
    caller.hears("What is it?").await;
    caller.says("it is wrong").await;
    caller.hears("I see.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let missed = conversation.missed_objectives();
    assert_eq!(missed.len(), 1, "{conversation}");
    assert_eq!(
        (missed[0].agent.as_str(), missed[0].limit_ms),
        ("billing", 1_500)
    );
}
