//! Louder, quieter, and ramps short enough to hide an edge.

/// A fixed gain.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Gain {
    linear: f32,
}

impl Gain {
    /// 0 dB: samples stay as they are, to the bit.
    pub const UNITY: Self = Self { linear: 1.0 };
    /// The largest gain, in dB; more is cut to this.
    pub const MAX_DB: f32 = 40.0;

    /// A gain in dB; negative is quieter, -∞ is silence. Not a number counts as 0 dB.
    pub fn from_db(db: f32) -> Self {
        if db.is_nan() || db == 0.0 {
            return Self::UNITY;
        }
        Self {
            linear: libm::powf(10.0, db.min(Self::MAX_DB) / 20.0),
        }
    }

    /// The factor each sample is multiplied by.
    pub const fn linear(self) -> f32 {
        self.linear
    }

    /// Multiplies the samples, rounding to the nearest; what does not fit stays at the end of the
    /// range.
    pub fn apply(self, samples: &mut [i16]) {
        if self == Self::UNITY {
            return;
        }
        for sample in samples {
            *sample = scaled(*sample, self.linear);
        }
    }
}

impl Default for Gain {
    fn default() -> Self {
        Self::UNITY
    }
}

/// A ramp that may span several frames: a gain that moves between silence and unity along an
/// S-curve.
///
/// ```
/// use voxtra_core::audio::Fade;
///
/// let mut fade = Fade::out(100);
/// let mut samples = [1000i16; 160];
/// fade.apply(&mut samples);
/// assert!(samples[0] > 990 && samples[99] < 10);
/// assert_eq!(samples[100..], [0; 60]);
/// assert!(fade.is_done());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fade {
    position: usize,
    length: usize,
    rising: bool,
}

impl Fade {
    /// From silence to unity over `samples` samples, then unity.
    pub const fn in_over(samples: usize) -> Self {
        Self {
            position: 0,
            length: samples,
            rising: true,
        }
    }

    /// From unity to silence over `samples` samples, then silence.
    pub const fn out(samples: usize) -> Self {
        Self {
            position: 0,
            length: samples,
            rising: false,
        }
    }

    /// Whether the ramp has reached its end.
    pub const fn is_done(&self) -> bool {
        self.position >= self.length
    }

    /// The gain of the next sample; moves on by one.
    pub fn next_gain(&mut self) -> f32 {
        if self.is_done() {
            return if self.rising { 1.0 } else { 0.0 };
        }
        // The middle of each step, so that a fade of one sample halves it.
        let t = (self.position as f32 + 0.5) / self.length as f32;
        self.position += 1;
        let rise = t * t * (3.0 - 2.0 * t);
        if self.rising { rise } else { 1.0 - rise }
    }

    /// Applies the ramp's next part to `samples`, and what follows its end to the rest of them.
    pub fn apply(&mut self, samples: &mut [i16]) {
        let ramp = samples.len().min(self.length.saturating_sub(self.position));
        let (ramp, rest) = samples.split_at_mut(ramp);
        for sample in ramp {
            *sample = scaled(*sample, self.next_gain());
        }
        if !self.rising {
            rest.fill(0);
        }
    }
}

/// Fades all of `samples` in, from silence.
pub fn fade_in(samples: &mut [i16]) {
    Fade::in_over(samples.len()).apply(samples);
}

/// Fades all of `samples` out, to silence.
pub fn fade_out(samples: &mut [i16]) {
    Fade::out(samples.len()).apply(samples);
}

/// One sample times `gain`, rounded to the nearest and kept in range (`as` saturates).
fn scaled(sample: i16, gain: f32) -> i16 {
    let scaled = f32::from(sample) * gain;
    (scaled + 0.5f32.copysign(scaled)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unity_changes_nothing() {
        let all = [i16::MIN, -1, 0, 1, i16::MAX];
        for gain in [Gain::from_db(0.0), Gain::from_db(f32::NAN), Gain::default()] {
            let mut samples = all;
            gain.apply(&mut samples);
            assert_eq!(samples, all);
        }
    }

    #[test]
    fn six_db_is_twice_and_saturates() {
        let mut samples = [i16::MIN, -20_000, -1_000, 0, 1_000, 20_000, i16::MAX];
        Gain::from_db(6.0206).apply(&mut samples);
        assert_eq!(
            samples,
            [i16::MIN, i16::MIN, -2_000, 0, 2_000, i16::MAX, i16::MAX]
        );
    }

    #[test]
    fn extremes_stay_sane() {
        let mut samples = [1_000, -1_000];
        Gain::from_db(f32::NEG_INFINITY).apply(&mut samples);
        assert_eq!(samples, [0, 0]);
        assert_eq!(Gain::from_db(f32::INFINITY), Gain::from_db(Gain::MAX_DB));
    }

    #[test]
    fn fades_are_monotone_and_mirror_each_other() {
        let mut rising = [10_000; 160];
        let mut falling = [10_000; 160];
        fade_in(&mut rising);
        fade_out(&mut falling);
        assert!(rising.is_sorted());
        assert!(rising[0] < 10 && rising[159] > 9_990);
        falling.reverse();
        assert_eq!(rising, falling);
    }

    #[test]
    fn a_fade_over_several_frames_is_the_same_as_in_one() {
        let mut whole = [9_999i16; 400];
        Fade::out(350).apply(&mut whole);
        let mut parts = [9_999i16; 400];
        let mut fade = Fade::out(350);
        for part in parts.chunks_mut(33) {
            fade.apply(part);
        }
        assert_eq!(whole, parts);
    }

    #[test]
    fn a_fade_of_no_samples_is_done() {
        let mut samples = [5; 3];
        Fade::in_over(0).apply(&mut samples);
        assert_eq!(samples, [5; 3]);
        Fade::out(0).apply(&mut samples);
        assert_eq!(samples, [0; 3]);
    }
}
