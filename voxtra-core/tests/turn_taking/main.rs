//! Turn-taking as scripts in virtual time: what the caller and the agent do, and what is reported
//! when.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod end_of_turn;
mod interruptions;
mod meaning;
mod property;
mod settings;

use std::time::Duration;

use voxtra_core::time::Instant;
use voxtra_core::turn::{Meaning, Patience, TurnEvent, TurnSettings, TurnTaking};

/// Runs a script and returns lines of `time event`, in ms; `held` and `goes on` are what becomes of
/// the agent, apart from barge-ins.
///
/// The script is a list of steps: `speech MS`, `quiet MS` and `prob P MS` send frames of 20 ms, the
/// first of which is handled at 20 ms; `gap MS` sends no frame but says so every 20 ms;
/// `nothing MS` doesn't even do that; `agent on` and `agent off`; `expect MS` asks for another end
/// of turn; `words on` and `words off` say whether words come, `means WORD` what they mean;
/// `expects` and `patience` are followed by `shorter`, `usual` or `longer`;
/// `clock ±MS` moves the clock; `bunch N` sends N frames of speech at once; `finish`.
fn play(settings: TurnSettings, script: &str) -> Vec<String> {
    settings.check().unwrap();
    let mut turns = TurnTaking::new(settings);
    let mut lines = Vec::new();
    // The clock the machine is shown starts anywhere; the one in the lines starts at 0.
    let (mut clock, mut script_ms) = (1_000_000_i64, 0_i64);
    let (mut agent, mut held) = (false, false);
    for step in script.split(',').filter(|step| !step.trim().is_empty()) {
        let words: Vec<&str> = step.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<i64>().unwrap();
        let (frames, kind, probability) = match words[0] {
            "speech" => (number(1) / 20, "frame", 0.95),
            "quiet" => (number(1) / 20, "frame", 0.02),
            "prob" => (number(2) / 20, "frame", words[1].parse::<f32>().unwrap()),
            "bunch" => (number(1), "bunch", 0.95),
            "gap" => (number(1) / 20, "gap", 0.0),
            "nothing" => (number(1) / 20, "nothing", 0.0),
            "agent" => {
                agent = words[1] == "on";
                continue;
            }
            "clock" => {
                clock += number(1);
                continue;
            }
            "expect" => {
                turns.expect_end_of_turn(Duration::from_millis(number(1) as u64));
                continue;
            }
            "expects" | "patience" => {
                let patience = match words[1] {
                    "shorter" => Patience::Shorter,
                    "longer" => Patience::Longer,
                    _ => Patience::Usual,
                };
                match words[0] {
                    "expects" => turns.expect_pauses(patience),
                    _ => turns.handle_patience(patience),
                }
                continue;
            }
            "words" => {
                turns.expect_words(words[1] == "on");
                continue;
            }
            "means" => {
                let meaning = match words[1] {
                    "backchannel" => Meaning::Backchannel,
                    "content" => Meaning::Content,
                    _ => Meaning::Interruption,
                };
                let before = lines.len();
                turns.handle_meaning(meaning, agent, &mut |event| {
                    lines.push(line(script_ms, event));
                });
                held &= lines.len() == before;
                continue;
            }
            "leave-out" => {
                turns.leave_out(&mut |event| lines.push(line(script_ms, event)));
                held = false;
                continue;
            }
            "finish" => {
                turns.finish(&mut |event| lines.push(line(script_ms, event)));
                continue;
            }
            other => panic!("unknown step {other}"),
        };
        for _ in 0..frames {
            if kind != "bunch" {
                clock += 20;
                script_ms += 20;
            }
            let now = Instant::from_millis(clock.max(0) as u64);
            let mut on = |event| lines.push(line(script_ms, event));
            match kind {
                "gap" => turns.handle_gap(now, agent, &mut on),
                "nothing" => {}
                _ => turns.handle_frame(now, probability, agent, &mut on),
            }
            let was_held = std::mem::replace(&mut held, turns.is_agent_held());
            let barged_in = lines.last() == Some(&format!("{script_ms} barge-in"));
            match (was_held, held) {
                (false, true) => lines.push(format!("{script_ms} held")),
                (true, false) if !barged_in => lines.push(format!("{script_ms} goes on")),
                _ => {}
            }
        }
    }
    lines
}

fn line(at_ms: i64, event: TurnEvent) -> String {
    match event {
        TurnEvent::SpeechStarted => format!("{at_ms} started"),
        TurnEvent::SpeechEnded { duration, cut, .. } => {
            let how = if cut { "cut" } else { "ended" };
            format!("{at_ms} {how} {}", duration.as_millis())
        }
        TurnEvent::BargeIn => format!("{at_ms} barge-in"),
        TurnEvent::Silence { duration } => format!("{at_ms} silence {}", duration.as_millis()),
        TurnEvent::TurnEnded { duration, cut } => {
            let how = if cut { "turn cut" } else { "turn" };
            format!("{at_ms} {how} {}", duration.as_millis())
        }
    }
}

/// The defaults, but for an end of turn that does not adapt.
fn fixed() -> TurnSettings {
    tested().with(|turn| turn.end_of_turn_range = 1.0)
}

/// Start 3 of 5 frames at 0.6, stop 0.35, speech after 100 ms, hangover 240 ms, turn 700 ms and
/// adapted, silence 5 s, agent held after 2 of 3 frames at 0.5, barge-in after 400 ms, or on after
/// 300 ms: what these tests count with, whatever the defaults are.
fn tested() -> TurnSettings {
    TurnSettings::default().with(|turn| {
        turn.start_threshold = 0.6;
        turn.stop_threshold = 0.35;
        turn.start_frames = 3;
        turn.start_window = 5;
        turn.min_speech_ms = 100;
        turn.hangover_ms = 240;
        turn.end_of_turn_ms = 700;
        turn.end_of_turn_range = 2.0;
        turn.silence_ms = 5_000;
        turn.longest_utterance_ms = 60_000;
        turn.longest_turn_ms = 60_000;
        turn.barge_in = true;
        turn.barge_in_threshold = 0.95;
        turn.barge_in_min_speech_ms = 400;
        turn.pause = true;
        turn.pause_threshold = 0.5;
        turn.pause_frames = 2;
        turn.pause_window = 3;
        turn.pause_resume_ms = 300;
        turn.pause_max_ms = 2_000;
    })
}

/// With the settings of [`tested`].
fn played(script: &str) -> Vec<String> {
    play(tested(), script)
}

#[test]
fn unbroken_talk_is_cut_and_goes_on() {
    let cut_at = |utterance_ms, turn_ms| {
        fixed().with(|turn| {
            turn.longest_utterance_ms = utterance_ms;
            turn.longest_turn_ms = turn_ms;
        })
    };
    assert_eq!(
        play(cut_at(1_000, 60_000), "speech 2500, quiet 1000"),
        [
            "100 started",
            "1020 cut 1020",
            "1120 started",
            "2040 cut 1020",
            "2140 started",
            "2740 ended 460",
            "3200 turn 2500"
        ]
    );
    // A turn of several utterances, the last of which is not long.
    assert_eq!(
        play(
            cut_at(60_000, 1_000),
            "speech 600, quiet 300, speech 400, quiet 1000"
        ),
        [
            "100 started",
            "840 ended 600",
            "1000 started",
            "1020 cut 120",
            "1020 turn cut 1020",
            "1120 started",
            "1540 ended 280",
            "2000 turn 280"
        ]
    );
}

#[test]
fn time_that_is_left_out_is_no_silence() {
    assert_eq!(
        played(
            "speech 400, leave-out, clock 60000, quiet 4900, speech 400, quiet 100, \
             leave-out, clock 60000, quiet 5020"
        ),
        [
            "100 started",
            "400 ended 400",
            "400 turn 400",
            "5400 started",
            "5800 ended 400",
            "5800 turn 400",
            "10820 silence 5000"
        ]
    );
    // What was being said over the agent is no longer in doubt.
    assert_eq!(
        played("agent on, speech 100, leave-out, quiet 400"),
        ["40 held", "100 started", "100 ended 100", "100 turn 100"]
    );
}

#[test]
fn an_utterance_starts_and_ends_once_and_then_ends_the_turn() {
    assert_eq!(
        played("quiet 200, speech 1000, quiet 2000"),
        ["300 started", "1440 ended 1000", "1900 turn 1000"]
    );
}

#[test]
fn a_click_is_not_speech() {
    assert!(played("quiet 200, speech 80, quiet 2000").is_empty());
    // Nor is one after the other.
    let clicks = "speech 60, quiet 100, ".repeat(10);
    assert!(played(&format!("{clicks} quiet 1000")).is_empty());
}

#[test]
fn speech_with_dropouts_at_its_start_is_heard() {
    assert_eq!(
        played("speech 20, quiet 20, speech 20, quiet 20, speech 400, quiet 300"),
        ["140 started", "720 ended 480"]
    );
}

#[test]
fn between_the_thresholds_speech_goes_on_but_does_not_start() {
    assert!(played("prob 0.5 3000").is_empty());
    assert_eq!(
        played("speech 200, prob 0.5 600, quiet 300"),
        ["100 started", "1040 ended 800"]
    );
    assert_eq!(
        played("speech 200, prob 0.3 600"),
        ["100 started", "440 ended 200"]
    );
}

#[test]
fn pauses_inside_the_hangover_belong_to_the_utterance() {
    assert_eq!(
        played("speech 300, quiet 220, speech 300, quiet 300"),
        ["100 started", "1060 ended 820"]
    );
}

#[test]
fn a_turn_goes_on_while_the_caller_resumes_in_time() {
    assert_eq!(
        play(fixed(), "speech 300, quiet 500, speech 300, quiet 1000"),
        [
            "100 started",
            "540 ended 300",
            "900 started",
            "1340 ended 300",
            "1800 turn 1100"
        ]
    );
    // Resumed in time but not yet confirmed as speech when the turn was due: it waits.
    assert_eq!(
        play(fixed(), "speech 300, quiet 660, speech 300, quiet 1000"),
        [
            "100 started",
            "540 ended 300",
            "1060 started",
            "1500 ended 300",
            "1960 turn 1260"
        ]
    );
    // What looked like it was a click: the turn ends as soon as that is clear.
    assert_eq!(
        play(fixed(), "speech 300, quiet 640, speech 80, quiet 1000"),
        ["100 started", "540 ended 300", "1080 turn 300"]
    );
}

#[test]
fn every_turn_ends_once() {
    assert_eq!(
        play(fixed(), "speech 200, quiet 1000, speech 200, quiet 3000"),
        [
            "100 started",
            "440 ended 200",
            "900 turn 200",
            "1300 started",
            "1640 ended 200",
            "2100 turn 200"
        ]
    );
}

#[test]
fn silence_is_reported_once_and_again_after_either_side_spoke() {
    assert_eq!(played("quiet 20000"), ["5000 silence 5000"]);
    assert_eq!(
        played("quiet 6000, agent on, quiet 1000, agent off, quiet 20000"),
        ["5000 silence 5000", "12000 silence 5000"]
    );
    assert_eq!(
        played("quiet 6000, speech 200, quiet 20000"),
        [
            "5000 silence 5000",
            "6100 started",
            "6440 ended 200",
            "6900 turn 200",
            "11200 silence 5000"
        ]
    );
}

#[test]
fn silence_is_not_reported_while_the_agent_speaks_or_speech_begins() {
    assert!(played("agent on, quiet 20000").is_empty());
    assert_eq!(
        played("quiet 4940, speech 200"),
        ["5040 started"],
        "speech was under way at 5,000"
    );
    assert_eq!(
        played("quiet 4940, speech 60, quiet 1000"),
        ["5060 silence 5000"],
        "a click only holds it back"
    );
}

#[test]
fn clicks_do_not_put_off_the_silence() {
    let clicks = "speech 40, quiet 460, ".repeat(12);
    assert_eq!(played(&format!("{clicks} quiet 20")), ["5000 silence 5000"]);
    // Nor does a detector that is unsure all the time.
    let flicker = "speech 20, quiet 80, ".repeat(60) + "quiet 20";
    assert_eq!(
        played(&format!("speech 200, quiet 300, {flicker}")),
        [
            "100 started",
            "440 ended 200",
            "1000 turn 200",
            "5300 silence 5000"
        ]
    );
}

#[test]
fn silence_can_be_off() {
    let off = tested().with(|turn| turn.silence_ms = 0);
    assert!(play(off, "quiet 60000").is_empty());
}

#[test]
fn a_gap_in_the_audio_ends_speech_turn_and_is_silence() {
    let expected = [
        "100 started",
        "640 ended 400",
        "1100 turn 400",
        "5400 silence 5000",
    ];
    assert_eq!(played("speech 400, gap 6000"), expected);
    // Even when nobody said that there was one: told at the next frame.
    assert_eq!(
        played("speech 400, nothing 6000, speech 400"),
        [
            "100 started",
            "6420 ended 400",
            "6420 turn 400",
            "6420 silence 5000",
            "6500 started"
        ]
    );
}

#[test]
fn a_bunch_after_a_short_gap_is_the_same_speech() {
    assert_eq!(
        played("speech 400, gap 100, bunch 5, speech 100, quiet 300"),
        ["100 started", "840 ended 600"]
    );
    // Also at its beginning.
    assert_eq!(
        played("speech 40, gap 60, bunch 3, speech 40"),
        ["100 started"]
    );
}

#[test]
fn a_start_does_not_reach_back_over_a_gap() {
    assert!(played("speech 80, gap 200, speech 40, quiet 400").is_empty());
    assert!(played("speech 80, nothing 200, speech 40, quiet 400").is_empty());
}

#[test]
fn a_clock_set_back_costs_one_interval() {
    assert_eq!(
        played("speech 400, clock -600000, quiet 2000"),
        ["100 started", "660 ended 400", "1120 turn 400"]
    );
    // And forth again.
    assert_eq!(
        played("speech 200, clock -900000, speech 200, clock +3600000, quiet 400"),
        [
            "100 started",
            "420 ended 380",
            "420 turn 380",
            "420 silence 5000"
        ]
    );
}

#[test]
fn the_end_of_the_call_ends_what_is_open() {
    assert_eq!(
        played("speech 400, finish, finish"),
        ["100 started", "400 ended 400", "400 turn 400"]
    );
    assert_eq!(
        played("speech 400, quiet 300, finish"),
        ["100 started", "640 ended 400", "700 turn 400"]
    );
    assert!(played("speech 80, finish").is_empty());
}

#[test]
fn the_age_of_speech_reaches_back_to_its_first_frame() {
    let mut turns = TurnTaking::new(TurnSettings::default());
    let mut age_at_start = None;
    for (frame, probability) in [0.0, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9].into_iter().enumerate() {
        let mut started = false;
        let now = Instant::from_millis(20 * frame as u64);
        turns.handle_frame(now, probability, false, &mut |e| {
            started |= e == TurnEvent::SpeechStarted
        });
        if started {
            age_at_start = turns.speech_age();
        }
    }
    assert_eq!(age_at_start, Some(Duration::from_millis(120)));
}
