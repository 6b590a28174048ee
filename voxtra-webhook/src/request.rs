//! What one request carries: one event, or several in a batch; as it is, or compressed.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::OutgoingEvent;

/// Several events of one endpoint in one request. Those of a session stay in order and side by
/// side.
///
/// ```
/// use voxtra_webhook::{BatchFormat, BatchSettings, WebhookSettings};
///
/// let mut hook = WebhookSettings::new("https://example.com/orders".parse()?);
/// hook.batch = Some(BatchSettings::new(BatchFormat::Ndjson));
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchSettings {
    /// How the events stand in the body. A single event stands in it in the same way.
    pub format: BatchFormat,
    /// Most events of one request, up to [`MOST`](Self::MOST). Default 100.
    pub max_events: usize,
    /// Most bytes of one request, before compression. An event that is larger goes alone. Default
    /// 512 KiB.
    pub max_bytes: usize,
    /// How long an event waits for others. A request that is full does not wait. Default 50 ms.
    pub wait: Duration,
}

/// How the events of a batch stand in its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchFormat {
    /// `application/x-ndjson`: each event on a line of its own, with `\n` behind it. A line break
    /// in an event becomes a space, which is the same to JSON.
    Ndjson,
    /// `application/json`: an array of the events.
    JsonArray,
}

/// How bodies are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// `Content-Encoding: gzip` (RFC 1952). A body that would not be shorter is sent as it is.
    /// `X-NAME-Signature` is over the bytes that are sent, so that a receiver can check it before
    /// it unpacks anything. `webhook-signature` is over what they unpack to, since libraries of
    /// Standard Webhooks check texts.
    Gzip,
}

impl BatchSettings {
    /// Most events of one request, whatever is set: their numbers stand in one header.
    pub const MOST: usize = 250;

    /// The defaults.
    #[must_use]
    pub fn new(format: BatchFormat) -> Self {
        Self {
            format,
            max_events: 100,
            max_bytes: 512 << 10,
            wait: Duration::from_millis(50),
        }
    }
}

impl BatchFormat {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::JsonArray => "application/json",
        }
    }

    /// The body with these events.
    pub(super) fn body(self, events: &[&OutgoingEvent]) -> Bytes {
        let bytes = events.iter().map(|event| taken(event)).sum::<usize>();
        let mut body = Vec::with_capacity(bytes.saturating_add(1));
        for (place, event) in events.iter().enumerate() {
            match self {
                Self::Ndjson => {
                    let one_line = event.body.iter().map(|byte| match byte {
                        b'\n' | b'\r' => b' ',
                        other => *other,
                    });
                    body.extend(one_line);
                    body.push(b'\n');
                }
                Self::JsonArray => {
                    body.push(if place == 0 { b'[' } else { b',' });
                    body.extend_from_slice(&event.body);
                }
            }
        }
        if self == Self::JsonArray {
            body.push(b']');
        }
        body.into()
    }
}

/// How many bytes of a batch an event takes.
pub(super) fn taken(event: &OutgoingEvent) -> usize {
    event.body.len().saturating_add(1)
}

/// The id of a batch: 32 lower-case hex digits of a hash of the ids of its events. A batch with the
/// same events in the same order has the same id, and one with others has another.
pub(super) fn batch_id(events: &[&OutgoingEvent]) -> String {
    let mut hash = Sha256::new();
    for event in events {
        hash.update(&event.id);
        hash.update(b"\n");
    }
    hex::encode(hash.finalize().split_at(16).0)
}

/// The numbers of events in their sessions, `-` for one that has none; nothing if none has one.
pub(super) fn sequences(events: &[&OutgoingEvent]) -> Option<String> {
    if events.iter().all(|event| event.sequence.is_none()) {
        return None;
    }
    let number = |event: &&OutgoingEvent| match event.sequence {
        Some(number) => number.to_string(),
        None => "-".to_owned(),
    };
    let numbers: Vec<_> = events.iter().map(number).collect();
    Some(numbers.join(", "))
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
        }
    }

    /// `body`, compressed, if it is shorter then.
    pub(super) async fn pack(self, body: &Bytes) -> Option<Bytes> {
        let packed = if body.len() > AT_ONCE {
            let body = body.clone();
            let packed = tokio::task::spawn_blocking(move || gzip(&body));
            packed.await.ok().flatten()
        } else {
            gzip(body)
        };
        packed.filter(|packed| packed.len() < body.len())
    }
}

/// Most bytes that are compressed without another thread.
const AT_ONCE: usize = 32 << 10;

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    fn event(id: &str, sequence: Option<u64>, body: &str) -> OutgoingEvent {
        OutgoingEvent {
            wire: "order.created".into(),
            id: id.to_owned(),
            session_id: "s".into(),
            sequence,
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn each_event_is_a_line_or_an_element() {
        let events = [
            event("1", None, "{\"n\":1}"),
            event("2", None, "{\r\n\"n\":2\n}"),
        ];
        let events: Vec<_> = events.iter().collect();
        let lines = BatchFormat::Ndjson.body(&events);
        assert_eq!(lines, "{\"n\":1}\n{  \"n\":2 }\n");
        let array = BatchFormat::JsonArray.body(&events);
        assert_eq!(array, "[{\"n\":1},{\r\n\"n\":2\n}]");
        assert_eq!(BatchFormat::JsonArray.body(&events[..1]), "[{\"n\":1}]");
        let bytes: usize = events.iter().map(|event| taken(event)).sum();
        assert_eq!((lines.len(), array.len()), (bytes, bytes + 1));
    }

    #[test]
    fn the_id_of_a_batch_belongs_to_its_events_in_their_order() {
        let [a, b, c] = ["a", "b", "bc"].map(|id| event(id, None, ""));
        let id = batch_id(&[&a, &b]);
        assert_eq!(id, batch_id(&[&a.clone(), &b.clone()]));
        assert!(id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()));
        for other in [&[&b, &a][..], &[&a], &[&a, &c], &[&event("ab", None, "")]] {
            assert_ne!(id, batch_id(other));
        }
    }

    #[test]
    fn numbers_stand_in_the_order_of_the_events() {
        let [a, b, c] = [Some(7), None, Some(0)].map(|sequence| event("", sequence, ""));
        assert_eq!(sequences(&[&a, &b, &c]).as_deref(), Some("7, -, 0"));
        assert_eq!(sequences(&[&b]), None);
    }

    proptest! {
        #[test]
        fn what_is_packed_is_shorter_and_unpacks_to_the_same(
            word in "[a-z]{1,8}", times in 0_usize..20_000,
        ) {
            let body = Bytes::from(word.repeat(times));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let Some(packed) = runtime.block_on(Compression::Gzip.pack(&body)) else {
                prop_assert!(body.len() < 64, "{} bytes are not shorter", body.len());
                return Ok(());
            };
            prop_assert!(packed.len() < body.len());
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
            prop_assert_eq!(unpacked, body);
        }
    }
}
