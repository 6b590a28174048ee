//! What the small set must give: a figure each that a change may not make worse.

use crate::figures::{Figures, Sum, quantile};

/// Every bound that is broken.
pub fn broken(alone: &Figures, with_words: &Figures) -> Vec<String> {
    let mut bounds = Bounds(Vec::new());
    for (who, figures) in [("without words", alone), ("with words", with_words)] {
        let of = |group| Group::of(figures, who, group);
        for group in ["sentences", "short", "noise", "pauses", "numbers", "voices"] {
            bounds.most(of(group), "missed turns", 0, |sum| sum.missed);
        }
        bounds.most(of("sentences"), "false ends", 0, |sum| sum.false_ends);
        bounds.most(of("short"), "false ends", 0, |sum| sum.false_ends);
        bounds.most(of("pauses"), "false ends", 2, |sum| sum.false_ends);
        bounds.most(of("noise"), "false ends", 2, |sum| sum.false_ends);
        bounds.most(of("sounds"), "turns of no words", 0, |sum| sum.false_ends);
        for group in ["sounds over", "backchannel"] {
            bounds.most(of(group), "false interruptions", 0, |sum| sum.cut);
        }
        bounds.most(of("alone"), "false interruptions", 0, |sum| sum.barge_ins);
        let told = |sum: &Sum| quantile(&sum.delays, 0.95).map_or(usize::MAX, |ms| ms as usize);
        bounds.most(of("sentences"), "ms to the end of a turn, p95", 800, told);
    }
    let uncut = |sum: &Sum| sum.marks - sum.cut;
    let of = |group| Group::of(with_words, "with words", group);
    bounds.most(of("numbers"), "false ends", 0, |sum| sum.false_ends);
    bounds.most(of("stop"), "words that did not stop the agent", 0, uncut);
    bounds.most(of("interruption"), "missed interruptions", 2, uncut);
    bounds.most(
        of("sentences"),
        "ms to the end of a turn, p95",
        500,
        |sum| quantile(&sum.delays, 0.95).map_or(usize::MAX, |ms| ms as usize),
    );
    bounds.0
}

/// The figures of a group, and whose they are.
struct Group<'a> {
    who: &'a str,
    name: &'a str,
    sum: Option<&'a Sum>,
}

impl<'a> Group<'a> {
    fn of(figures: &'a Figures, who: &'a str, name: &'a str) -> Self {
        let sum = figures.0.get(name);
        Self { who, name, sum }
    }
}

struct Bounds(Vec<String>);

impl Bounds {
    fn most(&mut self, group: Group<'_>, what: &str, most: usize, of: impl Fn(&Sum) -> usize) {
        let Group { who, name, sum } = group;
        // A group that nobody played proves nothing.
        let Some(sum) = sum.filter(|sum| sum.marks > 0 || sum.agent_frames > 0) else {
            self.0.push(format!("{who}, {name}: nothing was played"));
            return;
        };
        let found = of(sum);
        if found > most {
            self.0
                .push(format!("{who}, {name}: {what}: {found}, at most {most}"));
        }
    }
}
