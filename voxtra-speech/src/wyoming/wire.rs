//! Events over TCP: a line of JSON, more JSON, and bytes. Read on 2026-11-29:
//! <https://github.com/OHF-Voice/wyoming/blob/main/README.md#format>.

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::provider::quoted;
use super::super::{ProviderError, ProviderErrorKind, Timeouts};

/// The provider's name in errors.
pub(super) const PROVIDER: &str = "wyoming";
/// Most bytes of an event's first line.
const MAX_LINE: usize = 64 << 10;
/// Most bytes of its data, and of its payload.
const MAX_PART: usize = 4 << 20;
/// Bytes read at a time.
const BLOCK: usize = 16 << 10;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) kind: String,
    pub(super) data: Value,
    pub(super) payload: Vec<u8>,
}

impl Event {
    pub(super) fn new(kind: &str, data: Value) -> Self {
        Self {
            kind: kind.to_owned(),
            data,
            payload: Vec::new(),
        }
    }

    /// An `audio-chunk` of mono 16-bit samples.
    pub(super) fn audio(rate_hz: u32, payload: Vec<u8>) -> Self {
        Self {
            payload,
            ..Self::new("audio-chunk", audio_format(rate_hz))
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut header = json!({ "type": self.kind, "data": self.data });
        if !self.payload.is_empty()
            && let Some(header) = header.as_object_mut()
        {
            header.insert("payload_length".to_owned(), self.payload.len().into());
        }
        let mut bytes = header.to_string().into_bytes();
        bytes.push(b'\n');
        bytes.extend(self.payload);
        bytes
    }
}

/// Mono 16-bit samples, as events describe them.
pub(super) fn audio_format(rate_hz: u32) -> Value {
    json!({ "rate": rate_hz, "width": 2, "channels": 1 })
}

/// A connection. Dropping it closes it.
pub(super) struct Wire {
    stream: TcpStream,
    received: Received,
    timeouts: Timeouts,
}

impl Wire {
    /// Connects to `address`, such as `127.0.0.1:10300`.
    pub(super) async fn connect(address: &str, timeouts: Timeouts) -> Result<Self, ProviderError> {
        let stream = match timeout(timeouts.connect, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(unavailable(&format!("{address} is not reached: {error}")));
            }
            Err(_) => {
                let message = format!(
                    "{address} took no connection within {} s",
                    timeouts.connect.as_secs_f64()
                );
                return Err(failed(ProviderErrorKind::Timeout, &message));
            }
        };
        // Without it, small events would wait for one another.
        let _ = stream.set_nodelay(true);
        Ok(Self {
            stream,
            received: Received::default(),
            timeouts,
        })
    }

    /// Sends what [`Event::into_bytes`] made.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), ProviderError> {
        match timeout(self.timeouts.idle, self.stream.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(unavailable(&format!("the connection broke: {error}"))),
            Err(_) => {
                let message = format!(
                    "it read nothing within {} s",
                    self.timeouts.idle.as_secs_f64()
                );
                Err(failed(ProviderErrorKind::Timeout, &message))
            }
        }
    }

    /// Waits for the next event, without a limit; `None` at the connection's end. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, ProviderError> {
        loop {
            if let Some(event) = self.received.next()? {
                return Ok(Some(event));
            }
            self.received.bytes.reserve(BLOCK);
            match self.stream.read_buf(&mut self.received.bytes).await {
                Ok(0) if self.received.bytes.is_empty() => return Ok(None),
                Ok(0) => return Err(unavailable("the connection ended within an event")),
                Ok(_) => {}
                Err(error) => return Err(unavailable(&format!("the connection broke: {error}"))),
            }
        }
    }
}

/// Bytes as events, however they are cut.
#[derive(Default)]
struct Received {
    bytes: Vec<u8>,
    /// Bytes of them in which there is no line end.
    searched: usize,
}

impl Received {
    fn next(&mut self) -> Result<Option<Event>, ProviderError> {
        let unsearched = self.bytes.get(self.searched..).unwrap_or_default();
        let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            if self.bytes.len() > MAX_LINE {
                return Err(nonsense("an event begins with a line of more than 64 KiB"));
            }
            return Ok(None);
        };
        let end = self.searched.saturating_add(end);
        let line = self.bytes.get(..end).unwrap_or_default();
        let header: Map<String, Value> = serde_json::from_slice(line)
            .map_err(|error| nonsense(&format!("an event is no JSON: {error}")))?;
        let data_length = length(&header, "data_length")?;
        let payload_length = length(&header, "payload_length")?;
        let data_start = end.saturating_add(1);
        let data_end = data_start.saturating_add(data_length);
        let payload_end = data_end.saturating_add(payload_length);
        let (Some(more), Some(payload)) = (
            self.bytes.get(data_start..data_end),
            self.bytes.get(data_end..payload_end),
        ) else {
            self.searched = end;
            return Ok(None);
        };
        let mut data = match header.get("data") {
            Some(Value::Object(data)) => data.clone(),
            _ => Map::new(),
        };
        if !more.is_empty() {
            let more: Map<String, Value> = serde_json::from_slice(more)
                .map_err(|error| nonsense(&format!("an event's data is no JSON: {error}")))?;
            data.extend(more);
        }
        let kind = header
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let event = Event {
            kind: kind.to_owned(),
            data: Value::Object(data),
            payload: payload.to_vec(),
        };
        self.bytes.drain(..payload_end);
        self.searched = 0;
        Ok(Some(event))
    }
}

fn length(header: &Map<String, Value>, name: &str) -> Result<usize, ProviderError> {
    let Some(length) = header.get(name).filter(|length| !length.is_null()) else {
        return Ok(0);
    };
    length
        .as_u64()
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length <= MAX_PART)
        .ok_or_else(|| nonsense(&format!("an event's {name} is {length}")))
}

/// An error of the server, whose words may be any.
pub(super) fn failed(kind: ProviderErrorKind, message: &str) -> ProviderError {
    ProviderError::new(PROVIDER, kind, quoted(message, []))
}

fn unavailable(message: &str) -> ProviderError {
    failed(ProviderErrorKind::Unavailable, message)
}

fn nonsense(message: &str) -> ProviderError {
    failed(ProviderErrorKind::Protocol, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], cut: usize) -> Result<Vec<Event>, ProviderError> {
        let mut received = Received::default();
        let mut events = Vec::new();
        for piece in bytes.chunks(cut) {
            received.bytes.extend_from_slice(piece);
            while let Some(event) = received.next()? {
                events.push(event);
            }
        }
        Ok(events)
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        let mut bytes = Event::audio(8_000, vec![1, 2, b'\n', 4]).into_bytes();
        bytes.extend(b"{\"type\":\"transcript\",\"data\":{\"a\":1},\"data_length\":13}\n");
        bytes.extend("{\"text\":\"ü\"}".as_bytes());
        let expected = [
            Event::audio(8_000, vec![1, 2, b'\n', 4]),
            Event::new("transcript", json!({ "a": 1, "text": "ü" })),
        ];
        for cut in 1..=bytes.len() {
            assert_eq!(read(&bytes, cut).unwrap(), expected, "{cut}");
        }
    }

    #[test]
    fn what_would_be_too_long_is_refused_at_once() {
        for line in [
            "{\"type\":\"x\",\"payload_length\":99999999999}\n",
            "{\"type\":\"x\",\"data_length\":-1}\n",
            "[]\n",
        ] {
            let error = read(line.as_bytes(), 7).unwrap_err();
            assert_eq!(error.kind, ProviderErrorKind::Protocol, "{line}");
        }
        assert!(read(&[b'x'; MAX_LINE + 100], 1_000).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 1..9_usize) {
            let _ = read(&bytes, cut);
        }

        #[test]
        fn every_event_is_read_as_it_was_written(
            kind in "[a-z-]{1,12}", text in ".{0,20}", payload in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            let event = Event { payload, ..Event::new(&kind, json!({ "text": text })) };
            prop_assert_eq!(read(&event.clone().into_bytes(), 3).unwrap(), [event]);
        }
    }
}
