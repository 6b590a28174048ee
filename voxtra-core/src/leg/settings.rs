//! How a leg behaves, and what it can be told while it runs.

use crate::audio::SampleRate;
use crate::playout::PlayoutSettings;
use crate::turn::TurnSettings;

/// How a leg behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegSettings {
    /// The rate expected from the peer, and ours until its first audio frame. Default: 8 kHz.
    pub rate: SampleRate,
    /// What the leg does with the caller's audio.
    pub mode: Mode,
    /// How much of the caller's audio the agent is given.
    pub forward: Forward,
    /// What happens to µ-law or A-law under the kind of 8 kHz PCM.
    pub g711: G711Policy,
    /// What becomes of the agent's own voice when the line returns it.
    pub echo: EchoPolicy,
    /// What becomes of voices behind the caller's.
    pub background: BackgroundPolicy,
    /// Where the caller's digits are looked for.
    pub dtmf: DtmfPolicy,
    /// Whether each frame received and sent is an event of its own. Default: no.
    pub frame_events: bool,
    /// Turn-taking.
    pub turn: TurnSettings,
    /// Playout.
    pub playout: PlayoutSettings,
}

/// What a leg does with the caller's audio, besides listening to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// An agent answers: its audio is paced out, silence when there is none.
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
/// without `c(slin)`: 160-byte payloads, or payloads of another size that bring 8,000 bytes a
/// second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum G711Policy {
    /// Report it and take the frames for silence. It is never played as PCM.
    #[default]
    Refuse,
    /// Decode it. Which of the two laws it is, is recognised from what is sent.
    Decode,
}

/// What to do about the agent's own voice in what the line brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EchoPolicy {
    /// Frames that are the agent's echo are not taken for the caller's speech
    /// ([`EchoEstimate`](crate::echo::EchoEstimate)).
    #[default]
    Discount,
    /// All that is heard is the caller: for lines whose echo is cancelled elsewhere.
    Ignore,
}

/// What to do about voices that stay much softer than the caller's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackgroundPolicy {
    /// They are not taken for the caller's speech
    /// ([`BackgroundVoices`](crate::background::BackgroundVoices)).
    #[default]
    Discount,
    /// Everybody who is heard is the caller: for a table with one telephone.
    Ignore,
}

/// Where the caller's DTMF digits are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DtmfPolicy {
    /// Both in DTMF frames and as tones in the audio ([`DtmfDetector`](crate::dtmf::DtmfDetector)).
    /// A press that comes in both ways is told once ([`KeyPresses`](crate::dtmf::KeyPresses)), at
    /// its first coming. A tone is not taken for speech.
    #[default]
    Both,
    /// In DTMF frames only: for lines that always signal.
    Signalled,
}

/// What a leg can be told while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Fade out what is playing and discard what is queued, unless that has happened since: `epoch`
    /// is the one that was current when this was asked for, so that a flush that comes late does
    /// not cut what is said next.
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
    /// Lets a silence of so many milliseconds end the caller's turn, until the caller speaks again:
    /// for whoever knows from a transcript that what was said is complete, or is not. From the
    /// hangover to 30,000 ms; what is outside is taken as the nearest of them.
    EndOfTurn {
        /// The silence, in ms.
        silence_ms: u32,
    },
    /// The far end holds the call, or no longer. Meanwhile the agent is silent and what it says is
    /// kept, nobody is listened to, and no silence is told; keys that are signalled are.
    CallHold(bool),
    /// Sends the hang-up message; Asterisk ends the call when it reads it.
    HangUp,
}
