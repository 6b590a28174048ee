//! How much of an utterance went out, to the sample.

use super::*;

#[test]
fn all_of_one_that_is_completed_whatever_its_chunks() {
    let mut line = PlayoutRig::plain();
    line.agent.queue(0, 1, &[10; 200], true, false);
    line.agent.queue(0, 1, &[10; 133], false, true);
    line.agent.say(0, 2, &[20; 7]);
    line.frame();
    assert_eq!(line.played, []);
    line.frame();
    line.frame();
    assert_eq!(line.played, [(1, 333), (2, 7)]);
}

#[test]
fn of_one_that_is_cut_up_to_the_end_of_the_fade_and_of_those_behind_it_nothing() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &[1_000; 8_000]);
    line.agent.say(0, 2, &[1_000; 8_000]);
    for _ in 0..25 {
        line.frame();
    }
    line.playout.flush();
    line.frame();
    assert_eq!(line.played, [(1, 26 * 160), (2, 0)]);
}

#[test]
fn the_fade_ends_where_the_settings_say() {
    let mut line = PlayoutRig::new(
        PlayoutSettings::default().with(|playout| playout.fade = Duration::from_millis(5)),
    );
    line.agent.say(0, 1, &[1_000; 8_000]);
    line.frame();
    line.playout.flush();
    line.frame();
    assert_eq!(line.played, [(1, 160 + 40)]);
}

#[test]
fn what_a_pause_makes_go_out_twice_counts_once() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &[1_000; 1_000]);
    line.frame();
    line.playout.hold(true);
    line.frame();
    line.frame();
    line.playout.hold(false);
    while line.played.is_empty() {
        line.frame();
    }
    assert_eq!(line.played, [(1, 1_000)]);
    assert_eq!(line.playout.counters().repeated_samples, 80);
}

#[test]
fn of_one_that_is_cut_in_a_pause_what_faded_out() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &[1_000; 8_000]);
    line.frame();
    line.playout.hold(true);
    line.frame();
    line.frame();
    line.playout.flush();
    line.frame();
    // A frame, and the 10 ms of the pause's fade.
    assert_eq!(line.played, [(1, 160 + 80)]);
}

#[test]
fn of_one_that_is_never_closed_what_there_was() {
    let mut line = PlayoutRig::plain();
    line.agent.queue(0, 1, &[10; 100], true, false);
    line.agent.say(0, 2, &[20; 60]);
    line.frame();
    assert_eq!(line.played, [(1, 100), (2, 60)]);
}

#[test]
fn a_line_that_is_gone_ends_the_utterance_in_progress_once() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &[1_000; 8_000]);
    line.frame();
    line.frame();
    for _ in 0..2 {
        let (events, played) = (&mut line.events, &mut line.played);
        line.playout
            .finish(&mut |event| note(event, events, played));
    }
    assert_eq!(line.played, [(1, 320)]);
    assert_eq!(line.events(), [started(1), cut(1)]);
}
