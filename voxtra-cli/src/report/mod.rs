//! A call as one self-contained web page: both waveforms, the speech segments and the events on one
//! time axis.
//!
//! The drawing is made here as SVG, so that the page shows it without any script; the script only
//! adds what a still picture can't have: the playhead, and highlighting between the picture and the
//! table.

mod drawing;
mod lanes;
pub(crate) mod waits;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::Value;
use voxtra_rt::session::Event;

use super::clock::Clock;
use super::event_words;
use super::markup::escape;
use drawing::{Drawing, MARGIN};

/// What the page shows. Times are milliseconds on the axis of the recordings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// The heading, plain text.
    pub(crate) title: String,
    /// One sentence below the heading, plain text.
    pub(crate) subtitle: String,
    /// Samples per second of both recordings.
    pub(crate) sample_rate: u32,
    /// What the caller said.
    pub(crate) caller: Vec<i16>,
    /// What the agent said.
    pub(crate) agent: Vec<i16>,
    /// Who spoke when.
    pub(crate) segments: Vec<Segment>,
    /// When the agent was held back, to see whether the caller interrupts: from and to, in
    /// milliseconds.
    pub(crate) held: Vec<(u64, u64)>,
    /// The session's events, in order.
    pub(crate) events: Vec<TimedEvent>,
    /// Labels and values of the figures.
    pub(crate) figures: Vec<(String, String)>,
    /// The call as a WAV file, for the page's player.
    pub(crate) wav: Vec<u8>,
}

/// One event at a time of the call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TimedEvent {
    /// Milliseconds since the call's start.
    pub(crate) t_ms: u64,
    /// The wire name, `user.speech.started`.
    pub(crate) wire: String,
    /// The event's `data`.
    pub(crate) data: Value,
}

impl TimedEvent {
    /// An event, at its time since `start`; one from before that is at its very beginning.
    pub(crate) fn of(event: &Event, start: Timestamp) -> Self {
        let since = event.timestamp.duration_since(start).as_millis();
        let json = serde_json::from_str::<Value>(&event.to_json()).unwrap_or_default();
        Self {
            t_ms: u64::try_from(since).unwrap_or(0),
            wire: event.wire().to_owned(),
            data: json.get("data").cloned().unwrap_or_default(),
        }
    }
}

/// A stretch of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Whose speech it is.
    pub(crate) who: Side,
    /// Its first millisecond.
    pub(crate) start_ms: u64,
    /// The first millisecond after it.
    pub(crate) end_ms: u64,
}

/// The two sides of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who called.
    Caller,
    /// Who answers.
    Agent,
}

const PAGE: &str = include_str!("page.html");

impl Report {
    /// Renders the page.
    pub(crate) fn render(&self) -> String {
        let drawing = Drawing::new(self);
        fill(PAGE, |name, out| match name {
            "title" => out.push_str(&escape(&self.title)),
            "subtitle" => out.push_str(&escape(&self.subtitle)),
            "figures" => self.figures_into(out),
            "picture" => drawing.draw(out),
            "table" => self.table_into(out),
            "audio" => out.push_str(&BASE64.encode(&self.wav)),
            "data" => out.push_str(&json_in_html(&serde_json::json!({
                "seconds": drawing.seconds,
                "margin": MARGIN,
                "width": drawing.width,
                "times": self.events.iter().map(|e| e.t_ms).collect::<Vec<_>>(),
            }))),
            _ => {}
        })
    }

    fn figures_into(&self, out: &mut String) {
        for (label, value) in &self.figures {
            let _ = write!(
                out,
                "<div><dt>{}</dt><dd>{}</dd></div>",
                escape(label),
                escape(value)
            );
        }
    }

    fn table_into(&self, out: &mut String) {
        for (i, e) in self.events.iter().enumerate() {
            let time = Clock(e.t_ms);
            let _ = write!(
                out,
                "<tr data-i=\"{i}\" class=\"{}\"><td class=\"t\"><button type=\"button\" aria-label=\"Play from {time}\">{time}</button></td>\
                 <th scope=\"row\">{}</th><td>{}</td></tr>",
                family(&e.wire),
                escape(&e.wire),
                escape(&event_words::of(&e.data)),
            );
        }
    }
}

/// The colour family of an event, as a CSS class.
fn family(wire: &str) -> &'static str {
    match wire {
        w if w.starts_with("user.") => "f-user",
        w if w.starts_with("agent.") => "f-agent",
        "barge_in" | "error" | "call.failed" => "f-alert",
        "dtmf.received" => "f-dtmf",
        "turn.ended" | "turn.measured" | "silence.detected" => "f-turn",
        w if w.starts_with("call.")
            || w.starts_with("session.")
            || w.starts_with("media.")
            || w.starts_with("audio.") =>
        {
            "f-call"
        }
        _ => "f-own",
    }
}

/// Replaces every `{{name}}` of the template.
fn fill(template: &str, mut value: impl FnMut(&str, &mut String)) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        value(name, &mut out);
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// JSON for a `<script type="application/json">`: nothing in it can end the element or open a
/// comment.
fn json_in_html(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(events: Vec<TimedEvent>) -> Report {
        Report {
            title: "A <call> & more".into(),
            sample_rate: 8000,
            caller: vec![1000; 8000],
            agent: vec![-1000; 4000],
            segments: vec![Segment {
                who: Side::Caller,
                start_ms: 100,
                end_ms: 600,
            }],
            held: vec![(200, 400)],
            events,
            figures: vec![("p99 <µs>".into(), "1 & 2".into())],
            wav: b"RIFF".to_vec(),
            ..Report::default()
        }
    }

    #[test]
    fn what_comes_from_a_call_cannot_become_markup() {
        let evil = "</script><script>alert(1)</script>";
        let page = report(vec![TimedEvent {
            t_ms: 10,
            wire: evil.into(),
            data: json!({ "text": evil, evil: 1 }),
        }])
        .render();
        assert!(!page.contains("<script>alert"));
        assert!(page.contains("A &lt;call&gt; &amp; more"));
        assert!(page.contains("p99 &lt;µs&gt;"));
        assert_eq!(json_in_html(&json!({ "a": evil })).matches('<').count(), 0);
        assert_eq!(
            serde_json::from_str::<Value>(&json_in_html(&json!({ "a": evil }))).unwrap(),
            json!({ "a": evil })
        );
    }

    #[test]
    fn the_page_is_whole_and_refers_to_nothing_outside() {
        let page = report(vec![TimedEvent {
            t_ms: 500,
            wire: "turn.ended".into(),
            data: json!({ "duration_ms": 3 }),
        }])
        .render();
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        assert!(!page.contains("{{"));
        for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("data:audio/wav;base64,UklGRg=="));
        assert!(page.contains("Agent held"), "{page}");
        assert_eq!(
            page.matches("data-i=\"0\"").count(),
            3,
            "a line, a label and a row"
        );
    }

    #[test]
    fn an_empty_call_still_makes_a_page() {
        let page = Report::default().render();
        assert!(page.contains("<svg"));
    }

    #[test]
    fn a_template_keeps_braces_that_are_not_names() {
        assert_eq!(
            fill("a{b}{{x}}c{{", |n, o| o.push_str(&n.to_uppercase())),
            "a{b}Xc"
        );
    }
}
