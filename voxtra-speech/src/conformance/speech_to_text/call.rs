//! What a call says, and what must come back.

use super::super::super::{
    Feed, ListenOptions, PartSender, Parts, ProviderError, ProviderErrorKind, Recognition,
    SpeechInput,
};
use super::audio::audio;
use super::{FIRST, RATE_HZ, Scenario, Subject};

/// A call that is listened to.
pub(super) struct Call {
    scenario: Scenario,
    pub(super) input: Option<PartSender<SpeechInput>>,
    parts: Parts<Recognition>,
}

impl Call {
    pub(super) fn new(scenario: Scenario, subject: &Subject) -> Self {
        let (input, feed) = Feed::queue(1_000);
        let options = ListenOptions::new(RATE_HZ);
        Self {
            scenario,
            input: Some(input),
            parts: subject.speech_to_text.listen(options, feed),
        }
    }

    pub(super) async fn sends(&self, part: SpeechInput) {
        if let Some(input) = &self.input {
            let taken = input.send(part).await;
            assert!(taken, "{:?}: it reads the call no more", self.scenario);
        }
    }

    pub(super) async fn begins(&self, samples: &[i16]) {
        self.sends(SpeechInput::Started).await;
        for frame in samples.chunks(160) {
            self.sends(SpeechInput::Audio(frame.to_vec())).await;
        }
    }

    pub(super) async fn says(&self, samples: &[i16]) {
        self.begins(samples).await;
        self.sends(SpeechInput::Ended).await;
    }

    /// The next final transcript is this, and partial ones before it lead there.
    pub(super) async fn is_heard(&mut self, text: &str) {
        loop {
            match self.next().await {
                Some(Ok(Recognition::Partial { text: partial })) => assert!(
                    !partial.is_empty() && text.starts_with(&partial),
                    "{:?}: {partial:?} is not the beginning of {text:?}",
                    self.scenario
                ),
                Some(Ok(Recognition::Final {
                    text: words,
                    confidence,
                })) => {
                    assert_eq!(words, text, "{:?}", self.scenario);
                    let possible = (0.0..=1.0).contains(&confidence);
                    assert!(possible, "{:?}: confidence {confidence}", self.scenario);
                    return;
                }
                Some(Ok(Recognition::EndOfTurn)) => {}
                other => panic!("{:?}: {other:?} instead of a final {text:?}", self.scenario),
            }
        }
    }

    /// A partial transcript is this.
    pub(super) async fn tells(&mut self, text: &str) {
        loop {
            match self.next().await {
                Some(Ok(Recognition::Partial { text: partial })) if partial == text => return,
                Some(Ok(Recognition::Partial { .. } | Recognition::LikelyEnd { .. })) => {}
                other => panic!("{:?}: {other:?} instead of {text:?}", self.scenario),
            }
        }
    }

    /// Nothing but partial transcripts come, for as long as this is awaited.
    pub(super) async fn tells_words(&mut self) {
        loop {
            let part = self.next().await;
            let words = matches!(
                part,
                Some(Ok(
                    Recognition::Partial { .. } | Recognition::LikelyEnd { .. }
                ))
            );
            assert!(words, "{:?}: {part:?} within an utterance", self.scenario);
        }
    }

    pub(super) async fn turn_ends(&mut self) {
        loop {
            match self.next().await {
                Some(Ok(Recognition::Partial { .. } | Recognition::LikelyEnd { .. })) => {}
                Some(Ok(Recognition::EndOfTurn)) => return,
                other => panic!("{:?}: {other:?} instead of an end", self.scenario),
            }
        }
    }

    /// The call is over, and nothing comes any more.
    pub(super) async fn ends(&mut self) {
        self.input = None;
        let last = self.next().await;
        assert_eq!(last, None, "{:?}: came at the end", self.scenario);
    }

    /// An utterance fails with an error of this kind, which is the last that comes.
    pub(super) async fn fails(&mut self, kind: ProviderErrorKind) {
        self.says(&audio(FIRST)).await;
        let error = loop {
            match self.next().await {
                Some(Ok(Recognition::Partial { .. } | Recognition::LikelyEnd { .. })) => {}
                Some(Err(error)) => break error,
                other => panic!("{:?}: {other:?} instead of an error", self.scenario),
            }
        };
        assert_eq!(error.kind, kind, "{:?}: {error}", self.scenario);
        let last = self.next().await;
        assert_eq!(last, None, "{:?}: came after the error", self.scenario);
    }

    async fn next(&mut self) -> Option<Result<Recognition, ProviderError>> {
        self.parts.next().await
    }
}
