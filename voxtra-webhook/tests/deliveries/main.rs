//! Deliveries as they go over HTTP: judged by libraries of others, and taken by receivers that
//! people copy.
//!
//! `WEBHOOK_TOOLS` names a folder with the libraries of Python and Node and with the receivers that
//! need them. Where it is not set, those in Rust are tested alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod judges;
mod receivers;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;
use voxtra_webhook::{
    OutgoingEvent, Sender, StandardSigner, WebhookCounters, WebhookSettings, Webhooks,
};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OLDER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// An ed25519 key (RFC 8032, section 7.1, test 1).
const PRIVATE: &str = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const PUBLIC: &str = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// Letters of several bytes, and what JSON escapes.
fn body(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"call.ended","data":{{"name":"Zoë \"Ö\" 😀","x":1.0}}}}"#)
}

/// A delivery as it came.
#[derive(Clone, Debug)]
struct Received {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Received {
    fn headers(&self) -> [(&'static str, &str); 3] {
        [
            ("webhook-id", &self.id),
            ("webhook-timestamp", &self.timestamp),
            ("webhook-signature", &self.signature),
        ]
    }

    /// What `secret` signs so many seconds before now.
    fn signed(secret: &str, id: &str, ago: i64) -> Self {
        let signer = StandardSigner::new([&secret.into()]).unwrap();
        let at = Timestamp::from_second(Timestamp::now().as_second() - ago);
        let body = body(id);
        let headers = signer.sign(id, at.unwrap(), body.as_bytes());
        Self {
            id: headers.id,
            timestamp: headers.timestamp,
            signature: headers.signature,
            body,
        }
    }

    /// The same with another byte at its end.
    fn changed(&self) -> Self {
        let mut changed = self.clone();
        changed.body = changed.body.replace("1.0", "1.1");
        changed
    }
}

fn event(id: &str) -> OutgoingEvent {
    OutgoingEvent {
        wire: "call.ended".into(),
        id: id.to_owned(),
        session_id: "session".into(),
        sequence: None,
        body: body(id).into(),
    }
}

/// Delivers events in order to `url`, signed by all of `secrets`.
async fn deliver(url: &str, secrets: &[&str], ids: &[&str]) -> WebhookCounters {
    let mut secrets = secrets.iter().map(|one| SecretString::from(*one));
    let mut hook = WebhookSettings::new(url.parse().unwrap());
    hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    hook.secret = secrets.next();
    hook.more_secrets = secrets.collect();
    let webhooks = Webhooks::new(&Sender::new("acme"), vec![hook]).unwrap();
    for id in ids {
        webhooks.deliver(&event(id));
    }
    webhooks
        .drain(Instant::now() + Duration::from_secs(60))
        .await;
    webhooks.counters()[0]
}

/// What arrives of an event that is delivered with these secrets.
async fn received(secrets: &[&str], id: &str) -> Received {
    type Requests = Arc<Mutex<Vec<(HeaderMap, String)>>>;
    async fn take(State(got): State<Requests>, headers: HeaderMap, body: String) -> StatusCode {
        got.lock().unwrap().push((headers, body));
        StatusCode::NO_CONTENT
    }
    let got = Requests::default();
    let router = Router::new().fallback(take).with_state(Arc::clone(&got));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    assert_eq!(deliver(&url, secrets, &[id]).await.delivered, 1);
    let (headers, body) = got.lock().unwrap().pop().unwrap();
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    Received {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body,
    }
}

/// Where the libraries of others and the receivers with them are.
fn tools() -> Option<PathBuf> {
    let tools = std::env::var_os("WEBHOOK_TOOLS").map(PathBuf::from);
    if tools.is_none() {
        eprintln!("WEBHOOK_TOOLS is not set: nothing of Python's and Node's is run");
    }
    tools
}
