//! Errors between us and Asterisk, and what to do about them.

use std::time::Duration;

/// A failed order to Asterisk, or a failed or lost event connection.
///
/// `request` is the operation, its method and path (`channel.answer (POST /channels/abc/answer)`):
/// never a password, a query or a body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AriError {
    /// A setting is invalid; nothing was sent.
    #[error("ARI setting `{key}` {reason}")]
    Settings {
        /// The key of the setting.
        key: &'static str,
        /// Why it was refused.
        reason: &'static str,
    },
    /// The order itself is invalid (an empty channel id, say); nothing was sent.
    #[error("{request}: {reason}")]
    InvalidRequest {
        /// The request.
        request: String,
        /// Why it was not sent.
        reason: &'static str,
    },
    /// HTTP 401: Asterisk does not know this user, or the password is wrong.
    #[error(
        "{request}: Asterisk refused user `{username}`: compare username and password with its ari.conf"
    )]
    Unauthorized {
        /// The request.
        request: String,
        /// The user.
        username: String,
    },
    /// HTTP 403: the user may read but not give orders.
    #[error("{request}: forbidden ({message}): set read_only=no for user `{username}` in ari.conf")]
    Forbidden {
        /// The request.
        request: String,
        /// The user.
        username: String,
        /// Asterisk's message.
        message: String,
    },
    /// HTTP 404 of ARI: the channel, bridge … does not exist (any more: it may have hung up).
    #[error("{request}: not found ({message})")]
    NotFound {
        /// The request.
        request: String,
        /// Asterisk's message.
        message: String,
    },
    /// HTTP 404 of a web server that serves no ARI there: the URL's prefix is wrong, or Asterisk
    /// has not loaded ARI, or not yet.
    #[error(
        "{request}: {host} serves no ARI there: does the url end in /ari, is res_ari loaded, and `enabled=yes` in ari.conf?"
    )]
    NoAri {
        /// The request.
        request: String,
        /// Host and port.
        host: String,
    },
    /// HTTP 404 for an operation: the module with it isn't loaded, or this Asterisk is older than
    /// the operation. Its documentation says since when there is one.
    #[error(
        "{request}: this Asterisk doesn't serve that: load {module}.so (`module load {module}.so`, modules.conf), or use a version that has it"
    )]
    NotServed {
        /// The request.
        request: String,
        /// The module with the operations on this resource.
        module: String,
    },
    /// HTTP 409: the state of the resource does not allow this, such as a channel that is not in
    /// Stasis.
    #[error("{request}: not in a state for this ({message})")]
    Conflict {
        /// The request.
        request: String,
        /// Asterisk's message.
        message: String,
    },
    /// Any other status than success.
    #[error("{request}: Asterisk answered {status} ({message})")]
    Status {
        /// The request.
        request: String,
        /// The HTTP status.
        status: u16,
        /// Asterisk's message, from the `message` of its answer.
        message: String,
    },
    /// No complete answer came in time. The order may or may not have been carried out.
    #[error("{request}: no answer within {} ms", after.as_millis())]
    Timeout {
        /// The request.
        request: String,
        /// How long we waited.
        after: Duration,
    },
    /// Asterisk was not reached, or the connection broke.
    #[error("{request}: cannot talk to Asterisk at {host}: {reason}")]
    Transport {
        /// The request.
        request: String,
        /// Host and port.
        host: String,
        /// The innermost cause, such as "connection refused".
        reason: String,
    },
    /// Asterisk's answer does not match its API description.
    #[error("{request}: cannot read the answer of Asterisk: {reason}")]
    Decode {
        /// The request.
        request: String,
        /// Where the JSON is wrong.
        reason: String,
    },
    /// Asterisk closed the event websocket, as it does when it stops.
    #[error("Asterisk closed the event connection{}", reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    Closed {
        /// The reason in the close frame, if any.
        reason: Option<String>,
    },
    /// The event websocket was open but silent; even pings went unanswered.
    #[error("the event connection is dead: nothing heard for {} s", after.as_secs())]
    Dead {
        /// How long nothing was received.
        after: Duration,
    },
}

impl AriError {
    /// Whether the addressed resource does not exist: for a hang-up that is as good as done.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether a later retry can help. Wrong credentials and wrong orders stay wrong.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Timeout { .. }
            | Self::Transport { .. }
            | Self::NoAri { .. }
            | Self::Closed { .. }
            | Self::Dead { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            _ => false,
        }
    }
}

/// The last cause in a chain of errors: "connection refused" rather than "error sending request".
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
