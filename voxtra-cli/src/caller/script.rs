//! What a caller does, step by step, each waiting for what it hears. No clock and no socket: `tick`
//! is called once a frame.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::speech::SpeechTracker;

/// One step of a caller's script.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Says this, at the call's rate.
    Say { name: Arc<str>, samples: Arc<[i16]> },
    /// Does nothing for a while.
    Wait(Duration),
    /// Waits until the agent has been quiet for `long`, but no longer than `at_most`.
    UntilQuiet { long: Duration, at_most: Duration },
    /// Waits until the agent has been speaking for `long`, but no longer than `at_most`.
    UntilSpeaking { long: Duration, at_most: Duration },
    /// Waits until this was given `times` times, but no longer than `at_most`.
    UntilCue {
        cue: Cue,
        times: usize,
        at_most: Duration,
    },
    /// Presses these keys, one after the other.
    Press(String),
    /// Hangs up.
    HangUp,
}

/// Something that a caller can't hear for certain, such as whether it is the answer that begins:
/// counted by whoever knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cue(Arc<AtomicUsize>);

impl Cue {
    /// It has happened once more.
    pub(crate) fn give(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn given(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the caller does in one frame's time, besides the samples written into the frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Act {
    /// A key that is pressed now.
    pub(crate) key: Option<u8>,
    /// The call is over.
    pub(crate) hang_up: bool,
}

/// Something worth remembering that the caller did, or waited for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallerAction {
    /// Began to say this.
    Says(Arc<str>),
    /// Had said it.
    Said(Arc<str>),
    /// Pressed a key.
    Pressed(char),
    /// The agent didn't fall silent, or didn't speak, in the time it was given.
    GaveUp(&'static str),
    /// Hung up.
    HungUp,
}

impl fmt::Display for CallerAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Says(what) => write!(f, "says: {what}"),
            Self::Said(what) => write!(f, "has said: {what}"),
            Self::Pressed(key) => write!(f, "presses {key}"),
            Self::GaveUp(what) => write!(f, "gives up {what}"),
            Self::HungUp => f.write_str("hangs up"),
        }
    }
}

/// From key to key: a quick human finger.
const KEY_INTERVAL: Duration = Duration::from_millis(240);

/// A script being played.
#[derive(Debug)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    /// When the current step began.
    since: Option<Duration>,
    /// How many samples, or keys, of the current step are done.
    done: usize,
}

impl Script {
    /// A script of these steps. After the last one the caller stays on the line and says nothing.
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            since: None,
            done: 0,
        }
    }

    /// One frame's time: fills `frame` with what the caller says (silence if nothing) and tells
    /// what else it does.
    pub(crate) fn tick(
        &mut self,
        now: Duration,
        tracker: &SpeechTracker,
        frame: &mut [i16],
        on: &mut impl FnMut(Duration, CallerAction),
    ) -> Act {
        frame.fill(0);
        loop {
            let since = *self.since.get_or_insert(now);
            let waited = now.saturating_sub(since);
            match self.steps.front() {
                None => return Act::default(),
                Some(Step::HangUp) => {
                    on(now, CallerAction::HungUp);
                    return Act {
                        hang_up: true,
                        ..Act::default()
                    };
                }
                Some(Step::Say { name, samples }) => {
                    if self.done == 0 {
                        on(now, CallerAction::Says(name.clone()));
                    }
                    let rest = samples.get(self.done..).unwrap_or_default();
                    if !rest.is_empty() {
                        let n = rest.len().min(frame.len());
                        for (out, sample) in frame.iter_mut().zip(rest) {
                            *out = *sample;
                        }
                        self.done += n;
                        return Act::default();
                    }
                    on(now, CallerAction::Said(name.clone()));
                }
                Some(Step::Press(keys)) => {
                    let due = KEY_INTERVAL * u32::try_from(self.done).unwrap_or(u32::MAX);
                    if let Some(&key) = keys.as_bytes().get(self.done) {
                        if waited < due {
                            return Act::default();
                        }
                        self.done += 1;
                        on(now, CallerAction::Pressed(char::from(key)));
                        return Act {
                            key: Some(key),
                            ..Act::default()
                        };
                    }
                }
                Some(Step::Wait(long)) => {
                    if waited < *long {
                        return Act::default();
                    }
                }
                Some(Step::UntilQuiet { long, at_most }) => {
                    // Quiet from before the step counts too: the agent may have finished early.
                    if tracker.quiet_for(now) < *long {
                        if waited < *at_most {
                            return Act::default();
                        }
                        on(
                            now,
                            CallerAction::GaveUp("waiting for the agent to fall silent"),
                        );
                    }
                }
                Some(Step::UntilSpeaking { long, at_most }) => {
                    let speaking = tracker.speaking_for(now);
                    if speaking.is_zero() || speaking < *long {
                        if waited < *at_most {
                            return Act::default();
                        }
                        on(now, CallerAction::GaveUp("waiting for the agent to speak"));
                    }
                }
                Some(Step::UntilCue {
                    cue,
                    times,
                    at_most,
                }) => {
                    if cue.given() < *times {
                        if waited < *at_most {
                            return Act::default();
                        }
                        on(now, CallerAction::GaveUp("waiting for an answer"));
                    }
                }
            }
            self.steps.pop_front();
            self.since = None;
            self.done = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Plays a script against an agent that speaks during these times; returns what was done when,
    /// and what was said in each frame.
    fn play(
        steps: Vec<Step>,
        agent: &[(u64, u64)],
        until: u64,
    ) -> (Vec<(u64, CallerAction)>, Vec<i16>) {
        let (mut script, mut tracker, mut actions, mut said) = (
            Script::new(steps),
            SpeechTracker::default(),
            Vec::new(),
            Vec::new(),
        );
        for now in (0..until).step_by(20) {
            if agent.iter().any(|&(a, b)| (a..b).contains(&now)) {
                tracker.hear(ms(now), &[4000; 160]);
            }
            let mut frame = [7; 160];
            let act = script.tick(ms(now), &tracker, &mut frame, &mut |at, action| {
                actions.push((at.as_millis() as u64, action))
            });
            said.push(frame[0]);
            if act.hang_up {
                break;
            }
        }
        (actions, said)
    }

    fn say(samples: usize) -> Step {
        Step::Say {
            name: "x".into(),
            samples: vec![9; samples].into(),
        }
    }

    #[test]
    fn speech_goes_out_frame_by_frame_and_the_last_one_is_filled_with_silence() {
        let mut script = Script::new([say(200)]);
        let (mut frame, tracker) = ([7; 160], SpeechTracker::default());
        let mut actions = Vec::new();
        for n in 0..3 {
            script.tick(ms(n * 20), &tracker, &mut frame, &mut |_, d| {
                actions.push(d)
            });
            let spoken = [160, 40, 0][n as usize];
            assert!(
                frame[..spoken].iter().all(|&s| s == 9) && frame[spoken..].iter().all(|&s| s == 0)
            );
        }
        assert_eq!(
            actions,
            [
                CallerAction::Says("x".into()),
                CallerAction::Said("x".into())
            ]
        );
    }

    #[test]
    fn waits_until_the_agent_has_finished() {
        let steps = vec![
            Step::UntilSpeaking {
                long: ms(200),
                at_most: ms(5000),
            },
            Step::UntilQuiet {
                long: ms(600),
                at_most: ms(9000),
            },
            say(160),
            Step::HangUp,
        ];
        // A pause of 300 ms within the sentence does not count as its end.
        let (actions, said) = play(steps, &[(500, 1000), (1300, 2000)], 10_000);
        assert_eq!(
            actions,
            [
                (2580, CallerAction::Says("x".into())),
                (2600, CallerAction::Said("x".into())),
                (2600, CallerAction::HungUp)
            ]
        );
        assert!(said[..129].iter().all(|&s| s == 0));
    }

    #[test]
    fn interrupts_in_mid_sentence() {
        let (actions, _) = play(
            vec![
                Step::UntilSpeaking {
                    long: ms(1500),
                    at_most: ms(5000),
                },
                say(160),
            ],
            &[(1000, 9000)],
            3000,
        );
        assert_eq!(actions[0], (2500, CallerAction::Says("x".into())));
    }

    #[test]
    fn gives_up_on_an_agent_that_never_speaks_or_never_stops() {
        let (actions, _) = play(
            vec![
                Step::UntilSpeaking {
                    long: ms(100),
                    at_most: ms(400),
                },
                Step::HangUp,
            ],
            &[],
            5000,
        );
        assert_eq!(
            actions,
            [
                (400, CallerAction::GaveUp("waiting for the agent to speak")),
                (400, CallerAction::HungUp)
            ]
        );
        let (actions, _) = play(
            vec![
                Step::UntilQuiet {
                    long: ms(300),
                    at_most: ms(1000),
                },
                Step::HangUp,
            ],
            &[(0, 5000)],
            5000,
        );
        assert_eq!(
            actions[0],
            (
                1000,
                CallerAction::GaveUp("waiting for the agent to fall silent")
            )
        );
    }

    #[test]
    fn waits_for_as_many_cues_as_it_needs() {
        let cue = Cue::default();
        let mut script = Script::new([
            Step::UntilCue {
                cue: cue.clone(),
                times: 2,
                at_most: ms(1000),
            },
            say(160),
        ]);
        let (mut frame, tracker) = ([7; 160], SpeechTracker::default());
        let mut actions = Vec::new();
        for now in (0..200).step_by(20) {
            if now == 40 || now == 100 {
                cue.give();
            }
            script.tick(ms(now), &tracker, &mut frame, &mut |at, action| {
                actions.push((at, action));
            });
        }
        assert_eq!(actions[0], (ms(100), CallerAction::Says("x".into())));

        let (actions, _) = play(
            vec![
                Step::UntilCue {
                    cue: Cue::default(),
                    times: 1,
                    at_most: ms(400),
                },
                Step::HangUp,
            ],
            &[(0, 5000)],
            5000,
        );
        assert_eq!(
            actions[0],
            (400, CallerAction::GaveUp("waiting for an answer"))
        );
    }

    #[test]
    fn keys_are_pressed_one_by_one() {
        let (actions, _) = play(
            vec![Step::Wait(ms(100)), Step::Press("4#".into()), Step::HangUp],
            &[],
            2000,
        );
        assert_eq!(
            actions,
            [
                (100, CallerAction::Pressed('4')),
                (340, CallerAction::Pressed('#')),
                (360, CallerAction::HungUp)
            ]
        );
    }

    #[test]
    fn an_ended_script_stays_on_the_line() {
        let (actions, said) = play(vec![], &[], 200);
        assert!(actions.is_empty() && said.len() == 10);
    }
}
