//! Operations on a leg, made of fuzzed bytes.

use core::time::Duration;
use std::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::audio::SampleRate;
use crate::leg::{
    Awaited, BackgroundPolicy, DtmfPolicy, EchoPolicy, Forward, G711Policy, LegSettings, Mode,
    WhileHeld,
};
use crate::playout::PlayoutSettings;
use crate::turn::{Meaning, Patience, TurnSettings};

/// A whole call: the leg's settings and its operations, in order.
#[derive(Debug)]
pub struct Session {
    pub(super) settings: LegSettings,
    /// The agent's chunks may break the rules of [`Chunk`](crate::playout::Chunk).
    pub(super) unruly: bool,
    pub(super) operations: Vec<Operation>,
}

/// One operation. Each is one byte that says which, and its operands.
#[derive(Debug)]
pub(super) enum Operation {
    /// Time passes without a deadline handled: a busy machine.
    Pass { ms: u8 },
    /// The same, for very long.
    Leap { ms: u32 },
    /// Every deadline is handled on time, for this many frames.
    Run { frames: u8 },
    /// The caller speaks at this loudness, 0 being silence; each frame at its time, or all at once.
    Speak {
        level: u8,
        frames: u8,
        bunched: bool,
    },
    /// A frame of any kind and length, all its bytes the same.
    Frame { kind: u8, len: u16, fill: u8 },
    /// Any bytes.
    Bytes { bytes: Vec<u8> },
    /// A digit, usually.
    Digit { byte: u8 },
    /// A digit's tone of 60 ms, and as long a pause.
    Tone { key: u8 },
    /// The connection's id once more.
    Id,
    /// The peer's hang-up message.
    PeerHangsUp,
    /// The agent begins an utterance, and perhaps ends it.
    Say {
        samples: u16,
        chunk: u8,
        whole: bool,
    },
    /// The agent continues the utterance, and perhaps ends it.
    GoOn { samples: u16, chunk: u8, end: bool },
    /// A chunk that breaks the rules, where that is allowed.
    Break {
        epoch: u8,
        utterance: u8,
        samples: u16,
        there: u16,
        flags: u8,
    },
    /// The agent asks for silence, in this epoch or in an earlier one.
    Flush { late: bool },
    /// How much the agent is given.
    Forward { forward: Forward },
    /// Answering or echoing.
    Mode { mode: Mode },
    /// Frame events on or off.
    FrameEvents { on: bool },
    /// Interruption allowed or not.
    BargeIn { on: bool },
    /// The application knows better when the turn ends.
    EndOfTurn { silence_ms: u32 },
    /// What the caller is expected to say, or was heard to.
    Patience { patience: Patience, expected: bool },
    /// Words come while they are said, or not.
    ExpectWords { on: bool },
    /// What the caller's words mean.
    Overlap { meaning: Meaning },
    /// The call is put on hold, or taken off.
    CallHold { on: bool },
    /// The caller, or the agent, is muted or not.
    Mute { caller: bool, on: bool },
    /// The guard against dead air learns whose turn it is.
    Await { awaited: Awaited },
    /// The agent hangs up.
    HangUp,
    /// The socket's owner saw a fault.
    Fault { frames: u8 },
    /// The peer doesn't read: this many messages can't be sent.
    Full { messages: u8 },
    /// The connection is over.
    Stop,
}

impl<'a> Arbitrary<'a> for Session {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let [sound, turns]: [u8; 2] = u.arbitrary()?;
        let settings = LegSettings {
            rate: match sound & 3 {
                0 | 1 => SampleRate::Hz8000,
                2 => SampleRate::Hz16000,
                _ => SampleRate::Hz48000,
            },
            mode: mode(sound >> 2),
            forward: forward(sound >> 3),
            g711: match sound >> 5 & 1 {
                0 => G711Policy::Refuse,
                _ => G711Policy::Decode,
            },
            echo: match sound >> 7 {
                0 => EchoPolicy::Discount,
                _ => EchoPolicy::Ignore,
            },
            background: match (sound >> 1 ^ sound >> 4) & 1 {
                0 => BackgroundPolicy::Discount,
                _ => BackgroundPolicy::Ignore,
            },
            dtmf: match (sound >> 2 ^ sound >> 5) & 1 {
                0 => DtmfPolicy::Both,
                _ => DtmfPolicy::Signalled,
            },
            while_held: match (sound >> 3 ^ sound >> 6) & 1 {
                0 => WhileHeld::Pause,
                _ => WhileHeld::Drop,
            },
            frame_events: sound >> 6 & 1 == 1,
            turn: TurnSettings {
                min_speech_ms: if turns & 1 == 0 { 100 } else { 20 },
                hangover_ms: if turns & 2 == 0 { 240 } else { 20 },
                end_of_turn_ms: if turns & 4 == 0 { 700 } else { 240 },
                silence_ms: [5_000, 0, 240, 1_000][usize::from(turns >> 3 & 3)],
                barge_in_min_speech_ms: if turns & 32 == 0 { 400 } else { 20 },
                ..TurnSettings::default()
            },
            playout: PlayoutSettings {
                gain_db: if turns & 64 == 0 { 0.0 } else { 12.0 },
                declick: Duration::from_micros(if turns & 64 == 0 { 0 } else { 2_500 }),
                // Without fades, what is sent is what was given.
                pause_fade: Duration::from_millis(if turns & 64 == 0 { 0 } else { 10 }),
                ..PlayoutSettings::default()
            },
        };
        let mut operations = Vec::new();
        while !u.is_empty() {
            operations.push(u.arbitrary()?);
        }
        Ok(Self {
            settings,
            unruly: turns >> 7 == 1,
            operations,
        })
    }
}

impl<'a> Arbitrary<'a> for Operation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // When bytes run short, `u` gives zeros.
        let byte = |u: &mut Unstructured<'a>| u.arbitrary::<u8>();
        Ok(match byte(u)? {
            // The others keep the numbers that the seeds have.
            number @ (247 | 248) => Self::Mute {
                caller: number == 247,
                on: byte(u)? & 1 == 1,
            },
            249..=252 => Self::Await {
                awaited: match byte(u)? % 5 {
                    0 => Awaited::Nobody,
                    1 => Awaited::Caller,
                    2 => Awaited::Unclear,
                    patience => Awaited::Agent {
                        patience_ms: 500 * u32::from(patience),
                    },
                },
            },
            253 => {
                let bits = byte(u)?;
                Self::Patience {
                    patience: match bits % 3 {
                        0 => Patience::Shorter,
                        1 => Patience::Usual,
                        _ => Patience::Longer,
                    },
                    expected: bits >> 7 == 1,
                }
            }
            254 => Self::ExpectWords {
                on: byte(u)? & 1 == 1,
            },
            255 => Self::Overlap {
                meaning: match byte(u)? % 3 {
                    0 => Meaning::Backchannel,
                    1 => Meaning::Content,
                    _ => Meaning::Interruption,
                },
            },
            other => Self::numbered(other % 29, u)?,
        })
    }
}

impl Operation {
    fn numbered(number: u8, u: &mut Unstructured<'_>) -> Result<Self> {
        let byte = |u: &mut Unstructured<'_>| u.arbitrary::<u8>();
        Ok(match number {
            0 => Self::Pass { ms: byte(u)? },
            1 => Self::Leap { ms: u.arbitrary()? },
            2..=4 => Self::Run { frames: byte(u)? },
            5..=7 => {
                let (level, frames) = (byte(u)?, byte(u)?);
                Self::Speak {
                    level,
                    frames: frames & 0x7f,
                    bunched: frames >> 7 == 1,
                }
            }
            8 => Self::Frame {
                kind: byte(u)?,
                len: u.arbitrary()?,
                fill: byte(u)?,
            },
            9 => {
                let len = usize::from(byte(u)?).min(u.len());
                Self::Bytes {
                    bytes: u.bytes(len)?.to_vec(),
                }
            }
            10 => Self::Digit { byte: byte(u)? },
            11 => Self::Id,
            12 => Self::PeerHangsUp,
            13 | 14 => {
                let (samples, chunk) = (u.arbitrary()?, byte(u)?);
                Self::Say {
                    samples,
                    chunk: chunk >> 1,
                    whole: chunk & 1 == 0,
                }
            }
            15 => {
                let (samples, chunk) = (u.arbitrary()?, byte(u)?);
                Self::GoOn {
                    samples,
                    chunk: chunk >> 1,
                    end: chunk & 1 == 0,
                }
            }
            16 => Self::Break {
                epoch: byte(u)?,
                utterance: byte(u)?,
                samples: u.arbitrary()?,
                there: u.arbitrary()?,
                flags: byte(u)?,
            },
            17 => Self::Flush {
                late: byte(u)? & 1 == 1,
            },
            18 => Self::Forward {
                forward: forward(byte(u)?),
            },
            19 => Self::Mode {
                mode: mode(byte(u)?),
            },
            20 => Self::FrameEvents {
                on: byte(u)? & 1 == 1,
            },
            21 => Self::BargeIn {
                on: byte(u)? & 1 == 1,
            },
            22 => Self::HangUp,
            23 => Self::Fault { frames: byte(u)? },
            24 => Self::Full { messages: byte(u)? },
            25 => Self::EndOfTurn {
                silence_ms: u.arbitrary()?,
            },
            26 => Self::Stop,
            27 => Self::CallHold {
                on: byte(u)? & 1 == 1,
            },
            _ => Self::Tone { key: byte(u)? },
        })
    }
}

fn mode(bits: u8) -> Mode {
    if bits & 1 == 0 {
        Mode::Agent
    } else {
        Mode::Echo
    }
}

fn forward(bits: u8) -> Forward {
    match bits & 3 {
        0 => Forward::Nothing,
        1 => Forward::Speech,
        _ => Forward::Everything,
    }
}
