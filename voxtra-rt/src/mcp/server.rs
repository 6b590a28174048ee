//! A server, as agents and applications have it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::keeper::{self, Source, State};
use super::secrets::Secrets;
use super::settings::{McpPlace, McpSettings};
use super::tool::McpTool;
use super::web::Web;
use crate::lock::lock;
use crate::session::{HandlerError, Tool, Toolbox};
use crate::speech::{BoxFuture, ProviderError, ProviderErrorKind};

/// An MCP server. Cheap to clone; clones share its connection. When the last one is dropped, a
/// program that was started is killed.
#[derive(Clone)]
pub struct McpServer {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) name: String,
    pub(super) settings: McpSettings,
    pub(super) secrets: Secrets,
    source: Source,
    state: watch::Sender<State>,
    stop: CancellationToken,
    keeper: std::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl McpServer {
    /// The server of this name, which is not started yet: give it to
    /// `Builder::mcp`. The name stands before those of its tools.
    ///
    /// # Errors
    /// Its address or a header makes no sense, or its name can't begin a tool's: up to 32 letters,
    /// digits, `_` and `-`, without `__`.
    pub fn new(name: impl Into<String>, settings: McpSettings) -> Result<Self, ProviderError> {
        let name = name.into();
        let refuse =
            |why: String| ProviderError::new(name.as_str(), ProviderErrorKind::Rejected, why);
        if !super::settings::is_server_name(&name) {
            return Err(refuse(
                "its name must have up to 32 letters, digits, `_` and `-`, without `__`".to_owned(),
            ));
        }
        let source = match &settings.place {
            McpPlace::Command {
                program,
                arguments,
                environment,
            } => Source::Program {
                program: program.clone(),
                arguments: arguments.clone(),
                environment: environment.clone(),
            },
            McpPlace::Url { url, headers } => Source::Web(Web::new(url, headers).map_err(refuse)?),
        };
        let secrets = Secrets::of(&settings);
        Ok(Self {
            inner: Arc::new(Inner {
                name,
                settings,
                secrets,
                source,
                state: watch::Sender::new(State::Idle),
                stop: CancellationToken::new(),
                keeper: std::sync::Mutex::new(None),
            }),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Begins to connect, and keeps the connection from then on. `Builder::mcp` does it.
    pub fn start(&self) {
        let inner = &self.inner;
        let mut keeper = lock(&inner.keeper);
        if keeper.is_some() || inner.stop.is_cancelled() {
            return;
        }
        inner.state.send_replace(State::Starting);
        let keeping = keeper::Keeper {
            name: inner.name.clone(),
            source: inner.source.clone(),
            start_timeout: inner.settings.start_timeout,
            secrets: inner.secrets.clone(),
            state: inner.state.clone(),
            stop: inner.stop.clone(),
        };
        *keeper = Some(tokio::spawn(keeping.keep()));
    }

    /// Ends the connection; a program has 2 s to end. `Builder::mcp` sees to it.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        let keeper = lock(&self.inner.keeper).take();
        if let Some(keeper) = keeper {
            let _ = keeper.await;
        }
    }

    /// Connects, asks for its tools and ends: their names for models, and whether all that the
    /// settings name are there.
    ///
    /// # Errors
    /// It can't be reached, or lacks a tool that the settings name.
    pub async fn look(&self) -> Result<Vec<String>, ProviderError> {
        self.look_for([""; 0]).await
    }

    /// The same, and whether these of its tools are there, by the server's names: those that agents
    /// have.
    ///
    /// # Errors
    /// It can't be reached, or lacks a tool.
    pub async fn look_for<T: Into<String>>(
        &self,
        wanted: impl IntoIterator<Item = T>,
    ) -> Result<Vec<String>, ProviderError> {
        let fresh = Self::new(self.name(), self.inner.settings.clone())?;
        fresh.start();
        let tools = fresh.all().tools().await;
        let lacking = fresh.lacking(wanted.into_iter().map(Into::into));
        fresh.close().await;
        let refuse =
            |why: String| ProviderError::new(self.name(), ProviderErrorKind::Unavailable, why);
        let tools = tools.map_err(|error| refuse(error.to_string()))?;
        if !lacking.is_empty() {
            let names = lacking.join(", ");
            return Err(refuse(format!("it has no tool named {names}")));
        }
        Ok(tools.iter().map(|tool| tool.spec().name).collect())
    }

    /// Tools that the settings name, or that are wanted, and the server doesn't have.
    fn lacking(&self, wanted: impl Iterator<Item = String>) -> Vec<String> {
        let State::Up(up) = &*self.inner.state.borrow() else {
            return Vec::new();
        };
        let settings = &self.inner.settings;
        let named = settings.tools.iter().flatten().chain(&settings.confirm);
        let named = named.chain(&settings.background);
        let named = named.filter(|name| *name != "*").cloned().chain(wanted);
        let lacking: BTreeSet<String> = named
            .filter(|name| !up.tools.iter().any(|tool| tool.remote == *name))
            .collect();
        lacking.into_iter().collect()
    }

    /// All its tools that the settings allow, for agents.
    #[must_use]
    pub fn all(&self) -> McpToolbox {
        McpToolbox {
            server: self.clone(),
            only: None,
        }
    }

    /// These of its tools, by the server's names, if the settings allow them.
    #[must_use]
    pub fn only<T: Into<String>>(&self, tools: impl IntoIterator<Item = T>) -> McpToolbox {
        McpToolbox {
            server: self.clone(),
            only: Some(tools.into_iter().map(Into::into).collect()),
        }
    }

    /// Waits until it is known whether the server is there.
    pub(super) async fn settled(&self) -> Result<Arc<keeper::Up>, String> {
        let mut state = self.inner.state.subscribe();
        let settled = state
            .wait_for(|state| !matches!(state, State::Starting))
            .await;
        let settled = settled.map(|state| state.clone());
        match settled {
            Ok(State::Up(up)) => Ok(up),
            Ok(State::Down(why)) => Err(why.to_string()),
            Ok(State::Idle) => {
                Err("it was not started: give it to the application, with Builder::mcp".to_owned())
            }
            _ => Err("the application is ending".to_owned()),
        }
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServer")
            .field("name", &self.inner.name)
            .field("settings", &self.inner.settings)
            .finish_non_exhaustive()
    }
}

/// Tools of an MCP server, for [`AgentSettings::toolbox`](crate::session::AgentSettings::toolbox).
#[derive(Clone, Debug)]
pub struct McpToolbox {
    server: McpServer,
    only: Option<Vec<String>>,
}

impl Toolbox for McpToolbox {
    fn name(&self) -> &str {
        self.server.name()
    }

    fn tools(&self) -> BoxFuture<'_, Result<Vec<Arc<dyn Tool>>, HandlerError>> {
        Box::pin(async move {
            let up = self.server.settled().await?;
            let settings = &self.server.inner.settings;
            let allowed = |name: &String| {
                let allows = |list: &Option<Vec<String>>| {
                    list.as_ref().is_none_or(|list| list.contains(name))
                };
                allows(&settings.tools) && allows(&self.only)
            };
            let tools = up.tools.iter().filter(|tool| allowed(&tool.remote));
            let tools: Vec<Arc<dyn Tool>> = tools
                .map(|tool| Arc::new(McpTool::new(self.server.clone(), tool.clone())) as _)
                .collect();
            let mut wanted = self.only.iter().flatten();
            let lacks = wanted.find(|name| !up.tools.iter().any(|tool| tool.remote == **name));
            if let Some(tool) = lacks {
                let server = self.server.name();
                tracing::warn!(server, tool, "an MCP server lacks a tool that an agent has");
            }
            match lacks {
                Some(name) if tools.is_empty() => {
                    Err(format!("it has no tool named {name:?}").into())
                }
                _ => Ok(tools),
            }
        })
    }

    fn is_required(&self) -> bool {
        self.server.inner.settings.required
    }
}
