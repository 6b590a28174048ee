//! The caller: what it does and when, and what it sounds like. All in whole numbers, so that it is
//! the same everywhere.

use crate::chance::Chance;

/// What a caller does, one thing after another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallerAction {
    Wait(u64),
    Speak(u64),
    /// Sends nothing at all.
    Mute(u64),
    Press(u8),
    /// Lets the agent speak for so long, then goes on; gives up after 6 s.
    HearAgent(u64),
    /// Waits until the agent has spoken and then not for so long; gives up after 8 s.
    HearAgentOut(u64),
    /// Asterisk reports an error.
    Report(u8),
    HangUp,
}

use CallerAction::{HangUp, HearAgent, HearAgentOut, Mute, Press, Report, Speak, Wait};

/// What the caller does in a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) rate_hz: u32,
    pub(crate) actions: &'static [CallerAction],
}

pub(crate) const SCRIPTS: [Script; 4] = [
    Script {
        name: "polite",
        rate_hz: 8_000,
        actions: &[
            HearAgentOut(300),
            Speak(1_200),
            HearAgentOut(400),
            Speak(500),
            Wait(340),
            Speak(400),
            HearAgentOut(500),
            HangUp,
        ],
    },
    Script {
        name: "interrupts",
        rate_hz: 16_000,
        actions: &[
            HearAgent(600),
            Speak(900),
            HearAgent(500),
            Speak(700),
            HearAgentOut(500),
            HangUp,
        ],
    },
    Script {
        name: "keys",
        rate_hz: 8_000,
        actions: &[
            Wait(500),
            Press(b'1'),
            Wait(100),
            Press(b'#'),
            Report(4),
            HearAgentOut(300),
            Mute(2_500),
            Speak(800),
            HearAgent(200),
            Mute(300),
            HangUp,
        ],
    },
    // Comfort noise, a muted or held line: the agent hangs up after 5 s of silence.
    Script {
        name: "silent",
        rate_hz: 8_000,
        actions: &[Mute(2_600), Wait(20_000)],
    },
];

/// The caller in its call.
pub(crate) struct Caller {
    script: Script,
    at: usize,
    /// Spent on the action at hand, in frames of 20 ms.
    spent: u64,
    agent_heard: u64,
    agent_quiet: u64,
    sample: u64,
    hiss: Chance,
}

/// What the caller does in one 20 ms frame.
#[derive(Debug, PartialEq)]
pub(crate) enum Moment {
    Quiet,
    Speaking,
    Muted,
    Press(u8),
    Report(u8),
    HangUp,
}

impl Caller {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            at: 0,
            spent: 0,
            agent_heard: 0,
            agent_quiet: 0,
            sample: 0,
            hiss: Chance::new(7),
        }
    }

    /// 20 ms pass, in which the agent could be heard or not.
    pub(crate) fn moment(&mut self, agent: bool) -> Moment {
        let Some(action) = self.script.actions.get(self.at) else {
            return Moment::HangUp;
        };
        self.spent += 1;
        if agent {
            self.agent_heard += 1;
            self.agent_quiet = 0;
        } else {
            self.agent_quiet += 1;
        }
        let ms = self.spent * 20;
        let (moment, done) = match *action {
            Wait(long) => (Moment::Quiet, ms >= long),
            Speak(long) => (Moment::Speaking, ms >= long),
            Mute(long) => (Moment::Muted, ms >= long),
            Press(digit) => (Moment::Press(digit), true),
            Report(code) => (Moment::Report(code), true),
            HearAgent(long) => (Moment::Quiet, self.agent_heard * 20 >= long || ms >= 6_000),
            HearAgentOut(quiet) => {
                let out = self.agent_heard > 0 && self.agent_quiet * 20 >= quiet;
                (Moment::Quiet, out || ms >= 8_000)
            }
            HangUp => (Moment::HangUp, false),
        };
        if done {
            self.at += 1;
            (self.spent, self.agent_heard, self.agent_quiet) = (0, 0, 0);
        }
        moment
    }

    /// The sound of one frame: a buzz in syllables, or the line's hiss.
    pub(crate) fn sound(&mut self, speaking: bool) -> Vec<i16> {
        let rate = u64::from(self.script.rate_hz);
        (0..rate / 50)
            .map(|_| {
                self.sample += 1;
                let hiss = self.hiss.below(7) as i16 - 3;
                if !speaking {
                    return hiss;
                }
                // A saw of 125 Hz that is softer between syllables, of which there are four a
                // second.
                let saw = (self.sample * 125 % rate * 12_000 / rate) as i16 - 6_000;
                let syllable = self.sample * 4 % rate * 100 / rate;
                hiss + if syllable < 85 { saw } else { saw / 8 }
            })
            .collect()
    }
}
