//! Events on their way out, and the agent's audio on its way to the caller.

use std::hint::black_box;

use heapless::spsc::{Consumer, Producer, Queue};
use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::bus::Bus;
use voxtra_core::event::{Record, RecordBody, UserSpeechEnded};
use voxtra_core::playout::{AgentAudio, Chunk, Playout, PlayoutSettings};
use voxtra_core::time::Instant;

use super::{FRAMES, SAMPLES, Stage, agent};

/// Both ends of a ring with room for the records of a thousand frames.
pub fn ring() -> (Producer<'static, Record>, Consumer<'static, Record>) {
    let ring: &'static mut Queue<Record, 1_024> = Box::leak(Box::default());
    ring.split()
}

/// An event for one subscriber.
pub struct Event {
    bus: Bus<Producer<'static, Record>, 4>,
    reader: Consumer<'static, Record>,
    sent: u64,
}

impl Event {
    fn record(number: u64) -> Record {
        let duration_ms = number;
        Record {
            at: Instant::from_millis(20),
            body: RecordBody::Event(UserSpeechEnded::new(duration_ms).into()),
        }
    }
}

impl Stage for Event {
    const NAME: &'static str = "event to one subscriber";

    fn verified() -> Box<Self> {
        let (producer, reader) = ring();
        let mut bus = Bus::new();
        assert!(bus.subscribe(producer).is_ok());
        let mut stage = Box::new(Self {
            bus,
            reader,
            sent: 0,
        });
        for number in 0..100_000 {
            stage.frame();
            assert_eq!(stage.reader.dequeue(), Some(Self::record(number)));
        }
        stage
    }

    fn frame(&mut self) {
        self.bus.publish(black_box(Self::record(self.sent)));
        self.sent += 1;
    }

    fn tidy(&mut self) {
        while self.reader.dequeue().is_some() {}
        assert_eq!(self.bus.lost(), 0);
    }
}

/// An agent that never stops talking.
pub struct Talker {
    samples: Vec<i16>,
    at: usize,
    first: bool,
}

impl Talker {
    pub fn new() -> Self {
        Self {
            samples: agent().concat(),
            at: 0,
            first: true,
        }
    }
}

impl AgentAudio for Talker {
    fn next_chunk(&mut self) -> Option<Chunk> {
        self.at = 0;
        Some(Chunk {
            epoch: 0,
            utterance: 1,
            samples: self.samples.len() as u32,
            first: std::mem::take(&mut self.first),
            last: false,
            uninterruptible: false,
        })
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        let from = &self.samples[self.at..][..out.len()];
        out.copy_from_slice(from);
        self.at += out.len();
        out.len()
    }

    fn skip(&mut self, samples: usize) {
        self.at += samples;
    }
}

/// The agent's next frame.
pub struct PlayoutStage {
    playout: Playout,
    agent: Talker,
    now: Instant,
    out: [i16; SAMPLES],
}

impl Stage for PlayoutStage {
    const NAME: &'static str = "playout";

    fn verified() -> Box<Self> {
        let mut playout = Playout::new(SampleRate::Hz8000, PlayoutSettings::default());
        playout.start(Instant::ZERO);
        let mut stage = Box::new(Self {
            playout,
            agent: Talker::new(),
            now: Instant::ZERO,
            out: [0; SAMPLES],
        });
        for frame in agent() {
            stage.frame();
            assert_eq!(stage.out, frame);
        }
        assert_eq!(stage.playout.counters().frames, FRAMES as u64);
        stage
    }

    fn frame(&mut self) {
        let made = self
            .playout
            .poll(self.now, &mut self.agent, &mut self.out, &mut |_| {});
        assert_eq!(made, Some(SAMPLES));
        black_box(&mut self.out);
        self.now = self.now + FRAME;
    }
}
