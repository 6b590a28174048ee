use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::{WebhookError, WebhookSettings};

/// What one hook trusts, and what it shows.
pub(super) fn for_hook(settings: &WebhookSettings) -> Result<ClientConfig, WebhookError> {
    let no_tls = |source| WebhookError::Tls {
        url: settings.origin(),
        source,
    };
    if settings.url.scheme() != "https" {
        // Plain HTTP must also work on a machine without any trusted certificate.
        return trusting_nothing().map_err(no_tls);
    }
    let extra = match &settings.ca_file {
        Some(path) => certificates(settings, path)?,
        None => Vec::new(),
    };
    let config = builder(extra).map_err(no_tls)?;
    let Some((certificate, key)) = &settings.client_certificate else {
        return Ok(config.with_no_client_auth());
    };
    let chain = certificates(settings, certificate)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| unusable(settings, key, error.to_string()))?;
    config
        .with_client_auth_cert(chain, private)
        .map_err(|error| unusable(settings, certificate, error.to_string()))
}

/// The certificates of a file, at least one.
fn certificates(
    settings: &WebhookSettings,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, WebhookError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unusable(settings, path, error.to_string()))?;
    match found.is_empty() {
        true => Err(unusable(settings, path, "it has no certificate".to_owned())),
        false => Ok(found),
    }
}

fn unusable(settings: &WebhookSettings, path: &Path, reason: String) -> WebhookError {
    WebhookError::File {
        url: settings.origin(),
        path: path.display().to_string(),
        reason,
    }
}

/// TLS 1.2 and 1.3, trusting the machine's certificates (on Linux its certificate bundle, or
/// `SSL_CERT_FILE`) and `extra` ones.
fn builder(
    extra: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let verifier = Verifier::new_with_extra_roots(extra, provider())?;
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        // It would be dangerous to verify less than the machine does; this verifier is the
        // machine's.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier)))
}

/// As the machine's certificates say, plus `extra` ones.
#[cfg(test)]
pub(super) fn trusting(
    extra: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<ClientConfig, rustls::Error> {
    Ok(builder(extra)?.with_no_client_auth())
}

/// For plain HTTP: no server certificate is trusted.
pub(super) fn trusting_nothing() -> Result<ClientConfig, rustls::Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// Named here, not taken from the process, so that it works whatever else the program links.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::TlsAcceptor;

    use super::super::attempt::{HttpPost, Post as _};
    use super::super::retry::AttemptOutcome;
    use super::super::{OutgoingEvent, Sender, WebhookSettings};
    use super::*;

    /// An HTTPS receiver with a self-signed certificate for `localhost`; answers 200 to each
    /// request.
    async fn receiver() -> (String, CertificateDer<'static>) {
        receiver_for("localhost").await
    }

    /// As [`receiver`], with a certificate for `name`.
    async fn receiver_for(name: &str) -> (String, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}/",
            listener.local_addr().unwrap().port()
        );
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else {
                    continue;
                };
                let mut request = Vec::new();
                while !request.ends_with(b"{\"n\":1}")
                    && stream.read_buf(&mut request).await.unwrap() > 0
                {}
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .await
                    .unwrap();
            }
        });
        (url, certificate)
    }

    async fn post(url: &str, config: ClientConfig) -> AttemptOutcome {
        let mut settings = WebhookSettings::new(url.parse().unwrap());
        settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        HttpPost::with_tls(&Sender::new("acme"), &settings, config)
            .unwrap()
            .post(&[&event()])
            .await
    }

    fn event() -> OutgoingEvent {
        OutgoingEvent {
            wire: "call.ended".into(),
            id: "0".repeat(32),
            session_id: "ch-1".into(),
            sequence: None,
            body: bytes::Bytes::from_static(b"{\"n\":1}"),
        }
    }

    #[tokio::test]
    async fn https_reaches_a_receiver_that_is_trusted() {
        let (url, certificate) = receiver().await;
        assert_eq!(
            post(&url, trusting([certificate]).unwrap()).await,
            AttemptOutcome::Delivered
        );
    }

    #[tokio::test]
    async fn https_refuses_a_receiver_that_nobody_vouches_for() {
        let (url, _) = receiver().await;
        for config in [trusting([]), trusting_nothing()] {
            let AttemptOutcome::Retry { reason, .. } = post(&url, config.unwrap()).await else {
                panic!("an unknown certificate was accepted");
            };
            assert!(reason.contains("certificate"), "{reason}");
        }
    }

    #[tokio::test]
    async fn https_refuses_a_certificate_for_another_name() {
        let (url, certificate) = receiver().await;
        let url = url.replace("localhost", "127.0.0.1");
        let outcome = post(&url, trusting([certificate]).unwrap()).await;
        assert!(
            matches!(outcome, AttemptOutcome::Retry { .. }),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn a_handshake_that_does_not_end_is_not_waited_for_as_long_as_an_answer() {
        let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", mute.local_addr().unwrap());
        let mut settings = WebhookSettings::new(url.parse().unwrap());
        settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        settings.timeout = std::time::Duration::from_secs(30);
        settings.connect_timeout = std::time::Duration::from_millis(20);
        let config = trusting_nothing().unwrap();
        let post = HttpPost::with_tls(&Sender::new("acme"), &settings, config).unwrap();
        let AttemptOutcome::Retry { reason, .. } = post.post(&[&event()]).await else {
            panic!("nobody answered");
        };
        assert_eq!(reason, "there was no connection to it in time");
    }

    /// The reason quotes the certificate's names, and goes to the log.
    #[tokio::test]
    async fn a_certificate_can_neither_drive_a_terminal_nor_fill_the_log() {
        let name = format!("\u{1b}[2J\r\n{}.example", "x".repeat(10_000));
        let (url, certificate) = receiver_for(&name).await;
        let AttemptOutcome::Retry { reason, .. } =
            post(&url, trusting([certificate]).unwrap()).await
        else {
            panic!("a certificate for another name was accepted");
        };
        assert!(reason.contains("[2J"), "its name is not told: {reason:?}");
        assert!(reason.len() <= 1 << 10, "{} bytes", reason.len());
        assert!(!reason.contains(char::is_control), "{reason:?}");
    }
}
