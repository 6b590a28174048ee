//! What every voice must do, as scenarios that it is run through.
//!
//! You write a double of your provider's server that plays each [`Scenario`], and give [`check`] a
//! function that connects your [`TextToSpeech`] to it. The double should also check what it is
//! sent.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use voxtra_speech::conformance::voice::{self, Scenario, Subject};
//! use voxtra_speech::TextToSpeech;
//!
//! /// A server that plays this scenario, and a voice that is connected to it; `None` if the
//! /// provider's protocol has no such scenario.
//! async fn connected(scenario: Scenario) -> Option<Subject> {
//!     # let _ = scenario;
//!     # let voice: Arc<dyn TextToSpeech> = Arc::new(Mute);
//!     // …
//!     Some(Subject::new(voice))
//! }
//!
//! # async fn test() {
//! voice::check(connected).await;
//! # }
//! # struct Mute;
//! # impl TextToSpeech for Mute {
//! #     fn name(&self) -> &str {
//! #         "mute"
//! #     }
//! #
//! #     fn speak(
//! #         &self,
//! #         _: voxtra_speech::Feed<String>,
//! #         _: u32,
//! #     ) -> voxtra_speech::Parts<voxtra_speech::SpeechPart> {
//! #         voxtra_speech::Parts::whole([])
//! #     }
//! # }
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::{
    BoxFuture, Feed, Parts, ProviderError, ProviderErrorKind, SpeechPart, TextToSpeech,
};

/// What the voice is asked to say in most scenarios.
pub const TEXTS: [&str; 2] = ["Good morning, Ms. Müller.", "How can I help you?"];
/// The rate of the line in all scenarios, in samples per second.
pub const LINE_HZ: u32 = 8_000;
/// How long [`Scenario::RateLimited`] asks to wait, where the provider can say so.
pub const RETRY_AFTER: Duration = Duration::from_secs(7);

/// Longest time that a scenario takes.
const LONGEST: Duration = Duration::from_secs(60);

/// What the provider's server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scenario {
    /// It speaks what it is given, half a second for each text at least.
    Speaks,
    /// It speaks a text when it has it, half a second at least, though another one may come.
    SpeaksAtOnce,
    /// It is never asked for anything: there is nothing to say. Whether it is there at all does not
    /// matter.
    NothingToSay,
    /// It refuses the key. Missing where there are no keys.
    WrongKey,
    /// It says that there are too many requests, and to wait for [`RETRY_AFTER`] if it can say so.
    /// Missing where there is no such answer.
    RateLimited,
    /// It refuses the request, which no repetition would mend.
    Refused,
    /// Nobody is there, or it says that it can't serve now.
    Unavailable,
    /// The connection ends in the middle of the audio.
    CutOff,
    /// It takes the text and says nothing more. Its time limits are short.
    Silent,
    /// It speaks a little, and then says nothing more, though it was given all texts. Its time
    /// limits are short.
    FallsSilent,
    /// It says that all is spoken, and no audio came.
    NoAudio,
    /// It speaks for more than half an hour.
    Endless,
    /// What it sends makes no sense.
    Garbage,
    /// It speaks a little, and then says nothing more. The parts are dropped: it should notice the
    /// end soon; see [`Subject::cancelled_when`].
    Cancelled,
}

impl Scenario {
    /// All of them.
    pub const ALL: &[Self] = &[
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
        Self::Cancelled,
    ];

    /// Whether a provider may have nothing of the kind.
    #[must_use]
    pub fn may_be_missing(self) -> bool {
        matches!(self, Self::WrongKey | Self::RateLimited)
    }
}

/// What is run through a scenario.
pub struct Subject {
    voice: Arc<dyn TextToSpeech>,
    cancelled: Option<BoxFuture<'static, ()>>,
}

impl Subject {
    /// This voice.
    #[must_use]
    pub fn new(voice: Arc<dyn TextToSpeech>) -> Self {
        Self {
            voice,
            cancelled: None,
        }
    }

    /// How to learn that the server noticed the end of [`Scenario::Cancelled`]. Without it, that is
    /// not checked.
    #[must_use]
    pub fn cancelled_when(mut self, noticed: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancelled = Some(Box::pin(noticed));
        self
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.voice.name();
        f.debug_struct("Subject")
            .field("voice", &name)
            .finish_non_exhaustive()
    }
}

/// Runs a voice through all scenarios, on a tokio runtime. None of them may take a minute.
/// `connect` gives `None` for a scenario that the protocol doesn't have.
///
/// # Panics
/// The voice doesn't do what the scenario asks for; the message says which and what.
pub async fn check<F>(connect: impl Fn(Scenario) -> F)
where
    F: Future<Output = Option<Subject>>,
{
    for scenario in Scenario::ALL {
        match connect(*scenario).await {
            Some(subject) => check_one(*scenario, subject).await,
            None => assert!(scenario.may_be_missing(), "{scenario:?} must be played"),
        }
    }
}

/// Runs a voice through one scenario.
///
/// # Panics
/// As [`check`].
pub async fn check_one(scenario: Scenario, subject: Subject) {
    let run = tokio::time::timeout(LONGEST, run(scenario, subject)).await;
    assert!(run.is_ok(), "{scenario:?}: not over after {LONGEST:?}");
}

async fn run(scenario: Scenario, subject: Subject) {
    let Subject { voice, cancelled } = subject;
    assert!(!voice.name().is_empty(), "a voice has a name");
    // Whether it succeeds or not.
    voice.prepare().await;
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
        Scenario::Cancelled => {
            let mut parts = voice.speak(all(), LINE_HZ);
            hear(&mut parts).await;
            drop(parts);
            if let Some(cancelled) = cancelled {
                cancelled.await;
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
    assert!(
        last <= length,
        "a text is told at {last:?}, behind {length:?} of audio"
    );
    assert!(length >= Duration::from_secs(1), "{length:?} of audio");
    assert!(parts.next().await.is_none(), "the end is the end");
}

async fn speaks_at_once(voice: &dyn TextToSpeech) {
    let (sender, texts) = Feed::queue(2);
    let mut parts = voice.speak(texts, LINE_HZ);
    for text in TEXTS {
        assert!(sender.send(text.to_owned()).await, "it reads its texts");
        // The first half a second is this text's, and what is left is the next one's.
        let mut heard = Duration::ZERO;
        while heard < Duration::from_millis(500) {
            heard = heard.saturating_add(hear(&mut parts).await);
        }
    }
    drop(sender);
    while let Some(part) = parts.next().await {
        assert!(part.is_ok(), "it fails at the end: {part:?}");
    }
}

/// Waits for audio; its length.
async fn hear(parts: &mut Parts<SpeechPart>) -> Duration {
    loop {
        match parts.next().await {
            Some(Ok(SpeechPart::Audio { rate_hz, samples })) => return duration(&samples, rate_hz),
            Some(Ok(SpeechPart::Text { .. })) => {}
            other => panic!("no audio while more texts may come: {other:?}"),
        }
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
            RateLimited { retry_after } => retry_after.is_none_or(|after| after == RETRY_AFTER),
            _ => false,
        },
        Scenario::Refused => error.kind == Rejected,
        Scenario::Unavailable => error.kind == Unavailable,
        Scenario::CutOff => matches!(error.kind, Unavailable | Protocol),
        Scenario::Silent | Scenario::FallsSilent => error.kind == Timeout,
        Scenario::NoAudio | Scenario::Endless | Scenario::Garbage => error.kind == Protocol,
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::super::super::text_by_text;
    use super::*;

    /// Gives these parts for each text.
    struct Fixed(Vec<SpeechPart>);

    impl TextToSpeech for Fixed {
        fn name(&self) -> &str {
            "fixed"
        }

        fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
            let parts = self.0.clone();
            text_by_text(texts, move |_| Parts::whole(parts.clone()))
        }
    }

    async fn run(scenario: Scenario, parts: Vec<SpeechPart>) {
        check_one(scenario, Subject::new(Arc::new(Fixed(parts)))).await;
    }

    fn half_a_second() -> SpeechPart {
        SpeechPart::audio(8_000, vec![1; 4_000])
    }

    #[tokio::test]
    async fn a_voice_that_speaks_passes() {
        run(Scenario::Speaks, vec![half_a_second()]).await;
        run(Scenario::SpeaksAtOnce, vec![half_a_second()]).await;
        run(Scenario::NothingToSay, vec![half_a_second()]).await;
        run(Scenario::Cancelled, vec![half_a_second()]).await;
    }

    #[tokio::test]
    #[should_panic(expected = "it ends as if all were well")]
    async fn a_silence_that_is_no_error_is_found() {
        run(Scenario::NoAudio, vec![]).await;
    }

    #[tokio::test]
    #[should_panic(expected = "in order, and once")]
    async fn words_that_are_told_twice_are_found() {
        let text = SpeechPart::Text {
            text: "Good".to_owned(),
            at: Duration::ZERO,
        };
        run(Scenario::Speaks, vec![text, half_a_second()]).await;
    }

    #[tokio::test]
    #[should_panic(expected = "behind 500ms of audio")]
    async fn a_place_that_is_not_there_is_found() {
        let text = SpeechPart::Text {
            text: String::new(),
            at: Duration::from_secs(7),
        };
        let voice = Fixed(vec![half_a_second(), text]);
        speaks(voice.speak(Feed::whole([TEXTS.concat()]), LINE_HZ)).await;
    }
}
