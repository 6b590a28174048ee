//! What Asterisk recorded, and what can be found in it.

use std::time::Duration;

use voxtra_rt::speech::wav::{self, Recording};

use super::Asterisk;
use super::harness::patiently;

/// Samples of an envelope's step, in milliseconds.
const STEP_MS: usize = 10;

impl Asterisk {
    /// A recording that Asterisk has finished, `NAME.wav` or `NAME.wav16`. Waits until it is there
    /// and whole.
    pub async fn recording(&self, file: &str) -> Recording {
        let path = self.monitor().join(file);
        let mut before = 0;
        patiently(file, async {
            loop {
                // Asterisk opens it, grows it, and writes the length into its header in the end.
                let bytes = std::fs::read(&path).unwrap_or_default();
                if bytes.len() > 44 && bytes.len() == before && stated_length(&bytes) == bytes.len()
                {
                    return wav::read(&path).unwrap();
                }
                before = bytes.len();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
    }

    /// A recording of the project's own, which callers can speak.
    pub fn asset(&self, name: &str) -> Recording {
        let path = super::checkout().join(format!("assets/{name}.wav"));
        wav::read(&path).unwrap()
    }
}

/// How long the header of a WAV says that the file is.
fn stated_length(bytes: &[u8]) -> usize {
    u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize + 8
}

/// Where `samples` are in `recording`, each and every one of them; tells how far it got if they are
/// not.
pub fn find_exactly(recording: &[i16], samples: &[i16]) -> Result<usize, String> {
    let start = samples.iter().position(|s| *s != 0).unwrap();
    let samples = &samples[start..];
    let mut best = (0, 0);
    for at in 0..recording.len() {
        let same = recording[at..]
            .iter()
            .zip(samples)
            .take_while(|(a, b)| a == b)
            .count();
        if same == samples.len() {
            return Ok(at.saturating_sub(start));
        }
        best = best.max((same, at));
    }
    Err(format!(
        "only {} of {} samples match, at {}; recorded {} samples, loudest {}",
        best.0,
        samples.len(),
        best.1,
        recording.len(),
        recording
            .iter()
            .map(|s| s.unsigned_abs())
            .max()
            .unwrap_or(0),
    ))
}

/// How many pieces of 100 ms of `samples`, at 8 kHz, are in `recording`, each sample of them and in
/// their order; and how many there are. When the machine stands still for a moment, Asterisk's
/// sound has a tear there, which costs one piece.
pub fn find_pieces(recording: &[i16], samples: &[i16]) -> (usize, usize) {
    let (mut rest, mut found) = (recording, 0);
    let pieces = samples.chunks_exact(800);
    let count = pieces.len();
    for piece in pieces {
        if let Some(at) = rest.windows(piece.len()).position(|heard| heard == piece) {
            found += 1;
            rest = &rest[at + piece.len()..];
        }
    }
    (found, count)
}

/// Loudness of every 10 ms: root mean square.
pub fn envelope(samples: &[i16], rate_hz: u32) -> Vec<f32> {
    let step = rate_hz as usize * STEP_MS / 1000;
    samples
        .chunks_exact(step)
        .map(|part| {
            let power: f32 = part.iter().map(|s| f32::from(*s).powi(2)).sum();
            (power / step as f32).sqrt()
        })
        .collect()
}

/// Where an envelope is in another, in milliseconds, and how alike they are there (-1 to 1).
pub fn find_envelope(hay: &[f32], needle: &[f32]) -> (usize, f32) {
    let mut best = (0, -1.0);
    for at in 0..=hay.len().saturating_sub(needle.len()) {
        let alike = correlation(&hay[at..(at + needle.len()).min(hay.len())], needle);
        if alike > best.1 {
            best = (at * STEP_MS, alike);
        }
    }
    best
}

fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut only_a, mut only_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        both += x * y;
        only_a += x * x;
        only_b += y * y;
    }
    both / (only_a * only_b).sqrt().max(1e-9)
}

/// The first and the last millisecond that is louder than `threshold`.
pub fn loud_span(envelope: &[f32], threshold: f32) -> Option<(usize, usize)> {
    let loud = |level: &f32| *level > threshold;
    let first = envelope.iter().position(loud)?;
    let last = envelope.iter().rposition(loud)?;
    Some((first * STEP_MS, (last + 1) * STEP_MS))
}
