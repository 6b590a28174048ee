//! Whole calls in virtual time, through the leg: how soon an agent that is interrupted falls
//! silent, how often it does for nothing, and when a turn is taken to be over.
//!
//!     benches/barge_in/sounds.py DIR          # once: fetches and makes the sounds
//!     cargo run --release -p voxtra-benches --bin barge_in -- DIR [MINUTES] [--energy] [--sweep] [--ignore-echo]
//!         [--ignore-background] [--words] [kinds=KIND,KIND...] [KEY=VALUE]...
//!
//! plays MINUTES (60) one-minute calls of each kind and prints figures; with `--sweep` a line of a
//! table for each of many settings; with `--words` one for each delay of a transcript. KEY is one
//! of `TurnSettings`, or `preset`. The same sounds give the same figures.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used
)]

mod call;
mod chance;
mod codec;
mod figures;
mod line;
mod scene;
mod sounds;
mod words;

use std::path::Path;

use serde_json::{Map, Value};
use voxtra_core::leg::{BackgroundPolicy, EchoPolicy, LegSettings};
use voxtra_core::turn::{Preset, TurnSettings};
use voxtra_core::vad::{EnergyDetector, TelephoneDetector};

use call::Told;
use codec::Codec;
use figures::{Figures, quantile};
use scene::{Kind, Scene};
use sounds::Library;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name: &str| {
        let before = arguments.len();
        arguments.retain(|argument| argument != name);
        arguments.len() < before
    };
    let (sweep, energy, by_words) = (flag("--sweep"), flag("--energy"), flag("--words"));
    let (ignore_echo, ignore_background) = (flag("--ignore-echo"), flag("--ignore-background"));
    let folder = arguments.first().expect("where the sounds are").clone();
    let minutes = arguments
        .get(1)
        .and_then(|minutes| minutes.parse().ok())
        .unwrap_or(60);
    let mut settings = LegSettings::default();
    if ignore_echo {
        settings.echo = EchoPolicy::Ignore;
    }
    if ignore_background {
        settings.background = BackgroundPolicy::Ignore;
    }
    settings.turn = changed(settings.turn, &arguments);
    let folder = Path::new(&folder);
    let play = |scene: &Scene, settings, told: &Told| {
        let codecs = scene
            .codec
            .map(|mode| [(); 2].map(|()| Codec::start(folder, mode)));
        match energy {
            true => call::play(scene, settings, EnergyDetector::new(), codecs, told),
            false => call::play(scene, settings, TelephoneDetector::new(), codecs, told),
        }
    };
    let library = Library::read(folder);
    let only = arguments
        .iter()
        .find_map(|word| word.strip_prefix("kinds="));
    let wanted = |kind: &&Kind| {
        only.is_none_or(|only| only.split(',').any(|name| name == format!("{kind:?}")))
    };
    let scenes = |seed: u64| -> Vec<Scene> {
        let kinds = Kind::ALL.iter().filter(wanted);
        kinds
            .map(|kind| scene::scene(*kind, seed, &library))
            .collect()
    };
    if by_words {
        words::table(minutes, &library, |scene, told| play(scene, settings, told));
        return;
    }
    if sweep {
        let variants = variants();
        let mut figures: Vec<Figures> = variants.iter().map(|_| Figures::default()).collect();
        for seed in 0..minutes {
            for scene in scenes(seed) {
                for (words, figures) in variants.iter().zip(&mut figures) {
                    let turn = changed(settings.turn, words);
                    let settings = settings.with(|leg| leg.turn = turn);
                    figures.add(&scene, &play(&scene, settings, &Told::new()));
                }
            }
        }
        table(&variants, &figures);
        return;
    }
    let mut figures = Figures::default();
    for seed in 0..minutes {
        for scene in scenes(seed) {
            figures.add(&scene, &play(&scene, settings, &Told::new()));
        }
    }
    report(&figures);
}

/// `settings` with what `words` say: `preset=patient`, `pause_frames=3`.
fn changed(settings: TurnSettings, words: &[String]) -> TurnSettings {
    let mut settings = settings;
    for (key, value) in words.iter().filter_map(|word| word.split_once('=')) {
        if key == "kinds" {
            continue;
        }
        if key == "preset" {
            let preset: Preset = serde_json::from_value(Value::from(value)).expect("a preset");
            settings = preset.settings();
            continue;
        }
        let Value::Object(mut all) = serde_json::to_value(settings).unwrap() else {
            panic!("settings are an object");
        };
        let _: &mut Map<String, Value> = &mut all;
        all.insert(
            key.into(),
            value.parse().expect("a number or true or false"),
        );
        settings = serde_json::from_value(Value::Object(all)).expect("a setting");
    }
    settings.check().expect("settings in range");
    settings
}

fn report(figures: &Figures) {
    println!("kind                 hours  false stops/h  pauses/h  held   events  stopped at");
    for (kind, sum) in &figures.0 {
        let held = 100.0 * sum.held_frames as f32 / sum.agent_frames.max(1) as f32;
        println!(
            "{:<18} {:>7.2} {:>13.2} {:>10.1} {:>5.1} % {:>6} {:>8.1} %",
            format!("{kind:?}"),
            sum.hours(),
            sum.an_hour(sum.false_stops),
            sum.an_hour(sum.pauses),
            held,
            sum.marks,
            100.0 * sum.false_stops as f32 / sum.marks.max(1) as f32,
        );
    }
    for kind in Kind::INTERRUPTIONS {
        let Some(sum) = figures.0.get(&kind) else {
            continue;
        };
        println!(
            "{kind:?}: {} of {} missed; the agent stops after p50 {:.0} ms, p90 {:.0} ms, p95 {:.0} ms",
            sum.missed,
            sum.marks,
            quantile(&sum.stops, 0.5),
            quantile(&sum.stops, 0.9),
            quantile(&sum.stops, 0.95)
        );
    }
    for kind in Kind::TURNS {
        let Some(sum) = figures.0.get(&kind) else {
            continue;
        };
        println!(
            "{kind:?}: {} turns: {} false ends; told after p50 {:.0} ms, p95 {:.0} ms; {} never told",
            sum.turns,
            sum.false_ends,
            quantile(&sum.end_delays, 0.5),
            quantile(&sum.end_delays, 0.95),
            sum.never_told,
        );
    }
}

/// What the sweep tries, one change at a time and the presets.
fn variants() -> Vec<Vec<String>> {
    let words = |line: &str| line.split(' ').map(String::from).collect();
    [
        "preset=responsive",
        "preset=balanced",
        "preset=patient",
        "pause=false",
        "pause_threshold=0.35",
        "pause_threshold=0.65",
        "pause_threshold=0.8",
        "pause_frames=2 pause_window=3",
        "barge_in_threshold=0.6",
        "barge_in_threshold=0.9",
        "barge_in_threshold=0.98",
        "barge_in_min_speech_ms=400",
        "barge_in_min_speech_ms=720",
        "end_of_turn_range=1.0",
        "end_of_turn_ms=1000",
    ]
    .map(words)
    .to_vec()
}

fn table(variants: &[Vec<String>], figures: &[Figures]) {
    println!(
        "| settings | stop p50 / p95, ms | noisy: p50 / p95 | missed: quiet, noisy, late echo, voice behind | \
         false stops/h: noise, music, stationary, own echo, own echo through a codec, voice behind | \
         cut by a cough, click, backchannel | pauses/h: noise, music, own echo, voice behind | \
         false ends of turns | end told after p50 / p95, ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (words, figures) in variants.iter().zip(figures) {
        let stop = |kind| {
            let stops = &figures.of(kind).stops;
            format!("{:.0} / {:.0}", quantile(stops, 0.5), quantile(stops, 0.95))
        };
        let percent = |part: usize, whole: usize| 100.0 * part as f32 / whole.max(1) as f32;
        let missed = |kind| {
            let sum = figures.of(kind);
            percent(sum.missed, sum.marks)
        };
        let stops = |kind| figures.of(kind).an_hour(figures.of(kind).false_stops);
        let cut = |kind| percent(figures.of(kind).false_stops, figures.of(kind).marks);
        let pauses = |kind| figures.of(kind).an_hour(figures.of(kind).pauses);
        let turns = figures.of(Kind::Turns);
        let of_each = |kinds: &[Kind], figure: &dyn Fn(Kind) -> f32, digits: usize| {
            let figures = kinds
                .iter()
                .map(|kind| format!("{:.digits$}", figure(*kind)));
            figures.collect::<Vec<_>>().join(", ")
        };
        let missed = of_each(
            &[
                Kind::Interruption,
                Kind::NoisyInterruption,
                Kind::LateInterruption,
                Kind::VoiceInterruption,
            ],
            &missed,
            1,
        );
        let stops = of_each(
            &[
                Kind::Noise,
                Kind::Music,
                Kind::Stationary,
                Kind::Echo,
                Kind::EchoMobile,
                Kind::Voice,
            ],
            &stops,
            1,
        );
        let cut = of_each(&[Kind::Cough, Kind::Click, Kind::Backchannel], &cut, 1);
        let pauses = of_each(
            &[Kind::Noise, Kind::Music, Kind::Echo, Kind::Voice],
            &pauses,
            0,
        );
        println!(
            "| `{}` | {} | {} | {missed} % | {stops} | {cut} % | {pauses} | {:.1} % | {:.0} / {:.0} |",
            words.join(" "),
            stop(Kind::Interruption),
            stop(Kind::NoisyInterruption),
            percent(turns.false_ends, turns.turns),
            quantile(&turns.end_delays, 0.5),
            quantile(&turns.end_delays, 0.95),
        );
    }
}
