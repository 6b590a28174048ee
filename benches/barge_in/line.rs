//! Both ends of a simulated call: what the agent says, and what the line makes of it.

use std::collections::VecDeque;

use voxtra_core::audio::{Law, SampleRate};
use voxtra_core::event::Record;
use voxtra_core::leg::{CallerAudio, Port};
use voxtra_core::playout::{AgentAudio, Chunk};
use voxtra_core::time::Instant;

/// Samples of a frame.
pub const N: usize = 160;

/// What the leg is connected to.
#[derive(Default)]
pub struct RecordingPort {
    pub records: Vec<Record>,
    /// The latest frame.
    pub sent: Vec<i16>,
    pub epoch: u32,
}

impl RecordingPort {
    /// How many samples of the latest frame reach to the last that is not silent.
    pub fn audible(&self) -> usize {
        let last = self.sent.iter().rposition(|sample| *sample != 0);
        last.map_or(0, |last| last + 1)
    }
}

impl Port for RecordingPort {
    fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    fn caller_audio(&mut self, _part: CallerAudio<'_>) {}

    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let mut message = vec![0; len];
        write(&mut message);
        let (pairs, _) = message[3..].as_chunks::<2>();
        self.sent = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    }

    fn epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    fn rate(&mut self, _rate: SampleRate) {}
}

/// The agent's voice: one utterance at a time.
#[derive(Default)]
pub struct Voice {
    /// Utterances so far.
    pub said: u32,
    chunk: Option<Chunk>,
    samples: VecDeque<i16>,
}

impl Voice {
    pub fn say(&mut self, utterance: &[i16], epoch: u32) {
        self.said += 1;
        self.samples = utterance.iter().copied().collect();
        self.chunk = Some(Chunk {
            epoch,
            utterance: self.said,
            samples: utterance.len() as u32,
            first: true,
            last: true,
            uninterruptible: false,
        });
    }
}

impl AgentAudio for Voice {
    fn next_chunk(&mut self) -> Option<Chunk> {
        self.chunk.take()
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

/// The way back: a delay, and a response of 8 ms that decays.
pub struct Echo {
    pub delay: usize,
    pub taps: [f32; 64],
}

impl Echo {
    /// What comes in: the caller's frame, which begins at sample `at`, and the echo of what was
    /// sent until then.
    pub fn add(&self, caller: &[f32], at: usize, out: &[f32]) -> [f32; N] {
        let mut heard = [0.0; N];
        for (n, (place, sample)) in heard.iter_mut().zip(caller).enumerate() {
            let mut sum = *sample;
            if let Some(newest) = (at + n).checked_sub(self.delay) {
                let back = out[..=newest].iter().rev();
                sum += back.zip(&self.taps).map(|(a, b)| a * b).sum::<f32>();
            }
            *place = sum;
        }
        heard
    }
}

pub fn through_mu_law(heard: [f32; N]) -> [i16; N] {
    let mut pcm = heard.map(|sample| (sample.clamp(-0.98, 0.98) * 32_768.0) as i16);
    let mut law = [0; N];
    Law::Mu.encode_into(&pcm, &mut law);
    Law::Mu.decode_into(&law, &mut pcm);
    pcm
}

/// A time in samples since the beginning.
pub fn samples(at: Instant) -> usize {
    (at.as_micros() * 8 / 1_000) as usize
}
