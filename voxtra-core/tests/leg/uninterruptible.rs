//! Utterances that the caller may not interrupt: what is heard of them, and of their neighbours.

use core::time::Duration;

use voxtra_core::event::{MediaStoppedReason, Record, RecordBody};
use voxtra_core::leg::{Command, Forward};
use voxtra_core::turn::TurnSettings;

use crate::rig::{N, Rig, buzz, pcm, silence, told, voice};

/// All that went out.
fn sent(rig: &Rig) -> Vec<i16> {
    rig.line.sent.iter().flat_map(|m| pcm(m)).collect()
}

fn was_heard_whole(rig: &Rig, words: &[i16]) -> bool {
    sent(rig).windows(words.len()).any(|part| part == words)
}

/// When a record with these words came.
fn at(rig: &Rig, words: &str) -> Duration {
    let mut records = rig.line.records.iter();
    let record: Option<&Record> = records.find(|record| told(record) == words);
    let Some(record) = record else {
        panic!("no {words} in {:#?}", rig.story());
    };
    record.at.duration_since(voxtra_core::time::Instant::ZERO)
}

#[test]
fn the_caller_is_heard_but_neither_holds_nor_cuts_the_agent() {
    let words = buzz(150);
    let mut rig = Rig::forwarding(Forward::Speech);
    rig.hear(&silence(30));
    rig.agent.insists(0, 1, &words);
    rig.hear(&silence(20));
    rig.hear(&voice(60));
    rig.hear(&silence(100));
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "starts 1",
            "user.speech.started",
            "user.speech.ended",
            // As with barge-in off, what the caller says over the agent is a turn.
            "turn.ended",
            "ends 1"
        ]
    );
    assert!(was_heard_whole(&rig, &words));
    assert!(rig.forwarded().len() >= 60 * N, "speech-to-text hears it");
    assert_eq!((rig.line.epoch, rig.leg.playout_counters().pauses), (0, 0));
}

#[test]
fn a_caller_who_talks_on_interrupts_the_next_utterance_as_if_it_were_the_first() {
    let notice = buzz(100);
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.insists(0, 1, &notice);
    rig.agent.says(0, 2, &buzz(300));
    rig.hear(&silence(10));
    for frame in voice(200).chunks(N) {
        rig.hear(frame);
        if rig.line.epoch > 0 {
            break;
        }
    }
    rig.hear(&silence(5));
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "starts 1",
            "user.speech.started",
            "ends 1",
            "starts 2",
            "agent.held pending",
            "barge_in",
            "agent.held interrupted",
            "cut 2"
        ]
    );
    assert!(was_heard_whole(&rig, &notice));
    // Only speech over the second utterance counts.
    let needed = Duration::from_millis(TurnSettings::default().barge_in_min_speech_ms.into());
    let over_it = at(&rig, "barge_in") - at(&rig, "starts 2");
    assert!((needed..2 * needed).contains(&over_it), "{over_it:?}");
}

#[test]
fn a_caller_who_is_about_to_interrupt_does_not_cost_the_next_utterance_anything() {
    // How long the agent speaks until it is held back.
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(100));
    rig.hear(&silence(20));
    let mut caller = voice(10);
    while !rig.leg.is_agent_held() {
        rig.hear(&caller[..N]);
        caller.drain(..N);
    }
    let spoken = 20 + 10 - caller.len() / N;

    let notice = buzz(100);
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    // What is left of the first utterance then is shorter than the fade.
    rig.agent.says(0, 1, &buzz(spoken)[..(spoken - 1) * N + 20]);
    rig.agent.insists(0, 2, &notice);
    rig.hear(&silence(20));
    rig.hear(&voice(100));
    rig.hear(&silence(80));
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "starts 1",
            "agent.held pending",
            "ends 1",
            "agent.held resumed",
            "starts 2",
            "user.speech.started",
            "ends 2",
            "user.speech.ended",
            "turn.ended",
        ]
    );
    assert!(was_heard_whole(&rig, &notice[N..]));
}

#[test]
fn the_agents_own_code_and_the_far_end_may_stop_it() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.agent.insists(0, 1, &buzz(100));
    rig.hear(&silence(10));
    rig.command(Command::CallHold(true));
    rig.hear(&silence(10));
    assert!(rig.leg.is_agent_held());
    rig.command(Command::CallHold(false));
    rig.hear(&silence(10));
    assert!(!rig.leg.is_agent_held() && rig.leg.is_agent_speaking());
    rig.command(Command::Flush { epoch: 0 });
    rig.hear(&silence(5));
    rig.agent.insists(1, 2, &buzz(100));
    rig.hear(&silence(5));
    rig.leg
        .stop(rig.now, MediaStoppedReason::Closed, &mut rig.line);
    let utterances = rig.line.records.iter().filter(|record| {
        matches!(
            record.body,
            RecordBody::UtteranceStarted { .. } | RecordBody::UtteranceEnded { .. }
        )
    });
    assert!(
        utterances
            .map(told)
            .eq(["starts 1", "cut 1", "starts 2", "cut 2"])
    );
}

#[test]
fn it_is_heard_though_the_utterance_before_it_is_cut() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(200));
    rig.agent.says(0, 2, &buzz(30));
    rig.agent.insists(0, 3, &buzz(50));
    rig.agent.says(0, 4, &buzz(30));
    rig.hear(&silence(20));
    rig.hear(&voice(60));
    rig.hear(&silence(80));
    let utterances = rig.story();
    let utterances = utterances
        .iter()
        .filter(|told| told.ends_with(['1', '2', '3', '4']));
    assert!(utterances.eq(["starts 1", "cut 1", "cut 2", "starts 3", "ends 3", "cut 4"]));
    assert_eq!(rig.line.epoch, 1);
}

#[test]
fn the_agents_own_code_drops_it_with_the_queue() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(200));
    rig.agent.insists(0, 2, &buzz(50));
    rig.hear(&silence(20));
    rig.command(Command::Flush { epoch: 0 });
    rig.hear(&silence(40));
    assert_eq!(
        rig.story()[1..],
        ["starts 1", "cut 1", "cut 2"].map(String::from)
    );
}

#[test]
fn one_that_outlived_an_interruption_goes_with_the_next_epoch() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(200));
    rig.agent.insists(0, 2, &buzz(200));
    rig.hear(&silence(20));
    rig.hear(&voice(60));
    assert_eq!(rig.line.epoch, 1);
    // The flush of what the caller has cut comes late.
    rig.command(Command::Flush { epoch: 0 });
    rig.hear(&silence(5));
    assert_eq!(rig.line.epoch, 1);
    rig.command(Command::Flush { epoch: 1 });
    rig.hear(&silence(5));
    assert!(rig.story().iter().any(|told| told == "cut 2"));
}
