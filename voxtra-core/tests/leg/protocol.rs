//! What peers may send, and what they may not.

use voxtra_core::audio::{FRAME, Law, SampleRate};
use voxtra_core::event::{Fault, MediaStoppedReason, Realtime, RecordBody};
use voxtra_core::leg::{
    Command, Forward, G711Policy, History, Inline, Leg, LegSettings, Memory, Mode, Progress,
};
use voxtra_core::time::Instant;
use voxtra_core::vad::EnergyDetector;

use crate::rig::{
    Agent, AudioPart, Kept, N, Rig, buzz, message, pcm, recording, silence, told, wire,
};

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
    for (policy, faults) in [(G711Policy::Refuse, 1), (G711Policy::Decode, 0)] {
        let mut rig = Rig::new(LegSettings::default().with(|leg| {
            leg.g711 = policy;
            leg.forward = Forward::Everything;
        }));
        rig.receive(&message(0x10, &law));
        let expected: Vec<i16> = match policy {
            G711Policy::Refuse => vec![0; N],
            G711Policy::Decode => law.iter().map(|byte| Law::Mu.decode(*byte)).collect(),
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

/// Frames of `size` bytes every `ms`, for as long as there are any.
fn stream(rig: &mut Rig, kind: u8, bytes: &[u8], size: usize, ms: u64) {
    let mut due = rig.now;
    for payload in bytes.chunks_exact(size) {
        while rig.now < due {
            rig.tick();
        }
        rig.receive(&message(kind, payload));
        due = due + core::time::Duration::from_millis(ms);
    }
}

#[test]
fn what_is_no_pcm_is_named_once_a_call_whatever_its_packets_are() {
    let speech = recording("caller-hello.wav");
    let law = |law: Law| -> Vec<u8> { speech.iter().map(|&s| law.encode(s)).collect() };
    let pcm: Vec<u8> = speech.iter().flat_map(|s| s.to_le_bytes()).collect();
    let (mu, a) = (law(Law::Mu), law(Law::A));
    let cases: [(&[u8], usize, u64, Option<Fault>); 9] = [
        (&mu, 160, 20, Some(Fault::MulawUnder8k)),
        (&mu, 320, 40, Some(Fault::MulawUnder8k)),
        (&a, 160, 20, Some(Fault::AlawUnder8k)),
        (&a, 320, 40, Some(Fault::AlawUnder8k)),
        (&a, 480, 60, Some(Fault::AlawUnder8k)),
        (&pcm, 20, 20, Some(Fault::Compressed)),
        (&pcm, 38, 20, Some(Fault::Compressed)),
        (
            &pcm,
            640,
            20,
            Some(Fault::TwiceTheRate { announced: 8_000 }),
        ),
        (&pcm, 640, 40, None),
    ];
    for (bytes, size, ms, fault) in cases {
        let mut rig = Rig::forwarding(Forward::Nothing);
        stream(&mut rig, 0x10, bytes, size, ms);
        assert_eq!(rig.faults(), Vec::from_iter(fault), "{size} bytes, {ms} ms");
        assert_eq!(rig.leg.counters().violations == 0, fault.is_none());
    }
}

#[test]
fn both_laws_are_decoded_whatever_their_packets_are() {
    let speech = recording("caller-hello.wav");
    for law in [Law::Mu, Law::A] {
        let bytes: Vec<u8> = speech.iter().map(|&s| law.encode(s)).collect();
        let decoded: Vec<i16> = bytes.iter().map(|&byte| law.decode(byte)).collect();
        for (size, ms) in [(160, 20), (320, 40)] {
            let mut rig = Rig::new(LegSettings::default().with(|leg| {
                leg.g711 = G711Policy::Decode;
                leg.forward = Forward::Everything;
            }));
            stream(&mut rig, 0x10, &bytes, size, ms);
            assert_eq!(rig.faults(), []);
            // What came before it was clear what it is, is lost.
            let heard = rig.forwarded();
            let clear = &decoded[8_000..];
            assert!(
                heard.windows(clear.len()).any(|part| part == clear)
                    || heard.ends_with(&clear[..clear.len() - N]),
                "{law:?} {size}"
            );
        }
    }
}

#[test]
fn an_asterisk_that_is_too_old_for_16_khz_is_heard_and_answered_at_its_speed() {
    let bytes: Vec<u8> = buzz(200).iter().flat_map(|s| s.to_le_bytes()).collect();
    let mut rig = Rig::forwarding(Forward::Everything);
    stream(&mut rig, 0x10, &bytes, 640, 20);
    let before = rig.forwarded().len();
    rig.line.sent.clear();
    stream(&mut rig, 0x10, &bytes, 640, 20);
    let (seconds, heard) = (bytes.len() / 32_000, rig.forwarded().len() - before);
    assert!(heard.abs_diff(8_000 * seconds) <= N, "{heard}");
    assert!(
        rig.line
            .sent
            .iter()
            .all(|sent| sent.len() == 643 && sent[0] == 0x10)
    );
}

#[test]
fn an_echo_of_what_is_no_pcm_is_silence_or_what_was_decoded() {
    let speech = recording("caller-hello.wav");
    let law: Vec<u8> = speech.iter().map(|&s| Law::A.encode(s)).collect();
    for (policy, loudest) in [(G711Policy::Refuse, 0), (G711Policy::Decode, 16_000)] {
        let mut rig = Rig::new(LegSettings::default().with(|leg| {
            leg.g711 = policy;
            leg.mode = Mode::Echo;
        }));
        stream(&mut rig, 0x10, &law, 160, 20);
        let echoed: Vec<i16> = rig.line.sent.iter().flat_map(|sent| pcm(sent)).collect();
        assert!(
            echoed.len().abs_diff(speech.len()) <= 2 * N,
            "{}",
            echoed.len()
        );
        let peak = echoed.iter().map(|s| s.unsigned_abs()).max().unwrap();
        let original = speech.iter().map(|s| s.unsigned_abs()).max().unwrap();
        match loudest {
            0 => assert_eq!(peak, 0),
            _ => assert!(peak.abs_diff(original) < original / 8, "{peak} {original}"),
        }
    }
}

/// Memory that is no more than what is asked for.
#[derive(Debug)]
struct Exact;

impl Memory for Exact {
    type Message = Box<[u8]>;
    type Frame = Box<[i16]>;
    type Past = Box<[i16]>;
    type History = Box<History>;

    fn message(bytes: usize) -> Self::Message {
        vec![0; bytes].into()
    }

    fn frame(samples: usize) -> Self::Frame {
        vec![0; samples].into()
    }

    fn past(samples: usize) -> Self::Past {
        vec![0; samples].into()
    }

    fn history() -> Self::History {
        Box::default()
    }
}

#[test]
fn memory_for_the_rate_is_there_before_its_first_frame() {
    for rate in SampleRate::ALL {
        let settings = LegSettings::default().with(|leg| leg.mode = Mode::Echo);
        let mut leg: Leg<EnergyDetector, Exact> = Leg::new(settings, EnergyDetector::new());
        let mut line = Kept::default();
        leg.start(Instant::ZERO);
        let samples: Vec<i16> = (0..rate.frame_samples()).map(|n| n as i16).collect();
        let message = wire(rate, &samples);
        for piece in message.chunks(message.len() / 3) {
            leg.handle_input(Instant::from_millis(20), piece, &mut line);
        }
        assert_eq!(leg.counters().frames_in, 1, "{rate:?}");
        assert_eq!(line.sent, [message], "{rate:?}");
    }
}

/// A call at this rate in which the caller interrupts the agent.
fn interrupted_call<M: Memory>(rate: SampleRate) -> Kept {
    let settings = LegSettings::default().with(|leg| leg.forward = Forward::Speech);
    let mut leg: Leg<EnergyDetector, M> = Leg::new(settings, EnergyDetector::new());
    let (mut line, mut agent) = (Kept::default(), Agent::default());
    let mut now = Instant::from_millis(1_000);
    leg.start(now);
    let frame = rate.frame_samples();
    let words = |from: usize, frames: usize| -> Vec<i16> {
        (0..frames * frame)
            .map(|n| {
                let t = (from + n) as f32 / rate.hz() as f32;
                (4_000.0 * (900.0 * t).sin() + 3_000.0 * (2_500.0 * t).sin()) as i16
            })
            .collect()
    };
    let caller = [vec![0; 40 * frame], words(0, 60), vec![0; 40 * frame]].concat();
    for (n, heard) in caller.chunks_exact(frame).enumerate() {
        if n == 1 {
            agent.says(0, 1, &words(77, 200));
        }
        leg.handle_input(now, &wire(rate, heard), &mut line);
        leg.handle_deadline(now, &mut agent, &mut line);
        now = now + FRAME;
    }
    leg.stop(now, MediaStoppedReason::Closed, &mut line);
    line
}

#[test]
fn a_leg_with_no_more_memory_than_its_rate_needs_does_the_same_as_one_with_all() {
    for rate in SampleRate::ALL {
        let all = interrupted_call::<Inline>(rate);
        assert!(all == interrupted_call::<Exact>(rate), "{rate:?}");
        let told: Vec<String> = all.records.iter().map(told).collect();
        for part in ["starts 1", "agent.held pending", "barge_in", "cut 1"] {
            assert!(told.contains(&part.to_owned()), "{rate:?}: {told:?}");
        }
        assert!(all.heard.contains(&AudioPart::Started), "{rate:?}");
    }
}

#[test]
fn an_echo_remembers_the_caller_from_when_somebody_listens() {
    let mut rig = Rig::new(LegSettings::default().with(|leg| leg.mode = Mode::Echo));
    rig.hear(&silence(50));
    rig.command(Command::Forward(Forward::Speech));
    rig.hear(&[silence(20), buzz(30), silence(30)].concat());
    let forwarded = rig.forwarded();
    // The first sample of a buzz is zero.
    let start = forwarded.iter().position(|sample| *sample != 0).unwrap() - 1;
    assert!(
        (8 * N..=11 * N).contains(&start),
        "200 ms before it: {start}"
    );
    assert_eq!(forwarded[start..start + 30 * N], buzz(30));
}
