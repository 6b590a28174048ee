//! Events as JSON, in both directions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use serde_json::value::RawValue;
use uuid::Uuid;
use voxtra_core::event::*;

use super::{Event, EventBody, UserEvent};
use crate::voxtra;

voxtra! {
    events {
        /// An event of an application, with a field of each sort.
        fuzz.happened {
            count: u64,
            change: i64,
            share: f64,
            name: String,
            short: Text<12>,
            letter: char,
            after: Option<Duration>,
            by: card | cash,
        }
    }
}

/// Events read from any text, and events made of any fields, stay the same after writing and
/// reading. An event is written as one line of exactly the contract's shape.
pub fn event_json(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(event) = Event::from_json(text)
    {
        assert_same(&event);
    }
    if let Ok(event) = made(&mut Unstructured::new(data)) {
        assert_same(&event);
    }
}

fn assert_same(event: &Event) {
    let json = event.to_json();
    assert!(!json.contains(['\n', '\r']), "not one line: {json}");
    let fields: BTreeMap<&str, &RawValue> =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let names: Vec<_> = fields.keys().copied().collect();
    assert_eq!(names, ["data", "id", "session_id", "timestamp", "type"]);

    let again = Event::from_json(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(again.to_json(), json);
    assert_eq!(again.id, event.id);
    assert_eq!(again.session_id, event.session_id);
    assert_eq!(again.wire(), event.wire());
    assert_eq!(again.kind(), event.kind());
    // In JSON a timestamp has milliseconds.
    let cut = event.timestamp.duration_since(again.timestamp);
    assert!(cut.abs() < jiff::SignedDuration::from_millis(1), "{json}");
    match (&again.body, &event.body) {
        (EventBody::BuiltIn(again), EventBody::BuiltIn(event)) => assert_eq!(again, event),
        (EventBody::User(again), EventBody::User(event)) => {
            assert_eq!(again, event);
            assert_eq!(again.tag(), event.tag());
            if let Some(typed) = event.downcast_ref::<FuzzHappened>() {
                let data = fields
                    .get("data")
                    .map(|data| data.get())
                    .unwrap_or_default();
                let read: FuzzHappened =
                    serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
                assert_eq!(read, *typed);
            }
        }
        (again, event) => panic!("{event:?} became {again:?}"),
    }
    let _ = event.to_string();
}

/// An event with any fields.
fn made(u: &mut Unstructured<'_>) -> Result<Event> {
    let kind = usize::from(u.arbitrary::<u8>()?);
    let body = match EventKind::ALL.get(kind % (EventKind::ALL.len() + 1)) {
        Some(kind) => EventBody::BuiltIn(built_in(*kind, u)?),
        None => EventBody::User(UserEvent::new(FuzzHappened {
            count: u.arbitrary()?,
            change: u.arbitrary()?,
            share: finite(u)?,
            name: u.arbitrary()?,
            short: Text::truncated(u.arbitrary()?),
            letter: u.arbitrary()?,
            after: u.arbitrary::<Option<u64>>()?.map(Duration::from_millis),
            by: match u.arbitrary()? {
                true => FuzzHappenedBy::Card,
                false => FuzzHappenedBy::Cash,
            },
        })),
    };
    let second = i64::from(u.arbitrary::<u32>()?);
    let nanosecond = u.int_in_range(0..=999_999_999)?;
    Ok(Event {
        id: Uuid::from_bytes(u.arbitrary()?),
        seq: u.arbitrary()?,
        session_id: Arc::from(u.arbitrary::<&str>()?),
        timestamp: jiff::Timestamp::new(second, nanosecond).unwrap_or_default(),
        body,
    })
}

fn built_in(kind: EventKind, u: &mut Unstructured<'_>) -> Result<BuiltIn> {
    Ok(match kind {
        EventKind::CallStarted => CallStarted::new(
            u.arbitrary()?,
            u.arbitrary()?,
            match u.arbitrary()? {
                true => CallStartedDirection::Inbound,
                false => CallStartedDirection::Outbound,
            },
        )
        .into(),
        EventKind::CallRinging => CallRinging::default().into(),
        EventKind::CallAnswered => CallAnswered::default().into(),
        EventKind::CallEnded => CallEnded::new(u.arbitrary()?, finite(u)?)
            .with_answered_seconds(finite(u)?)
            .with_ended_by(*u.choose(&[
                CallEndedEndedBy::FarEnd,
                CallEndedEndedBy::Agent,
                CallEndedEndedBy::OtherParty,
                CallEndedEndedBy::System,
            ])?)
            .into(),
        EventKind::CallFailed => CallFailed::new(u.arbitrary()?).into(),
        EventKind::CallTransferred => CallTransferred::new(u.arbitrary()?).into(),
        EventKind::CallTransferStarted => CallTransferStarted::new(u.arbitrary()?).into(),
        EventKind::CallTransferFailed => {
            CallTransferFailed::new(u.arbitrary()?, u.arbitrary()?).into()
        }
        EventKind::CallHeld => CallHeld::default()
            .with_by(*u.choose(&[CallHeldBy::FarEnd, CallHeldBy::Agent])?)
            .into(),
        EventKind::CallResumed => CallResumed::default()
            .with_by(*u.choose(&[CallResumedBy::FarEnd, CallResumedBy::Agent])?)
            .into(),
        EventKind::CallReplaced => CallReplaced::new(u.arbitrary()?).into(),
        EventKind::MediaStarted => MediaStarted::new(u.arbitrary()?).into(),
        EventKind::MediaStopped => MediaStopped::new(*u.choose(&[
            MediaStoppedReason::Hangup,
            MediaStoppedReason::Closed,
            MediaStoppedReason::Error,
            MediaStoppedReason::Timeout,
        ])?)
        .into(),
        EventKind::AudioFrameReceived => {
            AudioFrameReceived::new(u.arbitrary()?, u.arbitrary()?).into()
        }
        EventKind::AudioFrameSent => AudioFrameSent::new(u.arbitrary()?, u.arbitrary()?).into(),
        EventKind::UserSpeechStarted => UserSpeechStarted::default().into(),
        EventKind::UserSpeechEnded => UserSpeechEnded::new(u.arbitrary()?)
            .with_cut(u.arbitrary()?)
            .with_silence_ms(u.arbitrary()?)
            .into(),
        EventKind::UserTranscript => {
            UserTranscript::new(u.arbitrary()?, finite(u)?, u.arbitrary()?).into()
        }
        EventKind::UserTranscriptPartial => UserTranscriptPartial::new(u.arbitrary()?).into(),
        EventKind::AgentThinking => AgentThinking::default().into(),
        EventKind::AgentResponse => AgentResponse::new(
            u.arbitrary()?,
            u.arbitrary_iter::<[&str; 3]>()?
                .map(|call| {
                    call.map(|[id, name, arguments]| ToolCall {
                        id: id.into(),
                        name: name.into(),
                        arguments: arguments.into(),
                    })
                })
                .collect::<Result<_>>()?,
        )
        .into(),
        EventKind::AgentSpeechStarted => AgentSpeechStarted::new(u.arbitrary()?).into(),
        EventKind::AgentSpeechEnded => AgentSpeechEnded::new(u.arbitrary()?, u.arbitrary()?)
            .with_heard_ms(u.arbitrary()?)
            .with_heard(u.arbitrary()?)
            .into(),
        EventKind::AgentChanged => AgentChanged::new(u.arbitrary()?, u.arbitrary()?).into(),
        EventKind::MessageLeft => MessageLeft::new(u.arbitrary()?, u.arbitrary()?)
            .with_file(u.arbitrary()?)
            .into(),
        EventKind::AgentHeld => AgentHeld::new(
            *u.choose(&[
                AgentHeldOutcome::Pending,
                AgentHeldOutcome::Interrupted,
                AgentHeldOutcome::Resumed,
                AgentHeldOutcome::Stopped,
            ])?,
            u.arbitrary()?,
        )
        .into(),
        EventKind::DtmfReceived => DtmfReceived::new(u.arbitrary()?).into(),
        EventKind::BargeIn => BargeIn::default().into(),
        EventKind::SilenceDetected => {
            let silence_duration_ms = u.arbitrary()?;
            SilenceDetected::new(silence_duration_ms).into()
        }
        EventKind::TurnEnded => TurnEnded::new(u.arbitrary()?)
            .with_cut(u.arbitrary()?)
            .into(),
        EventKind::TurnMeasured => {
            let outcome = match u.arbitrary()? {
                true => TurnMeasuredOutcome::Answered,
                false => TurnMeasuredOutcome::Unanswered,
            };
            let heard_silence_ms = u.arbitrary()?;
            let (tools, filler, preemptive) = u.arbitrary()?;
            TurnMeasured::new(outcome, heard_silence_ms, tools, filler, preemptive)
                .with_decided_ms(u.arbitrary()?)
                .with_transcript_ms(u.arbitrary()?)
                .with_asked_ms(u.arbitrary()?)
                .with_first_token_ms(u.arbitrary()?)
                .with_first_sentence_ms(u.arbitrary()?)
                .with_first_audio_ms(u.arbitrary()?)
                .with_first_frame_ms(u.arbitrary()?)
                .with_own_ms(u.arbitrary()?)
                .with_rhythm_ms(u.arbitrary()?)
                .into()
        }
        EventKind::ObjectiveMissed => {
            let (limit_ms, actual_ms, turns) = u.arbitrary()?;
            let (agent, objective) = (u.arbitrary()?, u.arbitrary()?);
            ObjectiveMissed::new(agent, objective, limit_ms, actual_ms, turns).into()
        }
        EventKind::CallTranscript => {
            let cost: Option<(u64, &str)> = u.arbitrary()?;
            CallTranscript::new(vec![entry(u)?, entry(u)?], vec![usage(u)?])
                .with_cost(cost.map(|(micros, currency)| Cost::new(micros, currency)))
                .with_summary(u.arbitrary()?)
                .into()
        }
        EventKind::Error => Error::new(u.arbitrary()?, u.arbitrary()?).into(),
        EventKind::SessionCreated => SessionCreated::default().into(),
        EventKind::SessionDestroyed => SessionDestroyed::default().into(),
        // A new event that has no arm here yet.
        _ => return Err(arbitrary::Error::IncorrectFormat),
    })
}

/// Something in a transcript.
fn entry(u: &mut Unstructured<'_>) -> Result<TranscriptEntry> {
    let kind = *u.choose(&[
        TranscriptKind::Caller,
        TranscriptKind::Agent,
        TranscriptKind::Tool,
        TranscriptKind::AgentChanged,
        TranscriptKind::Transferred,
        TranscriptKind::LeftOut,
    ])?;
    let mut entry = TranscriptEntry::new(u.arbitrary()?, kind);
    entry.text = u.arbitrary()?;
    entry.cut = u.arbitrary()?;
    entry.name = u.arbitrary()?;
    entry.arguments = u.arbitrary()?;
    entry.took_ms = u.arbitrary()?;
    entry.left_out = u.arbitrary()?;
    Ok(entry)
}

/// What was used of a provider.
fn usage(u: &mut Unstructured<'_>) -> Result<ProviderUsage> {
    let role = *u.choose(&[
        UsageRole::SpeechToText,
        UsageRole::LanguageModel,
        UsageRole::TextToSpeech,
        UsageRole::SpeechToSpeech,
    ])?;
    let mut usage = ProviderUsage::new(u.arbitrary::<&str>()?, role);
    usage.requests = u.arbitrary()?;
    usage.input_tokens = u.arbitrary()?;
    usage.cost_micros = u.arbitrary()?;
    usage.currency = u.arbitrary()?;
    Ok(usage)
}

/// JSON has no infinity and no NaN.
fn finite<'a, T: Arbitrary<'a> + Into<f64> + Copy + Default>(
    u: &mut Unstructured<'a>,
) -> Result<T> {
    let number: T = u.arbitrary()?;
    Ok(if number.into().is_finite() {
        number
    } else {
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..300)) {
            super::event_json(&data);
        }

        #[test]
        fn any_data(
            wire in "call.ended|user.transcript|dtmf.received|[a-z.]{0,8}",
            data in r#"\{("(reason|duration_seconds|text|confidence|is_final|digit)":(true|-?[0-9]{1,3}e?[0-9]{0,3}|".{0,3}"),?){0,3}\}"#,
        ) {
            let text = format!(
                r#"{{"id":"8a91c0d2f4e64b0f9d5f6a7b8c9d0e1f","type":"{wire}","session_id":"1","timestamp":"2026-05-04T08:31:21.512Z","data":{data}}}"#
            );
            super::event_json(text.as_bytes());
        }
    }
}
