//! Orders over the event websocket: `RESTRequest` and `RESTResponse`, which Asterisk has since
//! 20.14, 21.9 and 22.4.

use std::collections::HashMap;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use crate::AriClient;
use crate::read::Json;

/// Orders that wait to be written.
const WAITING: usize = 64;
/// The id of the first request, whose answer shows that this Asterisk knows such requests.
const PROBE: u64 = 0;

/// The way of orders to a websocket that answers them.
#[derive(Clone, Debug)]
pub(crate) struct Wire(mpsc::Sender<Sent>);

/// A `RESTRequest` that has no id yet, and who waits for its answer.
#[derive(Debug)]
struct Sent {
    request: Json,
    answer: oneshot::Sender<Answer>,
}

/// What a `RESTResponse` says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// The request was not written.
    NotSent,
    /// The connection was lost before the answer came.
    Lost,
}

impl Wire {
    pub(crate) async fn exchange(&self, request: Json) -> Result<Answer, Unanswered> {
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(Sent { request, answer }).await;
        sent.map_err(|_| Unanswered::NotSent)?;
        answered.await.map_err(|_| Unanswered::Lost)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

/// The orders of a client, on one connection.
#[derive(Debug)]
pub(super) struct Orders {
    client: AriClient,
    wire: Wire,
    sent: mpsc::Receiver<Sent>,
    last: u64,
    unanswered: HashMap<u64, oneshot::Sender<Answer>>,
}

impl Orders {
    pub(super) fn new(client: &AriClient) -> Self {
        let (sender, sent) = mpsc::channel(WAITING);
        Self {
            client: client.clone(),
            wire: Wire(sender),
            sent,
            last: PROBE,
            unanswered: HashMap::new(),
        }
    }

    /// The first request of a connection. The client's orders come this way once it is answered.
    pub(super) fn probe() -> Message {
        message(
            PROBE,
            Json::from_iter(PING.map(|(k, v)| (k.to_owned(), v.into()))),
        )
    }

    /// The next order to be written.
    pub(super) async fn next(&mut self) -> Message {
        // The sender lives in `self`, so there is always a next one.
        while let Some(Sent { request, answer }) = self.sent.recv().await {
            // Whoever has given up gets no answer, and no order carried out that nobody expects any
            // more.
            self.unanswered.retain(|_, answer| !answer.is_closed());
            if answer.is_closed() {
                continue;
            }
            self.last = self.last.wrapping_add(1);
            self.unanswered.insert(self.last, answer);
            return message(self.last, request);
        }
        std::future::pending().await
    }

    /// A `RESTResponse` came.
    pub(super) fn answered(&mut self, response: &Json) {
        let text = |name: &str| response.get(name).and_then(Value::as_str);
        match text("request_id").and_then(|id| id.parse().ok()) {
            Some(PROBE) => self.client.attach(self.wire.clone()),
            Some(id) => {
                let status = response.get("status_code").and_then(Value::as_u64);
                let status = status.and_then(|status| u16::try_from(status).ok());
                if let Some((waiting, status)) = self.unanswered.remove(&id).zip(status) {
                    let body = text("message_body").unwrap_or_default().to_owned();
                    let _ = waiting.send(Answer { status, body });
                }
            }
            None => {}
        }
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.client.detach(&self.wire);
    }
}

const PING: [(&str, &str); 2] = [("method", "GET"), ("uri", "asterisk/ping")];

fn message(id: u64, mut request: Json) -> Message {
    request.insert("type".to_owned(), "RESTRequest".into());
    request.insert("request_id".to_owned(), id.to_string().into());
    Message::text(Value::Object(request).to_string())
}
