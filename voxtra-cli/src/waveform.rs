//! The outline of a recording as an SVG path: the highest and lowest sample of each stretch of
//! about one unit.

use std::fmt::{self, Write as _};

/// Where the outline is drawn.
pub(crate) struct Area {
    /// Where the first sample is.
    pub(crate) left: f64,
    /// Where the last sample ends.
    pub(crate) right: f64,
    /// The height of zero.
    pub(crate) middle: f64,
    /// The height of full scale above zero.
    pub(crate) half: f64,
    /// The sample value drawn at `half`.
    pub(crate) full_scale: f64,
}

/// Writes the path's data: along the tops to the right, and back along the bottoms.
pub(crate) fn outline(samples: &[i16], area: &Area, out: &mut String) -> fmt::Result {
    let columns = ((area.right - area.left).ceil() as usize).clamp(1, samples.len().max(1));
    let extremes: Vec<(i16, i16)> = (0..columns)
        .map(|c| {
            let (a, b) = (
                c * samples.len() / columns,
                (c + 1) * samples.len() / columns,
            );
            let part = samples.get(a..b).unwrap_or_default();
            (
                part.iter().copied().max().unwrap_or(0),
                part.iter().copied().min().unwrap_or(0),
            )
        })
        .collect();
    let step = (area.right - area.left) / columns as f64;
    let x = |c: usize| area.left + (c as f64 + 0.5) * step;
    // At least a hair's breadth, so that silence is a line rather than nothing.
    let y = |value: i16, least: f64| {
        area.middle
            - (f64::from(value) / area.full_scale * area.half).clamp(-area.half, area.half)
            - least
    };
    for (c, &(top, _)) in extremes.iter().enumerate() {
        write!(
            out,
            "{}{:.1} {:.1}",
            if c == 0 { 'M' } else { 'L' },
            x(c),
            y(top.max(0), 0.4)
        )?;
    }
    for (c, &(_, bottom)) in extremes.iter().enumerate().rev() {
        write!(out, "L{:.1} {:.1}", x(c), y(bottom.min(0), -0.4))?;
    }
    out.write_char('Z')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(samples: &[i16]) -> String {
        let mut out = String::new();
        outline(
            samples,
            &Area {
                left: 0.0,
                right: 4.0,
                middle: 50.0,
                half: 40.0,
                full_scale: 1000.0,
            },
            &mut out,
        )
        .unwrap();
        out
    }

    #[test]
    fn each_column_shows_its_extremes() {
        assert_eq!(
            draw(&[0, 500, -500, 0, 1000, 0, 0, -2000]),
            "M0.5 29.6L1.5 49.6L2.5 9.6L3.5 49.6L3.5 90.4L2.5 50.4L1.5 70.4L0.5 50.4Z"
        );
    }

    #[test]
    fn no_samples_draw_a_flat_line() {
        assert_eq!(draw(&[]), "M2.0 49.6L2.0 50.4Z");
    }
}
