//! One event of a session: what happened, when, and its place in the order.

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;
use voxtra_core::event::{BuiltIn, EventKind, EventType};

/// One event. As JSON it has exactly the contract's shape: `id`, `type`, `session_id`, `timestamp`,
/// `data`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// A random id, the same wherever this event is seen. 32 lower-case hex digits as JSON.
    pub id: Uuid,
    /// Its place in the session's order, from 0. Not part of the JSON.
    pub seq: u64,
    /// The session it belongs to.
    pub session_id: Arc<str>,
    /// When it happened (not when it was delivered). UTC, milliseconds as JSON.
    pub timestamp: jiff::Timestamp,
    /// What happened.
    pub body: EventBody,
}

/// What happened: one of the built-in catalogue, or an event declared by the application.
#[derive(Clone, Debug, PartialEq)]
pub enum EventBody {
    /// One of the 25 built-in events.
    BuiltIn(BuiltIn),
    /// An event declared with `voxtra! { events { … } }`.
    User(UserEvent),
}

impl<T: Into<BuiltIn>> From<T> for EventBody {
    fn from(event: T) -> Self {
        Self::BuiltIn(event.into())
    }
}

impl EventBody {
    /// The wire name, such as `call.started`.
    pub fn wire(&self) -> &str {
        match self {
            Self::BuiltIn(event) => event.kind().wire(),
            Self::User(event) => event.wire(),
        }
    }

    /// Which built-in event it is, if it is one.
    pub fn kind(&self) -> Option<EventKind> {
        match self {
            Self::BuiltIn(event) => Some(event.kind()),
            Self::User(_) => None,
        }
    }
}

impl Event {
    /// The wire name, such as `call.started`.
    pub fn wire(&self) -> &str {
        self.body.wire()
    }

    /// The wire name, for users that outlive the event.
    #[cfg(feature = "webhooks")]
    pub(crate) fn wire_name(&self) -> Cow<'static, str> {
        match &self.body {
            EventBody::BuiltIn(event) => Cow::Borrowed(event.kind().wire()),
            EventBody::User(event) => event.wire.clone(),
        }
    }

    /// Which built-in event it is, if it is one.
    pub fn kind(&self) -> Option<EventKind> {
        self.body.kind()
    }

    /// The event as the contract's JSON.
    pub fn to_json(&self) -> String {
        let mut buffer = Vec::with_capacity(256);
        self.write_json(&mut buffer);
        // It is UTF-8, as all JSON is.
        String::from_utf8(buffer).unwrap_or_default()
    }

    /// Appends the contract's JSON to `buffer`. Allocates only what the buffer must grow by: a
    /// buffer that is cleared and reused allocates nothing.
    pub fn write_json(&self, buffer: &mut Vec<u8>) {
        let mut id = Uuid::encode_buffer();
        buffer.extend_from_slice(br#"{"id":""#);
        buffer.extend_from_slice(self.id.simple().encode_lower(&mut id).as_bytes());
        buffer.extend_from_slice(br#"","type":"#);
        write_value(buffer, self.wire());
        buffer.extend_from_slice(br#","session_id":"#);
        write_value(buffer, &*self.session_id);
        // Writing to memory does not fail.
        let _ = write!(buffer, r#","timestamp":"{:.3}","data":"#, self.timestamp);
        match &self.body {
            EventBody::BuiltIn(event) => write_value(buffer, event),
            EventBody::User(event) => event.value.write(buffer),
        }
        buffer.push(b'}');
    }

    /// Reads the contract's JSON. An event that is not built in keeps its data as JSON. `seq` is 0.
    ///
    /// # Errors
    /// The JSON has another shape, or the data does not fit the event's type.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            id: Uuid,
            r#type: Cow<'a, str>,
            session_id: Arc<str>,
            timestamp: jiff::Timestamp,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        let wire: Wire<'_> = serde_json::from_str(json)?;
        let body = match EventKind::from_wire(&wire.r#type) {
            Some(kind) => {
                let mut data = serde_json::Deserializer::from_str(wire.data.get());
                let event = BuiltIn::deserialize_data(kind, &mut data)?;
                // A number too large for its type would be infinite, which JSON cannot express.
                if let BuiltIn::UserTranscript(transcript) = &event
                    && !transcript.confidence.is_finite()
                {
                    return Err(serde::de::Error::custom("confidence is out of range"));
                }
                EventBody::BuiltIn(event)
            }
            None => EventBody::User(UserEvent::from_json(&wire.r#type, wire.data.to_owned())),
        };
        Ok(Self {
            id: wire.id,
            seq: 0,
            session_id: wire.session_id,
            timestamp: wire.timestamp,
            body,
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.body {
            EventBody::BuiltIn(event) => event.fmt(f),
            EventBody::User(event) => event.fmt(f),
        }
    }
}

/// A value that serde can't write becomes `null`: an application's own type may have such a value,
/// and the event is published all the same.
fn write_value(buffer: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let before = buffer.len();
    if let Err(error) = serde_json::to_writer(&mut *buffer, value) {
        tracing::error!(%error, "an event's data has no form in JSON");
        buffer.truncate(before);
        buffer.extend_from_slice(b"null");
    }
}

/// An event declared by the application. It goes wherever built-in events do.
#[derive(Clone)]
pub struct UserEvent {
    tag: u64,
    wire: Cow<'static, str>,
    value: Arc<dyn Payload>,
}

impl UserEvent {
    /// Wraps an event.
    pub fn new<T: EventType>(event: T) -> Self {
        Self {
            tag: T::TAG,
            wire: Cow::Borrowed(T::WIRE),
            value: Arc::new(event),
        }
    }

    fn from_json(wire: &str, data: Box<RawValue>) -> Self {
        let tag = voxtra_core::event::tag_of(wire);
        // An event is one line. Within strings line ends are escaped, so raw line ends mean
        // nothing.
        let line = data.get().replace(['\n', '\r'], " ");
        let data = RawValue::from_string(line).unwrap_or(data);
        Self {
            tag,
            wire: Cow::Owned(wire.to_owned()),
            value: Arc::new(Json {
                data,
                read: OnceLock::new(),
            }),
        }
    }

    /// The wire name, such as `payment.confirmed`.
    pub fn wire(&self) -> &str {
        &self.wire
    }

    /// A number for the wire name, so that finding a handler compares no strings.
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// The event, if it is a `T`. An event that came as JSON is read as a `T` at the first call.
    pub fn downcast_ref<T: EventType>(&self) -> Option<&T> {
        let value = self.value.as_any();
        match value.downcast_ref::<Json>() {
            Some(json) if self.wire == T::WIRE => json.read(),
            _ => value.downcast_ref(),
        }
    }

    fn data(&self) -> Vec<u8> {
        let mut data = Vec::new();
        self.value.write(&mut data);
        data
    }
}

impl fmt::Debug for UserEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserEvent")
            .field("wire", &self.wire)
            .field("value", &self.value)
            .finish()
    }
}

impl fmt::Display for UserEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.line(&self.wire, f)
    }
}

impl PartialEq for UserEvent {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire && self.data() == other.data()
    }
}

/// An event whose type is forgotten.
trait Payload: fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;

    /// Appends its data as JSON.
    fn write(&self, buffer: &mut Vec<u8>);

    /// Its line in a log.
    fn line(&self, wire: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: EventType> Payload for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn write(&self, buffer: &mut Vec<u8>) {
        write_value(buffer, self);
    }

    fn line(&self, _wire: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The data of an event that came as JSON.
#[derive(Debug)]
struct Json {
    data: Box<RawValue>,
    /// The event as this program's type, if the JSON can be read as that.
    read: OnceLock<Option<Box<dyn Any + Send + Sync>>>,
}

impl Json {
    fn read<T: EventType>(&self) -> Option<&T> {
        let read = || {
            let event: Option<T> = serde_json::from_str(self.data.get()).ok();
            event.map(|event| Box::new(event) as _)
        };
        self.read.get_or_init(read).as_ref()?.downcast_ref()
    }
}

impl Payload for Json {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn write(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(self.data.get().as_bytes());
    }

    fn line(&self, wire: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{wire} {}", self.data.get())
    }
}
