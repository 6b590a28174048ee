//! Every script under every fault.
//!
//! How to read a snapshot. Two lines a call: figures, then what the leg told and when, in seconds:
//! `(` and `)` the caller's speech and its length in ms, `<1`, `>1` and `/1` an utterance of the
//! agent that starts, ends and is cut, `!` a fault. `given` and `lost` are milliseconds of the
//! agent's audio that were queued and cut; `heard`, `both` and `none` are seconds: all of the agent
//! that the caller heard, the longest time both spoke, and the longest that nobody did; `over` and
//! `under` are frames that the phone's jitter buffer dropped, and times it ran dry.
//!
//! What may surprise there, and why it is so:
//! - "kind 0x10 on a line of 0x12": until the peer's first frame we send at the rate that is
//!   expected, here 8 kHz. Asterisk tells the rate with each frame and takes either.
//! - `RateChanged` on the line of 16 kHz when its first frame comes after 100 ms or more: by then
//!   `media.started` was told with the rate that was expected, and the agent speaks. Playout keeps
//!   its rate to the end of the utterance, and what the caller says meanwhile is refused. A call
//!   whose rate is known beforehand (every one that ARI makes) expects the right one.
//! - Bunches of 600 ms, and a thread that does not run for 0.7 s, make several utterances of one,
//!   of 60 ms each: after 100 ms without a frame the line counts as silent, speech ends after its
//!   hangover, and what comes at once afterwards begins at that moment.
//! - Freezes of more than 20 ms cost the frames that were not sent meanwhile (`slip`): a burst
//!   would not be heard.
//! - While a thread is frozen the phone runs dry, the caller takes that for the end and speaks: a
//!   barge-in, when the thread is back.
//! - Wrong bits in a length put the stream out of step for good: AudioSocket has nothing to find it
//!   again by. What then looks like a hang-up is one.
//! - A stall of 3 s leaves half a frame at the end of what the socket took, and its rest goes as
//!   soon as the peer reads again: Asterisk waits for it for 5 ms. In the script with the muted
//!   caller Asterisk gives up during the stall, for 2 s of silence.
//! - `FramesDropped` counts what a socket did not take; the first at once, then those of a second
//!   together.

use std::fmt::Write;

use crate::call::{Case, run};
use crate::caller::{SCRIPTS, Script};
use crate::chance::Chance;
use crate::faults::Faults;
use crate::outcome::{HEADER, figures, story};
use crate::promises::check;

/// What goes wrong, and whether chance has a part in it.
fn faults() -> Vec<(&'static str, bool, Faults)> {
    let none = Faults::default();
    let slow = |delay_ms| Faults { delay_ms, ..none };
    let jitter = |jitter_ms| Faults { jitter_ms, ..none };
    let bunch = |bunch_ms| Faults { bunch_ms, ..none };
    let pieces = |piece_bytes| Faults {
        piece_bytes,
        ..none
    };
    let wrong_bits = |wrong_bits_per_mille| Faults {
        wrong_bits_per_mille,
        ..none
    };
    let lost = |at| Faults {
        lost_at_ms: Some(at),
        ..none
    };
    let stall = |pause| Faults {
        stall_ms: Some((2_000, pause)),
        ..none
    };
    let freeze = |every, pause| Faults {
        freeze_ms: Some((every, pause)),
        ..none
    };
    let slower = |slower_ppm| Faults { slower_ppm, ..none };
    vec![
        ("nothing", false, none),
        ("80 ms away", false, slow(80)),
        ("400 ms away", false, slow(400)),
        ("jitter 10 ms", true, jitter(10)),
        ("jitter 60 ms", true, jitter(60)),
        ("jitter 200 ms", true, jitter(200)),
        ("bunches 60 ms", false, bunch(60)),
        ("bunches 200 ms", false, bunch(200)),
        ("bunches 600 ms", false, bunch(600)),
        ("pieces ≤ 300 B", true, pieces(300)),
        ("pieces ≤ 7 B", true, pieces(7)),
        ("wrong bits 2 ‰", true, wrong_bits(2)),
        ("wrong bits 5 %", true, wrong_bits(50)),
        ("wrong bits 50 %", true, wrong_bits(500)),
        (
            "lost at once",
            false,
            Faults {
                delay_ms: 15,
                ..lost(10)
            },
        ),
        ("lost at 0.05 s", false, lost(50)),
        ("lost at 3 s", false, lost(3_000)),
        ("stall 0.3 s", false, stall(300)),
        ("stall 3 s", false, stall(3_000)),
        ("stall 8 s", false, stall(8_000)),
        ("freezes 15 ms", false, freeze(500, 15)),
        ("freezes 90 ms", false, freeze(1_000, 90)),
        ("freezes 0.7 s", false, freeze(2_500, 700)),
        ("freezes 2.5 s", false, freeze(4_000, 2_500)),
        ("clock -1 %", false, slower(-10_000)),
        ("clock +0.1 %", false, slower(1_000)),
        ("clock +1 %", false, slower(10_000)),
        (
            "some of all",
            true,
            Faults {
                delay_ms: 40,
                jitter_ms: 30,
                bunch_ms: 40,
                piece_bytes: 200,
                freeze_ms: Some((1_500, 60)),
                slower_ppm: 2_000,
                ..none
            },
        ),
    ]
}

/// The outcomes of a script under all faults, each checked and found to be the same again.
fn outcomes(script: Script) -> String {
    let mut table = format!("{HEADER}\n");
    for (fault, by_chance, faults) in faults() {
        for seed in 0..if by_chance { 2 } else { 1 } {
            let case = Case {
                script,
                faults,
                seed,
            };
            let what = format!("{}, {fault}, seed {seed}", script.name);
            let outcome = run(&case, &[usize::MAX]);
            check(&outcome, faults, &what);
            assert!(outcome == run(&case, &[usize::MAX]), "{what}: not the same");
            let mut chance = Chance::new(seed ^ 0x5eed);
            let cuts: Vec<usize> = (0..97).map(|_| 1 + chance.below(400) as usize).collect();
            assert!(
                outcome == run(&case, &cuts),
                "{what}: not the same when the bytes are cut in another way"
            );
            writeln!(
                table,
                "{fault:<16} {seed:>4} | {}\n    {}",
                figures(&outcome),
                story(&outcome)
            )
            .unwrap();
        }
    }
    table
}

fn script(name: &str) -> Script {
    *SCRIPTS.iter().find(|script| script.name == name).unwrap()
}

#[test]
fn a_polite_caller() {
    insta::assert_snapshot!(outcomes(script("polite")));
}

#[test]
fn a_caller_who_interrupts() {
    insta::assert_snapshot!(outcomes(script("interrupts")));
}

#[test]
fn a_caller_who_presses_keys_and_is_muted() {
    insta::assert_snapshot!(outcomes(script("keys")));
}

#[test]
fn a_line_that_is_silent() {
    insta::assert_snapshot!(outcomes(script("silent")));
}
