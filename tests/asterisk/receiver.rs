//! A receiver of webhooks: a real HTTP server that keeps every request exactly as it came.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use voxtra_rt::catalogue::Catalogue;
use voxtra_rt::webhook::WebhookSettings;

const SECRET: &str = "a secret of the tests";

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Checks everything about a request that does not depend on the event: method, headers,
    /// signature.
    pub fn check(&self) {
        assert_eq!(
            (&self.method, self.path.as_str()),
            (&Method::POST, "/voxtra")
        );
        assert_eq!(self.header("content-type"), "application/json");
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        for (header, field) in [
            ("x-voxtra-event", "type"),
            ("x-voxtra-event-id", "id"),
            ("x-voxtra-session-id", "session_id"),
        ] {
            assert_eq!(self.header(header), body[field], "{header}");
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(&self.body);
        let signature = hex::encode(mac.finalize().into_bytes());
        assert_eq!(self.header("x-voxtra-signature"), signature);
    }
}

/// A receiver of webhooks.
pub struct Receiver {
    address: std::net::SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// A receiver that answers 200 to everything.
    pub async fn start() -> Self {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new()
            .fallback(keep)
            .with_state(requests.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, requests }
    }

    /// How an application posts to this receiver, all events and signed.
    pub fn settings(&self) -> WebhookSettings {
        let url = format!("http://{}/voxtra", self.address);
        let mut settings = WebhookSettings::new(url.parse().unwrap());
        settings.secret = Some(SECRET.into());
        settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        settings
    }

    /// What came so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// Keeps what was posted, and what the application says about it, for `tests/contract/check.sh`:
/// other tools than ours judge it.
pub fn keep_for_the_contract(catalogue: &Catalogue, requests: &[Request]) {
    let posted: Vec<_> = requests
        .iter()
        .map(|request| {
            let headers = request.headers.iter();
            let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
            serde_json::json!({ "headers": headers.collect::<BTreeMap<_, _>>(), "body": request.text() })
        })
        .collect();
    let kept = serde_json::json!({
        "schema": catalogue.json_schema(), "asyncapi": catalogue.asyncapi(), "posted": posted,
    });
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join(format!("{}.json", uuid::Uuid::new_v4().simple()));
    std::fs::write(file, kept.to_string()).unwrap();
}

async fn keep(
    State(requests): State<Arc<Mutex<Vec<Request>>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    requests.lock().unwrap().push(Request {
        method,
        path: uri.path().to_owned(),
        headers,
        body,
    });
    StatusCode::OK
}
