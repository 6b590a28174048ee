//! The whole path, as a call does it: a frame in, a frame out.

use std::hint::black_box;

use heapless::spsc::{Consumer, Producer};
use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::bus::Bus;
use voxtra_core::event::Record;
use voxtra_core::leg::{CallerAudio, Forward, Leg, LegSettings, Mode, Port, Progress};
use voxtra_core::playout::{AgentAudio, Chunk};
use voxtra_core::time::Instant;
use voxtra_core::vad::TelephoneDetector;

use super::speaking::{Talker, ring};
use super::{FRAMES, Round, SAMPLES, Stage, WIRE, agent, caller, wire};

/// What a leg is connected to: a ring for its records, a buffer for its bytes and one for the
/// caller's audio.
struct BenchPort {
    bus: Bus<Producer<'static, Record>, 1>,
    out: [u8; WIRE],
    sent: usize,
    heard: [i16; SAMPLES],
    forwarded: usize,
}

impl Port for BenchPort {
    fn record(&mut self, record: Record) {
        self.bus.publish(record);
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        if let CallerAudio::Samples(samples) = part
            && let Some(place) = self.heard.get_mut(..samples.len())
        {
            place.copy_from_slice(samples);
            self.forwarded += 1;
        }
    }

    fn transmit(&mut self, _len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        self.sent = write(&mut self.out);
    }

    fn epoch(&mut self, _epoch: u32) {}

    fn rate(&mut self, _rate: SampleRate) {}
}

/// A leg, the caller, the agent and the line between them.
struct Call<A> {
    leg: Leg<TelephoneDetector>,
    caller: Round<[u8; WIRE]>,
    agent: A,
    line: BenchPort,
    records: Consumer<'static, Record>,
    now: Instant,
}

impl<A: AgentAudio> Call<A> {
    fn new(mode: Mode, forward: Forward, agent: A) -> Self {
        let (producer, records) = ring();
        let mut bus = Bus::new();
        assert!(bus.subscribe(producer).is_ok());
        let settings = LegSettings::default().with(|leg| {
            leg.mode = mode;
            leg.forward = forward;
            leg.turn.barge_in = false;
        });
        let mut leg = Leg::new(settings, TelephoneDetector::new());
        leg.start(Instant::ZERO);
        Self {
            leg,
            caller: Round::of(caller().map(|frame| wire(&frame))),
            agent,
            line: BenchPort {
                bus,
                out: [0; WIRE],
                sent: 0,
                heard: [0; SAMPLES],
                forwarded: 0,
            },
            records,
            now: Instant::ZERO,
        }
    }

    fn frame(&mut self) {
        let bytes = black_box(self.caller.next());
        let progress = self.leg.handle_input(self.now, bytes, &mut self.line);
        assert_eq!(progress, Progress::Open);
        self.leg
            .handle_deadline(self.now, &mut self.agent, &mut self.line);
        assert_eq!(self.line.sent, WIRE);
        black_box(&mut self.line.out);
        self.now = self.now + FRAME;
    }

    fn tidy(&mut self) {
        while self.records.dequeue().is_some() {}
        assert_eq!(self.line.bus.lost(), 0);
    }
}

/// An agent that listens and talks.
pub struct AgentLeg(Call<Talker>);

impl Stage for AgentLeg {
    const NAME: &'static str = "whole leg, agent";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self(Call::new(
            Mode::Agent,
            Forward::Everything,
            Talker::new(),
        )));
        for (heard, said) in caller().into_iter().zip(agent()) {
            stage.0.line.out.fill(0);
            stage.frame();
            assert_eq!(stage.0.line.out, wire(&said));
            assert_eq!(stage.0.line.heard, heard);
        }
        assert_eq!(stage.0.line.forwarded, FRAMES);
        assert_eq!(stage.0.records.len(), 4, "media and speech, start and end");
        stage
    }

    fn frame(&mut self) {
        self.0.frame();
    }

    fn tidy(&mut self) {
        self.0.tidy();
    }
}

/// Where no agent is.
struct Nobody;

impl AgentAudio for Nobody {
    fn next_chunk(&mut self) -> Option<Chunk> {
        None
    }

    fn read(&mut self, _out: &mut [i16]) -> usize {
        0
    }

    fn skip(&mut self, _samples: usize) {}

    fn is_idle(&self) -> bool {
        true
    }
}

/// `voxtra echo`: every frame goes back at once, and is listened to.
pub struct EchoLeg(Call<Nobody>);

impl Stage for EchoLeg {
    const NAME: &'static str = "whole leg, echo";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self(Call::new(Mode::Echo, Forward::Nothing, Nobody)));
        for frame in caller() {
            stage.0.line.out.fill(0);
            stage.frame();
            assert_eq!(stage.0.line.out, wire(&frame));
        }
        assert_eq!(stage.0.line.forwarded, 0);
        assert_eq!(stage.0.leg.counters().frames_out, FRAMES as u64);
        stage
    }

    fn frame(&mut self) {
        self.0.frame();
    }

    fn tidy(&mut self) {
        self.0.tidy();
    }
}
