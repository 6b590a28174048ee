//! A call, as an agent holds it.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::mpsc;
use voxtra_core::event::{Error, EventType};

use super::caller_words::{Expect, OverlapWords};
use super::carrier::Carrier;
use super::clips::Clips;
use super::conversation::Conversation;
use super::error::CallError;
use super::event::{EventBody, UserEvent};
use super::log::Events;
use super::report::Reports;
use super::request::Request;
use super::shared::SessionShared;
use super::state::State;
use super::transcript::TranscriptSettings;
use super::usage::Prices;
use crate::speech::{LanguageModel, Prompts, SpeechToSpeech, SpeechToText, TextToSpeech};

pub use voxtra_core::event::CallStartedDirection as Direction;

/// Facts known about a call from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallInfo {
    /// The caller's number; empty if unknown.
    pub caller_id: String,
    /// The number or extension that was called; empty if unknown.
    pub called_number: String,
    /// The number that was dialled first and redirected the call to us (RDNIS); empty if unknown.
    pub redirecting_number: String,
    /// Whether the call came in or we placed it.
    pub direction: Direction,
    /// Arguments of `Stasis(app,…)` in the dialplan, or of the originate.
    pub args: Vec<String>,
}

/// The voice, speech-to-text and language model of a call.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) voice: Option<Arc<dyn TextToSpeech>>,
    pub(crate) speech_to_text: Option<Arc<dyn SpeechToText>>,
    pub(crate) model: Option<Arc<dyn LanguageModel>>,
    /// In place of the three.
    pub(crate) speech_to_speech: Option<Arc<dyn SpeechToSpeech>>,
    pub(crate) language: Option<Arc<str>>,
    pub(crate) overlap: Arc<OverlapWords>,
    pub(crate) expect: Expect,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) clips: Arc<Clips>,
    pub(crate) state: Arc<State>,
    pub(crate) prices: Arc<Prices>,
    pub(crate) transcripts: Option<Arc<TranscriptSettings>>,
    /// Plays the services that the call chooses for itself.
    pub(crate) stand_ins: Option<Arc<dyn StandIns>>,
}

/// Stands between a call and the services that it chooses for itself.
pub(crate) trait StandIns: Send + Sync {
    /// What hears the caller instead of `chosen`.
    fn speech_to_text(&self, chosen: Arc<dyn SpeechToText>) -> Arc<dyn SpeechToText>;

    /// What speaks instead of `chosen`.
    fn voice(&self, chosen: Arc<dyn TextToSpeech>) -> Arc<dyn TextToSpeech>;

    /// What thinks instead of `chosen`.
    fn model(&self, chosen: Arc<dyn LanguageModel>) -> Arc<dyn LanguageModel>;

    /// What does all three instead of `chosen`.
    fn speech_to_speech(&self, chosen: Arc<dyn SpeechToSpeech>) -> Arc<dyn SpeechToSpeech>;
}

impl Services {
    pub(super) fn choose_voice(&mut self, voice: Arc<dyn TextToSpeech>) {
        self.voice = Some(match &self.stand_ins {
            Some(stand_ins) => stand_ins.voice(voice),
            None => voice,
        });
    }

    pub(super) fn choose_speech_to_text(&mut self, provider: Arc<dyn SpeechToText>) {
        self.speech_to_text = Some(match &self.stand_ins {
            Some(stand_ins) => stand_ins.speech_to_text(provider),
            None => provider,
        });
    }

    pub(super) fn choose_model(&mut self, model: Arc<dyn LanguageModel>) {
        self.model = Some(match &self.stand_ins {
            Some(stand_ins) => stand_ins.model(model),
            None => model,
        });
    }

    pub(super) fn choose_speech_to_speech(&mut self, service: Arc<dyn SpeechToSpeech>) {
        self.speech_to_speech = Some(match &self.stand_ins {
            Some(stand_ins) => stand_ins.speech_to_speech(service),
            None => service,
        });
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services")
            .field("voice", &self.voice.as_ref().map(|one| one.name()))
            .field(
                "speech_to_text",
                &self.speech_to_text.as_ref().map(|one| one.name()),
            )
            .field("model", &self.model.as_ref().map(|one| one.name()))
            .field(
                "speech_to_speech",
                &self.speech_to_speech.as_ref().map(|one| one.name()),
            )
            .finish_non_exhaustive()
    }
}

/// A call. Cheap to clone; every clone is the same call.
///
/// Every wait on a call ends with [`CallError::Ended`] when the call does.
#[derive(Clone)]
pub struct Call {
    session: Arc<SessionShared>,
    /// Held by the call's own handler or hooks, for which `session.destroyed` waits.
    handlers: bool,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("id", &self.id())
            .field("info", self.session.facts().info())
            .finish_non_exhaustive()
    }
}

impl Call {
    /// The session's id, which every event carries: the channel's id in Asterisk, or a random UUID
    /// for a call without ARI.
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call) {
    /// println!("session {} has begun", call.id());
    /// # }
    /// ```
    pub fn id(&self) -> &str {
        self.session.facts().id()
    }

    /// The AudioSocket id of a call without ARI: the dialplan passed it to `AudioSocket()`, or
    /// `Application::expect_socket_call` returned it. `None` for other calls. Anybody who knows
    /// this id can take such a call, so no event and no log has it.
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call, expected: uuid::Uuid) {
    /// let is_the_one = call.audio_id() == Some(expected);
    /// # }
    /// ```
    pub fn audio_id(&self) -> Option<uuid::Uuid> {
        self.session.carrier().audio_id()
    }

    /// The caller's number; empty if unknown. It changes when the far end hands the call over to
    /// another party (`call.replaced`).
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call) {
    /// let is_from_malawi = call.caller_id().starts_with("+265");
    /// # }
    /// ```
    pub fn caller_id(&self) -> String {
        self.session.facts().caller_id()
    }

    /// The number or extension that was called; empty if unknown.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.say(match call.called_number() {
    ///     "1000" => "Welcome to our shop.",
    ///     _ => "Welcome.",
    /// })
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn called_number(&self) -> &str {
        &self.session.facts().info().called_number
    }

    /// The number that was dialled first and redirected the call to us (RDNIS); empty if unknown.
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call) {
    /// let is_redirected = !call.redirecting_number().is_empty();
    /// # }
    /// ```
    pub fn redirecting_number(&self) -> &str {
        &self.session.facts().info().redirecting_number
    }

    /// Whether the call came in or we placed it.
    ///
    /// ```no_run
    /// use voxtra_rt::session::Direction;
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// if call.direction() == Direction::Outbound {
    ///     call.say("This is your dentist's assistant.").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn direction(&self) -> Direction {
        self.session.facts().info().direction
    }

    /// Arguments of `Stasis(app,…)` in the dialplan, or of the originate.
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call) {
    /// // exten = 1000,1,Stasis(voxtra,german)
    /// let is_german = call.args().iter().any(|arg| arg == "german");
    /// # }
    /// ```
    pub fn args(&self) -> &[String] {
        &self.session.facts().info().args
    }

    /// A value that the application gives its calls, by its type: a database, a client, settings.
    ///
    /// ```
    /// # use voxtra_rt::session::{Call, HandlerError};
    /// struct Orders(/* a pool of connections */);
    ///
    /// # impl Orders {
    /// #     async fn latest(&self, _: &str) -> Result<String, HandlerError> { Ok(String::new()) }
    /// # }
    /// // Application::builder().state(Orders(…))
    /// async fn tell_order(call: Call) -> Result<(), HandlerError> {
    ///     let orders: &Orders = call.state()?;
    ///     call.say(&orders.latest(&call.caller_id()).await?).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`CallError::NoState`]: the application was given nothing of this type.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<&T, CallError> {
        let state = self.session.state().get();
        state.ok_or(CallError::NoState {
            name: std::any::type_name::<T>(),
        })
    }

    /// Gives this call a voice of its own, from the next utterance on: another language, another
    /// speaker. Other calls keep theirs.
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use voxtra_rt::{session::Call, speech::TextToSpeech};
    /// # fn example(call: &Call, german: Arc<dyn TextToSpeech>) {
    /// call.set_voice(german);
    /// # }
    /// ```
    pub fn set_voice(&self, voice: Arc<dyn TextToSpeech>) {
        self.session
            .change_services(|services| services.choose_voice(voice));
    }

    /// Gives this call a speech-to-text of its own, from the next part of the caller's audio on.
    /// The one before may still give the transcript of what it has heard.
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use voxtra_rt::{session::Call, speech::SpeechToText};
    /// # fn example(call: &Call, german: Arc<dyn SpeechToText>) {
    /// call.set_speech_to_text(german);
    /// # }
    /// ```
    pub fn set_speech_to_text(&self, provider: Arc<dyn SpeechToText>) {
        self.session
            .change_services(|services| services.choose_speech_to_text(provider));
        self.transcribe_if_wanted();
    }

    /// Gives this call a language model of its own, from its next reply on. The conversation so far
    /// stays.
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use voxtra_rt::{session::Call, speech::LanguageModel};
    /// # fn example(call: &Call, larger: Arc<dyn LanguageModel>) {
    /// call.set_language_model(larger);
    /// # }
    /// ```
    pub fn set_language_model(&self, model: Arc<dyn LanguageModel>) {
        self.session
            .change_services(|services| services.choose_model(model));
    }

    /// Gives this call a speech-to-speech service of its own. It takes the place of speech-to-text,
    /// language model and voice in a conversation that [`run`](super::Conversation::run) begins.
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use voxtra_rt::session::{AgentSettings, Call, CallError};
    /// # use voxtra_rt::speech::SpeechToSpeech;
    /// # async fn example(call: &Call, service: Arc<dyn SpeechToSpeech>) -> Result<(), CallError> {
    /// call.set_speech_to_speech(service);
    /// call.agent().run(&AgentSettings::new("You are a receptionist.")).await
    /// # }
    /// ```
    pub fn set_speech_to_speech(&self, service: Arc<dyn SpeechToSpeech>) {
        self.session
            .change_services(|services| services.choose_speech_to_speech(service));
    }

    /// Tells speech-to-text which language the caller speaks, from the next part of the caller's
    /// audio on, and in which one the agent answers: a tag such as `en-GB`.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.say("For English press one. Für Deutsch drücken Sie zwei.").await?;
    /// let key = call.listen_dtmf(1, std::time::Duration::from_secs(5)).await?;
    /// call.set_language(if key == "2" { "de" } else { "en" });
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_language(&self, tag: &str) {
        self.session
            .change_services(|services| services.language = Some(tag.into()));
    }

    /// Adds to the words by which a caller who talks over the agent interrupts it, or does not:
    /// beside those that are known of English and German. It replaces what was added earlier.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, OverlapWords};
    /// # fn example(call: &Call) {
    /// call.set_overlap_words(OverlapWords::new().with(|words| {
    ///     words.interruptions = vec!["attendez".to_owned()];
    ///     words.backchannels = vec!["d'accord".to_owned()];
    /// }));
    /// # }
    /// ```
    pub fn set_overlap_words(&self, words: OverlapWords) {
        self.session
            .change_services(|services| services.overlap = Arc::new(words));
    }

    /// Stores a value for this call.
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call) {
    /// call.set_metadata("language", "ny");
    /// # }
    /// ```
    pub fn set_metadata(&self, key: impl Into<String>, value: impl Into<String>) {
        self.session.facts().set_note(key.into(), value.into());
    }

    /// The value stored under this key.
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call) {
    /// let language = call.get_metadata("language").unwrap_or("en".into());
    /// # }
    /// ```
    pub fn get_metadata(&self, key: &str) -> Option<String> {
        self.session.facts().note(key)
    }

    /// All events of this call, from its first on, in order.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::Call;
    /// # async fn example(call: &Call) {
    /// let mut events = call.events();
    /// while let Some(event) = events.next().await {
    ///     println!("{event}");
    /// }
    /// # }
    /// ```
    pub fn events(&self) -> Events {
        self.session.log().from_start(self.handlers)
    }

    /// The events of this call from now on.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::Call;
    /// use voxtra_core::event::EventKind;
    ///
    /// # async fn example(call: &Call) {
    /// let mut events = call.events_from_now();
    /// let barge_in = |kind| (kind == Some(EventKind::BargeIn)).then_some(());
    /// events.find(|event| barge_in(event.kind())).await;
    /// # }
    /// ```
    pub fn events_from_now(&self) -> Events {
        self.session.log().from_now(self.handlers)
    }

    /// Emits an event of the application, declared with `voxtra! { events { … } }`, to every
    /// observer of this call.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::Call;
    /// voxtra_rt::voxtra! {
    ///     events {
    ///         /// The caller confirmed a payment.
    ///         payment.confirmed { amount_cents: u64 }
    ///     }
    /// }
    ///
    /// # async fn example(call: &Call) {
    /// call.emit(PaymentConfirmed { amount_cents: 1_250 }).await;
    /// # }
    /// # fn main() {}
    /// ```
    pub async fn emit<T: EventType + Serialize + Send + Sync + 'static>(&self, event: T) {
        self.emit_body(EventBody::User(UserEvent::new(event))).await;
    }

    /// The language model in this call's conversation.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call, question: &str) -> Result<(), CallError> {
    /// call.agent().instruct("You are a receptionist. Be brief.");
    /// let reply = call.agent().respond(question).await?;
    /// call.say(&reply.text).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn agent(&self) -> Conversation<'_> {
        Conversation::new(self)
    }
}

/// What the rest of the runtime does with a call.
impl Call {
    pub(crate) fn new(
        id: Arc<str>,
        info: CallInfo,
        carrier: Arc<dyn Carrier>,
        services: Services,
        reports: Reports,
        requests: mpsc::Sender<Box<Request>>,
    ) -> Self {
        let session = SessionShared::new(id, info, carrier, services, reports, requests);
        Self {
            session: Arc::new(session),
            handlers: false,
        }
    }

    /// What all handles of this call share.
    pub(crate) fn session(&self) -> &SessionShared {
        &self.session
    }

    /// The same call, for its own handler and hooks.
    pub(crate) fn for_handlers(&self) -> Self {
        Self {
            handlers: true,
            ..self.clone()
        }
    }

    /// The call's channel in Asterisk, which another may replace; the call's id without ARI.
    pub(crate) fn channel(&self) -> Arc<str> {
        let channel = self.session.carrier().channel();
        channel.unwrap_or_else(|| self.session.facts().id().clone())
    }

    /// Takes an event; false if it was taken before.
    pub(crate) fn take(&self, seq: u64) -> bool {
        self.session.answers().take(seq)
    }

    pub(crate) fn is_taken(&self, seq: u64) -> bool {
        self.session.answers().is_taken(seq)
    }

    pub(crate) async fn emit_body(&self, body: EventBody) {
        self.send(Request::Emit(body)).await;
    }

    /// Emits an `error` event.
    pub(crate) async fn emit_error(&self, error_type: &str, message: String) {
        self.emit_body(Error::new(error_type.into(), message).into())
            .await;
    }

    pub(crate) async fn send(&self, request: Request) {
        self.session.send(request).await;
    }

    /// Runs `work` as long as the call is up.
    pub(crate) async fn while_up<T>(
        &self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        self.session.while_up(work).await
    }
}
