//! A conversation as a play, printed while it goes on.

use std::fmt::Display;
use std::time::Duration;

use super::super::play::Happening;
use crate::caller::script::CallerAction;
use crate::clock::Clock;
use crate::report::{TimedEvent, waits};
use crate::terminal::Paint;

/// Who said what, and what became of it.
pub(super) struct Dialogue {
    paint: Paint,
}

impl Dialogue {
    pub(super) fn new(paint: Paint) -> Self {
        Self { paint }
    }

    /// The line that tells this, if any.
    pub(super) fn line(&self, happening: &Happening<'_>) -> Option<String> {
        match happening {
            Happening::Event(event) => self.event(event),
            Happening::Caller(now, action) => self.caller(*now, action),
        }
    }

    fn caller(&self, now: Duration, action: &CallerAction) -> Option<String> {
        let at = now.as_millis() as u64;
        Some(match action {
            CallerAction::Says(words) => self.says(at, "caller", "user.", words),
            CallerAction::HungUp => self.remark(at, "the caller hangs up"),
            CallerAction::GaveUp(what) => {
                self.remark(at, format_args!("the caller gives up {what}"))
            }
            CallerAction::Pressed(_) | CallerAction::Said(_) => return None,
        })
    }

    fn event(&self, event: &TimedEvent) -> Option<String> {
        let at = event.t_ms;
        let text = |name: &str| event.data[name].as_str().unwrap_or_default().trim();
        Some(match event.wire.as_str() {
            "agent.speech.started" => self.says(at, "agent", "agent.", text("text")),
            "user.transcript" => self.remark(at, format_args!("understood: “{}”", text("text"))),
            "barge_in" => self.remark(at, "the caller interrupts"),
            "agent.speech.ended" if event.data["interrupted"] == true => {
                self.remark(at, format_args!("the caller heard: “{}”", text("heard")))
            }
            "turn.measured" => {
                self.remark(at, &waits::of(std::slice::from_ref(event)).pop()?.words)
            }
            "error" => self.with(at, "error", "error", text("message")),
            _ => return None,
        })
    }

    fn says(&self, at_ms: u64, who: &str, family: &str, words: impl Display) -> String {
        self.with(at_ms, family, who, format_args!("{words}"))
    }

    fn with(&self, at_ms: u64, family: &str, who: &str, words: impl Display) -> String {
        let time = self.paint.soft(format_args!("{:>9}", Clock(at_ms)));
        // The width is filled before colouring: colour codes have none.
        let who = self.paint.event(family, format_args!("{who:<6}"));
        format!("{time}  {who}  {words}")
    }

    fn remark(&self, at_ms: u64, what: impl Display) -> String {
        let line = format!("{:>9}          {what}", Clock(at_ms));
        self.paint.soft(line)
    }
}
