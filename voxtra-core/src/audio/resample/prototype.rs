//! The filter that all resamplers share: one half of a symmetric windowed sinc, tabulated at
//! compile time.

use super::HALF;

/// Bits behind the point of [`at`]'s result.
pub(super) const BITS: u32 = 20;
/// Bits behind the point of [`at`]'s argument.
pub(super) const POSITION_BITS: u32 = 24;

/// Entries per sample of the lower rate. Interpolated in a straight line between them, the error is
/// below -80 dB.
const STEPS: u32 = 64;
const STEP_BITS: u32 = POSITION_BITS - STEPS.ilog2();
const ENTRIES: usize = (HALF * STEPS) as usize + 1;

/// Where the filter is 6 dB down: the middle of the transition from 0.85 to 1 of half the lower
/// rate.
const CUTOFF: f64 = 0.925;
/// Kaiser's β for a stop-band 60 dB down: 0.1102·(60 − 8.7).
const BETA: f64 = 5.653;

/// The filter at a distance from its middle. In: samples of the lower rate, [`POSITION_BITS`]
/// behind the point. Out: [`BITS`] behind the point, unity at pass-band when summed over samples of
/// the lower rate.
pub(super) fn at(distance: u64) -> i32 {
    let entry = (distance >> STEP_BITS) as usize;
    let Some(&[left, right]) = TABLE.get(entry..).and_then(<[i32]>::first_chunk) else {
        return 0; // at its end, or beyond
    };
    let fraction = (distance & ((1 << STEP_BITS) - 1)) as i64;
    left + ((i64::from(right - left) * fraction) >> STEP_BITS) as i32
}

static TABLE: [i32; ENTRIES] = table();

const fn table() -> [i32; ENTRIES] {
    let mut table = [0; ENTRIES];
    let scale = (1u64 << BITS) as f64;
    let mut entry = 0;
    while entry < ENTRIES {
        let distance = entry as f64 / STEPS as f64;
        let value = scale * CUTOFF * sinc(CUTOFF * distance) * kaiser(distance / HALF as f64);
        table[entry] = (if value < 0.0 {
            value - 0.5
        } else {
            value + 0.5
        }) as i32;
        entry += 1;
    }
    table
}

/// sin(πx) / πx, for x ≥ 0. (`libm` has no `const fn`.)
const fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    // sin(πx) repeats every 2, and the series is at its best near 0.
    let mut turn = x - 2.0 * ((x / 2.0) as u64 as f64);
    let mut sign = 1.0;
    if turn > 1.0 {
        turn -= 1.0;
        sign = -1.0;
    }
    if turn > 0.5 {
        turn = 1.0 - turn;
    }
    let angle = core::f64::consts::PI * turn;
    let square = angle * angle;
    let (mut term, mut sine, mut n) = (angle, angle, 1.0);
    while n < 12.0 {
        term *= -square / ((2.0 * n) * (2.0 * n + 1.0));
        sine += term;
        n += 1.0;
    }
    sign * sine / (core::f64::consts::PI * x)
}

/// Kaiser's window at `x`, from 0 in its middle to 1 at its end.
const fn kaiser(x: f64) -> f64 {
    bessel_i0_of_root(BETA * BETA * (1.0 - x * x)) / bessel_i0_of_root(BETA * BETA)
}

/// The modified Bessel function I₀(√square): Σ (square/4)^k / k!².
const fn bessel_i0_of_root(square: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while k < 30.0 {
        term *= square / 4.0 / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::PI;

    #[test]
    fn the_series_are_the_functions() {
        for n in 0..4800 {
            let x = f64::from(n) / 200.0;
            let expected = if n == 0 {
                1.0
            } else {
                libm::sin(PI * x) / (PI * x)
            };
            assert!((sinc(x) - expected).abs() < 1e-12, "sinc({x})");
        }
        // Abramowitz and Stegun, table 9.8.
        assert!((bessel_i0_of_root(1.0) - 1.266_065_877_752_008).abs() < 1e-12);
        assert!((bessel_i0_of_root(25.0) - 27.239_871_823_604_44).abs() < 1e-9);
    }

    #[test]
    fn it_falls_to_nothing_at_its_end() {
        let end = u64::from(HALF) << POSITION_BITS;
        let middle = at(0);
        assert_eq!(middle, (CUTOFF * f64::from(1 << BITS)) as i32 + 1);
        assert!(at(end - 1).abs() < middle / 2_000);
        assert_eq!(at(end), 0);
        assert_eq!(at(u64::MAX), 0);
    }
}
