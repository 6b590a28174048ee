//! Where the agent's audio comes from.

/// The agent's audio as playout sees it: chunks in order, each a run of samples that belong to one
/// utterance.
///
/// The other end (a ring that async code fills) must have put all samples of a chunk in place
/// before the chunk becomes visible here. No method may wait.
pub trait AgentAudio {
    /// The next chunk, or `None` if there is none yet. The previous chunk's samples have all been
    /// read or skipped.
    fn next_chunk(&mut self) -> Option<Chunk>;

    /// Reads samples of the current chunk; returns how many. Never asked for more than are left.
    fn read(&mut self, out: &mut [i16]) -> usize;

    /// Skips `samples` samples of the current chunk.
    fn skip(&mut self, samples: usize);

    /// What the caller hears when the agent is at a loss
    /// ([`GuardSettings`](crate::leg::GuardSettings)), at the frames' rate. The same samples each
    /// time, or none as long as there are none.
    fn clip(&self, _clip: Clip) -> &[i16] {
        &[]
    }

    /// Whether there is certainly no chunk, which lets an echoing leg look less often. `false` is
    /// always correct.
    fn is_idle(&self) -> bool {
        false
    }
}

/// Something that was made before it is needed, for an agent that has no answer yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clip {
    /// "One moment, please."
    Filler,
    /// It takes much too long.
    Apology,
}

/// The header of a run of samples.
///
/// The chunks of an utterance follow each other; the first has `first` set, the last has `last` set
/// (one chunk may be both). Every utterance must be closed by its `last` chunk: until then playout
/// counts each frame without audio as an underrun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// The playout's epoch when the chunk was queued. After a flush, chunks of an earlier epoch are
    /// skipped.
    pub epoch: u32,
    /// The utterance that the chunk belongs to.
    pub utterance: u32,
    /// How many samples follow. May be zero, to open or close an utterance.
    pub samples: u32,
    /// Whether the utterance starts here.
    pub first: bool,
    /// Whether it ends here.
    pub last: bool,
    /// Whether the caller may not interrupt it; the same in all of its chunks. If the caller
    /// interrupts the utterance before it, it is played all the same; a flush drops it.
    pub uninterruptible: bool,
}
