use std::sync::{Arc, Mutex};

use voxtra_core::event::{BuiltIn, EndReason};

use super::*;
use crate::app::{Handler, OnHandlerEnd, Outbound};
use crate::session::{CallError, EventBody};

const LONG: &str = "Our opening hours are Monday to Friday, from eight in the morning to six.";

async fn reception(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.say("Welcome. Press one for sales, two for support.")
        .await?;
    match call.listen_dtmf(1, Duration::from_secs(10)).await?.as_str() {
        "1" => {
            if call.transfer("PJSIP/200").await.is_err() {
                call.say("Nobody is there.").await?;
                call.hangup().await?;
            }
        }
        "2" => {
            while let Some(words) = call.listen(Duration::from_secs(10)).await? {
                call.say(&format!("You said {words}.")).await?;
            }
            call.hangup().await?;
        }
        _ => {
            call.say("Goodbye.").await?;
            call.hangup().await?;
        }
    }
    Ok(())
}

const WELCOME: &str = "Welcome. Press one for sales, two for support.";

/// Runs a script twice; the two must be the same to the millisecond.
async fn twice<F: Future<Output = Transcript>>(script: impl Fn() -> F) -> Transcript {
    let (first, second) = (script().await, script().await);
    assert_eq!(first.to_string(), second.to_string());
    first
}

#[tokio::test(start_paused = true)]
async fn a_caller_presses_one_and_is_transferred() {
    let conversation = twice(|| async {
        let rehearsal = Rehearsal::new().handler(reception).from("+265999000001");
        let mut caller = rehearsal.call("2000").await;
        assert_eq!(caller.call().caller_id(), "+265999000001");
        caller.hears(WELCOME).await;
        caller.presses("1").await;
        caller.is_transferred_to("PJSIP/200").await;
        caller.is_silent_for(Duration::from_secs(3_600)).await;
        caller.hangs_up().await;
        caller.ended().await
    })
    .await;
    assert_eq!(conversation.count("dtmf.received"), 1);
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    assert!(conversation.duration() > Duration::from_secs(3_600));
}

#[tokio::test(start_paused = true)]
async fn a_refused_transfer_leaves_the_caller_with_the_agent() {
    let rehearsal = Rehearsal::new().handler(reception);
    let rehearsal = rehearsal.endpoint("PJSIP/200", FarEnd::Busy);
    let mut caller = rehearsal.call("2000").await;
    caller.hears(WELCOME).await;
    caller.presses("1").await;
    caller.hears("Nobody is there.").await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("call.transferred"), 0);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_to_transfer_is_told_and_the_ring_time_is_the_agents() {
    let agent = |call: Call| async move {
        call.answer().await?;
        let refused = call
            .transfer("PJSIP/200")
            .ring(Duration::from_secs(7))
            .await;
        let Err(CallError::TransferFailed { reason, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(reason, EndReason::NoAnswer);
        call.transfer("PJSIP/300").await
    };
    let rehearsal = Rehearsal::new().handler(agent);
    let rehearsal = rehearsal.endpoint("PJSIP/200", FarEnd::NoAnswer);
    let mut caller = rehearsal.call("2000").await;
    caller.is_transferred_to("PJSIP/300").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let at = |wire: &str| {
        let mut events = conversation.events().iter();
        let event = events.find(|event| event.wire() == wire).unwrap();
        conversation.at(event)
    };
    assert_eq!(conversation.count("call.transfer.started"), 2);
    assert_eq!(conversation.count("call.transfer.failed"), 1);
    let rang = at("call.transfer.failed") - at("call.transfer.started");
    assert_eq!(rang.as_secs(), 7);
    // The ringback tone is not speech of the agent.
    assert_eq!(conversation.count("agent.speech.started"), 0);
}

#[tokio::test(start_paused = true)]
async fn on_hold_the_agent_waits_and_no_silence_is_told() {
    let mut caller = Rehearsal::new().handler(reception).call("2000").await;
    caller.begins_to_hear(WELCOME).await;
    caller.puts_on_hold().await;
    caller.puts_on_hold().await;
    caller.is_silent_for(Duration::from_secs(60)).await;
    caller.takes_off_hold().await;
    caller.hears_the_rest().await;
    caller.presses("1").await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("call.held"), 1, "{conversation}");
    assert_eq!(conversation.count("call.resumed"), 1);
    assert_eq!(conversation.count("silence.detected"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_transferred_caller_is_not_transferred_again() {
    let agent = |call: Call| async move {
        call.answer().await?;
        call.transfer("PJSIP/200").await?;
        let again = call.transfer("PJSIP/300").await;
        assert!(
            matches!(&again, Err(CallError::AlreadyTransferred { target }) if target == "PJSIP/200"),
            "{again:?}"
        );
        call.emit_error("second_transfer", "refused".into()).await;
        Ok::<_, CallError>(())
    };
    let mut caller = Rehearsal::new().handler(agent).call("2000").await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    // The handler returned, so the second transfer was refused.
    assert_eq!(conversation.count("error"), 1, "{conversation}");
    assert_eq!(conversation.count("call.transferred"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_says_is_what_speech_to_text_hears() {
    let conversation = twice(|| async {
        let mut caller = Rehearsal::new().handler(reception).call("2000").await;
        caller.hears(WELCOME).await;
        caller.presses("2").await;
        caller.says("No").await;
        caller.hears("You said No.").await;
        caller.says("I need an appointment").await;
        caller.hears("You said I need an appointment.").await;
        caller.ended().await
    })
    .await;
    assert_eq!(
        conversation.count("user.speech.started"),
        2,
        "{conversation}"
    );
    assert_eq!(conversation.count("barge_in"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_is_noticed_and_let_go() {
    let mut caller = Rehearsal::new().handler(reception).call("2000").await;
    caller.hears(WELCOME).await;
    caller
        .sees(voxtra_core::event::EventKind::SilenceDetected)
        .await;
    caller.hears("Goodbye.").await;
    let conversation = caller.ended().await;
    let took = Duration::from_millis(60) * u32::try_from(WELCOME.len() + 8).unwrap();
    let expected = took + Duration::from_secs(10);
    let duration = conversation.duration();
    assert!(
        duration > expected && duration < expected + Duration::from_millis(500),
        "{conversation}"
    );
}

async fn hours(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    while call.say(LONG).await?.is_interrupted() {
        let words = call.listen(Duration::from_secs(10)).await?;
        call.say(&format!("{words:?}, then.")).await?;
    }
    call.hangup().await
}

#[tokio::test(start_paused = true)]
async fn who_barges_in_cuts_the_agent_in_mid_sentence() {
    let conversation = twice(|| async {
        let mut caller = Rehearsal::new().handler(hours).call("2000").await;
        caller.begins_to_hear(LONG).await;
        caller.is_silent_for(Duration::from_millis(1_500)).await;
        caller.says("Stop, please").await;
        caller.hears_it_cut_off().await;
        caller.hears("Some(\"Stop, please\"), then.").await;
        caller.hears(LONG).await;
        caller.ended().await
    })
    .await;
    assert_eq!(conversation.count("barge_in"), 1, "{conversation}");
    let at = |wire: &str| {
        let event = conversation
            .events()
            .iter()
            .find(|event| event.wire() == wire);
        conversation.at(event.unwrap())
    };
    // Held back at the first sound, cut once 560 ms of speech have made it certain.
    let told = at("agent.speech.ended") - at("agent.speech.started");
    assert!(
        told > Duration::from_millis(1_500) && told < Duration::from_millis(2_200),
        "{conversation}"
    );
    let said = |text: &str, interrupted| Said::Agent {
        text: text.into(),
        interrupted,
    };
    assert_eq!(
        conversation.said(),
        [
            said(LONG, true),
            Said::Caller("Stop, please".into()),
            said("Some(\"Stop, please\"), then.", false),
            said(LONG, false),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_heard_whole_over_a_caller_who_interrupts_what_follows() {
    const NOTICE: &str = "This call is recorded, so that we can serve you better.";
    let agent = |call: Call| async move {
        call.answer().await?;
        let notice = call.say(NOTICE).uninterruptible().await?;
        assert!(notice.completed, "{notice:?}");
        let hours = call.say(LONG).await?;
        assert!(
            hours.is_interrupted() && !hours.heard.is_zero(),
            "{hours:?}"
        );
        // What was said over the notice was heard all the same.
        for _ in 0..2 {
            let words = call.listen(Duration::from_secs(5)).await?;
            call.say(&format!("{words:?}.")).uninterruptible().await?;
        }
        call.hangup().await
    };
    let conversation = twice(|| async {
        let mut caller = Rehearsal::new().handler(agent).call("2000").await;
        caller.begins_to_hear(NOTICE).await;
        caller.is_silent_for(Duration::from_millis(500)).await;
        caller.says("Yes, yes, I know that").await;
        caller.hears_the_rest().await;
        caller.begins_to_hear(LONG).await;
        caller.is_silent_for(Duration::from_millis(500)).await;
        caller.says("Stop, please").await;
        caller.hears_it_cut_off().await;
        caller.hears("Some(\"Yes, yes, I know that\").").await;
        caller.hears("Some(\"Stop, please\").").await;
        caller.ended().await
    })
    .await;
    assert_eq!(conversation.count("barge_in"), 1, "{conversation}");
    // Held back for the barge-in alone: its beginning and its end.
    assert_eq!(conversation.count("agent.held"), 2, "{conversation}");
    assert_eq!(conversation.count("user.transcript"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_say_returns_how_much_of_it_was_heard() {
    type Ends = Arc<Mutex<Vec<(bool, u128)>>>;
    let script = |ends: Ends| async move {
        let note = ends.clone();
        let agent = move |call: Call| {
            let ends = note.clone();
            async move {
                call.answer().await?;
                for text in [LONG, "As you wish."] {
                    let spoken = call.say(text).await?;
                    let end = (spoken.completed, spoken.heard.as_millis());
                    ends.lock().unwrap().push(end);
                }
                call.hangup().await
            }
        };
        let mut caller = Rehearsal::new().handler(agent).call("2000").await;
        caller.begins_to_hear(LONG).await;
        caller.is_silent_for(Duration::from_millis(1_500)).await;
        caller.says("Stop, please").await;
        caller.hears_it_cut_off().await;
        caller.hears("As you wish.").await;
        caller.ended().await
    };
    let ends = Ends::default();
    let conversation = twice(|| script(ends.clone())).await;
    let returned = ends.lock().unwrap().clone();
    let [cut, whole, again @ ..] = &returned[..] else {
        panic!("{returned:?}");
    };
    assert_eq!(again, [*cut, *whole]);
    // A character is spoken in 60 ms.
    assert_eq!(*whole, (true, 12 * 60));
    // The caller waits for 1.5 s and speaks; the agent is held at the first sound.
    assert!(!cut.0 && (1_500..1_700).contains(&cut.1), "{cut:?}");
    let told: Vec<(bool, u128)> = conversation
        .events()
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::AgentSpeechEnded(ended)) => {
                Some((!ended.interrupted, ended.heard_ms.into()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [*cut, *whole]);
}

#[tokio::test(start_paused = true)]
async fn what_was_heard_before_a_hang_up_is_told() {
    let mut caller = Rehearsal::new().handler(hours).call("2000").await;
    caller.begins_to_hear(LONG).await;
    caller.is_silent_for(Duration::from_secs(1)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let heard = conversation
        .events()
        .iter()
        .find_map(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::AgentSpeechEnded(ended)) => {
                Some((ended.interrupted, ended.heard_ms))
            }
            _ => None,
        });
    assert!(
        heard.is_some_and(|(cut, ms)| cut && (1_000..1_060).contains(&ms)),
        "{conversation}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_in_mid_sentence_ends_the_say() {
    let conversation = twice(|| async {
        let mut caller = Rehearsal::new().handler(hours).call("2000").await;
        caller.begins_to_hear(LONG).await;
        caller.is_silent_for(Duration::from_secs(1)).await;
        caller.hangs_up().await;
        caller.ended().await
    })
    .await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    assert!(conversation.duration() < Duration::from_secs(2));
    assert!(
        conversation
            .to_string()
            .contains(r#"call.ended reason="normal_clearing""#)
    );
    assert_eq!(
        conversation.events().last().unwrap().wire(),
        "session.destroyed"
    );
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_before_the_answer_was_never_answered() {
    let slow = |call: Call| async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        call.answer().await
    };
    let mut caller = Rehearsal::new().handler(slow).call("2000").await;
    caller.is_silent_for(Duration::from_secs(5)).await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("call.answered"), 0, "{conversation}");
    assert_eq!(conversation.count("call.ended"), 1, "{conversation}");
}

fn reminder() -> Handler {
    Handler::new(|call: Call| async move {
        call.say("Your appointment is tomorrow.").await?;
        call.hangup().await
    })
}

#[tokio::test(start_paused = true)]
async fn calls_that_the_agent_places_meet_what_was_scripted() {
    let mut exchange = Rehearsal::new()
        .endpoint("PJSIP/1", FarEnd::NoAnswer)
        .endpoint("PJSIP/1", FarEnd::Answers)
        .endpoint("PJSIP/2", FarEnd::Busy)
        .endpoint("PJSIP/3", FarEnd::Voicemail("Leave a message.".into()))
        .start()
        .await;
    let app = exchange.application().clone();
    for (endpoint, reason) in [("PJSIP/1", "no_answer"), ("PJSIP/2", "user_busy")] {
        app.originate(Outbound::to(endpoint), reminder()).unwrap();
        let conversation = exchange.called().await.ended().await;
        assert_eq!(conversation.count("call.ringing"), 1);
        let failed = format!("call.failed reason={reason:?}");
        assert!(conversation.to_string().contains(&failed), "{conversation}");
    }
    app.originate(Outbound::to("PJSIP/1"), reminder()).unwrap();
    let mut called = exchange.called().await;
    called.hears("Your appointment is tomorrow.").await;
    assert_eq!(called.ended().await.count("call.answered"), 1);

    app.originate(Outbound::to("PJSIP/3"), reminder()).unwrap();
    let conversation = exchange.called().await.ended().await;
    assert_eq!(
        conversation.count("user.speech.started"),
        1,
        "{conversation}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_utterance_whose_future_is_dropped_is_cut_and_the_next_begins_at_once() {
    const LONG: &str = "All of our agents are busy, and will be for as long as this takes.";
    let impatient = |call: Call| async move {
        call.answer().await?;
        tokio::select! {
            biased;
            spoken = call.say(LONG) => spoken?,
            () = tokio::time::sleep(Duration::from_millis(500)) => call.say("Now.").await?,
        };
        call.hangup().await
    };
    let mut caller = Rehearsal::new().handler(impatient).call("2000").await;
    caller.begins_to_hear(LONG).await;
    caller.hears_it_cut_off().await;
    caller.hears("Now.").await;
    let conversation = caller.ended().await;
    // Half a second of each: the rest does not play on in the background.
    let lasted = conversation.duration();
    assert!(lasted < Duration::from_millis(1_500), "{conversation}");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected the agent to say \"Good evening.\", it says \"Welcome.")]
async fn another_utterance_than_expected_fails_with_an_account() {
    let mut caller = Rehearsal::new().handler(reception).call("2000").await;
    caller.hears("Good evening.").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "but the call is over")]
async fn an_utterance_that_never_comes_fails() {
    let mut caller = Rehearsal::new().call("2000").await;
    caller.hears("Good evening.").await;
}

/// Answers complete sentences at once, and waits for the rest of incomplete ones.
async fn reader_of_transcripts(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    let mut events = call.events();
    while let Some(event) = events.next().await {
        let EventBody::BuiltIn(BuiltIn::UserTranscript(heard)) = &event.body else {
            continue;
        };
        match heard.text.as_str() {
            "Yes, please" => call.end_turn_after(Duration::from_millis(400)).await,
            "Yes, at once" => call.end_turn_after(Duration::ZERO).await,
            "My number is" => call.end_turn_after(Duration::from_secs(2)).await,
            _ => {}
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_transcript_shortens_or_prolongs_one_silence() {
    let conversation = twice(|| async {
        let rehearsal = Rehearsal::new().handler(reader_of_transcripts);
        let mut caller = rehearsal.call("2000").await;
        caller.is_silent_for(Duration::from_secs(1)).await;
        for words in [
            "Yes, please",
            "Let me see",
            "My number is",
            "Yes, at once",
            "Well, well",
        ] {
            caller.says(words).await;
            caller.is_silent_for(Duration::from_secs(4)).await;
        }
        caller.hangs_up().await;
        caller.ended().await
    })
    .await;
    // From the end of speech, which is reported after a hangover of 240 ms, to the end of the turn.
    let mut speech_ended = Duration::ZERO;
    let mut waited = Vec::new();
    for event in conversation.events() {
        match event.wire() {
            "user.speech.ended" => speech_ended = conversation.at(event),
            "turn.ended" => waited.push((conversation.at(event) - speech_ended).as_millis()),
            _ => {}
        }
    }
    let [early, usual, late, at_once, usual_again] = waited[..] else {
        panic!("{conversation}");
    };
    assert!((140..=180).contains(&early), "{waited:?}");
    assert!((340..=500).contains(&usual), "{waited:?}");
    assert!((1_740..=1_780).contains(&late), "{waited:?}");
    assert!(at_once <= 40, "{waited:?}");
    assert!((340..=500).contains(&usual_again), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn five_minutes_on_the_line_lose_nothing() {
    let waits = |call: Call| async move {
        call.answer().await?;
        call.listen_dtmf(1, Duration::from_secs(600)).await?;
        call.hangup().await
    };
    let mut caller = Rehearsal::new().handler(waits).call("2000").await;
    caller.is_silent_for(Duration::from_secs(300)).await;
    let stats = caller.call().stats();
    assert!(stats.frames_in.abs_diff(15_000) <= 1, "{stats:?}");
    assert!(stats.frames_out.abs_diff(15_000) <= 1, "{stats:?}");
    assert_eq!((stats.gaps, stats.slips, stats.frames_dropped), (0, 0, 0));
    caller.presses("1").await;
    assert_eq!(caller.ended().await.count("dtmf.received"), 1);
}

/// Who ended a call, and why.
fn end(conversation: &Transcript) -> (String, &'static str) {
    let mut bodies = conversation.events().iter().map(|event| &event.body);
    let ended = bodies.find_map(|body| match body {
        EventBody::BuiltIn(BuiltIn::CallEnded(ended)) => {
            Some((ended.reason.clone(), ended.ended_by.as_str()))
        }
        _ => None,
    });
    ended.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_returns_hangs_up() {
    let agent = |call: Call| async move { call.answer().await };
    let caller = Rehearsal::new().handler(agent).call("2000").await;
    let conversation = caller.ended().await;
    assert_eq!(end(&conversation), ("normal_clearing".into(), "agent"));
}

#[tokio::test(start_paused = true)]
async fn a_call_outlives_its_handler_where_that_is_wanted() {
    let agent = |call: Call| async move { call.answer().await };
    let builder = Application::builder().on_handler_end(OnHandlerEnd::Nothing);
    let rehearsal = Rehearsal::of(builder).handler(agent);
    let mut caller = rehearsal.call("2000").await;
    caller.is_silent_for(Duration::from_secs(60)).await;
    assert!(!caller.call().is_over());
    caller.hangs_up().await;
    assert_eq!(end(&caller.ended().await).1, "far_end");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_or_panics_ends_the_call_for_the_system() {
    for panics in [false, true] {
        let agent = move |call: Call| async move {
            call.answer().await?;
            assert!(!panics, "a bug in the agent");
            Err::<(), crate::session::HandlerError>("out of order".into())
        };
        let caller = Rehearsal::new().handler(agent).call("2000").await;
        let conversation = caller.ended().await;
        assert_eq!(end(&conversation), ("handler_failed".into(), "system"));
        assert_eq!(conversation.count("error"), 1, "{conversation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_after_a_transfer_cuts_nobody_off() {
    let agent = |call: Call| async move {
        call.answer().await?;
        call.transfer("PJSIP/200").await?;
        Err::<(), crate::session::HandlerError>("the customer database is away".into())
    };
    let mut caller = Rehearsal::new().handler(agent).call("2000").await;
    caller.is_transferred_to("PJSIP/200").await;
    caller.is_silent_for(Duration::from_secs(60)).await;
    assert!(!caller.call().is_over());
    caller.hangs_up().await;
    assert_eq!(end(&caller.ended().await).1, "far_end");
}
