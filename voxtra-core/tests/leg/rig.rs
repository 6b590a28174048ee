//! A leg, its surroundings and its time.

use std::collections::VecDeque;

use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::audiosocket::encode_audio;
use voxtra_core::event::{Fault, Realtime, Record, RecordBody};
use voxtra_core::leg::{CallerAudio, Command, Forward, Leg, LegSettings, Port, Progress};
use voxtra_core::playout::{AgentAudio, Chunk, Clip};
use voxtra_core::time::Instant;
use voxtra_core::vad::EnergyDetector;

/// Samples of a frame at 8 kHz.
pub(crate) const N: usize = 160;

/// What a leg is connected to: it keeps everything.
#[derive(Default, PartialEq, Debug)]
pub(crate) struct Kept {
    pub(crate) records: Vec<Record>,
    pub(crate) heard: Vec<AudioPart>,
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) epoch: u32,
    pub(crate) rate: Option<SampleRate>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum AudioPart {
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
            CallerAudio::SpeechStarted => AudioPart::Started,
            CallerAudio::Samples(samples) => AudioPart::Samples(samples.to_vec()),
            CallerAudio::SpeechEnded => AudioPart::Ended,
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
pub(crate) struct Agent {
    pub(crate) chunks: VecDeque<Chunk>,
    pub(crate) samples: VecDeque<i16>,
    pub(crate) filler: Vec<i16>,
    pub(crate) apology: Vec<i16>,
}

impl Agent {
    /// Queues a whole utterance.
    pub(crate) fn says(&mut self, epoch: u32, utterance: u32, samples: &[i16]) {
        self.queue(epoch, utterance, samples, false);
    }

    /// Queues a whole utterance that the caller may not interrupt.
    pub(crate) fn insists(&mut self, epoch: u32, utterance: u32, samples: &[i16]) {
        self.queue(epoch, utterance, samples, true);
    }

    fn queue(&mut self, epoch: u32, utterance: u32, samples: &[i16], uninterruptible: bool) {
        let count = samples.chunks(N).count();
        for (n, part) in samples.chunks(N).enumerate() {
            self.samples.extend(part);
            self.chunks.push_back(Chunk {
                epoch,
                utterance,
                samples: part.len() as u32,
                first: n == 0,
                last: n + 1 == count,
                uninterruptible,
            });
        }
    }
}

impl AgentAudio for Agent {
    fn clip(&self, clip: Clip) -> &[i16] {
        match clip {
            Clip::Filler => &self.filler,
            Clip::Apology => &self.apology,
        }
    }

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
pub(crate) struct Rig {
    pub(crate) leg: Box<Leg<EnergyDetector>>,
    pub(crate) line: Kept,
    pub(crate) agent: Agent,
    pub(crate) now: Instant,
}

impl Rig {
    pub(crate) fn new(settings: LegSettings) -> Self {
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

    pub(crate) fn forwarding(forward: Forward) -> Self {
        Self::new(LegSettings::default().with(|leg| leg.forward = forward))
    }

    /// Bytes arrive now.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Progress {
        self.leg.handle_input(self.now, bytes, &mut self.line)
    }

    /// 20 ms pass; what is due is done.
    pub(crate) fn tick(&mut self) {
        self.leg
            .handle_deadline(self.now, &mut self.agent, &mut self.line);
        self.now = self.now + FRAME;
    }

    /// The caller's samples arrive in real time.
    pub(crate) fn hear(&mut self, samples: &[i16]) {
        for frame in samples.chunks_exact(N) {
            assert_eq!(
                self.receive(&wire(SampleRate::Hz8000, frame)),
                Progress::Open
            );
            self.tick();
        }
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.leg.handle_command(self.now, command, &mut self.line);
    }

    /// The wire names of what happened, and what else was told.
    pub(crate) fn story(&self) -> Vec<String> {
        self.line.records.iter().map(told).collect()
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        let fault = |record: &Record| match record.body {
            RecordBody::Fault(fault) => Some(fault),
            _ => None,
        };
        self.line.records.iter().filter_map(fault).collect()
    }

    pub(crate) fn forwarded(&self) -> Vec<i16> {
        let mut all = Vec::new();
        for part in &self.line.heard {
            if let AudioPart::Samples(samples) = part {
                all.extend(samples);
            }
        }
        all
    }
}

pub(crate) fn told(record: &Record) -> String {
    match record.body {
        RecordBody::Event(Realtime::AgentHeld(held)) => {
            format!("agent.held {}", held.outcome.as_str())
        }
        RecordBody::Event(event) => event.kind().wire().into(),
        RecordBody::UtteranceStarted { utterance } => format!("starts {utterance}"),
        RecordBody::UtteranceEnded {
            utterance,
            interrupted,
            ..
        } => format!("{} {utterance}", if interrupted { "cut" } else { "ends" }),
        RecordBody::ClipStarted { clip } => format!("plays {clip:?}"),
        RecordBody::ClipEnded {
            clip, interrupted, ..
        } => format!("{} {clip:?}", if interrupted { "cut" } else { "ends" }),
        RecordBody::Fault(fault) => format!("fault: {fault}"),
        RecordBody::Missed(count) => format!("missed {count}"),
        other => format!("{other:?}"),
    }
}

pub(crate) fn wire(rate: SampleRate, samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; 3 + 2 * samples.len()];
    encode_audio(rate, samples, &mut bytes).unwrap();
    bytes
}

pub(crate) fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The samples of an audio message.
pub(crate) fn pcm(message: &[u8]) -> Vec<i16> {
    message[3..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// A recording of the project's, between two silences that are not quite silent, cut to whole
/// frames.
pub(crate) fn recording(name: &str) -> Vec<i16> {
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
pub(crate) fn buzz(frames: usize) -> Vec<i16> {
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

pub(crate) fn silence(frames: usize) -> Vec<i16> {
    vec![0; frames * N]
}

/// The caller's voice: another than the agent's, so that it is no echo.
pub(crate) fn voice(frames: usize) -> Vec<i16> {
    (0..frames * N)
        .map(|n| {
            let t = n as f32 / 8_000.0;
            let harmonics: f32 = (1..6)
                .map(|k| (1_163.0 * k as f32 * t).sin() / k as f32)
                .sum();
            (6_000.0 * harmonics) as i16
        })
        .collect()
}
