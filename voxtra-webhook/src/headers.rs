//! Headers that a hook's requests carry beside our own.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::sender::Headers;
use super::{Sender, WebhookSettings};

/// Why a request may not carry a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It is no name of a header (RFC 9110, section 5.1).
    #[error("is no header's name")]
    Name,
    /// Its value has characters that no header carries (RFC 9110, section 5.5).
    #[error("has a value that no header can carry: one line of visible characters")]
    Value,
    /// The sender sets it itself.
    #[error("is set by the sender itself")]
    Ours,
    /// It is about the connection, and the HTTP client sets it.
    #[error("is for the connection, and not to be chosen")]
    Connection,
    /// There are two of the same name.
    #[error("stands there twice")]
    Twice,
}

/// What each request says of its body and of the event.
const OURS: [&str; 7] = [
    "content-type",
    "content-encoding",
    "content-length",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// Whom a request goes to and how, and what ends with the connection (RFC 9110, section 7.6.1).
const CONNECTION: [&str; 14] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
    "accept-encoding",
];

impl Sender {
    /// Judges the headers of a hook ([`WebhookSettings::headers`]).
    ///
    /// # Errors
    /// The name of the first that is refused, and why.
    pub fn judge_headers(&self, settings: &WebhookSettings) -> Result<(), (String, HeaderError)> {
        let ours = self.headers().ok();
        read(&settings.headers, ours.as_ref()).map(drop)
    }
}

/// The headers of a hook. Their values are marked as secrets.
pub(super) fn read(
    headers: &[(String, SecretString)],
    ours: Option<&Headers>,
) -> Result<HeaderMap, (String, HeaderError)> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let refuse = |why| (name.clone(), why);
        let header = HeaderName::try_from(name).map_err(|_| refuse(HeaderError::Name))?;
        if OURS.contains(&header.as_str()) || ours.is_some_and(|ours| ours.has(&header)) {
            return Err(refuse(HeaderError::Ours));
        }
        if CONNECTION.contains(&header.as_str()) {
            return Err(refuse(HeaderError::Connection));
        }
        let value = HeaderValue::from_str(value.expose_secret());
        let mut value = value.map_err(|_| refuse(HeaderError::Value))?;
        value.set_sensitive(true);
        if map.insert(header, value).is_some() {
            return Err(refuse(HeaderError::Twice));
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(headers: &[(&str, &str)]) -> Result<(), HeaderError> {
        let mut settings = WebhookSettings::new("https://example.com/".parse().unwrap());
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).into());
        settings.headers = headers.iter().map(own).collect();
        let judged = Sender::new("Acme").judge_headers(&settings);
        judged.map_err(|(_, error)| error)
    }

    #[test]
    fn what_we_set_and_what_is_for_the_connection_is_refused() {
        for name in [
            "Content-Type",
            "content-encoding",
            "Content-Length",
            "User-Agent",
            "Webhook-Id",
            "webhook-signature",
            "X-Acme-Event",
            "x-acme-signature",
            "x-acme-sequence",
        ] {
            assert_eq!(judged(&[(name, "x")]), Err(HeaderError::Ours), "{name}");
        }
        for name in ["Host", "connection", "Transfer-Encoding", "TE", "upgrade"] {
            let refused = Err(HeaderError::Connection);
            assert_eq!(judged(&[(name, "x")]), refused, "{name}");
        }
    }

    #[test]
    fn what_no_header_can_carry_is_refused_and_its_value_is_not_told() {
        for name in ["", "a b", "a:b", "é", "a\r\nx-evil: 1"] {
            assert_eq!(judged(&[(name, "x")]), Err(HeaderError::Name), "{name:?}");
        }
        for value in ["hunter2\r\nx-evil: 1", "hunter2\0", "hunter2\n"] {
            let error = judged(&[("x-key", value)]).unwrap_err();
            assert_eq!(error, HeaderError::Value);
            assert!(!error.to_string().contains("hunter2"));
        }
        let twice = judged(&[("x-key", "a"), ("X-Key", "b")]);
        assert_eq!(twice, Err(HeaderError::Twice));
    }

    #[test]
    fn others_are_carried() {
        assert_eq!(
            judged(&[("Authorization", "Bearer x"), ("x-tenant", "7")]),
            Ok(())
        );
        assert_eq!(judged(&[("x-other-event", "of another sender")]), Ok(()));
    }
}
