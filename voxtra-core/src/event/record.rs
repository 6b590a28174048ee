//! Records: the bus carries them from a media thread.

use core::fmt;

use super::Realtime;
use crate::playout::Clip;
use crate::time::Instant;

/// Something that happened on the media path, and when.
///
/// Voxtra's own records carry built-in events. A program that uses the core alone may have other
/// `Copy` events: `events Name { … }` with nothing but `@realtime` events in it makes such a set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<E = Realtime> {
    /// When it happened, by the media thread's clock.
    pub at: Instant,
    /// What happened.
    pub body: RecordBody<E>,
}

/// The content of a [`Record`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RecordBody<E = Realtime> {
    /// An event, complete.
    Event(E),
    /// The first frame of an utterance went out. The code that queued it knows its text.
    UtteranceStarted {
        /// The utterance's number, given by the code that queued it.
        utterance: u32,
    },
    /// The last frame of an utterance went out, or it was cut.
    UtteranceEnded {
        /// The utterance's number, given by the code that queued it.
        utterance: u32,
        /// Whether it was cut short.
        interrupted: bool,
        /// How much of it went out, in samples at the leg's rate: all of it, or up to where it was
        /// cut. What was discarded before its first frame has 0. A frame that the peer did not take
        /// counts ([`Fault::FramesDropped`] tells of it).
        played: u64,
    },
    /// The first frame of a clip went out.
    ClipStarted {
        /// Which one.
        clip: Clip,
    },
    /// The last frame of a clip went out, or it was cut.
    ClipEnded {
        /// Which one.
        clip: Clip,
        /// Whether it was cut short.
        interrupted: bool,
        /// How much of it went out, in samples at the leg's rate.
        played: u64,
    },
    /// The other side broke a rule, or the line can't keep up.
    Fault(Fault),
    /// This many records didn't fit into the subscriber's ring before this one.
    Missed(u32),
}

/// A fault of a leg's peer or line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// µ-law under the kind of 8 kHz PCM: half as many bytes as the samples need.
    MulawUnder8k,
    /// A-law under the kind of 8 kHz PCM: half as many bytes as the samples need.
    AlawUnder8k,
    /// Twice as many samples as the kind announces, in frames twice as long.
    TwiceTheRate {
        /// The rate that is announced, in Hz.
        announced: u32,
    },
    /// Far fewer bytes than samples need: G.722, G.729, GSM, iLBC or another compressed format.
    Compressed,
    /// The rate of the audio changed within a call.
    RateChanged {
        /// The rate so far, in Hz.
        from: u32,
        /// The rate of the frame that changed it, in Hz.
        to: u32,
    },
    /// Audio of an odd number of bytes; the last one was ignored.
    OddPayload,
    /// An audio frame without audio.
    EmptyAudio,
    /// A frame of a kind that isn't known; it was skipped.
    UnknownKind(u8),
    /// A second id on a connection that has one.
    SecondId,
    /// The peer sent an error frame with this code.
    PeerError(u8),
    /// A frame whose payload doesn't fit its kind.
    Malformed,
    /// The peer sends far faster than real time; the connection is closed.
    TooFast,
    /// The call has reached its longest duration; the connection is closed.
    TooLong,
    /// The peer has sent no audio for as long as it may; the connection is closed.
    Idle,
    /// The peer doesn't read: frames can't be written.
    WriteStalled,
    /// The caller, who awaits the agent, has heard nothing for as long as the agent may take.
    DeadAir,
    /// This many outbound frames were dropped because the peer didn't read.
    FramesDropped(u32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MulawUnder8k => f.write_str(
                "the peer sends µ-law where 8 kHz PCM is announced: use the format slin",
            ),
            Self::AlawUnder8k => f.write_str(
                "the peer sends A-law where 8 kHz PCM is announced: use the format slin",
            ),
            Self::TwiceTheRate { announced } => write!(
                f,
                "the peer sends twice the samples of {announced} Hz: its Asterisk is too old to \
                 announce other rates; use the format slin, or a newer Asterisk"
            ),
            Self::Compressed => f.write_str(
                "the peer sends far too few bytes for PCM, so it is a compressed format \
                 (G.722, G.729, GSM or iLBC): use the format slin",
            ),
            Self::RateChanged { from, to } => {
                write!(f, "the rate of the audio changed from {from} Hz to {to} Hz")
            }
            Self::OddPayload => f.write_str("audio of an odd number of bytes"),
            Self::EmptyAudio => f.write_str("an audio frame without audio"),
            Self::UnknownKind(kind) => write!(f, "a frame of the unknown kind {kind:#04x}"),
            Self::SecondId => f.write_str("a second id on the same connection"),
            Self::PeerError(code) => write!(f, "the peer reports error {code:#04x}"),
            Self::Malformed => f.write_str("a frame whose payload doesn't fit its kind"),
            Self::TooFast => f.write_str("the peer sends far faster than real time"),
            Self::TooLong => f.write_str("the call is as long as media.longest_call_s allows"),
            Self::Idle => {
                f.write_str("the peer has sent no audio for as long as media.idle_timeout_s allows")
            }
            Self::DeadAir => f.write_str(
                "the caller has heard nothing for as long as dead_air.give_up_after_ms allows",
            ),
            Self::WriteStalled => f.write_str("the peer doesn't read"),
            Self::FramesDropped(frames) => write!(
                f,
                "{frames} outbound frames were dropped: the peer doesn't read"
            ),
        }
    }
}

impl core::error::Error for Fault {}
