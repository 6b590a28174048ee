//! The interface that a leg is connected to.

use crate::audio::SampleRate;
use crate::event::Record;

/// A part of the caller's audio on its way to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerAudio<'a> {
    /// The caller began to speak; history from before that moment follows first.
    SpeechStarted,
    /// Samples at the leg's rate.
    Samples(&'a [i16]),
    /// The caller stopped speaking.
    SpeechEnded,
}

/// The interface that a [`Leg`](super::Leg) is connected to. No method may wait: the implementor
/// drops and counts what it can't take.
pub trait Port {
    /// An event of the call.
    fn record(&mut self, record: Record);
    /// Audio for the agent, as far as it was requested ([`Forward`](super::Forward)).
    fn caller_audio(&mut self, part: CallerAudio<'_>);
    /// A message of at most `len` bytes for the peer: `write` fills the buffer and returns the
    /// bytes it used. It must leave in one write, or Asterisk may end the call.
    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize);
    /// Agent audio of an epoch before `epoch` will be discarded from now on.
    fn epoch(&mut self, epoch: u32);
    /// The peer's first audio frame has another rate than expected; the leg has adopted it.
    fn rate(&mut self, rate: SampleRate);
}
