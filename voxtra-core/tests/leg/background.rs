//! Somebody talks behind the caller, and the agent speaks.

use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::leg::{BackgroundPolicy, Leg, LegSettings};
use voxtra_core::time::Instant;
use voxtra_core::vad::TelephoneDetector;

use crate::rig::{Agent, Kept, N, recording, told, wire};

/// When the agent begins, how long it speaks, and when the caller talks over it if that happens.
const AGENT_FROM: usize = 3 * 50;
const AGENT_SECONDS: usize = 12;
const INTERRUPTION: usize = 10 * 8_000;

/// What the agent's side of a call tells. The caller says something, the agent answers, and a voice
/// goes on behind all the time, so much softer than the caller. The caller may talk over the agent.
fn call(background: BackgroundPolicy, below_db: f32, interrupts: bool) -> Vec<String> {
    let settings = LegSettings::default().with(|leg| leg.background = background);
    let mut leg: Box<Leg<TelephoneDetector>> =
        Box::new(Leg::new(settings, TelephoneDetector::new()));
    let (mut line, mut agent) = (Kept::default(), Agent::default());
    let words = recording("agent-explain.wav");
    let caller = recording("caller-stop.wav");
    let behind: Vec<i16> = words.iter().rev().copied().collect();
    let gain = 10_f32.powf(-below_db / 20.0);
    let mut now = Instant::ZERO;
    leg.start(now);
    for n in 0..20 * 50 {
        if n == AGENT_FROM {
            let said: Vec<i16> = words
                .iter()
                .copied()
                .cycle()
                .take(AGENT_SECONDS * 8_000)
                .collect();
            agent.says(0, 1, &said);
        }
        leg.handle_deadline(now, &mut agent, &mut line);
        let heard: Vec<i16> = (n * N..(n + 1) * N)
            .map(|at| {
                let from = |start: usize| at.checked_sub(start).and_then(|at| caller.get(at));
                let spoken = from(4_000).or(from(INTERRUPTION).filter(|_| interrupts));
                let voice = f32::from(behind[at % behind.len()]) * gain;
                spoken.copied().unwrap_or(0) + voice as i16
            })
            .collect();
        now = now + FRAME;
        let _ = leg.handle_input(now, &wire(SampleRate::Hz8000, &heard), &mut line);
    }
    line.records.iter().map(told).collect()
}

fn barge_ins(story: &[String]) -> usize {
    story.iter().filter(|what| *what == "barge_in").count()
}

#[test]
fn a_television_does_not_interrupt_the_agent() {
    for below_db in [14.0, 20.0, 26.0] {
        let story = call(BackgroundPolicy::Discount, below_db, false);
        assert_eq!(barge_ins(&story), 0, "{below_db} dB: {story:?}");
        assert!(story.contains(&"ends 1".into()), "{below_db} dB: {story:?}");
        let story = call(BackgroundPolicy::Ignore, below_db, false);
        assert_eq!(barge_ins(&story), 1, "{below_db} dB: {story:?}");
    }
}

#[test]
fn a_caller_before_a_television_interrupts_the_agent() {
    for below_db in [14.0, 20.0, 26.0] {
        let story = call(BackgroundPolicy::Discount, below_db, true);
        assert_eq!(barge_ins(&story), 1, "{below_db} dB: {story:?}");
        assert!(
            !story.contains(&"ends 1".into()),
            "{below_db} dB: {story:?}"
        );
    }
}
