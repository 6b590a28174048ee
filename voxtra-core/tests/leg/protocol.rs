//! What peers may send, and what they may not.

use voxtra_core::audio::{Law, SampleRate};
use voxtra_core::event::{Fault, MediaStoppedReason, Realtime, RecordBody};
use voxtra_core::leg::{Forward, LegSettings, MulawPolicy, Progress};

use crate::rig::{N, Rig, buzz, message, silence, wire};

#[test]
fn every_violation_is_told_and_counted_and_the_call_goes_on() {
    let cases: [(Vec<u8>, Fault); 11] = [
        (message(0x10, &[0x7f; 160]), Fault::MulawUnder8k),
        (message(0x10, &[1; 321]), Fault::OddPayload),
        (message(0x10, &[]), Fault::EmptyAudio),
        (message(0x42, b"what"), Fault::UnknownKind(0x42)),
        (message(0x19, &[]), Fault::UnknownKind(0x19)),
        (message(0x01, &[9; 16]), Fault::SecondId),
        (message(0xff, &[0x04]), Fault::PeerError(4)),
        (message(0x03, b"x"), Fault::Malformed),
        (message(0x03, b"12"), Fault::Malformed),
        (message(0x01, b"short"), Fault::Malformed),
        (message(0x42, &[0; 9_000]), Fault::Malformed),
    ];
    for (bytes, fault) in cases {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&silence(2));
        assert_eq!(rig.receive(&bytes), Progress::Open, "{fault:?}");
        rig.tick();
        assert_eq!(rig.faults(), [fault]);
        assert_eq!(rig.leg.counters().violations, 1, "{fault:?}");
        assert_eq!(rig.receive(&message(0x03, b"5")), Progress::Open);
        assert_eq!(rig.story().last().unwrap(), "dtmf.received", "{fault:?}");
    }
}

#[test]
fn a_stream_of_violations_is_told_once_a_second_and_counted_in_full() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    for _ in 0..125 {
        rig.receive(&message(0x42, b"?"));
        rig.receive(&message(0x10, &[]));
        rig.tick();
    }
    assert_eq!(rig.leg.counters().violations, 250);
    // At 0, 1 and 2 s.
    assert_eq!(rig.faults(), [Fault::UnknownKind(0x42); 3]);
}

#[test]
fn every_dropped_frame_is_told_and_so_is_why_the_line_was_given_up() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(2));
    rig.receive(&message(0x42, b"?"));
    for _ in 0..75 {
        let Rig { leg, line, now, .. } = &mut rig;
        leg.report(*now, Fault::FramesDropped(1), line);
        rig.tick();
    }
    let Rig { leg, line, now, .. } = &mut rig;
    leg.report(*now, Fault::WriteStalled, line);
    leg.stop(*now, MediaStoppedReason::Timeout, line);
    assert_eq!(
        rig.faults(),
        [
            Fault::UnknownKind(0x42),
            Fault::FramesDropped(1),
            Fault::FramesDropped(50),
            Fault::WriteStalled,
            Fault::FramesDropped(24),
        ]
    );
    assert_eq!(rig.story().last().unwrap(), "media.stopped");
    assert_eq!(rig.leg.counters().violations, 1, "the peer's alone");
}

#[test]
fn mulaw_is_silence_unless_it_is_to_be_decoded() {
    let speech = buzz(1);
    let mut law = [0; N];
    Law::Mu.encode_into(&speech, &mut law);
    for (policy, faults) in [(MulawPolicy::Refuse, 1), (MulawPolicy::Decode, 0)] {
        let mut rig = Rig::new(LegSettings {
            mulaw: policy,
            forward: Forward::Everything,
            ..LegSettings::default()
        });
        rig.receive(&message(0x10, &law));
        let expected: Vec<i16> = match policy {
            MulawPolicy::Refuse => vec![0; N],
            MulawPolicy::Decode => law.iter().map(|byte| Law::Mu.decode(*byte)).collect(),
        };
        assert_eq!(rig.forwarded(), expected);
        assert_eq!(rig.faults().len(), faults);
    }
}

#[test]
fn the_first_frame_decides_the_rate() {
    let mut rig = Rig::forwarding(Forward::Everything);
    assert_eq!(
        rig.receive(&wire(SampleRate::Hz16000, &[0; 320])),
        Progress::Open
    );
    rig.tick();
    assert_eq!(rig.leg.rate(), SampleRate::Hz16000);
    assert_eq!(rig.line.rate, Some(SampleRate::Hz16000));
    assert_eq!(rig.forwarded().len(), 320);
    assert_eq!((rig.line.sent[0][0], rig.line.sent[0].len()), (0x12, 643));
    let RecordBody::Event(Realtime::MediaStarted(started)) = rig.line.records[0].body else {
        panic!("{:?}", rig.line.records)
    };
    assert_eq!(started.sample_rate, 16_000);
}

#[test]
fn a_rate_that_changes_within_a_call_is_refused() {
    let mut rig = Rig::forwarding(Forward::Everything);
    rig.hear(&silence(3));
    rig.receive(&wire(SampleRate::Hz16000, &[5; 320]));
    assert_eq!(
        rig.faults(),
        [Fault::RateChanged {
            from: 8_000,
            to: 16_000
        }]
    );
    assert_eq!(rig.leg.rate(), SampleRate::Hz8000);
    rig.hear(&silence(1));
    assert_eq!(rig.forwarded(), silence(4));
}

#[test]
fn each_digit_is_an_event() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    let mut digits = String::new();
    for digit in b"0123456789ABCD*#" {
        rig.receive(&message(0x03, &[*digit]));
    }
    for record in &rig.line.records {
        if let RecordBody::Event(Realtime::DtmfReceived(press)) = record.body {
            digits.push(press.digit);
        }
    }
    assert_eq!(digits, "0123456789ABCD*#");
}
