//! The caller over the agent: held back, then cut or on.

use super::*;

#[test]
fn talking_over_the_agent_is_one_barge_in() {
    assert_eq!(
        played("agent on, quiet 400, speech 1000, quiet 300"),
        ["440 held", "500 started", "800 barge-in", "1640 ended 1000"]
    );
}

#[test]
fn each_overlap_is_its_own_barge_in() {
    // The caller stops and starts again under the same agent utterance.
    assert_eq!(
        played("agent on, speech 400, quiet 300, speech 400"),
        [
            "40 held",
            "100 started",
            "400 barge-in",
            "640 ended 400",
            "740 held",
            "800 started",
            "1100 barge-in"
        ]
    );
    // The caller goes on, the agent tries twice.
    assert_eq!(
        played("agent on, speech 400, agent off, speech 200, agent on, speech 400"),
        [
            "40 held",
            "100 started",
            "400 barge-in",
            "640 held",
            "1000 barge-in"
        ]
    );
}

#[test]
fn the_agent_talking_into_the_callers_speech_is_a_barge_in_too() {
    assert_eq!(
        played("speech 400, agent on, speech 400"),
        ["100 started", "440 held", "800 barge-in"]
    );
    // But not when the caller was finishing.
    assert_eq!(
        played("speech 400, agent on, speech 100, quiet 300"),
        ["100 started", "440 held", "740 ended 500", "800 goes on"]
    );
}

#[test]
fn no_barge_in_without_overlap_or_when_it_is_off() {
    assert_eq!(
        played("agent on, quiet 400, agent off, speech 400"),
        ["500 started"]
    );
    assert_eq!(
        played("agent on, quiet 400, speech 80, quiet 400"),
        ["440 held", "780 goes on"]
    );
    let off = tested().with(|turn| turn.barge_in = false);
    assert_eq!(
        play(off, "agent on, quiet 400, speech 1000, quiet 300"),
        ["500 started", "1640 ended 1000"]
    );
}

#[test]
fn a_barge_in_never_comes_before_the_speech_it_is() {
    let eager = tested().with(|turn| {
        turn.min_speech_ms = 300;
        turn.barge_in_min_speech_ms = 20;
    });
    assert_eq!(
        play(eager, "agent on, speech 1000"),
        ["40 held", "300 started", "300 barge-in"]
    );
}

#[test]
fn the_agent_is_held_at_the_first_likely_speech() {
    assert_eq!(played("agent on, quiet 400, speech 40"), ["440 held"]);
    // Two of three frames, wherever they are.
    assert_eq!(
        played("agent on, quiet 400, speech 20, quiet 20, speech 20"),
        ["460 held"]
    );
    assert!(played("agent on, quiet 400, speech 20, quiet 40, speech 20").is_empty());
    assert!(played("agent on, quiet 400, prob 0.4 400").is_empty());
}

#[test]
fn speech_is_likely_from_its_first_frame_until_two_without_voice() {
    let mut turns = TurnTaking::new(TurnSettings::default());
    let probabilities = [0.1, 0.4, 0.5, 0.3, 0.2, 0.3, 0.2, 0.2, 0.4, 0.6];
    let likely: Vec<bool> = (0..)
        .zip(probabilities)
        .map(|(frame, probability)| {
            turns.handle_frame(
                Instant::from_millis(20 * frame),
                probability,
                false,
                &mut |_| (),
            );
            turns.is_speech_likely()
        })
        .collect();
    let expected = [0, 0, 1, 1, 1, 1, 1, 0, 0, 1].map(|one| one == 1);
    assert_eq!(likely, expected);
}

#[test]
fn an_agent_is_held_when_speech_is_likely() {
    let quick = tested().with(|turn| {
        turn.pause_frames = 1;
        turn.pause_window = 1;
    });
    assert_eq!(
        play(quick, "agent on, quiet 400, speech 20, quiet 400"),
        ["420 held", "720 goes on"]
    );
}

#[test]
fn a_cough_or_a_short_word_only_makes_it_wait() {
    assert_eq!(
        played("agent on, quiet 400, speech 80, quiet 2000"),
        ["440 held", "780 goes on"]
    );
    // "mm-hm": two syllables of 120 ms and a pause of 80 ms.
    assert_eq!(
        played("agent on, quiet 400, speech 120, quiet 80, speech 120, quiet 2000"),
        ["440 held", "500 started", "960 ended 320", "1020 goes on"]
    );
}

#[test]
fn what_is_only_said_over_the_agent_is_no_turn() {
    let word = "agent on, quiet 400, speech 200";
    assert_eq!(
        played(&format!("{word}, quiet 2000")),
        ["440 held", "500 started", "840 ended 200", "900 goes on"]
    );
    // But an answer that came before the agent had quite finished is one,
    assert_eq!(
        played(&format!("{word}, quiet 200, agent off, quiet 2000")),
        [
            "440 held",
            "500 started",
            "820 goes on",
            "840 ended 200",
            "1300 turn 200"
        ]
    );
    // and so is what goes on when the agent has finished, and whatever is said if nobody may
    // interrupt.
    assert_eq!(
        played(&format!(
            "{word}, agent off, speech 100, agent on, quiet 2000"
        )),
        [
            "440 held",
            "500 started",
            "620 goes on",
            "940 ended 300",
            "1400 turn 300"
        ]
    );
    let off = tested().with(|turn| turn.barge_in = false);
    assert_eq!(
        play(off, &format!("{word}, quiet 2000")),
        ["500 started", "840 ended 200", "1300 turn 200"]
    );
    // It is not added to a later turn either.
    assert_eq!(
        played(&format!(
            "{word}, quiet 1000, agent off, speech 200, quiet 2000"
        ))[4..],
        ["1700 started", "2040 ended 200", "2500 turn 200"]
    );
}

#[test]
fn whoever_goes_on_haltingly_interrupts_all_the_same() {
    // Three words of 160 ms, 260 ms apart: each is an utterance, together they are an interruption.
    assert_eq!(
        played("agent on, speech 160, quiet 260, speech 160, quiet 260, speech 160"),
        [
            "40 held",
            "100 started",
            "400 ended 160",
            "520 started",
            "820 ended 160",
            "940 started",
            "940 barge-in"
        ]
    );
}

#[test]
fn sounds_that_never_become_speech_hold_it_for_a_limited_time() {
    // Voice in every tenth frame keeps it waiting, but not for longer than 2 s.
    let flicker = "speech 20, quiet 180, ".repeat(20);
    assert_eq!(
        played(&format!(
            "agent on, speech 40, quiet 60, {flicker} quiet 20"
        )),
        ["40 held", "2040 goes on"]
    );
}

#[test]
fn each_time_it_was_held_for_nothing_it_takes_a_frame_more_for_a_while() {
    let knock = "speech 40, quiet 960, ";
    assert_eq!(
        played(&format!("agent on, {}", knock.repeat(3))),
        ["40 held", "340 goes on"]
    );
    let longer = "speech 60, quiet 940, ";
    assert_eq!(
        played(&format!("agent on, {}", longer.repeat(3))),
        ["40 held", "360 goes on", "1060 held", "1360 goes on"]
    );
    // After five seconds it is as before.
    assert_eq!(
        played(&format!("agent on, {knock} quiet 4400, {knock}")),
        ["40 held", "340 goes on", "5440 held", "5740 goes on"]
    );
    // Whoever does interrupt is believed again at once.
    assert_eq!(
        played(&format!(
            "agent on, {knock} speech 400, agent off, quiet 300, agent on, speech 40"
        )),
        [
            "40 held",
            "340 goes on",
            "1060 held",
            "1100 started",
            "1400 barge-in",
            "1640 ended 400",
            "1740 held"
        ]
    );
}

#[test]
fn a_gap_in_the_audio_lets_it_go_on() {
    assert_eq!(
        played("agent on, speech 80, gap 400"),
        ["40 held", "380 goes on"]
    );
    // Frames from before a gap hold nothing after it.
    assert!(played("agent on, speech 20, gap 200, speech 20").is_empty());
}

#[test]
fn an_agent_that_stops_by_itself_is_not_held_any_more() {
    assert_eq!(
        played("agent on, speech 80, agent off, quiet 20"),
        ["40 held", "100 goes on"]
    );
}

#[test]
fn without_pause_it_is_cut_only_when_the_barge_in_is_certain() {
    let blunt = tested().with(|turn| turn.pause = false);
    assert_eq!(
        play(blunt, "agent on, quiet 400, speech 1000"),
        ["500 started", "800 barge-in"]
    );
}

#[test]
fn what_merely_goes_on_with_speech_does_not_prove_an_interruption() {
    assert_eq!(
        played("agent on, speech 200, prob 0.7 1000, quiet 20"),
        ["40 held", "100 started"]
    );
}

#[test]
fn turning_barge_in_off_lets_the_agent_go_on() {
    let mut turns = TurnTaking::new(TurnSettings::default());
    for frame in 1..=4 {
        turns.handle_frame(Instant::from_millis(20 * frame), 0.95, true, &mut |_| {});
    }
    assert!(turns.is_agent_held());
    turns.set_barge_in(false);
    assert!(!turns.is_agent_held());
}
