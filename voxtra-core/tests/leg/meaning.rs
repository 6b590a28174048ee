//! The caller's words over the agent: what a leg makes of what they mean.

use voxtra_core::leg::{Command, Forward};
use voxtra_core::turn::Meaning;

use crate::rig::{Rig, buzz, silence, voice};

/// The agent speaks, and the caller for `frames` over it.
fn talked_over(frames: usize) -> Rig {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.command(Command::ExpectWords(true));
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(200));
    rig.hear(&silence(20));
    rig.hear(&voice(frames));
    rig
}

fn means(meaning: Meaning) -> Command {
    Command::Overlap { epoch: 0, meaning }
}

#[test]
fn stop_cuts_the_agent_at_once() {
    let mut rig = talked_over(12);
    assert!(rig.leg.is_agent_held());
    rig.command(means(Meaning::Interruption));
    assert_eq!(rig.line.epoch, 1);
    rig.hear(&silence(60));
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "starts 1",
            "agent.held pending",
            "user.speech.started",
            "barge_in",
            "agent.held interrupted",
            "cut 1",
            "user.speech.ended",
            "turn.ended",
        ]
    );
}

#[test]
fn a_long_backchannel_lets_the_agent_go_on() {
    let mut rig = talked_over(36);
    assert!(rig.leg.is_agent_held());
    rig.command(means(Meaning::Backchannel));
    rig.hear(&silence(200));
    let story = rig.story();
    assert!(
        story.iter().any(|told| told == "agent.held resumed"),
        "{story:?}"
    );
    assert!(story.iter().any(|told| told == "ends 1"), "{story:?}");
    assert_eq!(rig.line.epoch, 0);
}

#[test]
fn words_that_cut_one_utterance_do_not_cut_the_next() {
    let mut rig = talked_over(60);
    rig.hear(&silence(10));
    assert_eq!(rig.line.epoch, 1, "the length has decided");
    rig.agent.says(1, 2, &buzz(50));
    rig.hear(&silence(10));
    rig.command(means(Meaning::Interruption));
    let epoch = 1;
    let meaning = Meaning::Interruption;
    rig.command(Command::Overlap { epoch, meaning });
    rig.hear(&silence(60));
    assert_eq!(rig.line.epoch, 1);
}

#[test]
fn an_utterance_that_may_not_be_interrupted_is_not() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.insists(0, 1, &buzz(100));
    rig.hear(&silence(20));
    rig.hear(&voice(20));
    rig.command(means(Meaning::Interruption));
    rig.hear(&silence(100));
    let story = rig.story();
    assert!(story.iter().any(|told| told == "ends 1"), "{story:?}");
    assert_eq!(rig.line.epoch, 0);
}
