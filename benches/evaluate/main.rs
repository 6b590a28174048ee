//! Recorded callers, in virtual time through the leg: turns that are ended too early or never,
//! interruptions that are missed or false, and the silence that the caller hears. Beside it what a
//! detector with timers makes of the same calls.
//!
//!     benches/evaluate/recordings.py DIR [--small]        # once: fetches the recordings
//!     cargo run --release -p voxtra-benches --bin evaluate -- DIR [--json] [--check] [--ours] [--each]
//!
//! The same recordings give the same figures. `--check` fails where ours are out of the bounds of
//! the small set, `--ours` plays to ours alone, and `--each` names every mark that went wrong.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used
)]

mod bounds;
mod call;
#[path = "../barge_in/chance.rs"]
mod chance;
mod figures;
#[path = "../barge_in/line.rs"]
mod line;
mod set;
mod table;
mod timer;
mod transcript;

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use voxtra_core::vad::{
    EarshotDetector, EnergyDetector, TelephoneDetector, VoiceDetector, WebRtcDetector,
};

use call::Listener;
use figures::Figures;
use set::{RATE, Set};

/// From a word to its transcript.
const WORDS_AFTER: usize = 3 * RATE / 10;

/// How many of those who listen are ours: the first ones.
const OURS: usize = 2;

/// Who listens.
const LISTENERS: [(&str, Listener); 6] = [
    ("Voxtra", Listener::Ours { words: None }),
    (
        "Voxtra, with words",
        Listener::Ours {
            words: Some(WORDS_AFTER),
        },
    ),
    (
        "Voxtra's detector, timers",
        Listener::Timers(|| boxed(TelephoneDetector::new())),
    ),
    (
        "WebRTC VAD, timers",
        Listener::Timers(|| boxed(WebRtcDetector::default())),
    ),
    (
        "earshot, timers",
        Listener::Timers(|| boxed(EarshotDetector::new())),
    ),
    (
        "energy, timers",
        Listener::Timers(|| boxed(EnergyDetector::new())),
    ),
];

fn boxed(detector: impl VoiceDetector + 'static) -> Box<dyn VoiceDetector> {
    Box::new(detector)
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name: &str| {
        let before = arguments.len();
        arguments.retain(|argument| argument != name);
        arguments.len() < before
    };
    let (as_json, check) = (flag("--json"), flag("--check"));
    let (ours, each) = (flag("--ours"), flag("--each"));
    let Some(folder) = arguments.first() else {
        eprintln!("usage: evaluate DIR [--json] [--check] [--ours] [--each]");
        return ExitCode::from(2);
    };
    let set = Set::read(Path::new(folder));
    let count = if ours || each { OURS } else { LISTENERS.len() };
    let listeners = LISTENERS.get(..count).unwrap_or_default();
    // Each takes as long as it takes; they don't know of each other.
    let results: Vec<(&str, Figures)> = std::thread::scope(|scope| {
        let runs: Vec<_> = listeners
            .iter()
            .map(|(name, listener)| {
                let set = &set;
                scope.spawn(move || (*name, listen(set, name, listener, each)))
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    if as_json {
        let listeners: Map<String, Value> = results
            .iter()
            .map(|(name, figures)| ((*name).to_owned(), figures.json()))
            .collect();
        let order: Vec<&str> = results.iter().map(|(name, _)| *name).collect();
        println!("{}", json!({"order": order, "listeners": listeners}));
    } else {
        table::print(&results);
    }
    match check.then(|| bounds::broken(&results[0].1, &results[1].1)) {
        Some(broken) if !broken.is_empty() => {
            for broken in broken {
                eprintln!("out of bounds: {broken}");
            }
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Plays all calls to one who listens.
fn listen(set: &Set, name: &str, listener: &Listener, each: bool) -> Figures {
    let mut figures = Figures::default();
    for (n, call) in set.calls.iter().enumerate() {
        let seen = call::play(set, n, listener);
        figures.add(call, &seen);
        if each {
            table::each(name, call, &seen);
        }
    }
    figures
}
