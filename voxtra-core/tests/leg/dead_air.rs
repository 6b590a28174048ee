//! What becomes of a caller who is owed an answer, while nobody drives the leg but its own clock.

use core::time::Duration;
use voxtra_core::audio::FRAME;
use voxtra_core::event::{Fault, MediaStoppedReason, RecordBody};
use voxtra_core::leg::{Awaited, Command, Forward, GuardSettings, LegSettings, Mode};
use voxtra_core::playout::Clip;

use crate::rig::{N, Rig, buzz, message, pcm, silence};

const FILLER: i16 = 1_111;
const APOLOGY: i16 = 2_222;

/// The last is the end of the line, after 5 s of grace.
const TIMES: [Duration; 4] = [
    Duration::from_millis(1_500),
    Duration::from_secs(10),
    Duration::from_secs(25),
    Duration::from_secs(30),
];

/// A guarded call whose caller is awaited.
fn guarded() -> Rig {
    let mut rig = Rig::forwarding(Forward::Nothing);
    // Not whole frames.
    rig.agent.filler = vec![FILLER; 20 * N + 40];
    rig.agent.apology = vec![APOLOGY; 40 * N - 40];
    let [filler, apology, give_up, _] = TIMES.map(Some);
    let times = GuardSettings::default().with(|guard| {
        guard.filler = filler;
        guard.apology = apology;
        guard.give_up = give_up;
    });
    rig.leg.set_guard(Some(times));
    rig.command(Command::Await(Awaited::Caller));
    rig.hear(&silence(30));
    rig
}

fn agent_is_awaited(rig: &mut Rig) {
    rig.command(Command::Await(Awaited::Agent { patience_ms: 0 }));
}

/// Silence until a record says this; how long that took.
fn until(rig: &mut Rig, words: &str) -> Duration {
    let from = rig.now;
    while !rig.story().iter().any(|told| told == words) {
        assert!(
            rig.now.duration_since(from) < Duration::from_secs(60),
            "no {words:?} in {:#?}",
            rig.story()
        );
        rig.hear(&silence(1));
    }
    rig.now.duration_since(from)
}

/// All that went out.
fn sent(rig: &Rig) -> Vec<i16> {
    rig.line.sent.iter().flat_map(|m| pcm(m)).collect()
}

fn count(rig: &Rig, sample: i16) -> usize {
    sent(rig).iter().filter(|one| **one == sample).count()
}

#[test]
fn an_agent_that_stands_still_leaves_a_filler_an_apology_and_the_end_of_the_line() {
    let mut rig = guarded();
    rig.hear(&buzz(60));
    rig.hear(&silence(1));
    until(&mut rig, "turn.ended");
    // It may have been a cough, as far as the leg knows. The frame of the turn's end counts.
    let filler = until(&mut rig, "plays Filler");
    assert_eq!(filler + FRAME, Duration::from_secs(3));
    until(&mut rig, "plays Apology");
    let dead_air = format!("fault: {}", Fault::DeadAir);
    until(&mut rig, &dead_air);
    assert!(!rig.leg.has_given_up(), "the agent may be alive");
    let mut grace = Duration::ZERO;
    while !rig.leg.has_given_up() {
        rig.hear(&silence(1));
        grace += FRAME;
    }
    assert_eq!(grace, Duration::from_secs(5));
    assert_eq!(rig.line.sent.last(), Some(&message(0x00, &[])));
    rig.leg
        .stop(rig.now, MediaStoppedReason::Timeout, &mut rig.line);
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "user.speech.started",
            "user.speech.ended",
            "turn.ended",
            "plays Filler",
            "ends Filler",
            "silence.detected",
            "plays Apology",
            "ends Apology",
            "silence.detected",
            &dead_air,
            "media.stopped"
        ]
    );
    rig.line.sent.pop();
    assert_eq!(
        (count(&rig, FILLER), count(&rig, APOLOGY)),
        (20 * N + 40, 40 * N - 40),
        "each once, and whole"
    );
}

#[test]
fn the_times_count_from_when_the_agent_is_awaited() {
    let mut rig = guarded();
    agent_is_awaited(&mut rig);
    let begins = rig.now;
    let dead_air = format!("fault: {}", Fault::DeadAir);
    let words = ["plays Filler", "plays Apology", &dead_air];
    for (words, time) in words.into_iter().zip(TIMES) {
        until(&mut rig, words);
        assert_eq!(rig.now.duration_since(begins), time, "{words}");
    }
    let [.., end] = TIMES;
    while !rig.leg.has_given_up() {
        rig.hear(&silence(1));
    }
    assert_eq!(rig.now.duration_since(begins), end);
}

#[test]
fn nothing_is_played_while_the_caller_or_nobody_is_awaited() {
    let mut rig = guarded();
    rig.hear(&silence(2_000));
    rig.command(Command::Await(Awaited::Nobody));
    // A telephone rings, and the caller wonders about that.
    rig.hear(&buzz(60));
    rig.hear(&silence(2_000));
    assert_eq!((count(&rig, FILLER), count(&rig, APOLOGY)), (0, 0));
    assert!(rig.faults().is_empty() && !rig.leg.has_given_up());
}

#[test]
fn without_a_guard_and_in_an_echo_nothing_is_played() {
    let mut rig = guarded();
    rig.leg.set_guard(None);
    agent_is_awaited(&mut rig);
    rig.hear(&silence(2_000));
    let mut echo = Rig::new(LegSettings::default().with(|leg| leg.mode = Mode::Echo));
    echo.agent.filler = vec![FILLER; N];
    echo.leg
        .set_guard(Some(GuardSettings::default().with(|guard| {
            guard.filler = Some(FRAME);
        })));
    agent_is_awaited(&mut echo);
    echo.hear(&silence(100));
    assert_eq!((count(&rig, FILLER), count(&echo, FILLER)), (0, 0));
}

#[test]
fn a_turn_that_was_a_cough_is_answered_by_nothing() {
    let mut rig = guarded();
    rig.hear(&buzz(12));
    until(&mut rig, "turn.ended");
    rig.hear(&silence(125));
    rig.command(Command::Await(Awaited::Caller));
    rig.hear(&silence(2_000));
    assert_eq!(count(&rig, FILLER), 0, "{:#?}", rig.story());
    assert!(!rig.leg.has_given_up());
}

#[test]
fn the_answer_cuts_the_filler_and_loses_no_time_and_no_sample() {
    let mut rig = guarded();
    agent_is_awaited(&mut rig);
    until(&mut rig, "plays Filler");
    rig.hear(&silence(5));
    let before = rig.line.sent.len();
    let words = vec![3_000; 20 * N];
    rig.agent.says(0, 1, &words);
    rig.hear(&silence(40));
    let answer: Vec<i16> = rig.line.sent[before..]
        .iter()
        .flat_map(|m| pcm(m))
        .collect();
    let (fade, rest) = answer[..20 * N].split_at(N);
    assert!(fade[0] > 4_000 && fade[N - 1] < 3_010, "the filler fades");
    assert!(fade.is_sorted_by(|a, b| a >= b));
    assert!(rest.iter().all(|sample| *sample == 3_000));
    let story = rig.story();
    let end = story.iter().position(|told| told == "cut Filler");
    let end = end.unwrap();
    assert_eq!(story[end..end + 3], ["cut Filler", "starts 1", "ends 1"]);
    let played = rig
        .line
        .records
        .iter()
        .find_map(|record| match record.body {
            RecordBody::ClipEnded { clip, played, .. } => Some((clip, played)),
            _ => None,
        });
    assert_eq!(played, Some((Clip::Filler, 7 * N as u64)));
}

#[test]
fn the_caller_who_speaks_over_a_clip_has_the_line_at_once() {
    let mut rig = guarded();
    agent_is_awaited(&mut rig);
    until(&mut rig, "plays Filler");
    rig.hear(&silence(3));
    let (from, played) = (rig.now, count(&rig, FILLER));
    while rig.story().last().unwrap() != "cut Filler" {
        rig.hear(&buzz(1));
    }
    let noticed = rig.now.duration_since(from);
    assert!(noticed <= FRAME * 5, "{noticed:?}");
    assert!(count(&rig, FILLER) <= played + 5 * N);
    rig.hear(&buzz(50));
    until(&mut rig, "turn.ended");
    // It is the caller's turn, and no interruption; the silence begins anew.
    let story = rig.story();
    assert!(!story.iter().any(|told| told == "barge_in"), "{story:#?}");
    rig.line.records.clear();
    let again = until(&mut rig, "plays Filler");
    assert!(again <= TIMES[0] && again > TIMES[0] - Duration::from_secs(1));
}

#[test]
fn a_caller_who_asks_again_and_again_is_led_out_in_time() {
    let mut rig = guarded();
    agent_is_awaited(&mut rig);
    let mut silent = Duration::ZERO;
    let dead_air = format!("fault: {}", Fault::DeadAir);
    while !rig.story().contains(&dead_air) {
        rig.hear(&buzz(20));
        rig.hear(&silence(200));
        silent += FRAME * 200;
        assert!(silent < TIMES[2] * 2, "{:#?}", rig.story());
    }
    assert_eq!(count(&rig, APOLOGY), 0, "none of the silences is so long");
}

#[test]
fn a_silence_within_an_answer_is_bridged_and_the_answer_goes_on() {
    let mut rig = guarded();
    agent_is_awaited(&mut rig);
    let words = vec![3_000; 20 * N];
    rig.agent.says(0, 1, &words);
    // The voice is stuck in mid-sentence.
    let (rest, chunks) = (
        rig.agent.samples.split_off(10 * N),
        rig.agent.chunks.split_off(10),
    );
    rig.hear(&silence(20));
    until(&mut rig, "ends Filler");
    rig.agent.samples.extend(rest);
    rig.agent.chunks.extend(chunks);
    until(&mut rig, "ends 1");
    assert!(count(&rig, 3_000) > 19 * N, "but for the edges");
    let played = rig
        .line
        .records
        .iter()
        .find_map(|record| match record.body {
            RecordBody::UtteranceEnded { played, .. } => Some(played),
            _ => None,
        });
    assert_eq!(played, Some(20 * N as u64), "and counted as heard");
}

#[test]
fn on_hold_the_guard_stands_still() {
    let mut rig = guarded();
    agent_is_awaited(&mut rig);
    until(&mut rig, "plays Filler");
    rig.command(Command::CallHold(true));
    rig.hear(&silence(2_000));
    assert!(rig.faults().is_empty() && count(&rig, APOLOGY) == 0);
    rig.command(Command::CallHold(false));
    let rest = until(&mut rig, "plays Apology");
    assert_eq!(rest, TIMES[1] - TIMES[0], "as much as was left");
    assert!(rig.story().contains(&"cut Filler".to_owned()));
}

#[test]
fn a_tool_with_a_longer_limit_has_that_long() {
    let mut rig = guarded();
    let patience_ms = 60_000;
    rig.command(Command::Await(Awaited::Agent { patience_ms }));
    let from = rig.now;
    let dead_air = format!("fault: {}", Fault::DeadAir);
    while !rig.story().contains(&dead_air) {
        rig.hear(&silence(1));
    }
    let patience = Duration::from_millis(patience_ms.into());
    assert_eq!(rig.now.duration_since(from), TIMES[2] + patience);
}

#[test]
fn a_clip_that_comes_late_is_played_when_it_is_there() {
    let mut rig = guarded();
    let clip = std::mem::take(&mut rig.agent.filler);
    agent_is_awaited(&mut rig);
    rig.hear(&silence(200));
    rig.agent.filler = clip;
    assert_eq!(until(&mut rig, "plays Filler"), FRAME);
}

#[test]
fn stopping_the_agent_stops_a_clip_too() {
    let mut rig = guarded();
    agent_is_awaited(&mut rig);
    until(&mut rig, "plays Filler");
    rig.command(Command::Flush { epoch: 0 });
    rig.hear(&silence(2));
    assert_eq!(rig.story().last().unwrap(), "cut Filler");
}
