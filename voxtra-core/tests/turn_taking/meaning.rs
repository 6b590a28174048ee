//! What the caller's words over the agent mean, which decides before their length does.

use super::*;

/// The barge-in waits up to 400 ms for words, where they are told.
fn listening(script: &str) -> Vec<String> {
    let settings = tested().with(|turn| turn.barge_in_words_ms = 400);
    play(
        settings,
        &format!("words on, agent on, quiet 400, {script}"),
    )
}

#[test]
fn stop_cuts_before_the_speech_is_long_enough() {
    assert_eq!(
        listening("speech 240, means interruption, speech 60, quiet 1000"),
        [
            "440 held",
            "500 started",
            "640 barge-in",
            "940 ended 300",
            "1400 turn 300"
        ]
    );
}

#[test]
fn stop_cuts_though_the_agent_has_gone_on_and_the_turn_was_dropped() {
    assert_eq!(
        listening("speech 200, quiet 300, means interruption, agent off, quiet 600"),
        [
            "440 held",
            "500 started",
            "840 ended 200",
            "900 goes on",
            "900 barge-in",
            "1300 turn 200"
        ]
    );
    assert_eq!(
        listening("speech 200, quiet 1000, means interruption, agent off, quiet 100"),
        [
            "440 held",
            "500 started",
            "840 ended 200",
            "900 goes on",
            "1600 barge-in",
            "1620 turn 200"
        ]
    );
}

#[test]
fn stop_cuts_nothing_that_it_was_not_said_over() {
    let silent = "440 held, 500 started, 840 ended 200, 900 goes on";
    let silent: Vec<&str> = silent.split(", ").collect();
    // The agent has finished and says something else.
    let next =
        "speech 200, quiet 1000, agent off, quiet 20, agent on, means interruption, quiet 99";
    assert_eq!(listening(next), silent);
    // Nobody may interrupt.
    let off = tested().with(|turn| turn.barge_in = false);
    let words = "agent on, quiet 400, speech 200, means interruption, quiet 300";
    assert_eq!(play(off, words), ["500 started", "840 ended 200"]);
    // Nobody has said anything.
    assert_eq!(
        listening("quiet 400, means interruption, quiet 99"),
        [""; 0]
    );
}

#[test]
fn words_interrupt_once_a_turn() {
    // The length has interrupted, and the agent has said something else since.
    assert_eq!(
        played(
            "agent on, speech 500, agent off, quiet 300, agent on, quiet 40, means interruption, quiet 40"
        ),
        ["40 held", "100 started", "400 barge-in", "740 ended 500"]
    );
}

#[test]
fn a_backchannel_does_not_interrupt_however_long_it_is() {
    assert_eq!(
        listening(
            "speech 360, means backchannel, speech 360, means backchannel, speech 100, quiet 400"
        ),
        [
            "440 held",
            "500 started",
            // 100 ms after the last voice instead of 300.
            "1320 goes on",
            "1460 ended 820"
        ]
    );
    // Its words come after the length of it would have interrupted.
    assert_eq!(
        listening("speech 600, quiet 80, means backchannel, quiet 300"),
        ["440 held", "500 started", "1100 goes on", "1240 ended 600"]
    );
}

#[test]
fn who_goes_on_behind_a_backchannel_interrupts() {
    // By the words.
    assert_eq!(
        listening("speech 300, means backchannel, speech 200, means content, speech 40"),
        ["440 held", "500 started", "920 barge-in"]
    );
    // By another length, when no more words come.
    assert_eq!(
        listening("speech 300, means backchannel, speech 900"),
        ["440 held", "500 started", "1500 barge-in"]
    );
}

#[test]
fn the_length_waits_for_the_words_only_while_the_agent_is_held() {
    // Words that are no backchannel need not be awaited.
    assert_eq!(
        listening("speech 200, means content, speech 400"),
        ["440 held", "500 started", "800 barge-in"]
    );
    // None come.
    assert_eq!(
        listening("speech 900"),
        ["440 held", "500 started", "1200 barge-in"]
    );
    // The caller has stopped: before the agent would go on, it is decided.
    assert_eq!(
        listening("speech 420, quiet 400"),
        ["440 held", "500 started", "1060 ended 420", "1120 barge-in"]
    );
    let aloud = tested().with(|turn| turn.pause = false);
    assert_eq!(
        play(aloud, "words on, agent on, quiet 400, speech 600"),
        ["500 started", "800 barge-in"]
    );
    assert_eq!(
        played("words on, words off, agent on, quiet 400, speech 600"),
        ["440 held", "500 started", "800 barge-in"]
    );
}

#[test]
fn a_turn_that_ends_waits_for_no_words() {
    // The caller had the floor before the agent began, so this is a turn.
    let script = "words on, speech 200, agent on, speech 420, quiet 400";
    let hasty = fixed().with(|turn| {
        turn.end_of_turn_ms = 260;
        turn.barge_in_words_ms = 400;
    });
    assert_eq!(
        play(hasty, script),
        [
            "100 started",
            "240 held",
            "860 ended 620",
            "880 barge-in",
            "880 turn 620",
            // The barge-in has ended the hold.
            "880 goes on"
        ]
    );
}

#[test]
fn words_of_one_speech_do_not_count_for_the_next() {
    // Told at once, and late.
    for words in ["means content, quiet 5700", "quiet 5700, means content"] {
        assert_eq!(
            listening(&format!("speech 300, {words}, speech 420, quiet 80")),
            [
                "440 held",
                "500 started",
                "940 ended 300",
                "1000 goes on",
                "6440 held",
                "6500 started"
            ]
        );
    }
}
