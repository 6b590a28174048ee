//! The figures for people.

use crate::call::Seen;
use crate::figures::{Figures, Sum, quantile};
use voxtra_core::vad::{TelephoneDetector, VoiceDetector};

use crate::line::{N, through_mu_law};
use crate::set::{Call, Mark, RATE, What};

pub fn print(results: &[(&str, Figures)]) {
    let Some((_, first)) = results.first() else {
        return;
    };
    for group in first.0.keys() {
        println!("\n{group}");
        println!(
            "{:<26} {:>5} {:>9} {:>6} {:>5} {:>13} {:>13} {:>5} {:>13} {:>13} {:>9} {:>6}",
            "",
            "marks",
            "too early",
            "missed",
            "extra",
            "told",
            "heard silence",
            "cut",
            "cut after",
            "silent after",
            "barge-ins",
            "held"
        );
        for (name, figures) in results {
            let none = Sum::default();
            let sum = figures.0.get(group).unwrap_or(&none);
            println!(
                "{name:<26} {:>5} {:>9} {:>6} {:>5} {:>13} {:>13} {:>5} {:>13} {:>13} {:>9} {:>5.1}%",
                sum.marks,
                sum.false_ends,
                sum.missed,
                sum.extra,
                times(&sum.delays),
                times(&sum.silences),
                sum.cut,
                times(&sum.cut_after),
                times(&sum.silent_after),
                sum.barge_ins,
                100.0 * sum.held(),
            );
        }
    }
}

/// p50 / p95.
fn times(values: &[f32]) -> String {
    match (quantile(values, 0.5), quantile(values, 0.95)) {
        (Some(half), Some(most)) => format!("{half:.0} / {most:.0}"),
        _ => String::new(),
    }
}

/// Each mark of a call, and what was seen of it.
pub fn each(name: &str, call: &Call, seen: &Seen) {
    for mark in &call.marks {
        let from_start = |at: &usize| (*at as f32 - mark.start as f32) / RATE as f32;
        let until = mark.end + 5 * RATE / 2;
        let times = |all: &[usize]| -> Vec<f32> {
            let within = all.iter().filter(|at| (mark.start..until).contains(*at));
            within.map(from_start).collect()
        };
        let (ends, cuts) = (times(&seen.turn_ends), times(&seen.barge_ins));
        let speech = times(&seen.speech);
        let length = (mark.end - mark.start) as f32 / RATE as f32;
        let early = ends.iter().any(|at| *at < length);
        let wrong = match mark.what {
            What::Turn => early || ends.is_empty(),
            What::Sound if !call.over_agent => !ends.is_empty(),
            What::Stop | What::Interruption => cuts.is_empty(),
            What::Sound | What::Backchannel => !cuts.is_empty(),
        };
        if wrong {
            let sure = certain_ms(call, mark, 0.97);
            let likely = certain_ms(call, mark, 0.5);
            let words = mark.words.last().map_or("", |(_, words)| words.as_str());
            let at = mark.start as f32 / RATE as f32;
            println!(
                "{name}: {} at {at:.2} s, {:?} of {length:.2} s {words:?}: {sure} ms certain, {likely} likely, speech told at {speech:.2?}, end of turn at {ends:.2?}, cut at {cuts:.2?}",
                call.name, mark.what
            );
        }
    }
}

/// For how long the detector alone is as certain as that, in ms.
fn certain_ms(call: &Call, mark: &Mark, threshold: f32) -> usize {
    let mut detector = TelephoneDetector::new();
    let frames = call.caller.as_chunks::<N>().0.iter().enumerate();
    let certain = frames
        .take_while(|(n, _)| n * N < mark.end + N)
        .filter(|(n, frame)| {
            let probability = detector.process(&through_mu_law(**frame));
            probability >= threshold && n * N >= mark.start
        });
    20 * certain.count()
}
