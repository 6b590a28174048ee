//! What holds for any settings and any input.

use proptest::prelude::*;

use super::*;

/// Any input, in any order, at any time.
#[derive(Clone, Debug)]
struct Input {
    at_us: u64,
    probability: Option<f32>,
    agent: bool,
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let probability = prop_oneof![
        1 => any::<f32>().prop_map(Some),
        1 => Just(Some(f32::NAN)),
        4 => (0.0_f32..=1.0).prop_map(Some),
        8 => Just(Some(0.95)),
        4 => Just(Some(0.0)),
        1 => Just(None),
    ];
    let advance_us = prop_oneof![
        12 => Just(20_000_i64),
        4 => 0..200_000_i64,
        1 => -5_000_000..5_000_000_i64,
        1 => any::<i64>(),
    ];
    // Runs of the same input, or no speech would ever last long enough.
    let run = (probability, advance_us, any::<bool>(), 1_usize..40);
    prop::collection::vec(run, 0..40).prop_map(|runs| {
        let mut at_us = 0_u64;
        let mut inputs = Vec::new();
        for (probability, advance_us, agent, repeat) in runs {
            for _ in 0..repeat {
                at_us = at_us.saturating_add_signed(advance_us);
                inputs.push(Input {
                    at_us,
                    probability,
                    agent,
                });
            }
        }
        inputs
    })
}

fn any_settings() -> impl Strategy<Value = TurnSettings> {
    (
        any::<(f32, f32, u8, u8)>(),
        any::<(u32, u32, u32, u32, u32, bool)>(),
        0..3,
    )
        .prop_map(|((start, stop, frames, window), ms, kind)| match kind {
            // Anything at all, checked or not.
            0 => TurnSettings::default().with(|turn| {
                turn.start_threshold = start;
                turn.stop_threshold = stop;
                turn.start_frames = frames;
                turn.start_window = window;
                turn.min_speech_ms = ms.0;
                turn.hangover_ms = ms.1;
                turn.end_of_turn_ms = ms.2;
                turn.end_of_turn_range = start;
                turn.silence_ms = ms.3;
                turn.barge_in_threshold = stop;
                turn.barge_in_min_speech_ms = ms.4;
                turn.barge_in = ms.5;
                turn.pause = !ms.5;
                turn.pause_threshold = stop;
                turn.pause_frames = frames;
                turn.pause_window = window;
                turn.pause_resume_ms = ms.1;
                turn.pause_max_ms = ms.0;
                turn.longest_utterance_ms = ms.2;
                turn.longest_turn_ms = ms.3;
            }),
            1 => tested().with(|turn| {
                turn.min_speech_ms = 20 + ms.0 % 200;
                turn.hangover_ms = 20 + ms.1 % 400;
                turn.silence_ms = 420 + ms.3 % 2_000;
                turn.longest_utterance_ms = 1_000;
                turn.longest_turn_ms = 1_000 + ms.0 % 1_000;
                turn.start_frames = 1;
            }),
            _ => TurnSettings::default(),
        })
}

fn run(settings: TurnSettings, inputs: &[Input]) -> Vec<TurnEvent> {
    let mut turns = TurnTaking::new(settings);
    let mut events = Vec::new();
    for input in inputs {
        let now = Instant::from_micros(input.at_us);
        let mut on = |event| events.push(event);
        match input.probability {
            Some(p) => turns.handle_frame(now, p, input.agent, &mut on),
            None => turns.handle_gap(now, input.agent, &mut on),
        }
    }
    turns.finish(&mut |event| events.push(event));
    events
}

proptest! {
    #[test]
    fn started_and_ended_alternate_and_turns_close(settings in any_settings(), inputs in inputs()) {
        let mut speaking = false;
        let mut spoken_in_turn = false;
        for event in run(settings, &inputs) {
            match event {
                TurnEvent::SpeechStarted => {
                    prop_assert!(!speaking);
                    speaking = true;
                    spoken_in_turn = true;
                }
                TurnEvent::SpeechEnded { duration, .. } => {
                    prop_assert!(speaking);
                    prop_assert!(duration >= Duration::from_millis(20));
                    speaking = false;
                }
                TurnEvent::TurnEnded { .. } => {
                    prop_assert!(!speaking && spoken_in_turn);
                    spoken_in_turn = false;
                }
                TurnEvent::BargeIn => prop_assert!(speaking && settings.barge_in),
                TurnEvent::Silence { .. } => prop_assert!(!speaking),
            }
        }
        // What was only said over the agent may have been no turn.
        let alone = !settings.barge_in || inputs.iter().all(|input| !input.agent);
        prop_assert!(!speaking, "finish closes everything");
        prop_assert!(!(spoken_in_turn && alone), "finish closes everything");
    }

    #[test]
    fn same_input_same_events(settings in any_settings(), inputs in inputs()) {
        prop_assert_eq!(run(settings, &inputs), run(settings, &inputs));
    }

    #[test]
    fn only_differences_of_time_count(inputs in inputs(), epoch_us in 0_u64..1 << 50) {
        let bounded: Vec<Input> = inputs
            .into_iter()
            .filter(|input| input.at_us < 1 << 50)
            .collect();
        let shifted: Vec<Input> = bounded
            .iter()
            .map(|input| Input { at_us: input.at_us + epoch_us, ..input.clone() })
            .collect();
        let settings = TurnSettings::default();
        prop_assert_eq!(run(settings, &bounded), run(settings, &shifted));
    }

    #[test]
    fn the_agent_is_held_only_while_it_speaks_and_never_for_long(inputs in inputs()) {
        let settings = TurnSettings::default();
        let mut turns = TurnTaking::new(settings);
        let longest_us = u64::from(settings.pause_max_ms) * 1_000;
        // A clock that goes back stands still; one that has run for 580,000 years stands still for
        // ever.
        let (mut before_us, mut clock_us) = (0, 0_u64);
        let mut held_since_us = None;
        for input in &inputs {
            let now = Instant::from_micros(input.at_us);
            match input.probability {
                Some(p) => turns.handle_frame(now, p, input.agent, &mut |_| {}),
                None => turns.handle_gap(now, input.agent, &mut |_| {}),
            }
            let elapsed_us = input.at_us.saturating_sub(before_us);
            before_us = input.at_us;
            let Some(later_us) = clock_us.checked_add(elapsed_us) else {
                break;
            };
            clock_us = later_us;
            if turns.is_agent_held() {
                prop_assert!(input.agent);
                let since_us = *held_since_us.get_or_insert(clock_us);
                prop_assert!(clock_us - since_us < longest_us);
            } else {
                held_since_us = None;
            }
        }
    }
}
