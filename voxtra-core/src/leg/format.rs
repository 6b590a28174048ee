//! What the payloads of audio frames really are. Judges the samples per second against the
//! announced rate, and recognises the law of G.711.

use core::time::Duration;

use crate::audio::{Audio, Law, SampleRate};
use crate::event::Fault;
use crate::time::Instant;

/// A part of the stream that is judged by itself. A burst after a stall falls into one stretch, not
/// into all.
const STRETCH: Duration = Duration::from_millis(200);

/// Stretches in a row that must agree.
const STRETCHES: u32 = 3;

/// Frames further apart belong to different stretches: the line stalled, or the peer leaves silence
/// out.
const APART: Duration = Duration::from_millis(100);

/// Frames after which the check stops.
const JUDGED: u32 = 500;

/// Bytes of G.711 from which its law is recognised: 2 s. A voice was heard by then.
const LAW_BYTES: u32 = 16_000;

/// Added to the level for each byte, so that the noise of an idle line does not count as rough.
const QUIET: f32 = 500.0;

/// A law whose samples jump by more than this share of their level is not the law that was sent.
/// Voices have 0.3 to 0.8, noise 1.4.
const ROUGH: f32 = 1.1;

/// A law's samples must jump by this much less than the same bytes as PCM.
const CLEARLY: f32 = 0.1;

/// What the payloads of a call's audio frames are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// 16-bit samples at the announced rate.
    Pcm,
    /// 8-bit samples at 8 kHz.
    G711(Law),
    /// Twice as many samples as announced. An Asterisk that knows only one rate sends 16 kHz this
    /// way.
    Twice,
    /// Far too few bytes for any samples: a compressed format.
    Compressed,
}

impl Format {
    /// The fault to report, if the format is not as announced.
    pub(super) fn fault(self, rate: SampleRate) -> Option<Fault> {
        Some(match self {
            Self::Pcm => return None,
            Self::G711(Law::Mu) => Fault::MulawUnder8k,
            Self::G711(Law::A) => Fault::AlawUnder8k,
            Self::Twice => Fault::TwiceTheRate {
                announced: rate.hz(),
            },
            Self::Compressed => Fault::Compressed,
        })
    }
}

/// How many bytes a second arrive, compared with what 16-bit samples need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Tiny,
    Half,
    Right,
    Double,
    /// None of these amounts.
    Other,
}

impl Amount {
    fn of(bytes: u64, elapsed: Duration, rate: SampleRate) -> Self {
        let expected = u128::from(rate.hz()) * 2 * elapsed.as_micros() / 1_000_000;
        let percent = u128::from(bytes) * 100 / expected.max(1);
        match percent {
            0..30 => Self::Tiny,
            40..65 => Self::Half,
            75..135 => Self::Right,
            160..250 => Self::Double,
            _ => Self::Other,
        }
    }
}

/// Judges the frames at the beginning of a call.
#[derive(Debug)]
pub(super) struct FormatCheck {
    verdict: Option<Format>,
    frames: u32,
    /// The size of all frames so far, if they have the same size.
    size: Option<usize>,
    longest: usize,
    began: Instant,
    last: Instant,
    bytes: u64,
    amount: Amount,
    stretches: u32,
    laws: Laws,
}

impl FormatCheck {
    pub(super) const fn new() -> Self {
        Self {
            verdict: None,
            frames: 0,
            size: None,
            longest: 0,
            began: Instant::ZERO,
            last: Instant::ZERO,
            bytes: 0,
            amount: Amount::Other,
            stretches: 0,
            laws: Laws::new(),
        }
    }

    /// The format of this frame.
    pub(super) fn frame(&mut self, now: Instant, audio: Audio<'_>) -> Format {
        if self.verdict.is_none() {
            self.judge(now, audio);
        } else if audio.is_g711_sized() || matches!(self.verdict, Some(Format::G711(_))) {
            self.laws.take(audio.payload);
        }
        match self.verdict {
            Some(Format::G711(_)) => Format::G711(self.laws.law()),
            // 80 samples in each frame are PCM in frames of 10 ms, once it is known that frames
            // come every 10 ms.
            Some(Format::Pcm) if self.size == Some(audio.payload.len()) => Format::Pcm,
            Some(Format::Pcm) | None if audio.is_g711_sized() => Format::G711(self.laws.law()),
            verdict => verdict.unwrap_or(Format::Pcm),
        }
    }

    /// Whether the peer sends twice the samples that it announces.
    pub(super) fn is_twice(&self) -> bool {
        self.verdict == Some(Format::Twice)
    }

    /// Whether a frame of this size is the exception in a stream of others, so that only its size
    /// shows its format.
    pub(super) fn is_stray(&self, size: usize) -> bool {
        !matches!(self.verdict, Some(Format::G711(_))) && self.size != Some(size)
    }

    fn judge(&mut self, now: Instant, audio: Audio<'_>) {
        let size = audio.payload.len();
        if self.frames == 0 {
            self.size = Some(size);
        } else if self.size != Some(size) {
            self.size = None;
            // Earlier frames may have had another format.
            self.laws = Laws::new();
        }
        self.longest = self.longest.max(size);
        if audio.rate == SampleRate::Hz8000 {
            self.laws.take(audio.payload);
        }
        self.frames += 1;
        let apart = now.duration_since(self.last) > APART;
        self.last = now;
        if self.frames == 1 || apart {
            // The first frame of a stretch only marks its beginning.
            self.began = now;
            self.bytes = 0;
            self.stretches = 0;
            return;
        }
        self.bytes = self.bytes.saturating_add(size as u64);
        let elapsed = now.duration_since(self.began);
        if elapsed >= STRETCH {
            let amount = Amount::of(self.bytes, elapsed, audio.rate);
            if amount != self.amount {
                self.amount = amount;
                self.stretches = 0;
            }
            self.stretches += 1;
            self.began = now;
            self.bytes = 0;
            if self.stretches >= STRETCHES {
                self.verdict = self.conclude(audio);
                if self.verdict == Some(Format::Pcm) {
                    self.laws = Laws::new();
                }
            }
        }
        if self.verdict.is_none() && self.frames >= JUDGED {
            self.size = None;
            self.verdict = Some(Format::Pcm);
            self.laws = Laws::new();
        }
    }

    /// The format, if the amount is certain.
    fn conclude(&self, audio: Audio<'_>) -> Option<Format> {
        let at_8k = audio.rate == SampleRate::Hz8000;
        match self.amount {
            Amount::Right => Some(Format::Pcm),
            Amount::Half if at_8k && self.laws.are_plausible() => {
                Some(Format::G711(self.laws.law()))
            }
            // Frames of 20 ms or more are PCM of a slow peer, and so are bytes that are smooth as
            // PCM. To take them for another format would cost the caller's voice for the rest of
            // the call.
            Amount::Half | Amount::Tiny if self.longest >= audio.rate.frame_bytes() => None,
            Amount::Half if at_8k && self.laws.pcm_share() < ROUGH => None,
            Amount::Half | Amount::Tiny => Some(Format::Compressed),
            // A frame of 20 ms at twice the rate, every 20 ms: a peer that sends too fast would
            // send more frames, not longer ones.
            Amount::Double
                if audio.rate.hz() <= 16_000
                    && self.size == Some(4 * audio.rate.frame_samples()) =>
            {
                Some(Format::Twice)
            }
            Amount::Double | Amount::Other => None,
        }
    }
}

/// Which law the bytes of G.711 follow, if any. Decoded by the wrong law, the samples are louder
/// and jump; so do the same bytes as PCM.
#[derive(Debug)]
struct Laws {
    bytes: u32,
    mu: Roughness,
    a: Roughness,
    pcm: Roughness,
}

impl Laws {
    const fn new() -> Self {
        Self {
            bytes: 0,
            mu: Roughness::new(),
            a: Roughness::new(),
            pcm: Roughness::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.bytes >= LAW_BYTES {
            return;
        }
        for &byte in bytes {
            self.mu.take(Law::Mu.decode(byte));
            self.a.take(Law::A.decode(byte));
        }
        let (pairs, _) = bytes.as_chunks::<2>();
        for &pair in pairs {
            self.pcm.take(i16::from_le_bytes(pair));
        }
        self.bytes = self
            .bytes
            .saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }

    fn law(&self) -> Law {
        if self.a.score(self.bytes) < self.mu.score(self.bytes) {
            Law::A
        } else {
            Law::Mu
        }
    }

    /// Whether one of the laws is likely, rather than PCM.
    fn are_plausible(&self) -> bool {
        let share = self.mu.share(self.bytes).min(self.a.share(self.bytes));
        share < ROUGH && share + CLEARLY < self.pcm_share()
    }

    /// How much the samples jump if they are PCM.
    fn pcm_share(&self) -> f32 {
        self.pcm.share(self.bytes / 2)
    }
}

#[derive(Debug)]
struct Roughness {
    last: i16,
    jumps: f32,
    level: f32,
}

impl Roughness {
    const fn new() -> Self {
        Self {
            last: 0,
            jumps: 0.0,
            level: 0.0,
        }
    }

    fn take(&mut self, sample: i16) {
        self.jumps += f32::from(sample.abs_diff(self.last));
        self.level += f32::from(sample.unsigned_abs());
        self.last = sample;
    }

    /// How much the samples jump, compared with their level.
    fn share(&self, bytes: u32) -> f32 {
        self.jumps / (self.level + QUIET * bytes as f32).max(1.0)
    }

    /// The same plus a little of the level, which tells constants apart.
    fn score(&self, bytes: u32) -> f32 {
        self.share(bytes) + self.level / (bytes.max(1) as f32) / 131_072.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// A voice: harmonics of 110 Hz that come and go, over a little noise.
    fn voice(samples: usize, level: f32) -> Vec<i16> {
        let mut noise = 1u32;
        (0..samples)
            .map(|n| {
                let t = n as f32 / 8_000.0;
                let loud = (t * 9.0).sin().max(0.0);
                let harmonics: f32 = (1..12)
                    .map(|k| (691.0 * k as f32 * t).sin() / k as f32)
                    .sum();
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let hiss = (noise >> 24) as f32 / 16.0 - 8.0;
                (level * loud * harmonics + hiss) as i16
            })
            .collect()
    }

    fn encode(law: Law, samples: &[i16]) -> Vec<u8> {
        samples.iter().map(|&sample| law.encode(sample)).collect()
    }

    /// The format after 2 s of frames with this payload, one every `every_ms`.
    fn judged(rate: SampleRate, payload: &[u8], size: usize, every_ms: u64) -> Format {
        let mut check = FormatCheck::new();
        let mut format = Format::Pcm;
        let frames = payload.chunks_exact(size).cycle();
        for (n, payload) in frames.take((2_000 / every_ms) as usize).enumerate() {
            // The network's jitter.
            let jitter = (n as u64 * 7919) % 9;
            let now = Instant::from_millis(1_000 + n as u64 * every_ms + jitter);
            format = check.frame(now, Audio { rate, payload });
        }
        format
    }

    #[test]
    fn g711_is_known_by_its_amount_and_its_law_by_its_content() {
        for level in [0.0, 20.0, 200.0, 2_000.0, 12_000.0] {
            for law in [Law::Mu, Law::A] {
                let bytes = encode(law, &voice(16_000, level));
                for ms in [10, 20, 30, 40, 60] {
                    assert_eq!(
                        judged(SampleRate::Hz8000, &bytes, 8 * ms, ms as u64),
                        Format::G711(law),
                        "{law:?} {level} {ms} ms"
                    );
                }
            }
        }
    }

    #[test]
    fn pcm_in_packets_of_any_length_is_pcm() {
        for rate in SampleRate::ALL {
            let samples = voice(2 * rate.hz() as usize, 4_000.0);
            let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
            for ms in [10, 20, 30, 40, 60] {
                let size = rate.hz() as usize * ms / 1_000 * 2;
                let format = judged(rate, &bytes, size, ms as u64);
                assert_eq!(format, Format::Pcm, "{rate:?} {ms} ms");
            }
        }
    }

    #[test]
    fn pcm_that_comes_at_half_its_pace_or_less_is_pcm() {
        for level in [0.0, 20.0, 200.0, 2_000.0, 12_000.0] {
            let samples = voice(16_000, level);
            let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
            for every_ms in [32, 36, 40, 48, 80] {
                let format = judged(SampleRate::Hz8000, &bytes, 320, every_ms);
                assert_eq!(format, Format::Pcm, "{level} every {every_ms} ms");
            }
        }
        for every_ms in [40, 80] {
            let format = judged(SampleRate::Hz8000, &[0; 320], 320, every_ms);
            assert_eq!(format, Format::Pcm, "silence every {every_ms} ms");
        }
    }

    #[test]
    fn compressed_formats_are_no_samples() {
        let mut noise = 1u32;
        let bytes: Vec<u8> = (0..32_000)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .collect();
        // G.729, GSM, iLBC of 20 and 30 ms, and G.722, which has as many bytes as G.711.
        for (size, ms) in [(20, 20), (33, 20), (38, 20), (50, 30), (160, 20)] {
            let format = judged(SampleRate::Hz8000, &bytes, size, ms);
            assert_eq!(format, Format::Compressed, "{size} bytes");
        }
        assert_eq!(
            judged(SampleRate::Hz16000, &bytes, 160, 20),
            Format::Compressed
        );
    }

    #[test]
    fn twice_the_announced_rate_is_told_from_a_peer_in_a_hurry() {
        for (rate, size) in [(SampleRate::Hz8000, 640), (SampleRate::Hz16000, 1_280)] {
            let bytes = [1; 6_400];
            assert_eq!(judged(rate, &bytes, size, 20), Format::Twice);
            assert_eq!(judged(rate, &bytes, size / 2, 10), Format::Pcm);
        }
    }

    #[test]
    fn a_burst_after_a_stall_is_not_twice_the_rate() {
        let mut check = FormatCheck::new();
        let audio = Audio {
            rate: SampleRate::Hz8000,
            payload: &[0; 640],
        };
        for second in 0..20 {
            for frame in 0..25 {
                // Each second's audio comes within its last 520 ms.
                let at = 480 + 520 * frame / 25;
                let now = Instant::from_millis(1_000 * second + at);
                let format = check.frame(now, audio);
                assert_eq!(format, Format::Pcm);
            }
        }
    }
}
