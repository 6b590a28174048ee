//! An Asterisk that isn't one: ARI and its side of AudioSocket, which loses events, refuses orders
//! and cuts connections when it is told to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use voxtra::rt::ari::AriSettings;

/// A hostile Asterisk. Its clones are the same one.
#[derive(Clone)]
pub struct Asterisk {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    /// Events for whoever is connected; an empty one closes the websocket.
    events: broadcast::Sender<String>,
    flood: watch::Sender<Option<Flood>>,
}

/// What an order meets.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// It is not carried out, and answered with this status.
    Refuses(u16),
    /// It is neither carried out nor answered.
    Deaf,
    /// It is carried out and never answered.
    Mute,
    /// It is carried out, and its answer has no end.
    Endless,
}

/// What a websocket sends without end, while it reads nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// Events of channels that nobody knows, some of them with very long names.
    Events,
    /// Pings, which want answers.
    Pings,
    /// Callers who are not there.
    Callers,
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
    /// Variables of channels that were set: `1.1 NAME=value`.
    pub set: Vec<String>,
    /// Events of these types are lost.
    pub lost: Vec<&'static str>,
    /// What orders meet that begin with this (`GET channels`; all begin with nothing), as often as
    /// this says.
    pub manners: Vec<(&'static str, Manner, u32)>,
    /// The extension to which callers come; `200` when it is empty.
    pub exten: &'static str,
    /// The value of every channel variable; none is set when it is empty.
    pub variable: String,
    /// Messages of a flood that the other side has taken.
    pub flooded: u64,
    /// AudioSocket connections, by media channel.
    media: HashMap<String, JoinHandle<()>>,
    /// Audio connections that were made.
    pub connections: usize,
    /// The AudioSocket ids of those that were asked for.
    pub ids: Vec<uuid::Uuid>,
    /// Names of channels that have one of their own.
    names: HashMap<String, String>,
}

impl World {
    fn manner(&mut self, order: &str) -> Option<Manner> {
        let mut manners = self.manners.iter_mut();
        let (_, manner, times) =
            manners.find(|(what, _, times)| order.starts_with(what) && *times > 0)?;
        *times = times.saturating_sub(1);
        Some(*manner)
    }
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
            flood: watch::channel(None).0,
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
        AriSettings::new(
            format!("http://{}/ari", self.address).parse().unwrap(),
            "voxtra",
            "voxtra",
            "x",
        )
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

    /// How many are connected to the events.
    pub fn listeners(&self) -> usize {
        self.events.receiver_count()
    }

    /// Closes the event websocket.
    pub fn disconnect(&self) {
        let _ = self.events.send(String::new());
    }

    /// Begins to flood whoever is connected, or ends it.
    pub fn flood(&self, flood: Option<Flood>) {
        self.flood.send_replace(flood);
    }

    /// Tells an event as it is written here.
    pub fn say(&self, event: &Value) {
        let _ = self.events.send(event.to_string());
    }

    /// Tells an event of a channel, whatever there is.
    pub fn lie(&self, kind: &str, channel: &str) {
        self.say(&event(kind, describe(channel, &Channel::default())));
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
        drop(world);
        self.say(&event(kind, channel));
    }

    fn external_media(&self, query: &HashMap<String, String>) -> Response {
        let id = query["channelId"].clone();
        if self.world().channels.contains_key(&id) {
            return StatusCode::CONFLICT.into_response();
        }
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

    fn obey(&self, method: &str, parts: &[String], query: &HashMap<String, String>) -> Response {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
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
            ("GET", ["channels", _, "variable"]) => match &self.world().variable {
                none if none.is_empty() => missing(),
                value => axum::Json(json!({ "value": value })).into_response(),
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
                if *what == "variable" {
                    let set = format!("{id} {}={}", query["variable"], query["value"]);
                    self.world().set.push(set);
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
                if self.world().bridges.contains_key(&id) {
                    return StatusCode::CONFLICT.into_response();
                }
                self.world().bridges.insert(id.clone(), Vec::new());
                axum::Json(json!({ "id": id })).into_response()
            }
            ("POST", ["bridges", id, "addChannel"]) => {
                let mut world = self.world();
                let Some(bridge) = world.bridges.get_mut(*id) else {
                    return missing();
                };
                for channel in query["channel"].split(',') {
                    if !bridge.iter().any(|known| known == channel) {
                        bridge.push(channel.to_owned());
                    }
                }
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

fn event(kind: &str, channel: Value) -> Value {
    json!({ "type": kind, "application": "voxtra", "channel": channel, "args": [],
        "cause": 16, "cause_txt": "Normal Clearing", "digit": "5", "duration_ms": 100 })
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
    let mut flood = asterisk.flood.subscribe();
    loop {
        let now = *flood.borrow_and_update();
        if let Some(now) = now {
            // Whatever else there is to tell waits, as it would behind a flood.
            for n in 0.. {
                let exten = asterisk.world().exten;
                let flooded = socket.send(message(now, n, exten));
                // A peer that takes nothing more must not keep this one from its end.
                match tokio::time::timeout(Duration::from_millis(100), flooded).await {
                    Ok(Ok(())) => asterisk.world().flooded += 1,
                    Ok(Err(_)) => return,
                    Err(_) => {}
                }
                if flood.has_changed().unwrap_or(true) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            continue;
        }
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) if !event.is_empty() => {
                    if socket.send(Message::Text(event.into())).await.is_err() {
                        return;
                    }
                }
                Ok(_) | Err(broadcast::error::RecvError::Closed) => return,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
            },
            message = socket.recv() => if !matches!(message, Some(Ok(_))) { return },
            _ = flood.changed() => {}
        }
    }
}

/// One message of a flood.
fn message(flood: Flood, n: u64, exten: &str) -> Message {
    let unknown = format!("9.{n}");
    let mut channel = describe(&unknown, &Channel::default());
    if !exten.is_empty() {
        channel["dialplan"]["exten"] = exten.into();
    }
    let kind = match flood {
        Flood::Pings => return Message::Ping(Bytes::from_static(&[b'x'; 125])),
        Flood::Callers => "StasisStart",
        Flood::Events => {
            if n.is_multiple_of(100) {
                channel["caller"]["name"] = "x".repeat(900 << 10).into();
            }
            ["StasisEnd", "ChannelDtmfReceived", "ChannelDestroyed"][(n % 3) as usize]
        }
    };
    Message::Text(event(kind, channel).to_string().into())
}

async fn order(
    State(asterisk): State<Asterisk>,
    method: axum::http::Method,
    uri: Uri,
    Query(mut query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(&body) {
        for (name, value) in fields {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let value = match &value {
                Value::Array(entries) => entries.iter().map(text).collect::<Vec<_>>().join(","),
                value => text(value),
            };
            query.insert(name, value);
        }
    }
    // A segment may hold what separates segments.
    let path = uri.path().strip_prefix("/ari/").unwrap_or_default();
    let parts: Vec<String> = path.split('/').map(decoded).collect();
    let order = format!("{method} {}", parts.join("/"));
    let manner = {
        let mut world = asterisk.world();
        world.orders.push(order.clone());
        world.manner(&order)
    };
    match manner {
        Some(Manner::Refuses(status)) => {
            return StatusCode::from_u16(status).unwrap().into_response();
        }
        Some(Manner::Deaf) => std::future::pending().await,
        _ => {}
    }
    let answer = asterisk.obey(method.as_str(), &parts, &query);
    match manner {
        Some(Manner::Mute) => std::future::pending().await,
        Some(Manner::Endless) => {
            let chunk = Bytes::from(vec![b' '; 16 << 10]);
            let bytes = futures_util::stream::repeat(Ok::<_, Infallible>(chunk));
            Body::from_stream(bytes).into_response()
        }
        _ => answer,
    }
}

/// What a segment of a path stands for (RFC 3986, 2.1).
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match (first, more) {
            (b'%', [high, low, more @ ..]) => {
                let hex = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                rest = more;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
