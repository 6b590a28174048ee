//! Keeps a server's connection: opens it, notices its end, and opens it again, ever later.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rmcp::service::{Peer, RoleClient};
use secrecy::SecretString;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::link::Link;
use super::secrets::Secrets;
use super::tool::ToolOfServer;
use super::web::Web;

/// The first wait before a server is tried again, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// How long a connection must have held for its server to be sound.
const SOUND: Duration = Duration::from_secs(60);

/// How often its tools are asked for at most, however often it says that they have changed.
const LISTED: Duration = Duration::from_secs(5);

/// Where a server is.
#[derive(Clone)]
pub(super) enum Source {
    Program {
        program: PathBuf,
        arguments: Vec<String>,
        environment: Vec<(String, SecretString)>,
    },
    Web(Web),
}

/// What is known of a server.
#[derive(Clone)]
pub(super) enum State {
    /// Nobody has started it.
    Idle,
    /// It is asked for the first time.
    Starting,
    Up(Arc<Up>),
    /// It can't be reached, and why.
    Down(Arc<str>),
    /// It was closed.
    Closed,
}

/// A server that answers.
pub(super) struct Up {
    pub(super) peer: Peer<RoleClient>,
    pub(super) tools: Vec<ToolOfServer>,
    /// Somebody has noticed that the connection is of no use.
    pub(super) broken: Arc<Notify>,
}

/// The task that keeps a connection.
pub(super) struct Keeper {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) start_timeout: Duration,
    pub(super) secrets: Secrets,
    pub(super) state: watch::Sender<State>,
    pub(super) stop: CancellationToken,
}

impl Keeper {
    pub(super) async fn keep(self) {
        let stop = self.stop.clone();
        let mut pause = FIRST;
        loop {
            let opening = Link::open(&self.name, &self.source, self.start_timeout, &self.secrets);
            let Some(opened) = stop.run_until_cancelled(opening).await else {
                break;
            };
            let why = match opened {
                Ok(link) => {
                    let since = Instant::now();
                    let Some(why) = self.attend(link).await else {
                        break;
                    };
                    if since.elapsed() >= SOUND {
                        pause = FIRST;
                    }
                    why
                }
                Err(why) => why,
            };
            tracing::warn!(
                server = self.name,
                error = why,
                again_in_s = pause.as_secs(),
                "an MCP server can't be used"
            );
            self.state.send_replace(State::Down(why.into()));
            let waiting = tokio::time::sleep(pause);
            if stop.run_until_cancelled(waiting).await.is_none() {
                break;
            }
            pause = pause.saturating_mul(2).min(LONGEST);
        }
        self.state.send_replace(State::Closed);
    }

    /// Uses a connection until its end. `None` if the application has ended it.
    async fn attend(&self, mut link: Link) -> Option<String> {
        let (broken, changed) = (Arc::new(Notify::new()), link.changed());
        let tell = |link: &Link| {
            self.state.send_replace(State::Up(Arc::new(Up {
                peer: link.peer(),
                tools: link.tools(),
                broken: broken.clone(),
            })));
        };
        tell(&link);
        tracing::info!(
            server = self.name,
            tools = link.tools().len(),
            "an MCP server is ready"
        );
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    // Nobody calls it any more.
                    self.state.send_replace(State::Closed);
                    link.close().await;
                    return None;
                }
                why = link.ended() => return Some(why),
                () = broken.notified() => {
                    link.close().await;
                    return Some("its connection broke".to_owned());
                }
                () = changed.notified() => {
                    let listing = link.list(Instant::now(), self.start_timeout);
                    match self.stop.run_until_cancelled(listing).await {
                        Some(Ok(())) => tell(&link),
                        Some(Err(why)) => {
                            link.close().await;
                            return Some(why);
                        }
                        // The loop sees to the end.
                        None => continue,
                    }
                    self.stop.run_until_cancelled(tokio::time::sleep(LISTED)).await;
                }
            }
        }
    }
}
