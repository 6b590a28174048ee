//! One call's whole media path in virtual time: bytes, times and commands in; records, audio and bytes out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use voxtra_core::audio::{FRAME, Law, SampleRate};
use voxtra_core::audiosocket::{Frame, encode, encode_audio};
use voxtra_core::event::{Fault, MediaStoppedReason, Realtime, Record, RecordBody};
use voxtra_core::leg::{
    CallerAudio, Command, Forward, Leg, LegSettings, Mode, MulawPolicy, Port, Progress,
};
use voxtra_core::playout::{AgentAudio, Chunk};
use voxtra_core::time::Instant;
use voxtra_core::vad::EnergyDetector;

/// Samples of a frame at 8 kHz.
const N: usize = 160;

/// What a leg is connected to: it keeps everything.
#[derive(Default, PartialEq, Debug)]
struct Kept {
    records: Vec<Record>,
    heard: Vec<Heard>,
    sent: Vec<Vec<u8>>,
    epoch: u32,
    rate: Option<SampleRate>,
}

#[derive(Clone, PartialEq, Debug)]
enum Heard {
    Started,
    Samples(Vec<i16>),
    Ended,
}

impl Port for Kept {
    fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        self.heard.push(match part {
            CallerAudio::SpeechStarted => Heard::Started,
            CallerAudio::Samples(samples) => Heard::Samples(samples.to_vec()),
            CallerAudio::SpeechEnded => Heard::Ended,
        });
    }

    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let mut message = vec![0; len];
        let used = write(&mut message);
        message.truncate(used);
        assert!(!message.is_empty(), "a message without content");
        self.sent.push(message);
    }

    fn epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    fn rate(&mut self, rate: SampleRate) {
        self.rate = Some(rate);
    }
}

#[derive(Default)]
struct Agent {
    chunks: VecDeque<Chunk>,
    samples: VecDeque<i16>,
}

impl Agent {
    /// Queues a whole utterance.
    fn says(&mut self, epoch: u32, utterance: u32, samples: &[i16]) {
        let count = samples.chunks(N).count();
        for (n, part) in samples.chunks(N).enumerate() {
            self.samples.extend(part);
            self.chunks.push_back(Chunk {
                epoch,
                utterance,
                samples: part.len() as u32,
                first: n == 0,
                last: n + 1 == count,
            });
        }
    }
}

impl AgentAudio for Agent {
    fn next_chunk(&mut self) -> Option<Chunk> {
        self.chunks.pop_front()
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        let count = out.len().min(self.samples.len());
        for (place, sample) in out.iter_mut().zip(self.samples.drain(..count)) {
            *place = sample;
        }
        count
    }

    fn skip(&mut self, samples: usize) {
        self.samples.drain(..samples.min(self.samples.len()));
    }
}

/// A leg, its surroundings and its time.
struct Rig {
    leg: Box<Leg<EnergyDetector>>,
    line: Kept,
    agent: Agent,
    now: Instant,
}

impl Rig {
    fn new(settings: LegSettings) -> Self {
        let mut leg = Box::new(Leg::new(settings, EnergyDetector::new()));
        let now = Instant::from_millis(1_000);
        leg.start(now);
        Self {
            leg,
            line: Kept::default(),
            agent: Agent::default(),
            now,
        }
    }

    fn forwarding(forward: Forward) -> Self {
        Self::new(LegSettings {
            forward,
            ..LegSettings::default()
        })
    }

    /// Bytes arrive now.
    fn receive(&mut self, bytes: &[u8]) -> Progress {
        self.leg.handle_input(self.now, bytes, &mut self.line)
    }

    /// 20 ms pass; what is due is done.
    fn tick(&mut self) {
        self.leg
            .handle_deadline(self.now, &mut self.agent, &mut self.line);
        self.now = self.now + FRAME;
    }

    /// The caller's samples arrive in real time.
    fn hear(&mut self, samples: &[i16]) {
        for frame in samples.chunks_exact(N) {
            assert_eq!(
                self.receive(&wire(SampleRate::Hz8000, frame)),
                Progress::Open
            );
            self.tick();
        }
    }

    fn command(&mut self, command: Command) {
        self.leg.handle_command(self.now, command, &mut self.line);
    }

    /// The wire names of what happened, and what else was told.
    fn story(&self) -> Vec<String> {
        self.line.records.iter().map(told).collect()
    }

    fn faults(&self) -> Vec<Fault> {
        let fault = |record: &Record| match record.body {
            RecordBody::Fault(fault) => Some(fault),
            _ => None,
        };
        self.line.records.iter().filter_map(fault).collect()
    }

    fn forwarded(&self) -> Vec<i16> {
        let mut all = Vec::new();
        for part in &self.line.heard {
            if let Heard::Samples(samples) = part {
                all.extend(samples);
            }
        }
        all
    }
}

fn told(record: &Record) -> String {
    match record.body {
        RecordBody::Event(event) => event.kind().wire().into(),
        RecordBody::UtteranceStarted { utterance } => format!("starts {utterance}"),
        RecordBody::UtteranceEnded {
            utterance,
            interrupted,
        } => format!("{} {utterance}", if interrupted { "cut" } else { "ends" }),
        RecordBody::Fault(fault) => format!("fault: {fault}"),
        RecordBody::Missed(count) => format!("missed {count}"),
    }
}

fn wire(rate: SampleRate, samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; 3 + 2 * samples.len()];
    encode_audio(rate, samples, &mut bytes).unwrap();
    bytes
}

fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The samples of an audio message.
fn pcm(message: &[u8]) -> Vec<i16> {
    message[3..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// A recording of the project's, between two silences that are not quite silent, cut to whole frames.
fn recording(name: &str) -> Vec<i16> {
    let path = format!("{}/../assets/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    let hiss = |count: usize| (0..count).map(|n| (n * 31 % 7) as i16 - 3);
    let mut samples: Vec<i16> = hiss(50 * N).collect();
    samples.extend(
        bytes[data..]
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]])),
    );
    samples.extend(hiss(50 * N));
    samples.truncate(samples.len() / N * N);
    samples
}

/// A loud buzz: speech, as far as the detector is concerned.
fn buzz(frames: usize) -> Vec<i16> {
    (0..frames * N)
        .map(|n| {
            let t = n as f32 / 8_000.0;
            let harmonics: f32 = (1..8)
                .map(|k| (754.0 * k as f32 * t).sin() / k as f32)
                .sum();
            (5_000.0 * harmonics) as i16
        })
        .collect()
}

fn silence(frames: usize) -> Vec<i16> {
    vec![0; frames * N]
}

#[test]
fn recorded_speech_starts_once_and_ends_once() {
    for name in ["caller-hello.wav", "caller-stop.wav"] {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&recording(name));
        assert_eq!(
            rig.story(),
            [
                "media.started",
                "user.speech.started",
                "user.speech.ended",
                "turn.ended"
            ],
            "{name}"
        );
        assert!(rig.line.heard.is_empty(), "nobody asked for audio");
    }
}

#[test]
fn forwarded_speech_is_one_piece_that_begins_before_the_first_syllable() {
    let spoken = recording("caller-hello.wav");
    let mut rig = Rig::forwarding(Forward::Speech);
    rig.hear(&spoken);
    assert_eq!(rig.line.heard.first(), Some(&Heard::Started));
    assert_eq!(rig.line.heard.last(), Some(&Heard::Ended));
    let marks = rig
        .line
        .heard
        .iter()
        .filter(|part| !matches!(part, Heard::Samples(_)));
    assert_eq!(marks.count(), 2);

    let forwarded = rig.forwarded();
    let begin = spoken
        .windows(forwarded.len())
        .position(|piece| piece == forwarded)
        .expect("a piece of what was said, without a gap or a repetition");
    let is_loud = |sample: &i16| sample.unsigned_abs() > 300;
    let (first, last) = (
        spoken.iter().position(is_loud).unwrap(),
        spoken.iter().rposition(is_loud).unwrap(),
    );
    assert!(
        begin < first,
        "the first syllable is at {first}, the piece begins at {begin}"
    );
    assert!(begin + forwarded.len() > last);
    assert!(
        forwarded.len() < spoken.len() - 50 * N,
        "the silence around it was not asked for"
    );
}

#[test]
fn everything_is_forwarded_once_in_order_with_marks_in_between() {
    let spoken = recording("caller-stop.wav");
    let mut rig = Rig::forwarding(Forward::Everything);
    rig.hear(&spoken);
    assert_eq!(rig.forwarded(), spoken);
    let marks: Vec<_> = rig
        .line
        .heard
        .iter()
        .filter(|part| !matches!(part, Heard::Samples(_)))
        .collect();
    assert_eq!(marks, [&Heard::Started, &Heard::Ended]);
}

#[test]
fn forwarding_can_change_in_the_middle_of_an_utterance() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    let speech = buzz(60);
    rig.hear(&speech[..30 * N]);
    rig.command(Command::Forward(Forward::Speech));
    rig.hear(&speech[30 * N..]);
    rig.hear(&silence(30));
    assert_eq!(rig.line.heard.last(), Some(&Heard::Ended));
    assert!(rig.forwarded().starts_with(&speech[30 * N..]));
}

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
fn a_barge_in_fades_out_within_a_frame_and_drops_the_rest() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    rig.agent.says(0, 1, &buzz(500));
    rig.hear(&silence(20));
    assert!(rig.leg.is_agent_speaking());
    let mut frames = 0;
    while rig.line.epoch == 0 {
        rig.hear(&buzz(40)[frames * N..][..N]);
        frames += 1;
        assert!(frames < 30, "the caller is not noticed");
    }
    assert!(!rig.leg.is_agent_speaking());
    // The frame that is due fades out; the one after it is silent, and so is all that follows.
    let said = rig.line.sent.len();
    rig.hear(&silence(10));
    for message in &rig.line.sent[said..] {
        assert_eq!(pcm(message), silence(1));
    }
    let fading = pcm(&rig.line.sent[said - 1]);
    let peak = |part: &[i16]| part.iter().map(|s| s.unsigned_abs()).max().unwrap();
    assert!(peak(&fading[..40]) > 4 * peak(&fading[150..]));
    assert!(rig.agent.chunks.is_empty(), "nothing is left in the queue");
    let story = rig.story();
    assert_eq!(
        story[..3],
        ["media.started", "starts 1", "user.speech.started"]
    );
    assert!(
        story.iter().any(|told| told == "barge_in") && story.iter().any(|told| told == "cut 1")
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
fn every_rate_is_heard() {
    for rate in SampleRate::ALL {
        let mut rig = Rig::forwarding(Forward::Nothing);
        let hz = rate.hz() as f32;
        for frame in 0..120 {
            let samples: Vec<i16> = (0..rate.frame_samples())
                .map(|n| {
                    let t = (frame * rate.frame_samples() + n) as f32 / hz;
                    let loud = if (40..80).contains(&frame) {
                        5_000.0
                    } else {
                        2.0
                    };
                    let harmonics: f32 = (1..8)
                        .map(|k| (754.0 * k as f32 * t).sin() / k as f32)
                        .sum();
                    (loud * harmonics) as i16
                })
                .collect();
            rig.receive(&wire(rate, &samples));
            rig.tick();
        }
        assert_eq!(
            rig.story(),
            [
                "media.started",
                "user.speech.started",
                "user.speech.ended",
                "turn.ended"
            ],
            "{rate:?}"
        );
    }
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
    let mut rig = Rig::new(LegSettings {
        mode: Mode::Echo,
        ..LegSettings::default()
    });
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
    let mut rig = Rig::new(LegSettings {
        mode: Mode::Echo,
        ..LegSettings::default()
    });
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
fn a_silent_line_ends_speech_and_is_reported_as_silence_once() {
    let mut rig = Rig::forwarding(Forward::Speech);
    rig.hear(&silence(20));
    rig.hear(&buzz(30));
    // Not a frame from here on: a muted caller, comfort noise, a held call.
    for _ in 0..600 {
        rig.tick();
    }
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "user.speech.started",
            "user.speech.ended",
            "turn.ended",
            "silence.detected"
        ]
    );
    assert_eq!(rig.line.heard.last(), Some(&Heard::Ended));
    assert_eq!(rig.line.sent.len(), 650, "silence goes out all the time");
}

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
fn pauses_are_counted_and_late_frames_belong_to_the_same_speech() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(20));
    let speech = buzz(40);
    rig.hear(&speech[..20 * N]);
    // A busy machine: nothing for 140 ms, then all at once.
    for _ in 0..7 {
        rig.tick();
    }
    for frame in speech[20 * N..27 * N].chunks(N) {
        rig.receive(&wire(SampleRate::Hz8000, frame));
    }
    rig.hear(&speech[27 * N..]);
    rig.hear(&silence(40));
    assert_eq!(rig.leg.counters().gaps, 1);
    let story = rig.story();
    assert_eq!(
        story
            .iter()
            .filter(|told| *told == "user.speech.started")
            .count(),
        1,
        "{story:?}"
    );
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
    assert_eq!(rig.line.heard.last(), Some(&Heard::Ended));
    assert_eq!(rig.line.sent.len(), 40);
    let mut silent = Rig::forwarding(Forward::Nothing);
    let Rig { leg, line, now, .. } = &mut silent;
    leg.stop(*now, MediaStoppedReason::Error, line);
    assert_eq!(silent.story(), ["media.started", "media.stopped"]);
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

/// A call with something of everything.
fn stream() -> Vec<(u64, Vec<u8>)> {
    let mut at = 0;
    let mut arrivals = Vec::new();
    let mut samples = silence(10);
    samples.extend(buzz(25));
    samples.extend(silence(50));
    for (n, frame) in samples.chunks(N).enumerate() {
        let mut bytes = wire(SampleRate::Hz8000, frame);
        match n {
            7 => bytes.extend(message(0x03, b"7")),
            12 => bytes.extend(message(0x42, &[1; 300])),
            20 => bytes.extend(message(0x10, &[3; 9_001])),
            30 => bytes.extend(message(0x10, &[0x7f; 160])),
            _ => {}
        }
        arrivals.push((at, bytes));
        at += if n == 40 { 150 } else { 20 };
    }
    arrivals
}

/// The whole of what a leg does about it, with the bytes of each moment cut as `cuts` says.
fn run(arrivals: &[(u64, Vec<u8>)], cuts: &[usize]) -> Kept {
    let mut rig = Rig::forwarding(Forward::Everything);
    rig.agent.says(0, 1, &buzz(60));
    let mut cuts = cuts.iter().cycle();
    for (at, bytes) in arrivals {
        let arrival = Instant::from_millis(1_000 + at);
        while rig.leg.next_deadline() < arrival {
            rig.now = rig.leg.next_deadline();
            rig.tick();
        }
        rig.now = arrival;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*cuts.next().unwrap()).clamp(1, rest.len()));
            rig.receive(now);
            rest = later;
        }
    }
    let Rig { leg, line, now, .. } = &mut rig;
    leg.stop(*now, MediaStoppedReason::Closed, line);
    rig.line
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_bytes_at_the_same_times_have_the_same_effects_however_they_are_cut(
        cuts in prop::collection::vec(prop_oneof![1..8_usize, 1..700_usize], 1..40),
    ) {
        let arrivals = stream();
        prop_assert!(run(&arrivals, &cuts) == run(&arrivals, &[usize::MAX]));
    }

    #[test]
    fn nothing_that_arrives_can_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..3_000),
        chunk in 1..500_usize,
        echo: bool,
        hops in prop::collection::vec(0..200_u64, 1..20),
    ) {
        let mode = if echo { Mode::Echo } else { Mode::Agent };
        let mut rig = Rig::new(LegSettings { mode, forward: Forward::Speech, ..LegSettings::default() });
        let mut hops = hops.iter().cycle();
        for chunk in bytes.chunks(chunk) {
            rig.receive(chunk);
            rig.tick();
            rig.now = Instant::from_millis(rig.now.as_micros() / 1000 + hops.next().unwrap());
        }
    }

    #[test]
    fn nor_can_frames_of_any_kind(
        frames in prop::collection::vec(
            (prop_oneof![Just(0x01_u8), Just(0x03), 0x0f..0x1a_u8, Just(0xff), any::<u8>()], 0..700_usize),
            1..40,
        ),
    ) {
        let mut rig = Rig::new(LegSettings { frame_events: true, ..LegSettings::default() });
        for (kind, len) in frames {
            if rig.receive(&message(kind, &vec![0x55; len])) == Progress::HungUp {
                break;
            }
            rig.tick();
        }
        let starts = rig.story().iter().filter(|told| *told == "media.started").count();
        prop_assert!(starts <= 1);
    }
}
