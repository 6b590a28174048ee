//! Tests agents in virtual time, against callers who follow a script.
//!
//! A rehearsal runs the application as it is: routes, handlers, sessions, turn-taking, barge-in and
//! playout, frame by frame. Only the ends are replaced: Asterisk by a line in memory, the voice by
//! a sound as long as the words would take (60 ms a character), and speech-to-text by the words
//! that the caller was given. No socket is opened and no thread started. All waiting is tokio's,
//! which a test can pause. Then a call is the same to the millisecond each time (unless its agent
//! uses randomness, as an unbiased `select!` does), and a minute on the line takes some 0.2 s in a
//! debug build.
//!
//! ```
//! use std::time::Duration;
//! use voxtra_rt::rehearsal::Rehearsal;
//! use voxtra_rt::session::{Call, CallError};
//!
//! async fn reception(call: Call) -> Result<(), CallError> {
//!     call.answer().await?;
//!     call.say("Press one for sales.").await?;
//!     match call.listen_dtmf(1, Duration::from_secs(5)).await?.as_str() {
//!         "1" => call.transfer("PJSIP/200").await,
//!         _ => call.hangup().await,
//!     }
//! }
//!
//! # // `#[tokio::test(start_paused = true)]`, which doc tests can't have.
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! // In a test: #[tokio::test(start_paused = true)]
//! let mut caller = Rehearsal::new().handler(reception).call("2000").await;
//! caller.hears("Press one for sales.").await;
//! caller.presses("1").await;
//! caller.is_transferred_to("PJSIP/200").await;
//! caller.hangs_up().await;
//! let conversation = caller.ended().await;
//! assert_eq!(conversation.count("call.ended"), 1);
//! # }
//! ```
//!
//! `start_paused` needs tokio's feature `test-util` among the test's dependencies. Without it a
//! rehearsal takes as long as the call would.
//!
//! A rehearsal leaves out Asterisk, the network, real voices and real speech-to-text (prompts are
//! played as they are), and webhooks. A server that is asked who takes a call
//! ([`Routing`](crate::app::Routing)) is asked all the same: set a routing of the test's own in its
//! place.
//!
//! # Conversations
//! A [`ScriptedModel`](crate::speech::ScriptedModel) replies as its script says: late, word by
//! word, with tool calls, by failing, or never. A [`Recogniser`] and a [`Voice`] say how the caller
//! is understood and how fast the agent speaks. What the rehearsal is given stands in for all that
//! agents choose for themselves, those of a configuration as well. [`Chaos`] lets a provider fail,
//! from the start or in mid-call.
//! A [`ScriptedSpeechToSpeech`](crate::speech::ScriptedSpeechToSpeech) does all three.
//!
//! ```
//! use std::time::Duration;
//! use voxtra_rt::rehearsal::{Chaos, Provider, Recogniser, Rehearsal};
//! use voxtra_rt::session::{AgentSettings, Call};
//! use voxtra_rt::speech::{ScriptedModel, ScriptedReply};
//!
//! async fn reception(call: Call) -> Result<(), voxtra_rt::session::CallError> {
//!     let agent = AgentSettings::new("You are the receptionist of Acme.").greeting("Hello.");
//!     call.agent().run(&agent).await
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let thinking = ScriptedReply::after(Duration::from_millis(900));
//! let model = ScriptedModel::new([thinking.then("We open at nine.")]);
//! let mut caller = Rehearsal::new()
//!     .handler(reception)
//!     .language_model(model.clone())
//!     .recogniser(Recogniser::new().partials_every(Duration::from_millis(200)))
//!     .call("1000")
//!     .await;
//! caller.hears("Hello.").await;
//! caller.says("when do you open").await;
//! caller.hears("We open at nine.").await;
//! caller.chaos(Provider::Model, Chaos::Status(429));
//! caller.says("and on sundays").await;
//! caller.hears("I'm sorry, something went wrong. Please say that again.").await;
//! assert_eq!(model.asked().len(), 1);
//! # }
//! ```

mod caller;
mod calls;
mod carrier;
mod cast;
mod chaos;
#[cfg(test)]
mod conversation_tests;
#[cfg(test)]
mod hold_tests;
mod phone;
#[cfg(test)]
mod routing_tests;
mod simulation;
mod speech_to_text;
#[cfg(test)]
mod tests;
mod transcript;
mod voice;

pub use caller::Caller;
use cast::Cast;
pub use chaos::{Chaos, Provider};
pub use simulation::FarEnd;
use simulation::{SimulatedCall, Simulation};
pub use speech_to_text::Recogniser;
pub use transcript::{Said, Transcript};
pub use voice::Voice;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::{Application, Builder, HandlerOutcome};
use crate::session::{Call, Session};
use crate::speech::{LanguageModel, SpeechToSpeech};

/// How long the agent may take to place a call.
const PATIENCE: Duration = Duration::from_secs(60);

/// A rehearsal that has not started.
#[derive(Debug)]
pub struct Rehearsal {
    builder: Builder,
    caller_id: String,
    far_ends: HashMap<String, VecDeque<FarEnd>>,
    variables: HashMap<String, String>,
    cast: Cast,
}

impl Default for Rehearsal {
    fn default() -> Self {
        Self::new()
    }
}

impl Rehearsal {
    /// A rehearsal of an application without routes yet.
    pub fn new() -> Self {
        Self::of(Application::builder())
    }

    /// A rehearsal of an application as built, without its connections to the world: Asterisk, the
    /// media server, webhooks, voice and speech-to-text. Its sinks ([`Builder::sink`]) receive the
    /// rehearsal's events: leave out sinks that inform others.
    pub fn of(builder: Builder) -> Self {
        Self {
            builder,
            caller_id: String::new(),
            far_ends: HashMap::new(),
            variables: HashMap::new(),
            cast: Cast::default(),
        }
    }

    /// Handles calls with a session declared with `voxtra!`, by the routes it declares.
    #[must_use]
    pub fn session<S: Session>(mut self) -> Self {
        self.builder = self.builder.session::<S>();
        self
    }

    /// Handles every call that no other route matches.
    #[must_use]
    pub fn handler<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output: HandlerOutcome> + Send + 'static,
    {
        self.builder = self.builder.default(handler);
        self
    }

    /// The number of callers. By default it is unknown.
    #[must_use]
    pub fn from(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = caller_id.into();
        self
    }

    /// The reaction when the agent calls this endpoint, or transfers a call there. If given several
    /// times, the reactions apply in that order, and the last one from then on. Endpoints without a
    /// reaction answer.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>, far_end: FarEnd) -> Self {
        let script = self.far_ends.entry(endpoint.into()).or_default();
        script.push_back(far_end);
        self
    }

    /// A channel variable that calls have.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The language model of all calls, whatever their agents choose.
    #[must_use]
    pub fn language_model(mut self, model: impl LanguageModel + 'static) -> Self {
        self.cast.model = Some(Arc::new(model));
        self
    }

    /// The speech-to-speech service of all calls, whatever service their agents choose. Agents with
    /// a language model of their own talk without it.
    #[must_use]
    pub fn speech_to_speech(mut self, service: impl SpeechToSpeech + 'static) -> Self {
        self.cast.speech_to_speech = Some(Arc::new(service));
        self
    }

    /// How all callers are understood, whatever their agents choose. Without it agents may choose a
    /// speech-to-text of their own.
    #[must_use]
    pub fn recogniser(mut self, recogniser: Recogniser) -> Self {
        self.cast.recogniser = Some(recogniser);
        self
    }

    /// How all agents speak, whatever they choose. Without it agents may choose a voice of their
    /// own.
    #[must_use]
    pub fn voice(mut self, voice: Voice) -> Self {
        self.cast.voice = Some(voice);
        self
    }

    /// Lets something go wrong with a provider, in all calls, from the start.
    #[must_use]
    pub fn chaos(self, provider: Provider, chaos: Chaos) -> Self {
        self.cast.disturbance.set(provider, Some(chaos));
        self
    }

    /// Starts the application.
    ///
    /// # Panics
    /// The application can't start: routes conflict.
    pub async fn start(self) -> TestExchange {
        let (simulation, placed) = Simulation::new(self.far_ends, self.variables, self.cast);
        match self
            .builder
            .start_without_lines(Arc::new(simulation.clone()))
            .await
        {
            Ok(app) => TestExchange {
                app,
                simulation,
                caller_id: self.caller_id,
                placed,
            },
            Err(error) => panic!("the application cannot start: {error}"),
        }
    }

    /// Starts the application, and calls it.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn call(self, number: &str) -> Caller {
        self.start().await.call(number)
    }
}

/// An application in rehearsal, and the parties that can call it or be called by it.
#[derive(Debug)]
pub struct TestExchange {
    app: Application,
    simulation: Arc<Simulation>,
    caller_id: String,
    placed: mpsc::UnboundedReceiver<SimulatedCall>,
}

impl TestExchange {
    /// The application, to place calls with for example.
    pub fn application(&self) -> &Application {
        &self.app
    }

    /// Lets something go wrong with a provider from its next use on, in all calls.
    pub fn chaos(&self, provider: Provider, chaos: Chaos) {
        self.simulation
            .cast()
            .disturbance
            .set(provider, Some(chaos));
    }

    /// Lets the provider work again.
    pub fn calm(&self, provider: Provider) {
        self.simulation.cast().disturbance.set(provider, None);
    }

    /// A caller calls this number or extension.
    pub fn call(&self, number: &str) -> Caller {
        self.call_from(&self.caller_id, number)
    }

    /// The owner of this number calls.
    pub fn call_from(&self, caller_id: &str, number: &str) -> Caller {
        let simulated = self.simulation.call(&self.app.inner, caller_id, number);
        Caller::new(simulated)
    }

    /// Waits for the next call that the application places, even if the called party won't answer.
    ///
    /// # Panics
    /// The application places none within 60 s.
    pub async fn called(&mut self) -> Caller {
        match tokio::time::timeout(PATIENCE, self.placed.recv()).await {
            Ok(Some(simulated)) => Caller::new(simulated),
            Ok(None) | Err(_) => panic!("the application has called nobody"),
        }
    }
}
