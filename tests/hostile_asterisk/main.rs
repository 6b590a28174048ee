//! Calls on an Asterisk that loses events, refuses orders, stalls, floods, lies and cuts
//! connections. No session may outlive its call, and no call its session: that is looked at after
//! each of these tests.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

mod harness;
mod peer;

use std::sync::Arc;
use std::time::Duration;

use harness::{Harness, is_heard};
use peer::{Asterisk, Flood, Manner};
use tokio::sync::Notify;
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
    let mut harness = Harness::start(|app| app.default(stays)).await;
    harness.asterisk.world().lost = vec!["ChannelDestroyed", "StasisEnd"];
    harness.talk("1.1").await;
    harness.asterisk.gone("1.1");
    let ended = harness.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "lost_with_asterisk");
    harness.over().await;
}

#[tokio::test]
async fn who_sees_a_bridge_or_a_channel_does_not_learn_the_id_of_its_audio() {
    let mut harness = Harness::start(|app| app.default(stays)).await;
    harness.asterisk.caller("1.1");
    harness.event("media.started").await;
    let (id, names) = {
        let world = harness.asterisk.world();
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
    harness.asterisk.gone("1.1");
    harness.over().await;
}

#[tokio::test]
async fn a_caller_who_came_while_nobody_was_told_gets_a_session() {
    let mut harness = Harness::start(|app| {
        app.default(|call: Call| async move {
            call.ended().await;
        })
    })
    .await;
    harness.asterisk.world().lost = vec!["StasisStart"];
    harness.asterisk.caller("1.1");
    harness.event("call.started").await;
    assert_eq!(harness.app.calls()[0].args(), ["sales"]);
    harness.asterisk.gone("1.1");
    harness.over().await;
}

#[tokio::test]
async fn a_caller_of_another_program_that_has_our_name_is_left_to_it() {
    let harness = Harness::start(|app| app.default(stays)).await;
    let replaced = serde_json::json!({ "type": "ApplicationReplaced", "application": "voxtra" });
    harness.asterisk.say(&replaced);
    until("the other has the name", || {
        harness.asterisk.listeners() == 0
    })
    .await;
    // It rings, and the other has yet to answer it.
    harness.asterisk.caller("1.1");
    let comparisons = || harness.orders().matches("GET channels").count();
    let before = comparisons();
    // What two looks show is acted upon before the third.
    until("three looks", || comparisons() >= before + 3).await;
    let orders = harness.orders();
    assert!(!orders.contains("POST bridges"), "{orders}");
    harness.asterisk.gone("1.1");
    harness.over().await;
}

#[tokio::test]
async fn an_outbound_call_whose_answer_is_never_told_is_answered() {
    let mut harness = Harness::start(|app| app).await;
    let call = harness
        .app
        .originate(Outbound::to("PJSIP/200"), Handler::new(stays))
        .unwrap();
    until("a channel", || {
        harness.asterisk.world().channels.contains_key(call.id())
    })
    .await;
    harness.asterisk.world().lost = vec!["StasisStart"];
    harness.asterisk.enter(call.id());
    harness.asterisk.world().lost.clear();
    harness.event("call.answered").await;
    harness.event("media.started").await;
    harness.asterisk.gone(call.id());
    harness.over().await;
}

#[tokio::test]
async fn a_call_that_we_hang_up_ends_whatever_is_told() {
    let mut harness =
        Harness::start(|app| app.compare_every(Duration::from_secs(3600)).default(stays)).await;
    let call = harness.talk("1.1").await;
    harness.asterisk.world().lost = vec!["ChannelDestroyed", "StasisEnd"];
    call.hangup().await.unwrap();
    let ended = harness.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "normal_clearing");
    harness.over().await;
}

#[tokio::test]
async fn audio_that_is_lost_is_connected_again_within_the_same_session() {
    let mut harness = Harness::start(|app| app.default(stays)).await;
    harness.asterisk.caller("1.1");
    let first = harness.event("media.started").await;
    harness.asterisk.cut_media();
    harness.event("media.stopped").await;
    let again = harness.event("media.started").await;
    assert_eq!(first["session_id"], again["session_id"]);
    is_heard(&harness.call("1.1")).await;
    harness.asterisk.gone("1.1");
    harness.over().await;
}

#[tokio::test]
async fn a_caller_whose_audio_is_lost_for_good_goes_on_in_the_dialplan() {
    let mut harness = Harness::start(|app| app.default(stays)).await;
    harness.talk("1.1").await;
    let refuses = (
        "POST channels/externalMedia",
        Manner::Refuses(500),
        u32::MAX,
    );
    harness.asterisk.world().manners.push(refuses);
    harness.asterisk.cut_media();
    let ended = harness.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "media_lost");
    let asterisk = harness.asterisk.clone();
    harness.over().await;
    let orders = asterisk.world().orders.join("\n");
    assert!(orders.contains("POST channels/1.1/continue"), "{orders}");
}

#[tokio::test]
async fn a_caller_is_held_while_the_program_lives_and_released_into_the_dialplan() {
    let enough = Arc::new(Notify::new());
    let told = enough.clone();
    let mut harness = Harness::start(|app| {
        app.lifeline(Duration::from_millis(30))
            .on_handler_end(OnHandlerEnd::Continue)
            .default(move |call: Call| {
                let told = told.clone();
                async move {
                    call.answer().await?;
                    told.notified().await;
                    Ok::<_, CallError>(())
                }
            })
    })
    .await;
    harness.talk("1.1").await;
    let asterisk = harness.asterisk.clone();
    until("the caller is held again and again", || {
        asterisk.world().set.len() > 3
    })
    .await;
    enough.notify_one();
    goes_on_in_the_dialplan(harness).await;
    let set = asterisk.world().set.clone();
    let (last, held) = set.split_last().unwrap();
    assert_eq!(last, "1.1 TIMEOUT(absolute)=0");
    assert!(held.iter().all(|one| one == "1.1 TIMEOUT(absolute)=1"));
}

#[tokio::test]
async fn a_caller_is_not_held_unless_that_is_asked_for() {
    let mut harness = Harness::start(|app| app.default(stays)).await;
    harness.talk("1.1").await;
    harness.asterisk.gone("1.1");
    let asterisk = harness.asterisk.clone();
    harness.over().await;
    assert!(asterisk.world().set.is_empty());
}

#[tokio::test]
async fn an_order_that_fails_for_a_moment_leaves_nothing_behind() {
    let mut harness = Harness::start(|app| app.default(stays)).await;
    harness.talk("1.1").await;
    harness.asterisk.world().manners = vec![
        ("DELETE channels/voxtra-media", Manner::Refuses(401), 2),
        ("DELETE bridges", Manner::Refuses(500), 2),
    ];
    harness.asterisk.gone("1.1");
    harness.over().await;
}

/// At the end, 1.1 was sent on and not hung up.
async fn goes_on_in_the_dialplan(harness: Harness) {
    let asterisk = harness.asterisk.clone();
    harness.over().await;
    let orders = asterisk.world().orders.join("\n");
    assert!(orders.contains("POST channels/1.1/continue"), "{orders}");
    assert!(!orders.contains("DELETE channels/1.1\n"), "{orders}");
}

#[tokio::test]
async fn a_caller_whose_handler_returns_goes_on_in_the_dialplan_where_that_is_wanted() {
    let mut harness = Harness::start(|app| {
        app.on_handler_end(OnHandlerEnd::Continue)
            .default(|call: Call| async move { call.answer().await })
    })
    .await;
    harness.asterisk.caller("1.1");
    let ended = harness.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "left_application");
    goes_on_in_the_dialplan(harness).await;
}

#[tokio::test]
async fn a_caller_whose_handler_fails_goes_on_in_the_dialplan() {
    let fails = |call: Call| async move {
        call.answer().await?;
        Err::<(), HandlerError>("out of order".into())
    };
    let mut harness = Harness::start(|app| app.default(fails)).await;
    // An order that is carried out and not answered must not make a second one that hangs up.
    harness.asterisk.world().manners = vec![("POST channels/1.1/continue", Manner::Mute, 1)];
    harness.asterisk.caller("1.1");
    let ended = harness.event("call.ended").await;
    assert_eq!(ended["data"]["reason"], "handler_failed");
    assert_eq!(ended["data"]["ended_by"], "system");
    goes_on_in_the_dialplan(harness).await;
}

#[tokio::test]
async fn an_order_that_is_not_answered_is_given_again() {
    for order in [
        "POST bridges",
        "POST channels/externalMedia",
        "POST channels/1.1/answer",
    ] {
        let mut harness = Harness::start(|app| app.default(stays)).await;
        harness.asterisk.world().manners = vec![(order, Manner::Mute, 1)];
        let call = harness.talk("1.1").await;
        is_heard(&call).await;
        harness.asterisk.gone("1.1");
        harness.over().await;
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_are_not_answered() {
    let mut harness = Harness::with_limit(2, |app| app.default(stays)).await;
    for id in ["1.1", "1.2"] {
        harness.asterisk.caller(id);
        harness.event("media.started").await;
    }
    for id in 3..50 {
        harness.asterisk.caller(&format!("1.{id}"));
    }
    until("refusals", || harness.app.refused_calls() == 47).await;
    until("they go on in the dialplan", || {
        let world = harness.asterisk.world();
        let on = world
            .orders
            .iter()
            .filter(|order| order.ends_with("/continue"));
        on.count() == 47
    })
    .await;
    let answers = harness
        .asterisk
        .world()
        .orders
        .iter()
        .filter(|order| order.starts_with("POST channels/1.") && order.ends_with("/answer"))
        .count();
    assert_eq!((answers, harness.app.calls().len()), (2, 2));
    harness.asterisk.gone("1.1");
    harness.asterisk.gone("1.2");
    harness.over().await;
}

#[tokio::test]
async fn one_caller_has_only_so_many_calls() {
    use voxtra::rt::app::{CallLimits, CallRefusal};
    let limits = CallLimits::default().with(|limits| limits.per_caller = Some(2));
    let mut harness = Harness::start(|app| app.limits(limits).default(stays)).await;
    for id in ["1.1", "1.2", "1.3"] {
        harness.asterisk.caller(id);
        if id != "1.3" {
            harness.event("media.started").await;
        }
    }
    until("a refusal", || harness.app.refused_calls() == 1).await;
    assert_eq!(harness.app.call_refusals(), [(CallRefusal::PerCaller, 1)]);
    until("it goes on in the dialplan", || {
        let orders = &harness.asterisk.world().orders;
        orders.contains(&"POST channels/1.3/continue".to_owned())
    })
    .await;
    let answered = "POST channels/1.3/answer".to_owned();
    assert!(!harness.asterisk.world().orders.contains(&answered));
    // When one has ended, there is room for another.
    harness.asterisk.gone("1.1");
    harness.event("session.destroyed").await;
    until("its end", || harness.app.calls().len() == 1).await;
    harness.asterisk.caller("1.4");
    harness.event("media.started").await;
    harness.asterisk.gone("1.2");
    harness.asterisk.gone("1.4");
    harness.over().await;
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
    let harness = Harness::on(asterisk, 100, |app| app.default(stays)).await;
    until("a comparison", || {
        let world = harness.asterisk.world();
        world
            .orders
            .iter()
            .filter(|order| *order == "GET bridges")
            .count()
            > 4
    })
    .await;
    assert_eq!(
        harness.asterisk.world().channels.len(),
        2,
        "they still talk"
    );
    harness.asterisk.gone("1.1");
    harness.over().await;
}

#[tokio::test]
async fn asterisk_is_connected_to_again_however_long_it_was_away() {
    let mut harness = Harness::start(|app| app.default(stays)).await;
    harness.talk("1.1").await;
    harness.asterisk.disconnect();
    harness.asterisk.world().lost = vec!["ChannelDestroyed"];
    harness.asterisk.gone("1.1");
    harness.event("call.ended").await;
    tokio::time::timeout(LONG, harness.app.online())
        .await
        .unwrap();
    harness.over().await;
}

/// What an Asterisk may make of us, beside what the other tests of this process take at the same
/// time.
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
        let mut harness = Harness::start(|app| app.default(stays)).await;
        let call = harness.talk("1.1").await;
        in_bounds(async {
            harness.asterisk.world().manners = vec![("", manner, u32::MAX)];
            for n in 2..20 {
                harness.asterisk.caller(&format!("1.{n}"));
            }
            // Their sessions end all the same, and the one that is up goes on.
            for _ in 2..20 {
                let ended = harness.event("call.ended").await;
                assert_eq!(ended["data"]["reason"], "handler_failed");
                is_heard(&call).await;
            }
            until("their sessions are over", || harness.app.calls().len() == 1).await;
        })
        .await;
        // When it answers again, nobody is left in it.
        harness.asterisk.world().manners.clear();
        harness.asterisk.gone("1.1");
        harness.over().await;
    }
}

#[tokio::test]
async fn a_flood_on_the_websocket_stops_no_call_and_takes_no_memory() {
    for flood in [Flood::Events, Flood::Pings] {
        let mut harness = Harness::start(|app| app.default(stays)).await;
        let call = harness.talk("1.1").await;
        in_bounds(async {
            harness.asterisk.flood(Some(flood));
            // What is not read finds its end in the buffers of the kernel; what is read has none.
            let flooded = harness.asterisk.clone();
            until("a flood", move || flooded.world().flooded > 2_000).await;
            for _ in 0..10 {
                is_heard(&call).await;
            }
            harness.asterisk.flood(None);
        })
        .await;
        harness.talk("1.2").await;
        for caller in ["1.1", "1.2"] {
            harness.asterisk.gone(caller);
        }
        harness.over().await;
    }
}

#[tokio::test]
async fn a_flood_of_callers_makes_few_sessions_and_few_tasks() {
    for (manner, exten) in [(Manner::Deaf, "200"), (Manner::Endless, "s")] {
        let mut harness = Harness::with_limit(10, |app| app.default(stays)).await;
        let call = harness.talk("1.1").await;
        in_bounds(async {
            harness.asterisk.world().exten = exten;
            harness.asterisk.world().manners = vec![("", manner, u32::MAX)];
            harness.asterisk.flood(Some(Flood::Callers));
            let flooded = harness.asterisk.clone();
            until("a flood", move || flooded.world().flooded > 1_000).await;
            is_heard(&call).await;
            let tasks = tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks();
            assert!(tasks < 1_500, "{tasks} tasks");
            assert!(harness.app.calls().len() <= 10);
            harness.asterisk.flood(None);
            harness.asterisk.world().manners.clear();
        })
        .await;
        harness.asterisk.gone("1.1");
        harness.over().await;
    }
}

#[tokio::test]
async fn lies_about_channels_make_no_session_that_stays() {
    let mut harness = Harness::start(|app| app.default(stays)).await;
    let call = harness.talk("1.1").await;
    let lie = |kind, id: &str| harness.asterisk.lie(kind, id);
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
    let other = harness.talk("1.2").await;
    is_heard(&other).await;
    until("the end of what never was", || {
        harness.app.calls().len() == 2
    })
    .await;
    let orders = harness.orders();
    assert!(!orders.contains("DELETE channels/1.1\n"), "{orders}");
    let answers = orders.matches("POST channels/1.1/answer").count();
    assert_eq!(answers, 1, "{orders}");
    // No id leads to something else: what the caller is called stays in its segment.
    for line in orders.lines() {
        assert!(!line.ends_with("DELETE bridges"), "{line}");
    }
    // Ends that come twice.
    for caller in ["1.1", "1.2"] {
        harness.asterisk.gone(caller);
        for kind in ["StasisEnd", "ChannelDestroyed", "ChannelDestroyed"] {
            harness.asterisk.lie(kind, caller);
        }
    }
    harness.event("call.ended").await;
    harness.over().await;
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
        let mut harness = Harness::start(|app| app.default(stays)).await;
        harness.asterisk.world().variable = variable.to_owned();
        let ringing = peer::Channel {
            state: "Ring",
            is_in_app: true,
        };
        harness
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
        harness.asterisk.say(&serde_json::json!({
            "type": "StasisStart", "args": [argument], "channel": channel("1.1"),
        }));
        let mut told = Vec::new();
        for name in ["session.created", "call.started", "media.started"] {
            told.push(harness.event(name).await);
        }
        let call = harness.call("1.1");
        assert!(call.called_number().contains("+265"), "{argument}");
        // And of the one to whom a telephone hands the call over.
        harness
            .asterisk
            .world()
            .channels
            .insert("1.2".into(), ringing);
        harness.asterisk.say(&serde_json::json!({
            "type": "StasisStart", "args": [], "channel": channel("1.2"),
            "replace_channel": channel("1.1"),
        }));
        told.push(harness.event("call.replaced").await);
        let caller = call.caller_id();
        let mut texts: Vec<_> = told.iter().flat_map(texts).collect();
        texts.extend(call.args().iter().map(String::as_str));
        texts.extend([call.called_number(), call.redirecting_number(), &caller]);
        for text in texts {
            assert!(text.len() <= 1 << 10, "{} bytes", text.len());
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(!text.contains('\u{202e}'), "{text:?}");
        }
        harness.asterisk.gone("1.2");
        harness.over().await;
    }
}
