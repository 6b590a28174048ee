//! Speech that is made before it is needed, once for all calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::OnceCell;
use voxtra_core::audio::{Resampler, SampleRate};
use voxtra_core::event::UsageRole;

use super::call::{Call, Services};
use super::error::CallError;
use super::say::speech_of;
use super::speak::Speech;
use super::usage::Meter;
use crate::lock::lock;
use crate::speech::{
    Feed, Parts, Prompts, ProviderError, ProviderErrorKind, SpeechPart, SpeechToSpeech, TalkInput,
    TalkOptions, TalkPart, TextToSpeech,
};

/// Longest clip: an apology that takes longer is dead air of another kind.
const LONGEST: Duration = Duration::from_secs(15);

/// How long a clip may take to be made.
const PATIENCE: Duration = Duration::from_secs(30);

/// Clips that are kept. The oldest go.
const KEPT: usize = 64;

/// The clips of an application.
#[derive(Default)]
pub(crate) struct Clips(Mutex<VecDeque<Entry>>);

/// What says a clip that was not recorded.
#[derive(Clone)]
enum Speaker {
    Voice(Arc<dyn TextToSpeech>),
    /// In a conversation of its own, in which nothing else is said.
    Service(Arc<dyn SpeechToSpeech>),
}

impl Speaker {
    /// Who speaks in a call: the caller hears one voice.
    fn of(services: &Services) -> Option<Self> {
        let service = services.speech_to_speech.clone().map(Self::Service);
        service.or_else(|| services.voice.clone().map(Self::Voice))
    }
}

/// A speaker that may be gone.
enum Past {
    Voice(Weak<dyn TextToSpeech>),
    Service(Weak<dyn SpeechToSpeech>),
}

impl Past {
    fn of(speaker: &Speaker) -> Self {
        match speaker {
            Speaker::Voice(voice) => Self::Voice(Arc::downgrade(voice)),
            Speaker::Service(service) => Self::Service(Arc::downgrade(service)),
        }
    }

    fn is_there(&self) -> bool {
        match self {
            Self::Voice(voice) => voice.strong_count() > 0,
            Self::Service(service) => service.strong_count() > 0,
        }
    }

    fn was(&self, speaker: &Speaker) -> bool {
        match (self, speaker) {
            (Self::Voice(of), Speaker::Voice(voice)) => {
                std::ptr::addr_eq(of.as_ptr(), Arc::as_ptr(voice))
            }
            (Self::Service(of), Speaker::Service(service)) => {
                std::ptr::addr_eq(of.as_ptr(), Arc::as_ptr(service))
            }
            _ => false,
        }
    }
}

/// One clip, and what it was made of.
struct Entry {
    speaker: Option<Past>,
    prompts: Weak<Prompts>,
    text: String,
    rate: SampleRate,
    made: Arc<OnceCell<Arc<[i16]>>>,
}

impl Clips {
    /// The place of a clip, which whoever comes first fills.
    fn place(
        &self,
        speaker: Option<&Speaker>,
        prompts: &Arc<Prompts>,
        text: &str,
        rate: SampleRate,
    ) -> Arc<OnceCell<Arc<[i16]>>> {
        let mut clips = lock(&self.0);
        // What is gone is made by nobody again, and its address may be another's by now.
        clips.retain(|clip| {
            clip.prompts.strong_count() > 0 && clip.speaker.as_ref().is_none_or(Past::is_there)
        });
        let found = clips.iter().find(|clip| {
            let speakers = match (&clip.speaker, speaker) {
                (Some(past), Some(speaker)) => past.was(speaker),
                (None, None) => true,
                _ => false,
            };
            let prompts = std::ptr::addr_eq(clip.prompts.as_ptr(), Arc::as_ptr(prompts));
            speakers && prompts && clip.rate == rate && clip.text == text
        });
        if let Some(found) = found {
            return found.made.clone();
        }
        if clips.len() >= KEPT {
            clips.pop_front();
        }
        let made = Arc::new(OnceCell::new());
        clips.push_back(Entry {
            speaker: speaker.map(Past::of),
            prompts: Arc::downgrade(prompts),
            text: text.to_owned(),
            rate,
            made: made.clone(),
        });
        made
    }
}

/// This text in the call's voice, at this rate, if it was made before.
pub(super) fn ready(call: &Call, text: &str, rate: SampleRate) -> Arc<[i16]> {
    if text.is_empty() {
        return Arc::default();
    }
    let place = place(call, text, rate);
    place.get().cloned().unwrap_or_default()
}

fn place(call: &Call, text: &str, rate: SampleRate) -> Arc<OnceCell<Arc<[i16]>>> {
    let services = call.session().services();
    let speaker = Speaker::of(&services);
    services
        .clips
        .place(speaker.as_ref(), &services.prompts, text, rate)
}

/// This text in the call's voice, at this rate; nothing if it can't be made. Calls that want the
/// same at the same time make it once.
pub(super) async fn of(call: &Call, text: &str, rate: SampleRate) -> Arc<[i16]> {
    if text.is_empty() {
        return Arc::default();
    }
    let place = place(call, text, rate);
    let made = place.get_or_try_init(|| async {
        match tokio::time::timeout(PATIENCE, make(call, text, rate)).await {
            Ok(made) => made,
            Err(_) => Err(ProviderError::silent("text_to_speech", PATIENCE).into()),
        }
    });
    match made.await {
        Ok(made) => made.clone(),
        Err(error) => {
            tracing::warn!(
                call = call.id(),
                text,
                %error,
                "this can't be said beforehand, so it will be missing when it is needed"
            );
            Arc::default()
        }
    }
}

async fn make(call: &Call, text: &str, rate: SampleRate) -> Result<Arc<[i16]>, CallError> {
    let services = call.session().services();
    if let Some(Speaker::Service(service)) = Speaker::of(&services)
        && services.prompts.by_text(text).is_none()
    {
        let mut options = TalkOptions::new(rate.hz(), "");
        options.language = services.language.as_deref().map(str::to_owned);
        match collect(call, text, rate, said_by(call, &*service, options, text)).await {
            Err(error) if services.voice.is_some() => {
                tracing::warn!(
                    call = call.id(),
                    text,
                    %error,
                    "the speech-to-speech service does not say this beforehand; the voice says it"
                );
            }
            made => return made,
        }
    }
    collect(call, text, rate, speech_of(call, text)?).await
}

/// Collects what is said, at this rate.
async fn collect(
    call: &Call,
    text: &str,
    rate: SampleRate,
    speech: Speech,
) -> Result<Arc<[i16]>, CallError> {
    let Speech { mut parts, meter } = speech;
    let mut made = Vec::new();
    let mut resampler: Option<(u32, Resampler)> = None;
    let most = rate.samples_in(LONGEST);
    while let Some(part) = parts.next().await {
        let part = part?;
        if let Some(meter) = &meter {
            meter.spoke(part.duration());
        }
        let SpeechPart::Audio { rate_hz, samples } = part else {
            continue;
        };
        if rate_hz == rate.hz() {
            made.extend_from_slice(&samples);
        } else {
            if resampler.as_ref().is_none_or(|(from, _)| *from != rate_hz) {
                resampler = Some((rate_hz, Resampler::new(rate_hz, rate.hz())?));
            }
            if let Some((_, resampler)) = &mut resampler {
                convert(resampler, &samples, &mut made);
            }
        }
        if made.len() > most {
            tracing::warn!(call = call.id(), text, "is cut: it takes longer than 15 s");
            made.truncate(most);
            break;
        }
    }
    if let Some((_, resampler)) = &mut resampler {
        let tail = vec![0; resampler.delay_samples()];
        convert(resampler, &tail, &mut made);
    }
    Ok(made.into())
}

/// What a service says when it is to say this.
fn said_by(call: &Call, service: &dyn SpeechToSpeech, options: TalkOptions, text: &str) -> Speech {
    let (input, feed) = Feed::queue(1);
    let mut talk = service.talk(options, feed);
    let name = service.name().to_owned();
    let meter = Meter::new(call, UsageRole::SpeechToSpeech, &name, talk.at_work());
    let text = text.to_owned();
    let noting = meter.clone();
    let parts = Parts::made_by(|out| async move {
        input.send(TalkInput::Say(text)).await;
        while let Some(part) = talk.next().await {
            match part? {
                TalkPart::Audio { rate_hz, samples } => {
                    let taken = out.send(SpeechPart::audio(rate_hz, samples)).await;
                    if !taken {
                        return Ok(());
                    }
                }
                TalkPart::Usage(usage) => noting.tokens(&usage),
                TalkPart::Done(_) => {
                    noting.asked();
                    return Ok(());
                }
                _ => {}
            }
        }
        let kind = ProviderErrorKind::Unavailable;
        Err(ProviderError::new(
            name,
            kind,
            "it has ended the conversation",
        ))
    });
    Speech::metered(parts, meter)
}

fn convert(resampler: &mut Resampler, mut samples: &[i16], out: &mut Vec<i16>) {
    let mut block = [0; 1_024];
    loop {
        let (taken, made) = resampler.process(samples, &mut block);
        samples = samples.get(taken..).unwrap_or_default();
        out.extend_from_slice(block.get(..made).unwrap_or_default());
        if samples.is_empty() && made < block.len() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Mute;

    impl TextToSpeech for Mute {
        fn name(&self) -> &str {
            "mute"
        }

        fn speak(&self, _: Feed<String>, _: u32) -> Parts<SpeechPart> {
            Parts::whole([])
        }
    }

    #[test]
    fn a_clip_belongs_to_its_voice_its_words_and_its_rate() {
        let clips = Clips::default();
        let prompts = Arc::new(Prompts::new());
        let rate = SampleRate::Hz8000;
        let [voice, other] = [Mute, Mute].map(|voice| Speaker::Voice(Arc::new(voice)));
        let first = clips.place(Some(&voice), &prompts, "a", rate);
        let again = clips.place(Some(&voice), &prompts, "a", rate);
        assert!(Arc::ptr_eq(&first, &again));
        for (voice, text, rate) in [
            (&voice, "b", rate),
            (&voice, "a", SampleRate::Hz16000),
            (&other, "a", rate),
        ] {
            let place = clips.place(Some(voice), &prompts, text, rate);
            assert!(!Arc::ptr_eq(&first, &place));
        }
        assert_eq!(lock(&clips.0).len(), 4);
        // With its voice goes what was said in it.
        drop(voice);
        clips.place(Some(&other), &prompts, "a", rate);
        assert_eq!(lock(&clips.0).len(), 1);
        for n in 0..2 * KEPT {
            clips.place(Some(&other), &prompts, &n.to_string(), rate);
        }
        assert_eq!(lock(&clips.0).len(), KEPT);
    }
}
