//! What the caller's words tell the leg, which cuts the agent and ends the turn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use voxtra_core::leg::Command;
use voxtra_core::turn::{Meaning, Patience};

use super::super::call::Call;
use super::super::request::Request;
use super::patience::{Expect, patience};
use crate::lock::lock;

/// How long the final transcript of an utterance is awaited. A cough has none.
const LATE: Duration = Duration::from_millis(2_500);

/// Most utterances whose transcripts are awaited.
const MOST_OWED: usize = 16;

/// Which utterance of the caller a transcript belongs to, as far as their order tells.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Utterances(Arc<Mutex<Order>>);

#[derive(Debug, Default)]
struct Order {
    speaks: bool,
    /// A transcript of the utterance in progress has come already.
    heard: bool,
    /// When the utterances ended whose transcripts have not come.
    owed: VecDeque<Instant>,
}

impl Utterances {
    pub(in super::super) fn started(&self) {
        let mut order = lock(&self.0);
        order.speaks = true;
        order.heard = false;
    }

    pub(in super::super) fn ended(&self) {
        let mut order = lock(&self.0);
        order.speaks = false;
        if std::mem::take(&mut order.heard) {
            return;
        }
        if order.owed.len() >= MOST_OWED {
            order.owed.pop_front();
        }
        order.owed.push_back(Instant::now());
    }

    /// A final transcript has come. Whether it is the latest utterance's.
    fn is_latest(&self) -> bool {
        let mut order = lock(&self.0);
        order.owed.retain(|ended| ended.elapsed() < LATE);
        if order.owed.pop_front().is_none() {
            order.heard = order.speaks;
            return true;
        }
        order.owed.is_empty() && !order.speaks
    }
}

/// Tells the leg what the words of one speech-to-text mean, as they come.
pub(in super::super) struct CallerWords<'a> {
    call: &'a Call,
    utterances: Utterances,
    /// How long the caller may pause, as it was told last.
    patience: Option<Patience>,
    /// The leg knows that words come while they are said.
    expected: bool,
    /// Words of this utterance were told.
    begun: bool,
}

impl<'a> CallerWords<'a> {
    pub(in super::super) fn new(call: &'a Call, utterances: Utterances) -> Self {
        Self {
            call,
            utterances,
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
        self.tell(text, true).await;
    }

    /// All words of the utterance.
    pub(in super::super) async fn finished(&mut self, text: &str) {
        self.begun = false;
        self.patience = None;
        if self.utterances.is_latest() {
            self.tell(text, false).await;
        } else {
            // The caller has gone on, and what was said last decides about pauses.
            let stops = |meaning| meaning == Meaning::Interruption;
            self.tell_meaning(text, false, stops).await;
        }
    }

    /// No more words come.
    pub(in super::super) async fn end(self) {
        if self.expected {
            let expect = Command::ExpectWords(false);
            self.call.send(Request::Leg(expect)).await;
        }
    }

    /// Tells what the words of an utterance mean; whether `more` of it may follow.
    async fn tell(&mut self, text: &str, more: bool) {
        let services = self.call.session().services();
        let patience = patience(text, services.language.as_deref(), services.expect);
        // The leg forgets it when the caller speaks again, which is another utterance.
        if self.patience.replace(patience) != Some(patience) {
            let command = Command::Patience(patience);
            self.call.send(Request::Leg(command)).await;
        }
        self.tell_meaning(text, more, |_| true).await;
    }

    /// Tells what words mean that were said over the agent, if it `counts`.
    async fn tell_meaning(&self, text: &str, more: bool, counts: impl Fn(Meaning) -> bool) {
        let session = self.call.session();
        let Some(epoch) = session.output().speaking_in() else {
            return;
        };
        let services = session.services();
        let language = services.language.as_deref();
        let meaning = match more {
            true => services.overlap.meaning_so_far(text, language),
            false => services.overlap.meaning_of(text, language),
        };
        if let Some(meaning) = meaning.filter(|meaning| counts(*meaning)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_late_transcript_is_not_the_latest_utterances() {
        let order = Utterances::default();
        for _ in 0..2 {
            order.started();
            order.ended();
            order.started();
            // The first one's, over the second.
            assert!(!order.is_latest());
            order.ended();
            order.started();
            order.ended();
            // The second one's, behind the third.
            assert!(!order.is_latest());
            assert!(order.is_latest());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn transcripts_that_come_before_the_end_and_coughs_do_not_disturb_the_order() {
        let order = Utterances::default();
        for _ in 0..3 {
            order.started();
            assert!(order.is_latest());
            order.ended();
            assert!(order.is_latest());
        }
        // A cough.
        order.started();
        order.ended();
        tokio::time::sleep(LATE).await;
        order.started();
        order.ended();
        assert!(order.is_latest());
    }
}
