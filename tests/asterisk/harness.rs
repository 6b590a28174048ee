//! An application in front of a real Asterisk, with everything around it that a test needs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use uuid::Uuid;
use voxtra_rt::app::{Application, Builder, OnHandlerEnd};
use voxtra_rt::ari::Channel;
use voxtra_rt::media::MediaSettings;
use voxtra_rt::session::{Call as Session, Event};
use voxtra_rt::speech::{Prompt, Prompts};

use super::receiver::{self, Receiver, Request};
use super::story::{Story, text};
use super::{Asterisk, Call, PATIENCE, unique};

/// An application, its Asterisk and its webhook receiver.
pub struct Harness {
    pub app: Application,
    pub receiver: Receiver,
    /// Its name in Asterisk.
    pub name: String,
    events: broadcast::Receiver<Arc<Event>>,
    /// What was received and belongs to no finished story yet.
    seen: Vec<Arc<Event>>,
    /// Looked at already by `until`.
    passed: usize,
    /// The exact JSON of every event, by session.
    told: HashMap<String, Vec<String>>,
    all_hooks: bool,
}

impl Harness {
    /// Starts an application of its own name, media port and webhook receiver. `build` adds routes
    /// and whatever else.
    pub async fn start(asterisk: &Asterisk, build: impl FnOnce(Builder) -> Builder) -> Self {
        let receiver = Receiver::start().await;
        let hook = receiver.settings();
        let harness =
            Self::start_with(asterisk, receiver, |builder| build(builder.webhook(hook))).await;
        Self {
            all_hooks: true,
            ..harness
        }
    }

    /// The same for a test that has ideas of its own about webhooks.
    pub async fn start_with(
        asterisk: &Asterisk,
        receiver: Receiver,
        build: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let name = unique("calls");
        let builder = Application::builder()
            .asterisk(asterisk.settings(&name))
            .media(any_port())
            // Most handlers here do one thing, and leave the end to the caller.
            .on_handler_end(OnHandlerEnd::Nothing)
            .prompts(prompts());
        let app = build(builder).start().await.unwrap();
        patiently("Asterisk's events", app.online()).await;
        Self {
            events: app.events(),
            app,
            receiver,
            name,
            seen: Vec::new(),
            passed: 0,
            told: HashMap::new(),
            all_hooks: false,
        }
    }

    /// Somebody calls, over ARI. Returns the caller's own channel.
    pub async fn call(&self, asterisk: &Asterisk, call: Call<'_>) -> Channel {
        let mut variables = call.variables.to_vec();
        variables.push(("__VOXTRA_APP", &self.name));
        asterisk
            .call(Call {
                variables: &variables,
                ..call
            })
            .await
    }

    /// Somebody calls, through the dialplan's `AudioSocket()` with this id.
    pub async fn socket_call(&self, asterisk: &Asterisk, id: Uuid, call: Call<'_>) -> Channel {
        let (id, address) = (id.to_string(), self.app.media_address().to_string());
        let mut variables = call.variables.to_vec();
        variables.push(("__VOXTRA_UUID", &id));
        variables.push(("__VOXTRA_HOSTPORT", &address));
        let to = match call.to {
            "1000@voxtra-in" => "1000@voxtra-audiosocket",
            to => to,
        };
        asterisk
            .call(Call {
                to,
                variables: &variables,
                ..call
            })
            .await
    }

    /// The next event of this wire name; others are passed over.
    pub async fn until(&mut self, wire: &str) -> Arc<Event> {
        loop {
            while let Some(event) = self.seen.get(self.passed).cloned() {
                self.passed += 1;
                if event.wire() == wire {
                    return event;
                }
            }
            self.receive(wire).await;
        }
    }

    /// The session that the next call begins, for a test that wants to hold it.
    pub async fn session(&mut self) -> Session {
        let started = self.until("call.started").await;
        let mut calls = self.app.calls();
        calls.retain(|call| call.id() == &*started.session_id);
        calls.pop().expect("the session is over already")
    }

    /// The whole story of the next session that ends.
    pub async fn story(&mut self) -> Story {
        let mut looked = 0;
        loop {
            while let Some(event) = self.seen.get(looked) {
                looked += 1;
                if event.wire() == "session.destroyed" {
                    let id = event.session_id.clone();
                    let (its, others) = self
                        .seen
                        .drain(..)
                        .partition(|event| event.session_id == id);
                    (self.seen, self.passed) = (others, 0);
                    return Story::of(its);
                }
            }
            self.receive("session.destroyed").await;
        }
    }

    async fn receive(&mut self, awaited: &str) {
        let event = match tokio::time::timeout(PATIENCE, self.events.recv()).await {
            Ok(event) => event.unwrap(),
            Err(_) => panic!("{awaited} did not come; what came: {}", text(&self.seen)),
        };
        self.told
            .entry(event.session_id.to_string())
            .or_default()
            .push(event.to_json());
        self.seen.push(event);
    }

    /// Sockets that this process holds on the media port, besides the one that listens: how the
    /// kernel tells of them, by inode.
    pub fn media_sockets(&self) -> HashMap<String, String> {
        let port = format!(":{:04X}", self.app.media_address().port());
        let inodes: Vec<String> = std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter_map(|link| {
                let link = link.to_str()?.strip_prefix("socket:[")?.to_owned();
                Some(link.trim_end_matches(']').to_owned())
            })
            .collect();
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        table
            .lines()
            .map(|line| (line, line.split_whitespace().collect::<Vec<_>>()))
            // sl, local address, remote address, state (0A listens) … inode
            .filter(|(_, row)| row.len() > 9 && row[1].ends_with(&port) && row[3] != "0A")
            .filter(|(_, row)| inodes.iter().any(|inode| inode == row[9]))
            // The table is read in pieces while others connect: a row may be there twice.
            .map(|(line, row)| (row[9].to_owned(), line.trim().to_owned()))
            .collect()
    }

    /// What Asterisk has of this application's calls: bridges, and channels that lead to its media
    /// port.
    pub async fn traces(&self, asterisk: &Asterisk) -> Vec<String> {
        let address = self.app.media_address().to_string();
        let channels = asterisk.client(&self.name).channels().list().await.unwrap();
        let media: Vec<String> = channels
            .into_iter()
            .filter(|channel| channel.name.contains(&address))
            .map(|channel| channel.id)
            .collect();
        let bridges = asterisk.bridges().await;
        let ours = |bridge: &&(String, Vec<String>)| {
            bridge.1.iter().any(|channel| media.contains(channel))
        };
        let bridges: Vec<String> = bridges.iter().filter(ours).map(|b| b.0.clone()).collect();
        [bridges, media].concat()
    }

    /// Waits until nothing is left in Asterisk of what [`traces`](Self::traces) found, and no
    /// socket here.
    pub async fn nothing_is_left(&self, asterisk: &Asterisk, traces: &[String]) {
        let ari = asterisk.client(&self.name);
        patiently("the end of channels, bridges and sockets", async {
            loop {
                let channels = ari.channels().list().await.unwrap();
                let bridges = asterisk.bridges().await;
                let left = channels
                    .iter()
                    .map(|channel| &channel.id)
                    .chain(bridges.iter().map(|bridge| &bridge.0))
                    .filter(|id| traces.contains(id))
                    .count();
                if left + self.media_sockets().len() == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// Stops the application and checks that the webhook was told every event, exactly and in
    /// order.
    pub async fn close(mut self) -> Vec<Request> {
        self.app.shutdown().await;
        while let Ok(event) = self.events.try_recv() {
            let session = self.told.entry(event.session_id.to_string()).or_default();
            session.push(event.to_json());
        }
        assert_eq!(self.media_sockets(), HashMap::new());
        let requests = self.receiver.requests();
        for request in &requests {
            request.check();
        }
        receiver::keep_for_the_contract(self.app.catalogue(), &requests);
        if self.all_hooks {
            let mut posted: HashMap<String, Vec<String>> = HashMap::new();
            for request in &requests {
                let session = request.header("x-voxtra-session-id").to_owned();
                posted
                    .entry(session)
                    .or_default()
                    .push(request.text().to_owned());
            }
            assert_eq!(posted, self.told);
        }
        requests
    }
}

/// The media plane on any free port.
pub fn any_port() -> MediaSettings {
    MediaSettings::default().with(|media| media.listen = "127.0.0.1:0".parse().unwrap())
}

/// The recordings of `assets/`, by name; `agent-you-said` is also found by its text, `You said:`.
pub fn prompts() -> Prompts {
    let mut prompts = Prompts::new();
    for (name, text) in [
        ("agent-you-said", Some("You said:")),
        ("agent-hello", None),
        ("agent-explain", Some("A long explanation.")),
        ("caller-hello", None),
    ] {
        let path = super::checkout().join(format!("assets/{name}.wav"));
        prompts.insert(Prompt::read(name, &path, text.map(str::to_owned)).unwrap());
    }
    prompts
}

/// Waits, but not for ever.
pub async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("waited for {what} in vain"),
    }
}
