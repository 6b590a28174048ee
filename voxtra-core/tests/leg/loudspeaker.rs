//! The agent's own voice comes back late: from a loudspeaker at the other end of a mobile network.

use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::leg::{Leg, LegSettings};
use voxtra_core::time::Instant;
use voxtra_core::vad::TelephoneDetector;

use crate::rig::{Agent, Kept, N, pcm, recording, told, wire};

/// What happened in a call, and in how many of its frames the agent was held back.
struct Call {
    story: Vec<String>,
    held: usize,
}

/// The agent speaks for 15 s; what it says comes back, and the caller says `caller` after so many
/// seconds.
fn call(delay_ms: usize, loss_db: f32, caller: Option<(usize, &[i16])>) -> Call {
    let gain = 10_f32.powf(-loss_db / 20.0);
    let mut leg: Box<Leg<TelephoneDetector>> =
        Box::new(Leg::new(LegSettings::default(), TelephoneDetector::new()));
    let (mut line, mut agent) = (Kept::default(), Agent::default());
    let words = recording("agent-explain.wav");
    let words: Vec<i16> = words.into_iter().cycle().take(15 * 8_000).collect();
    agent.says(0, 1, &words);
    let mut now = Instant::ZERO;
    leg.start(now);
    let mut out = Vec::new();
    let mut held = 0;
    for n in 0..16 * 50 {
        line.sent.clear();
        leg.handle_deadline(now, &mut agent, &mut line);
        out.extend(line.sent.iter().flat_map(|message| pcm(message)));
        let heard: Vec<i16> = (n * N..(n + 1) * N)
            .map(|at| {
                let back = at.checked_sub(delay_ms * 8).map_or(0, |then| out[then]);
                let spoken = caller.and_then(|(second, spoken)| {
                    spoken.get(at.checked_sub(second * 8_000)?).copied()
                });
                let hiss = (at * 31 % 7) as i16 - 3;
                (f32::from(back) * gain) as i16 + spoken.unwrap_or(0) / 2 + hiss
            })
            .collect();
        now = now + FRAME;
        let _ = leg.handle_input(now, &wire(SampleRate::Hz8000, &heard), &mut line);
        held += usize::from(leg.is_agent_held());
    }
    Call {
        story: line.records.iter().map(told).collect(),
        held,
    }
}

#[test]
fn an_agent_does_not_interrupt_itself() {
    for (delay_ms, loss_db) in [(400, 20.0), (600, 6.0), (800, 10.0), (1_000, 6.0)] {
        let call = call(delay_ms, loss_db, None);
        let story = call.story;
        assert!(
            !story
                .iter()
                .any(|what| what == "barge_in" || what == "turn.ended"),
            "{delay_ms} ms, {loss_db} dB: {story:?}"
        );
        assert!(
            story.iter().any(|what| what == "ends 1"),
            "{delay_ms} ms, {loss_db} dB: {story:?}"
        );
        // Before the line is known it may be held for a moment: here for 2 s of 15 at most.
        assert!(
            call.held < 100,
            "{delay_ms} ms, {loss_db} dB: {}",
            call.held
        );
    }
}

#[test]
fn a_caller_with_a_loudspeaker_interrupts_it_all_the_same() {
    let spoken = recording("caller-stop.wav");
    for (delay_ms, loss_db) in [(400, 20.0), (600, 12.0), (1_000, 15.0)] {
        let call = call(delay_ms, loss_db, Some((8, &spoken)));
        let count = call.story.iter().filter(|what| *what == "barge_in").count();
        assert_eq!(count, 1, "{delay_ms} ms, {loss_db} dB: {:?}", call.story);
    }
}
