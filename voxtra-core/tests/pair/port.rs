//! Our end of the connection: what the leg says is kept, what it sends goes into the pipe as far as
//! that has room. What a socket does not take is dropped and counted, a whole frame at a time; the
//! rest of one that it took in part goes first.

use std::time::Duration;

use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::HEADER_LEN;
use voxtra_core::event::Record;
use voxtra_core::leg::{CallerAudio, Port};
use voxtra_core::time::Instant;

use crate::faults::Pipe;

/// A peer that takes nothing for this long is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct PairPort {
    pub(crate) now: Instant,
    pub(crate) out: Pipe,
    pub(crate) kept: Kept,
    pub(crate) epoch: u32,
    pub(crate) rate: SampleRate,
    pending: Vec<u8>,
    stalled_since: Option<Instant>,
    dropped: u32,
}

/// What the leg said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kept {
    pub(crate) records: Vec<Record>,
    /// What was sent, and when.
    pub(crate) messages: Vec<(Instant, Vec<u8>)>,
    pub(crate) frames_dropped: u64,
    pub(crate) caller: Vec<AudioPart>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AudioPart {
    Started,
    Samples(Vec<i16>),
    Ended,
}

impl PairPort {
    pub(crate) fn new(out: Pipe) -> Self {
        Self {
            now: Instant::ZERO,
            out,
            kept: Kept::default(),
            epoch: 0,
            rate: SampleRate::default(),
            pending: Vec::new(),
            stalled_since: None,
            dropped: 0,
        }
    }

    /// Frames dropped since this was last asked.
    pub(crate) fn take_dropped(&mut self) -> Option<u32> {
        (self.dropped > 0).then(|| std::mem::take(&mut self.dropped))
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.stalled_since
            .is_some_and(|since| self.now.duration_since(since) > WRITE_TIMEOUT)
    }

    /// What was read makes room: the rest of a message goes at once.
    pub(crate) fn writable(&mut self, now: Instant) {
        self.now = now;
        self.flush_pending();
    }

    /// Puts into the pipe what fits; true if that was all.
    fn flush_pending(&mut self) -> bool {
        let fits = self.out.room().min(self.pending.len());
        if fits > 0 {
            let rest = self.pending.split_off(fits);
            self.out.write(self.now, &self.pending);
            self.pending = rest;
            self.stalled_since = None;
        }
        self.pending.is_empty()
    }

    fn drop_message(&mut self, len: usize) {
        self.stalled_since.get_or_insert(self.now);
        self.dropped += 1;
        // A hang-up that does not fit is no loss: the connection is closed next.
        self.kept.frames_dropped += u64::from(len > HEADER_LEN);
    }
}

impl Port for PairPort {
    fn record(&mut self, record: Record) {
        self.kept.records.push(record);
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        self.kept.caller.push(match part {
            CallerAudio::SpeechStarted => AudioPart::Started,
            CallerAudio::Samples(samples) => AudioPart::Samples(samples.to_vec()),
            CallerAudio::SpeechEnded => AudioPart::Ended,
        });
    }

    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        if !self.flush_pending() || self.out.room() == 0 {
            return self.drop_message(len);
        }
        let mut message = vec![0; len];
        let used = write(&mut message);
        message.truncate(used);
        self.kept.messages.push((self.now, message.clone()));
        self.pending = message;
        self.flush_pending();
    }

    fn epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    fn rate(&mut self, rate: SampleRate) {
        self.rate = rate;
    }
}
