//! The party at the other end of a rehearsed call.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use voxtra_core::event::{BuiltIn, EndReason, EventKind};

use super::chaos::{Chaos, Provider};
use super::phone::PhoneAction;
use super::simulation::SimulatedCall;
use super::transcript::Transcript;
use crate::session::{Call, Event, EventBody, Events, Report};

/// How long the party waits for the agent before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a key is held, and the pause until the next.
const KEY: Duration = Duration::from_millis(200);

/// The party at the other end of the call: it called the agent, or the agent called it.
///
/// It waits for each expected event, at most 60 s of the call's time. If something else comes, the
/// test fails with an account of the conversation so far.
#[derive(Debug)]
pub struct Caller {
    simulated: SimulatedCall,
    events: Events,
    so_far: Vec<Arc<Event>>,
    /// The agent has begun to say this, and has not finished.
    hearing: Option<String>,
}

impl Caller {
    pub(super) fn new(simulated: SimulatedCall) -> Self {
        Self {
            events: simulated.call.events(),
            simulated,
            so_far: Vec::new(),
            hearing: None,
        }
    }

    /// The call, as its agent holds it.
    pub fn call(&self) -> &Call {
        &self.simulated.call
    }

    /// Hears the agent's next utterance to its end.
    ///
    /// # Panics
    /// The agent says something else, is cut, or says nothing.
    #[track_caller]
    pub fn hears(&mut self, text: &str) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            self.start(text, place).await;
            self.end(false, Some(text), place).await;
        }
    }

    /// Hears the agent begin its next utterance, and can [interrupt](Self::says) it.
    ///
    /// # Panics
    /// The agent says something else, or nothing.
    #[track_caller]
    pub fn begins_to_hear(&mut self, text: &str) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move { self.start(text, place).await }
    }

    /// Hears the utterance that has begun to its end.
    ///
    /// # Panics
    /// No utterance has begun, or it is cut.
    #[track_caller]
    pub fn hears_the_rest(&mut self) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move { self.end(false, None, place).await }
    }

    /// Hears that the utterance that has begun is cut in mid-sentence.
    ///
    /// # Panics
    /// No utterance has begun, or the agent says it all.
    #[track_caller]
    pub fn hears_it_cut_off(&mut self) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move { self.end(true, None, place).await }
    }

    /// Says this, in as much time as it takes. Speech-to-text reports it when turn-taking has seen
    /// its end; words without a pause between are one utterance.
    ///
    /// # Panics
    /// Nobody is listening: the call is not answered, or over.
    #[track_caller]
    pub fn says(&mut self, text: &str) -> impl Future<Output = ()> {
        let place = Location::caller();
        let said = self.simulated.speak(text.to_owned());
        async move {
            if !matches!(tokio::time::timeout(PATIENCE, said).await, Ok(Ok(()))) {
                self.fail(place, &format!("nobody heard the caller say {text:?}"));
            }
        }
    }

    /// Presses keys, five a second. The agent gets keys pressed before the call is answered once it
    /// is.
    ///
    /// # Panics
    /// One of them is not on a telephone (`0-9 A-D * #`).
    #[track_caller]
    pub fn presses(&mut self, keys: &str) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            for key in keys.chars() {
                match u8::try_from(key) {
                    Ok(key @ (b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#')) => {
                        let _ = self.simulated.actions.send(PhoneAction::Press(key));
                    }
                    _ => self.fail(place, &format!("{key:?} is no key of a telephone")),
                }
                tokio::time::sleep(KEY).await;
            }
        }
    }

    /// Says and presses nothing for this long.
    pub async fn is_silent_for(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    /// Puts the call on hold at the far end: the agent is silent from now on, and its utterances
    /// wait.
    pub async fn puts_on_hold(&mut self) {
        self.simulated.call.report(Report::Held(true)).await;
    }

    /// Takes the call off hold again.
    pub async fn takes_off_hold(&mut self) {
        self.simulated.call.report(Report::Held(false)).await;
    }

    /// Waits until the agent has transferred the call there.
    ///
    /// # Panics
    /// The agent transfers it elsewhere, or not at all.
    #[track_caller]
    pub fn is_transferred_to(&mut self, endpoint: &str) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            let wanted = format!("a transfer to {endpoint}");
            let target = self
                .next(place, &wanted, |event| match event {
                    BuiltIn::CallTransferred(transferred) => Some(transferred.target.clone()),
                    _ => None,
                })
                .await;
            if target != endpoint {
                self.fail(place, &format!("expected {wanted}, it was to {target}"));
            }
        }
    }

    /// Waits for an event, and skips others.
    ///
    /// # Panics
    /// The event doesn't come.
    #[track_caller]
    pub fn sees(&mut self, kind: EventKind) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            self.next(place, kind.wire(), |event| {
                (event.kind() == kind).then_some(())
            })
            .await;
        }
    }

    /// Hangs up, at any time.
    pub async fn hangs_up(&mut self) {
        let _ = self.simulated.actions.send(PhoneAction::HangUp);
        self.simulated
            .call
            .report(Report::Gone(EndReason::NormalClearing))
            .await;
    }

    /// Lets something go wrong with a provider from its next use on, in all calls of the rehearsal.
    pub fn chaos(&self, provider: Provider, chaos: Chaos) {
        self.simulated.carrier.disturb(provider, Some(chaos));
    }

    /// Lets the provider work again.
    pub fn calm(&self, provider: Provider) {
        self.simulated.carrier.disturb(provider, None);
    }

    /// Waits until the call is over and the agent has finished. Returns the events, in order.
    ///
    /// # Panics
    /// The call doesn't end.
    #[track_caller]
    pub fn ended(mut self) -> impl Future<Output = Transcript> {
        let place = Location::caller();
        async move {
            loop {
                match tokio::time::timeout(PATIENCE, self.events.next()).await {
                    Ok(Some(event)) => self.so_far.push(event),
                    Ok(None) => return self.transcript(),
                    Err(_) => self.fail(place, "expected the end of the call, it goes on"),
                }
            }
        }
    }

    /// The events so far, as far as the test has waited for them.
    pub fn transcript(&self) -> Transcript {
        Transcript::new(self.so_far.clone(), self.simulated.carrier.sent_dtmf())
    }

    async fn start(&mut self, text: &str, place: &Location<'_>) {
        let wanted = format!("the agent to say {text:?}");
        let said = self
            .next(place, &wanted, |event| match event {
                BuiltIn::AgentSpeechStarted(started) => Some(started.text.clone()),
                _ => None,
            })
            .await;
        // A model may still be writing the rest.
        if !text.starts_with(&said) || (said.is_empty() && !text.is_empty()) {
            self.fail(place, &format!("expected {wanted}, it says {said:?}"));
        }
        self.hearing = Some(said);
    }

    async fn end(&mut self, cut: bool, text: Option<&str>, place: &Location<'_>) {
        let expected = text;
        let Some(text) = self.hearing.take() else {
            self.fail(place, "the agent has not begun to say anything");
        };
        let wanted = format!("the end of {text:?}");
        let (said, interrupted) = self
            .next(place, &wanted, |event| match event {
                BuiltIn::AgentSpeechEnded(ended) => Some((ended.text.clone(), ended.interrupted)),
                _ => None,
            })
            .await;
        if let Some(expected) = expected
            && !interrupted
            && said != expected
        {
            let wanted = format!("the agent to say {expected:?}");
            self.fail(place, &format!("expected {wanted}, it says {said:?}"));
        }
        match (cut, interrupted) {
            (false, true) => self.fail(place, &format!("{text:?} was cut off")),
            (true, false) => self.fail(place, &format!("{text:?} was not cut off")),
            _ => {}
        }
    }

    /// The next event for which `pick` returns something.
    async fn next<T>(
        &mut self,
        place: &Location<'_>,
        wanted: &str,
        pick: impl Fn(&BuiltIn) -> Option<T>,
    ) -> T {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            match tokio::time::timeout_at(until, self.events.next()).await {
                Ok(Some(event)) => {
                    self.so_far.push(event.clone());
                    if let EventBody::BuiltIn(event) = &event.body
                        && let Some(found) = pick(event)
                    {
                        return found;
                    }
                }
                Ok(None) => self.fail(place, &format!("expected {wanted}, but the call is over")),
                Err(_) => self.fail(
                    place,
                    &format!("expected {wanted}, in vain for {} s", PATIENCE.as_secs()),
                ),
            }
        }
    }

    /// Fails the test, and prints the events since the call began.
    fn fail(&mut self, place: &Location<'_>, what: &str) -> ! {
        while let Some(event) = self.events.try_next() {
            self.so_far.push(event);
        }
        panic!(
            "{place}: {what}. The conversation so far:\n{}",
            self.transcript()
        );
    }
}
