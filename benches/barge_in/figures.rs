//! What the calls say about the settings.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::call::Seen;
use crate::scene::{Kind, RATE, Scene};

/// Sums over all calls of a kind.
#[derive(Default)]
pub struct Sum {
    pub agent_frames: usize,
    pub held_frames: usize,
    pub pauses: usize,
    /// Barge-ins that nobody meant.
    pub false_stops: usize,
    pub marks: usize,
    /// Of interruptions, in ms: from the first sample of speech to the agent's last.
    pub stops: Vec<f32>,
    pub missed: usize,
    pub turns: usize,
    pub false_ends: usize,
    /// Turns whose end was not told before the next one began.
    pub never_told: usize,
    /// From the last sample of a turn to its end being told, in ms.
    pub end_delays: Vec<f32>,
}

#[derive(Default)]
pub struct Figures(pub BTreeMap<Kind, Sum>);

impl Figures {
    pub fn add(&mut self, scene: &Scene, seen: &Seen) {
        let sum = self.0.entry(scene.kind).or_default();
        sum.agent_frames += seen.agent_frames;
        sum.held_frames += seen.held_frames;
        sum.pauses += seen.pauses.len();
        match scene.kind {
            kind if Kind::INTERRUPTIONS.contains(&kind) => sum.interruptions(scene, seen),
            kind if Kind::TURNS.contains(&kind) => sum.turns(scene, seen),
            _ => {
                sum.marks += scene.marks.len();
                sum.false_stops += seen.barge_ins.len();
            }
        }
    }

    /// Nothing of a kind that was not played.
    pub fn of(&self, kind: Kind) -> &Sum {
        static NONE: LazyLock<Sum> = LazyLock::new(Sum::default);
        self.0.get(&kind).unwrap_or(&NONE)
    }
}

impl Sum {
    fn interruptions(&mut self, scene: &Scene, seen: &Seen) {
        let mut meant = 0;
        for mark in &scene.marks {
            let until = mark.end + RATE / 2;
            let during = |at: &&usize| (mark.start..until).contains(*at);
            let barge_in = seen.barge_ins.iter().find(during);
            meant += seen.barge_ins.iter().filter(during).count();
            // The agent must be speaking, and go on for long enough to be interrupted.
            let speaks = |from: usize, to: usize| {
                let frames = seen.frames.iter().filter(|(at, _)| (from..to).contains(at));
                frames.filter(|(_, audible)| *audible > 0).count() > 0
            };
            let completed = seen.completed.iter().any(|at| {
                (mark.start.saturating_sub(RATE / 5)..barge_in.copied().unwrap_or(until))
                    .contains(at)
            });
            if completed || !speaks(mark.start.saturating_sub(RATE / 2), mark.start) {
                continue;
            }
            self.marks += 1;
            match barge_in {
                None => self.missed += 1,
                Some(at) => {
                    let last = seen.last_sound_before(*at).unwrap_or(mark.start);
                    let samples = last.saturating_sub(mark.start);
                    self.stops.push(samples as f32 * 1_000.0 / RATE as f32);
                }
            }
        }
        self.false_stops += seen.barge_ins.len() - meant;
    }

    fn turns(&mut self, scene: &Scene, seen: &Seen) {
        let mut first = 0;
        for (turn, &last) in scene.turn_ends.iter().enumerate() {
            let start = scene.marks[first].start;
            let end = scene.marks[last].end;
            first = last + 1;
            self.turns += 1;
            let early = |at: &&usize| (start..end).contains(*at);
            self.false_ends += seen.turn_ends.iter().filter(early).count();
            let next = scene
                .turn_ends
                .get(turn + 1)
                .map_or(usize::MAX, |_| scene.marks[first].start);
            let told = seen.turn_ends.iter().find(|at| (end..next).contains(*at));
            match told {
                Some(told) => self
                    .end_delays
                    .push((told - end) as f32 * 1_000.0 / RATE as f32),
                None => self.never_told += 1,
            }
        }
    }

    pub fn hours(&self) -> f32 {
        self.agent_frames as f32 / 180_000.0
    }

    pub fn an_hour(&self, count: usize) -> f32 {
        count as f32 / self.hours()
    }
}

/// The value that `share` of all are below.
pub fn quantile(values: &[f32], share: f32) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = (share * sorted.len() as f32) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f32::NAN)
}
