//! What every speech-to-text must do, as scenarios that it is run through.
//!
//! You write a double of your provider's server that plays each [`Scenario`], and give [`check`] a
//! function that connects your [`SpeechToText`] to it. The double understands audio as
//! [`understood`] does. It should also check what it is sent, and answer with a refusal where that
//! is wrong: its message is in the failure then.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use voxtra_speech::conformance::speech_to_text::{self, Scenario, Subject};
//! use voxtra_speech::{ScriptedTranscriber, SpeechToText};
//!
//! /// A server that plays this scenario, and what is connected to it; `None` if the provider's
//! /// protocol has no such scenario.
//! async fn connected(scenario: Scenario) -> Option<Subject> {
//!     # let _ = scenario;
//!     # let transcriber: Arc<dyn SpeechToText> = Arc::new(ScriptedTranscriber::new(["a"]));
//!     // …
//!     Some(Subject::new(transcriber))
//! }
//!
//! # async fn test() {
//! speech_to_text::check(connected).await;
//! # }
//! ```

mod audio;
mod call;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::audio::understood;
use self::audio::{WORD, audio, cough};
use self::call::Call;
use super::super::{BoxFuture, ProviderErrorKind, SpeechInput, SpeechToText};

/// Samples per second of the suite's audio.
pub const RATE_HZ: u32 = 8_000;
/// What the first utterance says: four words, of which some letters have more than one byte.
pub const FIRST: &str = "grüß gott hier anna";
/// What the second one says.
pub const SECOND: &str = "wo bleibt mein päckchen";
/// How long [`Scenario::RateLimited`] asks to wait.
pub const RETRY_AFTER: Duration = Duration::from_secs(7);

/// Longest time that a scenario takes.
const LONGEST: Duration = Duration::from_secs(60);

/// What the provider's server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scenario {
    /// It understands one utterance, and tells its words as they come if the provider can.
    Words,
    /// The same for two utterances, over one connection if the protocol has such.
    Twice,
    /// The caller hangs up within an utterance.
    HungUp,
    /// It finalises the first two words within the utterance, and tells them.
    Segments,
    /// It understands nothing of a cough, but the utterance behind it.
    Nothing,
    /// It tells nothing of a cough, not even at its end; it understands the utterance behind it.
    Unanswered,
    /// It tells that transcribing a cough failed; it understands the utterance behind it.
    Failed,
    /// An utterance holds no audio; it understands the one behind it.
    NoAudio,
    /// It hears the end of the caller's turn before the call does, and tells it.
    EndOfTurn,
    /// It closes its first connection once it has told the final transcript.
    BreaksBetween,
    /// It closes its first connection within an utterance, after two words.
    BreaksWithin,
    /// It closes every connection within an utterance, after two words.
    BreaksAgain,
    /// It takes the utterance's end, and never tells a final transcript. The subject should have
    /// little patience.
    NeverFinal,
    /// It does not accept the key.
    WrongKey,
    /// It asks to come back after [`RETRY_AFTER`].
    RateLimited,
    /// It can't serve now: a 500 of HTTP.
    OutOfOrder,
    /// It answers with bytes that are no message of the protocol.
    Garbage,
    /// The call is not listened to any more, within an utterance.
    Dropped,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Words,
        Self::Twice,
        Self::HungUp,
        Self::Segments,
        Self::Nothing,
        Self::Unanswered,
        Self::Failed,
        Self::NoAudio,
        Self::EndOfTurn,
        Self::BreaksBetween,
        Self::BreaksWithin,
        Self::BreaksAgain,
        Self::NeverFinal,
        Self::WrongKey,
        Self::RateLimited,
        Self::OutOfOrder,
        Self::Garbage,
        Self::Dropped,
    ];

    /// Whether there are protocols that don't have it: some know no keys, some tell nothing within
    /// an utterance, some take an utterance as a whole, and some answer always or never fail.
    #[must_use]
    pub const fn may_be_missing(self) -> bool {
        matches!(
            self,
            Self::EndOfTurn
                | Self::Segments
                | Self::Unanswered
                | Self::Failed
                | Self::WrongKey
                | Self::RateLimited
                | Self::OutOfOrder
                | Self::Dropped
        )
    }
}

/// What is tested.
pub struct Subject {
    speech_to_text: Arc<dyn SpeechToText>,
    watched: Option<(BoxFuture<'static, ()>, BoxFuture<'static, ()>)>,
}

impl Subject {
    /// A speech-to-text whose server plays a scenario.
    pub fn new(speech_to_text: Arc<dyn SpeechToText>) -> Self {
        Self {
            speech_to_text,
            watched: None,
        }
    }

    /// What resolves when the server has first heard audio, and when it has then seen its
    /// connection end. [`Scenario::Dropped`] needs it.
    #[must_use]
    pub fn watched(
        mut self,
        heard: impl Future<Output = ()> + Send + 'static,
        closed: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.watched = Some((Box::pin(heard), Box::pin(closed)));
        self
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("speech_to_text", &self.speech_to_text.name())
            .finish_non_exhaustive()
    }
}

/// Runs a speech-to-text through all scenarios, on a tokio runtime. `connect` plays one and
/// connects to it; it gives `None` for a scenario that the protocol doesn't have, if it is one that
/// [may be missing](Scenario::may_be_missing). None of them may take a minute.
///
/// # Panics
/// It doesn't do what the scenario asks for; the message says which and what.
pub async fn check<F>(connect: impl Fn(Scenario) -> F)
where
    F: Future<Output = Option<Subject>>,
{
    for scenario in Scenario::ALL {
        match connect(scenario).await {
            Some(subject) => check_one(scenario, subject).await,
            None => assert!(
                scenario.may_be_missing(),
                "{scenario:?}: every protocol has it, and it was not played"
            ),
        }
    }
}

/// Runs a speech-to-text through one scenario.
///
/// # Panics
/// As [`check`].
pub async fn check_one(scenario: Scenario, subject: Subject) {
    let run = tokio::time::timeout(LONGEST, run(scenario, subject)).await;
    assert!(run.is_ok(), "{scenario:?}: not over after {LONGEST:?}");
}

async fn run(scenario: Scenario, subject: Subject) {
    use Scenario::{
        BreaksAgain, BreaksBetween, BreaksWithin, Dropped, EndOfTurn, Failed, Garbage, HungUp,
        NeverFinal, NoAudio, Nothing, OutOfOrder, RateLimited, Segments, Twice, Unanswered, Words,
        WrongKey,
    };
    let mut call = Call::new(scenario, &subject);
    match scenario {
        Segments => {
            // As in a call, silence tells its end.
            let audio = [audio(FIRST), vec![0; 3 * WORD]].concat();
            let (start, rest) = audio.split_at(WORD * 5 / 2);
            call.begins(start).await;
            call.tells("grüß gott").await;
            for frame in rest.chunks(160) {
                call.sends(SpeechInput::Audio(frame.to_vec())).await;
            }
            call.sends(SpeechInput::Ended).await;
            call.is_heard(FIRST).await;
            call.ends().await;
        }
        Words | BreaksWithin => {
            call.says(&audio(FIRST)).await;
            call.is_heard(FIRST).await;
            call.ends().await;
        }
        Twice | BreaksBetween => {
            for text in [FIRST, SECOND] {
                call.says(&audio(text)).await;
                call.is_heard(text).await;
            }
            call.ends().await;
        }
        HungUp => {
            call.begins(&audio(FIRST)).await;
            call.input = None;
            call.is_heard(FIRST).await;
            call.ends().await;
        }
        Nothing | Unanswered | Failed => {
            call.says(&cough()).await;
            call.says(&audio(SECOND)).await;
            call.is_heard(SECOND).await;
            call.ends().await;
        }
        NoAudio => {
            call.says(&[]).await;
            call.says(&audio(SECOND)).await;
            call.is_heard(SECOND).await;
            call.ends().await;
        }
        EndOfTurn => {
            let silence = vec![0; WORD];
            call.begins(&[audio(FIRST), silence].concat()).await;
            call.turn_ends().await;
            call.sends(SpeechInput::Ended).await;
            call.is_heard(FIRST).await;
            call.ends().await;
        }
        BreaksAgain | OutOfOrder => call.fails(ProviderErrorKind::Unavailable).await,
        NeverFinal => call.fails(ProviderErrorKind::Timeout).await,
        WrongKey => call.fails(ProviderErrorKind::Auth).await,
        Garbage => call.fails(ProviderErrorKind::Protocol).await,
        RateLimited => {
            let retry_after = Some(RETRY_AFTER);
            call.fails(ProviderErrorKind::RateLimited { retry_after })
                .await;
        }
        Dropped => {
            call.begins(&audio(FIRST)).await;
            let Some((heard, closed)) = subject.watched else {
                panic!("Dropped: the subject is not watched, so nothing can be seen");
            };
            tokio::select! {
                () = heard => {}
                () = call.tells_words() => {}
            }
            drop(call);
            closed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::ScriptedTranscriber;
    use super::*;

    fn scripted(script: &'static [&'static str]) -> Subject {
        let transcriber = ScriptedTranscriber::new(script.iter().copied());
        Subject::new(Arc::new(transcriber))
    }

    #[tokio::test]
    async fn a_transcriber_that_does_as_it_must_passes() {
        check_one(Scenario::Words, scripted(&[FIRST])).await;
        check_one(Scenario::Twice, scripted(&[FIRST, SECOND])).await;
        check_one(Scenario::NoAudio, scripted(&[SECOND])).await;
    }

    #[tokio::test]
    #[should_panic(expected = "NoAudio")]
    async fn a_transcriber_that_hears_the_wrong_words_does_not() {
        check_one(Scenario::NoAudio, scripted(&[FIRST])).await;
    }

    #[tokio::test]
    #[should_panic(expected = "Words: every protocol has it")]
    async fn nothing_played_is_nothing_passed() {
        check(|_| async { None }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "Dropped: the subject is not watched")]
    async fn a_subject_that_is_not_watched_cannot_be_dropped() {
        check_one(Scenario::Dropped, scripted(&[FIRST])).await;
    }
}
