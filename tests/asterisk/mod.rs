//! The real Asterisk, as the tests see it. `README.md` beside this file tells what is at the other
//! end.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part of this"
)]

pub mod cable;
pub mod harness;
pub mod phone;
pub mod receiver;
pub mod recording;
pub mod rtp;
pub mod story;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use voxtra_rt::ari::{
    AriClient, AriEvent, AriEvents, AriEventsOptions, AriSettings, AriSignal, Channel,
};

/// Longer than anything may take, even on a busy machine; only a test that fails waits this long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running Asterisk. While a test holds one from [`Asterisk::get`], no other test of the same
/// binary stops it.
pub struct Asterisk {
    url: String,
    _use: Use,
}

enum Use {
    Shared(#[expect(dead_code)] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code)] RwLockWriteGuard<'static, ()>),
}

static IN_USE: RwLock<()> = RwLock::const_new(());

impl Asterisk {
    /// The Asterisk of this run; `None`, after saying so loudly, if there is none.
    pub async fn get() -> Option<Self> {
        let url = url()?;
        Some(Self {
            url,
            _use: Use::Shared(IN_USE.read().await),
        })
    }

    /// The same for a test that stops Asterisk: it has it for itself.
    pub async fn get_alone() -> Option<Self> {
        let url = url()?;
        Some(Self {
            url,
            _use: Use::Alone(IN_USE.write().await),
        })
    }

    /// The same one, reached through a cable that begins there.
    pub async fn through(&self, address: std::net::SocketAddr) -> Self {
        Self {
            url: format!("http://{address}/ari"),
            _use: Use::Shared(IN_USE.read().await),
        }
    }

    /// How the application `app` logs in.
    pub fn settings(&self, app: &str) -> AriSettings {
        AriSettings::new(self.url.parse().unwrap(), app, "voxtra", "voxtra-test")
    }

    /// The same over TLS, with Asterisk's own authority.
    pub fn tls_settings(&self, app: &str) -> AriSettings {
        let variable = |name| std::env::var(name).expect("rig.sh sets it");
        self.settings(app).with(|ari| {
            ari.url = variable("VOXTRA_ASTERISK_TLS").parse().unwrap();
            ari.ca_file = Some(variable("VOXTRA_ASTERISK_AUTHORITY").into());
        })
    }

    /// What `GET` of this path below `/ari` answers.
    pub async fn get_json(&self, path: &str) -> Value {
        let answer = reqwest_client()
            .get(format!("{}/{path}", self.url))
            .basic_auth("voxtra", Some("voxtra-test"))
            .send()
            .await
            .unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// A client for the application `app`.
    pub fn client(&self, app: &str) -> AriClient {
        AriClient::new(self.settings(app)).unwrap()
    }

    /// Somebody calls. `to` is `NUMBER@CONTEXT`, `extension` what the caller does once answered
    /// (most often `script`), `variables` what both need. Returns the caller's own channel.
    pub async fn call(&self, call: Call<'_>) -> Channel {
        let variables: Map<String, Value> = call
            .variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let body = json!({
            "endpoint": format!("Local/{}/n", call.to),
            "context": "voxtra-test",
            "extension": call.extension,
            "priority": 1,
            "callerId": call.caller_id,
            "formats": call.formats,
            "variables": variables,
        });
        let answer = reqwest_client()
            .post(format!("{}/channels", self.url))
            .basic_auth("voxtra", Some("voxtra-test"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The id of every bridge, and the ids of the channels in it.
    pub async fn bridges(&self) -> Vec<(String, Vec<String>)> {
        #[derive(serde::Deserialize)]
        struct Bridge {
            id: String,
            channels: Vec<String>,
        }
        let answer = reqwest_client()
            .get(format!("{}/bridges", self.url))
            .basic_auth("voxtra", Some("voxtra-test"))
            .send()
            .await
            .unwrap();
        let bridges: Vec<Bridge> = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        bridges.into_iter().map(|b| (b.id, b.channels)).collect()
    }

    /// Waits until this channel is gone.
    pub async fn gone(&self, channel: &str) {
        let ari = self.client("x");
        harness::patiently("the end of a channel", async {
            while ari
                .channels()
                .list()
                .await
                .unwrap()
                .iter()
                .any(|c| c.id == channel)
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// Waits until Asterisk knows the application `name`, of another process.
    pub async fn application(&self, name: &str) {
        let question = || {
            reqwest_client()
                .get(format!("{}/applications/{name}", self.url))
                .basic_auth("voxtra", Some("voxtra-test"))
                .send()
        };
        while !question().await.unwrap().status().is_success() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs `rig.sh` with these arguments.
    pub async fn rig(&self, arguments: &[&str]) {
        let rig = std::env::var_os("VOXTRA_ASTERISK_RIG")
            .map_or_else(|| checkout().join("tests/asterisk/rig.sh"), PathBuf::from);
        let status = tokio::process::Command::new(rig)
            .args(arguments)
            .status()
            .await
            .unwrap();
        assert!(status.success(), "rig.sh {arguments:?}: {status}");
    }

    /// Where Asterisk writes its recordings.
    pub fn monitor(&self) -> PathBuf {
        std::env::var_os("VOXTRA_ASTERISK_MONITOR")
            .expect("rig.sh sets VOXTRA_ASTERISK_MONITOR")
            .into()
    }
}

/// A call from the telephone network.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// `NUMBER@CONTEXT`: `1000@voxtra-in` for a call over ARI.
    pub to: &'a str,
    /// What the caller does once answered; an extension of `voxtra-test`.
    pub extension: &'a str,
    /// Who calls.
    pub caller_id: &'a str,
    /// Codec of the caller's leg: `slin`, `slin16`, `ulaw` …
    pub formats: &'a str,
    /// `VOXTRA_SCRIPT` and so on. `__` in front hands a variable on to the dialplan that is called.
    pub variables: &'a [(&'a str, &'a str)],
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self {
            to: "1000@voxtra-in",
            extension: "silent",
            caller_id: "Ann <265888111111>",
            formats: "slin",
            variables: &[],
        }
    }
}

/// A name that no other test uses, for applications, channels and recordings.
pub fn unique(what: &str) -> String {
    format!("{what}-{}", uuid::Uuid::new_v4().simple())
}

/// The events of an application, from the moment Asterisk knows it.
pub async fn connected(client: &AriClient) -> AriEvents {
    let mut events = AriEvents::start(client, AriEventsOptions::default(), &Default::default());
    match signal(&mut events).await {
        AriSignal::Connected => events,
        other => panic!("{other:?}"),
    }
}

/// The next signal.
pub async fn signal(events: &mut AriEvents) -> AriSignal {
    let signal = tokio::time::timeout(PATIENCE, events.recv()).await;
    signal
        .expect("no signal from Asterisk")
        .expect("the event connection has ended")
}

/// The next event that `pick` takes; others are passed over.
pub async fn event<T>(events: &mut AriEvents, pick: impl Fn(&AriEvent) -> Option<T>) -> T {
    let mut passed = Vec::new();
    let waiting = async {
        loop {
            match events.recv().await {
                Some(AriSignal::Event(event)) => match pick(&event) {
                    Some(found) => return found,
                    None => passed.push(format!("{} {:?}", event.kind(), event.channel_id())),
                },
                other => panic!("{other:?} after {passed:#?}"),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(found) => found,
        Err(_) => panic!("the event did not come; what came: {passed:#?}"),
    }
}

fn url() -> Option<String> {
    let url = std::env::var("VOXTRA_ASTERISK")
        .ok()
        .filter(|url| !url.is_empty());
    if url.is_none() {
        // Not through `eprintln!`, which the test harness hides when a test passes.
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let line = format!(
            "NOT RUN: {name} needs a real Asterisk: tests/asterisk/rig.sh run cargo test\n"
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    url
}

/// A client of HTTP.
pub fn reqwest_client() -> reqwest::Client {
    // Making an ARI client sets up TLS, without which reqwest makes none.
    let settings = AriSettings::new(
        "http://127.0.0.1/".parse().unwrap(),
        "x",
        "x",
        String::new(),
    );
    AriClient::new(settings).unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// The checkout. Packages of which these tests are may lie in it or be it.
fn checkout() -> PathBuf {
    let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut around = package.ancestors();
    let found = around.find(|folder| folder.join("tests/asterisk/rig.sh").is_file());
    found.expect("the tests are in a checkout").to_owned()
}
