//! What a media thread reports, as events of the session.

use std::time::Duration;

use voxtra_core::event::{
    AgentSpeechEnded, AgentSpeechStarted, BuiltIn, EndReason, MediaStopped, MediaStoppedReason,
    Realtime, Record, RecordBody,
};

use super::{Deadline, Owner, error};
use crate::session::error::CallError;
use crate::session::event::EventBody;
use crate::session::input::Input;
use crate::session::lifecycle::Signal;
use crate::session::line::Line;
use crate::session::speak::Queued;

/// A connection that lived this long is a good one.
const STABLE: Duration = Duration::from_secs(10);
/// How often in a row the audio is connected again that is lost before that.
const ATTEMPTS: u32 = 3;
/// How long the news of a hang-up may be behind the end of the audio.
const HANG_UP_NEWS: Duration = Duration::from_millis(150);
/// How long a call may live on without its media before it is given up.
const MEDIA_GRACE: Duration = Duration::from_secs(2);

impl Owner {
    pub(super) fn record(&mut self, record: Record) -> Option<Signal> {
        let at = self.clock.utc(record.at);
        match record.body {
            RecordBody::Event(Realtime::DtmfReceived(press)) => {
                if !self.keys.was_told(record.at, press.digit) {
                    self.publish_at(at, press.into());
                }
            }
            RecordBody::Event(event) => {
                let stopped = match event {
                    Realtime::MediaStopped(stopped) => Some(stopped.reason),
                    _ => None,
                };
                self.stopped |= stopped.is_some();
                self.publish_at(at, EventBody::BuiltIn(event.into()));
                if let (Some(reason), Line::Socket(_)) = (stopped, &self.call.inner.line) {
                    // Without ARI the connection is the call.
                    return Some(Signal::LineEnded(socket_reason(reason)));
                }
            }
            RecordBody::UtteranceStarted { utterance } => {
                if let Some(text) = self.call.inner.output.started(utterance) {
                    self.publish_at(at, AgentSpeechStarted { text }.into());
                }
            }
            RecordBody::UtteranceEnded {
                utterance,
                interrupted,
            } => {
                if let Some(queued) = self.call.inner.output.over(utterance) {
                    self.utterance_ended(at, queued, interrupted);
                }
            }
            RecordBody::Fault(fault) => {
                tracing::warn!(call = self.call.id(), %fault, "trouble on the call's AudioSocket connection");
                self.publish_at(at, error("media", fault.to_string()));
            }
            RecordBody::Missed(count) => self.records_missed(at, count.into()),
            // A newer core's.
            _ => return None,
        }
        None
    }

    fn records_missed(&mut self, at: jiff::Timestamp, count: u64) {
        self.missed += count;
        let message = format!("{count} events of the media thread were lost");
        self.publish_at(at, error("events_missed", message));
    }

    fn utterance_ended(&mut self, at: jiff::Timestamp, queued: Queued, interrupted: bool) {
        let Queued {
            text,
            started,
            interrupted: tell,
            ..
        } = queued;
        if started {
            self.publish_at(at, AgentSpeechEnded { text, interrupted }.into());
        }
        let _ = tell.send(interrupted);
    }

    /// The media thread has nothing more to say.
    pub(super) fn media_down(&mut self) -> Option<Signal> {
        let now = self.clock.utc_now();
        // The last records may be those that found no room.
        let lost = self.link.take().map_or(0, |link| {
            link.stats().records_missed.saturating_sub(self.missed)
        });
        if lost > 0 {
            self.records_missed(now, lost);
        }
        for queued in self.call.inner.output.close() {
            self.utterance_ended(now, queued, true);
        }
        if !self.stopped {
            self.stopped = true;
            let reason = MediaStoppedReason::Closed;
            self.publish_at(now, BuiltIn::from(MediaStopped { reason }).into());
        }
        if !self.life.is_over() && !self.call.inner.line.is_agentless() {
            self.media_lost();
        }
        Some(Signal::MediaDown)
    }
}

impl Owner {
    /// The audio is over and the call is not.
    fn media_lost(&mut self) {
        let lived = self.connected_at.take().map(|at| at.elapsed());
        if lived.is_some_and(|lived| lived >= STABLE) {
            self.short_lived = 0;
        } else {
            self.short_lived += 1;
        }
        if self.short_lived > ATTEMPTS || !self.call.inner.line.can_reconnect() {
            self.ending
                .get_or_insert((Deadline::now() + MEDIA_GRACE, EndReason::MediaLost));
            return;
        }
        let call = self.call.clone();
        // Not among what closes: an order to Asterisk that is under way must be waited for.
        tokio::spawn(async move {
            // At an ordinary hang-up ARI tells the same within milliseconds, and why.
            tokio::time::sleep(HANG_UP_NEWS).await;
            if call.is_over() {
                return;
            }
            tracing::warn!(
                call = call.id(),
                "the call's audio was cut; connecting it again"
            );
            match call.while_up(call.inner.line.reconnect(&call)).await {
                Ok(()) | Err(CallError::Ended) => {}
                Err(error) => {
                    let message =
                        format!("the audio was cut and can't be connected again: {error}");
                    tracing::error!(call = call.id(), %error, "the audio was cut and can't be connected again");
                    call.emit_error("media", message).await;
                    call.send(Input::GiveUp(EndReason::MediaLost)).await;
                }
            }
        });
    }
}

/// The reason of a call's end where the connection is all there is.
fn socket_reason(reason: MediaStoppedReason) -> EndReason {
    match reason {
        MediaStoppedReason::Hangup | MediaStoppedReason::Closed => EndReason::NormalClearing,
        MediaStoppedReason::Error => EndReason::MediaError,
        MediaStoppedReason::Timeout => EndReason::MediaTimeout,
    }
}
