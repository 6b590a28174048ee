//! The ARI client and the event connection against a real Asterisk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asterisk;

use std::time::Duration;

use asterisk::{Asterisk, Call, PATIENCE, connected, event, signal, unique};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use uuid::Uuid;
use voxtra_rt::ari::{
    AriClient, AriError, AriEvent, AriEvents, AriEventsOptions, AriSignal, BridgeKind,
    ChannelDestroyed, ChannelState, ContinueAt, ExternalMedia, HangupReason, MediaFormat,
    Originate, PlaybackState, StasisStart, missing_modules,
};

/// The channel with this id entered the application.
async fn started(events: &mut AriEvents, id: &str) -> StasisStart {
    event(events, |event| match event {
        AriEvent::StasisStart(start) if start.channel.id == id => Some(start.clone()),
        _ => None,
    })
    .await
}

/// The channel with this id is gone.
async fn destroyed(events: &mut AriEvents, id: &str) -> ChannelDestroyed {
    event(events, |event| match event {
        AriEvent::ChannelDestroyed(end) if end.channel.id == id => Some(end.clone()),
        _ => None,
    })
    .await
}

/// A caller reached the application.
async fn incoming(events: &mut AriEvents) -> StasisStart {
    event(events, |event| match event {
        AriEvent::StasisStart(start) => Some(start.clone()),
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
    let info = ari.asterisk_info().await.unwrap();
    assert!(
        !info.version.is_empty() && !info.startup_time.is_empty(),
        "{info:?}"
    );
    assert_eq!(missing_modules(&ari.modules().await.unwrap()), []);
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
    let error = wrong.channels().await.unwrap_err();
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
    reader.channels().await.unwrap();
    let error = reader.answer("c").await.unwrap_err();
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
    let call = Originate::to_stasis("Local/ring@voxtra-test/n")
        .args(["out", "42"])
        .channel_id(&id)
        .caller_id("Voxtra <1000>")
        .timeout(PATIENCE)
        .variable("__VOXTRA_SCRIPT", "wait:300")
        .variable("CUSTOMER", "Ann & Co.");
    assert_eq!(ari.originate(call).await.unwrap().id, id);
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
        ari.get_variable(&id, "CUSTOMER").await.unwrap().as_deref(),
        Some("Ann & Co.")
    );
    assert_eq!(ari.get_variable(&id, "NEVER_SET").await.unwrap(), None);
    ari.set_variable(&id, "NOTE", "100 % é").await.unwrap();
    assert_eq!(
        ari.get_variable(&id, "NOTE").await.unwrap().as_deref(),
        Some("100 % é")
    );

    assert!(
        ari.channels()
            .await
            .unwrap()
            .iter()
            .any(|channel| channel.id == id)
    );
    assert_eq!(ari.channel(&id).await.unwrap().state, ChannelState::Up);
    ari.hangup(&id, HangupReason::Normal).await.unwrap();
    assert_eq!(destroyed(&mut events, &id).await.cause, 16);
    assert!(
        ari.hangup(&id, HangupReason::Normal)
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
        ari.originate(
            Originate::to_stasis(format!("Local/{extension}@voxtra-test/n")).channel_id(&id),
        )
        .await
        .unwrap();
        assert_eq!(
            destroyed(&mut events, &id).await.cause,
            cause,
            "{extension}"
        );
    }
    // An endpoint that cannot exist is refused at once.
    let error = ari
        .originate(Originate::to_stasis("Carrier/pigeon"))
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
    let call = Originate::to_stasis("Local/no-answer@voxtra-test/n")
        .channel_id(&id)
        .timeout(Duration::from_secs(1));
    ari.originate(call).await.unwrap();
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
    let call = Originate::to_dialplan("Local/silent@voxtra-test/n", "voxtra-in", "4711")
        .caller_id("265888222222")
        .variable("VOXTRA_APP", ari.app())
        .variable("VOXTRA_ARGS", "x,y");
    let id = ari.originate(call).await.unwrap().id;
    let start = started(&mut events, &id).await;
    assert_eq!(start.args, ["x", "y"]);
    assert_eq!(start.channel.dialplan.exten, "4711");
    ari.subscribe_channel(&id).await.unwrap();
    ari.continue_in_dialplan(&id, &ContinueAt::default())
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

    ari.answer(&id).await.unwrap();
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
    for (format, kind, length) in [
        (MediaFormat::Slin, 0x10, 320_u16),
        (MediaFormat::Slin16, 0x12, 640),
    ] {
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
        ari.answer(&caller).await.unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let media = ExternalMedia {
            channel_id: unique("media"),
            address: listener.local_addr().unwrap().to_string(),
            uuid: Uuid::new_v4(),
            format,
        };
        let (made, accepted) = tokio::join!(ari.external_media(&media), listener.accept());
        assert_eq!(made.unwrap().id, media.channel_id);
        let start = started(&mut events, &media.channel_id).await;
        assert_eq!(start.args, [media.uuid.to_string()]);

        let mut socket = accepted.unwrap().0;
        let mut hello = [0; 19];
        socket.read_exact(&mut hello).await.unwrap();
        assert_eq!(hello[..3], [0x01, 0, 16]);
        assert_eq!(&hello[3..], media.uuid.as_bytes());

        let bridge = unique("bridge");
        ari.create_bridge(&bridge, BridgeKind::Mixing)
            .await
            .unwrap();
        ari.add_to_bridge(&bridge, &[&caller, &media.channel_id])
            .await
            .unwrap();
        let mut header = [0; 3];
        let read = tokio::time::timeout(PATIENCE, socket.read_exact(&mut header)).await;
        read.unwrap().unwrap();
        assert_eq!(
            (header[0], u16::from_be_bytes([header[1], header[2]])),
            (kind, length)
        );
        assert!(
            ari.bridges()
                .await
                .unwrap()
                .iter()
                .any(|b| b.id == bridge && b.channels.len() == 2)
        );

        ari.remove_from_bridge(&bridge, &[&caller]).await.unwrap();
        ari.destroy_bridge(&bridge).await.unwrap();
        for id in [&caller, &media.channel_id] {
            ari.hangup(id, HangupReason::Normal).await.unwrap();
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
    let media = ExternalMedia {
        channel_id: unique("media"),
        address: free.to_string(),
        uuid: Uuid::new_v4(),
        format: MediaFormat::Slin,
    };
    let error = ari.external_media(&media).await.unwrap_err();
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
    ari.originate(Originate::to_stasis("Local/silent@voxtra-test/n").channel_id(&id))
        .await
        .unwrap();
    started(&mut events, &id).await;
    let is_over = |playback: String| {
        move |event: &AriEvent| match event {
            AriEvent::PlaybackFinished(e) if e.playback.id == playback => Some(e.playback.state),
            _ => None,
        }
    };
    for (sound, expected) in [
        ("sound:beep", PlaybackState::Done),
        ("sound:no-such-sound", PlaybackState::Failed),
    ] {
        let playback = unique("playback");
        assert_eq!(ari.play(&id, sound, &playback).await.unwrap().id, playback);
        assert_eq!(
            event(&mut events, is_over(playback)).await,
            expected,
            "{sound}"
        );
    }
    let playback = unique("playback");
    ari.play(&id, "tone:1004", &playback).await.unwrap();
    ari.stop_playback(&playback).await.unwrap();
    event(&mut events, is_over(playback)).await;
    ari.hangup(&id, HangupReason::Normal).await.unwrap();
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
    ari.originate(Originate::to_stasis("Local/silent@voxtra-test/n").channel_id(&id))
        .await
        .unwrap();
    started(&mut second, &id).await;
    ari.hangup(&id, HangupReason::Normal).await.unwrap();
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
        let error = ari.channels().await.unwrap_err();
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
        ari.originate(Originate::to_stasis("Local/silent@voxtra-test/n").channel_id(&id))
            .await
            .unwrap();
        started(&mut events, &id).await;
        ari.hangup(&id, HangupReason::Normal).await.unwrap();
        destroyed(&mut events, &id).await;
    }
}
