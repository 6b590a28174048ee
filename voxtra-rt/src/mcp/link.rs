//! One connection with a server: how it begins, what tools it offers, how it ends.

use std::sync::Arc;
use std::time::Duration;

use rmcp::ClientHandler;
use rmcp::model::{ClientConfig, Implementation, PaginatedRequestParams};
use rmcp::service::{
    ClientInitializeError, NotificationContext, Peer, RoleClient, RunningService,
    RunningServiceCancellationToken, ServiceExt as _,
};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::MAX_MESSAGE;
use super::keeper::Source;
use super::patient::Patient;
use super::process::Process;
use super::secrets::Secrets;
use super::tool::{Listing, ToolOfServer};

/// Most pages in which a server lists its tools.
const MOST_PAGES: usize = 32;

/// How long the end of a connection may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a server is told of us, and may tell us.
#[derive(Clone)]
pub(super) struct Client {
    changed: Arc<Notify>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.client_info = Implementation::new("voxtra", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

/// A connection whose server has answered.
pub(super) struct Link {
    peer: Peer<RoleClient>,
    end: Option<RunningServiceCancellationToken>,
    /// Resolves when the connection is over.
    over: AbortOnDropHandle<()>,
    process: Option<Process>,
    changed: Arc<Notify>,
    name: String,
    secrets: Secrets,
    tools: Vec<ToolOfServer>,
}

impl Link {
    /// Connects, and asks for the tools.
    pub(super) async fn open(
        name: &str,
        source: &Source,
        limit: Duration,
        secrets: &Secrets,
    ) -> Result<Self, String> {
        let changed = Arc::new(Notify::new());
        let client = Client {
            changed: changed.clone(),
        };
        let began = Instant::now();
        let (service, process) = match source {
            Source::Web(web) => {
                let beginning = client.serve(Patient::new(web.transport()));
                let begun = tokio::time::timeout(limit, beginning).await;
                let begun = begun.map_err(|_| late("it did not answer", limit))?;
                let begun = begun.map_err(|error| secrets.quote(&unreached(&error)));
                (begun?, None)
            }
            Source::Program {
                program,
                arguments,
                environment,
            } => {
                let (mut process, stdout, stdin) =
                    Process::start(name, program, arguments, environment, secrets)?;
                let transport = AsyncRwTransport::<RoleClient, _, _>::new(stdout, stdin)
                    .with_max_line_length(MAX_MESSAGE);
                let beginning = client.serve(Patient::new(transport));
                let beginning = tokio::time::timeout(limit, beginning);
                // Whoever it has started may hold its output open.
                let begun = tokio::select! {
                    biased;
                    begun = beginning => begun,
                    how = process.ended() => return Err(how),
                };
                match begun {
                    Ok(Ok(service)) => (service, Some(process)),
                    Ok(Err(error)) => {
                        // One that has ended says more.
                        let ended = tokio::time::timeout(FAREWELL, process.ended()).await;
                        let why = || secrets.quote(&causes(&error));
                        return Err(ended.unwrap_or_else(|_| process.with_last_words(why())));
                    }
                    Err(_) => {
                        return Err(process.with_last_words(late("it did not answer", limit)));
                    }
                }
            }
        };
        let mut link = Self {
            peer: service.peer().clone(),
            end: Some(service.cancellation_token()),
            over: AbortOnDropHandle::new(tokio::spawn(until_over(service))),
            process,
            changed,
            name: name.to_owned(),
            secrets: secrets.clone(),
            tools: Vec::new(),
        };
        match link.list(began, limit).await {
            Ok(()) => Ok(link),
            Err(why) => Err(match &link.process {
                Some(process) => process.with_last_words(why),
                None => why,
            }),
        }
    }

    pub(super) fn peer(&self) -> Peer<RoleClient> {
        self.peer.clone()
    }

    /// Notified when the server says that its tools have changed.
    pub(super) fn changed(&self) -> Arc<Notify> {
        self.changed.clone()
    }

    pub(super) fn tools(&self) -> Vec<ToolOfServer> {
        self.tools.clone()
    }

    /// Asks for its tools, of which it may tell until `limit` after `began`: a telephone rings for
    /// its answer and for its tools.
    pub(super) async fn list(&mut self, began: Instant, limit: Duration) -> Result<(), String> {
        let (peer, secrets) = (&self.peer, &self.secrets);
        let mut tools = Listing::new(&self.name, secrets);
        let listing = async {
            let mut cursor = None;
            for _ in 0..MOST_PAGES {
                let page = PaginatedRequestParams::default().with_cursor(cursor);
                let listed = peer.list_tools(Some(page)).await;
                let listed = listed.map_err(|error| secrets.quote(&causes(&error)))?;
                cursor = listed.next_cursor;
                if !tools.add(listed.tools) || cursor.is_none() {
                    break;
                }
            }
            Ok::<_, String>(())
        };
        let rest = limit.saturating_sub(began.elapsed());
        let listed = tokio::time::timeout(rest, listing).await;
        listed.map_err(|_| late("it did not tell its tools", limit))??;
        self.tools = tools.into_tools();
        Ok(())
    }

    /// Waits for its end, and says why. Cancel safe.
    pub(super) async fn ended(&mut self) -> String {
        let over = &mut self.over;
        let Some(process) = &mut self.process else {
            let _ = over.await;
            return "it closed the connection".to_owned();
        };
        tokio::select! {
            biased;
            how = process.ended() => return how,
            _ = over => {}
        }
        let ended = tokio::time::timeout(FAREWELL, process.ended()).await;
        ended.unwrap_or_else(|_| {
            let why = "it closed its output, wrote too much, or reads no answers";
            process.with_last_words(why.to_owned())
        })
    }

    /// Ends it.
    pub(super) async fn close(mut self) {
        if let Some(end) = self.end.take() {
            end.cancel();
        }
        if !self.over.is_finished() {
            let _ = tokio::time::timeout(FAREWELL, &mut self.over).await;
        }
        if let Some(process) = self.process.take() {
            process.close().await;
        }
    }
}

async fn until_over(service: RunningService<RoleClient, Client>) {
    let _ = service.waiting().await;
}

fn late(what: &str, limit: Duration) -> String {
    format!("{what} within {} s", limit.as_secs_f64())
}

/// Why a server on the network was not reached. The library's own words leave out the cause.
fn unreached(error: &ClientInitializeError) -> String {
    let ClientInitializeError::TransportError { error, .. } = error else {
        return causes(error);
    };
    match error.error.downcast_ref() {
        Some(StreamableHttpError::<reqwest::Error>::Client(cause)) => causes(cause),
        _ => causes(&*error.error),
    }
}

/// An error with its causes, which often say more. A server may quote without end, and secrets.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = cause.source();
    }
    text
}
