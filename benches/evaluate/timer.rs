//! What most voice agents do: a voice detector, and timers.

use voxtra_core::vad::{VAD_FRAME_SAMPLES, VoiceDetector};

/// So many frames of 20 ms in a row with voice are speech, which interrupts the agent at once. So
/// many in a row without end it, and the turn.
const START: u32 = 10;
const STOP: u32 = 35;

pub struct Timer {
    detector: Box<dyn VoiceDetector>,
    voiced: u32,
    silent: u32,
    speaking: bool,
}

pub enum Change {
    Started,
    Ended,
}

impl Timer {
    pub fn new(detector: Box<dyn VoiceDetector>) -> Self {
        Self {
            detector,
            voiced: 0,
            silent: 0,
            speaking: false,
        }
    }

    pub fn frame(&mut self, pcm: &[i16; VAD_FRAME_SAMPLES]) -> Option<Change> {
        if self.detector.process(pcm) >= 0.5 {
            self.voiced += 1;
            self.silent = 0;
        } else {
            self.voiced = 0;
            self.silent += 1;
        }
        let change = match self.speaking {
            false if self.voiced >= START => Change::Started,
            true if self.silent >= STOP => Change::Ended,
            _ => return None,
        };
        self.speaking = !self.speaking;
        Some(change)
    }
}
