//! What a transcript adds: the same sounds with words that are told after some delay.

use voxtra_core::turn::Meaning;

use crate::call::{Seen, Told};
use crate::figures::quantile;
use crate::scene::{self, Kind, Mark, RATE, Scene};
use crate::sounds::Library;

/// The first word is over after this much speech, each further one after so much more.
const FIRST_WORD: usize = 3 * RATE / 10;
const NEXT_WORD: usize = RATE / 5;
/// The end of speech is told after this: the final transcript follows.
const HANGOVER: usize = 24 * RATE / 100;

/// How late words are, in ms; without, nothing is known of them.
const DELAYS: [Option<usize>; 4] = [None, Some(200), Some(400), Some(800)];

/// What became of the marks of one kind of calls.
#[derive(Default)]
struct Outcome {
    marks: usize,
    cut: usize,
    /// From the first sample of speech to the barge-in and to the agent's last sound, in ms.
    told: Vec<f32>,
    silent: Vec<f32>,
    held: usize,
    frames: usize,
}

/// When words become known that mean this: while they are said, and when they are over.
fn told(scene: &Scene, meaning: Meaning, delay_ms: usize) -> Told {
    let delay = delay_ms * RATE / 1_000;
    let mut all = Told::new();
    for mark in &scene.marks {
        let words = (mark.start + FIRST_WORD..mark.end).step_by(NEXT_WORD);
        all.extend(words.map(|at| (at + delay, meaning)));
        all.push((mark.end + HANGOVER + delay, meaning));
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

impl Outcome {
    fn add(&mut self, scene: &Scene, seen: &Seen) {
        self.held += seen.held_frames;
        self.frames += seen.agent_frames;
        for &Mark { start, end } in &scene.marks {
            let speaks = |(at, audible): &&(usize, usize)| {
                (start.saturating_sub(RATE / 2)..start).contains(at) && *audible > 0
            };
            if !seen.frames.iter().any(|frame| speaks(&frame)) {
                continue;
            }
            self.marks += 1;
            // The final transcript comes up to a second behind the speech.
            let until = end + 5 * RATE / 4;
            let mut barge_ins = seen.barge_ins.iter();
            let Some(at) = barge_ins.find(|at| (start..until).contains(*at)) else {
                continue;
            };
            self.cut += 1;
            let ms = |samples: usize| samples as f32 * 1_000.0 / RATE as f32;
            self.told.push(ms(at - start));
            let last = seen.last_sound_before(*at).unwrap_or(start);
            self.silent.push(ms(last.saturating_sub(start)));
        }
    }

    fn cut(&self) -> String {
        let share = 100.0 * self.cut as f32 / self.marks.max(1) as f32;
        format!("{share:.1} % of {}", self.marks)
    }

    fn times(&self, values: &[f32]) -> String {
        format!(
            "{:.0} / {:.0}",
            quantile(values, 0.5),
            quantile(values, 0.95)
        )
    }
}

/// A row of figures for each delay.
pub fn table(minutes: u64, library: &Library, play: impl Fn(&Scene, &Told) -> Seen) {
    println!(
        "| words after | single words that mean \"stop\": cut | barge-in after p50 / p95, ms | \
         backchannels in a row: cut | of the time held | other words, quiet line: cut | \
         barge-in after p50 / p95, ms | agent silent after p50 / p95, ms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for delay in DELAYS {
        let outcome = |kind, meaning| {
            let mut outcome = Outcome::default();
            for seed in 0..minutes {
                let scene = scene::scene(kind, seed, library);
                let told = delay.map_or_else(Told::new, |delay| told(&scene, meaning, delay));
                outcome.add(&scene, &play(&scene, &told));
            }
            outcome
        };
        let stop = outcome(Kind::Backchannel, Meaning::Interruption);
        let listens = outcome(Kind::LongBackchannel, Meaning::Backchannel);
        let says = outcome(Kind::Interruption, Meaning::Content);
        println!(
            "| {} | {} | {} | {} | {:.1} % | {} | {} | {} |",
            delay.map_or("no words".to_owned(), |delay| format!("{delay} ms")),
            stop.cut(),
            stop.times(&stop.told),
            listens.cut(),
            100.0 * listens.held as f32 / listens.frames.max(1) as f32,
            says.cut(),
            says.times(&says.told),
            says.times(&says.silent),
        );
    }
}
