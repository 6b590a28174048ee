//! How long an agent may let its callers wait, and whether it did: `objective.missed`.

use std::time::Duration;

use voxtra_core::event::{ObjectiveMissed, TurnMeasured};

/// Turns of an agent in one call that are judged: the latest.
const MOST_TURNS: usize = 4_096;

/// How long an agent may let its callers wait. Each is held against 95 of 100 turns of a call (the
/// 95th percentile by nearest rank, so with fewer than 20 turns against the slowest one): a call
/// that ends with more has an event [`ObjectiveMissed`].
///
/// ```
/// use std::time::Duration;
/// use voxtra_rt::session::{AgentSettings, Objectives};
///
/// let agent = AgentSettings::new("Be brief.").objectives(
///     Objectives::new().heard_silence_p95(Duration::from_millis(1_500)),
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Objectives {
    /// The silence that callers hear: [`TurnMeasured::heard_silence_ms`].
    pub heard_silence_p95: Option<Duration>,
    /// From the end of the caller's speech to the final transcript: `transcript_ms`.
    pub transcript_p95: Option<Duration>,
    /// From there to the language model's first words: `first_token_ms`.
    pub first_token_p95: Option<Duration>,
    /// From there to the voice's first audio: `first_audio_ms`.
    pub first_audio_p95: Option<Duration>,
    /// Voxtra's own part: `own_ms`.
    pub own_p95: Option<Duration>,
}

/// One objective: its name, what it allows, and what a turn took.
type Objective = (
    &'static str,
    fn(&Objectives) -> Option<Duration>,
    fn(&TurnMeasured) -> Option<u64>,
);

const EACH: [Objective; 5] = [
    (
        "heard_silence_p95_ms",
        |limits| limits.heard_silence_p95,
        |turn| Some(turn.heard_silence_ms),
    ),
    (
        "transcript_p95_ms",
        |limits| limits.transcript_p95,
        |turn| turn.transcript_ms.map(u64::from),
    ),
    (
        "first_token_p95_ms",
        |limits| limits.first_token_p95,
        |turn| turn.first_token_ms.map(u64::from),
    ),
    (
        "first_audio_p95_ms",
        |limits| limits.first_audio_p95,
        |turn| turn.first_audio_ms.map(u64::from),
    ),
    (
        "own_p95_ms",
        |limits| limits.own_p95,
        |turn| turn.own_ms.map(u64::from),
    ),
];

impl Objectives {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the longest silence that callers hear.
    #[must_use]
    pub fn heard_silence_p95(mut self, limit: Duration) -> Self {
        self.heard_silence_p95 = Some(limit);
        self
    }

    /// Sets how long the final transcript may take.
    #[must_use]
    pub fn transcript_p95(mut self, limit: Duration) -> Self {
        self.transcript_p95 = Some(limit);
        self
    }

    /// Sets how long the language model's first words may take, from the end of the caller's speech
    /// on.
    #[must_use]
    pub fn first_token_p95(mut self, limit: Duration) -> Self {
        self.first_token_p95 = Some(limit);
        self
    }

    /// Sets how long the voice's first audio may take, from the end of the caller's speech on.
    #[must_use]
    pub fn first_audio_p95(mut self, limit: Duration) -> Self {
        self.first_audio_p95 = Some(limit);
        self
    }

    /// Sets how long Voxtra's own part may take.
    #[must_use]
    pub fn own_p95(mut self, limit: Duration) -> Self {
        self.own_p95 = Some(limit);
        self
    }
}

/// What the turns of each agent of a call took, beside what they may take.
#[derive(Debug, Default)]
pub(super) struct Scores {
    agents: Vec<Score>,
}

#[derive(Debug)]
struct Score {
    agent: String,
    limits: Objectives,
    turns: usize,
    took: [Vec<u64>; EACH.len()],
}

impl Scores {
    /// A turn of this agent was measured.
    pub(super) fn note(&mut self, agent: &str, limits: Objectives, turn: &TurnMeasured) {
        if limits == Objectives::default() {
            return;
        }
        let place = self.agents.iter().position(|score| score.agent == agent);
        let place = place.unwrap_or_else(|| {
            self.agents.push(Score {
                agent: agent.to_owned(),
                limits,
                turns: 0,
                took: Default::default(),
            });
            self.agents.len().saturating_sub(1)
        });
        let Some(score) = self.agents.get_mut(place) else {
            return;
        };
        score.limits = limits;
        let turns = score.turns;
        for (took, (_, _, of)) in score.took.iter_mut().zip(EACH) {
            if let Some(ms) = of(turn) {
                // The latest take the places of the oldest.
                if took.len() < MOST_TURNS {
                    took.push(ms);
                } else if let Some(oldest) = took.get_mut(turns % MOST_TURNS) {
                    *oldest = ms;
                }
            }
        }
        score.turns = turns.saturating_add(1);
    }

    /// The objectives that were missed.
    pub(super) fn missed(&mut self) -> Vec<ObjectiveMissed> {
        let mut missed = Vec::new();
        for score in std::mem::take(&mut self.agents) {
            for ((name, limit, _), took) in EACH.into_iter().zip(score.took) {
                let turns = took.len();
                let limit = limit(&score.limits).map(|limit| millis(limit.as_millis()));
                if let (Some(limit), Some(actual)) = (limit, percentile_95(took))
                    && actual > limit
                {
                    missed.push(ObjectiveMissed::new(
                        score.agent.clone(),
                        name.to_owned(),
                        limit,
                        actual,
                        u32::try_from(turns).unwrap_or(u32::MAX),
                    ));
                }
            }
        }
        missed
    }
}

/// The 95th percentile, by nearest rank.
fn percentile_95(mut all: Vec<u64>) -> Option<u64> {
    all.sort_unstable();
    let rank = all.len().saturating_mul(95).div_ceil(100);
    all.get(rank.checked_sub(1)?).copied()
}

fn millis(ms: u128) -> u64 {
    u64::try_from(ms).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use voxtra_core::event::TurnMeasuredOutcome as Outcome;

    use super::*;

    fn turn(heard_silence_ms: u64) -> TurnMeasured {
        TurnMeasured::new(Outcome::Answered, heard_silence_ms, 0, false, false)
    }

    fn limits() -> Objectives {
        Objectives::new()
            .heard_silence_p95(Duration::from_millis(1_500))
            .own_p95(Duration::from_millis(20))
    }

    #[test]
    fn one_of_twenty_turns_may_take_longer() {
        for (slow, of, missed) in [(0, 3, false), (1, 3, true), (1, 20, false), (2, 20, true)] {
            let mut scores = Scores::default();
            for n in 0..of {
                let silence = if n < slow { 1_501 } else { 1_500 };
                scores.note("a", limits(), &turn(silence));
            }
            let told = scores.missed();
            assert_eq!(!told.is_empty(), missed, "{slow} of {of}");
            let (name, silence) = ("heard_silence_p95_ms".to_owned(), 1_501);
            let expected = ObjectiveMissed::new("a".into(), name, 1_500, silence, of);
            assert!(told.iter().all(|one| *one == expected), "{told:?}");
            assert!(scores.missed().is_empty(), "told once");
        }
    }

    #[test]
    fn agents_are_judged_by_their_own_turns() {
        let mut scores = Scores::default();
        scores.note("a", limits(), &turn(100));
        scores.note("b", limits(), &turn(9_000).with_own_ms(Some(21)));
        scores.note("c", Objectives::new(), &turn(9_000));
        let missed = scores.missed();
        let told: Vec<_> = missed
            .iter()
            .map(|one| (one.agent.as_str(), one.objective.as_str(), one.actual_ms))
            .collect();
        let expected = [
            ("b", "heard_silence_p95_ms", 9_000),
            ("b", "own_p95_ms", 21),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_endless_call_takes_bounded_memory() {
        let mut scores = Scores::default();
        for _ in 0..MOST_TURNS {
            scores.note("a", limits(), &turn(9_000));
        }
        for _ in 0..MOST_TURNS {
            scores.note("a", limits(), &turn(100));
        }
        assert_eq!(scores.agents[0].took[0].len(), MOST_TURNS);
        assert!(scores.missed().is_empty());
    }
}
