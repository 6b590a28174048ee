//! The ARI client and the event connection against a real Asterisk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asterisk;

use std::collections::BTreeSet;

use asterisk::{Asterisk, Call, PATIENCE, connected, event, signal, unique};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use uuid::Uuid;
use voxtra_rt::ari::bridges::{BridgeCreateOptions, CreateOptions};
use voxtra_rt::ari::channels::{
    ChannelOriginateOptions, ExternalMediaOptions, HangupOptions, OriginateOptions, PlayOptions,
    RecordOptions, SnoopWithIdOptions,
};
use voxtra_rt::ari::events::UserEventOptions;
use voxtra_rt::ari::sounds::ListOptions;
use voxtra_rt::ari::{
    AriClient, AriError, AriEvent, AriEvents, AriEventsOptions, AriSignal, BridgeType,
    ChannelDestroyed, ChannelState, DeviceStatus, EndpointState, HangupReason, IfExists, Json,
    MuteDirection, PlaybackState, RecordingState, SnoopDirection, StasisStart, TerminateOn,
    missing_modules,
};

/// The channel with this id entered the application.
async fn started(events: &mut AriEvents, id: &str) -> StasisStart {
    event(events, |event| match event {
        AriEvent::StasisStart(start) if start.channel.id == id => Some((**start).clone()),
        _ => None,
    })
    .await
}

/// The channel with this id is gone.
async fn destroyed(events: &mut AriEvents, id: &str) -> ChannelDestroyed {
    event(events, |event| match event {
        AriEvent::ChannelDestroyed(end) if end.channel.id == id => Some((**end).clone()),
        _ => None,
    })
    .await
}

/// Calls `endpoint` for our application.
async fn originate(ari: &AriClient, endpoint: &str, id: &str) {
    let options = ChannelOriginateOptions::default().app(ari.app());
    let made = ari.channel(id).originate(endpoint, &options).await;
    assert_eq!(made.unwrap().id, id);
}

/// A caller reached the application.
async fn incoming(events: &mut AriEvents) -> StasisStart {
    event(events, |event| match event {
        AriEvent::StasisStart(start) => Some((**start).clone()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn the_login_works_and_nothing_is_missing() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client("login");
    let info = ari.asterisk().info(&Default::default()).await.unwrap();
    assert!(!info.system.unwrap().version.is_empty());
    assert!(!info.status.unwrap().startup_time.is_empty());
    let modules = ari.asterisk().modules().await.unwrap();
    assert_eq!(missing_modules(&modules), []);
}

/// What one file of a description says, a line each.
fn said(file: &Value) -> BTreeSet<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let words = |of: &str, value: &Value| {
        let words = list(&value["allowableValues"]["values"]);
        let words = words.iter().map(|word| format!("{of} may be {word}"));
        words.collect::<Vec<_>>()
    };
    let mut said = BTreeSet::new();
    for api in list(&file["apis"]) {
        for operation in list(&api["operations"]) {
            let of = format!("{} {}", text(&operation["httpMethod"]), text(&api["path"]));
            said.insert(format!(
                "{of} answers {}",
                text(&operation["responseClass"])
            ));
            for parameter in list(&operation["parameters"]) {
                let of = format!("{of}: {}", text(&parameter["name"]));
                let (kind, place) = (&parameter["dataType"], &parameter["paramType"]);
                said.insert(format!("{of} is {kind} in the {place}"));
                said.extend(words(&of, &parameter));
            }
        }
    }
    for (model, described) in file["models"].as_object().into_iter().flatten() {
        said.insert(format!("model {model}"));
        for kind in list(&described["subTypes"]) {
            said.insert(format!("{model} may be {kind}"));
        }
        for (name, property) in described["properties"].as_object().into_iter().flatten() {
            let of = format!("{model}.{name}");
            said.insert(format!("{of} is {}", property["type"]));
            said.extend(words(&of, property));
        }
    }
    said
}

#[tokio::test]
async fn everything_that_this_asterisk_describes_has_a_counterpart() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let vendored = concat!(env!("CARGO_MANIFEST_DIR"), "/voxtra-ari/api");
    let mut known = BTreeSet::new();
    for version in std::fs::read_dir(vendored).unwrap().flatten() {
        for file in std::fs::read_dir(version.path()).into_iter().flatten() {
            let file = std::fs::read_to_string(file.unwrap().path()).unwrap();
            known.extend(said(&serde_json::from_str(&file).unwrap()));
        }
    }
    let mut described = BTreeSet::new();
    let resources = asterisk.get_json("api-docs/resources.json").await;
    for api in resources["apis"].as_array().unwrap() {
        let path = api["path"].as_str().unwrap().replace("{format}", "json");
        let file = asterisk.get_json(path.trim_start_matches('/')).await;
        described.extend(said(&file));
    }
    let lacking: Vec<_> = described.difference(&known).collect();
    assert!(
        lacking.is_empty(),
        "voxtra-ari doesn't have, of what this Asterisk describes: {lacking:#?}\nvoxtra-ari/api/README.md says how to add it"
    );
    let operations = described.iter().filter(|line| line.contains(" answers "));
    assert!(operations.count() >= 100, "{described:#?}");
}

#[tokio::test]
async fn orders_and_events_go_over_tls() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    for orders_over_websocket in [false, true] {
        let ari = AriClient::new(asterisk.tls_settings(&unique("tls"))).unwrap();
        let options = AriEventsOptions::default()
            .with(|options| options.orders_over_websocket = orders_over_websocket);
        let mut events = AriEvents::start(&ari, options, &Default::default());
        assert!(matches!(signal(&mut events).await, AriSignal::Connected));
        let id = unique("tls");
        originate(&ari, "Local/silent@voxtra-test/n", &id).await;
        started(&mut events, &id).await;
        let hung_up = ari.channel(&id).hangup(&HangupOptions::default());
        hung_up.await.unwrap();
        destroyed(&mut events, &id).await;
        events.stop().await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_tls_says_what_to_do() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let tls = asterisk.tls_settings("tls");
    let plain = asterisk.settings("tls").url;
    let error = async |settings| {
        let ari = AriClient::new(settings).unwrap();
        ari.channels().list().await.unwrap_err().to_string()
    };
    let unknown = error(tls.clone().with(|ari| ari.ca_file = None)).await;
    assert!(unknown.contains("`ca_file`"), "{unknown}");
    let without = tls.with(|ari| ari.url.set_port(plain.port()).unwrap());
    let without = error(without).await;
    assert!(without.contains("`tlsbindaddr`"), "{without}");
}

#[tokio::test]
async fn wrong_credentials_are_told_from_missing_rights() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let wrong = AriClient::new(
        asterisk
            .settings("x")
            .with(|ari| ari.password = "wrong".to_owned().into()),
    )
    .unwrap();
    let error = wrong.channels().list().await.unwrap_err();
    assert!(matches!(error, AriError::Unauthorized { .. }), "{error}");
    let mut events = AriEvents::start(&wrong, AriEventsOptions::default(), &Default::default());
    for _ in 0..2 {
        let signal = signal(&mut events).await;
        assert!(
            matches!(
                &signal,
                AriSignal::Disconnected {
                    error: AriError::Unauthorized { .. },
                    ..
                }
            ),
            "{signal:?}"
        );
    }
    let reader = AriClient::new(
        asterisk
            .settings("x")
            .with(|ari| ari.username = "reader".into()),
    )
    .unwrap();
    reader.channels().list().await.unwrap();
    let error = reader.channel("c").answer().await.unwrap_err();
    assert!(matches!(error, AriError::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn a_call_that_is_answered_enters_the_application() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("answered"));
    let mut events = connected(&ari).await;
    let id = unique("call");
    let channel = ari.channel(&id);
    let options = ChannelOriginateOptions::default()
        .app(ari.app())
        .app_args("out,42")
        .caller_id("Voxtra <1000>")
        .timeout(30)
        .variable("__VOXTRA_SCRIPT", "wait:300")
        .variable("CUSTOMER", "Ann & Co.");
    let made = channel.originate("Local/ring@voxtra-test/n", &options);
    assert_eq!(made.await.unwrap().id, id);
    event(&mut events, |event| match event {
        AriEvent::ChannelStateChange(e) if e.channel.id == id => {
            (e.channel.state == ChannelState::Ringing).then_some(())
        }
        _ => None,
    })
    .await;
    let start = started(&mut events, &id).await;
    assert_eq!(start.args, ["out", "42"]);
    assert_eq!(start.channel.state, ChannelState::Up);

    // What is in the body arrives; what was never set is none; what is set can be read.
    assert_eq!(
        channel.variable("CUSTOMER").await.unwrap().value,
        "Ann & Co."
    );
    assert_eq!(channel.variable_if_set("NEVER_SET").await.unwrap(), None);
    let set = channel.set_variable("NOTE", "100 % é", &Default::default());
    set.await.unwrap();
    assert_eq!(
        channel.variable_if_set("NOTE").await.unwrap().as_deref(),
        Some("100 % é")
    );

    assert!(
        ari.channels()
            .list()
            .await
            .unwrap()
            .iter()
            .any(|channel| channel.id == id)
    );
    assert_eq!(channel.get().await.unwrap().state, ChannelState::Up);
    ari.channel(&id).hangup(&Default::default()).await.unwrap();
    assert_eq!(destroyed(&mut events, &id).await.cause, 16);
    assert!(
        ari.channel(&id)
            .hangup(&Default::default())
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn each_refusal_has_its_cause() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("refused"));
    let mut events = connected(&ari).await;
    for (extension, cause) in [
        ("busy", 17),
        ("refuse", 21),
        ("congestion", 34),
        ("unallocated", 1),
    ] {
        let id = unique("call");
        originate(&ari, &format!("Local/{extension}@voxtra-test/n"), &id).await;
        assert_eq!(
            destroyed(&mut events, &id).await.cause,
            cause,
            "{extension}"
        );
    }
    // An endpoint that cannot exist is refused at once.
    let error = ari
        .channels()
        .originate(
            "Carrier/pigeon",
            &OriginateOptions::default().app(ari.app()),
        )
        .await
        .unwrap_err();
    assert!(matches!(error, AriError::Status { .. }), "{error}");
}

#[tokio::test]
async fn a_call_that_nobody_answers_ends_after_its_time() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("unanswered"));
    let mut events = connected(&ari).await;
    let id = unique("call");
    let options = ChannelOriginateOptions::default().app(ari.app()).timeout(1);
    let made = ari.channel(&id);
    let made = made.originate("Local/no-answer@voxtra-test/n", &options);
    made.await.unwrap();
    assert_eq!(destroyed(&mut events, &id).await.cause, 19);
}

#[tokio::test]
async fn a_call_into_the_dialplan_reaches_its_extension() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("dialplan"));
    let mut events = connected(&ari).await;
    // Whoever answers is sent to voxtra-in, whose Stasis() brings the channel to us.
    let options = OriginateOptions::default()
        .context("voxtra-in")
        .extension("4711")
        .priority(1)
        .caller_id("265888222222")
        .variable("VOXTRA_APP", ari.app())
        .variable("VOXTRA_ARGS", "x,y");
    let made = ari.channels();
    let made = made.originate("Local/silent@voxtra-test/n", &options);
    let id = made.await.unwrap().id;
    let start = started(&mut events, &id).await;
    assert_eq!(start.args, ["x", "y"]);
    assert_eq!(start.channel.dialplan.exten, "4711");
    let ours = ari.application(ari.app());
    let ours = ours.subscribe(format!("channel:{id}")).await.unwrap();
    assert!(ours.channel_ids.contains(&id), "{ours:?}");
    let channel = ari.channel(&id);
    channel
        .continue_in_dialplan(&Default::default())
        .await
        .unwrap();
    // The next step hangs up.
    assert_eq!(destroyed(&mut events, &id).await.cause, 16);
}

#[tokio::test]
async fn an_inbound_call_rings_is_answered_presses_a_key_and_hangs_up() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("inbound"));
    let mut events = connected(&ari).await;
    let variables = [
        ("__VOXTRA_APP", ari.app()),
        ("__VOXTRA_ARGS", "sales"),
        ("VOXTRA_SCRIPT", "wait:1&dtmf:7&wait:1"),
    ];
    asterisk
        .call(Call {
            extension: "script",
            variables: &variables,
            ..Call::default()
        })
        .await;

    let start = incoming(&mut events).await;
    assert_eq!(start.args, ["sales"]);
    assert_eq!(start.channel.state, ChannelState::Ring);
    assert_eq!(
        (
            start.channel.caller.name.as_str(),
            start.channel.caller.number.as_str()
        ),
        ("Ann", "265888111111")
    );
    assert_eq!(start.channel.dialplan.exten, "1000");
    let id = start.channel.id;

    ari.channel(&id).answer().await.unwrap();
    event(&mut events, |event| match event {
        AriEvent::ChannelStateChange(e) if e.channel.id == id => {
            (e.channel.state == ChannelState::Up).then_some(())
        }
        _ => None,
    })
    .await;
    // From the key to the end: one key press and no other.
    let mut keys = String::new();
    loop {
        match signal(&mut events).await {
            AriSignal::Event(AriEvent::ChannelDtmfReceived(e)) => keys.push_str(&e.digit),
            AriSignal::Event(AriEvent::StasisEnd(e)) if e.channel.id == id => break,
            AriSignal::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(keys, "7");
}

#[tokio::test]
async fn external_media_connects_with_its_uuid_at_either_rate() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    for (format, kind, length) in [("slin", 0x10, 320_u16), ("slin16", 0x12, 640)] {
        let ari = asterisk.client(&unique("media"));
        let mut events = connected(&ari).await;
        let variables = [("__VOXTRA_APP", ari.app()), ("VOXTRA_SCRIPT", "tone:300")];
        asterisk
            .call(Call {
                extension: "script",
                variables: &variables,
                ..Call::default()
            })
            .await;
        let caller = incoming(&mut events).await.channel.id;
        ari.channel(&caller).answer().await.unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (media, uuid) = (unique("media"), Uuid::new_v4());
        let address = listener.local_addr().unwrap().to_string();
        let options = ExternalMediaOptions::audiosocket(address, uuid).channel_id(&media);
        let made = ari.channels().external_media(ari.app(), format, &options);
        let (made, accepted) = tokio::join!(made.into_future(), listener.accept());
        assert_eq!(made.unwrap().id, media);
        let start = started(&mut events, &media).await;
        assert_eq!(start.args, [uuid.to_string()]);

        let mut socket = accepted.unwrap().0;
        let mut hello = [0; 19];
        socket.read_exact(&mut hello).await.unwrap();
        assert_eq!(hello[..3], [0x01, 0, 16]);
        assert_eq!(&hello[3..], uuid.as_bytes());

        let options = CreateOptions::default()
            .kind("mixing")
            .bridge_id(unique("bridge"));
        let made = ari.bridges().create(&options).await.unwrap();
        let bridge = ari.bridge(made.id);
        let both = [&*caller, &*media];
        bridge.add_channel(both, &Default::default()).await.unwrap();
        let mut header = [0; 3];
        let read = tokio::time::timeout(PATIENCE, socket.read_exact(&mut header)).await;
        read.unwrap().unwrap();
        assert_eq!(
            (header[0], u16::from_be_bytes([header[1], header[2]])),
            (kind, length)
        );
        assert!(
            ari.bridges()
                .list()
                .await
                .unwrap()
                .iter()
                .any(|b| b.id == bridge.id() && b.channels.len() == 2)
        );

        bridge.remove_channel(&caller).await.unwrap();
        bridge.destroy().await.unwrap();
        for id in [&caller, &media] {
            ari.channel(id).hangup(&Default::default()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn external_media_to_nobody_is_refused() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("nobody"));
    let _events = connected(&ari).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let options = ExternalMediaOptions::audiosocket(free.to_string(), Uuid::new_v4());
    let made = ari.channels().external_media(ari.app(), "slin", &options);
    let error = made.await.unwrap_err();
    assert!(
        matches!(error, AriError::Status { status: 500, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_sound_plays_to_its_end_or_until_it_is_stopped() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("sound"));
    let mut events = connected(&ari).await;
    let id = unique("call");
    originate(&ari, "Local/silent@voxtra-test/n", &id).await;
    started(&mut events, &id).await;
    let is_over = |playback: String| {
        move |event: &AriEvent| match event {
            AriEvent::PlaybackFinished(e) if e.playback.id == playback => {
                Some(e.playback.state.clone())
            }
            _ => None,
        }
    };
    for (sound, expected) in [
        ("sound:beep", PlaybackState::Done),
        ("sound:no-such-sound", PlaybackState::Failed),
    ] {
        let playback = unique("playback");
        let options = PlayOptions::default().playback_id(&playback);
        let made = ari.channel(&id).play(sound, &options).await.unwrap();
        assert_eq!(made.id, playback);
        assert_eq!(
            event(&mut events, is_over(playback)).await,
            expected,
            "{sound}"
        );
    }
    let playback = unique("playback");
    let channel = ari.channel(&id);
    channel
        .play_with_id(&playback, "tone:1004", &Default::default())
        .await
        .unwrap();
    ari.playback(&playback).stop().await.unwrap();
    event(&mut events, is_over(playback)).await;
    ari.channel(&id).hangup(&Default::default()).await.unwrap();
}

#[tokio::test]
async fn a_channel_is_held_muted_snooped_and_recorded() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("handled"));
    let mut events = connected(&ari).await;
    let id = unique("call");
    originate(&ari, "Local/silent@voxtra-test/n", &id).await;
    started(&mut events, &id).await;
    let channel = ari.channel(&id);
    channel.hold().await.unwrap();
    channel.unhold().await.unwrap();
    channel.ring().await.unwrap();
    channel.ring_stop().await.unwrap();
    channel.start_silence().await.unwrap();
    channel.stop_silence().await.unwrap();
    channel.mute(MuteDirection::In).await.unwrap();
    channel.unmute(MuteDirection::Both).await.unwrap();
    channel.send_dtmf("1", &Default::default()).await.unwrap();
    let variables = Json::from_iter([("A".into(), "1".into()), ("B".into(), "2 3".into())]);
    channel.set_variables(&variables).await.unwrap();
    let read = channel.variables(["A", "B"]).await.unwrap();
    assert_eq!(read.variables, variables);

    let spying = unique("spy");
    let options = SnoopWithIdOptions::default().spy(SnoopDirection::Both);
    let spy = channel.snoop_with_id(&spying, ari.app(), &options).await;
    assert_eq!(spy.unwrap().id, spying);
    started(&mut events, &spying).await;
    ari.channel(&spying)
        .hangup(&Default::default())
        .await
        .unwrap();

    // Names are often numbers of callers.
    let name = unique("recording of +4930");
    let options = RecordOptions::default()
        .if_exists(IfExists::Overwrite)
        .terminate_on(TerminateOn::Pound);
    let made = channel.record(&name, "wav", &options).await.unwrap();
    assert_eq!(made.name, name);
    let live = ari.live_recording(&name);
    live.pause().await.unwrap();
    assert_eq!(live.get().await.unwrap().state, RecordingState::Paused);
    live.unpause().await.unwrap();
    live.stop().await.unwrap();
    let duration = event(&mut events, |event| match event {
        AriEvent::RecordingFinished(e) if e.recording.name == name => Some(e.recording.duration),
        _ => None,
    });
    assert!(duration.await.is_some());
    let stored = ari.stored_recording(&name);
    assert_eq!(stored.get().await.unwrap().format, "wav");
    assert!(stored.file().await.unwrap().starts_with(b"RIFF"));
    let copied = ari.stored_recording(stored.copy(&unique("copy")).await.unwrap().name);
    for recording in [&stored, &copied] {
        recording.delete().await.unwrap();
        assert!(recording.get().await.unwrap_err().is_not_found());
    }

    channel
        .hangup(&HangupOptions::default().reason(HangupReason::Busy))
        .await
        .unwrap();
    assert_eq!(destroyed(&mut events, &id).await.cause, 17);
}

#[tokio::test]
async fn every_other_resource_answers_what_is_described() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("resources"));
    let mut events = connected(&ari).await;

    let applications = ari.applications().list().await.unwrap();
    assert!(applications.iter().any(|a| a.name == ari.app()));
    let only = serde_json::json!({ "disallowed": [{ "type": "ChannelVarset" }] });
    let filtered = ari.application(ari.app()).filter(only.as_object().unwrap());
    assert_eq!(filtered.await.unwrap().events_disallowed.len(), 1);

    let tell = UserEventOptions::default().variable("sheep", "7");
    ari.events()
        .user_event("counted", ari.app(), &tell)
        .await
        .unwrap();
    let sheep = event(&mut events, |event| match event {
        AriEvent::ChannelUserevent(e) if e.eventname == "counted" => Some(e.userevent.clone()),
        _ => None,
    });
    assert_eq!(sheep.await["sheep"], "7");

    let device = ari.device_state(format!("Stasis:{}", ari.app()));
    device.update(DeviceStatus::RingInUse).await.unwrap();
    assert_eq!(device.get().await.unwrap().state, DeviceStatus::RingInUse);
    assert!(!ari.device_states().list().await.unwrap().is_empty());
    device.delete().await.unwrap();

    let endpoints = ari.endpoints().list().await.unwrap();
    let known = endpoints
        .iter()
        .find(|e| e.resource == "anonymous")
        .unwrap();
    assert_eq!(known.state, Some(EndpointState::Offline));
    let one = ari.endpoint(&known.technology, &known.resource);
    assert_eq!(one.get().await.unwrap(), *known);

    let beep = ari.sound("beep").get().await.unwrap();
    assert!(beep.formats.iter().any(|f| f.language == "en"), "{beep:?}");
    let german = ListOptions::default().lang("de");
    let none = ari.sounds().list(&german).await.unwrap_err();
    assert!(none.is_not_found(), "{none}");

    let whole = ari.asterisk();
    assert_eq!(whole.ping().await.unwrap().ping, "pong");
    assert!(whole.module("res_ari.so").await.unwrap().is_running());
    let (variable, value) = (unique("VARIABLE"), "a b");
    whole.set_variable(&variable, value).await.unwrap();
    assert_eq!(whole.variable(&variable).await.unwrap().value, value);
    let log = unique("log");
    whole.add_log(&log, "notice").await.unwrap();
    let logs = whole.log_channels().await.unwrap();
    assert!(logs.iter().any(|l| l.channel.ends_with(&log)), "{logs:?}");
    whole.delete_log(&log).await.unwrap();

    let bridge = ari.bridge(unique("bridge"));
    let named = BridgeCreateOptions::default().name("lobby");
    let made = bridge.create(&named).await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.bridge_type),
        ("lobby", BridgeType::Mixing)
    );
    bridge
        .set_variable("A", "1", &Default::default())
        .await
        .unwrap();
    assert_eq!(bridge.variable("A").await.unwrap().value, "1");
    bridge.destroy().await.unwrap();

    // The module isn't there.
    let error = ari.mailboxes().list().await.unwrap_err();
    assert!(matches!(&error, AriError::NotServed { .. }), "{error}");
    assert!(
        error.to_string().contains("res_ari_mailboxes.so"),
        "{error}"
    );
}

#[tokio::test]
async fn the_second_application_of_a_name_replaces_the_first() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let ari = asterisk.client(&unique("replaced"));
    let mut first = connected(&ari).await;
    let mut second = connected(&ari).await;
    let signal = signal(&mut first).await;
    assert!(matches!(signal, AriSignal::Replaced), "{signal:?}");

    let id = unique("call");
    originate(&ari, "Local/silent@voxtra-test/n", &id).await;
    started(&mut second, &id).await;
    ari.channel(&id).hangup(&Default::default()).await.unwrap();
}

#[tokio::test]
async fn the_event_connection_survives_a_restart_and_a_crash_of_asterisk() {
    let Some(asterisk) = Asterisk::get_alone().await else {
        return;
    };
    let ari = asterisk.client(&unique("restart"));
    let mut events = connected(&ari).await;
    for end in ["stop", "kill"] {
        asterisk.rig(&[end]).await;
        let lost = loop {
            // The other half of the last call may still be on its way out.
            match signal(&mut events).await {
                AriSignal::Event(_) => {}
                other => break other,
            }
        };
        assert!(
            matches!(
                &lost,
                AriSignal::Disconnected {
                    error: AriError::Closed { .. },
                    ..
                }
            ),
            "{end}: {lost:?}"
        );
        let error = ari.channels().list().await.unwrap_err();
        assert!(
            matches!(error, AriError::Transport { .. }),
            "{end}: {error}"
        );
        asterisk.rig(&["start"]).await;
        loop {
            match signal(&mut events).await {
                AriSignal::Connected => break,
                AriSignal::Disconnected { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        let id = unique("call");
        originate(&ari, "Local/silent@voxtra-test/n", &id).await;
        started(&mut events, &id).await;
        ari.channel(&id).hangup(&Default::default()).await.unwrap();
        destroyed(&mut events, &id).await;
    }
}
