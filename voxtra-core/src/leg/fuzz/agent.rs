//! The agent's side: the samples that it queued, and what became of each.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::vec::Vec;

use super::port::Epoch;
use crate::playout::{AgentAudio, Chunk, Clip};

/// What the guard against dead air plays: not whole frames.
const FILLER: [i16; 1_234] = [100; _];
const APOLOGY: [i16; 2_345] = [100; _];

/// The agent's queue. It checks that playout keeps to [`AgentAudio`]'s rules.
pub(super) struct Agent {
    epoch: Rc<Epoch>,
    unruly: bool,
    chunks: VecDeque<Chunk>,
    samples: VecDeque<i16>,
    /// The chunk that playout was given, and how many of its samples are left.
    at_hand: Option<(Chunk, u64)>,
    /// The utterance that has begun and not ended.
    open: Option<(u32, u32)>,
    utterances: u32,
    /// Read since [`take_read`](Self::take_read).
    read: Vec<i16>,
    tally: Tally,
    /// By utterance: samples queued, and samples read.
    told: HashMap<u32, (u64, u64)>,
}

/// What became of the samples.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) queued: u64,
    pub(super) read: u64,
    pub(super) skipped: u64,
}

impl Agent {
    pub(super) fn new(epoch: Rc<Epoch>, unruly: bool) -> Self {
        Self {
            epoch,
            unruly,
            chunks: VecDeque::new(),
            samples: VecDeque::new(),
            at_hand: None,
            open: None,
            utterances: 0,
            read: Vec::new(),
            tally: Tally::default(),
            told: HashMap::new(),
        }
    }

    /// Begins an utterance of `samples`, in chunks of up to `20 + 20 * chunk` samples.
    pub(super) fn say(&mut self, samples: u16, chunk: u8, whole: bool) {
        self.utterances += 1;
        self.open = Some((self.utterances, self.epoch.current()));
        self.queue(samples, chunk, true, whole);
    }

    /// Goes on with the open utterance. As `Call::say` does, it stops when it is no longer played.
    pub(super) fn go_on(&mut self, samples: u16, chunk: u8, end: bool) {
        self.queue(samples, chunk, false, end);
    }

    /// Ends the open utterance, if there is one.
    pub(super) fn finish(&mut self) {
        self.queue(0, 0, false, true);
    }

    fn queue(&mut self, samples: u16, chunk: u8, mut first: bool, end: bool) {
        let is_played =
            |(utterance, epoch): &(u32, u32)| self.epoch.plays(*epoch, insists(*utterance));
        let Some((utterance, epoch)) = self.open.filter(is_played) else {
            self.open = None;
            return;
        };
        let most = 20 + 20 * u16::from(chunk);
        let mut left = samples % 4_096;
        loop {
            let now = left.min(most);
            left -= now;
            self.chunks.push_back(Chunk {
                epoch,
                utterance,
                samples: u32::from(now),
                first,
                last: end && left == 0,
                uninterruptible: insists(utterance),
            });
            self.put(utterance, now);
            first = false;
            if left == 0 {
                break;
            }
        }
        if end {
            self.open = None;
        }
    }

    /// Queues a chunk with only `there` samples, fewer or more than it announces.
    pub(super) fn queue_broken(&mut self, chunk: Chunk, there: u16) {
        self.chunks.push_back(chunk);
        self.put(chunk.utterance, there % 1_024);
    }

    fn put(&mut self, utterance: u32, samples: u16) {
        for n in 0..samples {
            // Never zero, and no two neighbours are equal.
            self.samples.push_back(1_000 + (n % 1_000) as i16);
        }
        self.tally.queued += u64::from(samples);
        self.told.entry(utterance).or_default().0 += u64::from(samples);
    }

    /// The samples that playout read since the last call of this method.
    pub(super) fn take_read(&mut self) -> Vec<i16> {
        core::mem::take(&mut self.read)
    }

    /// An utterance's samples queued and read.
    pub(super) fn told(&self, utterance: u32) -> (u64, u64) {
        self.told.get(&utterance).copied().unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.at_hand.is_none_or(|(_, left)| left == 0)
    }

    /// Checks that every sample is accounted for, and returns what became of those that are gone.
    pub(super) fn settle(&self) -> &Tally {
        let Tally {
            queued,
            read,
            skipped,
        } = self.tally;
        assert_eq!(queued, read + skipped + self.samples.len() as u64);
        &self.tally
    }

    /// Takes `count` samples off the chunk at hand.
    fn take(&mut self, count: usize) -> (Chunk, usize) {
        let Some((chunk, left)) = &mut self.at_hand else {
            panic!("samples without a chunk");
        };
        assert!(count as u64 <= *left, "more than is left of the chunk");
        *left -= count as u64;
        (*chunk, count.min(self.samples.len()))
    }
}

/// Whether the caller may not interrupt this utterance.
fn insists(utterance: u32) -> bool {
    utterance % 4 == 3
}

impl AgentAudio for Agent {
    fn clip(&self, clip: Clip) -> &[i16] {
        match clip {
            Clip::Filler => &FILLER,
            Clip::Apology => &APOLOGY,
        }
    }

    fn next_chunk(&mut self) -> Option<Chunk> {
        let next = self.chunks.pop_front()?;
        if let Some((_, left)) = self.at_hand {
            // Only a chunk whose samples are missing may be given up.
            assert!(self.unruly || left == 0, "a chunk was left behind");
        }
        self.at_hand = Some((next, u64::from(next.samples)));
        Some(next)
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        let (chunk, count) = self.take(out.len());
        assert!(
            self.epoch.plays(chunk.epoch, chunk.uninterruptible) || self.epoch.is_fading(),
            "audio of an epoch that is over"
        );
        for (place, sample) in out.iter_mut().zip(self.samples.drain(..count)) {
            *place = sample;
            self.read.push(sample);
        }
        if let Some((_, left)) = &mut self.at_hand {
            *left += (out.len() - count) as u64;
        }
        self.tally.read += count as u64;
        self.told.entry(chunk.utterance).or_default().1 += count as u64;
        count
    }

    fn is_idle(&self) -> bool {
        self.chunks.is_empty()
    }

    fn skip(&mut self, samples: usize) {
        let (_, count) = self.take(samples);
        self.samples.drain(..count);
        self.tally.skipped += count as u64;
    }
}
