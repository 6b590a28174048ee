//! What the caller's words tell the leg, which cuts the agent and ends the turn.

use voxtra_core::leg::Command;
use voxtra_core::turn::Patience;

use super::super::call::Call;
use super::super::request::Request;
use super::meaning::meaning;
use super::patience::{Expect, patience};

/// Tells the leg what the words of one speech-to-text mean, as they come.
pub(in super::super) struct CallerWords<'a> {
    call: &'a Call,
    /// How long the caller may pause, as it was told last.
    patience: Option<Patience>,
    /// The leg knows that words come while they are said.
    expected: bool,
    /// Words of this utterance were told.
    begun: bool,
}

impl<'a> CallerWords<'a> {
    pub(in super::super) fn new(call: &'a Call) -> Self {
        Self {
            call,
            patience: None,
            expected: false,
            begun: false,
        }
    }

    /// The words of the utterance so far.
    pub(in super::super) async fn partial(&mut self, text: &str) {
        if !std::mem::replace(&mut self.begun, true) {
            self.expected = true;
            self.patience = None;
            let expect = Command::ExpectWords(true);
            self.call.send(Request::Leg(expect)).await;
        }
        self.tell(text).await;
    }

    /// All words of the utterance.
    pub(in super::super) async fn finished(&mut self, text: &str) {
        self.begun = false;
        self.patience = None;
        self.tell(text).await;
    }

    /// No more words come.
    pub(in super::super) async fn end(self) {
        if self.expected {
            let expect = Command::ExpectWords(false);
            self.call.send(Request::Leg(expect)).await;
        }
    }

    async fn tell(&mut self, text: &str) {
        let session = self.call.session();
        let services = session.services();
        let language = services.language.as_deref();
        let patience = patience(text, language, services.expect);
        // The leg forgets it when the caller speaks again, which is another utterance.
        if self.patience.replace(patience) != Some(patience) {
            let command = Command::Patience(patience);
            self.call.send(Request::Leg(command)).await;
        }
        let Some(epoch) = session.output().speaking_in() else {
            return;
        };
        let meaning = meaning(text, language, &services.overlap);
        if let Some(meaning) = meaning {
            let overlap = Command::Overlap { epoch, meaning };
            self.call.send(Request::Leg(overlap)).await;
        }
    }
}

impl Call {
    /// Tells what the caller is expected to say next, until it is called again. It decides how long
    /// the caller may pause within a turn: a number that is dictated in groups is one turn, "yes"
    /// is over soon. Whether anything is expected, the words heard so far decide too: behind "my
    /// number is" the turn ends later, behind a finished sentence sooner.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::{Call, CallError, Expect};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.expect(Expect::Digits).await;
    /// call.say("What is your customer number?").await?;
    /// let number = call.listen(Duration::from_secs(20)).await?;
    /// call.expect(Expect::Anything).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn expect(&self, what: Expect) {
        self.session()
            .change_services(|services| services.expect = what);
        let pauses = Command::ExpectPauses(what.patience());
        self.send(Request::Leg(pauses)).await;
    }
}
