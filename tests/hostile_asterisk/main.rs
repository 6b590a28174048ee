//! Calls on an Asterisk that loses events, refuses orders, stalls, floods, lies and cuts connections. No session may outlive its
//! call, and no call its session: that is looked at after each of these tests.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

mod peer;
mod stage;

use std::time::Duration;

use peer::{Asterisk, Flood, Manner};
use stage::{Stage, is_heard};
use voxtra::allocations::{Weighing, bytes_in_use};
use voxtra::prelude::*;
use voxtra::rt::app::{Handler, OnHandlerEnd, Outbound};

#[global_allocator]
static ALLOCATOR: Weighing = Weighing;

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

async fn stays(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.ended().await;
    Ok(())
}

#[tokio::test]
async fn a_call_whose_end_is_never_told_ends_while_the_events_go_on() {
    let mut stage = Stage::start(|app| app.default(stays)).await;
    stage.asterisk.world().lost = vec!["ChannelDestroyed", "StasisEnd"];
    stage.talk("1.1").await;
    stage.asterisk.gone("1.1");
    let ended = stage.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "lost_with_asterisk");
    stage.over().await;
}

#[tokio::test]
async fn who_sees_a_bridge_or_a_channel_does_not_learn_the_id_of_its_audio() {
    let mut stage = Stage::start(|app| app.default(stays)).await;
    stage.asterisk.caller("1.1");
    stage.event("media.started").await;
    let (id, names) = {
        let world = stage.asterisk.world();
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
    stage.asterisk.gone("1.1");
    stage.over().await;
}

#[tokio::test]
async fn a_caller_who_came_while_nobody_was_told_gets_a_session() {
    let mut stage = Stage::start(|app| {
        app.default(|call: Call| async move {
            call.ended().await;
        })
    })
    .await;
    stage.asterisk.world().lost = vec!["StasisStart"];
    stage.asterisk.caller("1.1");
    stage.event("call.started").await;
    assert_eq!(stage.app.calls()[0].args(), ["sales"]);
    stage.asterisk.gone("1.1");
    stage.over().await;
}

#[tokio::test]
async fn a_caller_of_another_program_that_has_our_name_is_left_to_it() {
    let stage = Stage::start(|app| app.default(stays)).await;
    let replaced = serde_json::json!({ "type": "ApplicationReplaced", "application": "voxtra" });
    stage.asterisk.say(&replaced);
    until("the other has the name", || stage.asterisk.listeners() == 0).await;
    // It rings, and the other has yet to answer it.
    stage.asterisk.caller("1.1");
    let comparisons = || stage.orders().matches("GET channels").count();
    let before = comparisons();
    // What two looks show is acted upon before the third.
    until("three looks", || comparisons() >= before + 3).await;
    let orders = stage.orders();
    assert!(!orders.contains("POST bridges"), "{orders}");
    stage.asterisk.gone("1.1");
    stage.over().await;
}

#[tokio::test]
async fn an_outbound_call_whose_answer_is_never_told_is_answered() {
    let mut stage = Stage::start(|app| app).await;
    let call = stage
        .app
        .originate(Outbound::to("PJSIP/200"), Handler::new(stays))
        .unwrap();
    until("a channel", || {
        stage.asterisk.world().channels.contains_key(call.id())
    })
    .await;
    stage.asterisk.world().lost = vec!["StasisStart"];
    stage.asterisk.enter(call.id());
    stage.asterisk.world().lost.clear();
    stage.event("call.answered").await;
    stage.event("media.started").await;
    stage.asterisk.gone(call.id());
    stage.over().await;
}

#[tokio::test]
async fn a_call_that_we_hang_up_ends_whatever_is_told() {
    let mut stage =
        Stage::start(|app| app.compare_every(Duration::from_secs(3600)).default(stays)).await;
    let call = stage.talk("1.1").await;
    stage.asterisk.world().lost = vec!["ChannelDestroyed", "StasisEnd"];
    call.hangup().await.unwrap();
    let ended = stage.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "normal_clearing");
    stage.over().await;
}

#[tokio::test]
async fn audio_that_is_lost_is_connected_again_within_the_same_session() {
    let mut stage = Stage::start(|app| app.default(stays)).await;
    stage.asterisk.caller("1.1");
    let first = stage.event("media.started").await;
    stage.asterisk.cut_media();
    stage.event("media.stopped").await;
    let again = stage.event("media.started").await;
    assert_eq!(first["session_id"], again["session_id"]);
    is_heard(&stage.call("1.1")).await;
    stage.asterisk.gone("1.1");
    stage.over().await;
}

#[tokio::test]
async fn a_caller_whose_audio_is_lost_for_good_goes_on_in_the_dialplan() {
    let mut stage = Stage::start(|app| app.default(stays)).await;
    stage.talk("1.1").await;
    let refuses = (
        "POST channels/externalMedia",
        Manner::Refuses(500),
        u32::MAX,
    );
    stage.asterisk.world().manners.push(refuses);
    stage.asterisk.cut_media();
    let ended = stage.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "media_lost");
    let asterisk = stage.asterisk.clone();
    stage.over().await;
    let orders = asterisk.world().orders.join("\n");
    assert!(orders.contains("POST channels/1.1/continue"), "{orders}");
}

#[tokio::test]
async fn an_order_that_fails_for_a_moment_leaves_nothing_behind() {
    let mut stage = Stage::start(|app| app.default(stays)).await;
    stage.talk("1.1").await;
    stage.asterisk.world().manners = vec![
        ("DELETE channels/voxtra-media", Manner::Refuses(401), 2),
        ("DELETE bridges", Manner::Refuses(500), 2),
    ];
    stage.asterisk.gone("1.1");
    stage.over().await;
}

/// At the end, 1.1 was sent on and not hung up.
async fn goes_on_in_the_dialplan(stage: Stage) {
    let asterisk = stage.asterisk.clone();
    stage.over().await;
    let orders = asterisk.world().orders.join("\n");
    assert!(orders.contains("POST channels/1.1/continue"), "{orders}");
    assert!(!orders.contains("DELETE channels/1.1\n"), "{orders}");
}

#[tokio::test]
async fn a_caller_whose_handler_returns_goes_on_in_the_dialplan_where_that_is_wanted() {
    let mut stage = Stage::start(|app| {
        app.on_handler_end(OnHandlerEnd::Continue)
            .default(|call: Call| async move { call.answer().await })
    })
    .await;
    stage.asterisk.caller("1.1");
    let ended = stage.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "left_application");
    goes_on_in_the_dialplan(stage).await;
}

#[tokio::test]
async fn a_caller_whose_handler_fails_goes_on_in_the_dialplan() {
    let fails = |call: Call| async move {
        call.answer().await?;
        Err::<(), HandlerError>("out of order".into())
    };
    let mut stage = Stage::start(|app| app.default(fails)).await;
    // An order that is carried out and not answered must not make a second one that hangs up.
    stage.asterisk.world().manners = vec![("POST channels/1.1/continue", Manner::Mute, 1)];
    stage.asterisk.caller("1.1");
    let ended = stage.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "handler_failed");
    assert_eq!(ended["data"]["ended_by"], "system");
    goes_on_in_the_dialplan(stage).await;
}

#[tokio::test]
async fn an_order_that_is_not_answered_is_given_again() {
    for order in [
        "POST bridges",
        "POST channels/externalMedia",
        "POST channels/1.1/answer",
    ] {
        let mut stage = Stage::start(|app| app.default(stays)).await;
        stage.asterisk.world().manners = vec![(order, Manner::Mute, 1)];
        let call = stage.talk("1.1").await;
        is_heard(&call).await;
        stage.asterisk.gone("1.1");
        stage.over().await;
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_are_not_answered() {
    let mut stage = Stage::with_limit(2, |app| app.default(stays)).await;
    for id in ["1.1", "1.2"] {
        stage.asterisk.caller(id);
        stage.event("media.started").await;
    }
    for id in 3..50 {
        stage.asterisk.caller(&format!("1.{id}"));
    }
    until("refusals", || stage.app.refused_calls() == 47).await;
    until("they go on in the dialplan", || {
        let world = stage.asterisk.world();
        let on = world
            .orders
            .iter()
            .filter(|order| order.ends_with("/continue"));
        on.count() == 47
    })
    .await;
    let answers = stage
        .asterisk
        .world()
        .orders
        .iter()
        .filter(|order| order.starts_with("POST channels/1.") && order.ends_with("/answer"))
        .count();
    assert_eq!((answers, stage.app.calls().len()), (2, 2));
    stage.asterisk.gone("1.1");
    stage.asterisk.gone("1.2");
    stage.over().await;
}

#[tokio::test]
async fn one_caller_has_only_so_many_calls() {
    use voxtra::rt::app::{CallLimits, CallRefusal};
    let limits = CallLimits {
        per_caller: Some(2),
        ..CallLimits::default()
    };
    let mut stage = Stage::start(|app| app.limits(limits).default(stays)).await;
    for id in ["1.1", "1.2", "1.3"] {
        stage.asterisk.caller(id);
        if id != "1.3" {
            stage.event("media.started").await;
        }
    }
    until("a refusal", || stage.app.refused_calls() == 1).await;
    assert_eq!(stage.app.call_refusals(), [(CallRefusal::PerCaller, 1)]);
    until("it goes on in the dialplan", || {
        let orders = &stage.asterisk.world().orders;
        orders.contains(&"POST channels/1.3/continue".to_owned())
    })
    .await;
    let answered = "POST channels/1.3/answer".to_owned();
    assert!(!stage.asterisk.world().orders.contains(&answered));
    // When one has ended, there is room for another.
    stage.asterisk.gone("1.1");
    stage.event("session.destroyed").await;
    until("its end", || stage.app.calls().len() == 1).await;
    stage.asterisk.caller("1.4");
    stage.event("media.started").await;
    stage.asterisk.gone("1.2");
    stage.asterisk.gone("1.4");
    stage.over().await;
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
    let stage = Stage::on(asterisk, 100, |app| app.default(stays)).await;
    until("a comparison", || {
        let world = stage.asterisk.world();
        world
            .orders
            .iter()
            .filter(|order| *order == "GET bridges")
            .count()
            > 4
    })
    .await;
    assert_eq!(stage.asterisk.world().channels.len(), 2, "they still talk");
    stage.asterisk.gone("1.1");
    stage.over().await;
}

#[tokio::test]
async fn asterisk_is_connected_to_again_however_long_it_was_away() {
    let mut stage = Stage::start(|app| app.default(stays)).await;
    stage.talk("1.1").await;
    stage.asterisk.disconnect();
    stage.asterisk.world().lost = vec!["ChannelDestroyed"];
    stage.asterisk.gone("1.1");
    stage.event("call.ended").await;
    tokio::time::timeout(LONG, stage.app.online())
        .await
        .unwrap();
    stage.over().await;
}

/// What an Asterisk may make of us, beside what the other tests of this process take at the same time.
const BYTES: u64 = 96 << 20;

/// Runs `work`, during which no more than [`BYTES`] are taken.
async fn in_bounds<T>(work: impl Future<Output = T>) -> T {
    let before = bytes_in_use();
    let weighing = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        loop {
            ticks.tick().await;
            let taken = bytes_in_use().saturating_sub(before);
            assert!(taken < BYTES, "{} MiB", taken >> 20);
        }
    };
    tokio::select! {
        done = work => done,
        () = weighing => unreachable!(),
    }
}

#[tokio::test]
async fn an_asterisk_that_answers_no_order_any_more_keeps_no_session_and_no_other_call() {
    for manner in [Manner::Deaf, Manner::Endless] {
        let mut stage = Stage::start(|app| app.default(stays)).await;
        let call = stage.talk("1.1").await;
        in_bounds(async {
            stage.asterisk.world().manners = vec![("", manner, u32::MAX)];
            for n in 2..20 {
                stage.asterisk.caller(&format!("1.{n}"));
            }
            // Their sessions end all the same, and the one that is up goes on.
            for _ in 2..20 {
                let ended = stage.event("call.ended").await;
                assert_eq!(ended["data"]["reason"], "handler_failed");
                is_heard(&call).await;
            }
            until("their sessions are over", || stage.app.calls().len() == 1).await;
        })
        .await;
        // When it answers again, nobody is left in it.
        stage.asterisk.world().manners.clear();
        stage.asterisk.gone("1.1");
        stage.over().await;
    }
}

#[tokio::test]
async fn a_flood_on_the_websocket_stops_no_call_and_takes_no_memory() {
    for flood in [Flood::Events, Flood::Pings] {
        let mut stage = Stage::start(|app| app.default(stays)).await;
        let call = stage.talk("1.1").await;
        in_bounds(async {
            stage.asterisk.flood(Some(flood));
            // What is not read finds its end in the buffers of the kernel; what is read has none.
            let flooded = stage.asterisk.clone();
            until("a flood", move || flooded.world().flooded > 2_000).await;
            for _ in 0..10 {
                is_heard(&call).await;
            }
            stage.asterisk.flood(None);
        })
        .await;
        stage.talk("1.2").await;
        for caller in ["1.1", "1.2"] {
            stage.asterisk.gone(caller);
        }
        stage.over().await;
    }
}

#[tokio::test]
async fn a_flood_of_callers_makes_few_sessions_and_few_tasks() {
    for (manner, exten) in [(Manner::Deaf, "200"), (Manner::Endless, "s")] {
        let mut stage = Stage::with_limit(10, |app| app.default(stays)).await;
        let call = stage.talk("1.1").await;
        in_bounds(async {
            stage.asterisk.world().exten = exten;
            stage.asterisk.world().manners = vec![("", manner, u32::MAX)];
            stage.asterisk.flood(Some(Flood::Callers));
            let flooded = stage.asterisk.clone();
            until("a flood", move || flooded.world().flooded > 1_000).await;
            is_heard(&call).await;
            let tasks = tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks();
            assert!(tasks < 1_500, "{tasks} tasks");
            assert!(stage.app.calls().len() <= 10);
            stage.asterisk.flood(None);
            stage.asterisk.world().manners.clear();
        })
        .await;
        stage.asterisk.gone("1.1");
        stage.over().await;
    }
}

#[tokio::test]
async fn lies_about_channels_make_no_session_that_stays() {
    let mut stage = Stage::start(|app| app.default(stays)).await;
    let call = stage.talk("1.1").await;
    let lie = |kind, id: &str| stage.asterisk.lie(kind, id);
    // Channels that nobody knows.
    for kind in [
        "StasisEnd",
        "ChannelDestroyed",
        "ChannelHangupRequest",
        "ChannelDtmfReceived",
        "ChannelStateChange",
        "ApplicationMoveFailed",
        "NoSuchEvent",
    ] {
        lie(kind, "9.9");
    }
    // The same caller again and again, and callers who are not there.
    for _ in 0..50 {
        lie("StasisStart", "1.1");
        lie("StasisStart", "9.1");
    }
    let long = "9".repeat(1 << 20);
    for id in [
        "",
        ".",
        "..",
        "../bridges",
        "9.2/continue",
        "9.2%2Fanswer",
        "9.3?reason=busy#x",
        "9.4\r\nHost: elsewhere",
        "9.5\u{0}\u{202e}",
        "voxtra-media-40325ec2-5efd-4bd3-805f-53576e581d13",
        long.as_str(),
    ] {
        lie("StasisStart", id);
    }
    is_heard(&call).await;
    // What is told after them has been told of them all.
    let other = stage.talk("1.2").await;
    is_heard(&other).await;
    until("the end of what never was", || stage.app.calls().len() == 2).await;
    let orders = stage.orders();
    assert!(!orders.contains("DELETE channels/1.1\n"), "{orders}");
    let answers = orders.matches("POST channels/1.1/answer").count();
    assert_eq!(answers, 1, "{orders}");
    // No id leads to something else: what the caller is called stays in its segment.
    for line in orders.lines() {
        assert!(!line.ends_with("DELETE bridges"), "{line}");
    }
    // Ends that come twice.
    for caller in ["1.1", "1.2"] {
        stage.asterisk.gone(caller);
        for kind in ["StasisEnd", "ChannelDestroyed", "ChannelDestroyed"] {
            stage.asterisk.lie(kind, caller);
        }
    }
    stage.event("call.ended").await;
    stage.over().await;
}

/// The texts in a JSON value.
fn texts(value: &serde_json::Value) -> Vec<&str> {
    use serde_json::Value;
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn numbers_and_names_are_cut_and_drive_no_terminal_wherever_asterisk_has_them_from() {
    let chosen = format!("+265\u{1b}[2J\u{202e}\r\n{}", "9".repeat(30_000));
    let argument = format!("did={chosen}");
    // The extension, the redirecting number, an argument of `Stasis()`, and what the variable has.
    for (exten, rdnis, argument, variable) in [
        (chosen.as_str(), "", "sales", ""),
        ("s", chosen.as_str(), "sales", ""),
        ("200", "", argument.as_str(), ""),
        ("s", "", "sales", chosen.as_str()),
    ] {
        let mut stage = Stage::start(|app| app.default(stays)).await;
        stage.asterisk.world().variable = variable.to_owned();
        let ringing = peer::Channel {
            state: "Ring",
            is_in_app: true,
        };
        stage
            .asterisk
            .world()
            .channels
            .insert("1.1".into(), ringing.clone());
        let channel = |id: &str| {
            serde_json::json!({
                "id": id, "name": chosen, "state": "Ring", "caller_rdnis": rdnis,
                "caller": { "name": chosen, "number": chosen },
                "dialplan": { "context": chosen, "exten": exten, "app_name": "Stasis" },
            })
        };
        stage.asterisk.say(&serde_json::json!({
            "type": "StasisStart", "args": [argument], "channel": channel("1.1"),
        }));
        let mut told = Vec::new();
        for name in ["session.created", "call.started", "media.started"] {
            told.push(stage.event(name).await);
        }
        let call = stage.call("1.1");
        assert!(call.called_number().contains("+265"), "{argument}");
        // And of the one to whom a telephone hands the call over.
        stage
            .asterisk
            .world()
            .channels
            .insert("1.2".into(), ringing);
        stage.asterisk.say(&serde_json::json!({
            "type": "StasisStart", "args": [], "channel": channel("1.2"),
            "replace_channel": channel("1.1"),
        }));
        told.push(stage.event("call.replaced").await);
        let caller = call.caller_id();
        let mut texts: Vec<_> = told.iter().flat_map(texts).collect();
        texts.extend(call.args().iter().map(String::as_str));
        texts.extend([call.called_number(), call.redirecting_number(), &caller]);
        for text in texts {
            assert!(text.len() <= 1 << 10, "{} bytes", text.len());
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(!text.contains('\u{202e}'), "{text:?}");
        }
        stage.asterisk.gone("1.2");
        stage.over().await;
    }
}
