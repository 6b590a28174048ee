//! An application on a hostile Asterisk, and what must be true when its calls are over.

use std::sync::Arc;

use tokio::sync::broadcast;
use voxtra::prelude::*;
use voxtra::rt::app::Builder;
use voxtra::rt::media::MediaSettings;

use crate::peer::Asterisk;
use crate::{LONG, until};

/// Tasks that may be left when all calls are over: connections that stay, and what looks after
/// them.
const TASKS: usize = 60;

/// An application and its Asterisk. Each test ends with [`over`](Self::over).
pub struct Harness {
    pub asterisk: Asterisk,
    pub app: Application,
    events: broadcast::Receiver<Arc<Event>>,
    is_over: bool,
}

impl Harness {
    pub async fn start(build: impl FnOnce(Builder) -> Builder) -> Self {
        Self::on(Asterisk::start().await, 100, build).await
    }

    pub async fn with_limit(max_calls: usize, build: impl FnOnce(Builder) -> Builder) -> Self {
        Self::on(Asterisk::start().await, max_calls, build).await
    }

    pub async fn on(
        asterisk: Asterisk,
        max_calls: usize,
        build: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let app = Application::builder()
            .asterisk(asterisk.settings())
            .media(MediaSettings::default().with(|media| {
                media.listen = ([127, 0, 0, 1], 0).into();
                media.max_calls = max_calls;
            }))
            .compare_every(std::time::Duration::from_millis(200));
        let app = build(app).start().await.unwrap();
        tokio::time::timeout(LONG, app.online()).await.unwrap();
        Self {
            events: app.events(),
            asterisk,
            app,
            is_over: false,
        }
    }

    /// Waits for the next event with this name, of any call.
    pub async fn event(&mut self, name: &str) -> serde_json::Value {
        let found = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if event.wire() == name {
                    return serde_json::from_str(&event.to_json()).unwrap();
                }
            }
        };
        let found = tokio::time::timeout(LONG, found).await;
        found.unwrap_or_else(|_| panic!("never told: {name}"))
    }

    /// Somebody calls and is answered.
    pub async fn talk(&mut self, caller: &str) -> Call {
        self.asterisk.caller(caller);
        self.event("media.started").await;
        self.call(caller)
    }

    /// The session of this caller.
    pub fn call(&self, caller: &str) -> Call {
        let mut calls = self.app.calls();
        calls.retain(|call| call.id() == caller);
        calls.pop().unwrap()
    }

    /// The orders so far.
    pub fn orders(&self) -> String {
        self.asterisk.world().orders.join("\n")
    }

    /// No call is left, here or there, nor anything that was made for one.
    pub async fn over(mut self) {
        self.is_over = true;
        until("no sessions", || self.app.calls().is_empty()).await;
        until("no channels", || self.asterisk.world().channels.is_empty()).await;
        until("no bridges", || self.asterisk.world().bridges.is_empty()).await;
        until("no media", || self.app.media_stats().calls() == 0).await;
        let metrics = tokio::runtime::Handle::current().metrics();
        until("no tasks", || metrics.num_alive_tasks() < TASKS).await;
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        assert!(
            self.is_over || std::thread::panicking(),
            "whether everything is over was not looked at"
        );
    }
}

/// The agent is heard.
pub async fn is_heard(call: &Call) {
    let spoken = tokio::time::timeout(LONG, call.send_audio(&[1000; 1600], 8000)).await;
    assert!(spoken.unwrap().unwrap().completed);
}
