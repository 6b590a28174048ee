//! How long a silence ends a turn: what was set, what the caller taught, what somebody asked for.

use super::*;

/// Ends of turns after the last voice, in ms, for a script in which they do not overlap.
fn waits(lines: &[String]) -> Vec<u64> {
    let mut wait = Vec::new();
    let mut last_voice = 0;
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let at: u64 = words[0].parse().unwrap();
        match words[1] {
            // Told after the hangover.
            "ended" => last_voice = at - 240,
            "turn" => wait.push(at - last_voice),
            _ => {}
        }
    }
    wait
}

#[test]
fn a_caller_who_pauses_is_waited_for_longer() {
    let turn = "speech 400, quiet 600, speech 400, quiet 1600, ";
    // 900 ms are asked for, and met half-way each time.
    assert_eq!(waits(&played(&turn.repeat(4))), [800, 860, 880, 900]);
    assert_eq!(waits(&play(fixed(), &turn.repeat(3))), [700; 3]);
}

#[test]
fn a_caller_who_never_pauses_is_answered_sooner_and_sooner() {
    let turn = "speech 400, quiet 1600, ";
    let waits = waits(&played(&turn.repeat(40)));
    assert_eq!(waits[..4], [700, 680, 640, 620]);
    assert!(waits.is_sorted_by(|a, b| a >= b), "{waits:?}");
    assert_eq!(waits[39], 380, "3/2 of the hangover, but for a frame");
}

#[test]
fn a_turn_that_was_ended_too_early_teaches_too() {
    // The caller goes on 1 s after having been taken to be done, and nobody has answered.
    assert_eq!(
        waits(&played("speech 400, quiet 1000, speech 400, quiet 2000")),
        [700, 1_100]
    );
    // With an answer in between it is another turn, which had no pause.
    assert_eq!(
        waits(&played(
            "speech 400, quiet 800, agent on, quiet 100, agent off, quiet 100, speech 400, quiet 2000"
        )),
        [700, 680]
    );
    // Nor does a long silence say anything about pauses.
    assert_eq!(
        waits(&played("speech 400, quiet 3000, speech 400, quiet 2000")),
        [700, 680]
    );
}

#[test]
fn it_stays_within_its_range() {
    let slow = "speech 400, quiet 1380, ".repeat(8);
    let waits_slow = waits(&played(&format!("{slow} quiet 4000")));
    assert_eq!(waits_slow.last(), Some(&1_400));
    let narrow = tested().with(|turn| turn.end_of_turn_range = 1.1);
    let quick = "speech 400, quiet 1600, ".repeat(20);
    assert_eq!(waits(&play(narrow, &quick)).last(), Some(&640));
}

#[test]
fn whoever_has_a_transcript_can_shorten_or_lengthen_it() {
    assert_eq!(
        waits(&played("speech 400, quiet 260, expect 300, quiet 1000")),
        [300]
    );
    assert_eq!(
        waits(&played("speech 400, quiet 260, expect 2000, quiet 3000")),
        [2_000]
    );
    // Asked for while the caller speaks, it holds for the silence that follows.
    assert_eq!(
        waits(&played("speech 400, expect 1500, speech 200, quiet 3000")),
        [1_500]
    );
    // And no longer than until the caller speaks again.
    assert_eq!(
        waits(&play(
            fixed(),
            "speech 400, quiet 300, expect 1500, quiet 700, speech 400, quiet 3000"
        )),
        [700]
    );
    assert_eq!(
        waits(&play(
            fixed(),
            "speech 400, expect 300, quiet 2000, speech 400, quiet 2000"
        )),
        [300, 700]
    );
}

#[test]
fn a_turn_never_ends_before_its_speech_does() {
    assert_eq!(
        played("speech 400, expect 0, quiet 1000"),
        ["100 started", "640 ended 400", "640 turn 400"]
    );
}

#[test]
fn words_that_are_complete_end_the_turn_sooner_and_others_later() {
    let ends =
        |patience: &str| play(fixed(), &format!("speech 400, {patience}quiet 3000"))[2].clone();
    assert_eq!(ends(""), "1100 turn 400");
    assert_eq!(ends("patience shorter, "), "760 turn 400");
    assert_eq!(ends("patience longer, "), "1900 turn 400");
    assert_eq!(ends("patience longer, patience usual, "), "1100 turn 400");
    // Within the silence, too.
    assert_eq!(ends("quiet 600, patience longer, "), "1900 turn 400");
    assert_eq!(ends("quiet 600, patience shorter, "), "1020 turn 400");
    // What somebody asked for counts more.
    assert_eq!(ends("patience longer, expect 300, "), "700 turn 400");
}

#[test]
fn a_number_in_groups_is_one_turn_where_one_is_expected() {
    let groups = "speech 600, quiet 1200, speech 500, quiet 600, speech 400, quiet 2000";
    let turns = |script: &str| {
        let lines = played(script).into_iter();
        lines
            .filter(|line| line.contains("turn"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        turns(&format!("expects longer, {groups}")),
        ["4800 turn 3300"]
    );
    assert_eq!(turns(groups).len(), 2);
    // Each group's words say so, before the usual silence is over.
    let words = groups.replace("quiet", "patience longer, quiet");
    assert_eq!(turns(&words), ["4800 turn 3300"]);
    // Such pauses do not make the rest of the call slower.
    assert_eq!(
        turns(&format!(
            "expects longer, {groups}, expects usual, speech 400, quiet 900"
        ))[1],
        "6400 turn 400"
    );
}

#[test]
fn what_was_heard_counts_until_the_caller_speaks_again() {
    assert_eq!(
        play(
            fixed(),
            "speech 400, patience longer, quiet 1000, speech 400, quiet 900"
        ),
        [
            "100 started",
            "640 ended 400",
            "1500 started",
            "2040 ended 400",
            "2500 turn 1800"
        ]
    );
}
