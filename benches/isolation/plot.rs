//! Two distributions in one picture: what share of frames took longer than a time, both axes
//! logarithmic.

use std::fmt::Write as _;

use crate::distribution::Distribution;

const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 300.0;
/// From 10 µs to 100 ms, and from all frames to one in 100,000.
const DECADES_OF_TIME: f64 = 4.0;
const DECADES_OF_SHARE: f64 = 5.0;

pub(crate) fn draw(before: &Distribution, during: &Distribution) -> String {
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 410" font-family="sans-serif" font-size="12" fill="#333">
<rect width="720" height="410" fill="#fff"/>
<text x="{LEFT}" y="22" font-size="15">Turn-around of a frame, while other agents behave and while they don't</text>"##
    );
    for (power, label) in ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms"]
        .iter()
        .enumerate()
    {
        let x = LEFT + WIDTH * power as f64 / DECADES_OF_TIME;
        let (bottom, below) = (TOP + HEIGHT, TOP + HEIGHT + 18.0);
        let _ = writeln!(
            svg,
            r##"<path d="M{x:.1} {TOP}V{bottom}" stroke="#ddd"/><text x="{x:.1}" y="{below}" text-anchor="middle">{label}</text>"##
        );
    }
    for (power, label) in ["100 %", "10 %", "1 %", "0.1 %", "0.01 %", "0.001 %"]
        .iter()
        .enumerate()
    {
        let y = TOP + HEIGHT * power as f64 / DECADES_OF_SHARE;
        let (right, beside, down) = (LEFT + WIDTH, LEFT - 6.0, y + 4.0);
        let _ = writeln!(
            svg,
            r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#ddd"/><text x="{beside}" y="{down:.1}" text-anchor="end">{label}</text>"##
        );
    }
    for (distribution, colour, dash, name, row) in [
        (before, "#1f77b4", "none", "all behave", 0.0),
        (during, "#d62728", "6 3", "some misbehave", 18.0),
    ] {
        let line = line(distribution);
        let (x, y) = (LEFT + WIDTH - 200.0, TOP + 20.0 + row);
        let (to, text, middle) = (x + 30.0, x + 38.0, y - 4.0);
        let count = distribution.len();
        let _ = writeln!(
            svg,
            r##"<path d="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>
<path d="M{x} {middle}H{to}" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/><text x="{text}" y="{y}">{name} ({count} frames)</text>"##
        );
    }
    let (middle, bottom) = (LEFT + WIDTH / 2.0, TOP + HEIGHT + 40.0);
    let _ = writeln!(
        svg,
        r##"<text x="{middle}" y="{bottom}" text-anchor="middle">share of frames that took longer than this</text>
</svg>"##
    );
    svg
}

/// The path of one distribution, in 60 steps a decade.
fn line(distribution: &Distribution) -> String {
    let mut path = String::new();
    for step in 0..=240 {
        let decades = f64::from(step) / 60.0;
        let micros = 10.0 * 10_f64.powf(decades);
        let share = distribution.share_over(micros as u32);
        let x = LEFT + WIDTH * decades / DECADES_OF_TIME;
        let down = (-share.log10()).clamp(0.0, DECADES_OF_SHARE);
        let y = TOP + HEIGHT * down / DECADES_OF_SHARE;
        let _ = write!(path, "{}{x:.1} {y:.1}", if step == 0 { "M" } else { "L" });
        if share == 0.0 {
            break;
        }
    }
    path
}
