//! The caller's words over the agent, on their way to the leg, which cuts the agent or not.

use voxtra_core::leg::Command;

use super::super::call::Call;
use super::super::request::Request;
use super::meaning::meaning;

/// Tells the leg what the words of one speech-to-text mean, as they come.
pub(in super::super) struct Overlapping<'a> {
    call: &'a Call,
    /// The leg knows that words come while they are said.
    expected: bool,
    /// Words of this utterance were told.
    begun: bool,
}

impl<'a> Overlapping<'a> {
    pub(in super::super) fn new(call: &'a Call) -> Self {
        Self {
            call,
            expected: false,
            begun: false,
        }
    }

    /// The words of the utterance so far.
    pub(in super::super) async fn partial(&mut self, text: &str) {
        if !std::mem::replace(&mut self.begun, true) {
            self.expected = true;
            let expect = Command::ExpectWords(true);
            self.call.send(Request::Leg(expect)).await;
        }
        self.tell(text).await;
    }

    /// All words of the utterance.
    pub(in super::super) async fn finished(&mut self, text: &str) {
        self.begun = false;
        self.tell(text).await;
    }

    /// No more words come.
    pub(in super::super) async fn end(self) {
        if self.expected {
            let expect = Command::ExpectWords(false);
            self.call.send(Request::Leg(expect)).await;
        }
    }

    async fn tell(&self, text: &str) {
        let session = self.call.session();
        let Some(epoch) = session.output().speaking_in() else {
            return;
        };
        let services = session.services();
        let meaning = meaning(text, services.language.as_deref(), &services.overlap);
        if let Some(meaning) = meaning {
            let overlap = Command::Overlap { epoch, meaning };
            self.call.send(Request::Leg(overlap)).await;
        }
    }
}
