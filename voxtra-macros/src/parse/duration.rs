//! Durations: `500ms`, `10s`, `1.5s`, `2min`, `1h`.

use syn::Lit;

/// The milliseconds that a number with its unit stands for; nothing if it has no unit of time.
pub(crate) fn millis(literal: &Lit) -> Option<f64> {
    let (digits, unit) = match literal {
        Lit::Int(number) => (number.base10_digits(), number.suffix()),
        Lit::Float(number) => (number.base10_digits(), number.suffix()),
        _ => return None,
    };
    let factor = match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "min" | "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * factor)
}
