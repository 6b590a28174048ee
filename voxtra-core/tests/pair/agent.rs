//! The agent: greets, answers each turn, names each key, stops when it is interrupted, hangs up on
//! silence. It takes a moment to react.

use std::collections::VecDeque;
use std::time::Duration;

use voxtra_core::audio::SampleRate;
use voxtra_core::event::{Realtime, Record, RecordBody};
use voxtra_core::leg::Command;
use voxtra_core::playout::{AgentAudio, Chunk};
use voxtra_core::time::Instant;

/// What it takes the agent to react.
const REACTION: Duration = Duration::from_millis(40);

#[derive(Default)]
pub(crate) struct Agent {
    plans: VecDeque<(Instant, Plan)>,
    /// What is still to be said, in milliseconds.
    to_say: VecDeque<u64>,
    saying: Option<Saying>,
    epoch: u32,
    utterances: u32,
    turns: u64,
    noticed: usize,
    pub(crate) commands: VecDeque<Command>,
    /// What playout has not fetched yet.
    chunks: VecDeque<Chunk>,
    samples: VecDeque<i16>,
    account: Account,
}

/// Where the agent's samples went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) given: u64,
    pub(crate) read: u64,
    pub(crate) skipped: u64,
    pub(crate) left: u64,
}

#[derive(Clone, Copy, Debug)]
enum Plan {
    Say(u64),
    HangUp,
}

#[derive(Clone, Copy, Debug)]
struct Saying {
    utterance: u32,
    left: usize,
    first: bool,
}

impl Agent {
    /// When the agent does something by itself.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.plans.front().map(|(at, _)| *at)
    }

    pub(crate) fn account(&self) -> Account {
        Account {
            left: self.samples.len() as u64,
            ..self.account
        }
    }

    /// Utterances that were begun.
    pub(crate) fn utterances(&self) -> u32 {
        self.utterances
    }

    /// Reads what has happened and does what is to be done at `now`.
    pub(crate) fn act(&mut self, now: Instant, records: &[Record], epoch: u32, rate: SampleRate) {
        for record in &records[self.noticed..] {
            self.notice(now + REACTION, record);
        }
        self.noticed = records.len();
        if epoch != self.epoch {
            // Interrupted: what was not written yet isn't any more.
            self.epoch = epoch;
            self.saying = None;
            self.to_say.clear();
        }
        while let Some((at, plan)) = self.plans.front().copied()
            && at <= now
        {
            self.plans.pop_front();
            match plan {
                Plan::Say(ms) => self.to_say.push_back(ms),
                Plan::HangUp => self.commands.push_back(Command::HangUp),
            }
        }
        self.write(rate);
    }

    fn notice(&mut self, then: Instant, record: &Record) {
        let RecordBody::Event(event) = record.body else {
            return;
        };
        let plan = match event {
            Realtime::MediaStarted(_) => Plan::Say(1_500),
            Realtime::TurnEnded(_) => {
                self.turns += 1;
                Plan::Say(900 + 300 * self.turns)
            }
            Realtime::DtmfReceived(_) => Plan::Say(400),
            Realtime::SilenceDetected(_) => Plan::HangUp,
            _ => return,
        };
        self.plans.push_back((then, plan));
    }

    /// Keeps up to a second ahead of playout, in chunks of 20 ms.
    fn write(&mut self, rate: SampleRate) {
        let frame = rate.frame_samples();
        while self.samples.len() + frame <= 50 * frame {
            let mut saying = match self.saying.take() {
                Some(saying) => saying,
                None => {
                    let Some(ms) = self.to_say.pop_front() else {
                        return;
                    };
                    self.utterances += 1;
                    Saying {
                        utterance: self.utterances,
                        left: rate.samples_in(Duration::from_millis(ms)),
                        first: true,
                    }
                }
            };
            let count = saying.left.min(frame);
            saying.left -= count;
            // Never zero, so that what was sent can be told from silence.
            self.samples
                .extend((0..count).map(|n| 4_000 + 10 * n as i16));
            self.account.given += count as u64;
            self.chunks.push_back(Chunk {
                epoch: self.epoch,
                utterance: saying.utterance,
                samples: count as u32,
                first: saying.first,
                last: saying.left == 0,
                uninterruptible: false,
            });
            saying.first = false;
            self.saying = (saying.left > 0).then_some(saying);
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
        self.account.read += count as u64;
        count
    }

    fn skip(&mut self, samples: usize) {
        self.samples.drain(..samples);
        self.account.skipped += samples as u64;
    }
}
