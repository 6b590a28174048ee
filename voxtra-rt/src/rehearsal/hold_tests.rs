//! Calls on hold, muted, and not answered yet, in virtual time.

use std::time::Duration;

use voxtra_core::event::{EndReason, EventKind};
use voxtra_core::leg::{LegSettings, WhileHeld};

use super::{Caller, FarEnd, Rehearsal};
use crate::app::Application;
use crate::session::{AgentSettings, Call, CallError, CallStatus, HandlerError, Side, WayOut};
use crate::speech::{ScriptedModel, ScriptedReply};

const LONG: &str = "This takes a while: it has more than a hundred characters, and each of them takes as long as the others do.";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn call<F, R>(rehearsal: Rehearsal, agent: F) -> Caller
where
    F: Fn(Call) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    rehearsal.handler(agent).call("1000").await
}

/// The events about holding, each with its `by`.
fn holds(conversation: &super::Transcript) -> Vec<String> {
    let about = |text: &String| text.starts_with("call.held") || text.starts_with("call.resumed");
    let texts = conversation.events().iter().map(|event| event.to_string());
    texts.filter(about).collect()
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_holds_says_the_rest_afterwards_and_counts_no_silence() {
    let agent = async |call: Call| {
        call.answer().await?;
        let (said, held) = tokio::join!(async { call.say(LONG).await }, async {
            tokio::time::sleep(seconds(2)).await;
            call.hold().music("jazz").await?;
            assert_eq!(call.status(), CallStatus::Held);
            tokio::time::sleep(seconds(40)).await;
            call.unhold().await?;
            assert_eq!(call.status(), CallStatus::Answered);
            Ok::<_, CallError>(())
        });
        held?;
        assert!(said?.completed);
        call.hangup().await?;
        Ok(())
    };
    let mut caller = call(Rehearsal::new(), agent).await;
    caller.begins_to_hear(LONG).await;
    caller.sees(EventKind::CallHeld).await;
    caller.is_silent_for(seconds(1)).await;
    caller.says("Is anybody there?").await;
    caller.presses("5").await;
    caller.hears_the_rest().await;
    let conversation = caller.ended().await;
    assert_eq!(
        holds(&conversation),
        ["call.held by=agent", "call.resumed by=agent"],
        "{conversation}"
    );
    for kind in ["user.speech.started", "silence.detected", "error"] {
        assert_eq!(conversation.count(kind), 0, "{conversation}");
    }
    assert_eq!(conversation.count("dtmf.received"), 1);
    let longest = seconds(2 + 41) + Duration::from_millis(60) * LONG.len() as u32;
    assert!(conversation.duration() < longest, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn the_call_goes_on_when_neither_side_holds_it() {
    let agent = async |call: Call| {
        call.answer().await?;
        call.say("Hello.").await?;
        call.hold().silent().await?;
        // Again, which tells nothing.
        call.hold().await?;
        tokio::time::sleep(seconds(20)).await;
        call.unhold().await?;
        // The far end still holds the call.
        assert_eq!(call.status(), CallStatus::Held);
        let refused = call.unhold().await.unwrap_err();
        assert!(matches!(refused, CallError::NotNow { .. }), "{refused}");
        call.say("Welcome back.").await?;
        call.hangup().await?;
        Ok(())
    };
    let mut caller = call(Rehearsal::new(), agent).await;
    caller.hears("Hello.").await;
    caller.sees(EventKind::CallHeld).await;
    caller.puts_on_hold().await;
    caller.is_silent_for(seconds(40)).await;
    assert_eq!(caller.transcript().count("agent.speech.started"), 1);
    caller.takes_off_hold().await;
    caller.hears("Welcome back.").await;
    let conversation = caller.ended().await;
    let expected = [
        "call.held by=agent",
        "call.held by=far_end",
        "call.resumed by=agent",
        "call.resumed by=far_end",
    ];
    assert_eq!(holds(&conversation), expected, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn what_is_being_said_is_dropped_if_the_settings_say_so() {
    let agent = async |call: Call| {
        call.answer().await?;
        assert!(call.say(LONG).await?.is_interrupted());
        call.say("Where were we?").await?;
        call.hangup().await?;
        Ok(())
    };
    let leg = LegSettings::default().with(|leg| leg.while_held = WhileHeld::Drop);
    let rehearsal = Rehearsal::of(Application::builder().leg(leg));
    let mut caller = call(rehearsal, agent).await;
    caller.begins_to_hear(LONG).await;
    caller.puts_on_hold().await;
    caller.hears_it_cut_off().await;
    caller.is_silent_for(seconds(30)).await;
    caller.takes_off_hold().await;
    caller.hears("Where were we?").await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("barge_in"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_answer_stands_still_on_hold() {
    let agent = async |call: Call| {
        call.answer().await?;
        call.say("Your name?").await?;
        let words = call.listen(seconds(5)).await?;
        assert_eq!(words.as_deref(), Some("Chikondi"));
        call.say("Your number?").await?;
        let digits = call.listen_dtmf(4, seconds(5)).await?;
        assert_eq!(digits, "12");
        call.hangup().await?;
        Ok(())
    };
    let mut caller = call(Rehearsal::new(), agent).await;
    caller.hears("Your name?").await;
    caller.is_silent_for(seconds(3)).await;
    caller.puts_on_hold().await;
    caller.is_silent_for(seconds(100)).await;
    caller.takes_off_hold().await;
    // 2 s are left, of which the words take half a second.
    caller.is_silent_for(seconds(1)).await;
    caller.says("Chikondi").await;
    caller.hears("Your number?").await;
    caller.presses("1").await;
    caller.puts_on_hold().await;
    caller.is_silent_for(seconds(10)).await;
    caller.presses("2").await;
    caller.takes_off_hold().await;
    let from = tokio::time::Instant::now();
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    // 5 s off hold after the second key.
    assert!(
        (seconds(4)..seconds(6)).contains(&from.elapsed()),
        "{conversation}"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_whether_they_are_still_there_on_hold() {
    let model = ScriptedModel::new([ScriptedReply::says("We open at nine.")]);
    let settings = AgentSettings::new("Be brief.").greeting("Hello.").no_input(
        seconds(5),
        ["Are you still there?"],
        WayOut::HangUp,
    );
    let rehearsal = Rehearsal::new().language_model(model);
    let mut caller = call(rehearsal, move |call: Call| {
        let settings = settings.clone();
        async move {
            let (run, held) = tokio::join!(async { call.agent().run(&settings).await }, async {
                tokio::time::sleep(seconds(3)).await;
                call.hold().await?;
                tokio::time::sleep(seconds(50)).await;
                call.unhold().await
            });
            held?;
            Ok(run?)
        }
    })
    .await;
    caller.hears("Hello.").await;
    caller.sees(EventKind::CallResumed).await;
    assert_eq!(caller.transcript().count("agent.speech.started"), 1);
    caller.says("when do you open").await;
    caller.hears("We open at nine.").await;
    caller.hears("Are you still there?").await;
    caller.hangs_up().await;
    caller.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_held_caller_is_transferred_or_held_again() {
    let agent = async |call: Call| {
        assert!(matches!(call.hold().await, Err(CallError::NotAnswered)));
        call.answer().await?;
        call.hold().await?;
        let failed = call.transfer("PJSIP/busy").await.unwrap_err();
        assert!(
            matches!(failed, CallError::TransferFailed { .. }),
            "{failed}"
        );
        assert_eq!(call.status(), CallStatus::Held);
        call.transfer("PJSIP/200").await?;
        assert_eq!(call.status(), CallStatus::Transferred);
        let refused = call.hold().await.unwrap_err();
        assert!(
            matches!(&refused, CallError::AlreadyTransferred { target } if target == "PJSIP/200"),
            "{refused}"
        );
        call.emit_error("all", "is well".into()).await;
        Ok(())
    };
    let rehearsal = Rehearsal::new().endpoint("PJSIP/busy", FarEnd::Busy);
    let mut caller = call(rehearsal, agent).await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 1, "{conversation}");
    assert_eq!(holds(&conversation), ["call.held by=agent"]);
}

#[tokio::test(start_paused = true)]
async fn a_muted_caller_says_nothing_and_a_muted_agent_speaks_on() {
    let agent = async |call: Call| {
        call.answer().await?;
        call.mute(Side::Both).await?;
        let spoken = call.say("Nobody hears this.").await?;
        assert!(spoken.completed);
        tokio::time::sleep(seconds(3)).await;
        call.unmute(Side::Both).await?;
        call.say("Now?").await?;
        assert!(call.listen(seconds(5)).await?.is_some());
        call.hangup().await?;
        Ok(())
    };
    let mut caller = call(Rehearsal::new(), agent).await;
    caller.begins_to_hear("Nobody hears this.").await;
    caller.says("stop it").await;
    caller.hears_the_rest().await;
    caller.hears("Now?").await;
    caller.says("yes").await;
    let conversation = caller.ended().await;
    assert_eq!(
        conversation.count("user.speech.started"),
        1,
        "{conversation}"
    );
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_call_is_heard_before_it_is_answered_and_refused_only_before() {
    let agent = async |call: Call| {
        call.ring().await?;
        call.progress().await?;
        call.progress().await?;
        assert_eq!(call.status(), CallStatus::Created);
        call.say("Hold the line.").await?;
        assert_eq!(call.listen(seconds(5)).await?.as_deref(), Some("gladly"));
        call.answer().await?;
        assert_eq!(call.status(), CallStatus::Answered);
        for refused in [
            call.ring().await,
            call.progress().await,
            call.reject(EndReason::UserBusy).await,
        ] {
            assert!(
                matches!(refused, Err(CallError::NotNow { .. })),
                "{refused:?}"
            );
        }
        call.say("Here I am.").await?;
        call.hangup().await?;
        Ok(())
    };
    let mut caller = call(Rehearsal::new(), agent).await;
    caller.hears("Hold the line.").await;
    caller.says("gladly").await;
    caller.sees(EventKind::CallAnswered).await;
    caller.hears("Here I am.").await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("media.started"), 1, "{conversation}");
    assert_eq!(conversation.count("call.answered"), 1, "{conversation}");
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_a_reason_that_a_line_can_express() {
    for (reason, told) in [
        (EndReason::UserBusy, "user_busy"),
        (EndReason::NormalClearing, "call_rejected"),
    ] {
        let agent = move |call: Call| async move { Ok(call.reject(reason).await?) };
        let caller = call(Rehearsal::new(), agent).await;
        let text = caller.ended().await.to_string();
        assert!(
            text.contains(&format!("call.ended reason=\"{told}\"")),
            "{text}"
        );
    }
}
