//! The live timeline: one aligned line an event.

use super::clock::Clock;
use super::event_words;
use super::report::TimedEvent;
use super::terminal::Paint;

/// Wide enough for the longest built-in wire name, `user.transcript.partial`.
const WIRE_WIDTH: usize = 23;

/// `   0:03.42  user.speech.ended        duration 1.82 s`
pub(crate) fn line(event: &TimedEvent, paint: Paint) -> String {
    let time = paint.soft(format_args!("{:>9}", Clock(event.t_ms)));
    let words = event_words::brief(&event.data);
    if words.is_empty() {
        return format!("{time}  {}", paint.event(&event.wire, &event.wire));
    }
    // The width is filled before colouring: colour codes have none.
    format!(
        "{time}  {}  {words}",
        paint.event(&event.wire, format_args!("{:WIRE_WIDTH$}", event.wire))
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(wire: &str, data: serde_json::Value) -> TimedEvent {
        TimedEvent {
            t_ms: 3_420,
            wire: wire.into(),
            data,
        }
    }

    #[test]
    fn columns_line_up() {
        let a = line(&event("barge_in", json!({ "digit": "4" })), Paint::PLAIN);
        let b = line(
            &event("user.transcript.partial", json!({ "digit": "4" })),
            Paint::PLAIN,
        );
        assert_eq!(a, "  0:03.42  barge_in                 4");
        assert_eq!(b, "  0:03.42  user.transcript.partial  4");
    }

    #[test]
    fn a_bare_event_has_no_trailing_space() {
        assert_eq!(
            line(&event("barge_in", json!({})), Paint::PLAIN),
            "  0:03.42  barge_in"
        );
    }

    #[test]
    fn colour_does_not_move_columns() {
        let e = event("turn.ended", json!({ "duration_ms": 1000 }));
        let coloured = line(&e, Paint::COLOURED);
        assert!(coloured.contains("\x1b[32m"));
        let mut plain = String::new();
        let mut parts = coloured.split('\x1b');
        plain.push_str(parts.next().unwrap());
        for part in parts {
            plain.push_str(part.split_once('m').unwrap().1);
        }
        assert_eq!(plain, line(&e, Paint::PLAIN));
    }
}
