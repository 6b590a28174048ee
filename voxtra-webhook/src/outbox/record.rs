//! How an event stands in the file.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::super::OutgoingEvent;
use super::StoredEvent;

/// The event, and the endpoints that it was accepted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) event: StoredEvent,
    pub(super) endpoints: Vec<u32>,
}

/// What a dead letter has beside its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Epitaph {
    pub(super) lifecycle: bool,
    pub(super) at: i64,
    pub(super) attempts: u32,
    pub(super) reason: String,
}

const LIFECYCLE: u8 = 1;
const NUMBERED: u8 = 2;

/// Writes a record. Its number is the key that it is stored under, and not repeated.
///
/// All numbers are little-endian: flags (1 byte), the time of acceptance (8), the event's number in
/// its session (8), the endpoints (their count 2, each 4), three texts (length 4, UTF-8), the body.
pub(super) fn encode(event: &StoredEvent, endpoints: &[u32]) -> Vec<u8> {
    let outgoing = &event.event;
    let mut bytes = Vec::with_capacity(128 + outgoing.body.len());
    let mut flags = 0;
    if event.lifecycle {
        flags |= LIFECYCLE;
    }
    if outgoing.sequence.is_some() {
        flags |= NUMBERED;
    }
    bytes.push(flags);
    bytes.extend(event.accepted.to_le_bytes());
    bytes.extend(outgoing.sequence.unwrap_or_default().to_le_bytes());
    bytes.extend(
        u16::try_from(endpoints.len())
            .unwrap_or(u16::MAX)
            .to_le_bytes(),
    );
    for endpoint in endpoints.iter().take(usize::from(u16::MAX)) {
        bytes.extend(endpoint.to_le_bytes());
    }
    for text in [&*outgoing.wire, &outgoing.id, &outgoing.session_id] {
        put_text(&mut bytes, text);
    }
    bytes.extend_from_slice(&outgoing.body);
    bytes
}

/// Reads what [`encode`] wrote; nothing if it is not that.
pub(super) fn decode(seq: u64, mut bytes: &[u8]) -> Option<Record> {
    let [flags] = take(&mut bytes)?;
    let accepted = i64::from_le_bytes(take(&mut bytes)?);
    let sequence = u64::from_le_bytes(take(&mut bytes)?);
    let count = u16::from_le_bytes(take(&mut bytes)?);
    let mut endpoints = Vec::new();
    for _ in 0..count {
        endpoints.push(u32::from_le_bytes(take(&mut bytes)?));
    }
    let wire = text(&mut bytes)?;
    let id = text(&mut bytes)?;
    let session = text(&mut bytes)?;
    Some(Record {
        event: StoredEvent {
            seq,
            accepted,
            lifecycle: flags & LIFECYCLE != 0,
            event: OutgoingEvent {
                wire: Cow::Owned(wire.to_owned()),
                id: id.to_owned(),
                session_id: Arc::from(session),
                sequence: (flags & NUMBERED != 0).then_some(sequence),
                body: Bytes::copy_from_slice(bytes),
            },
        },
        endpoints,
    })
}

/// When the event of a record was accepted.
pub(super) fn accepted(mut bytes: &[u8]) -> Option<i64> {
    let [_flags] = take(&mut bytes)?;
    Some(i64::from_le_bytes(take(&mut bytes)?))
}

/// The record of an event that was accepted at `at`, and is otherwise the same.
pub(super) fn dated(record: &[u8], at: i64) -> Vec<u8> {
    let mut record = record.to_vec();
    if let Some(accepted) = record.get_mut(1..9) {
        accepted.copy_from_slice(&at.to_le_bytes());
    }
    record
}

impl Epitaph {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.lifecycle)];
        bytes.extend(self.at.to_le_bytes());
        bytes.extend(self.attempts.to_le_bytes());
        bytes.extend_from_slice(self.reason.as_bytes());
        bytes
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let [lifecycle] = take(&mut bytes)?;
        Some(Self {
            lifecycle: lifecycle != 0,
            at: i64::from_le_bytes(take(&mut bytes)?),
            attempts: u32::from_le_bytes(take(&mut bytes)?),
            reason: String::from_utf8_lossy(bytes).into_owned(),
        })
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(u32::from_le_bytes(take(bytes)?)).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written(
            seq: u64, accepted: i64, lifecycle: bool, sequence: Option<u64>, wire: String,
            id: String, session: String, body: Vec<u8>, endpoints in prop::collection::vec(any::<u32>(), 0..5),
        ) {
            let event = StoredEvent {
                seq,
                accepted,
                lifecycle,
                event: OutgoingEvent {
                    wire: wire.into(),
                    id,
                    session_id: session.into(),
                    sequence,
                    body: body.into(),
                },
            };
            let bytes = encode(&event, &endpoints);
            prop_assert_eq!(super::accepted(&bytes), Some(accepted));
            let later = super::dated(&bytes, 7);
            prop_assert_eq!(super::accepted(&later), Some(7));
            prop_assert_eq!(super::dated(&later, accepted), &*bytes);
            prop_assert_eq!(decode(seq, &bytes), Some(Record { event, endpoints }));
        }

        #[test]
        fn any_other_bytes_are_no_record_or_another_one(bytes: Vec<u8>) {
            let _ = decode(1, &bytes);
            let _ = accepted(&bytes);
            let _ = Epitaph::decode(&bytes);
        }

        #[test]
        fn an_epitaph_is_read_as_it_was_written(lifecycle: bool, at: i64, attempts: u32, reason: String) {
            let epitaph = Epitaph { lifecycle, at, attempts, reason };
            prop_assert_eq!(Epitaph::decode(&epitaph.encode()), Some(epitaph));
        }
    }
}
