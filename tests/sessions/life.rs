//! The end of a call is told once, and what belongs to it is done once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use voxtra::prelude::*;

use crate::harness::{Harness, Outcomes};
use crate::peer::{LONG, call, count, media, soon, until};

/// Every session ends like this.
fn assert_ended_once(outcomes: &Outcomes) {
    let events = &outcomes.events;
    assert_eq!(count(events, "call.ended"), 1);
    assert_eq!(count(events, "media.stopped"), 1);
    assert_eq!(count(events, "session.destroyed"), 1);
    assert_eq!(events.last().unwrap().wire(), "session.destroyed");
    assert_eq!(events[0].wire(), "session.created");
    assert!(
        events
            .iter()
            .enumerate()
            .all(|(n, event)| event.seq == n as u64)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_once_whoever_hangs_up() {
    for (agent, caller) in [(true, false), (false, true), (true, true)] {
        let ran = Arc::new(AtomicUsize::new(0));
        let hooked = ran.clone();
        let mut harness = Harness::new(Application::builder(), move |call: Call| {
            let ran = hooked.clone();
            async move {
                for _ in 0..2 {
                    let ran = ran.clone();
                    call.on_hangup(move |call| async move {
                        assert!(call.is_over());
                        ran.fetch_add(1, Ordering::SeqCst);
                    })
                    .await;
                }
                if agent {
                    call.hangup().await?;
                    call.hangup().await?;
                }
                // Returns long before the caller hangs up.
                Ok::<(), CallError>(())
            }
        })
        .await;
        let outcomes = if caller {
            harness.talker.pause(5).await;
            harness.hang_up().await
        } else {
            harness.listen().await
        };
        assert_ended_once(&outcomes);
        assert_eq!(ran.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_comes_after_the_end_runs_at_once() {
    let (to, mut ran) = mpsc::channel(4);
    let harness = Harness::new(Application::builder(), |call: Call| async move {
        call.ended().await
    })
    .await;
    let mut calls = harness.app.calls();
    while calls.is_empty() {
        tokio::task::yield_now().await;
        calls = harness.app.calls();
    }
    let call = calls.remove(0);
    assert_ended_once(&harness.hang_up().await);
    call.on_hangup(move |_| async move { to.send(()).await.unwrap() })
        .await;
    soon("the hook", ran.recv()).await.unwrap();
    assert!(soon("the one sender to go", ran.recv()).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_or_fails_is_told_and_the_caller_is_not_left_alone() {
    let harness = Harness::new(Application::builder(), |_: Call| async {
        if true {
            panic!("out of order");
        }
    })
    .await;
    let panicked = harness.listen().await;
    let harness = Harness::new(Application::builder(), |_: Call| async {
        Err("no such customer")
    })
    .await;
    let failed = harness.listen().await;
    for (outcomes, words) in [(panicked, "out of order"), (failed, "no such customer")] {
        assert!(outcomes.hung_up);
        assert_ended_once(&outcomes);
        let errors = outcomes.data("error");
        assert_eq!(errors.len(), 1);
        assert!(
            errors[0].starts_with(r#"{"error_type":"handler","#) && errors[0].contains(words),
            "{errors:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_ends_is_stopped() {
    struct Dropped(mpsc::Sender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.try_send(()).unwrap();
        }
    }
    let (to, mut dropped) = mpsc::channel(1);
    let mut harness = Harness::new(Application::builder(), move |_: Call| {
        let guard = Dropped(to.clone());
        async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        }
    })
    .await;
    harness.talker.pause(3).await;
    let outcomes = harness.hang_up().await;
    assert_ended_once(&outcomes);
    assert_eq!(
        outcomes.data("error"),
        [
            r#"{"error_type":"handler","message":"the handler did not finish after the end of the call"}"#
        ]
    );
    soon("the handler is gone", dropped.recv()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_ends_calls_takes_no_new_ones_and_runs_its_hooks_last() {
    let (to, mut said) = mpsc::unbounded_channel();
    let (first, last) = (to.clone(), to.clone());
    let builder = Application::builder()
        .on_startup(move || async move { first.send("start").unwrap() })
        .on_shutdown(move || async move { last.send("stop").unwrap() });
    let mut harness = Harness::new(builder, move |call: Call| {
        let to = to.clone();
        async move {
            call.ended().await;
            to.send("handler").unwrap();
        }
    })
    .await;
    let up = harness.observer.until("media.started").await;
    assert_eq!(count(&up, "call.started"), 1);
    let app = harness.app.clone();
    soon("the shutdown", app.shutdown()).await;
    assert!(app.calls().is_empty());
    let late = app.expect_socket_call("1000");
    let (_talker, mut hearer) = call(app.media_address(), late).await;
    hearer.closed().await;
    let outcomes = harness.listen().await;
    assert!(outcomes.hung_up);
    assert_eq!(outcomes.events.last().unwrap().wire(), "session.destroyed");
    until("all is closed", || app.media_stats().calls() == 0).await;
    let order: Vec<&str> = std::iter::from_fn(|| said.try_recv().ok()).collect();
    assert_eq!(order, ["start", "handler", "stop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_ari_says_so() {
    let harness = Harness::new(Application::builder(), |call: Call| async move {
        let transfer = call.transfer("PJSIP/200").await.unwrap_err();
        assert!(matches!(transfer, CallError::NoControl { .. }));
        assert!(transfer.to_string().contains("without ARI"), "{transfer}");
        assert!(matches!(
            call.send_dtmf("1").await,
            Err(CallError::NoControl { .. })
        ));
        call.set_metadata("customer", "7");
        assert_eq!(call.clone().get_metadata("customer").as_deref(), Some("7"));
        assert_eq!(call.get_metadata("other"), None);
        assert_eq!((call.called_number(), &*call.caller_id()), ("1000", ""));
        call.hangup().await
    })
    .await;
    assert!(harness.listen().await.data("error").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_of_a_call_does_not_learn_the_id_that_takes_it() {
    let named = uuid::Uuid::new_v4();
    let app = Application::builder()
        .media(media())
        .allow(named, "1000")
        .allow_any("2000")
        .default(|call: Call| async move { call.ended().await })
        .start()
        .await
        .unwrap();
    let mut observer = crate::peer::Observer(app.events());
    for id in [app.expect_socket_call("1000"), named, uuid::Uuid::new_v4()] {
        let (talker, _hearer) = call(app.media_address(), id).await;
        observer.until("media.started").await;
        let up = app.calls().pop().unwrap();
        assert_eq!(up.audio_id(), Some(id));
        assert!(uuid::Uuid::try_parse(up.id()).is_ok());
        drop(up);
        talker.close().await;
        for event in observer.until("session.destroyed").await {
            let json = event.to_json();
            for secret in [id.to_string(), id.simple().to_string()] {
                assert!(!json.contains(&secret), "{json}");
            }
        }
        until("it is closed", || app.calls().is_empty()).await;
    }
    soon("the shutdown", app.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_route_is_told_and_hung_up() {
    let app = Application::builder().media(media()).start().await.unwrap();
    let mut observer = crate::peer::Observer(app.events());
    let id = app.expect_socket_call("nobody");
    let (_talker, mut hearer) = call(app.media_address(), id).await;
    let (_, hung_up) = tokio::time::timeout(LONG, hearer.rest()).await.unwrap();
    assert!(hung_up);
    let events = observer.until("session.destroyed").await;
    assert_eq!(count(&events, "error"), 1);
    drop(hearer);
    until("it is closed", || app.media_stats().calls() == 0).await;
    soon("the shutdown", app.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_reads_its_events_to_their_end_is_not_waited_for() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let harness = Harness::new(Application::builder(), move |call: Call| {
        let tell = tell.clone();
        async move {
            let mut events = call.events();
            while let Some(event) = events.next().await {
                tell.send(event.wire().to_owned()).unwrap();
            }
        }
    })
    .await;
    let mut read = vec![soon("the handler runs", told.recv()).await.unwrap()];
    let outcomes = harness.hang_up().await;
    let all = crate::peer::names(&outcomes.events);
    assert!(!all.contains(&"error"), "{all:?}");
    while let Some(wire) = told.recv().await {
        read.push(wire);
    }
    // All but the last, which waited for the handler.
    assert_eq!(read, all[..all.len() - 1]);
    assert_eq!(*all.last().unwrap(), "session.destroyed");
}
