//! An Asterisk that isn't one: ARI and its side of AudioSocket, which loses events, refuses orders and cuts connections when
//! it is told to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use voxtra::rt::ari::AriSettings;

/// A hostile Asterisk. Its clones are the same one.
#[derive(Clone)]
pub struct Asterisk {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    /// Events for whoever is connected; an empty one closes the websocket.
    events: broadcast::Sender<String>,
}

/// What there is, and how it misbehaves.
#[derive(Default)]
pub struct World {
    /// Channels that are up, each with whether it is in the application.
    pub channels: HashMap<String, Channel>,
    /// Bridges, with their channels.
    pub bridges: HashMap<String, Vec<String>>,
    /// Orders that were given: `DELETE channels/1.1`.
    pub orders: Vec<String>,
    /// Events of these types are lost.
    pub lost: Vec<&'static str>,
    /// Orders that begin with this are answered with a status as often as this says.
    pub refused: Vec<(&'static str, u16, u32)>,
    /// AudioSocket connections, by media channel.
    media: HashMap<String, JoinHandle<()>>,
    /// Audio connections that were made.
    pub connections: usize,
    /// The AudioSocket ids of those that were asked for.
    pub ids: Vec<uuid::Uuid>,
    /// Names of channels that have one of their own.
    names: HashMap<String, String>,
}

/// A channel.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    pub state: &'static str,
    pub is_in_app: bool,
}

impl Asterisk {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let asterisk = Self {
            address: listener.local_addr().unwrap(),
            world: Arc::default(),
            events: broadcast::channel(1024).0,
        };
        let router = Router::new()
            .route("/ari/events", get(websocket))
            .route("/ari/{*path}", any(order))
            .with_state(asterisk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        asterisk
    }

    /// How to reach it.
    pub fn settings(&self) -> AriSettings {
        AriSettings {
            url: format!("http://{}/ari", self.address).parse().unwrap(),
            app: "voxtra".into(),
            username: "voxtra".into(),
            password: "x".into(),
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A caller rings.
    pub fn caller(&self, id: &str) {
        let channel = Channel {
            state: "Ring",
            is_in_app: true,
        };
        self.world().channels.insert(id.into(), channel);
        self.tell("StasisStart", id);
    }

    /// A channel enters the application: an outbound call's far end has answered.
    pub fn enter(&self, id: &str) {
        if let Some(channel) = self.world().channels.get_mut(id) {
            channel.is_in_app = true;
            channel.state = "Up";
        }
        self.tell("StasisStart", id);
    }

    /// A channel hangs up.
    pub fn gone(&self, id: &str) {
        let channel = self.world().channels.remove(id);
        if channel.is_some() {
            for channels in self.world().bridges.values_mut() {
                channels.retain(|channel| channel != id);
            }
            self.tell("ChannelDestroyed", id);
        }
    }

    /// Closes the event websocket.
    pub fn disconnect(&self) {
        let _ = self.events.send(String::new());
    }

    /// Cuts all audio connections.
    pub fn cut_media(&self) {
        for (_, task) in self.world().media.drain() {
            task.abort();
        }
    }

    fn tell(&self, kind: &'static str, channel: &str) {
        let mut world = self.world();
        if world.lost.contains(&kind) {
            return;
        }
        let name = world.names.get(channel).cloned();
        let mut channel = describe(channel, world.channels.entry(channel.into()).or_default());
        if let Some(name) = name {
            channel["name"] = name.into();
        }
        if kind == "ChannelDestroyed" {
            world.channels.remove(channel["id"].as_str().unwrap());
        }
        let event = json!({ "type": kind, "application": "voxtra", "channel": channel, "args": [],
            "cause": 16, "cause_txt": "Normal Clearing" });
        let _ = self.events.send(event.to_string());
    }

    fn external_media(&self, query: &HashMap<String, String>) -> Response {
        let id = query["channelId"].clone();
        let (address, uuid) = (query["external_host"].clone(), query["data"].clone());
        let channel = Channel {
            state: "Up",
            is_in_app: true,
        };
        let (asterisk, media) = (self.clone(), id.clone());
        if let Ok(id) = uuid.parse() {
            let mut world = self.world();
            world.ids.push(id);
            let name = format!("AudioSocket/{address}-{uuid}");
            world.names.insert(query["channelId"].clone(), name);
        }
        let task = tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            asterisk.world().connections += 1;
            let uuid: uuid::Uuid = uuid.parse().unwrap();
            let mut hello = vec![1, 0, 16];
            hello.extend(uuid.as_bytes());
            stream.write_all(&hello).await.unwrap();
            let mut frame = vec![0x10, 1, 64];
            frame.extend([0; 320]);
            let (mut from, mut to) = stream.into_split();
            let mut heard = vec![0; 4096];
            let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
            loop {
                tokio::select! {
                    _ = tick.tick() => if to.write_all(&frame).await.is_err() { break },
                    read = from.read(&mut heard) => if !matches!(read, Ok(1..)) { break },
                }
            }
            asterisk.gone(&media);
        });
        {
            let mut world = self.world();
            world.channels.insert(id.clone(), channel);
            world.media.insert(id.clone(), task);
        }
        self.tell("StasisStart", &id);
        axum::Json(json!({ "id": id })).into_response()
    }

    fn obey(&self, method: &str, path: &str, query: &HashMap<String, String>) -> Response {
        let parts: Vec<&str> = path.split('/').collect();
        let missing = || {
            let message = json!({ "message": "Application, channel or bridge not found" });
            (StatusCode::NOT_FOUND, axum::Json(message)).into_response()
        };
        let done = || StatusCode::NO_CONTENT.into_response();
        match (method, parts.as_slice()) {
            ("GET", ["asterisk", "info"]) => axum::Json(json!({})).into_response(),
            ("GET", ["channels"]) => {
                let world = self.world();
                let all = world.channels.iter().map(|(id, c)| describe(id, c));
                axum::Json(all.collect::<Vec<_>>()).into_response()
            }
            ("GET", ["channels", id]) => match self.world().channels.get(*id) {
                Some(channel) => axum::Json(describe(id, channel)).into_response(),
                None => missing(),
            },
            ("POST", ["applications", _, "subscription"]) => axum::Json(json!({})).into_response(),
            ("GET", ["bridges"]) => {
                let world = self.world();
                let all = world
                    .bridges
                    .iter()
                    .map(|(id, channels)| json!({ "id": id, "channels": channels }));
                axum::Json(all.collect::<Vec<_>>()).into_response()
            }
            ("GET", ["applications", name]) => {
                let world = self.world();
                let inside = world.channels.iter().filter(|(_, c)| c.is_in_app);
                let ids: Vec<_> = inside.map(|(id, _)| id).collect();
                axum::Json(json!({ "name": name, "channel_ids": ids })).into_response()
            }
            ("POST", ["channels", id]) if *id != "externalMedia" => {
                let id = (*id).to_owned();
                let channel = Channel {
                    state: "Ringing",
                    is_in_app: false,
                };
                self.world().channels.insert(id.clone(), channel);
                axum::Json(json!({ "id": id })).into_response()
            }
            ("POST", ["channels", "externalMedia"]) => self.external_media(query),
            ("POST", ["channels", id, what]) => {
                if !self.world().channels.contains_key(*id) {
                    return missing();
                }
                if *what == "continue" {
                    self.world().channels.remove(*id);
                    self.tell("StasisEnd", id);
                    self.world().channels.remove(*id);
                }
                done()
            }
            ("DELETE", ["channels", id]) => {
                if !self.world().channels.contains_key(*id) {
                    return missing();
                }
                if let Some(task) = self.world().media.remove(*id) {
                    task.abort();
                }
                self.gone(id);
                done()
            }
            ("POST", ["bridges"]) => {
                let id = query["bridgeId"].clone();
                self.world().bridges.insert(id.clone(), Vec::new());
                axum::Json(json!({ "id": id })).into_response()
            }
            ("POST", ["bridges", id, "addChannel"]) => {
                let mut world = self.world();
                let Some(bridge) = world.bridges.get_mut(*id) else {
                    return missing();
                };
                bridge.extend(query["channel"].split(',').map(str::to_owned));
                done()
            }
            ("DELETE", ["bridges", id]) => match self.world().bridges.remove(*id) {
                Some(_) => done(),
                None => missing(),
            },
            _ => missing(),
        }
    }
}

fn describe(id: &str, channel: &Channel) -> Value {
    json!({
        "id": id,
        "name": format!("Local/{id}"),
        "state": channel.state,
        "caller": { "name": "", "number": "100" },
        "dialplan": { "context": "in", "exten": "200", "priority": 1,
            "app_name": "Stasis", "app_data": "voxtra,sales" },
    })
}

async fn websocket(State(asterisk): State<Asterisk>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| pass_events_on(asterisk, socket))
}

async fn pass_events_on(asterisk: Asterisk, mut socket: WebSocket) {
    let mut events = asterisk.events.subscribe();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) if !event.is_empty() => {
                    if socket.send(Message::Text(event.into())).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
            message = socket.recv() => if message.is_none() { return },
        }
    }
}

async fn order(
    State(asterisk): State<Asterisk>,
    method: axum::http::Method,
    Path(path): Path<String>,
    Query(mut query): Query<HashMap<String, String>>,
    body: axum::body::Bytes,
) -> Response {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(&body) {
        for (name, value) in fields {
            let value = value.as_str().map(str::to_owned);
            query.insert(name, value.unwrap_or_default());
        }
    }
    let order = format!("{method} {path}");
    {
        let mut world = asterisk.world();
        world.orders.push(order.clone());
        let refusal = world
            .refused
            .iter_mut()
            .find(|(what, _, times)| order.starts_with(what) && *times > 0);
        if let Some((_, status, times)) = refusal {
            *times -= 1;
            return StatusCode::from_u16(*status).unwrap().into_response();
        }
    }
    asterisk.obey(method.as_str(), &path, &query)
}
