//! Calls on an Asterisk that loses events, refuses orders and cuts connections. No session may outlive its call, and no
//! call its session.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

mod peer;

use std::time::Duration;

use peer::Asterisk;
use voxtra::prelude::*;
use voxtra::rt::app::{Builder, Handler, Outbound};
use voxtra::rt::media::MediaSettings;

/// What nothing in these tests takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(30);

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, waiting).await;
    assert!(waited.is_ok(), "never happened: {what}");
}

async fn application(asterisk: &Asterisk, with: impl FnOnce(Builder) -> Builder) -> Application {
    application_for(asterisk, with, 100).await
}

async fn application_for(
    asterisk: &Asterisk,
    with: impl FnOnce(Builder) -> Builder,
    max_calls: usize,
) -> Application {
    let app = Application::builder()
        .asterisk(asterisk.settings())
        .media(MediaSettings {
            listen: ([127, 0, 0, 1], 0).into(),
            max_calls,
            ..MediaSettings::default()
        })
        .compare_every(Duration::from_millis(200));
    let app = with(app).start().await.unwrap();
    tokio::time::timeout(LONG, app.online()).await.unwrap();
    app
}

async fn stays(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.ended().await;
    Ok(())
}

/// Waits for the next event with this name, of any call.
async fn event(
    events: &mut tokio::sync::broadcast::Receiver<std::sync::Arc<voxtra::rt::session::Event>>,
    name: &str,
) -> serde_json::Value {
    let found = async {
        loop {
            let event = events.recv().await.unwrap();
            if event.wire() == name {
                return serde_json::from_str(&event.to_json()).unwrap();
            }
        }
    };
    let found = tokio::time::timeout(LONG, found).await;
    found.unwrap_or_else(|_| panic!("never told: {name}"))
}

/// No call is left, here or there.
async fn nothing_is_left(app: &Application, asterisk: &Asterisk) {
    until("no sessions", || app.calls().is_empty()).await;
    until("no channels", || asterisk.world().channels.is_empty()).await;
    until("no bridges", || asterisk.world().bridges.is_empty()).await;
}

#[tokio::test]
async fn a_call_whose_end_is_never_told_ends_while_the_events_go_on() {
    let asterisk = Asterisk::start().await;
    asterisk.world().lost = vec!["ChannelDestroyed", "StasisEnd"];
    let app = application(&asterisk, |app| app.default(stays)).await;
    let mut events = app.events();
    asterisk.caller("1.1");
    event(&mut events, "media.started").await;
    asterisk.gone("1.1");
    let ended = event(&mut events, "call.ended").await;
    assert_eq!(ended["data"]["reason"], "lost_with_asterisk");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn who_sees_a_bridge_or_a_channel_does_not_learn_the_id_of_its_audio() {
    let asterisk = Asterisk::start().await;
    let app = application(&asterisk, |app| app.default(stays)).await;
    let mut events = app.events();
    asterisk.caller("1.1");
    event(&mut events, "media.started").await;
    let (id, names) = {
        let world = asterisk.world();
        let names: Vec<String> = world
            .bridges
            .keys()
            .chain(world.channels.keys())
            .cloned()
            .collect();
        (world.ids[0], names)
    };
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        for secret in [id.to_string(), id.simple().to_string()] {
            assert!(!name.contains(&secret), "{name}");
        }
    }
    asterisk.gone("1.1");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn a_caller_who_came_while_nobody_was_told_gets_a_session() {
    let asterisk = Asterisk::start().await;
    asterisk.world().lost = vec!["StasisStart"];
    let app = application(&asterisk, |app| {
        app.default(|call: Call| async move {
            call.ended().await;
        })
    })
    .await;
    let mut events = app.events();
    asterisk.caller("1.1");
    event(&mut events, "call.started").await;
    assert_eq!(app.calls()[0].args(), ["sales"]);
    asterisk.gone("1.1");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn an_outbound_call_whose_answer_is_never_told_is_answered() {
    let asterisk = Asterisk::start().await;
    let app = application(&asterisk, |app| app).await;
    let mut events = app.events();
    let call = app
        .originate(Outbound::to("PJSIP/200"), Handler::new(stays))
        .unwrap();
    until("a channel", || {
        asterisk.world().channels.contains_key(call.id())
    })
    .await;
    asterisk.world().lost = vec!["StasisStart"];
    asterisk.enter(call.id());
    asterisk.world().lost.clear();
    event(&mut events, "call.answered").await;
    event(&mut events, "media.started").await;
    asterisk.gone(call.id());
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn a_call_that_we_hang_up_ends_whatever_is_told() {
    let asterisk = Asterisk::start().await;
    let app = application(&asterisk, |app| {
        app.compare_every(Duration::from_secs(3600)).default(stays)
    })
    .await;
    let mut events = app.events();
    asterisk.caller("1.1");
    event(&mut events, "media.started").await;
    asterisk.world().lost = vec!["ChannelDestroyed", "StasisEnd"];
    app.calls()[0].hangup().await.unwrap();
    let ended = event(&mut events, "call.ended").await;
    assert_eq!(ended["data"]["reason"], "normal_clearing");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn audio_that_is_lost_is_connected_again_within_the_same_session() {
    let asterisk = Asterisk::start().await;
    let app = application(&asterisk, |app| app.default(stays)).await;
    let mut events = app.events();
    asterisk.caller("1.1");
    let first = event(&mut events, "media.started").await;
    asterisk.cut_media();
    event(&mut events, "media.stopped").await;
    let again = event(&mut events, "media.started").await;
    assert_eq!(first["session_id"], again["session_id"]);
    let call = app.calls().pop().unwrap();
    let spoken = tokio::time::timeout(LONG, call.send_audio(&[1000; 1600], 8000)).await;
    assert_eq!(spoken.unwrap().unwrap(), Spoken::Completed);
    asterisk.gone("1.1");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn a_caller_whose_audio_is_lost_for_good_goes_on_in_the_dialplan() {
    let asterisk = Asterisk::start().await;
    let app = application(&asterisk, |app| app.default(stays)).await;
    let mut events = app.events();
    asterisk.caller("1.1");
    event(&mut events, "media.started").await;
    asterisk
        .world()
        .refused
        .push(("POST channels/externalMedia", 500, u32::MAX));
    asterisk.cut_media();
    let ended = event(&mut events, "call.ended").await;
    assert_eq!(ended["data"]["reason"], "media_lost");
    nothing_is_left(&app, &asterisk).await;
    let orders = asterisk.world().orders.join("\n");
    assert!(orders.contains("POST channels/1.1/continue"), "{orders}");
}

#[tokio::test]
async fn an_order_that_fails_for_a_moment_leaves_nothing_behind() {
    let asterisk = Asterisk::start().await;
    let app = application(&asterisk, |app| app.default(stays)).await;
    let mut events = app.events();
    asterisk.caller("1.1");
    event(&mut events, "media.started").await;
    asterisk.world().refused = vec![
        ("DELETE channels/voxtra-media", 401, 2),
        ("DELETE bridges", 500, 2),
    ];
    asterisk.gone("1.1");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn calls_beyond_the_limit_are_not_answered() {
    let asterisk = Asterisk::start().await;
    let app = application_for(&asterisk, |app| app.default(stays), 2).await;
    let mut events = app.events();
    for id in ["1.1", "1.2"] {
        asterisk.caller(id);
        event(&mut events, "media.started").await;
    }
    for id in 3..50 {
        asterisk.caller(&format!("1.{id}"));
    }
    until("refusals", || app.refused_calls() == 47).await;
    until("they go on in the dialplan", || {
        let world = asterisk.world();
        let on = world
            .orders
            .iter()
            .filter(|order| order.ends_with("/continue"));
        on.count() == 47
    })
    .await;
    let answers = asterisk
        .world()
        .orders
        .iter()
        .filter(|order| order.starts_with("POST channels/1.") && order.ends_with("/answer"))
        .count();
    assert_eq!((answers, app.calls().len()), (2, 2));
    asterisk.gone("1.1");
    asterisk.gone("1.2");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn one_caller_has_only_so_many_calls() {
    use voxtra::rt::app::{CallLimits, CallRefusal};
    let asterisk = Asterisk::start().await;
    let limits = CallLimits {
        per_caller: Some(2),
        ..CallLimits::default()
    };
    let app = application(&asterisk, |app| app.limits(limits).default(stays)).await;
    let mut events = app.events();
    for id in ["1.1", "1.2", "1.3"] {
        asterisk.caller(id);
        if id != "1.3" {
            event(&mut events, "media.started").await;
        }
    }
    until("a refusal", || app.refused_calls() == 1).await;
    assert_eq!(app.call_refusals(), [(CallRefusal::PerCaller, 1)]);
    until("it goes on in the dialplan", || {
        let orders = &asterisk.world().orders;
        orders.contains(&"POST channels/1.3/continue".to_owned())
    })
    .await;
    let answered = "POST channels/1.3/answer".to_owned();
    assert!(!asterisk.world().orders.contains(&answered));
    // When one has ended, there is room for another.
    asterisk.gone("1.1");
    event(&mut events, "session.destroyed").await;
    until("its end", || app.calls().len() == 1).await;
    asterisk.caller("1.4");
    event(&mut events, "media.started").await;
    asterisk.gone("1.2");
    asterisk.gone("1.4");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn the_other_party_of_a_call_that_an_earlier_process_transferred_does_not_stay_alone() {
    let asterisk = Asterisk::start().await;
    let other = "voxtra-transfer-40325ec2-5efd-4bd3-805f-53576e581d13";
    let bridge = "voxtra-bridge-40325ec2-5efd-4bd3-805f-53576e581d13";
    for id in ["1.1", other] {
        let channel = peer::Channel {
            state: "Up",
            is_in_app: true,
        };
        asterisk.world().channels.insert(id.into(), channel);
    }
    let talking = vec!["1.1".to_owned(), other.to_owned()];
    asterisk.world().bridges.insert(bridge.into(), talking);
    let app = application(&asterisk, |app| app.default(stays)).await;
    until("a comparison", || {
        let world = asterisk.world();
        world
            .orders
            .iter()
            .filter(|order| *order == "GET bridges")
            .count()
            > 4
    })
    .await;
    assert_eq!(asterisk.world().channels.len(), 2, "they still talk");
    asterisk.gone("1.1");
    nothing_is_left(&app, &asterisk).await;
}

#[tokio::test]
async fn asterisk_is_connected_to_again_however_long_it_was_away() {
    let asterisk = Asterisk::start().await;
    let app = application(&asterisk, |app| app.default(stays)).await;
    let mut events = app.events();
    asterisk.caller("1.1");
    event(&mut events, "media.started").await;
    asterisk.disconnect();
    asterisk.world().lost = vec!["ChannelDestroyed"];
    asterisk.gone("1.1");
    event(&mut events, "call.ended").await;
    tokio::time::timeout(LONG, app.online()).await.unwrap();
    nothing_is_left(&app, &asterisk).await;
}
