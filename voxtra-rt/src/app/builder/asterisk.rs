//! Calls over ARI, for an application being built.

use std::sync::Arc;
use std::time::Duration;

use voxtra_core::leg::LegSettings;

use super::{Builder, StartError};
use crate::app::asterisk::Asterisk;
use crate::ari::asterisk::InfoOptions;
use crate::ari::{AriClient, AriSettings};
use crate::carrier::AsteriskLink;
use crate::media::MediaServer;

/// How often Asterisk's state is compared with ours.
const COMPARE: Duration = Duration::from_secs(60);

/// The Asterisk of an application being built.
pub(crate) struct AsteriskToBe {
    pub(crate) settings: Option<AriSettings>,
    pub(crate) did_variable: String,
    compare_every: Duration,
    pub(crate) lifeline: Option<Duration>,
    /// Set once Asterisk was asked whether it accepts us.
    client: Option<AriClient>,
}

impl Default for AsteriskToBe {
    fn default() -> Self {
        Self {
            settings: None,
            did_variable: "FROM_DID".to_owned(),
            compare_every: COMPARE,
            lifeline: None,
            client: None,
        }
    }
}

impl Builder {
    /// Connects to Asterisk's ARI. Without it, calls come over AudioSocket alone.
    #[must_use]
    pub fn asterisk(mut self, settings: AriSettings) -> Self {
        self.asterisk.settings = Some(settings);
        self
    }

    /// The channel variable with the number of a call whose extension takes all calls (`s`).
    /// Default: `FROM_DID`, which FreePBX sets. The argument `did=…` of `Stasis()` takes
    /// precedence.
    #[must_use]
    pub fn did_variable(mut self, name: impl Into<String>) -> Self {
        self.asterisk.did_variable = name.into();
        self
    }

    /// Lets Asterisk take callers back when this program has stood still, or been out of its reach,
    /// for so long: at the extension `T` of their dialplan, or by a hang-up if there is none. While
    /// it is alive, it sets `TIMEOUT(absolute)` of each channel three times in that time, and never
    /// once the caller is transferred. Zero is never, which is the default.
    #[must_use]
    pub fn lifeline(mut self, longest: Duration) -> Self {
        self.asterisk.lifeline = Some(longest).filter(|longest| !longest.is_zero());
        self
    }

    /// How often Asterisk is asked for its channels while its events arrive, to find unreported
    /// changes. It is asked at each connection too. Default: 60 s.
    #[must_use]
    pub fn compare_every(mut self, every: Duration) -> Self {
        self.asterisk.compare_every = every;
        self
    }
}

impl AsteriskToBe {
    /// Asks Asterisk whether it accepts us. If Asterisk is not there yet, we wait for it.
    pub(super) async fn ask(&mut self) -> Result<(), StartError> {
        let Some(settings) = self.settings.take() else {
            return Ok(());
        };
        settings.check()?;
        let client = AriClient::new(settings)?;
        match client.asterisk().info(&InfoOptions::default()).await {
            Err(error) if !error.is_transient() => return Err(error.into()),
            Err(error) => tracing::warn!(%error, "Asterisk is not there yet; waiting for it"),
            // A read-only user could take no call.
            Ok(_) => match client.may_order().await {
                Err(error) if !error.is_transient() => return Err(error.into()),
                _ => {}
            },
        }
        self.client = Some(client);
        Ok(())
    }

    /// The Asterisk of an application whose media server is there.
    pub(super) fn made(
        self,
        media: &MediaServer,
        address: Option<String>,
        leg: LegSettings,
    ) -> Option<Arc<Asterisk>> {
        let link = AsteriskLink {
            ari: self.client?,
            expected: Arc::default(),
            media: media.clone(),
            address: address.unwrap_or_else(|| media.address().to_string()),
            leg,
            lifeline: self.lifeline,
        };
        let asterisk = Asterisk::new(link, self.did_variable, self.compare_every);
        Some(Arc::new(asterisk))
    }
}
