//! All events of one session, and what must be true of every session.

use std::sync::Arc;

use serde_json::Value;
use voxtra_rt::session::Event;

/// All events of one session, in order.
#[derive(Debug)]
pub struct Story {
    /// The events.
    pub events: Vec<Arc<Event>>,
}

impl Story {
    /// The story of a session that is over. Checks what must be true of every one.
    pub fn of(events: Vec<Arc<Event>>) -> Self {
        let story = Self { events };
        let wires = story.wires();
        let text = story.text();
        let numbers: Vec<u64> = story.events.iter().map(|event| event.seq).collect();
        assert_eq!(
            numbers,
            (0..wires.len() as u64).collect::<Vec<_>>(),
            "{text}"
        );
        assert_eq!(wires[..2], ["session.created", "call.started"], "{text}");
        assert_eq!(wires.last(), Some(&"session.destroyed"), "{text}");
        assert_eq!(story.count("session.created"), 1, "{text}");
        assert_eq!(story.count("session.destroyed"), 1, "{text}");
        assert_eq!(
            story.count("call.ended") + story.count("call.failed"),
            1,
            "{text}"
        );
        assert!(story.count("call.answered") <= 1, "{text}");
        for (start, end) in [
            ("media.started", "media.stopped"),
            ("user.speech.started", "user.speech.ended"),
            ("agent.speech.started", "agent.speech.ended"),
        ] {
            assert_eq!(
                story.count(start),
                story.count(end),
                "{start} and {end}: {text}"
            );
        }
        story
    }

    /// The wire names.
    pub fn wires(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.wire()).collect()
    }

    /// How many events have this wire name.
    pub fn count(&self, wire: &str) -> usize {
        self.all(wire).len()
    }

    /// Where the only event of this wire name is in the order.
    pub fn position(&self, wire: &str) -> usize {
        assert_eq!(self.count(wire), 1, "{wire}: {}", self.text());
        self.events
            .iter()
            .position(|event| event.wire() == wire)
            .unwrap()
    }

    /// The data of every event of this wire name.
    pub fn all(&self, wire: &str) -> Vec<Value> {
        self.events
            .iter()
            .filter(|event| event.wire() == wire)
            .map(|event| serde_json::from_str(data(&event.to_json())).unwrap())
            .collect()
    }

    /// The data of the only event of this wire name.
    pub fn the(&self, wire: &str) -> Value {
        self.position(wire);
        self.all(wire).remove(0)
    }

    /// Each event as its wire name and the exact JSON of its data, but for measured times, which
    /// become `#`.
    pub fn lines(&self) -> Vec<String> {
        self.events
            .iter()
            .map(|event| format!("{} {}", event.wire(), masked(data(&event.to_json()))))
            .collect()
    }

    /// As [`lines`](Self::lines), without those of one wire name: for what may come at any place in
    /// the order.
    pub fn lines_without(&self, wire: &str) -> Vec<String> {
        let other = format!("{wire} ");
        let mut lines = self.lines();
        lines.retain(|line| !line.starts_with(&other));
        lines
    }

    /// The digits that were keyed in.
    pub fn digits(&self) -> String {
        self.all("dtmf.received")
            .iter()
            .map(|data| data["digit"].as_str().unwrap().to_owned())
            .collect()
    }

    /// For people.
    pub fn text(&self) -> String {
        text(&self.events)
    }
}

/// Events for people, with the milliseconds since the first.
pub fn text(events: &[Arc<Event>]) -> String {
    let mut text = String::from("\n");
    for event in events {
        let ms = (event.timestamp - events[0].timestamp)
            .total(jiff::Unit::Millisecond)
            .unwrap();
        text += &format!("{ms:7.0} {} {}\n", event.wire(), data(&event.to_json()));
    }
    text
}

/// The data of an event's JSON, after checking that everything around it is exactly the contract's
/// shape.
pub fn data(json: &str) -> &str {
    let rest = json.strip_prefix(r#"{"id":""#).expect(json);
    let (id, rest) = rest.split_at(32);
    assert!(
        id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')),
        "{json}"
    );
    let rest = rest.strip_prefix(r#"","type":""#).expect(json);
    let (_, rest) = rest.split_once(r#"","session_id":""#).expect(json);
    let (_, rest) = rest.split_once(r#"","timestamp":""#).expect(json);
    let (timestamp, rest) = rest.split_at("2026-05-04T08:31:21.512Z".len());
    assert!(
        timestamp.ends_with('Z') && timestamp.as_bytes()[19] == b'.',
        "{json}"
    );
    timestamp.parse::<jiff::Timestamp>().expect(json);
    let data = rest.strip_prefix(r#"","data":"#).expect(json);
    data.strip_suffix('}').expect(json)
}

/// Measured times as `#`.
fn masked(data: &str) -> String {
    let mut out = String::new();
    let mut rest = data;
    let next = |rest: &str| {
        let starts = ["duration_", "answered_", "heard_", "silence_"].map(|name| rest.find(name));
        starts.into_iter().flatten().min()
    };
    while let Some(at) = next(rest) {
        let (before, field) = rest.split_at(at);
        let colon = field.find(':').unwrap() + 1;
        out += before;
        out += &field[..colon];
        out.push('#');
        let number = &field[colon..];
        rest = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    }
    out + rest
}
