//! The voices and the speech-to-text of a rehearsal: sound as long as the words would take, and the
//! words themselves beside it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::speech::{
    Feed, ListenOptions, Parts, Recognition, SpeechInput, SpeechPart, SpeechToText, TextToSpeech,
    text_by_text,
};

/// The shortest utterance. Anything shorter might be a click.
const SHORTEST_MS: usize = 500;
/// Samples per second of the agent's voice.
const AGENT_HZ: u32 = 8_000;

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

/// The agent's voice.
pub(super) struct SpokenVoice {
    pub(super) ms_per_character: u32,
}

impl TextToSpeech for SpokenVoice {
    fn name(&self) -> &str {
        "rehearsal"
    }

    fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        let ms_per_character = self.ms_per_character;
        text_by_text(texts, move |text| {
            let samples = samples_of(&text, ms_per_character, AGENT_HZ);
            let samples: Vec<i16> = (0..samples).map(|n| sound(n, AGENT_HZ)).collect();
            Parts::whole([SpeechPart::audio(AGENT_HZ, samples)])
        })
    }
}

/// Words that the caller has begun to say and speech-to-text has not reported yet.
#[derive(Debug, Default)]
pub(crate) struct Spoken(Mutex<Vec<String>>);

impl Spoken {
    pub(super) fn begin(&self, text: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(text);
    }

    fn take(&self) -> Option<String> {
        let mut spoken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *spoken);
        (!all.is_empty()).then(|| all.join(" "))
    }
}

/// Speech-to-text that is always right.
pub(super) struct SpokenTranscriber(pub(super) Arc<Spoken>);

impl SpeechToText for SpokenTranscriber {
    fn name(&self) -> &str {
        "rehearsal"
    }

    fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        let spoken = self.0.clone();
        Parts::made_by(|out| async move {
            while let Some(part) = input.next().await {
                if part == SpeechInput::Ended
                    && let Some(text) = spoken.take().filter(|text| !text.is_empty())
                {
                    let confidence = 1.0;
                    out.send(Recognition::Final { text, confidence }).await;
                }
            }
            Ok(())
        })
    }
}
