//! The eight tones of ITU-T Q.23 and the sixteen keys.

use super::band::Phasor;

pub(super) const RATE_HZ: f64 = 8_000.0;

/// Samples from one point at which the audio is looked at to the next: 5 ms.
pub(super) const HOP: usize = 40;
/// How many samples before each point it is looked at, too: 1.25 ms. In 5 ms tones that are 200 Hz
/// apart turn equally far, in this time only those which are 800 Hz apart.
pub(super) const LAG: usize = 10;

/// Where a group's tones are, and the filter for them: its middle, and half of its width at -6 dB.
pub(super) struct Group {
    pub(super) middle_hz: f64,
    pub(super) half_width_hz: f64,
    tones_hz: [f64; 4],
}

/// The low group and the high one.
pub(super) const GROUPS: [Group; 2] = [
    Group {
        middle_hz: 818.0,
        half_width_hz: 250.0,
        tones_hz: [697.0, 770.0, 852.0, 941.0],
    },
    Group {
        middle_hz: 1_424.0,
        half_width_hz: 355.0,
        tones_hz: [1_209.0, 1_336.0, 1_477.0, 1_633.0],
    },
];

/// 350 and 440 Hz, which only have to be told from a digit's tones.
pub(super) const DIAL_TONE: Group = Group {
    middle_hz: 395.0,
    half_width_hz: 161.0,
    tones_hz: [0.0; 4],
};

const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// The key with this tone of the low group and that of the high one.
pub(super) fn key(low: usize, high: usize) -> Option<char> {
    KEYS.get(low)?.get(high).copied()
}

/// The phase step of a tone at its nominal frequency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tone {
    /// How far it turns in [`HOP`] samples and in [`LAG`].
    hop: Phasor,
    lag: Phasor,
    /// How much further or less far it may turn in a hop, as a tangent.
    tangent: f32,
}

impl Tone {
    const fn new(hz: f64) -> Self {
        let turns = (MOST_SHARE * hz + MOST_HZ) * HOP as f64 / RATE_HZ;
        Self {
            hop: turned(hz * HOP as f64 / RATE_HZ),
            lag: turned(hz * LAG as f64 / RATE_HZ),
            tangent: (sine(turns) / cosine(turns)) as f32,
        }
    }

    /// Whether a tone that turned so far is this one.
    pub(super) fn is(&self, hop: Phasor, lag: Phasor) -> bool {
        hop.since(self.hop).is_within(self.tangent) && lag.since(self.lag).is_within(LAG_TANGENT)
    }
}

/// The tones of the low and of the high group.
pub(super) static TONES: [[Tone; 4]; 2] = {
    let mut tones = [[Tone::new(0.0); 4]; 2];
    let mut n = 0;
    while n < 8 {
        tones[n / 4][n % 4] = Tone::new(GROUPS[n / 4].tones_hz[n % 4]);
        n += 1;
    }
    tones
};

/// Tones may be off by so much: 2 Hz, and 3 Hz for what noise does to a measurement over 25 ms.
const MOST_SHARE: f64 = 0.015;
const MOST_HZ: f64 = 2.0 + 3.0;
/// In the shorter time, 59 Hz.
const LAG_TANGENT: f32 = 0.5;

const fn turned(turns: f64) -> Phasor {
    Phasor {
        re: cosine(turns) as f32,
        im: sine(turns) as f32,
    }
}

/// Sine of full turns, by its series.
pub(super) const fn sine(turns: f64) -> f64 {
    let whole = (turns + if turns < 0.0 { -0.5 } else { 0.5 }) as i64;
    let x = 2.0 * core::f64::consts::PI * (turns - whole as f64);
    let (mut sum, mut term, mut n) = (0.0, x, 1.0);
    while n < 40.0 {
        sum += term;
        term = -term * x * x / ((n + 1.0) * (n + 2.0));
        n += 2.0;
    }
    sum
}

pub(super) const fn cosine(turns: f64) -> f64 {
    sine(turns + 0.25)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_are_those_of_the_library() {
        for n in -4_000..4_000 {
            let turns = f64::from(n) / 713.0;
            let angle = turns * core::f64::consts::TAU;
            assert!((sine(turns) - libm::sin(angle)).abs() < 1e-12, "{turns}");
            assert!((cosine(turns) - libm::cos(angle)).abs() < 1e-12, "{turns}");
        }
    }

    #[test]
    fn a_frequency_is_one_tone_or_none() {
        for tenths in 5_000..20_000 {
            let hz = f64::from(tenths) / 10.0;
            for (tones, group) in TONES.iter().zip(GROUPS) {
                let (hop, lag) = (turned(hz * 40.0 / RATE_HZ), turned(hz * 10.0 / RATE_HZ));
                for (tone, nominal) in tones.iter().zip(group.tones_hz) {
                    let off = (hz - nominal).abs();
                    if off < 0.015 * nominal + 2.0 {
                        assert!(tone.is(hop, lag), "{hz} for {nominal}");
                    }
                    // Those that are 800 Hz away are for the filters.
                    if off > 0.03 * nominal && off < 700.0 {
                        assert!(!tone.is(hop, lag), "{hz} for {nominal}");
                    }
                }
            }
        }
    }
}
