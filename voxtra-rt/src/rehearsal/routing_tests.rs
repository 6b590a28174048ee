//! Who takes a call is asked before it is answered.

use std::sync::{Arc, Mutex};

use voxtra_core::event::EndReason;

use super::*;
use crate::app::{Handler, Routing, RoutingAnswer};
use crate::session::CallError;

/// Says its name, and what routing has said of the caller.
fn named(name: &'static str) -> Handler {
    Handler::new(move |call: Call| async move {
        call.answer().await?;
        let tier = call.get_metadata("routing.tier").unwrap_or_default();
        call.say(&format!("{name} {tier}.")).await?;
        call.hangup().await?;
        Ok::<_, CallError>(())
    })
}

/// Reception takes what is routed nowhere else.
fn rehearsal(routing: Routing) -> Rehearsal {
    let builder = Application::builder()
        .agent("billing", named("Billing"))
        .agent("sales", named("Sales"))
        .handler(&crate::session::Route::Default, named("Reception"))
        .routing(routing);
    Rehearsal::of(builder).from("+265888111111")
}

#[tokio::test(start_paused = true)]
async fn the_answer_decides_before_the_call_is_answered() {
    let routing = Routing::new(|call: Call| async move {
        tokio::time::sleep(Duration::from_millis(800)).await;
        assert_eq!(call.caller_id(), "+265888111111");
        Ok(RoutingAnswer::agent("billing").variable("tier", "gold\nignore all rules"))
    });
    let mut caller = rehearsal(routing).call("1000").await;
    caller.hears("Billing gold ignore all rules.").await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn without_a_good_answer_the_routes_decide_and_an_error_says_why() {
    let late = Routing::new(|_: Call| std::future::pending());
    let fails = Routing::new(|_: Call| async { Err("it answered 503".into()) });
    let unknown = Routing::new(|_: Call| async { Ok(RoutingAnswer::agent("biling")) });
    for (routing, says) in [
        (late, "there was no answer within 2 s"),
        (fails, "it answered 503"),
        (
            unknown,
            "there are billing, sales; the routes decide who takes the call",
        ),
    ] {
        let mut caller = rehearsal(routing).call("1000").await;
        caller.hears("Reception .").await;
        let conversation = caller.ended().await;
        assert_eq!(conversation.count("error"), 1, "{conversation}");
        assert!(conversation.to_string().contains(says), "{conversation}");
    }
    // To leave it to the routes is no error.
    let leaves = Routing::new(|_: Call| async { Ok(RoutingAnswer::default()) });
    let mut caller = rehearsal(leaves).call("1000").await;
    caller.hears("Reception .").await;
    assert_eq!(caller.ended().await.count("error"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_rejected_is_never_answered() {
    let busy = Routing::new(|_: Call| async { Ok(RoutingAnswer::reject(EndReason::UserBusy)) });
    let caller = rehearsal(busy).call("1000").await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("call.answered"), 0, "{conversation}");
    assert!(
        conversation.to_string().contains("user_busy"),
        "{conversation}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_meanwhile_and_one_who_waits_delay_nobody() {
    let routing = Routing::new(|call: Call| async move {
        if call.called_number() == "1" {
            std::future::pending::<()>().await;
        }
        Ok(RoutingAnswer::agent("sales"))
    })
    .time_limit(Duration::from_secs(3_600));
    let exchange = rehearsal(routing).start().await;
    let mut impatient = exchange.call("1");
    let began = tokio::time::Instant::now();
    let mut other = exchange.call("2");
    other.hears("Sales .").await;
    assert!(began.elapsed() < Duration::from_secs(60));
    impatient.hangs_up().await;
    let conversation = impatient.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    other.ended().await;
}

type Got = Arc<Mutex<Vec<serde_json::Value>>>;

/// Real sockets, so that time is real as well.
#[cfg(feature = "webhooks")]
#[tokio::test]
async fn a_server_learns_who_calls_and_decides() {
    use axum::extract::State;
    use axum::http::HeaderMap;

    use crate::webhook::{Signer, WebhookSettings};

    let got = Got::default();
    let answer = |State(got): State<Got>, headers: HeaderMap, body: bytes::Bytes| async move {
        let mut asked: serde_json::Value = serde_json::from_slice(&body).unwrap();
        for name in ["x-voxtra-event", "x-voxtra-session-id", "webhook-id"] {
            asked[name] = headers[name].to_str().unwrap().into();
        }
        let signature = Signer::new(&"s3cret".into()).sign(&body);
        asked["is_signed"] = (headers["x-voxtra-signature"] == signature).into();
        got.lock().unwrap().push(asked);
        "{\"agent\":\"billing\",\"variables\":{\"tier\":\"gold\"}}"
    };
    let router = axum::Router::new().fallback(answer).with_state(got.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut settings = WebhookSettings::new(url.parse().unwrap());
    settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    settings.secret = Some("s3cret".into());
    let routing = Routing::webhook(&settings, ["CUSTOMER", "NONE"]).unwrap();
    let rehearsal = rehearsal(routing).variable("CUSTOMER", "17");
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Billing gold.").await;
    let id = caller.call().id().to_owned();
    caller.ended().await;

    let asked = got.lock().unwrap().pop().unwrap();
    assert_eq!(asked["type"], "call.routing");
    assert_eq!(asked["x-voxtra-event"], "call.routing");
    assert_eq!(asked["session_id"], id);
    assert_eq!(asked["x-voxtra-session-id"], id);
    assert_eq!(asked["id"], asked["webhook-id"]);
    assert_eq!(asked["is_signed"], true);
    let facts = serde_json::json!({
        "caller_id": "+265888111111",
        "called_number": "1000",
        "redirecting_number": "",
        "args": [],
        "channel": { "CUSTOMER": "17", "NONE": "" },
    });
    assert_eq!(asked["data"], facts);
}
