//! A leg's settings, and the commands that it takes while it runs.

use super::Awaited;
use crate::audio::SampleRate;
use crate::playout::PlayoutSettings;
use crate::turn::{Meaning, Patience, TurnSettings};

/// Settings of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LegSettings {
    /// The rate expected from the peer, and ours until its first audio frame. Default: 8 kHz.
    pub rate: SampleRate,
    /// What the leg does with the caller's audio.
    pub mode: Mode,
    /// How much of the caller's audio the agent is given.
    pub forward: Forward,
    /// What happens to µ-law or A-law sent with the kind of 8 kHz PCM.
    pub g711: G711Policy,
    /// What happens to the agent's own voice when the line returns it.
    pub echo: EchoPolicy,
    /// What happens to voices behind the caller's.
    pub background: BackgroundPolicy,
    /// Where the caller's digits are detected.
    pub dtmf: DtmfPolicy,
    /// What happens to what the agent is saying when the call is put on hold.
    pub while_held: WhileHeld,
    /// Whether each frame received and sent is an event of its own. Default: no.
    pub frame_events: bool,
    /// Turn-taking.
    pub turn: TurnSettings,
    /// Playout.
    pub playout: PlayoutSettings,
}

impl LegSettings {
    /// These settings with changes:
    ///
    /// ```
    /// use voxtra_core::leg::{EchoPolicy, LegSettings};
    ///
    /// let leg = LegSettings::default().with(|leg| {
    ///     leg.echo = EchoPolicy::Ignore;
    ///     leg.turn.silence_ms = 8_000;
    /// });
    /// assert_eq!(leg.turn.silence_ms, 8_000);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// What a leg does with the caller's audio, besides analysing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// An agent answers: its audio is paced out, with silence when there is none.
    #[default]
    Agent,
    /// Every frame goes back at once, bit for bit.
    Echo,
}

/// How much of the caller's audio the agent is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forward {
    /// None.
    #[default]
    Nothing,
    /// Speech only, from some history before its confirmed start to its end.
    Speech,
    /// All of it, with marks where speech starts and ends.
    Everything,
}

/// What to do when a peer sends µ-law or A-law under kind 0x10, as `Dial(AudioSocket/…)` does
/// without `c(slin)`: 160-byte payloads, or payloads of another size at 8,000 bytes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum G711Policy {
    /// Report it and treat the frames as silence. They are never played as PCM.
    #[default]
    Refuse,
    /// Decode it. The law is recognised from what is sent.
    Decode,
}

/// What to do about the agent's own voice in the caller's audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EchoPolicy {
    /// Frames that are the agent's echo do not count as the caller's speech
    /// ([`EchoEstimate`](crate::echo::EchoEstimate)).
    #[default]
    Discount,
    /// All sound is the caller's: for lines whose echo is cancelled elsewhere.
    Ignore,
}

/// What to do about voices that stay much softer than the caller's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackgroundPolicy {
    /// They do not count as the caller's speech
    /// ([`BackgroundVoices`](crate::background::BackgroundVoices)).
    #[default]
    Discount,
    /// Every voice is the caller's: for a table with one telephone.
    Ignore,
}

/// Where the caller's DTMF digits are detected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DtmfPolicy {
    /// Both in DTMF frames and as tones in the audio ([`DtmfDetector`](crate::dtmf::DtmfDetector)).
    /// A press that comes in both ways is reported once ([`KeyPresses`](crate::dtmf::KeyPresses)),
    /// when it first comes. A tone does not count as speech.
    #[default]
    Both,
    /// In DTMF frames only: for lines that always signal keys.
    Signalled,
}

/// What happens to what the agent is saying when the call is put on hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhileHeld {
    /// It waits, and goes on afterwards where it stopped.
    #[default]
    Pause,
    /// It is cut, with what is queued behind it. What is queued later waits.
    Drop,
}

/// A command to a leg while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Fades out what is playing and discards what is queued, unless the epoch has changed since:
    /// `epoch` is the one that was current when the flush was requested, so that a late flush does
    /// not cut the next utterance.
    Flush {
        /// The epoch to end.
        epoch: u32,
    },
    /// Changes how much of the caller's audio the agent is given.
    Forward(Forward),
    /// Changes between answering and echoing. The first frame of playout after an echo may come up
    /// to 100 ms later.
    Mode(Mode),
    /// Turns the frame events on or off.
    FrameEvents(bool),
    /// Lets the caller interrupt the agent, or not.
    BargeIn(bool),
    /// Lets a silence of `silence_ms` end the caller's turn, until the caller speaks again: for an
    /// application that knows from a transcript whether the caller's sentence is complete. Values
    /// are clamped to the range from the hangover to 30,000 ms.
    EndOfTurn {
        /// The silence, in ms.
        silence_ms: u32,
    },
    /// How long a silence the caller may make in what is expected next, until the next command of
    /// this kind.
    ExpectPauses(Patience),
    /// How long a silence the caller may make behind the words heard so far: the one in progress,
    /// or the next if the caller is speaking. `EndOfTurn` counts more.
    Patience(Patience),
    /// Whether [`Overlap`](Self::Overlap) tells the caller's words while they are said. Then a
    /// barge-in waits for them a little, if the agent is held back.
    ExpectWords(bool),
    /// What the caller's words over the agent mean, unless the epoch has changed since: `epoch` is
    /// the one that was current when they became known, so that the words that cut an utterance do
    /// not cut the next.
    Overlap {
        /// The epoch of what the agent says.
        epoch: u32,
        /// What the words are.
        meaning: Meaning,
    },
    /// The call is put on hold, or taken off. On hold the agent is silent and its audio kept (or
    /// cut: [`LegSettings::while_held`]), nobody is listened to, and no silence is reported;
    /// signalled keys are.
    CallHold(bool),
    /// Takes silence for the caller's audio, or takes the audio again. Signalled keys still count,
    /// and an echo still goes back.
    MuteCaller(bool),
    /// Sends silence instead of the agent's audio, or sends the audio again. The agent speaks on
    /// meanwhile, and time passes.
    MuteAgent(bool),
    /// Says whose turn it is to be heard, for the [guard](super::GuardSettings) against dead air.
    Await(Awaited),
    /// Sends the hang-up message; Asterisk ends the call when it reads it.
    HangUp,
}
