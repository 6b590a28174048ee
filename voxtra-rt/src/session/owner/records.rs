//! The media thread's records, as events of the session.

use std::sync::Arc;
use std::time::Duration;

use voxtra_core::event::{
    AgentSpeechEnded, AgentSpeechStarted, BuiltIn, EndReason, Fault, MediaStopped,
    MediaStoppedReason, Realtime, Record, RecordBody,
};

use super::{Deadline, Owner, error};
use crate::lock::lock;
use crate::media::{GuardPlan, MediaLink};
use crate::session::conversation::DEAD_AIR;
use crate::session::deadlines;
use crate::session::error::CallError;
use crate::session::event::EventBody;
use crate::session::lifecycle::Signal;
use crate::session::report::Report;
use crate::session::speak::{Queued, Spoken};
use crate::session::wording::Wording;

/// A connection that lived this long is stable.
const STABLE: Duration = Duration::from_secs(10);
/// How often in a row the audio is connected again if it is lost before that.
const ATTEMPTS: u32 = 3;

impl Owner {
    /// Sets the guard against dead air, or removes it.
    pub(super) fn guard(&mut self, plan: Option<Arc<GuardPlan>>) {
        self.guard.clone_from(&plan);
        if let Some(link) = &mut self.link
            && !link.guard(plan)
        {
            tracing::warn!(
                call = self.call.id(),
                "the media thread has too many commands to do, and does not learn of its guard"
            );
        }
    }

    pub(super) fn record(&mut self, record: Record) -> Option<Signal> {
        self.recorded_at = Some(record.at);
        let signal = self.recorded(record);
        self.recorded_at = None;
        signal
    }

    fn recorded(&mut self, record: Record) -> Option<Signal> {
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
                if let Some(reason) = stopped
                    && self.call.session().carrier().ends_with_media()
                {
                    return Some(Signal::LineEnded(media_reason(reason)));
                }
            }
            RecordBody::UtteranceStarted { utterance } => {
                if let Some((text, part)) = self.call.session().output().started(utterance) {
                    self.begins = Some(part);
                    self.publish_at(at, AgentSpeechStarted::new(text).into());
                }
            }
            RecordBody::UtteranceEnded {
                utterance,
                interrupted,
                played,
            } => {
                if let Some(queued) = self.call.session().output().over(utterance) {
                    let spoken = Spoken {
                        completed: !interrupted,
                        heard: self.line_time(played),
                    };
                    self.utterance_ended(at, queued, spoken);
                }
            }
            RecordBody::ClipStarted { clip } => {
                let text = self.guard.as_ref().map(|plan| plan.text(clip).to_owned());
                let text = text.unwrap_or_default();
                self.guard_says = Some(text.clone());
                self.publish_at(at, AgentSpeechStarted::new(text).into());
            }
            RecordBody::ClipEnded {
                interrupted,
                played,
                ..
            } => self.clip_ended(at, interrupted, self.line_time(played)),
            RecordBody::Fault(fault @ Fault::DeadAir) => {
                tracing::warn!(call = self.call.id(), "{fault}");
                self.publish_at(at, error(DEAD_AIR, fault.to_string()));
            }
            RecordBody::Fault(fault) => {
                tracing::warn!(call = self.call.id(), %fault, "trouble on the call's AudioSocket connection");
                self.publish_at(at, error("media", fault.to_string()));
            }
            RecordBody::Missed(count) => self.records_missed(at, count.into()),
            // A record of a newer core.
            _ => return None,
        }
        None
    }

    fn records_missed(&mut self, at: jiff::Timestamp, count: u64) {
        self.missed += count;
        let message = format!("{count} events of the media thread were lost");
        self.publish_at(at, error("events_missed", message));
    }

    /// Duration of this many samples on the call's line.
    fn line_time(&self, samples: u64) -> Duration {
        let rate = self.link.as_ref().map(MediaLink::rate).unwrap_or_default();
        rate.duration_of(usize::try_from(samples).unwrap_or(usize::MAX))
    }

    fn utterance_ended(&mut self, at: jiff::Timestamp, queued: Queued, spoken: Spoken) {
        let Queued {
            wording,
            started,
            spoken: tell,
            ..
        } = queued;
        if let Some(wording) = wording.filter(|_| started) {
            let mut wording = lock(&wording);
            wording.end(spoken);
            let heard = wording.heard_of(spoken);
            let heard_ms = u64::try_from(spoken.heard.as_millis()).unwrap_or(u64::MAX);
            let ended = AgentSpeechEnded::new(wording.text().to_owned(), spoken.is_interrupted())
                .with_heard_ms(heard_ms)
                .with_heard(heard.to_owned());
            self.publish_at(at, ended.into());
        }
        let _ = tell.send(spoken);
    }

    /// The guard has said something, or was cut.
    fn clip_ended(&mut self, at: jiff::Timestamp, interrupted: bool, heard: Duration) {
        let Some(text) = self.guard_says.take() else {
            return;
        };
        let spoken = Spoken {
            completed: !interrupted,
            heard,
        };
        let heard = Wording::new(&text).heard_of(spoken).to_owned();
        let heard_ms = u64::try_from(spoken.heard.as_millis()).unwrap_or(u64::MAX);
        let ended = AgentSpeechEnded::new(text, interrupted)
            .with_heard_ms(heard_ms)
            .with_heard(heard);
        self.publish_at(at, ended.into());
    }

    /// The media thread sends no more records.
    pub(super) fn media_down(&mut self) -> Option<Signal> {
        let now = self.clock.utc_now();
        // The last records may be those for which there was no room.
        let lost = self.link.take().map_or(0, |link| {
            link.stats().records_missed.saturating_sub(self.missed)
        });
        if lost > 0 {
            self.records_missed(now, lost);
        }
        self.clip_ended(now, true, Duration::ZERO);
        for queued in self.call.session().output().close() {
            self.utterance_ended(now, queued, Spoken::UNHEARD);
        }
        if !self.stopped {
            self.stopped = true;
            let reason = MediaStoppedReason::Closed;
            self.publish_at(now, BuiltIn::from(MediaStopped::new(reason)).into());
        }
        if !self.life.is_over() && !self.call.is_transferred() {
            self.media_lost();
        }
        Some(Signal::MediaDown)
    }
}

impl Owner {
    /// The audio is over, but the call is not.
    fn media_lost(&mut self) {
        let lived = self.connected_at.take().map(|at| at.elapsed());
        if lived.is_some_and(|lived| lived >= STABLE) {
            self.short_lived = 0;
        } else {
            self.short_lived += 1;
        }
        if self.short_lived > ATTEMPTS || self.call.session().carrier().reconnect().is_none() {
            self.ending.get_or_insert((
                Deadline::now() + deadlines::WITHOUT_MEDIA,
                EndReason::MediaLost,
            ));
            return;
        }
        let call = self.call.clone();
        // Not spawned in `closing`: an order to Asterisk that is under way must be waited for.
        tokio::spawn(async move {
            // At an ordinary hang-up ARI reports the end and its reason within milliseconds.
            tokio::time::sleep(deadlines::HANG_UP).await;
            if call.is_over() {
                return;
            }
            tracing::warn!(
                call = call.id(),
                "the call's audio was cut; connecting it again"
            );
            match call.reconnect().await {
                Ok(()) | Err(CallError::Ended) => {}
                Err(error) => {
                    let message =
                        format!("the audio was cut and can't be connected again: {error}");
                    tracing::error!(call = call.id(), %error, "the audio was cut and can't be connected again");
                    call.emit_error("media", message).await;
                    call.report(Report::GiveUp(EndReason::MediaLost)).await;
                }
            }
        });
    }
}

/// The reason of a call's end where its audio is the call.
fn media_reason(reason: MediaStoppedReason) -> EndReason {
    match reason {
        MediaStoppedReason::Hangup | MediaStoppedReason::Closed => EndReason::NormalClearing,
        MediaStoppedReason::Error => EndReason::MediaError,
        MediaStoppedReason::Timeout => EndReason::MediaTimeout,
    }
}
