//! What the description doesn't have and its users write anyway.

use uuid::Uuid;

use crate::generated::applications::ApplicationHandle;
use crate::generated::channels::{ChannelHandle, ExternalMediaOptions};
use crate::{AriClient, AriError, ChannelDtmfReceived, Encapsulation, Module, Transport};

impl AriClient {
    /// Whether this user may give orders, not only read. It sends a harmless order.
    ///
    /// # Errors
    /// [`AriError::Forbidden`] if it may only read.
    pub async fn may_order(&self) -> Result<(), AriError> {
        // Asterisk refuses a read-only user before it looks for the channel.
        match self.channel("no-such-channel").answer().await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

impl ApplicationHandle {
    /// Whether Asterisk knows an application of this name. `false` means that no client is
    /// connected under it. `true` may also mean that channels of a former client are still there,
    /// or were.
    ///
    /// # Errors
    /// Whatever [`get`](Self::get) fails with otherwise.
    pub async fn exists(&self) -> Result<bool, AriError> {
        match self.get().await {
            Ok(_) => Ok(true),
            // The status is the same while ARI is not loaded yet; only the message differs.
            Err(AriError::NotFound { message, .. })
                if message.to_ascii_lowercase().contains("application") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Ends the application's subscriptions to `source`, `channel:ID` or `bridge:ID`. Asterisk
    /// counts them, including those that it makes itself; all of them end.
    ///
    /// # Errors
    /// Whatever [`unsubscribe`](Self::unsubscribe) fails with, unless `source` is gone, or was not
    /// subscribed to.
    pub async fn unsubscribe_all(&self, source: &str) -> Result<(), AriError> {
        // There are two as a rule: Asterisk's for each channel in a bridge, and the client's.
        for _ in 0..8 {
            match self.unsubscribe(source).await {
                Ok(_) => {}
                // The source is not subscribed to, or gone.
                Err(AriError::Status { status: 422, .. } | AriError::Conflict { .. }) => {
                    return Ok(());
                }
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl ChannelHandle {
    /// A variable or a dialplan function such as `CALLERID(num)`, or `None` when the variable was
    /// never set.
    ///
    /// # Errors
    /// Whatever [`variable`](Self::variable) fails with otherwise.
    pub async fn variable_if_set(&self, name: &str) -> Result<Option<String>, AriError> {
        match self.variable(name).await {
            Ok(variable) => Ok(Some(variable.value)),
            // The status is the same if the channel does not exist; only the message differs.
            Err(AriError::NotFound { message, .. })
                if message.to_ascii_lowercase().contains("variable") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl ChannelDtmfReceived {
    /// The key, if `digit` is one that a telephone can have.
    pub fn key(&self) -> Option<char> {
        let mut chars = self.digit.chars();
        let key = chars.next()?;
        (chars.next().is_none() && matches!(key, '0'..='9' | 'A'..='D' | '*' | '#')).then_some(key)
    }
}

impl Module {
    /// Whether it is loaded and started.
    pub fn is_running(&self) -> bool {
        self.status.eq_ignore_ascii_case("running")
    }
}

impl ExternalMediaOptions {
    /// Audio over an AudioSocket connection: Asterisk connects to `address` (`host:port`) and
    /// presents `id`, which alone links the connection to the call.
    pub fn audiosocket(address: impl Into<String>, id: Uuid) -> Self {
        Self::default()
            .external_host(address)
            .encapsulation(Encapsulation::Audiosocket)
            .transport(Transport::Tcp)
            .data(id.hyphenated().to_string())
    }
}
