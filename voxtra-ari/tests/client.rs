//! The ARI client against an HTTP server that records what it is asked and answers as told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use voxtra_ari::{
    AriClient, AriError, AriEvents, AriEventsOptions, AriSettings, AriSignal, BridgeKind,
    ContinueAt, ExternalMedia, HangupReason, MediaFormat, Originate,
};

/// What an order must look like on the wire, and what the client makes of each answer.
#[derive(Clone)]
struct Asterisk {
    answer: (u16, &'static str),
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Asked {
    line: String,
    authorization: String,
    body: Value,
}

async fn record(
    State(asterisk): State<Asterisk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1], &'static str) {
    let header = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    asterisk.asked.lock().unwrap().push(Asked {
        line: format!("{method} {uri}"),
        authorization: header("authorization"),
        body: if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        },
    });
    let (status, text) = asterisk.answer;
    (
        StatusCode::from_u16(status).unwrap(),
        [("location", "/ari/elsewhere")],
        text,
    )
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// An Asterisk that gives the same answer to everything, and a client of it.
async fn answering(status: u16, text: &'static str) -> (AriClient, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::default();
    let asterisk = Asterisk {
        answer: (status, text),
        asked: Arc::clone(&asked),
    };
    let address = serve(Router::new().fallback(record).with_state(asterisk)).await;
    (
        AriClient::new(settings(&format!("http://{address}/ari"))).unwrap(),
        asked,
    )
}

fn settings(url: &str) -> AriSettings {
    AriSettings::new(url.parse().unwrap(), "acme", "ann", "hunter2:é")
}

const CHANNEL: &str = r#"{"id":"c1","name":"PJSIP/1","state":"Down"}"#;

#[tokio::test]
async fn orders_look_on_the_wire_as_asterisk_wants_them() {
    let (ari, asked) = answering(204, "").await;
    ari.answer("c1").await.unwrap();
    ari.ring("c1").await.unwrap();
    ari.hangup("c1", HangupReason::Busy).await.unwrap();
    ari.send_dtmf("c1", "12#").await.unwrap();
    ari.set_variable("c1", "NAME", "a b&c").await.unwrap();
    ari.continue_in_dialplan("c1", &ContinueAt::default())
        .await
        .unwrap();
    let at = ContinueAt {
        context: Some("sales".into()),
        extension: Some("s".into()),
        priority: Some(2),
    };
    ari.continue_in_dialplan("c1", &at).await.unwrap();
    ari.redirect("c1", "PJSIP/200").await.unwrap();
    ari.add_to_bridge("b1", &["c1", "m1"]).await.unwrap();
    ari.remove_from_bridge("b1", &["c1"]).await.unwrap();
    ari.destroy_bridge("b1").await.unwrap();
    ari.stop_playback("p1").await.unwrap();
    ari.subscribe_channel("c1").await.unwrap();

    let asked = asked.lock().unwrap().clone();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /ari/channels/c1/answer",
            "POST /ari/channels/c1/ring",
            "DELETE /ari/channels/c1?reason=busy",
            "POST /ari/channels/c1/dtmf?dtmf=12%23",
            "POST /ari/channels/c1/variable",
            "POST /ari/channels/c1/continue",
            "POST /ari/channels/c1/continue?context=sales&extension=s&priority=2",
            "POST /ari/channels/c1/redirect?endpoint=PJSIP%2F200",
            "POST /ari/bridges/b1/addChannel?channel=c1%2Cm1",
            "POST /ari/bridges/b1/removeChannel?channel=c1",
            "DELETE /ari/bridges/b1",
            "DELETE /ari/playbacks/p1",
            "POST /ari/applications/acme/subscription?eventSource=channel%3Ac1",
        ]
    );
    assert_eq!(
        asked[4].body,
        json!({ "variable": "NAME", "value": "a b&c" })
    );
    // base64 of `ann:hunter2:é`
    assert!(
        asked
            .iter()
            .all(|asked| asked.authorization == "Basic YW5uOmh1bnRlcjI6w6k="),
        "{asked:?}"
    );
}

#[tokio::test]
async fn an_originate_carries_everything_in_its_body() {
    let (ari, asked) = answering(200, CHANNEL).await;
    let call = Originate::to_stasis("PJSIP/200")
        .args(["out", "42"])
        .channel_id("call-1")
        .caller_id("Acme <1000>")
        .timeout(Duration::from_millis(2500))
        .variable("__CUSTOMER", "42");
    assert_eq!(ari.originate(call).await.unwrap().id, "c1");
    ari.originate(Originate::to_dialplan("Local/1@in", "out", "200").timeout(Duration::ZERO))
        .await
        .unwrap();

    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked[0].line, "POST /ari/channels/call-1");
    assert_eq!(
        asked[0].body,
        json!({
            "endpoint": "PJSIP/200", "app": "acme", "appArgs": "out,42", "callerId": "Acme <1000>", "timeout": 2,
            "variables": { "__CUSTOMER": "42" },
        })
    );
    assert_eq!(asked[1].line, "POST /ari/channels");
    assert_eq!(
        asked[1].body,
        json!({ "endpoint": "Local/1@in", "context": "out", "extension": "200", "priority": 1, "timeout": 1 })
    );
}

#[tokio::test]
async fn external_media_bridges_and_sounds_name_what_they_want() {
    let (ari, asked) = answering(200, CHANNEL).await;
    let media = ExternalMedia {
        channel_id: "m1".into(),
        address: "10.0.0.5:9092".into(),
        uuid: "40325ec2-5efd-4bd3-805f-53576e581d13".parse().unwrap(),
        format: MediaFormat::Slin16,
    };
    ari.external_media(&media).await.unwrap();
    ari.create_bridge("b1", BridgeKind::Mixing).await.unwrap();
    ari.play("c1", "sound:hello world", "p1").await.unwrap();
    let asked = asked.lock().unwrap().clone();
    assert_eq!(
        asked[0].body,
        json!({
            "app": "acme", "channelId": "m1", "external_host": "10.0.0.5:9092", "encapsulation": "audiosocket",
            "transport": "tcp", "connection_type": "client", "direction": "both", "format": "slin16",
            "data": "40325ec2-5efd-4bd3-805f-53576e581d13",
        })
    );
    assert_eq!(asked[1].body, json!({ "bridgeId": "b1", "type": "mixing" }));
    assert_eq!(
        asked[2].line,
        "POST /ari/channels/c1/play?media=sound%3Ahello+world&playbackId=p1"
    );
}

#[tokio::test]
async fn an_id_cannot_escape_its_place_in_the_path() {
    let (ari, asked) = answering(204, "").await;
    ari.answer("a/b?c#d%2e e;1").await.unwrap();
    ari.answer("..%2f..").await.unwrap();
    for id in ["", ".", "..", "\t", ".\t.", "a\nb"] {
        let error = ari.answer(id).await.unwrap_err();
        assert!(
            matches!(error, AriError::InvalidRequest { .. }),
            "{id:?}: {error}"
        );
    }
    let lines: Vec<_> = asked
        .lock()
        .unwrap()
        .iter()
        .map(|asked| asked.line.clone())
        .collect();
    assert_eq!(
        lines,
        [
            "POST /ari/channels/a%2Fb%3Fc%23d%252e%20e;1/answer",
            "POST /ari/channels/..%252f../answer"
        ]
    );
}

#[tokio::test]
async fn arguments_that_asterisk_would_split_are_not_sent() {
    let (ari, asked) = answering(200, CHANNEL).await;
    for arg in ["a,b", "\"", "\\", "("] {
        let error = ari
            .originate(Originate::to_stasis("PJSIP/1").args([arg]))
            .await
            .unwrap_err();
        assert!(
            matches!(error, AriError::InvalidRequest { .. }),
            "{arg}: {error}"
        );
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_refusal_is_its_own_error_and_keeps_asterisks_words() {
    let message = r#"{"message":"Channel not found"}"#;
    let error = answering(404, message)
        .await
        .0
        .answer("c1")
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "POST /channels/c1/answer: not found (Channel not found)"
    );

    let error = answering(401, r#"{"message":"Authentication required"}"#)
        .await
        .0
        .channels()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, AriError::Unauthorized { username, .. } if username == "ann"),
        "{error}"
    );

    let error = answering(403, r#"{"message":"Write access denied"}"#)
        .await
        .0
        .answer("c1")
        .await
        .unwrap_err();
    assert!(matches!(&error, AriError::Forbidden { .. }), "{error}");

    let error = answering(409, r#"{"message":"Channel not in Stasis application"}"#)
        .await
        .0
        .answer("c1")
        .await
        .unwrap_err();
    assert!(matches!(&error, AriError::Conflict { .. }), "{error}");

    // Two shapes that Asterisk 22 has besides: `error`, and a web page.
    let error = answering(500, r#"{"error":"Allocation failed"}"#)
        .await
        .0
        .answer("c1")
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("Asterisk answered 500 (Allocation failed)"),
        "{error}"
    );
    assert!(error.is_transient());
    let error = answering(404, "<html>Not Found</html>")
        .await
        .0
        .answer("c1")
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with("not found (Not Found)"),
        "{error}"
    );

    // A redirection is not followed: it would carry the password elsewhere.
    let (ari, asked) = answering(302, "").await;
    let error = ari.channels().await.unwrap_err();
    assert!(
        matches!(error, AriError::Status { status: 302, .. }),
        "{error}"
    );
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_promised_is_an_error() {
    for text in ["", "rubbish", "{}", r#"[{"id":7}]"#] {
        let error = answering(200, text).await.0.channels().await.unwrap_err();
        assert!(matches!(error, AriError::Decode { .. }), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_variable_that_was_never_set_is_none_and_a_lost_channel_is_an_error() {
    let (ari, _) = answering(200, r#"{"value":"x"}"#).await;
    assert_eq!(
        ari.get_variable("c1", "CALLERID(num)")
            .await
            .unwrap()
            .as_deref(),
        Some("x")
    );
    let (ari, _) = answering(404, r#"{"message":"Provided variable was not found"}"#).await;
    assert_eq!(ari.get_variable("c1", "X").await.unwrap(), None);
    let (ari, _) = answering(404, r#"{"message":"Channel not found"}"#).await;
    assert!(
        ari.get_variable("c1", "X")
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn a_name_is_free_only_when_asterisk_says_so() {
    let held = r#"{"name":"acme","channel_ids":[],"bridge_ids":[]}"#;
    let (ari, asked) = answering(200, held).await;
    assert!(ari.has_application().await.unwrap());
    assert_eq!(
        asked.lock().unwrap()[0].line,
        format!("GET /ari/applications/{}", ari.app())
    );
    let (ari, _) = answering(404, r#"{"message":"Application not found"}"#).await;
    assert!(!ari.has_application().await.unwrap());
    // What the web server says while ARI is not loaded yet.
    let (ari, _) = answering(404, "<html>Not Found</html>").await;
    assert!(ari.has_application().await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_crowd_of_orders_takes_only_so_many_sockets() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let slow = || async {
        MOST.fetch_max(NOW.fetch_add(1, SeqCst) + 1, SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        NOW.fetch_sub(1, SeqCst);
        StatusCode::NO_CONTENT
    };
    let router = Router::new().fallback(slow);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ari", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let ari = AriClient::with_timeout(settings(&url), Duration::from_secs(30)).unwrap();
    let orders = (0..500).map(|id| {
        let ari = ari.clone();
        tokio::spawn(async move { ari.answer(&format!("1.{id}")).await })
    });
    for order in orders.collect::<Vec<_>>() {
        order.await.unwrap().unwrap();
    }
    let most = MOST.load(SeqCst);
    assert!((2..=64).contains(&most), "{most} at the same time");
}

#[tokio::test]
async fn orders_that_wait_for_their_turn_end_after_the_time_limit_too() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ari", listener.local_addr().unwrap());
    let ari = AriClient::with_timeout(settings(&url), Duration::from_millis(200)).unwrap();
    let orders = (0..200).map(|id| {
        let ari = ari.clone();
        tokio::spawn(async move { ari.answer(&format!("1.{id}")).await })
    });
    for order in orders.collect::<Vec<_>>() {
        let error = order.await.unwrap().unwrap_err();
        assert!(matches!(error, AriError::Timeout { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_after_the_time_limit() {
    // A listener whose backlog accepts the connection, and nobody behind it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ari", listener.local_addr().unwrap());
    let ari = AriClient::with_timeout(settings(&url), Duration::from_millis(50)).unwrap();
    let error = ari.channels().await.unwrap_err();
    assert!(matches!(error, AriError::Timeout { .. }), "{error}");
    assert!(error.is_transient());

    let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &CancellationToken::new());
    let signal = events.recv().await;
    assert!(
        matches!(
            signal,
            Some(AriSignal::Disconnected {
                error: AriError::Timeout { .. },
                ..
            })
        ),
        "{signal:?}"
    );
}

#[tokio::test]
async fn nobody_there_says_so_and_nothing_prints_the_password() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ari = AriClient::new(settings(&format!("http://{free}/ari/"))).unwrap();
    let error = ari.channels().await.unwrap_err();
    assert!(matches!(error, AriError::Transport { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("refused") && text.contains(&free.to_string()),
        "{text}"
    );
    for text in [text, format!("{error:?}"), format!("{ari:?}")] {
        assert!(
            !text.contains("hunter2") && !text.contains("YW5u"),
            "{text}"
        );
    }
    let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &CancellationToken::new());
    let signal = format!("{:?}", events.recv().await);
    assert!(
        signal.contains("Transport") && !signal.contains("hunter2") && !signal.contains("YW5u"),
        "{signal}"
    );
}

#[tokio::test]
async fn the_event_connection_says_when_it_is_refused() {
    let (ari, asked) = answering(401, r#"{"message":"Authentication required"}"#).await;
    let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &CancellationToken::new());
    let signal = events.recv().await;
    assert!(
        matches!(
            &signal,
            Some(AriSignal::Disconnected {
                error: AriError::Unauthorized { .. },
                ..
            })
        ),
        "{signal:?}"
    );
    let first = asked.lock().unwrap()[0].clone();
    assert_eq!(first.line, "GET /ari/events?app=acme&subscribeAll=false");
    assert_eq!(first.authorization, "Basic YW5uOmh1bnRlcjI6w6k=");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let error = AriClient::new(settings("ftp://127.0.0.1/ari")).unwrap_err();
    assert!(
        matches!(error, AriError::Settings { key: "url", .. }),
        "{error}"
    );
    // TLS is built in; that it is there at all is what this shows.
    AriClient::new(settings("https://127.0.0.1:8089/ari")).unwrap();
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
        stream.write_all(head.as_bytes()).await.unwrap();
        let block = vec![b' '; 1 << 16];
        while stream.write_all(&block).await.is_ok() {}
    });
    let ari = AriClient::with_timeout(
        settings(&format!("http://{address}/ari")),
        Duration::from_secs(600),
    )
    .unwrap();
    let error = ari.channels().await.unwrap_err();
    assert!(
        error.to_string().contains("it is longer than 16384 KiB"),
        "{error}"
    );
}

#[tokio::test]
async fn events_come_over_the_websocket_that_the_client_opens() {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
        while socket.next().await.is_some() {}
    });
    let ari = AriClient::new(settings(&format!("http://{address}/ari"))).unwrap();
    let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &CancellationToken::new());
    let signal = events.recv().await;
    assert!(matches!(signal, Some(AriSignal::Connected)), "{signal:?}");
    let signal = events.recv().await;
    assert!(
        matches!(&signal, Some(AriSignal::Event(event)) if event.kind() == "A"),
        "{signal:?}"
    );
    events.stop().await;
}

#[tokio::test]
async fn a_variable_is_cut() {
    let answer = format!(r#"{{"value":"{}"}}"#, "x".repeat(50_000));
    let (ari, _) = answering(200, Box::leak(answer.into_boxed_str())).await;
    let value = ari.get_variable("1.1", "X").await.unwrap().unwrap();
    assert_eq!(value.len(), 8 << 10);
}
