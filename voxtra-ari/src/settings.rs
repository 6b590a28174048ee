//! The address of ARI and our login.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::AriError;

/// How to reach Asterisk's REST interface.
///
/// `Debug` shows no password, and nothing of `url` but scheme, host and port.
#[derive(Clone)]
#[non_exhaustive]
pub struct AriSettings {
    /// Base address, with the prefix under which Asterisk serves ARI: `http://127.0.0.1:8088/ari`.
    /// `https` works too; the websocket is then TLS as well. User and password do not belong in it.
    pub url: Url,
    /// Name of the Stasis application: what the dialplan passes to `Stasis()`. Use a name in one
    /// process only: a second one that connects with it replaces the first.
    pub app: String,
    /// The section of `ari.conf` to log in as. It needs `read_only=no`.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// A file with certificates (PEM) of authorities that are trusted beside the machine's, for
    /// `https`: an exchange has a certificate of its own as a rule. Default: none.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for AriSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AriSettings")
            .field("url", &self.url.origin().ascii_serialization())
            .field("app", &self.app)
            .field("username", &self.username)
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}

impl AriSettings {
    /// Asterisk at this address, for this application, with this login:
    ///
    /// ```
    /// use voxtra_ari::AriSettings;
    ///
    /// let url = "http://127.0.0.1:8088/ari".parse()?;
    /// let settings = AriSettings::new(url, "acme", "acme", "a secret");
    /// assert!(settings.check().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(
        url: Url,
        app: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<SecretString>,
    ) -> Self {
        Self {
            url,
            app: app.into(),
            username: username.into(),
            password: password.into(),
            ca_file: None,
        }
    }

    /// These settings with changes, such as another name of the application:
    ///
    /// ```
    /// # use voxtra_ari::AriSettings;
    /// # fn other(settings: &AriSettings) -> AriSettings {
    /// settings.clone().with(|ari| ari.app = "acme-night".into())
    /// # }
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Checks the settings before anything is connected.
    ///
    /// # Errors
    /// [`AriError::Settings`] with the offending key.
    pub fn check(&self) -> Result<(), AriError> {
        let refuse = |key, reason| Err(AriError::Settings { key, reason });
        match self.url.scheme() {
            "http" | "https" => {}
            _ => return refuse("url", "must start with http:// or https://"),
        }
        if self.url.host_str().is_none_or(str::is_empty) {
            return refuse("url", "has no host");
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return refuse(
                "url",
                "must not hold user and password: they are settings of their own",
            );
        }
        if self.url.query().is_some() || self.url.fragment().is_some() {
            return refuse("url", "must end at the prefix of ARI, such as /ari");
        }
        if self.app.is_empty() {
            return refuse("app", "is empty");
        }
        // Asterisk splits `app=` at commas, and control characters do not belong in a name.
        if self.app.contains(|c: char| c == ',' || c.is_control()) {
            return refuse("app", "must be a single name without commas");
        }
        if self.ca_file.is_some() && self.url.scheme() != "https" {
            return refuse("ca_file", "is for a url that begins with https://");
        }
        if self.username.is_empty() || self.username.contains(':') {
            return refuse("username", "must not be empty nor contain a colon");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> AriSettings {
        AriSettings {
            url: Url::parse(url).unwrap(),
            app: "acme".into(),
            username: "acme".into(),
            password: "hunter2".to_owned().into(),
            ca_file: None,
        }
    }

    fn refused_key(settings: &AriSettings) -> Option<&'static str> {
        match settings.check() {
            Err(AriError::Settings { key, .. }) => Some(key),
            _ => None,
        }
    }

    #[test]
    fn the_usual_settings_are_accepted() {
        for url in [
            "http://127.0.0.1:8088/ari",
            "https://pbx.example:8089/ari/",
            "http://[::1]:8088/asterisk/ari",
        ] {
            settings(url).check().unwrap();
        }
    }

    #[test]
    fn each_bad_setting_is_named() {
        for url in [
            "ftp://127.0.0.1/ari",
            "ws://127.0.0.1/ari",
            "http://acme:hunter2@127.0.0.1:8088/ari",
            "http://127.0.0.1:8088/ari?app=x",
        ] {
            assert_eq!(refused_key(&settings(url)), Some("url"), "{url}");
        }
        let good = settings("http://127.0.0.1:8088/ari");
        for app in ["", "a,b", "a\nb"] {
            assert_eq!(
                refused_key(&AriSettings {
                    app: app.into(),
                    ..good.clone()
                }),
                Some("app"),
                "{app:?}"
            );
        }
        for username in ["", "a:b"] {
            let bad = AriSettings {
                username: username.into(),
                ..good.clone()
            };
            assert_eq!(refused_key(&bad), Some("username"), "{username:?}");
        }
        let bad = good.with(|ari| ari.ca_file = Some("ca.pem".into()));
        assert_eq!(refused_key(&bad), Some("ca_file"));
    }

    #[test]
    fn the_password_is_not_printed() {
        for url in [
            "http://127.0.0.1:8088/ari",
            "http://ann:hunter2@127.0.0.1:8088/ari",
        ] {
            assert!(!format!("{:?}", settings(url)).contains("hunter2"));
        }
    }
}
