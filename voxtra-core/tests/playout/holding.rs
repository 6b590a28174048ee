//! Playout that is held back, and goes on or is cut.

use super::*;

/// Ten frames of an utterance, no sample like another, that the fades of a pause are tried on.
fn ramp() -> Vec<i16> {
    (0..1_600).map(|n| 4_000 + n).collect()
}

fn hold(line: &mut PlayoutRig, hold: bool) {
    line.playout.hold(hold);
    assert_eq!(line.playout.is_held(), hold);
}

#[test]
fn the_next_frame_fades_out_and_silence_follows_on_time() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &ramp());
    line.frame();
    hold(&mut line, true);
    let faded = line.frame();
    // 10 ms.
    assert!(faded[0] > 4_100 && faded[79] < 100);
    assert!(faded[..80].is_sorted_by(|a, b| a >= b));
    assert_eq!(faded[80..], [0; 80]);
    for frame in 2..100 {
        let due = Instant::from_millis(20 * frame);
        assert_eq!(line.playout.next_deadline(), due);
        assert_eq!(line.frame_at(due), Some(vec![0; 160]));
        assert!(line.playout.is_speaking(), "it is not over");
    }
    assert_eq!(line.events(), [started(1)]);
    let counters = line.playout.counters();
    assert_eq!((counters.pauses, counters.held_frames), (1, 98));
    assert_eq!((counters.underruns, counters.dropped_samples), (0, 0));
    assert_eq!(line.agent.samples.len(), 1_600 - 160 - 80, "kept");
}

#[test]
fn it_goes_on_where_it_stopped_and_nothing_is_lost() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &ramp());
    let mut heard = line.frame();
    hold(&mut line, true);
    for _ in 0..7 {
        line.frame();
    }
    hold(&mut line, false);
    let back = line.frame();
    assert!(back[0] < 100 && back[..80].is_sorted());
    assert_eq!(back[80..], ramp()[240..320], "in full after 10 ms");
    heard.extend(back);
    for _ in 0..8 {
        heard.extend(line.frame());
    }
    assert_eq!(heard[320..], ramp()[320..]);
    assert_eq!(heard.len(), 1_600, "as long as it is");
    assert_eq!(line.frame(), [0; 160]);
    assert_eq!(line.events(), [started(1), ended(1)]);
    let counters = line.playout.counters();
    assert_eq!((counters.repeated_samples, counters.underruns), (80, 0));
}

#[test]
fn a_pause_without_a_fade_leaves_every_sample_as_it_is() {
    let mut line = PlayoutRig::untouched();
    line.agent.say(0, 1, &ramp());
    let mut heard = Vec::new();
    for frame in 0..40 {
        hold(&mut line, frame % 3 == 1);
        heard.extend(line.frame().into_iter().filter(|sample| *sample != 0));
    }
    assert_eq!(heard, ramp());
}

#[test]
fn neither_step_clicks() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &[10_000; 1_600]);
    let mut out = Vec::new();
    for frame in 0..20 {
        hold(&mut line, frame % 4 == 1 || frame % 4 == 2);
        out.extend(line.frame());
    }
    let middle = &out[160..out.iter().rposition(|sample| *sample != 0).unwrap()];
    // 10 ms are 80 samples; the steepest part of an S-curve is 1.5 times its mean slope.
    let worst = largest_step(middle);
    assert!(worst <= 10_000 * 3 / 2 / 80 + 2, "a step of {worst}");
}

#[test]
fn a_flush_in_a_pause_ends_what_is_held_without_a_sound() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &ramp());
    line.agent.say(0, 2, &ramp());
    line.frame();
    hold(&mut line, true);
    line.frame();
    line.frame();
    let epoch = line.playout.flush();
    assert!(!line.playout.is_held() && !line.playout.is_speaking());
    assert_eq!(line.frame(), [0; 160]);
    assert_eq!(line.events(), [started(1), cut(1), cut(2)]);
    assert_eq!(line.playout.counters().dropped_samples, 3_200 - 240);
    // What is said next is said in full.
    line.agent.say(epoch, 3, &[5; 160]);
    assert_eq!(line.frame(), [5; 160]);
}

#[test]
fn a_flush_before_the_fade_has_gone_out_is_an_ordinary_one() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &ramp());
    line.frame();
    hold(&mut line, true);
    line.playout.flush();
    let faded = line.frame();
    assert!(faded[0] > 4_100 && faded[80] > 1_000 && faded[159] < 100);
    assert_eq!(line.events(), [started(1), cut(1)]);
}

#[test]
fn what_ends_within_the_fade_is_over_and_the_next_one_waits() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &[8_000; 200]);
    line.agent.say(0, 2, &[5; 160]);
    line.frame();
    hold(&mut line, true);
    let faded = line.frame();
    assert!(faded[0] > 7_900 && faded[39] < 200);
    assert_eq!(faded[40..], [0; 120]);
    assert_eq!(line.events(), [started(1), ended(1)]);
    assert_eq!(line.frame(), [0; 160]);
    assert!(!line.playout.is_speaking() && line.playout.is_held());
    hold(&mut line, false);
    line.frame();
    assert_eq!(line.events(), [started(2), ended(2)]);
    assert_eq!(line.playout.counters().repeated_samples, 0);
}

#[test]
fn changing_ones_mind_between_two_frames_changes_nothing() {
    let mut line = PlayoutRig::plain();
    line.agent.say(0, 1, &ramp());
    line.frame();
    hold(&mut line, true);
    hold(&mut line, false);
    assert_eq!(line.frame(), ramp()[160..320]);
    hold(&mut line, true);
    line.frame();
    hold(&mut line, false);
    hold(&mut line, true);
    assert_eq!(line.frame(), [0; 160], "still held");
    assert_eq!(line.playout.counters().pauses, 1);
}

#[test]
fn an_underrun_that_is_held_counts_as_a_pause_only() {
    let mut line = PlayoutRig::plain();
    line.agent.queue(0, 1, &[8_000; 160], true, false);
    line.frame();
    line.frame();
    assert_eq!(line.playout.counters().underruns, 1);
    hold(&mut line, true);
    for _ in 0..5 {
        assert_eq!(line.frame(), [0; 160]);
    }
    assert_eq!(line.playout.counters().underruns, 1);
    line.agent.queue(0, 1, &[8_000; 160], false, true);
    hold(&mut line, false);
    assert_eq!(line.frame()[80..], [8_000; 80]);
    assert_eq!(line.events(), [started(1), ended(1)]);
}

#[test]
fn every_rate_fades_in_no_more_than_a_frame() {
    for rate in SampleRate::ALL {
        let settings =
            PlayoutSettings::default().with(|playout| playout.pause_fade = Duration::from_secs(1));
        let mut playout = Playout::new(rate, settings);
        playout.start(Instant::ZERO);
        let mut agent = Agent::default();
        let samples = rate.frame_samples();
        agent.say(0, 1, &vec![9_000; 10 * samples]);
        let mut frame = |held| {
            playout.hold(held);
            let mut out = vec![0; samples];
            let now = playout.next_deadline();
            playout.poll(now, &mut agent, &mut out, &mut |_| {});
            out
        };
        frame(false);
        assert!(frame(true)[samples - 1] < 100, "{rate:?}");
        assert!(frame(true).iter().all(|sample| *sample == 0), "{rate:?}");
        frame(false);
        assert_eq!(frame(false), vec![9_000; samples], "{rate:?}");
    }
}
