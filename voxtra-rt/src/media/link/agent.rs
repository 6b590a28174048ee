//! The agent's audio on its way to the caller.

use std::sync::Arc;
use std::time::Duration;

use voxtra_core::audio::SampleRate;
use voxtra_core::playout::{AgentAudio, Chunk};

use super::lazy_ring::LazyRing;
use super::sync::atomic::Ordering;
use super::sync::time::{self, sleep};
use super::sync::{Consumer, Producer, RingBuffer};
use super::{Requests, Shared, chunks_in, samples_in};

/// A flush is done within 20 ms. After this long the flush counts as lost, and the audio that it
/// should have cut plays to its end.
const FLUSH: Duration = Duration::from_secs(2);

/// Writes the agent's audio to the caller: one utterance after another.
pub struct AgentAudioWriter {
    /// The queue, from the first utterance on.
    queue: Option<QueueIn>,
    /// Passes the queue's other end to the media thread.
    offer: Producer<QueueOut>,
    length: Duration,
    shared: Arc<Shared>,
    /// The epoch whose flush was requested and has not happened yet.
    flushing: Option<u32>,
}

struct QueueIn {
    chunks: Producer<Chunk>,
    samples: Producer<i16>,
}

struct QueueOut {
    chunks: Consumer<Chunk>,
    samples: Consumer<i16>,
}

/// The two ends of an agent's audio queue of this length.
pub(super) fn ends(length: Duration, shared: Arc<Shared>) -> (AgentAudioWriter, AgentReader) {
    let (offer, queue) = LazyRing::new();
    let writer = AgentAudioWriter {
        queue: None,
        offer,
        length,
        shared,
        flushing: None,
    };
    let reader = AgentReader {
        queue,
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

    fn epoch(&self) -> u32 {
        self.shared.epoch.load(Ordering::Acquire)
    }

    /// Whether the connection is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Whether an utterance begun under `epoch` still goes out.
    fn current(&self, epoch: u32) -> Result<(), Cut> {
        if self.epoch() != epoch || self.is_closed() {
            Err(Cut)
        } else {
            Ok(())
        }
    }

    /// The queue, made at the first utterance: the line's rate is known by then.
    fn queue(&mut self) -> &mut QueueIn {
        let rate = self.rate();
        self.queue.get_or_insert_with(|| {
            let (chunk_in, chunks) = RingBuffer::new(chunks_in(self.length));
            let (sample_in, samples) = RingBuffer::new(samples_in(self.length, rate));
            // The ring has one place, and this is its only push.
            let _ = self.offer.push(QueueOut { chunks, samples });
            QueueIn {
                chunks: chunk_in,
                samples: sample_in,
            }
        })
    }

    /// Queues part of an utterance; waits while the queue is full. Sets `queued` once part of it
    /// was queued.
    pub(crate) async fn write(
        &mut self,
        mut chunk: Chunk,
        mut samples: &[i16],
        queued: &mut bool,
    ) -> Result<(), Cut> {
        let last = chunk.last;
        if samples.is_empty() && !last {
            return self.current(chunk.epoch);
        }
        loop {
            self.current(chunk.epoch)?;
            let frame = self.rate().frame_samples();
            let queue = self.queue();
            let free = queue.samples.slots().min(frame);
            if queue.chunks.slots() < 2 || (free == 0 && !samples.is_empty()) {
                // The ring drains at one frame per 20 ms; checking at that interval keeps it full.
                sleep(voxtra_core::audio::FRAME).await;
                continue;
            }
            let (now, later) = samples.split_at(free.min(samples.len()));
            let (pushed, _) = queue.samples.push_partial_slice(now);
            chunk.samples = u32::try_from(pushed.len()).unwrap_or(0);
            chunk.last = last && later.is_empty();
            *queued |= queue.chunks.push(chunk).is_ok();
            self.shared.requests.add(Requests::AUDIO);
            chunk.first = false;
            samples = later;
            if samples.is_empty() {
                return Ok(());
            }
        }
    }
}

/// The media thread's side of the agent's audio.
pub(crate) struct AgentReader {
    queue: LazyRing<QueueOut>,
    /// There may be chunks: some were announced, and the ring was not seen empty since.
    expecting: bool,
}

impl AgentReader {
    /// Notes that the agent has announced audio.
    pub(crate) fn note_requests(&mut self, requests: u8) {
        self.expecting |= requests & Requests::AUDIO != 0;
    }
}

impl AgentAudio for AgentReader {
    fn next_chunk(&mut self) -> Option<Chunk> {
        if !self.expecting {
            return None;
        }
        let chunk = self.queue.get().and_then(|queue| queue.chunks.pop().ok());
        self.expecting = chunk.is_some();
        chunk
    }

    fn is_idle(&self) -> bool {
        !self.expecting
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        match self.queue.get() {
            Some(queue) => queue.samples.pop_partial_slice(out).0.len(),
            None => 0,
        }
    }

    fn skip(&mut self, samples: usize) {
        if let Some(queue) = self.queue.get()
            && let Ok(chunk) = queue.samples.read_chunk(samples.min(queue.samples.slots()))
        {
            chunk.commit_all();
        }
    }
}
