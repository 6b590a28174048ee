//! What was seen beside what is true.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::call::Seen;
use crate::set::{Call, Mark, RATE, What};

/// A turn whose end is told later than this was missed.
const LATEST: usize = 3 * RATE;
/// The words of speech over the agent are known by then: the final transcript follows.
const LAST_WORDS: usize = 5 * RATE / 4;

/// Sums over all calls of a group.
#[derive(Default)]
pub struct Sum {
    pub marks: usize,
    /// Turns that were ended while they went on.
    pub false_ends: usize,
    /// Turns whose end was not told.
    pub missed: usize,
    /// Ends of turns that nobody had, beside those of marks.
    pub extra: usize,
    /// From the end of a turn to when that was told, and to the first sound of the answer, in ms.
    pub delays: Vec<f32>,
    pub silences: Vec<f32>,
    /// Marks during which the agent was cut.
    pub cut: usize,
    /// From the beginning of speech to when the agent was cut, and to its last sound, in ms.
    pub cut_after: Vec<f32>,
    pub silent_after: Vec<f32>,
    pub barge_ins: usize,
    pub agent_frames: usize,
    pub held_frames: usize,
}

#[derive(Default)]
pub struct Figures(pub BTreeMap<String, Sum>);

impl Figures {
    pub fn add(&mut self, call: &Call, seen: &Seen) {
        let sum = self.0.entry(call.group.clone()).or_default();
        sum.agent_frames += seen.agent_frames;
        sum.held_frames += seen.held_frames;
        sum.barge_ins += seen.barge_ins.len();
        if call.over_agent {
            for mark in &call.marks {
                sum.over_agent(mark, seen);
            }
            return;
        }
        let mut counted = 0;
        for (n, mark) in call.marks.iter().enumerate() {
            let next = call.marks.get(n + 1).map_or(usize::MAX, |next| next.start);
            counted += sum.turn(mark, next, seen);
        }
        sum.extra += seen.turn_ends.len().saturating_sub(counted);
    }

    pub fn json(&self) -> Value {
        let groups = self.0.iter().map(|(name, sum)| (name.clone(), sum.json()));
        Value::Object(groups.collect())
    }
}

impl Sum {
    /// Returns how many of the ends of turns belong to this mark.
    fn turn(&mut self, mark: &Mark, next: usize, seen: &Seen) -> usize {
        self.marks += 1;
        let within = |from, to| move |at: &&usize| -> bool { (from..to).contains(*at) };
        let until = (mark.end + LATEST).min(next);
        if mark.what == What::Sound {
            let ends = seen.turn_ends.iter().filter(within(mark.start, until));
            let ends = ends.count();
            self.false_ends += ends.min(1);
            return ends;
        }
        let early = seen.turn_ends.iter().filter(within(mark.start, mark.end));
        let early = early.count();
        self.false_ends += early.min(1);
        let Some(told) = seen.turn_ends.iter().find(within(mark.end, until)) else {
            self.missed += 1;
            return early;
        };
        self.delays.push(ms(told - mark.end));
        let sounds = seen.frames.iter().filter(|(_, audible)| *audible > 0);
        let answer = sounds.map(|(at, _)| at).find(within(*told, next));
        self.silences.extend(answer.map(|at| ms(at - mark.end)));
        early + 1
    }

    fn over_agent(&mut self, mark: &Mark, seen: &Seen) {
        // The agent must be speaking, and go on for long enough to be interrupted.
        let until = mark.end + LAST_WORDS;
        let mut barge_ins = seen.barge_ins.iter().copied();
        let barge_in = barge_ins.find(|at| (mark.start..until).contains(at));
        let before = mark.start.saturating_sub(RATE / 2)..mark.start;
        let speaks = |(at, audible): &(usize, usize)| before.contains(at) && *audible > 0;
        let over = mark.start.saturating_sub(RATE / 5)..barge_in.unwrap_or(until);
        if !seen.frames.iter().any(speaks) || seen.completed.iter().any(|at| over.contains(at)) {
            return;
        }
        self.marks += 1;
        if let Some(at) = barge_in {
            self.cut += 1;
            self.cut_after.push(ms(at - mark.start));
            let last = seen.last_sound_before(at).unwrap_or(mark.start);
            self.silent_after.push(ms(last.saturating_sub(mark.start)));
        }
    }

    /// Share of the agent's time in which it was held back.
    pub fn held(&self) -> f32 {
        self.held_frames as f32 / self.agent_frames.max(1) as f32
    }

    fn json(&self) -> Value {
        json!({
            "marks": self.marks,
            "false_ends": self.false_ends,
            "missed": self.missed,
            "extra": self.extra,
            "told_ms": quantiles(&self.delays),
            "silence_ms": quantiles(&self.silences),
            "cut": self.cut,
            "cut_ms": quantiles(&self.cut_after),
            "silent_ms": quantiles(&self.silent_after),
            "barge_ins": self.barge_ins,
            "agent_hours": self.agent_frames as f32 / 180_000.0,
            "held": self.held(),
        })
    }
}

fn ms(samples: usize) -> f32 {
    samples as f32 * 1_000.0 / RATE as f32
}

/// p50 and p95.
fn quantiles(values: &[f32]) -> [Option<f32>; 2] {
    [0.5, 0.95].map(|share| quantile(values, share))
}

/// The value that `share` of all are below.
pub fn quantile(values: &[f32], share: f32) -> Option<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = (share * sorted.len() as f32) as usize;
    let last = sorted.len().saturating_sub(1);
    sorted.get(place.min(last)).copied()
}
