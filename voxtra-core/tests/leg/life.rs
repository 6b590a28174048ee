//! The beginning and the end of a leg, and what it tells in between.

use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::{Frame, encode};
use voxtra_core::event::{Fault, MediaStoppedReason, Realtime, RecordBody};
use voxtra_core::leg::{Command, Forward, Progress};
use voxtra_core::time::Instant;

use crate::rig::{AudioPart, N, Rig, buzz, message, silence, wire};

#[test]
fn a_line_without_a_single_frame_is_up_all_the_same() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    for _ in 0..5 {
        rig.tick();
    }
    assert!(
        rig.line.records.is_empty(),
        "the rate may still be told by a frame"
    );
    rig.tick();
    assert_eq!(rig.story(), ["media.started"]);
    assert_eq!(rig.line.records[0].at, Instant::from_millis(1_100));
}

#[test]
fn frames_are_events_only_when_asked_for() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(2));
    assert_eq!(rig.story(), ["media.started"]);
    rig.command(Command::FrameEvents(true));
    rig.hear(&silence(2));
    rig.command(Command::FrameEvents(false));
    rig.hear(&silence(2));
    assert_eq!(
        rig.story()[1..],
        [
            "audio.frame.received",
            "audio.frame.sent",
            "audio.frame.received",
            "audio.frame.sent"
        ]
    );
    let RecordBody::Event(Realtime::AudioFrameReceived(frame)) = rig.line.records[3].body else {
        panic!()
    };
    assert_eq!((frame.sequence, frame.samples), (3, 160));
}

#[test]
fn the_peer_can_hang_up_and_so_can_we() {
    for hang_up in [message(0x00, &[]), message(0x00, b"?")] {
        let mut rig = Rig::forwarding(Forward::Nothing);
        assert_eq!(rig.receive(&hang_up), Progress::HungUp);
    }
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.command(Command::HangUp);
    let mut expected = [0; 3];
    encode(&Frame::Hangup, &mut expected).unwrap();
    assert_eq!(rig.line.sent, [expected]);
}

#[test]
fn the_end_is_told_once_and_closes_what_was_open() {
    let mut rig = Rig::forwarding(Forward::Speech);
    rig.hear(&silence(20));
    rig.hear(&buzz(20));
    let Rig { leg, line, now, .. } = &mut rig;
    leg.stop(*now, MediaStoppedReason::Closed, line);
    leg.stop(*now, MediaStoppedReason::Error, line);
    assert_eq!(
        rig.receive(&wire(SampleRate::Hz8000, &[1; N])),
        Progress::HungUp
    );
    rig.tick();
    rig.command(Command::HangUp);
    rig.command(Command::Flush { epoch: 1 });
    let Rig { leg, line, now, .. } = &mut rig;
    leg.report(*now, Fault::WriteStalled, line);
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "user.speech.started",
            "user.speech.ended",
            "turn.ended",
            "media.stopped"
        ]
    );
    assert_eq!(rig.line.epoch, 1);
    assert_eq!(rig.line.heard.last(), Some(&AudioPart::Ended));
    assert_eq!(rig.line.sent.len(), 40);
    let mut silent = Rig::forwarding(Forward::Nothing);
    let Rig { leg, line, now, .. } = &mut silent;
    leg.stop(*now, MediaStoppedReason::Error, line);
    assert_eq!(silent.story(), ["media.started", "media.stopped"]);
}
