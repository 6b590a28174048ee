//! The caller and the agent at the same time: is it an interruption?
//!
//! A barge-in takes two steps. At the first likely speech the agent is held back: playout fades out
//! and keeps its audio. Then either the caller goes on, which confirms it, or falls silent again (a
//! cough, a click, a backchannel such as "mm-hm"), and the agent goes on where it stopped.
//!
//! Where a transcript tells what the caller says, its [`Meaning`] decides as well as the length.

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
    /// Those among them that were a backchannel.
    excused_frames: u32,
    /// The words so far are neither a backchannel nor an interruption.
    has_content: bool,
    /// Since when the speech has been long enough for a barge-in, which waits for the words.
    long_since: Option<Micros>,
    reported: bool,
    hold: Option<Hold>,
    doubt: Doubt,
    /// Words are told while they are said.
    awaits_words: bool,
}

/// What the caller's words over the agent are, as far as a transcript tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// They only show that the caller listens ("mm-hm", "okay"). Speech up to now does not
    /// interrupt.
    Backchannel,
    /// They are something else: the length of the speech decides.
    Content,
    /// They are meant to interrupt ("stop", "wait"): the agent is cut at once.
    Interruption,
}

/// The agent is held back.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: Micros,
    last_voice: Micros,
    /// The caller's words are a backchannel: the agent goes on as soon as they are over.
    brief: bool,
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

    /// Whether the speech was long enough for a barge-in, which waits for the words.
    pub(super) const fn is_long(&self) -> bool {
        self.long_since.is_some()
    }

    /// Speech begins, with `over_agent` frames over the agent before this one.
    pub(super) fn begin_speech(&mut self, over_agent: u32) {
        // Speech since the agent was held back is part of the same interruption.
        if self.hold.is_none() {
            self.forget_speech();
        }
        self.voiced_frames = self.voiced_frames.saturating_add(over_agent);
    }

    /// Speech has ended, or was dropped.
    pub(super) fn end_speech(&mut self) {
        self.reported = false;
        // Old frames must not help new ones.
        self.likely = 0;
        if self.hold.is_none() {
            self.forget_speech();
        }
    }

    fn forget_speech(&mut self) {
        self.voiced_frames = 0;
        self.excused_frames = 0;
        self.has_content = false;
        self.long_since = None;
    }

    /// The agent does not speak, or may not be interrupted.
    pub(super) fn clear(&mut self) {
        *self = Self {
            doubt: self.doubt,
            awaits_words: self.awaits_words,
            ..Self::default()
        };
    }

    /// Lets a barge-in wait for the caller's words from now on, or not.
    pub(super) fn await_words(&mut self, on: bool) {
        self.awaits_words = on;
    }

    /// What the caller has said so far is a backchannel.
    pub(super) fn excuse(&mut self) {
        self.excused_frames = self.voiced_frames;
        self.has_content = false;
        self.long_since = None;
        if let Some(hold) = &mut self.hold {
            hold.brief = true;
        }
    }

    /// What the caller says is more than a backchannel.
    pub(super) fn note_content(&mut self) {
        self.excused_frames = 0;
        self.has_content = true;
        if let Some(hold) = &mut self.hold {
            hold.brief = false;
        }
    }

    /// The caller interrupts the agent.
    pub(super) fn interrupt(&mut self) {
        self.reported = true;
        self.long_since = None;
        self.hold = None;
        self.doubt = Doubt::default();
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
                brief: false,
            });
        }
    }

    /// Whether the caller, who `speaks` or has just stopped, has talked over the agent for long
    /// enough. Returns `true` once. While the agent is held back and words are told, it waits for
    /// them: nobody hears the difference.
    pub(super) fn confirm(&mut self, now: Micros, speaks: bool, settings: &TurnSettings) -> bool {
        if !settings.barge_in || self.reported {
            return false;
        }
        let counted = self.voiced_frames.saturating_sub(self.excused_frames);
        if speaks && lasts(counted, settings.barge_in_min_speech_ms) {
            self.long_since.get_or_insert(now);
        }
        let Some(since) = self.long_since else {
            return false;
        };
        let waits = self.awaits_words
            && !self.has_content
            && self.hold.is_some_and(|hold| !hold.is_over(now, settings))
            && now.saturating_sub(since) < millis(settings.barge_in_words_ms);
        if !waits {
            self.interrupt();
        }
        !waits
    }

    /// Lets the agent go on when no interruption has followed by `now`.
    pub(super) fn settle(&mut self, now: Micros, settings: &TurnSettings) {
        if self.hold.is_some_and(|hold| hold.is_over(now, settings)) {
            self.clear();
            self.doubt.raise(now);
        }
    }
}

impl Hold {
    /// Whether no interruption has followed in time.
    fn is_over(self, now: Micros, settings: &TurnSettings) -> bool {
        let since = |then: Micros| now.saturating_sub(then);
        let resume = millis(settings.pause_resume_ms);
        let resume = if self.brief {
            resume.min(BRIEF)
        } else {
            resume
        };
        since(self.last_voice) >= resume || since(self.since) >= millis(settings.pause_max_ms)
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

/// How long no voice ends a backchannel: longer than the pauses inside a word.
const BRIEF: Micros = 5 * FRAME;
/// Time after which the bar sinks by a frame.
const DOUBT_FADES: Micros = 250 * FRAME;
/// Most frames by which the bar is raised.
const MOST_DOUBT: u32 = 3;
