//! `call.started` as the contract's JSON, into a buffer that is used again.

use std::hint::black_box;
use std::io::Write as _;

use voxtra::prelude::*;

use super::event;

/// An event, and a buffer that has room for it.
pub struct Json {
    event: Event,
    buffer: Vec<u8>,
}

impl Json {
    /// Both ways have written the same.
    pub fn verified() -> Box<Self> {
        let started = CallStarted::new(
            "+265888111111".into(),
            "+265999000001".into(),
            CallStartedDirection::Inbound,
        );
        let mut json = Box::new(Self {
            event: event(started),
            buffer: Vec::with_capacity(1_024),
        });
        json.generated();
        let expected = r#"{"id":"8a91c0d2f4e64b0f9d5f6a7b8c9d0e1f","type":"call.started","session_id":"1762155.12","timestamp":"2026-05-04T08:31:21.512Z","data":{"caller_id":"+265888111111","called_number":"+265999000001","direction":"inbound"}}"#;
        assert_eq!(std::str::from_utf8(&json.buffer).unwrap(), expected);
        json.by_hand();
        assert_eq!(std::str::from_utf8(&json.buffer).unwrap(), expected);
        json
    }

    /// What `voxtra!` and serde made.
    #[inline(never)]
    pub fn generated(&mut self) {
        self.buffer.clear();
        black_box(&self.event).write_json(&mut self.buffer);
        black_box(&self.buffer);
    }

    /// With `write!`, which even leaves out the escaping of what is in the strings.
    #[inline(never)]
    pub fn by_hand(&mut self) {
        self.buffer.clear();
        let event = black_box(&self.event);
        let EventBody::BuiltIn(BuiltIn::CallStarted(data)) = &event.body else {
            unreachable!("it was made with one")
        };
        write!(
            self.buffer,
            r#"{{"id":"{}","type":"{}","session_id":"{}","timestamp":"{:.3}","data":{{"caller_id":"{}","called_number":"{}","direction":"{}"}}}}"#,
            event.id.simple(),
            CallStarted::WIRE,
            event.session_id,
            event.timestamp,
            data.caller_id,
            data.called_number,
            data.direction,
        )
        .unwrap();
        black_box(&self.buffer);
    }
}
