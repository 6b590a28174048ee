//! What can go wrong between us and Asterisk, and what to do about it.

use std::time::Duration;

/// A failed order to Asterisk, or a failed or lost event connection.
///
/// `request` is the method and the path (`POST /channels/abc/answer`): never a password, a query or
/// a body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AriError {
    /// A setting makes no sense; nothing was sent.
    #[error("ARI setting `{key}` {reason}")]
    Settings {
        /// The key of the setting.
        key: &'static str,
        /// Why it was refused.
        reason: &'static str,
    },
    /// The order itself makes no sense (an empty channel id, say); nothing was sent.
    #[error("{request}: {reason}")]
    InvalidRequest {
        /// What was asked for.
        request: String,
        /// Why it was not sent.
        reason: &'static str,
    },
    /// HTTP 401: Asterisk does not know this user, or the password is another.
    #[error(
        "{request}: Asterisk refused user `{username}`: compare username and password with its ari.conf"
    )]
    Unauthorized {
        /// What was asked for.
        request: String,
        /// Who asked.
        username: String,
    },
    /// HTTP 403: the user may look but not touch.
    #[error("{request}: forbidden ({message}): set read_only=no for user `{username}` in ari.conf")]
    Forbidden {
        /// What was asked for.
        request: String,
        /// Who asked.
        username: String,
        /// Asterisk's words.
        message: String,
    },
    /// HTTP 404: the channel, bridge … is not there (any more: it may have hung up), or the URL's
    /// prefix is wrong.
    #[error("{request}: not found ({message})")]
    NotFound {
        /// What was asked for.
        request: String,
        /// Asterisk's words.
        message: String,
    },
    /// HTTP 409: the thing exists but not in a state that allows this, such as a channel that is
    /// not in Stasis.
    #[error("{request}: not in a state for this ({message})")]
    Conflict {
        /// What was asked for.
        request: String,
        /// Asterisk's words.
        message: String,
    },
    /// Any other answer than success.
    #[error("{request}: Asterisk answered {status} ({message})")]
    Status {
        /// What was asked for.
        request: String,
        /// The HTTP status.
        status: u16,
        /// Asterisk's words, from the `message` of its answer.
        message: String,
    },
    /// No complete answer in time. The order may or may not have been carried out.
    #[error("{request}: no answer within {} ms", after.as_millis())]
    Timeout {
        /// What was asked for.
        request: String,
        /// How long we waited.
        after: Duration,
    },
    /// Asterisk was not reached, or the connection broke.
    #[error("{request}: cannot talk to Asterisk at {host}: {reason}")]
    Transport {
        /// What was asked for.
        request: String,
        /// Host and port.
        host: String,
        /// The innermost cause, such as "connection refused".
        reason: String,
    },
    /// Asterisk's answer was not what its description promises.
    #[error("{request}: cannot read the answer of Asterisk: {reason}")]
    Decode {
        /// What was asked for.
        request: String,
        /// Where the JSON went wrong.
        reason: String,
    },
    /// The event websocket was closed by Asterisk (it does so when it stops).
    #[error("Asterisk closed the event connection{}", reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    Closed {
        /// The reason in the close frame, if any.
        reason: Option<String>,
    },
    /// The event websocket was open but silent; even pings went unanswered.
    #[error("the event connection is dead: nothing heard for {} s", after.as_secs())]
    Dead {
        /// How long nothing was heard.
        after: Duration,
    },
}

impl AriError {
    /// Whether the thing that was addressed is simply not there: for a hang-up that is as good as
    /// done.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether waiting and asking again can help. Wrong credentials and wrong orders stay wrong.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Timeout { .. }
            | Self::Transport { .. }
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
