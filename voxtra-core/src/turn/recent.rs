//! One bit for each of the latest frames.

/// One bit for each frame, the newest lowest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    startable: u64,
    voiced: u64,
    agent: u64,
}

impl Recent {
    pub(super) fn push(&mut self, startable: bool, voiced: bool, agent: bool) {
        self.startable = self.startable << 1 | u64::from(startable);
        self.voiced = self.voiced << 1 | u64::from(voiced);
        self.agent = self.agent << 1 | u64::from(agent);
    }

    pub(super) fn startable(&self, window: u32) -> u32 {
        newest(self.startable, window).count_ones()
    }

    pub(super) fn voiced(&self, window: u32) -> u32 {
        newest(self.voiced, window).count_ones()
    }

    pub(super) fn over_agent(&self, window: u32) -> u32 {
        newest(self.startable & self.agent, window).count_ones()
    }

    /// Frames from the newest back to the oldest one that could start speech.
    pub(super) fn oldest_startable(&self, window: u32) -> u32 {
        newest(self.startable, window).checked_ilog2().unwrap_or(0)
    }
}

pub(super) fn newest(bits: u64, window: u32) -> u64 {
    bits & 1_u64.checked_shl(window).unwrap_or(0).wrapping_sub(1)
}
