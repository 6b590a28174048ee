//! The rings between a media thread and the rest of the program: records and the caller's audio one way, the agent's
//! audio and commands the other. Allocated once per call; nobody ever waits inside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};
use tokio::sync::Notify;
use voxtra_core::audio::SampleRate;
use voxtra_core::bus::RecordSink;
use voxtra_core::event::Record;
use voxtra_core::leg::Command;
use voxtra_core::playout::{AgentAudio, Chunk};

use super::settings::MediaSettings;
use super::stats::{CallCounters, CallStats};

/// Records that may wait for a slow session: some seconds of a busy call's.
const RECORDS: usize = 512;
const COMMANDS: usize = 64;
/// A flush is done within 20 ms. If it takes this long it was lost, and what was to be cut plays to its end.
const FLUSH: Duration = Duration::from_secs(2);
/// Chunks that may wait either way. A chunk is at most 20 ms of audio, or a mark.
const CHUNKS_PER_SECOND: usize = 100;

/// What both ends of a link share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Epoch of the agent's audio; what was queued under an older one is discarded.
    pub(crate) epoch: AtomicU32,
    rate_hz: AtomicU32,
    /// The media thread has left something since the courier last looked.
    pub(crate) dirty: AtomicBool,
    pub(crate) closed: AtomicBool,
    /// The agent wants to hang up.
    pub(crate) hang_up: AtomicBool,
    pub(crate) counters: CallCounters,
    /// Samples that reached async code and that a listener there did not fetch in time.
    missed_by_listeners: AtomicU64,
    /// Rung by the courier: records are waiting, or the connection is over.
    record_wake: Notify,
    /// Rung by the courier: caller audio is waiting, or the connection is over.
    ear_wake: Notify,
}

/// A media thread's end of a link.
pub(crate) struct MediaEnd {
    pub(crate) records: RecordProducer,
    pub(crate) caller: CallerWriter,
    pub(crate) agent: AgentReader,
    pub(crate) commands: Consumer<Command>,
    pub(crate) shared: Arc<Shared>,
}

/// The async end of a call's media: what happens on the line, and how to act on it.
#[derive(Debug)]
pub struct MediaLink {
    records: Consumer<Record>,
    commands: Producer<Command>,
    /// The caller's audio, until somebody takes it.
    pub caller: Option<CallerEar>,
    /// The way to the caller's ear, until somebody takes it.
    pub agent: Option<AgentVoice>,
    shared: Arc<Shared>,
}

impl MediaLink {
    /// Waits for the media thread's next record. `None` once the connection is over and all records were taken.
    /// Cancel safe.
    pub async fn record(&mut self) -> Option<Record> {
        loop {
            if let Ok(record) = self.records.pop() {
                return Some(record);
            }
            if self.shared.closed.load(Ordering::Acquire) {
                return self.records.pop().ok();
            }
            self.shared.record_wake.notified().await;
        }
    }

    /// Tells the leg something; it acts on it within 20 ms. False if it has 64 commands to do already or is gone.
    pub fn command(&mut self, command: Command) -> bool {
        if command == Command::HangUp {
            // Must not find a full ring.
            self.shared.hang_up.store(true, Ordering::Release);
            return true;
        }
        self.commands.push(command).is_ok()
    }

    /// The leg's sample rate: Asterisk's first audio frame decides it.
    pub fn rate(&self) -> SampleRate {
        self.shared.rate()
    }

    /// What the call has counted.
    pub fn stats(&self) -> CallStats {
        self.shared.stats()
    }

    /// A handle to the call's counters that outlives the link.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }
}

impl Shared {
    pub(crate) fn new(rate: SampleRate) -> Arc<Self> {
        Arc::new(Self {
            epoch: AtomicU32::new(0),
            rate_hz: AtomicU32::new(rate.hz()),
            dirty: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            hang_up: AtomicBool::new(false),
            counters: CallCounters::default(),
            missed_by_listeners: AtomicU64::new(0),
            record_wake: Notify::new(),
            ear_wake: Notify::new(),
        })
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn stats(&self) -> CallStats {
        let mut stats = self.counters.read();
        stats.caller_samples_missed += self.missed_by_listeners.load(Ordering::Relaxed);
        stats
    }

    /// Wakes whoever waits for this call. The courier's job.
    pub(crate) fn wake(&self) {
        self.record_wake.notify_one();
        self.ear_wake.notify_one();
    }

    pub(crate) fn rate(&self) -> SampleRate {
        SampleRate::from_hz(self.rate_hz.load(Ordering::Relaxed)).unwrap_or_default()
    }

    pub(crate) fn set_rate(&self, rate: SampleRate) {
        self.rate_hz.store(rate.hz(), Ordering::Relaxed);
    }
}

/// A part of the caller's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The caller began to speak.
    SpeechStarted,
    /// Samples at the leg's rate.
    Samples(Vec<i16>),
    /// The caller stopped speaking.
    SpeechEnded,
}

#[derive(Clone, Copy)]
pub(crate) enum CallerChunk {
    SpeechStarted,
    Samples(u32),
    SpeechEnded,
}

/// The caller's audio, as far as the leg forwards it.
pub struct CallerEar {
    chunks: Consumer<CallerChunk>,
    samples: Consumer<i16>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for CallerEar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallerEar")
            .field("queued", &self.samples.slots())
            .finish_non_exhaustive()
    }
}

impl CallerEar {
    /// Waits for the next part. `None` once the connection is over and all was taken. Cancel safe.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.take() {
                return Some(heard);
            }
            if self.shared.closed.load(Ordering::Acquire) {
                return self.take();
            }
            self.shared.ear_wake.notified().await;
        }
    }

    /// The leg's sample rate.
    pub fn rate(&self) -> SampleRate {
        self.shared.rate()
    }

    /// Somebody who listens did not fetch this in time.
    pub(crate) fn count_missed(&self, heard: &Heard) {
        if let Heard::Samples(samples) = heard {
            self.shared
                .missed_by_listeners
                .fetch_add(samples.len() as u64, Ordering::Relaxed);
        }
    }

    fn take(&mut self) -> Option<Heard> {
        Some(match self.chunks.pop().ok()? {
            CallerChunk::SpeechStarted => Heard::SpeechStarted,
            CallerChunk::SpeechEnded => Heard::SpeechEnded,
            CallerChunk::Samples(count) => {
                let mut samples = vec![0; count as usize];
                let (taken, _) = self.samples.pop_partial_slice(&mut samples);
                let taken = taken.len();
                samples.truncate(taken);
                Heard::Samples(samples)
            }
        })
    }
}

/// The way to the caller's ear: one utterance after another.
pub struct AgentVoice {
    chunks: Producer<Chunk>,
    samples: Producer<i16>,
    shared: Arc<Shared>,
    /// A flush of this epoch was asked for and has not happened yet.
    flushing: Option<u32>,
}

impl std::fmt::Debug for AgentVoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentVoice")
            .field("free", &self.samples.slots())
            .finish_non_exhaustive()
    }
}

/// The utterance was cut: by the caller, by a flush, or by the end of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut;

impl AgentVoice {
    /// The leg's sample rate, which everything written must have.
    pub(crate) fn rate(&self) -> SampleRate {
        self.shared.rate()
    }

    /// The epoch under which a new utterance starts: after a flush that was asked for, if one was.
    pub(crate) async fn begin(&mut self) -> Result<u32, Cut> {
        let patience = tokio::time::Instant::now() + FLUSH;
        while self.flushing == Some(self.epoch())
            && !self.is_closed()
            && tokio::time::Instant::now() < patience
        {
            tokio::time::sleep(voxtra_core::audio::FRAME / 4).await;
        }
        self.flushing = None;
        if self.is_closed() {
            Err(Cut)
        } else {
            Ok(self.epoch())
        }
    }

    /// A flush of what was written under `epoch` has been asked for: the next utterance waits for it.
    pub(crate) fn expect_flush(&mut self, epoch: u32) {
        self.flushing = Some(epoch);
    }

    fn epoch(&self) -> u32 {
        self.shared.epoch.load(Ordering::Acquire)
    }

    fn is_closed(&self) -> bool {
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

    /// Queues part of an utterance, waiting while the queue is full.
    /// Notes in `queued` that some of it was.
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
            let free = self.samples.slots().min(self.rate().frame_samples());
            if self.chunks.slots() < 2 || (free == 0 && !samples.is_empty()) {
                // The ring drains at one frame per 20 ms; looking again that often keeps it full.
                tokio::time::sleep(voxtra_core::audio::FRAME).await;
                continue;
            }
            let (now, later) = samples.split_at(free.min(samples.len()));
            let (pushed, _) = self.samples.push_partial_slice(now);
            chunk.samples = u32::try_from(pushed.len()).unwrap_or(0);
            chunk.last = last && later.is_empty();
            *queued |= self.chunks.push(chunk).is_ok();
            chunk.first = false;
            samples = later;
            if samples.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Where a leg's records go: the session's ring.
pub(crate) struct RecordProducer(Producer<Record>);

impl RecordSink for RecordProducer {
    fn try_push(&mut self, record: Record) -> Result<(), Record> {
        self.0
            .push(record)
            .map_err(|rtrb::PushError::Full(record)| record)
    }

    fn is_closed(&self) -> bool {
        self.0.is_abandoned()
    }
}

/// The media thread's side of the caller's audio.
pub(crate) struct CallerWriter {
    chunks: Producer<CallerChunk>,
    samples: Producer<i16>,
}

impl CallerWriter {
    /// Leaves a mark; false if there is no room.
    pub(crate) fn mark(&mut self, mark: CallerChunk) -> bool {
        self.chunks.push(mark).is_ok()
    }

    /// Leaves samples, all or none; false if there is no room.
    pub(crate) fn samples(&mut self, samples: &[i16]) -> bool {
        if self.samples.slots() < samples.len() || self.chunks.slots() == 0 {
            return false;
        }
        let (pushed, _) = self.samples.push_partial_slice(samples);
        let count = u32::try_from(pushed.len()).unwrap_or(0);
        self.chunks.push(CallerChunk::Samples(count)).is_ok()
    }
}

/// The media thread's side of the agent's audio.
pub(crate) struct AgentReader {
    chunks: Consumer<Chunk>,
    samples: Consumer<i16>,
}

impl AgentAudio for AgentReader {
    fn next_chunk(&mut self) -> Option<Chunk> {
        self.chunks.pop().ok()
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        self.samples.pop_partial_slice(out).0.len()
    }

    fn skip(&mut self, samples: usize) {
        if let Ok(chunk) = self.samples.read_chunk(samples.min(self.samples.slots())) {
            chunk.commit_all();
        }
    }
}

/// The two ends of a new link.
pub(crate) fn link(
    rate: SampleRate,
    settings: &MediaSettings,
    shared: Arc<Shared>,
) -> (MediaEnd, MediaLink) {
    let samples = |queue: Duration| {
        ((queue.as_secs_f64() * f64::from(rate.hz())) as usize).max(2 * rate.frame_samples())
    };
    let chunks =
        |queue: Duration| ((queue.as_secs_f64() * CHUNKS_PER_SECOND as f64) as usize).max(32);
    let (record_in, record_out) = RingBuffer::new(RECORDS);
    let (command_in, command_out) = RingBuffer::new(COMMANDS);
    let (caller_chunk_in, caller_chunk_out) = RingBuffer::new(chunks(settings.caller_queue));
    let (caller_in, caller_out) = RingBuffer::new(samples(settings.caller_queue));
    let (agent_chunk_in, agent_chunk_out) = RingBuffer::new(chunks(settings.agent_queue));
    let (agent_in, agent_out) = RingBuffer::new(samples(settings.agent_queue));
    let media = MediaEnd {
        records: RecordProducer(record_in),
        caller: CallerWriter {
            chunks: caller_chunk_in,
            samples: caller_in,
        },
        agent: AgentReader {
            chunks: agent_chunk_out,
            samples: agent_out,
        },
        commands: command_out,
        shared: shared.clone(),
    };
    let link = MediaLink {
        records: record_out,
        commands: command_in,
        caller: Some(CallerEar {
            chunks: caller_chunk_out,
            samples: caller_out,
            shared: shared.clone(),
        }),
        agent: Some(AgentVoice {
            chunks: agent_chunk_in,
            samples: agent_in,
            shared: shared.clone(),
            flushing: None,
        }),
        shared,
    };
    (media, link)
}
