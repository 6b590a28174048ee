//! Which voice detector listens to the caller of a call.

use voxtra_core::vad::{EnergyDetector, TelephoneDetector, VAD_FRAME_SAMPLES, VoiceDetector};

/// The voice detector of live calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detector {
    /// A neural network trained for speech on the telephone: [`TelephoneDetector`].
    #[default]
    Telephone,
    /// Detects any sound above the line's noise, including music and street noise, at a tenth of
    /// the cost: [`EnergyDetector`].
    Energy,
}

/// The voice detector of one call.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most calls have the large one, and a pointer to it would cost more than it saves"
)]
pub(crate) enum CallDetector {
    Telephone(TelephoneDetector),
    Energy(EnergyDetector),
}

impl From<Detector> for CallDetector {
    fn from(detector: Detector) -> Self {
        match detector {
            Detector::Telephone => Self::Telephone(TelephoneDetector::new()),
            Detector::Energy => Self::Energy(EnergyDetector::new()),
        }
    }
}

impl VoiceDetector for CallDetector {
    fn process(&mut self, frame: &[i16; VAD_FRAME_SAMPLES]) -> f32 {
        match self {
            Self::Telephone(detector) => detector.process(frame),
            Self::Energy(detector) => detector.process(frame),
        }
    }

    fn reset(&mut self) {
        match self {
            Self::Telephone(detector) => detector.reset(),
            Self::Energy(detector) => detector.reset(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_takes_no_more_memory_than_the_larger_detector() {
        assert!(size_of::<CallDetector>() <= size_of::<TelephoneDetector>() + 8);
    }

    #[test]
    fn each_choice_is_the_detector_of_its_name() {
        let frame: [i16; VAD_FRAME_SAMPLES] =
            std::array::from_fn(|n| ((n as f64 * 0.4).sin() * 9_000.0) as i16);
        let heard = |detector: &mut dyn VoiceDetector| {
            let heard: Vec<u32> = (0..50)
                .map(|_| detector.process(&frame).to_bits())
                .collect();
            detector.reset();
            assert_eq!(detector.process(&frame).to_bits(), heard[0]);
            heard
        };
        for (choice, mut named) in [
            (
                Detector::Telephone,
                Box::new(TelephoneDetector::new()) as Box<dyn VoiceDetector>,
            ),
            (Detector::Energy, Box::new(EnergyDetector::new())),
        ] {
            let chosen = heard(&mut CallDetector::from(choice));
            assert_eq!(chosen, heard(&mut *named), "{choice:?}");
        }
        assert_eq!(Detector::default(), Detector::Telephone);
    }
}
