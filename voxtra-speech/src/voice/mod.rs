#[allow(dead_code, reason = "each provider uses a part of it")]
pub(crate) mod audio;
#[cfg(any(feature = "cartesia", feature = "elevenlabs"))]
pub(crate) mod captions;
#[cfg(any(feature = "cartesia", feature = "deepgram", feature = "elevenlabs"))]
pub(crate) mod streamed;

use std::sync::Arc;
use std::time::Duration;

use super::{BoxFuture, Feed, PartSender, Parts, ProviderError};

/// A part of speech, as a voice makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpeechPart {
    /// The text that is spoken from this place of the audio on, up to the place of the next one. It
    /// comes before the audio that speaks it, or after. A voice that knows its word times sends
    /// each word.
    Text {
        /// The text, as it was given to the voice.
        text: String,
        /// Its place: how much audio of this speech comes before it.
        at: Duration,
    },
    /// The next samples: mono, in chunks of any length.
    Audio {
        /// Samples per second. It seldom changes within one speech, but may.
        rate_hz: u32,
        /// The samples. Whoever plays them too shares them.
        samples: Arc<[i16]>,
    },
}

impl SpeechPart {
    /// Samples at this rate.
    #[must_use]
    pub fn audio(rate_hz: u32, samples: impl Into<Arc<[i16]>>) -> Self {
        let samples = samples.into();
        Self::Audio { rate_hz, samples }
    }

    /// How long its audio lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        match self {
            Self::Text { .. } => Duration::ZERO,
            Self::Audio { rate_hz, samples } => duration(samples.len(), *rate_hz),
        }
    }
}

/// Turns text into speech.
///
/// ```
/// use voxtra_speech::{Feed, Parts, SpeechPart, TextToSpeech, text_by_text};
///
/// /// One beep per word, 100 ms each.
/// struct Beeps;
///
/// impl TextToSpeech for Beeps {
///     fn name(&self) -> &str {
///         "beeps"
///     }
///
///     fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
///         text_by_text(texts, |text| {
///             let beep = (0..800).map(|n| if n / 8 % 2 == 0 { 4_000 } else { -4_000 });
///             let words = text.split_whitespace().count();
///             let samples: Vec<i16> = std::iter::repeat_n(beep, words).flatten().collect();
///             Parts::whole([SpeechPart::audio(8_000, samples)])
///         })
///     }
/// }
/// ```
pub trait TextToSpeech: Send + Sync {
    /// Its name in logs and errors.
    fn name(&self) -> &str;

    /// Speaks one utterance. Its texts come one after the other, sentences mostly, while a language
    /// model still writes. The first samples should come before the last text has: the caller hears
    /// the beginning while the rest is being made. Dropping the parts stops the work.
    ///
    /// `line_hz` is the rate of the telephone line, in samples per second. A voice that can choose
    /// its rate should choose this one; every other is converted.
    ///
    /// A voice that speaks whole texts only passes them through [`text_by_text`].
    fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart>;

    /// Opens connections, so that the first answer needs not wait for them. Called while the
    /// telephone rings. It may fail quietly: whoever needs the connection next is told why.
    fn prepare(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Speaks each text with `synthesize`, one behind the other, and tells where each begins. The next
/// text is begun while the audio of the one before is still being read. Texts of nothing but spaces
/// are left out.
pub fn text_by_text(
    mut texts: Feed<String>,
    mut synthesize: impl FnMut(String) -> Parts<SpeechPart> + Send + 'static,
) -> Parts<SpeechPart> {
    Parts::made_by(|out| async move {
        let mut length = Length::default();
        let mut next = begin(&mut texts, &mut synthesize).await;
        while let Some(begun) = next {
            let current = pass_on(begun, &mut length, &out);
            let following = async { Ok(begin(&mut texts, &mut synthesize).await) };
            ((), next) = tokio::try_join!(current, following)?;
        }
        Ok(())
    })
}

/// A text whose speech has begun.
struct Begun {
    text: String,
    speech: Parts<SpeechPart>,
    first: Option<Result<SpeechPart, ProviderError>>,
}

async fn begin(
    texts: &mut Feed<String>,
    synthesize: &mut impl FnMut(String) -> Parts<SpeechPart>,
) -> Option<Begun> {
    let text = next_text(texts).await?;
    let mut speech = synthesize(text.clone());
    let first = speech.next().await;
    Some(Begun {
        text,
        speech,
        first,
    })
}

async fn pass_on(
    begun: Begun,
    length: &mut Length,
    out: &PartSender<SpeechPart>,
) -> Result<(), ProviderError> {
    let Begun {
        text,
        mut speech,
        first,
    } = begun;
    let start = length.get();
    out.send(SpeechPart::Text { text, at: start }).await;
    let mut next = first;
    while let Some(part) = next {
        let part = match part? {
            SpeechPart::Text { text, at } => SpeechPart::Text {
                text,
                at: start.saturating_add(at),
            },
            SpeechPart::Audio { rate_hz, samples } => {
                length.add(samples.len(), rate_hz);
                SpeechPart::Audio { rate_hz, samples }
            }
        };
        if !out.send(part).await {
            break;
        }
        next = speech.next().await;
    }
    Ok(())
}

/// The next text in which there is something.
pub(crate) async fn next_text(texts: &mut Feed<String>) -> Option<String> {
    loop {
        let text = texts.next().await?;
        if !text.trim().is_empty() {
            return Some(text);
        }
    }
}

/// The length of audio that comes in parts: exact, where the lengths of the parts are rounded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Length {
    /// What came at other rates.
    before: Duration,
    samples: usize,
    rate_hz: u32,
}

impl Length {
    pub(crate) fn add(&mut self, samples: usize, rate_hz: u32) {
        if rate_hz != self.rate_hz {
            *self = Self {
                before: self.get(),
                samples: 0,
                rate_hz,
            };
        }
        self.samples = self.samples.saturating_add(samples);
    }

    pub(crate) fn get(&self) -> Duration {
        self.before
            .saturating_add(duration(self.samples, self.rate_hz))
    }
}

/// How long this many samples last.
pub(crate) fn duration(samples: usize, rate_hz: u32) -> Duration {
    let micros = (samples as u64).saturating_mul(1_000_000);
    Duration::from_micros(micros.checked_div(u64::from(rate_hz)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::ProviderErrorKind;
    use super::*;

    fn second(text: String) -> Parts<SpeechPart> {
        if text == "fails" {
            let error = ProviderError::new("test", ProviderErrorKind::Unavailable, "gone");
            return Parts::failed(error);
        }
        Parts::whole([SpeechPart::audio(8_000, vec![1; 8_000])])
    }

    fn text(text: &str, at_s: u64) -> SpeechPart {
        SpeechPart::Text {
            text: text.to_owned(),
            at: Duration::from_secs(at_s),
        }
    }

    #[test]
    fn many_parts_are_as_long_as_one() {
        let mut length = Length::default();
        for _ in 0..44_100 {
            length.add(1, 44_100);
        }
        assert_eq!(length.get(), Duration::from_secs(1));
        length.add(8_000, 8_000);
        length.add(22_050, 44_100);
        assert_eq!(length.get(), Duration::from_millis(2_500));
    }

    #[tokio::test]
    async fn each_text_is_told_at_its_place() {
        let texts = Feed::whole(["a".to_owned(), "b".to_owned()]);
        let audio = SpeechPart::audio(8_000, vec![1; 8_000]);
        let expected = vec![text("a", 0), audio.clone(), text("b", 1), audio];
        assert_eq!(text_by_text(texts, second).collect().await, Ok(expected));
    }

    #[tokio::test]
    async fn nothing_is_asked_for_an_empty_text() {
        let texts = Feed::whole(["", " \n"].map(str::to_owned));
        let speech = text_by_text(texts, |_| panic!("there is nothing to say"));
        assert_eq!(speech.collect().await, Ok(vec![]));
    }

    #[tokio::test]
    async fn audio_does_not_wait_for_the_next_text() {
        let (to, texts) = Feed::queue(1);
        to.send("a".to_owned()).await;
        let mut speech = text_by_text(texts, second);
        assert_eq!(speech.next().await, Some(Ok(text("a", 0))));
        let audio = speech.next().await;
        assert!(matches!(audio, Some(Ok(SpeechPart::Audio { .. }))));
        drop(to);
        assert_eq!(speech.next().await, None);
    }

    #[tokio::test]
    async fn the_next_text_is_begun_while_the_audio_of_this_one_is_made() {
        let (to_first, first) = Feed::<()>::queue(1);
        let (begun, mut second_begun) = tokio::sync::mpsc::channel(1);
        let mut first = Some(first);
        let texts = Feed::whole(["a".to_owned(), "b".to_owned()]);
        let mut speech = text_by_text(texts, move |_| match first.take() {
            // Its audio ends when the test says so.
            Some(mut wait) => Parts::made_by(|out| async move {
                out.send(SpeechPart::audio(8_000, vec![1])).await;
                wait.next().await;
                Ok(())
            }),
            None => {
                let _ = begun.try_send(());
                Parts::whole([])
            }
        });
        assert_eq!(speech.next().await, Some(Ok(text("a", 0))));
        tokio::select! {
            biased;
            _ = async { while speech.next().await.is_some() {} } => panic!("the first has not ended"),
            begun = second_begun.recv() => assert_eq!(begun, Some(())),
        }
        drop(to_first);
        let at = Duration::from_micros(125);
        let last = SpeechPart::Text {
            text: "b".to_owned(),
            at,
        };
        assert_eq!(speech.next().await, Some(Ok(last)));
        assert_eq!(speech.next().await, None);
    }

    #[tokio::test]
    async fn a_failure_comes_behind_what_was_spoken_before_it() {
        let texts = Feed::whole(["a", "fails", "never"].map(str::to_owned));
        let mut speech = text_by_text(texts, second);
        let mut parts = 0;
        let error = loop {
            match speech.next().await.unwrap() {
                Ok(_) => parts += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, ProviderErrorKind::Unavailable);
        assert_eq!((parts, speech.next().await), (3, None));
    }
}
