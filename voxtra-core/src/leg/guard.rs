//! The guard against dead air: what becomes of a caller whom the agent owes an answer, and who
//! hears nothing. It needs nobody beyond the leg's own driver, so it works while the agent stands
//! still.

use core::time::Duration;

use super::{Port, fault_record};
use crate::audio::{FRAME, Fade, Gain};
use crate::event::{Fault, Record, RecordBody};
use crate::playout::{AgentAudio, Clip};
use crate::time::Instant;

/// For how long the filler waits at least while it is unclear whether the caller has only coughed.
const COUGH: Duration = Duration::from_secs(3);

/// How long an agent that is alive may take to lead the caller out. After that the line is hung up.
const GRACE: Duration = Duration::from_secs(5);

/// When the caller hears what, counted in frames without a word of the agent or the caller. A time
/// that is `None` never comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuardSettings {
    /// Plays [`Clip::Filler`], once in each silence.
    pub filler: Option<Duration>,
    /// Plays [`Clip::Apology`], once in each silence.
    pub apology: Option<Duration>,
    /// Reports [`Fault::DeadAir`](crate::event::Fault::DeadAir); 5 s later the leg hangs up, unless
    /// the agent has spoken by then, or awaits the caller or nobody. What the caller says meanwhile
    /// does not begin this time anew.
    pub give_up: Option<Duration>,
}

impl GuardSettings {
    /// These settings with changes:
    ///
    /// ```
    /// use std::time::Duration;
    /// use voxtra_core::leg::GuardSettings;
    ///
    /// let guard = GuardSettings::default().with(|guard| {
    ///     guard.filler = Some(Duration::from_millis(1_500));
    ///     guard.give_up = Some(Duration::from_secs(25));
    /// });
    /// assert_eq!(guard.apology, None);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// Whose turn it is to be heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Awaited {
    /// Nobody's: the caller hears something else, such as a telephone that rings.
    #[default]
    Nobody,
    /// The caller's. When the caller's turn ends, it is unclear.
    Caller,
    /// The agent's, unless the caller has only coughed. The filler waits for 3 s at least.
    Unclear,
    /// The agent's.
    Agent {
        /// By how much longer than [`GuardSettings::give_up`] it may take, in ms.
        patience_ms: u32,
    },
}

impl Awaited {
    fn is_agent(self) -> bool {
        matches!(self, Self::Agent { .. } | Self::Unclear)
    }
}

/// What the guard needs to know of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    /// The agent is silent in this frame.
    pub(super) agent_silent: bool,
    /// The caller speaks, or may be speaking.
    pub(super) caller_speaks: bool,
    pub(super) on_hold: bool,
}

/// Watches over one call's silences.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guard {
    settings: Option<GuardSettings>,
    awaited: Awaited,
    /// How long neither side has spoken.
    silence: Duration,
    /// How long neither side has spoken, in all the silences since the agent last did.
    waited: Duration,
    /// What was played in this silence.
    filler_played: bool,
    apology_played: bool,
    /// Dead air was reported.
    reported: bool,
    playing: Option<Playing>,
}

/// A clip that is being heard.
#[derive(Clone, Copy, Debug)]
struct Playing {
    clip: Clip,
    /// Samples of it that went out.
    at: usize,
    length: usize,
    /// The next frame is its last.
    cut: bool,
    /// Its end was reported.
    told: bool,
}

impl Guard {
    /// Begins to watch, with other times, or no longer.
    pub(super) fn set(&mut self, settings: Option<GuardSettings>) {
        self.settings = settings;
    }

    /// The agent says whose turn it is.
    pub(super) fn set_awaited(&mut self, awaited: Awaited) {
        if self.awaited.is_agent() != awaited.is_agent() {
            self.begin();
        }
        self.awaited = awaited;
    }

    /// The caller's turn is over.
    pub(super) fn turn_ended(&mut self) {
        if self.awaited == Awaited::Caller {
            self.set_awaited(Awaited::Unclear);
        }
    }

    /// The agent was stopped, or interrupted.
    pub(super) fn cut(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.cut = true;
        }
    }

    /// An utterance of the agent begins in this frame of `samples`, in which a clip fades out.
    pub(super) fn give_way<P: Port>(&mut self, now: Instant, samples: usize, port: &mut P) {
        self.cut();
        if let Some(playing) = &mut self.playing {
            let at = playing.at.saturating_add(samples).min(playing.length);
            playing.tell_end(now, at, port);
        }
    }

    /// Whether the caller hears a clip.
    pub(super) fn is_playing(&self) -> bool {
        self.playing.is_some_and(|playing| !playing.cut)
    }

    /// Ends the clip that is being heard, if there is one.
    pub(super) fn end<P: Port>(&mut self, now: Instant, port: &mut P) {
        if let Some(mut playing) = self.playing.take() {
            playing.tell_end(now, playing.at, port);
        }
    }

    /// Completes a frame of playout; true if it is time to hang up.
    pub(super) fn frame<S: AgentAudio, P: Port>(
        &mut self,
        now: Instant,
        pcm: &mut [i16],
        around: Surroundings,
        gain: Gain,
        agent: &S,
        port: &mut P,
    ) -> bool {
        if self.settings.is_none() && self.playing.is_none() {
            return false;
        }
        if !around.agent_silent {
            self.begin();
        } else if around.caller_speaks {
            self.begin_silence();
        }
        let settings = self.settings.unwrap_or_default();
        let quiet = around.agent_silent && !around.caller_speaks && !around.on_hold;
        let owed = quiet && self.settings.is_some() && self.awaited.is_agent();
        if owed {
            self.silence = self.silence.saturating_add(FRAME);
            self.waited = self.waited.saturating_add(FRAME);
            self.begin_clip(settings, agent);
        } else {
            self.cut();
        }
        self.play(now, pcm, gain, agent, port);
        let Some(limit) = settings.give_up.filter(|_| owed) else {
            return false;
        };
        let patience = match self.awaited {
            Awaited::Agent { patience_ms } => Duration::from_millis(patience_ms.into()),
            _ => Duration::ZERO,
        };
        let limit = limit.saturating_add(patience);
        if self.waited >= limit && !core::mem::replace(&mut self.reported, true) {
            port.record(fault_record(now, Fault::DeadAir));
        }
        self.waited >= limit.saturating_add(GRACE)
    }

    /// The agent is heard, or awaited from now on.
    fn begin(&mut self) {
        self.begin_silence();
        self.waited = Duration::ZERO;
        self.reported = false;
    }

    fn begin_silence(&mut self) {
        self.silence = Duration::ZERO;
        self.filler_played = false;
        self.apology_played = false;
    }

    /// Begins the clip that is due, if there is one and no other is being heard.
    fn begin_clip<S: AgentAudio>(&mut self, settings: GuardSettings, agent: &S) {
        if self.playing.is_some() {
            return;
        }
        let is_due = |after: Option<Duration>| after.is_some_and(|after| self.silence >= after);
        let filler = settings.filler.map(|after| match self.awaited {
            Awaited::Unclear => after.max(COUGH),
            _ => after,
        });
        let clip = if is_due(settings.apology) && !self.apology_played {
            Clip::Apology
        } else if is_due(filler) && !self.filler_played && !self.apology_played {
            Clip::Filler
        } else {
            return;
        };
        // One that is still being made is played when it is there.
        let length = agent.clip(clip).len();
        if length == 0 {
            return;
        }
        match clip {
            Clip::Filler => self.filler_played = true,
            Clip::Apology => self.apology_played = true,
        }
        self.playing = Some(Playing {
            clip,
            at: 0,
            length,
            cut: false,
            told: false,
        });
    }

    /// Adds the next part of the clip to the frame. One that is cut fades out within the frame, if
    /// need be over the agent's first words.
    fn play<S: AgentAudio, P: Port>(
        &mut self,
        now: Instant,
        pcm: &mut [i16],
        gain: Gain,
        agent: &S,
        port: &mut P,
    ) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        let clip = agent.clip(playing.clip);
        let rest = clip.get(playing.at..).unwrap_or_default();
        if playing.at == 0 {
            let body = RecordBody::ClipStarted { clip: playing.clip };
            port.record(Record { at: now, body });
        }
        let mut fade = Fade::out(pcm.len());
        for (place, sample) in pcm.iter_mut().zip(rest) {
            let mut sample = [*sample];
            gain.apply(&mut sample);
            let [sample] = sample;
            let sample = match playing.cut {
                true => (f32::from(sample) * fade.next_gain()) as i16,
                false => sample,
            };
            *place = place.saturating_add(sample);
            playing.at += 1;
        }
        if playing.cut || playing.at >= playing.length {
            self.end(now, port);
        }
    }
}

impl Playing {
    /// Reports the end, once.
    fn tell_end<P: Port>(&mut self, now: Instant, at: usize, port: &mut P) {
        if !core::mem::replace(&mut self.told, true) {
            let body = RecordBody::ClipEnded {
                clip: self.clip,
                interrupted: at < self.length,
                played: u64::try_from(at).unwrap_or(u64::MAX),
            };
            port.record(Record { at: now, body });
        }
    }
}
