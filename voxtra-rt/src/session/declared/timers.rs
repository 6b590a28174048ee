//! When the timers of a session are due.

use std::time::Duration;

use tokio::time::Instant;
use voxtra_core::event::EventKind;

use super::{Timer, When};

/// The timers of one call. Time is an argument.
#[derive(Debug)]
pub(super) struct Timers {
    /// Each timer, with the time at which it is due if it runs.
    timers: Vec<(Timer, Option<Instant>)>,
    step: Option<u16>,
    caller_speaks: bool,
    agent_speaks: bool,
    media: bool,
    /// How many sides hold the call.
    holders: u8,
    /// Start of the current silence: nobody speaks, and no key was pressed. `None` while somebody
    /// speaks, without media, or on hold.
    quiet_since: Option<Instant>,
}

impl Timers {
    /// Timers outside of steps start now.
    pub(super) fn new(timers: &[Timer], now: Instant) -> Self {
        let mut timers = Self {
            timers: timers.iter().map(|timer| (*timer, None)).collect(),
            step: None,
            caller_speaks: false,
            agent_speaks: false,
            media: false,
            holders: 0,
            quiet_since: None,
        };
        timers.start(None, now);
        timers
    }

    /// Starts the timers of this step and stops those of every other step.
    pub(super) fn enter(&mut self, step: u16, now: Instant) {
        self.step = Some(step);
        self.start(Some(step), now);
    }

    fn start(&mut self, step: Option<u16>, now: Instant) {
        // A silence that has lasted for some time begins anew for a step that was just entered.
        let quiet = self.quiet_since.map(|_| now);
        for (timer, due) in &mut self.timers {
            if timer.step == step {
                *due = match timer.when {
                    When::After(after) | When::Every(after) => now.checked_add(after),
                    When::Silence(silence) => quiet.and_then(|since| since.checked_add(silence)),
                };
            } else if timer.step.is_some() {
                *due = None;
            }
        }
    }

    /// An event was just published.
    pub(super) fn arrived(&mut self, kind: EventKind, now: Instant) {
        match kind {
            EventKind::UserSpeechStarted => self.caller_speaks = true,
            EventKind::UserSpeechEnded => self.caller_speaks = false,
            EventKind::AgentSpeechStarted => self.agent_speaks = true,
            EventKind::AgentSpeechEnded => self.agent_speaks = false,
            EventKind::MediaStarted => self.media = true,
            EventKind::MediaStopped => self.media = false,
            EventKind::CallHeld => self.holders = self.holders.saturating_add(1),
            EventKind::CallResumed => self.holders = self.holders.saturating_sub(1),
            EventKind::DtmfReceived => {}
            _ => return,
        }
        let somebody_speaks = self.caller_speaks || self.agent_speaks;
        // Without media, or on hold, nobody is there to be silent.
        self.quiet_since = (self.media && self.holders == 0 && !somebody_speaks).then_some(now);
        self.restart_silences();
    }

    fn restart_silences(&mut self) {
        for (timer, due) in &mut self.timers {
            if let When::Silence(silence) = timer.when
                && (timer.step.is_none() || timer.step == self.step)
            {
                *due = self
                    .quiet_since
                    .and_then(|since| since.checked_add(silence));
            }
        }
    }

    /// When the next timer is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.timers.iter().filter_map(|(_, due)| *due).min()
    }

    /// The timer that has been due for longest; it is then over, or set for its next time.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<usize> {
        let due = self.timers.iter().enumerate();
        let (index, at) = due
            .filter_map(|(index, (_, due))| Some((index, (*due)?)))
            .min_by_key(|(_, at)| *at)
            .filter(|(_, at)| *at <= now)?;
        let (timer, due) = self.timers.get_mut(index)?;
        *due = match timer.when {
            When::Every(period) => following(at, period, now),
            When::After(_) | When::Silence(_) => None,
        };
        Some(index)
    }
}

/// The first time after `now` that lies a whole number of periods after `at`.
fn following(at: Instant, period: Duration, now: Instant) -> Option<Instant> {
    if period.is_zero() {
        return None;
    }
    let missed = now.saturating_duration_since(at).as_nanos() / period.as_nanos();
    let periods = u32::try_from(missed).ok()?.checked_add(1)?;
    at.checked_add(period.checked_mul(periods)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn timer(step: Option<u16>, when: When) -> Timer {
        Timer { step, when }
    }

    /// Every timer that is due in the first 40 s, with the second in which it is.
    fn run(timers: &mut Timers, start: Instant, what: &[(u32, EventKind)]) -> Vec<(u32, usize)> {
        let mut seen = Vec::new();
        for second in 0..=40 {
            let now = start + S * second;
            for (at, kind) in what {
                if *at == second {
                    timers.arrived(*kind, now);
                }
            }
            while let Some(index) = timers.take_due(now) {
                seen.push((second, index));
            }
        }
        seen
    }

    #[test]
    fn on_hold_nobody_is_silent() {
        let start = Instant::now();
        let declared = [timer(None, When::Silence(S * 5))];
        let mut timers = Timers::new(&declared, start);
        use EventKind::{CallHeld, CallResumed, MediaStarted, UserSpeechEnded, UserSpeechStarted};
        let events = [
            (1, MediaStarted),
            (2, UserSpeechStarted),
            // The hold ends the caller's speech.
            (3, CallHeld),
            (3, UserSpeechEnded),
            // So does the agent, for longer.
            (15, CallHeld),
            (20, CallResumed),
            (30, CallResumed),
        ];
        assert_eq!(run(&mut timers, start, &events), [(35, 0)]);
    }

    #[test]
    fn once_is_once_and_every_is_again_and_again() {
        let start = Instant::now();
        let declared = [
            timer(None, When::After(S * 7)),
            timer(None, When::Every(S * 15)),
            timer(Some(0), When::After(S)),
        ];
        let mut timers = Timers::new(&declared, start);
        assert_eq!(run(&mut timers, start, &[]), [(7, 0), (15, 1), (30, 1)]);
    }

    #[test]
    fn missed_repetitions_are_not_made_up_for() {
        let start = Instant::now();
        let mut timers = Timers::new(&[timer(None, When::Every(S * 10))], start);
        assert_eq!(timers.take_due(start + S * 35), Some(0));
        assert_eq!(timers.take_due(start + S * 35), None);
        assert_eq!(timers.next(), Some(start + S * 40));
    }

    #[test]
    fn a_step_has_its_own_timers_and_entering_it_again_starts_them_again() {
        let start = Instant::now();
        let declared = [
            timer(Some(0), When::After(S * 5)),
            timer(Some(1), When::After(S * 5)),
        ];
        let mut timers = Timers::new(&declared, start);
        assert_eq!(timers.next(), None);
        timers.enter(0, start);
        timers.enter(0, start + S * 3);
        assert_eq!(timers.next(), Some(start + S * 8));
        timers.enter(1, start + S * 4);
        assert_eq!(timers.next(), Some(start + S * 9));
        assert_eq!(timers.take_due(start + S * 9), Some(1));
    }

    #[test]
    fn silence_is_when_nobody_speaks_and_no_key_is_pressed() {
        use EventKind::*;
        let start = Instant::now();
        let silence = [timer(None, When::Silence(S * 5))];
        for (what, expected) in [
            // Without media there is no silence to hear.
            (&[][..], &[][..]),
            (&[(2, MediaStarted)], &[7]),
            (&[(2, MediaStarted), (4, DtmfReceived)], &[9]),
            (
                &[
                    (0, MediaStarted),
                    (1, AgentSpeechStarted),
                    (20, AgentSpeechEnded),
                ],
                &[25],
            ),
            (
                &[(0, MediaStarted), (1, UserSpeechStarted), (3, DtmfReceived)],
                &[],
            ),
            // Both speak; the silence begins when the last speaker has ended.
            (
                &[
                    (0, MediaStarted),
                    (1, AgentSpeechStarted),
                    (2, UserSpeechStarted),
                    (3, AgentSpeechEnded),
                    (10, UserSpeechEnded),
                ],
                &[15],
            ),
            // Once in each silence.
            (&[(0, MediaStarted), (20, DtmfReceived)], &[5, 25]),
            (&[(0, MediaStarted), (4, MediaStopped)], &[]),
        ] {
            let mut timers = Timers::new(&silence, start);
            let seen: Vec<u32> = run(&mut timers, start, what)
                .into_iter()
                .map(|(second, _)| second)
                .collect();
            assert_eq!(seen, expected, "{what:?}");
        }
    }

    #[test]
    fn a_step_counts_its_silence_from_when_it_was_entered() {
        let start = Instant::now();
        let mut timers = Timers::new(&[timer(Some(0), When::Silence(S * 5))], start);
        timers.arrived(EventKind::MediaStarted, start);
        timers.enter(0, start + S * 20);
        assert_eq!(timers.next(), Some(start + S * 25));
    }
}
