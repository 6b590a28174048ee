//! Putting an application together.

mod asked;
#[cfg(feature = "ari")]
mod asterisk;

#[cfg(feature = "config")]
pub(crate) use asked::OLD_ATTEMPTS;

use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voxtra_core::event::{EventInfo, EventSet, EventType};
use voxtra_core::leg::LegSettings;

use super::admission::{Admission, CallLimits};
use super::route::{Handler, HandlerOutcome, RouteError, Routes};
use super::routing::Routing;
use super::sessions::Sessions;
use super::sink::{EventSink, Sinks};
use super::sockets::{Sockets, socket_leg};
use super::{Application, Hook, Inner, Originator};
#[cfg(feature = "ari")]
use crate::ari::AriError;
use crate::catalogue::{Catalogue, CatalogueError};
#[cfg(feature = "mcp")]
use crate::mcp::McpServer;
use crate::media::{MediaServer, MediaSettings};
use crate::session::{
    Call, CallInfo, OnHandlerEnd, Price, Route, Services, Session, TranscriptSettings,
};
use crate::speech::{
    LanguageModel, Prompts, SpeechError, SpeechToSpeech, SpeechToText, TextToSpeech,
};
#[cfg(feature = "webhooks")]
use crate::webhook::{WebhookError, WebhookSettings, WebhookStore};

/// How long calls may go on after the application was told to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// The name of an unnamed handler in errors.
const FUNCTION: &str = "a function";

/// An application to be built: routes, providers and settings, all with defaults that work.
pub struct Builder {
    routes: Routes,
    route_error: Option<RouteError>,
    pub(crate) routing: Option<Routing>,
    /// Handlers that a `[[route]]` of the configuration may name.
    agents: Vec<(String, Handler)>,
    /// Agents of the configuration.
    pub(crate) configured_agents: Vec<(String, Handler)>,
    /// Sessions that declare no route.
    unrouted: Vec<&'static str>,
    /// The configuration's routes, each with the name of its agent.
    pub(crate) configured: Vec<(Route<String>, String)>,
    catalogue: Catalogue,
    catalogue_error: Option<CatalogueError>,
    pub(crate) services: Services,
    pub(crate) prompts: Option<Prompts>,
    pub(crate) media: MediaSettings,
    pub(crate) leg: LegSettings,
    pub(crate) address: Option<String>,
    sockets: Sockets,
    #[cfg(feature = "ari")]
    pub(crate) asterisk: asterisk::AsteriskToBe,
    pub(crate) limits: CallLimits,
    #[cfg(feature = "webhooks")]
    pub(crate) webhooks: Vec<WebhookSettings>,
    #[cfg(feature = "webhooks")]
    pub(crate) webhook_store: WebhookStore,
    #[cfg(feature = "webhooks")]
    pub(crate) routing_error: Option<WebhookError>,
    sinks: Vec<Box<dyn EventSink>>,
    pub(crate) on_handler_end: OnHandlerEnd,
    pub(crate) drain: Duration,
    startup: Vec<Hook>,
    shutdown: Vec<Hook>,
    #[cfg(feature = "mcp")]
    pub(crate) mcp: Vec<McpServer>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("media", &self.media)
            .field("leg", &self.leg)
            .finish_non_exhaustive()
    }
}

/// The application can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two routes conflict, or one makes no sense.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// Two events of the program have one wire name.
    #[error(transparent)]
    Events(#[from] CatalogueError),
    /// The AudioSocket server can't listen.
    #[error("cannot listen for AudioSocket connections on {address}: {error}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The reason.
        error: std::io::Error,
    },
    /// Asterisk's ARI refuses us.
    #[cfg(feature = "ari")]
    #[error(transparent)]
    Ari(#[from] AriError),
    /// A webhook can't work.
    #[cfg(feature = "webhooks")]
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// A voice or a prompt can't work.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// The environment variable `VOXTRA_EVENTS` asked for the application's events, which were
    /// printed. Nothing was started.
    #[error("the application's events were listed, as VOXTRA_EVENTS asks; nothing was started")]
    Listed,
    /// `VOXTRA_EVENTS` asks for the events in a way that can't be answered.
    #[error("the application's events can't be listed: {0}")]
    Listing(String),
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            routes: Routes::default(),
            route_error: None,
            routing: None,
            agents: Vec::new(),
            configured_agents: Vec::new(),
            unrouted: Vec::new(),
            configured: Vec::new(),
            catalogue: Catalogue::built_in(),
            catalogue_error: None,
            services: Services::default(),
            prompts: None,
            media: MediaSettings::default(),
            leg: LegSettings::default(),
            address: None,
            sockets: Sockets::default(),
            #[cfg(feature = "ari")]
            asterisk: Default::default(),
            limits: CallLimits::default(),
            #[cfg(feature = "webhooks")]
            webhooks: Vec::new(),
            #[cfg(feature = "webhooks")]
            webhook_store: WebhookStore::memory(),
            #[cfg(feature = "webhooks")]
            routing_error: None,
            sinks: Vec::new(),
            on_handler_end: OnHandlerEnd::default(),
            drain: DRAIN,
            startup: Vec::new(),
            shutdown: Vec::new(),
            #[cfg(feature = "mcp")]
            mcp: Vec::new(),
        }
    }

    /// Settings of the media plane.
    #[must_use]
    pub fn media(mut self, settings: MediaSettings) -> Self {
        self.media = settings;
        self
    }

    /// Limits on new calls. Default: none, up to [`MediaSettings::max_calls`] at the same time.
    #[must_use]
    pub fn limits(mut self, limits: CallLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The `host:port` at which Asterisk reaches the AudioSocket server. Default: where it listens.
    #[must_use]
    pub fn advertise(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Settings of each call's media: rate, turn-taking, playout.
    #[must_use]
    pub fn leg(mut self, settings: LegSettings) -> Self {
        self.leg = settings;
        self
    }

    /// Accepts connections with this id from the dialplan's `AudioSocket()`; they count as calls to
    /// `extension`.
    #[must_use]
    pub fn allow(mut self, uuid: Uuid, extension: &str) -> Self {
        self.sockets.extensions.insert(uuid, extension.to_owned());
        self
    }

    /// Accepts connections with any id from allowed addresses; they count as calls to `extension`.
    #[must_use]
    pub fn allow_any(mut self, extension: &str) -> Self {
        self.sockets.any_extension = Some(extension.to_owned());
        self
    }

    /// The voice of `say`.
    #[must_use]
    pub fn voice(mut self, voice: impl TextToSpeech + 'static) -> Self {
        self.services.voice = Some(Arc::new(voice));
        self
    }

    /// The speech-to-text of `listen`.
    #[must_use]
    pub fn speech_to_text(mut self, provider: impl SpeechToText + 'static) -> Self {
        self.services.speech_to_text = Some(Arc::new(provider));
        self
    }

    /// The language model of `agent()`.
    #[must_use]
    pub fn language_model(mut self, model: impl LanguageModel + 'static) -> Self {
        self.services.model = Some(Arc::new(model));
        self
    }

    /// The speech-to-speech of `agent().run()`, in place of speech-to-text, language model and
    /// voice.
    #[must_use]
    pub fn speech_to_speech(mut self, service: impl SpeechToSpeech + 'static) -> Self {
        self.services.speech_to_speech = Some(Arc::new(service));
        self
    }

    /// What the provider of this name costs, so that `call.transcript` tells what a call cost.
    #[must_use]
    pub fn price(mut self, provider: impl Into<String>, price: Price) -> Self {
        Arc::make_mut(&mut self.services.prices).insert(provider.into(), price);
        self
    }

    /// What becomes of the transcripts of calls, beside the event `call.transcript`: files, and
    /// summaries.
    #[must_use]
    pub fn transcripts(mut self, settings: TranscriptSettings) -> Self {
        self.services.transcripts = Some(Arc::new(settings));
        self
    }

    /// Pre-rendered prompts for `play` and `say`.
    #[must_use]
    pub fn prompts(mut self, prompts: Prompts) -> Self {
        self.prompts = Some(prompts);
        self
    }

    /// Posts events to a webhook.
    #[cfg(feature = "webhooks")]
    #[must_use]
    pub fn webhook(mut self, settings: WebhookSettings) -> Self {
        self.webhooks.push(settings);
        self
    }

    /// Connects to an MCP server when the application starts, keeps the connection, and ends it
    /// when the application stops. Agents have its tools by
    /// [`AgentSettings::toolbox`](crate::session::AgentSettings::toolbox). A rehearsal starts no
    /// server.
    #[cfg(feature = "mcp")]
    #[must_use]
    pub fn mcp(mut self, server: McpServer) -> Self {
        self.mcp.push(server);
        self
    }

    /// Where the webhooks' events stay until they are delivered. Default: in memory; a
    /// configuration says otherwise unless it says `durable = false`.
    #[cfg(feature = "webhooks")]
    #[must_use]
    pub fn webhook_store(mut self, store: WebhookStore) -> Self {
        self.webhook_store = store;
        self
    }

    /// Handles calls to this extension.
    #[must_use]
    pub fn extension<F, R>(self, extension: &str, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output: HandlerOutcome> + Send + 'static,
    {
        self.route(|routes| routes.extension(extension, Handler::new(handler), FUNCTION))
    }

    /// Handles calls to this number, or with a `*` at the end to all numbers that begin with it.
    #[must_use]
    pub fn number<F, R>(self, pattern: &str, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output: HandlerOutcome> + Send + 'static,
    {
        self.route(|routes| routes.number(pattern, Handler::new(handler), FUNCTION))
    }

    /// Asks `rule` for the handler of a call that no extension or number matches. Rules are asked
    /// in order; a rule that does not want the call returns `None`.
    #[must_use]
    pub fn dispatch<F, R>(mut self, rule: F) -> Self
    where
        F: Fn(CallInfo) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Handler>> + Send + 'static,
    {
        self.routes.rule(Arc::new(move |info| Box::pin(rule(info))));
        self
    }

    /// Asks who takes each call, before its routes count.
    #[must_use]
    pub fn routing(mut self, routing: Routing) -> Self {
        self.routing = Some(routing);
        self
    }

    /// Handles every call that no other route matches.
    #[must_use]
    pub fn default<F, R>(self, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output: HandlerOutcome> + Send + 'static,
    {
        self.route(|routes| routes.otherwise(Handler::new(handler), FUNCTION))
    }

    /// Handles calls with a session declared with `voxtra!`, by the routes it declares. Its events
    /// need not be named again. A `[[route]]` of the configuration may use the session's declared
    /// name.
    #[must_use]
    pub fn session<S: Session>(mut self) -> Self {
        self = self
            .knows(S::EVENTS)
            .agent(S::NAME, Handler::session::<S>());
        if S::ROUTES.is_empty() {
            self.unrouted.push(S::NAME);
        }
        for declared in S::ROUTES {
            let handler = Handler::declared::<S>(declared.metadata);
            let owner = format!("the session {}", S::NAME);
            self = self.route(|routes| match declared.route {
                Route::Extension(extension) => routes.extension(extension, handler, &owner),
                Route::Number(pattern) => routes.number(pattern, handler, &owner),
                Route::Default => routes.otherwise(handler, &owner),
            });
        }
        self
    }

    /// Names a handler, so that a `[[route]]` of the configuration can send it calls. Sessions have
    /// names of their own.
    #[must_use]
    pub fn agent(mut self, name: &str, handler: Handler) -> Self {
        self.agents.push((name.to_owned(), handler));
        self
    }

    /// Handles calls to an extension, a number or all others with a handler made elsewhere.
    #[must_use]
    pub fn handler(self, route: &Route<&str>, handler: Handler) -> Self {
        self.handle(route, handler, FUNCTION)
    }

    fn handle(self, route: &Route<&str>, handler: Handler, owner: &str) -> Self {
        self.route(|routes| match route {
            Route::Extension(extension) => routes.extension(extension, handler, owner),
            Route::Number(pattern) => routes.number(pattern, handler, owner),
            Route::Default => routes.otherwise(handler, owner),
        })
    }

    /// Adds the routes of the configuration. Done here, since sessions may be registered after the
    /// configuration was read.
    fn route_as_configured(mut self) -> Self {
        let unrouted = std::mem::take(&mut self.unrouted);
        let configured = std::mem::take(&mut self.configured);
        let own = std::mem::take(&mut self.configured_agents);
        self.agents.extend(own.iter().cloned());
        for name in unrouted {
            let is_configured = configured.iter().any(|(_, agent)| agent == name);
            if !is_configured && self.routing.is_none() {
                self = self.route(|_| Err(RouteError::None(name.to_owned())));
            }
        }
        for (rule, agent) in configured {
            let mut known = self.agents.iter().filter(|(name, _)| *name == agent);
            let (Some((_, handler)), None) = (known.next(), known.next()) else {
                let names: Vec<_> = self.agents.iter().map(|(name, _)| name.as_str()).collect();
                let known = match names.as_slice() {
                    [] => {
                        "this program has none that can be named; remove the [[route]]".to_owned()
                    }
                    names => format!(
                        "this program has {}, and each name must be one agent's",
                        names.join(", ")
                    ),
                };
                return self.route(|_| Err(RouteError::Agent { agent, known }));
            };
            let (handler, owner) = (handler.clone(), format!("a [[route]] to {agent}"));
            self = self.handle(&rule.as_str(), handler, &owner);
        }
        match own.as_slice() {
            [(name, handler)] if self.routes.is_empty() => {
                let owner = format!("the agent {name}");
                self.handle(&Route::Default, handler.clone(), &owner)
            }
            [_, _, ..] if self.routes.is_empty() => {
                let names: Vec<_> = own.into_iter().map(|(name, _)| name).collect();
                self.route(|_| Err(RouteError::Unrouted(names.join(", "))))
            }
            _ => self,
        }
    }

    /// Names an event that handlers emit, so that `voxtra events` lists it and the allow-list of a
    /// webhook may have it.
    #[must_use]
    pub fn event<E: EventType>(self) -> Self {
        self.knows(&[E::INFO])
    }

    /// Names all events of a set, as [`event`](Self::event) names one.
    #[must_use]
    pub fn events<E: EventSet>(self) -> Self {
        self.knows(E::EVENTS)
    }

    fn knows(mut self, events: &[EventInfo]) -> Self {
        if let Err(error) = self.catalogue.add(events) {
            self.catalogue_error.get_or_insert(error);
        }
        self
    }

    fn route(mut self, add: impl FnOnce(&mut Routes) -> Result<(), RouteError>) -> Self {
        if let Err(error) = add(&mut self.routes) {
            self.route_error.get_or_insert(error);
        }
        self
    }

    /// Gives every call a value of the application, such as a pool of database connections:
    /// [`Call::state`] finds it by its type. There is one value of each type, the last that was
    /// given.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        Arc::make_mut(&mut self.services.state).insert(value);
        self
    }

    /// Also publishes the events of all calls to `sink`.
    #[must_use]
    pub fn sink(mut self, sink: impl EventSink) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// Runs `hook` when the application has started, before the first call.
    #[must_use]
    pub fn on_startup<F, R>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.startup.push(Box::new(move || Box::pin(hook())));
        self
    }

    /// Runs `hook` when the last call is over and the application stops.
    #[must_use]
    pub fn on_shutdown<F, R>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.shutdown.push(Box::new(move || Box::pin(hook())));
        self
    }

    /// What becomes of a caller whose handler has returned without hanging up. Default: the call is
    /// hung up.
    #[must_use]
    pub fn on_handler_end(mut self, then: OnHandlerEnd) -> Self {
        self.on_handler_end = then;
        self
    }

    /// How long calls may go on after the application was told to stop. Default: 30 s. Calls that
    /// were transferred are not waited for.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// Starts the application: listens for media, runs the start-up hooks, and connects to
    /// Asterisk. If Asterisk is not there yet, the application waits for it in the background;
    /// [`Application::online`] returns when it has come.
    ///
    /// Where the environment variable `VOXTRA_EVENTS` is set, it does none of this: it prints the
    /// events that the application knows as `text`, `json`, `schema` or `asyncapi`, and fails with
    /// [`StartError::Listed`]. `voxtra events AGENT` asks in this way.
    ///
    /// # Errors
    /// Routes conflict, the address is taken, Asterisk refuses the password, a webhook makes no
    /// sense.
    pub async fn start(self) -> Result<Application, StartError> {
        let mut this = self.route_as_configured();
        this.check()?;
        asked::answer(&this.catalogue)?;
        #[cfg(feature = "webhooks")]
        asked::known(&this.webhooks, &this.catalogue);
        #[cfg(feature = "ari")]
        this.asterisk.ask().await?;
        #[cfg(feature = "mcp")]
        for server in std::mem::take(&mut this.mcp) {
            server.start();
            this = this.on_shutdown(move || async move { server.close().await });
        }
        this.open(None).await
    }

    /// The whole life of a program: [starts](Self::start) the application and
    /// [runs](Application::run) it until Ctrl-C or SIGTERM and the last call's end. For `main` to
    /// return:
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    /// use voxtra_rt::app::{Application, StartError};
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn greet(_: Call) -> Result<(), CallError> { Ok(()) }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<ExitCode, StartError> {
    ///     Application::builder().extension("1000", greet).run().await
    /// }
    /// ```
    ///
    /// The status is also success if `VOXTRA_EVENTS` asked for the events.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn run(self) -> Result<ExitCode, StartError> {
        let application = match self.start().await {
            Err(StartError::Listed) => return Ok(ExitCode::SUCCESS),
            started => started?,
        };
        let address = application.media_address();
        tracing::info!("waiting for calls on {address}; Ctrl-C ends");
        application.run().await;
        Ok(ExitCode::SUCCESS)
    }

    /// Starts without a line to the world: nothing listens or connects, no webhook is delivered,
    /// and only `originator` has calls. The sinks get their events.
    pub(crate) async fn start_without_lines(
        self,
        originator: Arc<dyn Originator>,
    ) -> Result<Application, StartError> {
        let mut this = self.route_as_configured();
        this.check()?;
        #[cfg(feature = "webhooks")]
        this.webhooks.clear();
        this.open(Some(originator)).await
    }

    /// Returns the first error of the earlier steps.
    fn check(&mut self) -> Result<(), StartError> {
        if let Some(error) = self.route_error.take() {
            return Err(error.into());
        }
        if let Some(error) = self.catalogue_error.take() {
            return Err(error.into());
        }
        #[cfg(feature = "webhooks")]
        if let Some(error) = self.routing_error.take() {
            return Err(error.into());
        }
        Ok(())
    }

    async fn open(
        self,
        originator: Option<Arc<dyn Originator>>,
    ) -> Result<Application, StartError> {
        #[cfg(feature = "webhooks")]
        let webhooks = self
            .webhook_store
            .open(&crate::webhook::sender(), self.webhooks)?;
        let sinks = self.sinks;
        #[cfg(feature = "webhooks")]
        let sinks = [Box::new(webhooks.clone()) as _]
            .into_iter()
            .chain(sinks)
            .collect();
        let (address, max_calls) = (self.media.listen, self.media.max_calls);
        let (media, arrivals) = match &originator {
            Some(_) => MediaServer::rehearsed(self.media, self.leg),
            None => MediaServer::bind(self.media, socket_leg(self.leg))
                .await
                .map_err(|error| StartError::Listen { address, error })?,
        };
        for uuid in self.sockets.extensions.keys() {
            media.allow(*uuid);
        }
        if self.sockets.any_extension.is_some() {
            media.allow_any();
        }
        for hook in self.startup {
            hook().await;
        }
        let mut services = self.services;
        if let Some(prompts) = self.prompts {
            services.prompts = Arc::new(prompts);
        }
        #[cfg(feature = "ari")]
        let asterisk = self.asterisk.made(&media, self.address, self.leg);
        #[cfg(feature = "ari")]
        let originator = originator.or_else(|| Some(asterisk.clone()? as _));
        let inner = Arc::new(Inner {
            routes: self.routes,
            routing: self.routing,
            agents: self.agents,
            catalogue: self.catalogue,
            services,
            media,
            leg: self.leg,
            sessions: Sessions::new(self.on_handler_end),
            sinks: Sinks::new(sinks),
            #[cfg(feature = "webhooks")]
            webhooks,
            admission: Admission::new(self.limits, max_calls),
            sockets: self.sockets,
            #[cfg(feature = "ari")]
            asterisk,
            originator,
            drain: self.drain,
            stop: CancellationToken::new(),
            shutdown: Mutex::new(self.shutdown),
        });
        tokio::spawn(
            inner
                .stop
                .clone()
                .run_until_cancelled_owned(inner.clone().take_arrivals(arrivals)),
        );
        #[cfg(feature = "webhooks")]
        {
            crate::webhook::end_left_open(&inner.webhooks);
            super::notices::listen(&inner);
        }
        #[cfg(feature = "ari")]
        if let Some(asterisk) = &inner.asterisk {
            asterisk.connect(&inner);
        }
        let _stop = Arc::new(inner.stop.clone().drop_guard());
        Ok(Application { inner, _stop })
    }
}
