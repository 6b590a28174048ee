//! A server that is reached over HTTP.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::MAX_MESSAGE;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Bytes of a refusal that are read.
const MAX_REFUSAL: usize = 1_024;

/// A server that can be asked. Nothing was asked yet.
#[derive(Clone)]
pub(super) struct Web {
    client: reqwest::Client,
    url: String,
}

impl Web {
    pub(super) fn new(url: &str, headers: &[(String, SecretString)]) -> Result<Self, String> {
        let parsed = Url::parse(url).map_err(|error| format!("its url is none: {error}"))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err("its url must begin with http:// or https://".to_owned());
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err("its url holds a user or a password: give a header instead".to_owned());
        }
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let header = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value.expose_secret());
            let (Ok(header), Ok(mut value)) = (header, value) else {
                return Err(format!(
                    "its header {name:?} has a name or a value that none can have"
                ));
            };
            value.set_sensitive(true);
            all.insert(header, value);
        }
        // Another part of the program may have installed a provider; either works.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .default_headers(all)
            // A redirect would carry the headers to a host that nobody named.
            .redirect(reqwest::redirect::Policy::none())
            .tcp_keepalive(Duration::from_secs(15))
            .user_agent(concat!("voxtra/", env!("CARGO_PKG_VERSION")));
        let client = if parsed.scheme() == "https" {
            client
        } else {
            // Plain HTTP needs no certificates, so a machine without any must work too.
            let no_roots = rustls::ClientConfig::builder()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            client.tls_backend_preconfigured(no_roots)
        };
        let client = client.build().map_err(|error| error.to_string())?;
        let url = url.to_owned();
        Ok(Self { client, url })
    }

    pub(super) fn transport(&self) -> StreamableHttpClientTransport<reqwest::Client> {
        let settings = StreamableHttpClientTransportConfig::with_uri(self.url.as_str())
            .max_sse_event_size(MAX_MESSAGE)
            .max_json_response_size(MAX_MESSAGE)
            .max_error_response_size(MAX_REFUSAL);
        StreamableHttpClientTransport::with_client(self.client.clone(), settings)
    }
}
