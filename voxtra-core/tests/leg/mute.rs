//! Either side muted, and what a hold does to what is being said.

use voxtra_core::leg::{Command, Forward, LegSettings, WhileHeld};

use crate::rig::*;

#[test]
fn a_muted_agent_speaks_on_unheard() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(5));
    let words = buzz(60);
    rig.agent.says(0, 1, &words);
    rig.hear(&silence(10));
    rig.command(Command::MuteAgent(true));
    let before = rig.line.sent.len();
    rig.hear(&silence(20));
    rig.command(Command::MuteAgent(false));
    let after = rig.line.sent.len();
    rig.hear(&silence(40));
    // The first frame fades out, the others are silent.
    for message in &rig.line.sent[before + 1..after] {
        assert_eq!(pcm(message), silence(1));
    }
    // It went on meanwhile: the last 30 frames are those of its end.
    assert_eq!(rig.story(), ["media.started", "starts 1", "ends 1"]);
    let sent: Vec<i16> = rig.line.sent.iter().flat_map(|m| pcm(m)).collect();
    let tail = &words[words.len() - 20 * N..];
    assert!(sent.windows(tail.len()).any(|part| part == tail));
    let middle = &words[15 * N..25 * N];
    assert!(
        !rig.line.sent[before..after]
            .iter()
            .any(|m| pcm(m) == middle[..N])
    );
}

#[test]
fn a_muted_caller_is_silent_to_the_agent_but_keys_count() {
    let mut rig = Rig::forwarding(Forward::Everything);
    rig.hear(&silence(30));
    rig.command(Command::MuteCaller(true));
    let heard = rig.forwarded().len();
    rig.hear(&buzz(100));
    rig.receive(&message(0x03, b"5"));
    assert_eq!(rig.story(), ["media.started", "dtmf.received"]);
    assert_eq!(rig.forwarded()[heard..], silence(100));
    rig.command(Command::MuteCaller(false));
    rig.hear(&buzz(100));
    assert!(rig.story().contains(&"user.speech.started".into()));
}

#[test]
fn what_is_being_said_is_dropped_on_hold_if_the_settings_say_so() {
    let mut rig = Rig::new(LegSettings::default().with(|leg| leg.while_held = WhileHeld::Drop));
    rig.hear(&silence(5));
    rig.agent.says(0, 1, &buzz(80));
    rig.agent.says(0, 2, &buzz(20));
    rig.hear(&silence(10));
    rig.command(Command::CallHold(true));
    rig.hear(&silence(5));
    assert_eq!(rig.story(), ["media.started", "starts 1", "cut 1", "cut 2"]);
    // What is said on hold waits all the same.
    rig.agent.says(1, 3, &buzz(20));
    rig.hear(&silence(50));
    rig.command(Command::CallHold(false));
    rig.hear(&silence(40));
    assert_eq!(rig.story()[4..], ["starts 3", "ends 3"]);
}
