//! The voices of a rehearsal: sound as long as the words would take.

use std::time::Duration;

use crate::speech::{Feed, Parts, SpeechPart, TextToSpeech, text_by_text};

/// The shortest utterance. Anything shorter might be a click.
const SHORTEST_MS: usize = 500;
/// Samples per second of the agent's voice.
const AGENT_HZ: u32 = 8_000;
/// How long a speaker takes to say one character.
pub(super) const MS_PER_CHARACTER: u32 = 60;

/// Samples that a speaker takes to say this.
pub(super) fn samples_of(text: &str, ms_per_character: u32, rate_hz: u32) -> usize {
    let per_character = usize::try_from(ms_per_character).unwrap_or(usize::MAX);
    let ms = text.chars().count().saturating_mul(per_character);
    let per_second = usize::try_from(rate_hz).unwrap_or(usize::MAX);
    ms.max(SHORTEST_MS).saturating_mul(per_second) / 1_000
}

/// A sentence, again and again, which a voice detector takes for speech. In whole numbers, so that
/// it is the same everywhere.
pub(super) fn sound(sample: usize, rate_hz: u32) -> i16 {
    let rate = usize::try_from(rate_hz.max(1)).unwrap_or(1);
    let (samples, _) = SENTENCE.as_chunks::<2>();
    let seconds = sample / rate;
    let within = (sample % rate).saturating_mul(SENTENCE_HZ) / rate;
    let at = seconds.saturating_mul(SENTENCE_HZ).saturating_add(within);
    let sample = at.checked_rem(samples.len()).and_then(|at| samples.get(at));
    sample.map_or(0, |bytes| i16::from_le_bytes(*bytes))
}

/// "The weather is lovely here this morning", from `assets/caller-hello.wav`, without the silence
/// around it: 16-bit little-endian.
const SENTENCE: &[u8] = include_bytes!("voice.s16");
const SENTENCE_HZ: usize = 8_000;

/// How a rehearsal's agents speak. The default has the first audio of each sentence at once, and
/// takes 60 ms a character.
///
/// ```
/// use std::time::Duration;
/// use voxtra_rt::rehearsal::Voice;
///
/// let far_away = Voice::new().first_audio_after(Duration::from_millis(400));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Voice {
    /// How long the first audio of each text, a sentence mostly, takes. Default: no time.
    pub first_audio_after: Duration,
    /// How long it speaks, in ms for each character, half a second a text at least. Default: 60.
    pub ms_per_character: u32,
}

impl Default for Voice {
    fn default() -> Self {
        Self::new()
    }
}

impl Voice {
    /// One whose audio is there at once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            first_audio_after: Duration::ZERO,
            ms_per_character: MS_PER_CHARACTER,
        }
    }

    /// Makes the first audio of each text take this long.
    #[must_use]
    pub fn first_audio_after(mut self, delay: Duration) -> Self {
        self.first_audio_after = delay;
        self
    }

    /// Speaks this long, in ms for each character.
    #[must_use]
    pub fn ms_per_character(mut self, ms: u32) -> Self {
        self.ms_per_character = ms;
        self
    }
}

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        "rehearsal"
    }

    fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        let Self {
            first_audio_after,
            ms_per_character,
        } = *self;
        text_by_text(texts, move |text| {
            let samples = samples_of(&text, ms_per_character, AGENT_HZ);
            let samples: Vec<i16> = (0..samples).map(|n| sound(n, AGENT_HZ)).collect();
            let audio = SpeechPart::audio(AGENT_HZ, samples);
            if first_audio_after.is_zero() {
                return Parts::whole([audio]);
            }
            Parts::made_by(move |out| async move {
                tokio::time::sleep(first_audio_after).await;
                out.send(audio).await;
                Ok(())
            })
        })
    }
}
