//! The caller and the agent at the same time: is it an interruption?
//!
//! A barge-in takes two steps. At the first likely speech the agent is held back: playout fades out
//! and keeps its audio. Then either the caller goes on, which confirms it, or falls silent again (a
//! cough, a click, a backchannel such as "mm-hm"), and the agent goes on where it stopped.

use super::TurnSettings;
use super::recent::newest;
use super::units::{FRAME, Micros, lasts, millis};

/// The caller's speech over the agent, since either last fell silent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overlap {
    /// Which of the latest frames were likely speech over the agent: one bit each, the newest
    /// lowest.
    likely: u64,
    /// Frames that are certainly speech, over the agent and while the caller speaks.
    voiced_frames: u32,
    reported: bool,
    hold: Option<Hold>,
    doubt: Doubt,
}

/// The agent is held back.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: Micros,
    last_voice: Micros,
}

/// How often the agent was recently held back without an interruption. Each time raises the bar by
/// a frame, for a while.
#[derive(Clone, Copy, Debug, Default)]
struct Doubt {
    count: u32,
    since: Micros,
}

impl Overlap {
    pub(super) const fn is_agent_held(&self) -> bool {
        self.hold.is_some()
    }

    /// Speech begins, with `over_agent` frames over the agent before this one.
    pub(super) fn begin_speech(&mut self, over_agent: u32) {
        // Speech since the agent was held back is part of the same interruption.
        let before = match self.hold {
            Some(_) => self.voiced_frames,
            None => 0,
        };
        self.voiced_frames = before.saturating_add(over_agent);
    }

    /// Speech has ended, or was dropped.
    pub(super) fn end_speech(&mut self) {
        self.reported = false;
        // Old frames must not help new ones.
        self.likely = 0;
        if self.hold.is_none() {
            self.voiced_frames = 0;
        }
    }

    /// The agent does not speak, or may not be interrupted.
    pub(super) fn clear(&mut self) {
        *self = Self {
            doubt: self.doubt,
            ..Self::default()
        };
    }

    /// Takes a frame over the agent, which ended at `now`.
    pub(super) fn frame(
        &mut self,
        now: Micros,
        probability: f32,
        in_speech: bool,
        settings: &TurnSettings,
    ) {
        let voiced = probability >= settings.stop_threshold;
        // Frames that only continue speech do not prove an interruption: music and murmurs do that
        // too.
        if probability >= settings.barge_in_threshold && in_speech {
            self.voiced_frames = self.voiced_frames.saturating_add(1);
        }
        self.likely = self.likely << 1 | u64::from(probability >= settings.pause_threshold);
        if let Some(hold) = &mut self.hold {
            if voiced {
                hold.last_voice = now;
            }
            return;
        }
        let raised = self.doubt.at(now);
        let window = u32::from(settings.pause_window).saturating_add(raised);
        let needed = u32::from(settings.pause_frames.max(1)).saturating_add(raised);
        if settings.barge_in
            && settings.pause
            && !self.reported
            && newest(self.likely, window).count_ones() >= needed
        {
            self.hold = Some(Hold {
                since: now,
                last_voice: now,
            });
        }
    }

    /// Whether the caller has talked over the agent for long enough. Returns `true` once.
    pub(super) fn confirm(&mut self, settings: &TurnSettings) -> bool {
        let confirmed = settings.barge_in
            && !self.reported
            && lasts(self.voiced_frames, settings.barge_in_min_speech_ms);
        if confirmed {
            self.reported = true;
            self.hold = None;
            self.doubt = Doubt::default();
        }
        confirmed
    }

    /// Lets the agent go on when no interruption has followed by `now`.
    pub(super) fn settle(&mut self, now: Micros, settings: &TurnSettings) {
        let Some(hold) = self.hold else { return };
        let since = |then: Micros| now.saturating_sub(then);
        if since(hold.last_voice) >= millis(settings.pause_resume_ms)
            || since(hold.since) >= millis(settings.pause_max_ms)
        {
            self.clear();
            self.doubt.raise(now);
        }
    }
}

impl Doubt {
    /// Frames by which the bar is raised now.
    fn at(self, now: Micros) -> u32 {
        let gone = now.saturating_sub(self.since) / DOUBT_FADES;
        self.count
            .saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    fn raise(&mut self, now: Micros) {
        *self = Self {
            count: self.at(now).saturating_add(1).min(MOST_DOUBT),
            since: now,
        };
    }
}

/// Time after which the bar sinks by a frame.
const DOUBT_FADES: Micros = 250 * FRAME;
/// Most frames by which the bar is raised.
const MOST_DOUBT: u32 = 3;
