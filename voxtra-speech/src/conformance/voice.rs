//! What every voice must do.
//!
//! A test makes a voice for each [`Scenario`], with something behind it that plays the scenario: a
//! server that speaks the provider's protocol mostly. [`check`] speaks with all of them.
//!
//! ```
//! use std::sync::Arc;
//!
//! use voxtra_speech::conformance::voice::{Scenario, play};
//! use voxtra_speech::{Feed, Parts, SpeechPart, TextToSpeech, text_by_text};
//!
//! /// One beep for each text.
//! struct Beeps;
//!
//! impl TextToSpeech for Beeps {
//!     fn name(&self) -> &str {
//!         "beeps"
//!     }
//!
//!     fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart> {
//!         text_by_text(texts, move |_| Parts::whole([SpeechPart::audio(line_hz, vec![4_000; 4_000])]))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! play(Scenario::Speaks, Arc::new(Beeps)).await;
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use super::super::{Feed, Parts, ProviderError, ProviderErrorKind, SpeechPart, TextToSpeech};

/// What is behind the voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scenario {
    /// It speaks what it is given, half a second for each text at least.
    Speaks,
    /// It speaks a text when it has it, though another one may come.
    SpeaksAtOnce,
    /// It is never asked for anything: there is nothing to say. Whether it is there at all does not
    /// matter.
    NothingToSay,
    /// It refuses the key. Missing where there are no keys.
    WrongKey,
    /// It says that there are too many requests, and to wait for 7 s if it can say so. Missing where
    /// there is no such answer.
    RateLimited,
    /// It refuses the request, which no repetition would mend.
    Refused,
    /// Nobody is there, or it says that it can't serve now.
    Unavailable,
    /// The connection ends in the middle of the audio.
    CutOff,
    /// It takes the text and says nothing more. Its time limits are short.
    Silent,
    /// It speaks a little, and then says nothing more, though it was given all texts. Its time limits
    /// are short.
    FallsSilent,
    /// It says that all is spoken, and no audio came.
    NoAudio,
    /// It speaks for more than half an hour.
    Endless,
    /// What it sends makes no sense.
    Garbage,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Speaks,
        Self::SpeaksAtOnce,
        Self::NothingToSay,
        Self::WrongKey,
        Self::RateLimited,
        Self::Refused,
        Self::Unavailable,
        Self::CutOff,
        Self::Silent,
        Self::FallsSilent,
        Self::NoAudio,
        Self::Endless,
        Self::Garbage,
    ];

    /// Whether a provider may have nothing of the kind.
    #[must_use]
    pub fn may_be_missing(self) -> bool {
        matches!(self, Self::WrongKey | Self::RateLimited)
    }
}

/// What the voice is asked to say in most scenarios.
pub const TEXTS: [&str; 2] = ["Good morning, Ms. Müller.", "How can I help you?"];

/// The rate of the line in all scenarios, in samples per second.
pub const LINE_HZ: u32 = 8_000;

/// Plays all scenarios with the voices that `make` makes for them; `None` where there is no such
/// scenario.
///
/// # Panics
/// If a voice does not do what it must.
pub async fn check<F, M>(make: M)
where
    M: Fn(Scenario) -> F,
    F: Future<Output = Option<Arc<dyn TextToSpeech>>>,
{
    for scenario in Scenario::ALL {
        match make(scenario).await {
            Some(voice) => play(scenario, voice).await,
            None => assert!(scenario.may_be_missing(), "{scenario:?} must be played"),
        }
    }
}

/// Plays one scenario.
///
/// # Panics
/// If the voice does not do what it must.
pub async fn play(scenario: Scenario, voice: Arc<dyn TextToSpeech>) {
    assert!(!voice.name().is_empty(), "a voice has a name");
    let all = || Feed::whole(TEXTS.map(str::to_owned));
    match scenario {
        Scenario::Speaks => speaks(voice.speak(all(), LINE_HZ)).await,
        Scenario::SpeaksAtOnce => speaks_at_once(&*voice).await,
        Scenario::NothingToSay => {
            for texts in [&[][..], &["", " \n"]] {
                let texts = Feed::whole(texts.iter().map(|text| (*text).to_owned()));
                let parts = voice.speak(texts, LINE_HZ).collect().await;
                assert_eq!(parts, Ok(Vec::new()), "nothing is asked for no text");
            }
        }
        _ => {
            let (heard, error) = fails(voice.speak(all(), LINE_HZ)).await;
            judge(scenario, heard, &error);
            assert!(!error.message.is_empty(), "{scenario:?}: no message");
        }
    }
}

async fn speaks(mut parts: Parts<SpeechPart>) {
    let (mut told, mut length, mut last) = (String::new(), Duration::ZERO, Duration::ZERO);
    while let Some(part) = parts.next().await {
        match part {
            Ok(SpeechPart::Text { text, at }) => {
                assert!(
                    at >= last,
                    "{text:?} is told at {at:?}, behind one at {last:?}"
                );
                last = at;
                told.push_str(&text);
            }
            Ok(SpeechPart::Audio { rate_hz, samples }) => {
                length = length.saturating_add(duration(&samples, rate_hz));
            }
            Err(error) => panic!("it fails: {error}"),
        }
    }
    let said = TEXTS.concat();
    assert_eq!(
        letters(&told),
        letters(&said),
        "the texts are told in order, and once"
    );
    assert!(length >= Duration::from_secs(1), "{length:?} of audio");
    assert!(
        last <= length,
        "a text is told at {last:?}, behind {length:?} of audio"
    );
    assert!(parts.next().await.is_none(), "the end is the end");
}

async fn speaks_at_once(voice: &dyn TextToSpeech) {
    let (sender, texts) = Feed::queue(2);
    let mut parts = voice.speak(texts, LINE_HZ);
    let mut heard = Duration::ZERO;
    for text in TEXTS {
        assert!(sender.send(text.to_owned()).await, "it reads its texts");
        let before = heard;
        while heard == before {
            match parts.next().await {
                Some(Ok(SpeechPart::Audio { rate_hz, samples })) => {
                    heard = heard.saturating_add(duration(&samples, rate_hz));
                }
                Some(Ok(SpeechPart::Text { .. })) => {}
                other => panic!("no audio before the last text: {other:?}"),
            }
        }
    }
    drop(sender);
    while let Some(part) = parts.next().await {
        assert!(part.is_ok(), "it fails at the end: {part:?}");
    }
}

/// The error, and how much was spoken before it.
async fn fails(mut parts: Parts<SpeechPart>) -> (Duration, ProviderError) {
    let mut heard = Duration::ZERO;
    loop {
        match parts.next().await {
            Some(Ok(SpeechPart::Audio { rate_hz, samples })) => {
                heard = heard.saturating_add(duration(&samples, rate_hz));
            }
            Some(Ok(SpeechPart::Text { .. })) => {}
            Some(Err(error)) => {
                assert!(parts.next().await.is_none(), "nothing follows an error");
                return (heard, error);
            }
            None => panic!("it ends as if all were well, after {heard:?} of audio"),
        }
    }
}

fn judge(scenario: Scenario, heard: Duration, error: &ProviderError) {
    use ProviderErrorKind::{Auth, Protocol, RateLimited, Rejected, Timeout, Unavailable};
    let right = match scenario {
        Scenario::WrongKey => error.kind == Auth,
        Scenario::RateLimited => match error.kind {
            RateLimited { retry_after } => {
                retry_after.is_none_or(|after| after == Duration::from_secs(7))
            }
            _ => false,
        },
        Scenario::Refused => error.kind == Rejected,
        Scenario::Unavailable => error.kind == Unavailable,
        Scenario::CutOff => matches!(error.kind, Unavailable | Protocol),
        Scenario::Silent | Scenario::FallsSilent => error.kind == Timeout,
        Scenario::NoAudio | Scenario::Endless | Scenario::Garbage => error.kind == Protocol,
        Scenario::Speaks | Scenario::SpeaksAtOnce | Scenario::NothingToSay => false,
    };
    assert!(right, "{scenario:?} gives {:?}: {error}", error.kind);
    match scenario {
        Scenario::CutOff | Scenario::FallsSilent => {
            assert!(!heard.is_zero(), "{scenario:?}: what came before is spoken");
        }
        Scenario::Endless => {
            let most = Duration::from_secs(31 * 60);
            assert!(heard <= most, "{heard:?} of audio were passed on");
        }
        _ => assert!(heard.is_zero(), "{scenario:?}: {heard:?} of audio"),
    }
}

fn duration(samples: &[i16], rate_hz: u32) -> Duration {
    assert!(rate_hz > 0, "audio has a rate");
    assert!(!samples.is_empty(), "a part holds samples");
    super::super::voice::duration(samples.len(), rate_hz)
}

/// Texts may be joined with spaces, or without.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
