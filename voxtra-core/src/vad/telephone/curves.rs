//! Logarithm, root and tanh, fast enough for hundreds of them in a microsecond: no branches, no
//! tables, no calls, so that several are computed at once. `training/` has the same.

/// Binary logarithm of a positive, finite number that is not subnormal, within 3e-6.
///
/// The exponent is in the bits; the rest, brought to between √½ and √2, goes through the series of
/// log((1 + t) / (1 - t)) = 2 (t + t³/3 + t⁵/5 + …).
pub(super) fn log2(x: f32) -> f32 {
    // Bits of √½: what is above it has the next exponent.
    const ROOT: u32 = 0x3f35_04f3;
    let bits = x.to_bits().wrapping_sub(ROOT);
    let exponent = (bits as i32) >> 23;
    let m = f32::from_bits((bits & 0x007f_ffff).wrapping_add(ROOT));
    let t = (m - 1.0) / (m + 1.0);
    let s = t * t;
    let series = t * (TWO_OVER_LN_2 * (1.0 + s * (1.0 / 3.0 + s * (0.2 + s * (1.0 / 7.0)))));
    exponent as f32 + series
}

/// Square root of a number from 0 to about 1e35, within 5e-6 of it.
///
/// A first guess of 1/√x by halving the exponent, then two of Newton's steps (C. Lomont, "Fast
/// inverse square root", 2003).
pub(super) fn sqrt(x: f32) -> f32 {
    let mut y = f32::from_bits(0x5f37_59df_u32.wrapping_sub(x.to_bits() >> 1));
    y *= 1.5 - 0.5 * x * y * y;
    y *= 1.5 - 0.5 * x * y * y;
    x * y
}

/// Hyperbolic tangent within 6e-5, one step of the network's numbers: J. H. Lambert's continued
/// fraction, cut off at ±6.
pub(super) fn tanh(x: f32) -> f32 {
    let x = x.clamp(-6.0, 6.0);
    let s = x * x;
    let p = ((36.0 * s + 6_930.0) * s + 270_270.0) * s + 2_027_025.0;
    let q = (((s + 630.0) * s + 51_975.0) * s + 945_945.0) * s + 2_027_025.0;
    x * p / q
}

/// 1 / (1 + exp(-x)), by way of tanh.
pub(super) fn logistic(x: f32) -> f32 {
    0.5 + 0.5 * tanh(0.5 * x)
}

const TWO_OVER_LN_2: f32 = 2.0 * core::f32::consts::LOG2_E;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_close_to_the_real_ones() {
        for n in 1..400_000_u32 {
            let x = n as f32 * 1.37 * (1.0 + n as f32);
            assert!(
                (log2(x) - x.log2()).abs() < 3e-6 * x.log2().abs().max(1.0),
                "log2 of {x}"
            );
            assert!((sqrt(x) - x.sqrt()).abs() <= 5e-6 * x.sqrt(), "root of {x}");
            let y = n as f32 / 10_000.0 - 20.0;
            assert!((tanh(y) - y.tanh()).abs() < 6e-5, "tanh of {y}");
            assert!(
                (logistic(y) - 1.0 / (1.0 + (-y).exp())).abs() < 6e-5,
                "logistic of {y}"
            );
        }
        assert_eq!((sqrt(0.0), tanh(0.0)), (0.0, 0.0));
    }
}
