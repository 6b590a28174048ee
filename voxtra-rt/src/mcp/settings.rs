//! How an MCP server is reached, and what of it is used.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::BETWEEN;

/// How an MCP server is reached, and which of its tools are used. `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct McpSettings {
    /// Where it is.
    pub place: McpPlace,
    /// How long it may take to start and to tell which tools it has, all told. Default 10 s.
    pub start_timeout: Duration,
    /// How long a tool may take. Default 10 s.
    pub timeout: Duration,
    /// The tools that are used, by the server's names. Default: all.
    pub tools: Option<Vec<String>>,
    /// The tools that the caller must agree to, by the server's names; `*` is all. Default: none.
    pub confirm: Vec<String>,
    /// The tools that go on in the background, as
    /// [`Tool::in_background`](crate::session::Tool::in_background) says, by the server's names;
    /// `*` is all. They may take 120 s, or `timeout` if that is longer. Default: none.
    pub background: Vec<String>,
    /// Whether an agent that has tools of it takes no call without it. Default: no, the agent goes
    /// on without these tools.
    pub required: bool,
}

/// Where an MCP server is.
#[derive(Clone)]
#[non_exhaustive]
pub enum McpPlace {
    /// A program that Voxtra starts, and that is talked with over its standard input and output.
    Command {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
        /// Its environment, beside `PATH`, `HOME` and the like: no other variable of ours reaches
        /// it. The values are secrets.
        environment: Vec<(String, SecretString)>,
    },
    /// A server that speaks MCP over HTTP ("streamable HTTP").
    Url {
        /// Its address.
        url: String,
        /// Headers of each request. The values are secrets.
        headers: Vec<(String, SecretString)>,
    },
}

impl McpSettings {
    /// A program that Voxtra starts, with its arguments.
    #[must_use]
    pub fn command<A: Into<String>>(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self::at(McpPlace::Command {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
        })
    }

    /// A server at this address.
    #[must_use]
    pub fn url(url: impl Into<String>) -> Self {
        Self::at(McpPlace::Url {
            url: url.into(),
            headers: Vec::new(),
        })
    }

    /// A server at this place, with the defaults.
    #[must_use]
    pub fn at(place: McpPlace) -> Self {
        Self {
            place,
            start_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(10),
            tools: None,
            confirm: Vec::new(),
            background: Vec::new(),
            required: false,
        }
    }

    /// Changes it.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Adds a secret: a variable of a program's environment, or a header of requests.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = SecretString::from(value.into());
        match &mut self.place {
            McpPlace::Command { environment, .. } => environment.push((name.into(), value)),
            McpPlace::Url { headers, .. } => headers.push((name.into(), value)),
        }
        self
    }
}

impl fmt::Debug for McpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpSettings")
            .field("place", &self.place)
            .field("start_timeout", &self.start_timeout)
            .field("timeout", &self.timeout)
            .field("tools", &self.tools)
            .field("confirm", &self.confirm)
            .field("background", &self.background)
            .field("required", &self.required)
            .finish()
    }
}

/// Arguments, a path or a query may hold a key, so that none of them is shown.
impl fmt::Debug for McpPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { program, .. } => f
                .debug_struct("Command")
                .field("program", program)
                .finish_non_exhaustive(),
            Self::Url { url, .. } => {
                let url = url::Url::parse(url).ok();
                let origin = url.map(|url| url.origin().ascii_serialization());
                f.debug_struct("Url")
                    .field("origin", &origin.unwrap_or_default())
                    .finish_non_exhaustive()
            }
        }
    }
}

/// Whether a server may have this name: what stands before `__` is the server, so that no two
/// tools of different servers have one name.
pub(crate) fn is_server_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (1..=32).contains(&name.len())
        && name.chars().all(plain)
        && !name.contains(BETWEEN)
        && !name.starts_with('_')
        && !name.ends_with('_')
}
