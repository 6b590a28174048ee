//! The call: whoever has something to do next does it, and the time is what it is then.

use voxtra_core::event::{Fault, MediaStoppedReason};
use voxtra_core::leg::{Command, Forward, Leg, LegCounters, LegSettings, Progress};
use voxtra_core::playout::PlayoutCounters;
use voxtra_core::time::Instant;
use voxtra_core::vad::EnergyDetector;

use crate::agent::{Account, Agent};
use crate::asterisk::{Asterisk, ID, Report};
use crate::caller::Script;
use crate::faults::{Arrival, Direction, Faults, Pipe};
use crate::port::{Kept, PairPort};

/// No call of these goes on for longer.
const LIMIT: Instant = Instant::from_millis(90_000);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) script: Script,
    pub(crate) faults: Faults,
    pub(crate) seed: u64,
}

/// Everything that can be seen of a call from outside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallOutcome {
    pub(crate) kept: Kept,
    pub(crate) started: Option<Instant>,
    pub(crate) leg: LegCounters,
    pub(crate) playout: PlayoutCounters,
    pub(crate) account: Account,
    pub(crate) utterances: u32,
    pub(crate) asterisk: Report,
}

struct Call<'a> {
    faults: Faults,
    leg: Box<Leg<EnergyDetector>>,
    line: PairPort,
    agent: Agent,
    incoming: Pipe,
    /// Until the id has been read.
    handshake: Vec<u8>,
    started: Option<Instant>,
    over: bool,
    cuts: std::iter::Cycle<std::slice::Iter<'a, usize>>,
}

/// Runs the call. Bytes that arrive at one moment are handed to the leg cut as `cuts` says, over
/// and over.
pub(crate) fn run(case: &Case, cuts: &[usize]) -> CallOutcome {
    let Case {
        script,
        faults,
        seed,
    } = *case;
    let settings = LegSettings::default().with(|leg| leg.forward = Forward::Everything);
    let mut call = Call {
        faults,
        leg: Box::new(Leg::new(settings, EnergyDetector::new())),
        line: PairPort::new(Pipe::new(
            faults,
            Direction::ToAsterisk,
            seed.wrapping_mul(2),
        )),
        agent: Agent::default(),
        incoming: Pipe::new(faults, Direction::ToVoxtra, seed.wrapping_mul(2) | 1),
        handshake: Vec::new(),
        started: None,
        over: false,
        cuts: cuts.iter().cycle(),
    };
    let mut asterisk = Asterisk::new(script, faults.slower_ppm);
    asterisk.connect(Instant::ZERO, &mut call.incoming);
    let mut now = Instant::ZERO;
    while !(call.over && asterisk.is_over()) {
        let next = [
            call.next(),
            (!asterisk.is_over()).then(|| asterisk.next()),
            call.line.out.next().filter(|_| !asterisk.is_over()),
        ];
        now = next
            .into_iter()
            .flatten()
            .min()
            .expect("somebody has something to do")
            .max(now);
        assert!(now < LIMIT, "the call does not end");
        call.turn(now);
        while let Some(arrival) = call.line.out.read(now) {
            let end = arrival == Arrival::End;
            asterisk.receive(now, arrival, &mut call.incoming);
            if end {
                break;
            }
        }
        call.line.writable(now);
        if !asterisk.is_over() && asterisk.next() <= now {
            asterisk.tick(now, &mut call.incoming);
        }
    }
    CallOutcome {
        started: call.started,
        leg: call.leg.counters(),
        playout: call.leg.playout_counters(),
        account: call.agent.account(),
        utterances: call.agent.utterances(),
        kept: call.line.kept,
        asterisk: asterisk.report().clone(),
    }
}

impl Call<'_> {
    fn next(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let thread = |at: Instant| self.faults.thread_runs_at(at);
        let deadline = self.started.map(|_| thread(self.leg.next_deadline()));
        let arrival = self.incoming.next().map(thread);
        [deadline, arrival, self.agent.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What a media thread does when it wakes up, and what the agent does about it.
    fn turn(&mut self, now: Instant) {
        if self.over {
            return;
        }
        self.line.now = now;
        if self.faults.thread_runs_at(now) == now {
            self.read(now);
            if self.started.is_some() && !self.over && self.leg.next_deadline() <= now {
                self.deadline(now);
            }
        }
        let PairPort {
            kept, epoch, rate, ..
        } = &self.line;
        self.agent.act(now, &kept.records, *epoch, *rate);
    }

    fn read(&mut self, now: Instant) {
        let mut bytes = Vec::new();
        let mut ended = false;
        while !ended && let Some(arrival) = self.incoming.read(now) {
            match arrival {
                Arrival::Bytes(more) => bytes.extend(more),
                Arrival::End => ended = true,
            }
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() && !self.over {
            let cut = (*self.cuts.next().unwrap()).clamp(1, rest.len());
            let (piece, later) = rest.split_at(cut);
            rest = later;
            self.input(now, piece);
        }
        if ended && !self.over {
            self.stop(now, MediaStoppedReason::Closed);
        }
    }

    fn input(&mut self, now: Instant, mut bytes: &[u8]) {
        if self.started.is_none() {
            let missing = 19 - self.handshake.len();
            let (id, rest) = bytes.split_at(missing.min(bytes.len()));
            self.handshake.extend(id);
            bytes = rest;
            if self.handshake.len() < 19 {
                return;
            }
            if self.handshake[..3] != [0x01, 0, 16] || self.handshake[3..] != ID {
                // A stranger.
                return self.stop(now, MediaStoppedReason::Closed);
            }
            self.started = Some(now);
            self.leg.start(now);
        }
        if !bytes.is_empty()
            && self.leg.handle_input(now, bytes, &mut self.line) == Progress::HungUp
        {
            self.stop(now, MediaStoppedReason::Hangup);
        }
    }

    fn deadline(&mut self, now: Instant) {
        while let Some(command) = self.agent.commands.pop_front() {
            self.leg.handle_command(now, command, &mut self.line);
            if command == Command::HangUp {
                return self.stop(now, MediaStoppedReason::Hangup);
            }
        }
        self.leg
            .handle_deadline(now, &mut self.agent, &mut self.line);
        if let Some(dropped) = self.line.take_dropped() {
            self.leg
                .report(now, Fault::FramesDropped(dropped), &mut self.line);
        }
        if self.line.is_given_up() {
            self.leg.report(now, Fault::WriteStalled, &mut self.line);
            self.stop(now, MediaStoppedReason::Timeout);
        }
    }

    fn stop(&mut self, now: Instant, reason: MediaStoppedReason) {
        if self.started.is_some() {
            // Twice, as one cause often follows the other.
            self.leg.stop(now, reason, &mut self.line);
            self.leg
                .stop(now, MediaStoppedReason::Error, &mut self.line);
        }
        self.over = true;
        self.line.out.close(now);
    }
}
