//! The catalogue as the contract has it: names, order, fields and exact JSON.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use voxtra_core::event::*;

/// One of each built-in event, and its `data` as it stands in JSON, to the byte.
fn examples() -> Vec<(&'static str, BuiltIn, &'static str)> {
    vec![
        (
            "call.started",
            CallStarted::new(
                "+265888111111".into(),
                "+265999000001".into(),
                CallStartedDirection::Inbound,
            )
            .into(),
            r#"{"caller_id":"+265888111111","called_number":"+265999000001","direction":"inbound"}"#,
        ),
        ("call.ringing", CallRinging::default().into(), "{}"),
        ("call.answered", CallAnswered::default().into(), "{}"),
        (
            "call.ended",
            CallEnded::new("normal_clearing".into(), 12.5)
                .with_answered_seconds(10.0)
                .with_ended_by(CallEndedEndedBy::FarEnd)
                .into(),
            r#"{"reason":"normal_clearing","duration_seconds":12.5,"answered_seconds":10.0,"ended_by":"far_end"}"#,
        ),
        (
            "call.failed",
            CallFailed::new("busy".into()).into(),
            r#"{"reason":"busy"}"#,
        ),
        (
            "call.transferred",
            CallTransferred::new("PJSIP/200".into()).into(),
            r#"{"target":"PJSIP/200"}"#,
        ),
        (
            "call.transfer.started",
            CallTransferStarted::new("PJSIP/200".into()).into(),
            r#"{"target":"PJSIP/200"}"#,
        ),
        (
            "call.transfer.failed",
            CallTransferFailed::new("PJSIP/200".into(), "user_busy".into()).into(),
            r#"{"target":"PJSIP/200","reason":"user_busy"}"#,
        ),
        (
            "call.held",
            CallHeld::default().with_by(CallHeldBy::Agent).into(),
            r#"{"by":"agent"}"#,
        ),
        (
            "call.resumed",
            CallResumed::default().into(),
            r#"{"by":"far_end"}"#,
        ),
        (
            "call.replaced",
            CallReplaced::new("200".into()).into(),
            r#"{"caller_id":"200"}"#,
        ),
        (
            "media.started",
            MediaStarted::new(16_000).into(),
            r#"{"sample_rate":16000}"#,
        ),
        (
            "media.stopped",
            MediaStopped::new(MediaStoppedReason::Hangup).into(),
            r#"{"reason":"hangup"}"#,
        ),
        (
            "audio.frame.received",
            AudioFrameReceived::new(7, 160).into(),
            r#"{"sequence":7,"samples":160}"#,
        ),
        (
            "audio.frame.sent",
            AudioFrameSent::new(u64::MAX, 320).into(),
            r#"{"sequence":18446744073709551615,"samples":320}"#,
        ),
        (
            "user.speech.started",
            UserSpeechStarted::default().into(),
            "{}",
        ),
        (
            "user.speech.ended",
            UserSpeechEnded::new(1_480)
                .with_cut(false)
                .with_silence_ms(240)
                .into(),
            r#"{"duration_ms":1480,"cut":false,"silence_ms":240}"#,
        ),
        (
            "user.transcript",
            UserTranscript::new("Muli \"bwanji\"?".into(), 0.5, true).into(),
            r#"{"text":"Muli \"bwanji\"?","confidence":0.5,"is_final":true}"#,
        ),
        (
            "user.transcript.partial",
            UserTranscriptPartial::new("Muli".into()).into(),
            r#"{"text":"Muli"}"#,
        ),
        ("agent.thinking", AgentThinking::default().into(), "{}"),
        (
            "agent.response",
            AgentResponse::new(
                "One moment.".into(),
                vec![ToolCall {
                    id: "c1".into(),
                    name: "balance".into(),
                    arguments: r#"{"account":4}"#.into(),
                }],
            )
            .into(),
            r#"{"text":"One moment.","tool_calls":[{"id":"c1","name":"balance","arguments":"{\"account\":4}"}]}"#,
        ),
        (
            "agent.speech.started",
            AgentSpeechStarted::new("Hello.".into()).into(),
            r#"{"text":"Hello."}"#,
        ),
        (
            "agent.speech.ended",
            AgentSpeechEnded::new("Hello.".into(), true)
                .with_heard_ms(340)
                .with_heard("Hel".into())
                .into(),
            r#"{"text":"Hello.","interrupted":true,"heard_ms":340,"heard":"Hel"}"#,
        ),
        (
            "agent.held",
            AgentHeld::new(AgentHeldOutcome::Resumed, 900).into(),
            r#"{"outcome":"resumed","held_ms":900}"#,
        ),
        (
            "agent.changed",
            AgentChanged::new("reception".into(), "billing".into()).into(),
            r#"{"from":"reception","to":"billing"}"#,
        ),
        (
            "message.left",
            MessageLeft::new("Call me back.".into(), 2_400)
                .with_file("/var/spool/voxtra/1.wav".into())
                .into(),
            r#"{"text":"Call me back.","duration_ms":2400,"file":"/var/spool/voxtra/1.wav"}"#,
        ),
        (
            "dtmf.received",
            DtmfReceived::new('#').into(),
            r##"{"digit":"#"}"##,
        ),
        ("barge_in", BargeIn::default().into(), "{}"),
        (
            "silence.detected",
            SilenceDetected::new(5_000).into(),
            r#"{"silence_duration_ms":5000}"#,
        ),
        (
            "turn.ended",
            TurnEnded::new(2_000).with_cut(true).into(),
            r#"{"duration_ms":2000,"cut":true}"#,
        ),
        (
            "turn.measured",
            TurnMeasured::new(TurnMeasuredOutcome::Answered, 1_130, 0, false, false)
                .with_decided_ms(Some(700))
                .with_transcript_ms(Some(640))
                .with_first_frame_ms(Some(1_130))
                .into(),
            r#"{"outcome":"answered","heard_silence_ms":1130,"decided_ms":700,"transcript_ms":640,"asked_ms":null,"first_token_ms":null,"first_sentence_ms":null,"first_audio_ms":null,"first_frame_ms":1130,"own_ms":null,"rhythm_ms":null,"tools":0,"filler":false,"preemptive":false}"#,
        ),
        (
            "objective.missed",
            ObjectiveMissed::new("a".into(), "own_p95_ms".into(), 20, 41, 3).into(),
            r#"{"agent":"a","objective":"own_p95_ms","limit_ms":20,"actual_ms":41,"turns":3}"#,
        ),
        ("call.transcript", transcript().into(), TRANSCRIPT),
        (
            "error",
            Error::new("speech".into(), "no voice".into()).into(),
            r#"{"error_type":"speech","message":"no voice"}"#,
        ),
        ("session.created", SessionCreated::default().into(), "{}"),
        (
            "session.destroyed",
            SessionDestroyed::default().into(),
            "{}",
        ),
    ]
}

fn transcript() -> CallTranscript {
    let mut caller = TranscriptEntry::new(1_200, TranscriptKind::Caller);
    caller.text = Some("Hi".into());
    let mut tool = TranscriptEntry::new(1_900, TranscriptKind::Tool);
    tool.name = Some("balance".into());
    tool.arguments = Some("{}".into());
    tool.text = Some("7 €".into());
    tool.took_ms = Some(80);
    let mut agent = TranscriptEntry::new(2_400, TranscriptKind::Agent);
    agent.text = Some("You have".into());
    agent.cut = true;
    agent.took_ms = Some(640);
    let mut usage = ProviderUsage::new("openai", UsageRole::LanguageModel);
    usage.requests = 2;
    usage.input_tokens = 300;
    usage.output_tokens = 20;
    usage.cost_micros = Some(57);
    usage.currency = Some("USD".into());
    CallTranscript::new(vec![caller, tool, agent], vec![usage])
        .with_cost(Some(Cost::new(57, "USD")))
        .with_summary(None)
}

const TRANSCRIPT: &str = concat!(
    r#"{"entries":[{"at_ms":1200,"kind":"caller","text":"Hi"},"#,
    r#"{"at_ms":1900,"kind":"tool","text":"7 €","name":"balance","arguments":"{}","took_ms":80},"#,
    r#"{"at_ms":2400,"kind":"agent","text":"You have","cut":true,"took_ms":640}],"#,
    r#""usage":[{"provider":"openai","role":"language_model","requests":2,"untold":0,"#,
    r#""input_tokens":300,"cached_tokens":0,"output_tokens":20,"heard_ms":0,"spoken_ms":0,"#,
    r#""characters":0,"cost_micros":57,"currency":"USD"}],"#,
    r#""cost":{"micros":57,"currency":"USD"},"summary":null}"#,
);

#[test]
fn the_catalogue_is_the_contract_in_its_order() {
    let wires: Vec<_> = examples().iter().map(|(wire, ..)| *wire).collect();
    assert_eq!(CATALOGUE.map(|info| info.wire).to_vec(), wires);
    assert_eq!(EventKind::ALL.map(EventKind::wire).to_vec(), wires);
    let kinds: Vec<_> = examples()
        .iter()
        .map(|(_, event, _)| event.kind())
        .collect();
    assert_eq!(EventKind::ALL.to_vec(), kinds);
}

#[test]
fn every_event_has_exactly_its_json_both_ways() {
    for (wire, event, data) in examples() {
        assert_eq!(serde_json::to_string(&event).unwrap(), data, "{wire}");
        let kind = EventKind::from_wire(wire).unwrap();
        let mut reader = serde_json::Deserializer::from_str(data);
        assert_eq!(
            BuiltIn::deserialize_data(kind, &mut reader).unwrap(),
            event,
            "{wire}"
        );
    }
}

#[test]
fn fields_of_a_newer_version_are_ignored_and_missing_ones_are_not() {
    for (wire, event, data) in examples() {
        let kind = EventKind::from_wire(wire).unwrap();
        let mut newer: Value = serde_json::from_str(data).unwrap();
        newer["added_later"] = json!({ "a": [1, null] });
        assert_eq!(
            BuiltIn::deserialize_data(kind, newer.clone()).unwrap(),
            event,
            "{wire}"
        );

        for field in kind.info().fields {
            let mut lacking = newer.clone();
            lacking.as_object_mut().unwrap().remove(field.name).unwrap();
            assert_eq!(
                BuiltIn::deserialize_data(kind, lacking).is_err(),
                field.default == FieldDefault::Required,
                "{wire} without {}",
                field.name
            );
        }
    }
}

/// Fields that came later have a default, so that an event is read which an older version wrote.
#[test]
fn an_older_end_of_a_call_is_read() {
    let older = json!({ "reason": "normal_clearing", "duration_seconds": 12.5 });
    let read = BuiltIn::deserialize_data(EventKind::CallEnded, older).unwrap();
    let expected = CallEnded::new("normal_clearing".into(), 12.5)
        .with_answered_seconds(0.0)
        .with_ended_by(CallEndedEndedBy::System);
    assert_eq!(read, expected.into());
}

#[test]
fn an_older_end_of_the_agents_speech_is_read() {
    let older = json!({ "text": "Hello.", "interrupted": true });
    let read = BuiltIn::deserialize_data(EventKind::AgentSpeechEnded, older).unwrap();
    let expected = AgentSpeechEnded::new("Hello.".into(), true).with_heard_ms(0);
    assert_eq!(read, expected.into());
}

#[test]
fn values_that_no_event_has_are_refused() {
    for (kind, data) in [
        (
            EventKind::CallStarted,
            json!({ "caller_id": "1", "called_number": "2", "direction": "sideways" }),
        ),
        (EventKind::MediaStopped, json!({ "reason": "Hangup" })),
        (EventKind::DtmfReceived, json!({ "digit": "12" })),
        (EventKind::TurnEnded, json!({ "duration_ms": -1 })),
        (EventKind::BargeIn, json!(null)),
    ] {
        assert!(
            BuiltIn::deserialize_data(kind, data.clone()).is_err(),
            "{kind} {data}"
        );
    }
}

#[test]
fn descriptions_name_the_fields_that_json_has() {
    for (wire, event, data) in examples() {
        let info = event.kind().info();
        // `serde_json` sorts the keys of a value, so the text is what has them in order.
        let mut rest = data;
        for field in info.fields {
            let key = format!("\"{}\":", field.name);
            rest = rest
                .split_once(&key)
                .unwrap_or_else(|| panic!("{wire} has no {key} in order"))
                .1;
            assert!(!field.doc.is_empty(), "{wire}.{}", field.name);
        }
        assert!(!info.doc.is_empty(), "{wire}");
    }
    assert_eq!(CallStarted::INFO.fields[2].ty, "inbound | outbound");
    assert_eq!(AgentResponse::INFO.fields[1].ty, "Vec<ToolCall>");
}

#[test]
fn events_of_the_media_path_and_no_others_are_realtime() {
    let realtime: Vec<_> = EventKind::ALL
        .into_iter()
        .filter(|kind| kind.is_realtime())
        .map(EventKind::wire)
        .collect();
    assert_eq!(
        realtime,
        [
            "media.started",
            "media.stopped",
            "audio.frame.received",
            "audio.frame.sent",
            "user.speech.started",
            "user.speech.ended",
            "agent.held",
            "dtmf.received",
            "barge_in",
            "silence.detected",
            "turn.ended",
        ]
    );
    let event = Realtime::from(DtmfReceived::new('5'));
    assert_eq!(
        BuiltIn::from(event),
        BuiltIn::DtmfReceived(DtmfReceived::new('5'))
    );
    assert_eq!(event.kind(), EventKind::DtmfReceived);
}

#[test]
fn a_log_line_is_the_name_and_the_fields() {
    let lines: Vec<_> = examples()
        .iter()
        .map(|(_, event, _)| event.to_string())
        .collect();
    assert_eq!(
        lines[0],
        r#"call.started caller_id="+265888111111" called_number="+265999000001" direction=inbound"#
    );
    assert_eq!(lines[1], "call.ringing");
    assert_eq!(
        lines[3],
        r#"call.ended reason="normal_clearing" duration_seconds=12.5 answered_seconds=10 ended_by=far_end"#
    );
    assert!(lines.contains(&"dtmf.received digit=#".to_owned()));
    assert!(lines.contains(&"agent.held outcome=resumed held_ms=900".to_owned()));
    for (line, (wire, ..)) in lines.iter().zip(examples()) {
        assert_eq!(line.split(' ').next(), Some(wire));
    }
}
