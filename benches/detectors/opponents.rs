//! A voice detector that others made and `voxtra_core::vad` doesn't have, behind our trait.

use nnnoiseless::DenoiseState;
use voxtra_core::audio::Resampler;
use voxtra_core::vad::{VAD_FRAME_SAMPLES, VoiceDetector};

/// Brings frames up to a rate and cuts them to a length.
struct Upsampled<const N: usize> {
    resampler: Resampler,
    rate: u32,
    buffer: [i16; N],
    filled: usize,
}

impl<const N: usize> Upsampled<N> {
    fn to(rate: u32) -> Self {
        Self {
            resampler: Resampler::new(8_000, rate).unwrap(),
            rate,
            buffer: [0; N],
            filled: 0,
        }
    }

    fn push(&mut self, mut pcm: &[i16], mut each: impl FnMut(&[i16; N])) {
        while !pcm.is_empty() {
            let (taken, made) = self.resampler.process(pcm, &mut self.buffer[self.filled..]);
            pcm = &pcm[taken..];
            self.filled += made;
            if self.filled == N {
                each(&self.buffer);
                self.filled = 0;
            }
        }
    }
}

/// The probability of a voice that nnnoiseless (RNNoise in Rust) gives beside its main work, 10 ms
/// at 48 kHz.
pub struct Nnnoiseless {
    state: Box<DenoiseState<'static>>,
    input: Upsampled<{ DenoiseState::FRAME_SIZE }>,
    probability: f32,
}

impl Nnnoiseless {
    pub fn new() -> Self {
        Self {
            state: DenoiseState::new(),
            input: Upsampled::to(48_000),
            probability: 0.0,
        }
    }
}

impl VoiceDetector for Nnnoiseless {
    fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
        let Self {
            state,
            input,
            probability,
        } = self;
        input.push(frame, |samples| {
            let mut out = [0.0; DenoiseState::FRAME_SIZE];
            *probability = state.process_frame(&mut out, &samples.map(f32::from));
        });
        *probability
    }

    fn reset(&mut self) {
        let rate = self.input.rate;
        self.state = DenoiseState::new();
        self.input = Upsampled::to(rate);
        self.probability = 0.0;
    }
}
