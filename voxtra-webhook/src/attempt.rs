use std::borrow::Cow;
use std::future::Future;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Response, Url};

use super::request::{batch_id, sequences};
use super::retry::AttemptOutcome;
use super::sender::Headers;
use super::{
    BatchFormat, Compression, OutgoingEvent, Sender, Signer, StandardSigner, WebhookError,
    WebhookSettings, headers, tls,
};

/// Makes one attempt at one event or, in a batch, at several. A trait, so that tests of the queues
/// run without a network.
pub(super) trait Post: Send + Sync + 'static {
    fn post(&self, events: &[&OutgoingEvent]) -> impl Future<Output = AttemptOutcome> + Send;
}

/// Attempts over HTTP.
#[derive(Debug)]
pub(super) struct HttpPost {
    client: Client,
    url: Url,
    headers: Headers,
    signer: Option<Signer>,
    standard: StandardSigner,
    batch: Option<BatchFormat>,
    compression: Option<Compression>,
}

impl HttpPost {
    pub(super) fn new(sender: &Sender, settings: &WebhookSettings) -> Result<Self, WebhookError> {
        let config = tls::for_hook(settings)?;
        Self::with_tls(sender, settings, config)
    }

    pub(super) fn with_tls(
        sender: &Sender,
        settings: &WebhookSettings,
        config: rustls::ClientConfig,
    ) -> Result<Self, WebhookError> {
        let names = sender.headers()?;
        settings
            .judge_destination()
            .map_err(|source| WebhookError::Destination {
                url: settings.origin(),
                source,
            })?;
        let extra = headers::read(&settings.headers, Some(&names)).map_err(|(name, source)| {
            WebhookError::Header {
                url: settings.origin(),
                name,
                source,
            }
        })?;
        let secrets = settings.secret.iter().chain(&settings.more_secrets);
        let standard = StandardSigner::new(secrets).map_err(|source| WebhookError::Key {
            url: settings.origin(),
            source,
        })?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(config)
            // A redirect would send the signed body to a host that the configuration does not name.
            .redirect(Policy::none())
            // So would a proxy from the environment.
            .no_proxy()
            .timeout(settings.timeout)
            .connect_timeout(settings.connect_timeout)
            .default_headers(extra)
            .user_agent(sender.user_agent());
        let refused = |source: reqwest::Error| WebhookError::Client {
            url: settings.origin(),
            source: source.without_url(),
        };
        if let Some(proxy) = &settings.proxy {
            // The proxy resolves the receiver's name, and may be where receivers may not.
            builder = builder.proxy(Proxy::all(proxy.clone()).map_err(refused)?);
        } else {
            builder = builder.dns_resolver(settings.destinations());
        }
        let client = builder.build().map_err(refused)?;
        Ok(Self {
            client,
            url: settings.url.clone(),
            headers: names,
            signer: settings.secret.as_ref().map(Signer::new),
            standard,
            batch: settings.batch.map(|batch| batch.format),
            compression: settings.compression,
        })
    }
}

impl HttpPost {
    /// Sends the events, at least one, and waits for the head of the answer.
    pub(super) async fn send(&self, events: &[&OutgoingEvent]) -> Result<Response, reqwest::Error> {
        let Parcel {
            id,
            mut headers,
            body,
        } = self.parcel(events);
        let mut sent = body.clone();
        if let Some(compression) = self.compression
            && let Some(packed) = compression.pack(&body).await
        {
            let name = HeaderValue::from_static(compression.name());
            headers.insert(CONTENT_ENCODING, name);
            sent = packed;
        }
        let mut request = self.client.post(self.url.clone());
        if let Some(signer) = &self.signer {
            request = request.header(&self.headers.signature, signer.sign(&sent));
        }
        if !self.standard.is_empty() {
            // Of what the receiver reads: libraries of others take text alone.
            let standard = self.standard.sign(&id, Timestamp::now(), &body);
            request = request
                .header("webhook-id", header_value(&standard.id))
                .header("webhook-timestamp", standard.timestamp)
                .header("webhook-signature", standard.signature);
        }
        request.headers(headers).body(sent).send().await
    }

    /// What tells of the events, their body, and what a receiver knows the request by.
    fn parcel(&self, events: &[&OutgoingEvent]) -> Parcel {
        let names = &self.headers;
        let mut headers = HeaderMap::new();
        let (id, body, content_type) = match (self.batch, events) {
            (None, [event, ..]) => {
                headers.insert(&names.event, header_value(&event.wire));
                headers.insert(&names.event_id, header_value(&event.id));
                headers.insert(&names.session_id, header_value(&event.session_id));
                if let Some(sequence) = event.sequence {
                    headers.insert(&names.sequence, HeaderValue::from(sequence));
                }
                (event.id.clone(), event.body.clone(), "application/json")
            }
            (None, []) => Default::default(),
            (Some(format), events) => {
                let id = batch_id(events);
                headers.insert(&names.batch_id, header_value(&id));
                if let Some(numbers) = sequences(events) {
                    headers.insert(&names.sequence, header_value(&numbers));
                }
                (id, format.body(events), format.content_type())
            }
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Parcel { id, headers, body }
    }
}

/// One request, without what is new with each try.
struct Parcel {
    id: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Post for HttpPost {
    async fn post(&self, events: &[&OutgoingEvent]) -> AttemptOutcome {
        match self.send(events).await {
            Ok(answer) => {
                AttemptOutcome::of_answer(answer.status(), answer.headers(), Timestamp::now())
            }
            Err(error) => AttemptOutcome::Retry {
                reason: reason_of(error),
                after: None,
            },
        }
    }
}

/// A name or an id as a header.
fn header_value(id: &str) -> HeaderValue {
    HeaderValue::from_str(&header_text(id)).unwrap_or(HeaderValue::from_static("?"))
}

/// A name or an id as it arrives in a header: an odd one must not cost the event, nor become the
/// same as another one. One with characters that a header cannot carry, or with spaces at its ends,
/// is percent-encoded.
pub(super) fn header_text(id: &str) -> Cow<'_, str> {
    let is_carried = |c: char| c.is_ascii_graphic() || c == ' ';
    if id.chars().all(is_carried) && id.trim_ascii() == id {
        return Cow::Borrowed(id);
    }
    let mut text = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&hex::encode_upper([byte]));
        }
    }
    Cow::Owned(text)
}

/// An error with its causes: the outermost alone says little more than "error sending request". The
/// URL is left out because its path or query may hold a token.
pub(super) fn reason_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        let missing = match error.is_connect() {
            true => "there was no connection to it in time",
            false => "it did not answer in time",
        };
        return missing.to_owned();
    }
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        reason.push_str(": ");
        reason.push_str(&inner.to_string());
        cause = inner.source();
    }
    // The receiver may have chosen part of it: the names in its certificate.
    clean(&reason)
}

/// `text` on one line that a terminal shows but does not interpret, at most 1 KiB of it: U+FFFD
/// replaces control characters and characters that change the text direction.
fn clean(text: &str) -> String {
    let shows = |c: char| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric();
    let mut shown: String = text
        .chars()
        .take(LINE)
        .map(|c| if shows(c) { c } else { '\u{fffd}' })
        .collect();
    shown.truncate(shown.floor_char_boundary(LINE));
    shown
}

/// Most bytes of an error that are reported.
const LINE: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_no_header_can_carry_is_made_safe() {
        assert_eq!(header_value("ch-1234"), "ch-1234");
        assert_eq!(header_value("order 17"), "order 17");
        assert_eq!(header_value("a\r\nx-evil: 1"), "a%0D%0Ax-evil:%201");
        assert_eq!(header_value(" %\u{fc}"), "%20%25%C3%BC");
    }

    #[test]
    fn what_a_terminal_would_obey_is_replaced_and_the_rest_is_cut() {
        assert_eq!(
            clean("a\u{1b}[2J\r\nZoë\u{202e}"),
            "a\u{fffd}[2J\u{fffd}\u{fffd}Zoë\u{fffd}"
        );
        assert_eq!(clean(&"x".repeat(5_000)).len(), LINE);
        assert_eq!(clean(&"\u{1b}".repeat(5_000)), "\u{fffd}".repeat(LINE / 3));
    }
}
