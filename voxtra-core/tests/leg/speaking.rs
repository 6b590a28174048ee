//! What a leg sends: the agent, an echo, silence.

use core::time::Duration;
use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::event::{Fault, MediaStoppedReason, Realtime, RecordBody};
use voxtra_core::leg::{Command, Forward, LegSettings, Mode};

use crate::rig::{AudioPart, N, Rig, buzz, message, pcm, silence, wire};

#[test]
fn the_agent_is_heard_whole_and_without_it_there_is_silence() {
    let words = buzz(25);
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(5));
    rig.agent.says(0, 7, &words);
    rig.hear(&silence(40));
    assert_eq!(rig.story(), ["media.started", "starts 7", "ends 7"]);
    assert_eq!(rig.line.sent.len(), 45, "one frame for each 20 ms");
    let sent: Vec<i16> = rig
        .line
        .sent
        .iter()
        .flat_map(|message| pcm(message))
        .collect();
    assert_eq!(sent[..5 * N], silence(5));
    assert_eq!(sent[5 * N..30 * N], words);
    assert_eq!(sent[30 * N..], silence(15));
    assert_eq!(rig.leg.playout_counters().underruns, 0);
}

#[test]
fn the_first_likely_speech_holds_the_agent_and_a_barge_in_drops_the_rest() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(500));
    rig.hear(&silence(20));
    assert!(rig.leg.is_agent_speaking());
    let caller = buzz(40);
    let mut caller = caller.chunks(N);
    let mut frames = 0;
    while !rig.leg.is_agent_held() {
        rig.hear(caller.next().expect("the caller is noticed"));
        frames += 1;
    }
    // Two frames, and one in which the detector makes up its mind.
    assert!(frames <= 3, "{frames} frames");
    // The frame that was due then fades out; the one after it is silent, and so are all that
    // follow.
    let said = rig.line.sent.len();
    let fading = pcm(&rig.line.sent[said - 1]);
    let peak = |part: &[i16]| part.iter().map(|s| s.unsigned_abs()).max().unwrap();
    assert!(peak(&fading[..40]) > 4 * peak(&fading[70..]));
    assert_eq!(rig.line.epoch, 0, "nothing is dropped yet");
    let queued = rig.agent.samples.len();
    while rig.line.epoch == 0 {
        assert_eq!(rig.agent.samples.len(), queued);
        rig.hear(caller.next().expect("the caller is believed"));
    }
    assert!(!rig.leg.is_agent_speaking() && !rig.leg.is_agent_held());
    rig.hear(&silence(10));
    for message in &rig.line.sent[said..] {
        assert_eq!(pcm(message), silence(1));
    }
    assert!(rig.agent.chunks.is_empty(), "nothing is left in the queue");
    let story = rig.story();
    assert_eq!(
        story[..7],
        [
            "media.started",
            "starts 1",
            "agent.held pending",
            "user.speech.started",
            "barge_in",
            "agent.held interrupted",
            "cut 1"
        ]
    );
    // What is said after it is heard.
    rig.agent.says(1, 2, &buzz(5));
    rig.hear(&silence(10));
    let said = |told: &String| told.starts_with("starts") || told.starts_with("ends");
    assert!(
        rig.story()
            .into_iter()
            .filter(said)
            .eq(["starts 1", "starts 2", "ends 2"])
    );
}

#[test]
fn the_end_of_an_utterance_tells_how_much_of_it_was_heard() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(5));
    rig.agent.says(0, 1, &buzz(25)[..24 * N + 33]);
    rig.hear(&silence(30));
    // Cut by the agent's own code, with a frame that fades.
    rig.agent.says(0, 2, &buzz(100));
    rig.agent.says(0, 3, &buzz(100));
    rig.hear(&silence(50));
    rig.command(Command::Flush { epoch: 0 });
    rig.hear(&silence(5));
    // Cut by the end of the line, which leaves no time for a fade.
    rig.agent.says(1, 4, &buzz(100));
    rig.hear(&silence(10));
    rig.leg
        .stop(rig.now, MediaStoppedReason::Closed, &mut rig.line);
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "starts 1",
            "ends 1",
            "starts 2",
            "cut 2",
            "cut 3",
            "starts 4",
            "cut 4",
            "media.stopped"
        ]
    );
    let played: Vec<u64> = rig
        .line
        .records
        .iter()
        .filter_map(|record| match record.body {
            RecordBody::UtteranceEnded { played, .. } => Some(played),
            _ => None,
        })
        .collect();
    let frames = |count: usize| (count * N) as u64;
    assert_eq!(played, [frames(24) + 33, frames(51), 0, frames(10)]);
}

#[test]
fn a_cough_makes_the_agent_wait_and_costs_it_nothing() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    let words = buzz(100);
    rig.agent.says(0, 1, &words);
    rig.hear(&silence(20));
    let before = rig.line.sent.len();
    rig.hear(&buzz(4));
    assert!(rig.leg.is_agent_held());
    rig.hear(&silence(150));
    assert_eq!(rig.line.epoch, 0);
    let story = rig.story();
    assert_eq!(
        story,
        [
            "media.started",
            "starts 1",
            "agent.held pending",
            "user.speech.started",
            "user.speech.ended",
            "agent.held resumed",
            "ends 1"
        ]
    );
    let held = rig
        .line
        .records
        .iter()
        .find_map(|record| match record.body {
            RecordBody::Event(Realtime::AgentHeld(held)) if held.held_ms > 0 => Some(held.held_ms),
            _ => None,
        });
    // The cough but for its first frame, a frame in which the detector makes up its mind, and what
    // it takes to be sure.
    assert_eq!(held, Some(60 + 20 + 400));
    let counters = rig.leg.playout_counters();
    assert_eq!((counters.pauses, counters.dropped_samples), (1, 0));
    // Between the fades it says all it has to say, and takes as much longer as it waited.
    let sent: Vec<i16> = rig.line.sent.iter().flat_map(|m| pcm(m)).collect();
    let tail = &words[words.len() - 50 * N..];
    let end = sent.windows(tail.len()).position(|part| part == tail);
    let waited = counters.held_frames as usize + 1;
    let length = end.expect("the end of what it says") + tail.len() - before * N;
    assert_eq!(length / N, 100 - 20 + waited);
}

#[test]
fn barge_in_can_be_turned_off_while_the_agent_is_held() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(80));
    rig.hear(&silence(20));
    rig.hear(&buzz(5));
    assert!(rig.leg.is_agent_held());
    rig.command(Command::BargeIn(false));
    assert!(!rig.leg.is_agent_held());
    rig.hear(&buzz(80));
    assert!(rig.story().contains(&"ends 1".into()));
    assert!(rig.story().contains(&"agent.held resumed".into()));
}

#[test]
fn what_else_ends_a_hold_is_told_too() {
    let held = || {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&silence(30));
        rig.agent.says(0, 1, &buzz(80));
        rig.hear(&silence(20));
        rig.hear(&buzz(3));
        assert!(rig.leg.is_agent_held());
        rig
    };
    let ends = [
        |rig: &mut Rig| rig.command(Command::Flush { epoch: 0 }),
        |rig: &mut Rig| rig.command(Command::CallHold(true)),
        |rig: &mut Rig| {
            let reason = MediaStoppedReason::Closed;
            rig.leg.stop(rig.now, reason, &mut rig.line);
        },
    ];
    for end in ends {
        let mut rig = held();
        end(&mut rig);
        rig.tick();
        let holds = |told: &String| told.starts_with("agent.held");
        let holds: Vec<_> = rig.story().into_iter().filter(holds).collect();
        assert_eq!(holds, ["agent.held pending", "agent.held stopped"]);
    }
}

#[test]
fn on_hold_the_agent_is_silent_and_nobody_is_listened_to() {
    let mut rig = Rig::forwarding(Forward::Everything);
    rig.hear(&silence(30));
    let words = buzz(100);
    rig.agent.says(0, 1, &words);
    rig.hear(&silence(20));
    rig.command(Command::CallHold(true));
    // Music on hold, loud and long enough for a barge-in and for every silence.
    let before = rig.line.sent.len();
    let forwarded = rig.forwarded().len();
    rig.hear(&buzz(400));
    assert_eq!(rig.story(), ["media.started", "starts 1"]);
    assert_eq!(
        rig.line.sent.len(),
        before + 400,
        "Asterisk ends a call to which nothing is sent"
    );
    for message in &rig.line.sent[before + 1..] {
        assert_eq!(pcm(message), silence(1));
    }
    // Whoever records all of the call goes on.
    assert_eq!(rig.forwarded().len(), forwarded + 400 * N);
    // What is said meanwhile waits.
    rig.agent.says(0, 2, &buzz(10));
    rig.hear(&silence(10));
    rig.receive(&message(0x03, b"5"));
    rig.command(Command::CallHold(false));
    rig.hear(&silence(100));
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "starts 1",
            "dtmf.received",
            "ends 1",
            "starts 2",
            "ends 2"
        ]
    );
    let sent: Vec<i16> = rig.line.sent.iter().flat_map(|m| pcm(m)).collect();
    let tail = &words[words.len() - 50 * N..];
    assert!(sent.windows(tail.len()).any(|part| part == tail));
    // A silence begins anew.
    rig.hear(&silence(230));
    assert!(!rig.story().contains(&"silence.detected".into()));
    rig.hear(&silence(60));
    assert!(rig.story().contains(&"silence.detected".into()));
}

#[test]
fn a_flush_on_hold_does_not_let_the_agent_be_heard() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(5));
    rig.command(Command::CallHold(true));
    rig.agent.says(0, 1, &buzz(20));
    rig.hear(&silence(5));
    rig.command(Command::Flush { epoch: 0 });
    rig.agent.says(1, 2, &buzz(20));
    rig.hear(&silence(50));
    assert_eq!(rig.story(), ["media.started"]);
    rig.command(Command::CallHold(false));
    rig.hear(&silence(40));
    let story = rig.story();
    assert!(story.contains(&"ends 2".into()) && !story.contains(&"starts 1".into()));
}

#[test]
fn a_flush_of_what_is_being_said_does_not_end_the_hold() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(5));
    rig.agent.says(0, 1, &buzz(80));
    rig.hear(&silence(5));
    rig.command(Command::CallHold(true));
    rig.hear(&silence(5));
    rig.command(Command::Flush { epoch: 0 });
    rig.agent.says(1, 2, &buzz(20));
    // An inactive line: nothing comes from it meanwhile.
    for _ in 0..40 {
        rig.tick();
    }
    assert_eq!(rig.story(), ["media.started", "starts 1", "cut 1"]);
    rig.command(Command::CallHold(false));
    rig.hear(&silence(40));
    assert_eq!(rig.story()[3..], ["starts 2", "ends 2"]);
}

#[test]
fn speech_ends_when_the_call_is_put_on_hold() {
    let mut rig = Rig::forwarding(Forward::Speech);
    rig.hear(&silence(30));
    rig.hear(&buzz(20));
    rig.command(Command::CallHold(true));
    rig.hear(&buzz(100));
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "user.speech.started",
            "user.speech.ended",
            "turn.ended"
        ]
    );
    assert_eq!(rig.line.heard.last(), Some(&AudioPart::Ended));
}

#[test]
fn without_barge_in_the_agent_goes_on() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.command(Command::BargeIn(false));
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(80));
    rig.hear(&buzz(60));
    rig.hear(&silence(60));
    let story = rig.story();
    assert!(story.contains(&"user.speech.started".into()) && story.contains(&"ends 1".into()));
    assert!(!story.contains(&"barge_in".into()));
}

#[test]
fn a_flush_that_comes_late_does_not_cut_what_is_said_next() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.agent.says(0, 1, &buzz(50));
    rig.hear(&silence(5));
    rig.command(Command::Flush { epoch: 0 });
    assert_eq!(rig.line.epoch, 1);
    rig.agent.says(1, 2, &buzz(10));
    rig.command(Command::Flush { epoch: 0 });
    rig.hear(&silence(20));
    assert_eq!(rig.line.epoch, 1);
    assert_eq!(
        rig.story(),
        ["media.started", "starts 1", "cut 1", "starts 2", "ends 2"]
    );
}

#[test]
fn a_rate_cannot_change_what_the_agent_is_saying() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    let words = buzz(10);
    rig.agent.says(0, 1, &words);
    for _ in 0..12 {
        rig.tick();
        rig.receive(&wire(SampleRate::Hz16000, &[0; 320]));
    }
    let said: Vec<i16> = rig.line.sent[..10].iter().flat_map(|m| pcm(m)).collect();
    assert_eq!(said, words);
    assert_eq!(
        rig.faults(),
        [Fault::RateChanged {
            from: 8_000,
            to: 16_000
        }]
    );
    assert_eq!(
        rig.leg.rate(),
        SampleRate::Hz16000,
        "taken over when the agent is done"
    );
}

#[test]
fn an_echo_is_bit_for_bit_whatever_the_length() {
    let mut rig = Rig::new(LegSettings::default().with(|leg| leg.mode = Mode::Echo));
    let mut sent = Vec::new();
    for (n, length) in [320, 321, 1, 160, 640, 7_680, 7_681, 20_000, 65_535, 320]
        .into_iter()
        .enumerate()
    {
        let payload: Vec<u8> = (0..length).map(|at| (at * 7 + n) as u8).collect();
        rig.receive(&message(0x10, &payload));
        rig.tick();
        sent.extend(payload);
    }
    let echoed: Vec<u8> = rig
        .line
        .sent
        .iter()
        .flat_map(|message| message[3..].to_vec())
        .collect();
    assert!(echoed == sent);
    for message in &rig.line.sent {
        assert_eq!(message[0], 0x10);
        assert_eq!(
            usize::from(u16::from_be_bytes([message[1], message[2]])),
            message.len() - 3
        );
    }
    assert_eq!(rig.leg.counters().frames_out, rig.line.sent.len() as u64);
}

#[test]
fn an_echo_of_nothing_is_silence_after_half_a_second() {
    let mut rig = Rig::new(LegSettings::default().with(|leg| leg.mode = Mode::Echo));
    rig.hear(&buzz(1));
    rig.line.sent.clear();
    for _ in 0..24 {
        rig.tick();
    }
    assert!(rig.line.sent.is_empty(), "a pause is a pause");
    for _ in 0..50 {
        rig.tick();
    }
    // Asterisk gives up after 2 s of nothing.
    assert!(rig.line.sent.len() >= 49);
    assert!(
        rig.line
            .sent
            .iter()
            .all(|message| pcm(message) == silence(1))
    );
    rig.line.sent.clear();
    rig.hear(&buzz(2));
    assert_eq!(
        rig.line
            .sent
            .iter()
            .flat_map(|m| pcm(m))
            .collect::<Vec<_>>(),
        buzz(2)
    );
}

#[test]
fn deadlines_stay_on_their_grid_and_a_pause_of_the_thread_is_not_made_up_for() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    let start = rig.now;
    for n in 0..10_u64 {
        assert_eq!(rig.leg.next_deadline(), start + FRAME * n as u32);
        rig.now = start + FRAME * n as u32 + Duration::from_millis(n % 3);
        rig.tick();
    }
    rig.now = start + Duration::from_millis(1_000);
    rig.tick();
    rig.now = start + Duration::from_millis(1_001);
    rig.tick();
    assert_eq!(rig.line.sent.len(), 11);
    assert_eq!(rig.leg.playout_counters().slips, 1);
}
