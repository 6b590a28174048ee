//! A reply while it is being received: text goes on at once, tool calls when they are complete.

use serde_json::Value;

use super::super::{ReplyPart, StopReason, ToolCall, Usage};
use super::conversation::new_id;

/// Most bytes of a reply, text and tool calls together: an hour of speech.
pub(crate) const MAX_REPLY: usize = 64 << 10;
/// What a tool call counts besides its text, so that empty ones come to an end as well.
const CALL_COUNTS: usize = 64;

/// A reply while it is being received.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Parts to hand on.
    pub(crate) ready: Vec<ReplyPart>,
    /// Bytes received: text, names and arguments.
    taken: usize,
    /// Tool calls, each with the key by which the provider tells them apart.
    calls: Vec<(u64, ToolCall)>,
    usage: Option<Usage>,
    stop: Option<StopReason>,
    ended: bool,
}

impl Draft {
    /// The next piece of the text.
    pub(crate) fn text(&mut self, text: &str) {
        if self.stop.is_some() || text.is_empty() {
            return;
        }
        let room = MAX_REPLY.saturating_sub(self.taken);
        let fits = text.floor_char_boundary(room);
        self.taken = self.taken.saturating_add(fits);
        let (text, rest) = text.split_at(fits);
        if !text.is_empty() {
            self.ready.push(ReplyPart::Text(text.to_owned()));
        }
        if !rest.is_empty() {
            self.too_long();
        }
    }

    /// A tool call begins. It gets an id where it has none, or that of another one.
    pub(crate) fn call(&mut self, key: u64, id: &str, name: &str) {
        if self.stop.is_some() || !self.fits(id.len() + name.len() + CALL_COUNTS) {
            return;
        }
        let taken = self.calls.iter().any(|(_, call)| call.id == id);
        let id = if id.is_empty() || taken {
            new_id()
        } else {
            id.to_owned()
        };
        let call = ToolCall {
            id,
            name: name.to_owned(),
            arguments: String::new(),
        };
        self.calls.push((key, call));
    }

    /// The id of the latest tool call with this key, once it has begun.
    pub(crate) fn id_of(&self, key: u64) -> Option<&str> {
        let (_, call) = self.calls.iter().rev().find(|(of, _)| *of == key)?;
        Some(&call.id)
    }

    /// The name of the latest tool call with this key, where it comes behind its beginning.
    pub(crate) fn name(&mut self, key: u64, name: &str) {
        let call = self.calls.iter_mut().rev().find(|(of, _)| *of == key);
        if let Some((_, call)) = call
            && call.name.is_empty()
            && self.stop.is_none()
        {
            call.name = name.to_owned();
        }
    }

    /// The next piece of the arguments of the latest tool call with this key.
    pub(crate) fn arguments(&mut self, key: u64, piece: &str) {
        if self.stop.is_some() || !self.fits(piece.len()) {
            return;
        }
        if let Some((_, call)) = self.calls.iter_mut().rev().find(|(of, _)| *of == key) {
            call.arguments.push_str(piece);
        }
    }

    /// What the reply cost, as far as it is known.
    pub(crate) fn usage(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    /// The model has stopped, and why. Its tool calls are complete, except that the last one is cut
    /// where the reply became too long. Only the first reason counts.
    pub(crate) fn stop(&mut self, reason: StopReason) {
        if self.stop.is_some() {
            return;
        }
        let mut calls = std::mem::take(&mut self.calls);
        match reason {
            StopReason::Filtered => calls.clear(),
            StopReason::Length => {
                calls.pop_if(|(_, call)| !is_object(&call.arguments));
            }
            _ => {}
        }
        self.stop = Some(match reason {
            StopReason::End | StopReason::ToolCalls if calls.is_empty() => StopReason::End,
            StopReason::End => StopReason::ToolCalls,
            other => other,
        });
        for (_, mut call) in calls {
            if call.arguments.trim().is_empty() {
                call.arguments = "{}".to_owned();
            }
            self.ready.push(ReplyPart::ToolCall(call));
        }
    }

    /// No more will come.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Why the model has stopped, once it has.
    pub(crate) fn stopped(&self) -> Option<StopReason> {
        self.stop
    }

    /// Grows with each event that brought something.
    pub(crate) fn progress(&self) -> usize {
        self.taken
            .saturating_add(usize::from(self.stop.is_some() || self.ended))
    }

    /// The last parts, if the model has stopped.
    pub(crate) fn finish(&mut self) -> impl Iterator<Item = ReplyPart> + use<> {
        let usage = self.usage.take().map(ReplyPart::Usage);
        usage
            .into_iter()
            .chain(self.stop.take().map(ReplyPart::Done))
    }

    fn fits(&mut self, bytes: usize) -> bool {
        let taken = self.taken.saturating_add(bytes);
        if taken > MAX_REPLY {
            self.too_long();
            return false;
        }
        self.taken = taken;
        true
    }

    fn too_long(&mut self) {
        self.stop(StopReason::Length);
        self.end();
    }
}

fn is_object(arguments: &str) -> bool {
    matches!(serde_json::from_str(arguments), Ok(Value::Object(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(draft: &Draft) -> Vec<(&str, &str)> {
        let calls = draft.ready.iter().filter_map(|part| match part {
            ReplyPart::ToolCall(call) => Some((call.name.as_str(), call.arguments.as_str())),
            _ => None,
        });
        calls.collect()
    }

    #[test]
    fn pieces_of_parallel_calls_find_their_call() {
        let mut draft = Draft::default();
        draft.call(0, "x", "a");
        draft.call(1, "", "b");
        draft.arguments(1, "{\"n\":");
        draft.arguments(0, "{}");
        draft.arguments(1, "2}");
        draft.arguments(7, "lost");
        assert!(draft.ready.is_empty());
        draft.stop(StopReason::End);
        assert_eq!(calls(&draft), [("a", "{}"), ("b", "{\"n\":2}")]);
        assert_eq!(draft.stopped(), Some(StopReason::ToolCalls));
    }

    #[test]
    fn a_reply_without_end_ends() {
        let mut draft = Draft::default();
        let mut events = 0;
        while !draft.has_ended() {
            draft.text("éé");
            draft.text("a");
            events += 1;
            assert!(events < MAX_REPLY);
        }
        let lengths = draft.ready.iter().map(|part| match part {
            ReplyPart::Text(text) => text.len(),
            _ => 0,
        });
        let length: usize = lengths.sum();
        assert!((MAX_REPLY - 1..=MAX_REPLY).contains(&length), "{length}");
        assert_eq!(draft.stopped(), Some(StopReason::Length));

        let mut draft = Draft::default();
        for key in 0..10_000 {
            draft.call(key, "", "");
            if draft.has_ended() {
                break;
            }
        }
        assert_eq!(draft.stopped(), Some(StopReason::Length));
    }

    #[test]
    fn a_call_that_is_cut_is_not_handed_on() {
        for cut in ["", "{\"a\":", "{\"a\":1", "1"] {
            let mut draft = Draft::default();
            draft.call(0, "x", "whole");
            draft.call(1, "y", "cut");
            draft.arguments(1, cut);
            draft.stop(StopReason::Length);
            assert_eq!(calls(&draft), [("whole", "{}")], "{cut}");
            assert_eq!(draft.stopped(), Some(StopReason::Length));
        }
    }

    #[test]
    fn no_two_calls_have_one_id() {
        let mut draft = Draft::default();
        draft.call(0, "same", "a");
        draft.call(1, "same", "b");
        draft.call(2, "", "c");
        let ids = [0, 1, 2].map(|key| draft.id_of(key).unwrap().to_owned());
        assert_eq!(ids[0], "same");
        assert!(ids[1] != ids[0] && ids[2] != ids[1] && !ids[2].is_empty());
    }

    #[test]
    fn what_is_filtered_calls_nothing() {
        let mut draft = Draft::default();
        draft.call(0, "x", "a");
        draft.stop(StopReason::Filtered);
        draft.stop(StopReason::End);
        draft.text("late");
        assert!(draft.ready.is_empty());
        draft.usage(Usage::new(1, 2));
        let last: Vec<_> = draft.finish().collect();
        let usage = ReplyPart::Usage(Usage::new(1, 2));
        assert_eq!(last, [usage, ReplyPart::Done(StopReason::Filtered)]);
    }

    #[test]
    fn a_model_that_says_it_calls_but_does_not_has_ended() {
        let mut draft = Draft::default();
        draft.stop(StopReason::ToolCalls);
        assert_eq!(draft.stopped(), Some(StopReason::End));
    }
}
