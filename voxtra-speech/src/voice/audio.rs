//! The audio of an utterance, as providers send it.

use std::time::Duration;

use voxtra_core::audio::Law;

use super::super::{ProviderError, ProviderErrorKind, SpeechPart};
use super::Length;

/// Longest audio of one utterance.
pub(crate) const LONGEST: Duration = Duration::from_secs(1800);

/// How much of an utterance has been spoken; refuses what does not end.
#[derive(Debug)]
pub(crate) struct Spoken {
    provider: String,
    length: Length,
}

impl Spoken {
    pub(crate) fn new(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            length: Length::default(),
        }
    }

    /// Counts samples and makes a part of them.
    pub(crate) fn add(
        &mut self,
        rate_hz: u32,
        samples: Vec<i16>,
    ) -> Result<SpeechPart, ProviderError> {
        if rate_hz == 0 {
            return Err(self.error("it sent audio at 0 Hz"));
        }
        self.length.add(samples.len(), rate_hz);
        if self.length() > LONGEST {
            let minutes = LONGEST.as_secs() / 60;
            let message = format!("it sent more than {minutes} minutes of audio for one utterance");
            return Err(self.error(&message));
        }
        Ok(SpeechPart::audio(rate_hz, samples))
    }

    pub(crate) fn length(&self) -> Duration {
        self.length.get()
    }

    /// The utterance is complete: some audio must have come for a text that can be spoken.
    pub(crate) fn end(&self, text: &str) -> Result<(), ProviderError> {
        if self.length().is_zero() && text.contains(char::is_alphanumeric) {
            return Err(self.error("it sent no audio"));
        }
        Ok(())
    }

    fn error(&self, message: &str) -> ProviderError {
        ProviderError::new(self.provider.as_str(), ProviderErrorKind::Protocol, message)
    }
}

/// 16-bit little-endian samples as bytes that may be cut anywhere: an odd byte waits for its other
/// half.
#[derive(Debug, Default)]
pub(crate) struct Pcm16 {
    half: Option<u8>,
}

impl Pcm16 {
    pub(crate) fn push(&mut self, mut bytes: &[u8], samples: &mut Vec<i16>) {
        if let (Some(low), Some((high, rest))) = (self.half, bytes.split_first()) {
            samples.push(i16::from_le_bytes([low, *high]));
            self.half = None;
            bytes = rest;
        }
        let (pairs, odd) = bytes.as_chunks::<2>();
        samples.extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
        if let [byte] = odd {
            self.half = Some(*byte);
        }
    }
}

/// How a provider was asked to write samples.
#[derive(Debug)]
pub(crate) enum Encoding {
    Pcm16(Pcm16),
    MuLaw,
}

impl Encoding {
    /// µ-law is for 8 kHz only, where it halves what has to travel.
    pub(crate) fn at(rate_hz: u32, mu_law: bool) -> Self {
        if mu_law && rate_hz == 8_000 {
            Self::MuLaw
        } else {
            Self::Pcm16(Pcm16::default())
        }
    }

    pub(crate) fn is_mu_law(&self) -> bool {
        matches!(self, Self::MuLaw)
    }

    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Vec<i16> {
        let mut samples = Vec::new();
        match self {
            Self::Pcm16(pcm) => pcm.push(bytes, &mut samples),
            Self::MuLaw => {
                samples.resize(bytes.len(), 0);
                Law::Mu.decode_into(bytes, &mut samples);
            }
        }
        samples
    }
}

/// The line's rate where the provider has it; else the next higher one, so that nothing is lost, or
/// its highest. `rates` ascend.
pub(crate) fn nearest_rate(rates: &[u32], line_hz: u32) -> u32 {
    let enough = rates.iter().find(|rate| **rate >= line_hz);
    enough.or(rates.last()).copied().unwrap_or(line_hz)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn samples_are_the_same_however_their_bytes_are_cut(
            samples in proptest::collection::vec(any::<i16>(), 0..200),
            cuts in proptest::collection::vec(1_usize..9, 1..50),
        ) {
            let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
            let (mut pcm, mut decoded) = (Pcm16::default(), Vec::new());
            let (mut rest, mut cuts) = (bytes.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let n = (*cuts.next().unwrap()).min(rest.len());
                pcm.push(&rest[..n], &mut decoded);
                pcm.push(&[], &mut decoded);
                rest = &rest[n..];
            }
            prop_assert_eq!(decoded, samples);
        }
    }

    #[test]
    fn half_an_hour_is_enough() {
        let mut spoken = Spoken::new("test");
        for _ in 0..1800 {
            spoken.add(8_000, vec![0; 8_000]).unwrap();
        }
        assert_eq!(spoken.length(), LONGEST);
        let error = spoken.add(8_000, vec![0; 1]).unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Protocol);
    }

    #[test]
    fn silence_is_an_error_where_there_was_something_to_say() {
        let mut spoken = Spoken::new("test");
        assert!(spoken.end("…").is_ok());
        assert!(spoken.end("Yes.").is_err());
        assert!(spoken.add(0, vec![0]).is_err());
        spoken.add(8_000, vec![0]).unwrap();
        assert!(spoken.end("Yes.").is_ok());
    }
}
