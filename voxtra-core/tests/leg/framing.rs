//! A leg whose peer speaks something else than AudioSocket.

use voxtra_core::audio::FRAME;
use voxtra_core::event::{Fault, MediaStoppedReason, RecordBody};
use voxtra_core::leg::{
    AudioSocket, Command, Forward, Framing, Inline, Leg, LegSettings, Mode, Progress,
};
use voxtra_core::time::Instant;
use voxtra_core::vad::EnergyDetector;

use crate::prefixed::{BYE, FORGET, KEY, Prefixed, RATE, prefixed};
use crate::rig::{Agent, Kept, buzz, message, pcm, silence, told, wire};

/// A call in which the caller interrupts the agent, presses a key and is hung up on. Its bytes come
/// in pieces of this size.
fn conversation<F: Framing>(
    audio: impl Fn(&[i16]) -> Vec<u8>,
    key: &[u8],
    settings: LegSettings,
    piece: usize,
) -> Kept {
    let mut leg: Leg<EnergyDetector, Inline, F> = Leg::new(settings, EnergyDetector::new());
    let (mut line, mut agent) = (Kept::default(), Agent::default());
    let mut now = Instant::from_millis(1_000);
    leg.start(now);
    agent.says(0, 1, &buzz(300));
    let caller = [silence(40), buzz(60), silence(60)].concat();
    for frame in caller.chunks_exact(RATE.frame_samples()) {
        for bytes in audio(frame).chunks(piece) {
            assert_eq!(leg.handle_input(now, bytes, &mut line), Progress::Open);
        }
        leg.handle_deadline(now, &mut agent, &mut line);
        now = now + FRAME;
    }
    leg.handle_input(now, key, &mut line);
    leg.handle_command(now, Command::HangUp, &mut line);
    leg.stop(now, MediaStoppedReason::Hangup, &mut line);
    line
}

fn listening() -> LegSettings {
    LegSettings::default().with(|leg| leg.forward = Forward::Speech)
}

/// What was sent, as lengths and what follows them.
fn parts(sent: &[Vec<u8>]) -> Vec<(u16, Vec<i16>)> {
    let part = |message: &Vec<u8>| {
        let len = u16::from_le_bytes([message[0], message[1]]);
        // An AudioSocket message has three bytes before its samples.
        (len, pcm(&[&[0], &message[..]].concat()))
    };
    sent.iter().map(part).collect()
}

#[test]
fn the_same_samples_make_the_same_call_whatever_they_come_in() {
    for mode in [Mode::Agent, Mode::Echo] {
        let settings = listening().with(|leg| leg.mode = mode);
        let ours = conversation::<AudioSocket>(
            |samples| wire(RATE, samples),
            &message(3, b"5"),
            settings,
            usize::MAX,
        );
        for piece in [usize::MAX, 100, 3, 1] {
            let key = [&KEY.to_le_bytes()[..], b"5"].concat();
            let other = conversation::<Prefixed>(prefixed, &key, settings, piece);
            assert_eq!(other.records, ours.records, "{mode:?}, {piece}");
            assert_eq!(other.heard, ours.heard);
            let mut parts = parts(&other.sent);
            assert_eq!(parts.pop(), Some((BYE, vec![])), "it hangs up");
            parts.retain(|(len, _)| *len != FORGET);
            let sent: Vec<Vec<i16>> = parts.into_iter().map(|(_, samples)| samples).collect();
            let (_, audio) = ours.sent.split_last().unwrap();
            let expected: Vec<Vec<i16>> = audio.iter().map(|message| pcm(message)).collect();
            assert_eq!(sent, expected, "{mode:?}, {piece}");
        }
    }
}

#[test]
fn a_peer_that_can_take_audio_back_is_told_at_a_barge_in_before_anything_else() {
    let line = conversation::<Prefixed>(prefixed, &[], listening(), usize::MAX);
    let told: Vec<String> = line.records.iter().map(told).collect();
    assert!(told.contains(&"barge_in".to_owned()), "{told:?}");
    let parts = parts(&line.sent);
    let flushes = parts.iter().filter(|(len, _)| *len == FORGET).count();
    assert_eq!(flushes, 1);
    let flush = parts.iter().position(|(len, _)| *len == FORGET).unwrap();
    for (_, samples) in &parts[flush + 1..] {
        assert!(samples.iter().all(|sample| *sample == 0), "nothing follows");
    }
}

#[test]
fn a_flush_that_the_agent_asks_for_is_sent_once() {
    let mut leg: Leg<EnergyDetector, Inline, Prefixed> =
        Leg::new(listening(), EnergyDetector::new());
    let mut line = Kept::default();
    leg.start(Instant::ZERO);
    for epoch in [0, 0] {
        leg.handle_command(Instant::ZERO, Command::Flush { epoch }, &mut line);
    }
    assert_eq!(line.sent, [FORGET.to_le_bytes()]);
    assert_eq!(line.epoch, 1);
}

#[test]
fn a_peer_s_end_and_its_faults_are_those_of_any_framing() {
    let mut leg: Leg<EnergyDetector, Inline, Prefixed> =
        Leg::new(listening(), EnergyDetector::new());
    let mut line = Kept::default();
    leg.start(Instant::ZERO);
    let input = [FORGET, BYE].map(u16::to_le_bytes).concat();
    let progress = leg.handle_input(Instant::ZERO, &input, &mut line);
    assert_eq!(progress, Progress::HungUp);
    assert_eq!(leg.counters().violations, 1);
    let faults = line.records.iter().filter_map(|record| match record.body {
        RecordBody::Fault(fault) => Some(fault),
        _ => None,
    });
    assert!(faults.eq([Fault::Malformed]));
}
