//! Where labels go so that none covers another: each takes the first lane with room for it.

/// Space left and right of a label's text.
pub(super) const PAD: f64 = 5.0;
/// Least space between two labels of a lane.
const GAP: f64 = 4.0;
/// Width of one character of the picture's 11 px monospaced type, rounded up for fonts a bit wider
/// than the usual 0.6 em.
const CHARACTER: f64 = 6.75;

/// A label's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LabelPlace {
    /// Where the event is on the time axis.
    pub(super) mark: f64,
    /// The label's left edge.
    pub(super) left: f64,
    /// Its width.
    pub(super) width: f64,
    /// Its lane, counted from the top.
    pub(super) lane: usize,
}

/// The width of a label with this text.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER + 2.0 * PAD
}

/// Places labels given as (position, width), returns the places in the same order and the number of
/// lanes. A label starts at its mark, or ends at it where it would leave the picture on the right.
pub(super) fn place(wanted: &[(f64, f64)], right: f64) -> (Vec<LabelPlace>, usize) {
    let mut lanes: Vec<Vec<(f64, f64)>> = Vec::new();
    let placed = wanted
        .iter()
        .map(|&(mark, width)| {
            let left = if mark + width <= right {
                mark
            } else {
                (mark - width).max(0.0)
            };
            let (from, to) = (left - GAP, left + width + GAP);
            let free = |lane: &Vec<(f64, f64)>| lane.iter().all(|&(a, b)| to <= a || b <= from);
            let lane = lanes.iter().position(free).unwrap_or_else(|| {
                lanes.push(Vec::new());
                lanes.len() - 1
            });
            if let Some(taken) = lanes.get_mut(lane) {
                taken.push((left, left + width));
            }
            LabelPlace {
                mark,
                left,
                width,
                lane,
            }
        })
        .collect();
    (placed, lanes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_label_with_room_stays_in_the_first_lane() {
        let (placed, lanes) = place(
            &[(0.0, 50.0), (60.0, 50.0), (62.0, 50.0), (120.0, 50.0)],
            1000.0,
        );
        assert_eq!(
            placed.iter().map(|p| p.lane).collect::<Vec<_>>(),
            [0, 0, 1, 0]
        );
        assert_eq!(lanes, 2);
    }

    #[test]
    fn a_label_at_the_right_edge_turns_back() {
        let (placed, _) = place(&[(990.0, 50.0)], 1000.0);
        assert_eq!(placed[0].left, 940.0);
    }

    proptest! {
        #[test]
        fn no_label_covers_another(wanted in prop::collection::vec((0.0..1000.0f64, 20.0..200.0f64), 0..60)) {
            let (placed, lanes) = place(&wanted, 1000.0);
            for (i, a) in placed.iter().enumerate() {
                prop_assert!(a.lane < lanes && a.left >= 0.0);
                for b in &placed[i + 1..] {
                    prop_assert!(a.lane != b.lane || a.left + a.width <= b.left || b.left + b.width <= a.left);
                }
            }
        }
    }
}
