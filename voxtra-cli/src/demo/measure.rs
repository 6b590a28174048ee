//! What a caller's tape tells about the agent: measured at the caller's ear, so that the whole way
//! there and back is in it.

use std::time::Duration;

use crate::caller::Tape;
use crate::caller::speech::{is_audible, is_loud};
use crate::caller::tape::samples_in;

/// When either side was loud, and when it could be heard at all, in steps of 20 ms.
pub(super) struct Loudness {
    caller: Vec<bool>,
    agent: Vec<bool>,
    caller_audible: Vec<bool>,
    agent_audible: Vec<bool>,
}

const STEP: Duration = Duration::from_millis(20);
/// A pause shorter than this is within a sentence.
const PAUSE: usize = 20;
/// What is shorter than this is a cough, to which nobody owes an answer.
const SENTENCE: usize = 50;
/// The agent falls silent because of a sound of the caller's that began at most this long before.
const SOON: usize = 8;
/// A shorter gap in what the agent says is part of a word.
const GAP: usize = 5;

impl Loudness {
    /// Listens to both sides of a tape.
    pub(super) fn of(tape: &Tape) -> Self {
        Self::new(
            &tape.caller,
            &tape.heard_in_time(),
            samples_in(STEP, tape.rate_hz),
        )
    }

    fn new(caller: &[i16], agent: &[i16], step: usize) -> Self {
        let steps = |samples: &[i16], is: fn(&[i16]) -> bool| -> Vec<bool> {
            samples.chunks(step.max(1)).map(is).collect()
        };
        Self {
            caller: steps(caller, is_loud),
            agent: steps(agent, is_loud),
            caller_audible: steps(caller, is_audible),
            agent_audible: steps(agent, is_audible),
        }
    }

    /// Each time the caller had finished and the agent answered: from the last loud step of the
    /// caller to the agent's first.
    pub(super) fn replies(&self) -> Vec<Duration> {
        self.sentences()
            .filter_map(|(_, end)| {
                let silent_from = (end..self.agent.len()).find(|&i| !self.is_agent_loud(i))?;
                let answer = (silent_from..self.agent.len()).find(|&i| self.is_agent_loud(i))?;
                Some(STEP * u32::try_from(answer - end).ok()?)
            })
            .collect()
    }

    /// Each time the caller began while the agent was speaking: from the caller's first sound,
    /// which may be soft, to the agent's last loud step.
    pub(super) fn barge_ins(&self) -> Vec<Duration> {
        self.sentences()
            .filter_map(|(start, _)| {
                let first = self.first_sound(start);
                let (_, end) = stretches(&self.agent)
                    .into_iter()
                    .find(|&(a, b)| a < first && first < b)?;
                Some(STEP * u32::try_from(end - first).ok()?)
            })
            .collect()
    }

    /// Each time the agent fell silent at a sound of the caller's and went on after it: from its
    /// last sound to its next.
    pub(super) fn held(&self) -> Vec<(Duration, Duration)> {
        let mut held = Vec::new();
        let mut last = None;
        for (step, _) in self.agent_audible.iter().enumerate().filter(|(_, is)| **is) {
            if let Some(last) = last.replace(step)
                && step - last > GAP
                && self.caller_began_before(last)
                && let (Ok(from), Ok(to)) = (u32::try_from(last + 1), u32::try_from(step))
            {
                held.push((STEP * from, STEP * to));
            }
        }
        held
    }

    /// Whether a sound of the caller's began shortly before this step.
    fn caller_began_before(&self, step: usize) -> bool {
        let is_audible = |i: usize| self.caller_audible.get(i).copied().unwrap_or(false);
        (step.saturating_sub(SOON)..=step).any(|i| is_audible(i) && !(i > 0 && is_audible(i - 1)))
    }

    /// The first step of the sound that is loud at `step`.
    fn first_sound(&self, step: usize) -> usize {
        let before = self.caller_audible.get(..step).unwrap_or_default();
        step - before.iter().rev().take_while(|is| **is).count()
    }

    /// What the caller said: first step, and the step after the last.
    fn sentences(&self) -> impl Iterator<Item = (usize, usize)> {
        stretches(&self.caller)
            .into_iter()
            .filter(|(start, end)| end - start >= SENTENCE)
    }

    fn is_agent_loud(&self, step: usize) -> bool {
        self.agent.get(step).copied().unwrap_or(false)
    }
}

/// Runs of loud steps, with shorter pauses inside than `PAUSE`: first step, and the step after the
/// last.
fn stretches(loud: &[bool]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (i, _) in loud.iter().enumerate().filter(|(_, loud)| **loud) {
        match found.last_mut() {
            Some((_, end)) if i - *end < PAUSE => *end = i + 1,
            _ => found.push((i, i + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One sample a step: loud in these ranges.
    fn side(loud: &[(usize, usize)]) -> Vec<i16> {
        (0..400)
            .map(|i| {
                if loud.iter().any(|&(a, b)| (a..b).contains(&i)) {
                    5000
                } else {
                    0
                }
            })
            .collect()
    }

    #[test]
    fn a_reply_counts_from_the_last_word_to_the_first() {
        let l = Loudness::new(&side(&[(10, 50), (55, 60)]), &side(&[(95, 200)]), 1);
        assert_eq!(l.replies(), [Duration::from_millis(35 * 20)]);
        assert!(l.barge_ins().is_empty());
    }

    #[test]
    fn an_interruption_counts_until_the_agent_is_silent_and_its_reply_comes_after() {
        let l = Loudness::new(&side(&[(100, 180)]), &side(&[(20, 113), (220, 300)]), 1);
        assert_eq!(l.barge_ins(), [Duration::from_millis(13 * 20)]);
        assert_eq!(l.replies(), [Duration::from_millis(40 * 20)]);
    }

    #[test]
    fn a_word_that_begins_softly_counts_from_its_first_sound() {
        let mut caller = side(&[(100, 180)]);
        caller[94..100].fill(20);
        let l = Loudness::new(&caller, &side(&[(20, 97), (220, 300)]), 1);
        assert_eq!(l.barge_ins(), [Duration::from_millis(3 * 20)]);
    }

    #[test]
    fn an_agent_that_a_cough_held_was_silent_from_its_last_sound_to_its_next() {
        let ms = |steps: u64| Duration::from_millis(steps * 20);
        // Nobody made a sound at the pause from 200 on.
        let agent = side(&[(20, 103), (140, 200), (250, 300)]);
        let l = Loudness::new(&side(&[(100, 108)]), &agent, 1);
        assert_eq!(l.held(), [(ms(103), ms(140))]);
    }

    #[test]
    fn a_cough_is_owed_no_answer() {
        let agent = side(&[(20, 103), (140, 200), (250, 300)]);
        let l = Loudness::new(&side(&[(100, 108), (116, 130)]), &agent, 1);
        assert!(l.replies().is_empty() && l.barge_ins().is_empty());
    }

    #[test]
    fn a_caller_who_gets_no_answer_has_no_reply_time() {
        let l = Loudness::new(&side(&[(10, 50)]), &side(&[]), 1);
        assert!(l.replies().is_empty() && l.barge_ins().is_empty());
    }
}
