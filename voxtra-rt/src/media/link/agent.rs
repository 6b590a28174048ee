//! The agent's audio on its way to the caller.
//!
//! It stays where the voice has made it: what crosses are pieces, each a run of samples in memory
//! that a prompt shares with all its calls. A media thread frees nothing, so the async side keeps
//! each piece until the media thread is done with it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use voxtra_core::audio::SampleRate;
use voxtra_core::playout::{AgentAudio, Chunk, Clip};

use super::super::guard::GuardPlan;
use super::lazy_ring::LazyRing;
use super::sync::atomic::{AtomicU32, Ordering};
use super::sync::time::{self, sleep};
use super::sync::{Consumer, Mutex, Producer, RingBuffer};
use super::{Requests, Shared, lock, samples_in};

/// A flush is done within 20 ms. After this long the flush counts as lost, and the audio that it
/// should have cut plays to its end.
const FLUSH: Duration = Duration::from_secs(2);

/// Pieces that may wait.
const PIECES: usize = 64;
/// Pieces into which a full queue of long audio is divided: room comes back a piece at a time.
const PIECES_IN_FULL: usize = 16;

/// Writes the agent's audio to the caller: one utterance after another.
pub struct AgentAudioWriter {
    /// The queue, from the first utterance on.
    queue: Option<Producer<Piece>>,
    /// Passes the queue's other end to the media thread.
    offer: Producer<Consumer<Piece>>,
    length: Duration,
    shared: Arc<Shared>,
    /// The epoch whose flush was requested and has not happened yet.
    flushing: Option<u32>,
}

/// A run of samples of an utterance.
struct Piece {
    chunk: Chunk,
    samples: Arc<[i16]>,
    /// Where the run begins.
    from: usize,
}

/// The pieces on their way, as far as the async side knows.
#[derive(Debug)]
pub(super) struct Kept {
    /// Pieces that the media thread is done with.
    done: AtomicU32,
    pieces: Mutex<Pieces>,
}

/// Here rather than with the writer, so that they outlive the connection.
#[derive(Debug, Default)]
struct Pieces {
    /// The number of the first, counted as in [`Kept::done`].
    first: u32,
    /// Their memory, and how many samples each has.
    waiting: VecDeque<(Arc<[i16]>, usize)>,
}

impl Kept {
    pub(super) fn new() -> Self {
        Self {
            done: AtomicU32::new(0),
            pieces: Mutex::new(Pieces::default()),
        }
    }

    /// Lets go of the pieces that the media thread is done with, and returns how many samples wait.
    fn let_go(&self) -> usize {
        // Acquire: the media thread has dropped its hold on them.
        let done = self.done.load(Ordering::Acquire);
        let mut kept = lock(&self.pieces);
        while kept.first != done && kept.waiting.pop_front().is_some() {
            kept.first = kept.first.wrapping_add(1);
        }
        kept.waiting.iter().map(|(_, samples)| samples).sum()
    }

    /// Keeps a piece. The media thread must not have seen it yet.
    fn keep(&self, samples: &Arc<[i16]>, count: usize) {
        let piece = (samples.clone(), count);
        lock(&self.pieces).waiting.push_back(piece);
    }
}

/// The two ends of an agent's audio queue of this length.
pub(super) fn ends(length: Duration, shared: Arc<Shared>) -> (AgentAudioWriter, AgentReader) {
    let (offer, queue) = LazyRing::new();
    let writer = AgentAudioWriter {
        queue: None,
        offer,
        length,
        shared: shared.clone(),
        flushing: None,
    };
    let reader = AgentReader {
        queue,
        current: None,
        plan: None,
        shared,
        expecting: false,
    };
    (writer, reader)
}

impl std::fmt::Debug for AgentAudioWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentAudioWriter")
            .field("rate", &self.rate())
            .finish_non_exhaustive()
    }
}

/// The utterance was cut: by the caller, by a flush, or by the end of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut;

impl AgentAudioWriter {
    /// The leg's sample rate, which everything written must have.
    pub(crate) fn rate(&self) -> SampleRate {
        self.shared.rate()
    }

    /// The epoch under which a new utterance starts. Waits for a flush that was requested, if any.
    pub(crate) async fn begin(&mut self) -> Result<u32, Cut> {
        let patience = time::Instant::now() + FLUSH;
        while self.flushing == Some(self.epoch())
            && !self.is_closed()
            && time::Instant::now() < patience
        {
            sleep(voxtra_core::audio::FRAME / 4).await;
        }
        self.flushing = None;
        if self.is_closed() {
            Err(Cut)
        } else {
            Ok(self.epoch())
        }
    }

    /// A flush of what was written under `epoch` was requested: the next utterance waits for it.
    pub(crate) fn expect_flush(&mut self, epoch: u32) {
        self.flushing = Some(epoch);
    }

    /// An utterance is over: lets go of its audio.
    pub(crate) fn let_go(&self) {
        self.shared.agent.let_go();
    }

    /// Whether the media thread is done with all audio that was queued.
    pub(crate) fn is_drained(&self) -> bool {
        self.shared.agent.let_go() == 0
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.shared.epoch.load(Ordering::Acquire)
    }

    /// Whether the connection is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Whether the utterance of `chunk` still goes out. One that may not be interrupted may outlive
    /// its epoch; the leg knows.
    fn current(&self, chunk: Chunk) -> Result<(), Cut> {
        let is_over = self.epoch() != chunk.epoch && !chunk.uninterruptible;
        if is_over || self.is_closed() {
            Err(Cut)
        } else {
            Ok(())
        }
    }

    /// The queue, made at the first utterance.
    fn queue(&mut self) -> &mut Producer<Piece> {
        self.queue.get_or_insert_with(|| {
            let (queue, other_end) = RingBuffer::new(PIECES);
            // The ring has one place, and this is its only push.
            let _ = self.offer.push(other_end);
            queue
        })
    }

    /// Queues part of an utterance; waits while the queue is full. Sets `queued` once part of it
    /// was queued.
    pub(crate) async fn write(
        &mut self,
        mut chunk: Chunk,
        samples: &Arc<[i16]>,
        queued: &mut bool,
    ) -> Result<(), Cut> {
        let last = chunk.last;
        if samples.is_empty() && !last {
            return self.current(chunk);
        }
        let mut from = 0;
        loop {
            self.current(chunk)?;
            let rate = self.rate();
            let room = samples_in(self.length, rate);
            let most = (room / PIECES_IN_FULL).max(rate.frame_samples());
            let count = (samples.len() - from).min(most);
            let waiting = self.shared.agent.let_go();
            if self.queue().slots() == 0 || waiting + count > room {
                // The queue drains at one frame per 20 ms; checking at that interval keeps it full.
                sleep(voxtra_core::audio::FRAME).await;
                continue;
            }
            chunk.samples = u32::try_from(count).unwrap_or(0);
            chunk.last = last && from + count == samples.len();
            let piece = Piece {
                chunk,
                samples: samples.clone(),
                from,
            };
            self.shared.agent.keep(samples, count);
            // There is room: nobody else fills it.
            *queued |= self.queue().push(piece).is_ok();
            self.shared.requests.add(Requests::AUDIO);
            chunk.first = false;
            from += count;
            if from == samples.len() {
                return Ok(());
            }
        }
    }
}

/// The media thread's side of the agent's audio.
pub(crate) struct AgentReader {
    queue: LazyRing<Consumer<Piece>>,
    /// The piece that is being read.
    current: Option<Piece>,
    /// What the caller hears when the agent is at a loss.
    plan: Option<Arc<GuardPlan>>,
    shared: Arc<Shared>,
    /// There may be pieces: some were announced, and the ring was not seen empty since.
    expecting: bool,
}

impl AgentReader {
    /// Notes that the agent has announced audio.
    pub(crate) fn note_requests(&mut self, requests: u8) {
        self.expecting |= requests & Requests::AUDIO != 0;
    }

    /// Takes another guard's plan. The async side keeps the old one, so nothing is freed here.
    pub(crate) fn set_plan(&mut self, plan: Option<Arc<GuardPlan>>) {
        let old = std::mem::replace(&mut self.plan, plan);
        debug_assert!(
            old.is_none_or(|old| Arc::strong_count(&old) > 1),
            "the last owner frees"
        );
    }
}

impl AgentAudio for AgentReader {
    fn next_chunk(&mut self) -> Option<Chunk> {
        if !self.expecting {
            return None;
        }
        if let Some(done) = self.current.take() {
            // The async side keeps its memory until it is counted, so nothing is freed here.
            debug_assert!(Arc::strong_count(&done.samples) > 1, "the last owner frees");
            drop(done);
            let done = &self.shared.agent.done;
            let before = done.load(Ordering::Relaxed);
            done.store(before.wrapping_add(1), Ordering::Release);
        }
        self.current = self.queue.get().and_then(|queue| queue.pop().ok());
        self.expecting = self.current.is_some();
        self.current.as_ref().map(|piece| piece.chunk)
    }

    fn clip(&self, clip: Clip) -> &[i16] {
        match &self.plan {
            Some(plan) if plan.rate == self.shared.rate() => plan.samples(clip),
            _ => &[],
        }
    }

    fn is_idle(&self) -> bool {
        !self.expecting
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        let Some(piece) = &mut self.current else {
            return 0;
        };
        let left = piece.samples.get(piece.from..).unwrap_or_default();
        let count = left.len().min(out.len());
        if let (Some(out), Some(samples)) = (out.get_mut(..count), left.get(..count)) {
            out.copy_from_slice(samples);
        }
        piece.from += count;
        count
    }

    fn skip(&mut self, samples: usize) {
        if let Some(piece) = &mut self.current {
            piece.from = piece.from.saturating_add(samples);
        }
    }
}
