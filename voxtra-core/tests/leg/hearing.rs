//! What a leg hears and passes on.

use voxtra_core::audio::SampleRate;
use voxtra_core::event::{Realtime, Record, RecordBody};
use voxtra_core::leg::{Command, Forward};

use crate::rig::{AudioPart, N, Rig, buzz, recording, silence, wire};

#[test]
fn recorded_speech_starts_once_and_ends_once() {
    for name in ["caller-hello.wav", "caller-stop.wav"] {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&recording(name));
        assert_eq!(
            rig.story(),
            [
                "media.started",
                "user.speech.started",
                "user.speech.ended",
                "turn.ended"
            ],
            "{name}"
        );
        assert!(rig.line.heard.is_empty(), "nobody asked for audio");
    }
}

#[test]
fn forwarded_speech_is_one_piece_that_begins_before_the_first_syllable() {
    let spoken = recording("caller-hello.wav");
    let mut rig = Rig::forwarding(Forward::Speech);
    rig.hear(&spoken);
    assert_eq!(rig.line.heard.first(), Some(&AudioPart::Started));
    assert_eq!(rig.line.heard.last(), Some(&AudioPart::Ended));
    let marks = rig
        .line
        .heard
        .iter()
        .filter(|part| !matches!(part, AudioPart::Samples(_)));
    assert_eq!(marks.count(), 2);

    let forwarded = rig.forwarded();
    let begin = spoken
        .windows(forwarded.len())
        .position(|piece| piece == forwarded)
        .expect("a piece of what was said, without a gap or a repetition");
    let is_loud = |sample: &i16| sample.unsigned_abs() > 300;
    let (first, last) = (
        spoken.iter().position(is_loud).unwrap(),
        spoken.iter().rposition(is_loud).unwrap(),
    );
    assert!(
        begin < first,
        "the first syllable is at {first}, the piece begins at {begin}"
    );
    assert!(begin + forwarded.len() > last);
    assert!(
        forwarded.len() < spoken.len() - 50 * N,
        "the silence around it was not asked for"
    );
}

#[test]
fn everything_is_forwarded_once_in_order_with_marks_in_between() {
    let spoken = recording("caller-stop.wav");
    let mut rig = Rig::forwarding(Forward::Everything);
    rig.hear(&spoken);
    assert_eq!(rig.forwarded(), spoken);
    let marks: Vec<_> = rig
        .line
        .heard
        .iter()
        .filter(|part| !matches!(part, AudioPart::Samples(_)))
        .collect();
    assert_eq!(marks, [&AudioPart::Started, &AudioPart::Ended]);
}

#[test]
fn forwarding_can_change_in_the_middle_of_an_utterance() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(30));
    let speech = buzz(60);
    rig.hear(&speech[..30 * N]);
    rig.command(Command::Forward(Forward::Speech));
    rig.hear(&speech[30 * N..]);
    rig.hear(&silence(30));
    assert_eq!(rig.line.heard.last(), Some(&AudioPart::Ended));
    assert!(rig.forwarded().starts_with(&speech[30 * N..]));
}

#[test]
fn every_rate_is_heard() {
    for rate in SampleRate::ALL {
        let mut rig = Rig::forwarding(Forward::Nothing);
        let hz = rate.hz() as f32;
        for frame in 0..120 {
            let samples: Vec<i16> = (0..rate.frame_samples())
                .map(|n| {
                    let t = (frame * rate.frame_samples() + n) as f32 / hz;
                    let loud = if (40..80).contains(&frame) {
                        5_000.0
                    } else {
                        2.0
                    };
                    let harmonics: f32 = (1..8)
                        .map(|k| (754.0 * k as f32 * t).sin() / k as f32)
                        .sum();
                    (loud * harmonics) as i16
                })
                .collect();
            rig.receive(&wire(rate, &samples));
            rig.tick();
        }
        assert_eq!(
            rig.story(),
            [
                "media.started",
                "user.speech.started",
                "user.speech.ended",
                "turn.ended"
            ],
            "{rate:?}"
        );
    }
}

#[test]
fn a_silent_line_ends_speech_and_is_reported_as_silence_once() {
    let mut rig = Rig::forwarding(Forward::Speech);
    rig.hear(&silence(20));
    rig.hear(&buzz(30));
    // Not a frame from here on: a muted caller, comfort noise, a held call.
    for _ in 0..600 {
        rig.tick();
    }
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "user.speech.started",
            "user.speech.ended",
            "turn.ended",
            "silence.detected"
        ]
    );
    assert_eq!(rig.line.heard.last(), Some(&AudioPart::Ended));
    assert_eq!(rig.line.sent.len(), 650, "silence goes out all the time");
}

#[test]
fn pauses_are_counted_and_late_frames_belong_to_the_same_speech() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(20));
    let speech = buzz(40);
    rig.hear(&speech[..20 * N]);
    // A busy machine: nothing for 140 ms, then all at once.
    for _ in 0..7 {
        rig.tick();
    }
    for frame in speech[20 * N..27 * N].chunks(N) {
        rig.receive(&wire(SampleRate::Hz8000, frame));
    }
    rig.hear(&speech[27 * N..]);
    rig.hear(&silence(40));
    assert_eq!(rig.leg.counters().gaps, 1);
    let story = rig.story();
    assert_eq!(
        story
            .iter()
            .filter(|told| *told == "user.speech.started")
            .count(),
        1,
        "{story:?}"
    );
}

#[test]
fn somebody_with_a_transcript_can_say_when_the_turn_ends() {
    for (silence_ms, frames) in [(300, 15), (1_500, 75)] {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&silence(20));
        rig.hear(&buzz(30));
        rig.command(Command::EndOfTurn { silence_ms });
        let mut waited = 0;
        while !rig.story().contains(&"turn.ended".into()) {
            rig.hear(&silence(1));
            waited += 1;
        }
        // The detector may hear the last syllable die away for a frame or two.
        assert!((frames..frames + 4).contains(&waited), "{waited} frames");
    }
}

#[test]
fn a_line_that_stalls_and_then_delivers_everything_splits_no_utterance() {
    // How long nothing comes, and how often; what was said meanwhile comes at once.
    for (stall, times) in [(15, 1), (25, 1), (50, 1), (50, 3)] {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&silence(50));
        let speech = buzz(30 + stall * times);
        let (first, rest) = speech.split_at(30 * N);
        rig.hear(first);
        for part in rest.chunks(stall * N) {
            for _ in 0..stall {
                rig.tick();
            }
            for frame in part.chunks(N) {
                rig.receive(&wire(SampleRate::Hz8000, frame));
            }
        }
        rig.hear(&silence(100));
        assert_eq!(
            rig.story(),
            [
                "media.started",
                "user.speech.started",
                "user.speech.ended",
                "turn.ended"
            ],
            "{times} times {stall} frames"
        );
        let mut in_time = Rig::forwarding(Forward::Nothing);
        in_time.hear(&silence(50));
        in_time.hear(&speech);
        in_time.hear(&silence(100));
        let (late, in_time) = (spoken_ms(&rig), spoken_ms(&in_time));
        assert!(late.abs_diff(in_time) <= 20, "{late} ms, not {in_time} ms");
    }
}

/// How long the one utterance was.
fn spoken_ms(rig: &Rig) -> u64 {
    let ended = |record: &Record| match record.body {
        RecordBody::Event(Realtime::UserSpeechEnded(ended)) => Some(ended.duration_ms),
        _ => None,
    };
    rig.line.records.iter().find_map(ended).unwrap()
}
