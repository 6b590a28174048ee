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
use voxtra_ari::asterisk::InfoOptions;
use voxtra_ari::channels::{
    ChannelOriginateOptions, ContinueInDialplanOptions, ExternalMediaOptions, HangupOptions,
    OriginateOptions, PlayOptions,
};
use voxtra_ari::{
    AriClient, AriError, AriEvents, AriEventsOptions, AriSettings, AriSignal, Channel,
    HangupReason, InfoPart,
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
    let (ari, asked) = answering(200, "{}").await;
    let channel = ari.channel("c1");
    channel.answer().await.unwrap();
    channel.hold().await.unwrap();
    channel.unhold().await.unwrap();
    let busy = HangupOptions::default().reason(HangupReason::Busy);
    channel.hangup(&busy).await.unwrap();
    let keys = channel.send_dtmf("12#", &Default::default());
    keys.await.unwrap();
    let set = channel.set_variable("NAME", "a b&c", &Default::default());
    set.await.unwrap();
    let next = ContinueInDialplanOptions::default();
    channel.continue_in_dialplan(&next).await.unwrap();
    let at = next.context("sales").extension("s").priority(2);
    channel.continue_in_dialplan(&at).await.unwrap();
    let bridge = ari.bridge("b1");
    let both = bridge.add_channel(["c1", "m,1"], &Default::default());
    both.await.unwrap();
    bridge.remove_channel("c1").await.unwrap();
    bridge.destroy().await.unwrap();
    ari.playback("p1").stop().await.unwrap();
    ari.application("acme")
        .unsubscribe("channel:c1")
        .await
        .unwrap();
    ari.endpoint("PJSIP", "200").get().await.unwrap();
    let parts = InfoOptions::default().only([InfoPart::System, InfoPart::Other("new".into())]);
    ari.asterisk().info(&parts).await.unwrap();

    let asked = asked.lock().unwrap().clone();
    let lines: Vec<_> = asked
        .iter()
        .map(|asked| (asked.line.as_str(), asked.body.clone()))
        .collect();
    assert_eq!(
        lines,
        [
            ("POST /ari/channels/c1/answer", Value::Null),
            ("POST /ari/channels/c1/hold", Value::Null),
            ("DELETE /ari/channels/c1/hold", Value::Null),
            ("DELETE /ari/channels/c1?reason=busy", Value::Null),
            ("POST /ari/channels/c1/dtmf", json!({ "dtmf": "12#" })),
            (
                "POST /ari/channels/c1/variable",
                json!({ "variable": "NAME", "value": "a b&c" })
            ),
            ("POST /ari/channels/c1/continue", Value::Null),
            (
                "POST /ari/channels/c1/continue",
                json!({ "context": "sales", "extension": "s", "priority": 2 })
            ),
            (
                "POST /ari/bridges/b1/addChannel",
                json!({ "channel": ["c1", "m,1"] })
            ),
            (
                "POST /ari/bridges/b1/removeChannel",
                json!({ "channel": ["c1"] })
            ),
            ("DELETE /ari/bridges/b1", Value::Null),
            ("DELETE /ari/playbacks/p1", Value::Null),
            (
                "DELETE /ari/applications/acme/subscription?eventSource=channel%3Ac1",
                Value::Null
            ),
            ("GET /ari/endpoints/PJSIP/200", Value::Null),
            ("GET /ari/asterisk/info?only=system%2Cnew", Value::Null),
        ]
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
    let options = ChannelOriginateOptions::default()
        .app("acme")
        .app_args("out,42")
        .caller_id("Acme <1000>")
        .timeout(2)
        .variable("__CUSTOMER", "42")
        .variable("STATE", json!({ "value": "new", "report_events": true }));
    let made = ari.channel("call-1").originate("PJSIP/200", &options).await;
    assert_eq!(made.unwrap().id, "c1");
    let options = OriginateOptions::default().context("out").extension("200");
    let made = ari.channels().originate("Local/1@in", &options).await;
    made.unwrap();

    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked[0].line, "POST /ari/channels/call-1");
    assert_eq!(
        asked[0].body,
        json!({
            "endpoint": "PJSIP/200", "app": "acme", "appArgs": "out,42", "callerId": "Acme <1000>", "timeout": 2,
            "variables": { "__CUSTOMER": "42", "STATE": { "value": "new", "report_events": true } },
        })
    );
    assert_eq!(asked[1].line, "POST /ari/channels");
    assert_eq!(
        asked[1].body,
        json!({ "endpoint": "Local/1@in", "context": "out", "extension": "200" })
    );
}

#[tokio::test]
async fn external_media_and_sounds_name_what_they_want() {
    let (ari, asked) = answering(200, CHANNEL).await;
    let id = "40325ec2-5efd-4bd3-805f-53576e581d13".parse().unwrap();
    let options = ExternalMediaOptions::audiosocket("10.0.0.5:9092", id).channel_id("m1");
    let made = ari.channels().external_media("acme", "slin16", &options);
    made.await.unwrap();
    let options = PlayOptions::default().playback_id("p1");
    let sounds = ["sound:hello world", "sound:beep"];
    ari.channel("c1").play(sounds, &options).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    assert_eq!(
        asked[0].body,
        json!({
            "app": "acme", "channelId": "m1", "external_host": "10.0.0.5:9092", "encapsulation": "audiosocket",
            "transport": "tcp", "format": "slin16", "data": "40325ec2-5efd-4bd3-805f-53576e581d13",
        })
    );
    assert_eq!(asked[1].line, "POST /ari/channels/c1/play");
    assert_eq!(
        asked[1].body,
        json!({ "media": sounds, "playbackId": "p1" })
    );
}

#[tokio::test]
async fn an_order_is_sent_when_it_is_awaited_and_may_have_a_time_limit_of_its_own() {
    let (ari, asked) = answering(204, "").await;
    let hold = ari.channel("c1").hold();
    drop(ari.channel("c2").hold());
    assert!(asked.lock().unwrap().is_empty());
    hold.await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);

    // A listener whose backlog accepts the connection, and nobody behind it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ari", listener.local_addr().unwrap());
    let ari = AriClient::new(settings(&url)).unwrap();
    let limit = Duration::from_millis(50);
    let error = ari.channels().list().timeout(limit).await.unwrap_err();
    assert!(
        matches!(&error, AriError::Timeout { after, .. } if *after == limit),
        "{error}"
    );
}

#[tokio::test]
async fn an_id_cannot_escape_its_place_in_the_path() {
    let (ari, asked) = answering(204, "").await;
    ari.channel("a/b?c#d%2e e;1").answer().await.unwrap();
    ari.channel("..%2f..").answer().await.unwrap();
    // A plus in a path is a space to Asterisk.
    ari.stored_recording("+49 30").get().await.unwrap_err();
    for id in ["", ".", "..", "\t", ".\t.", "a\nb"] {
        let error = ari.channel(id).answer().await.unwrap_err();
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
            "POST /ari/channels/..%252f../answer",
            "GET /ari/recordings/stored/%2B49%2030",
        ]
    );
}

#[tokio::test]
async fn each_refusal_is_its_own_error_and_keeps_asterisks_words() {
    let message = r#"{"message":"Channel not found"}"#;
    let error = answering(404, message)
        .await
        .0
        .channel("c1")
        .answer()
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "channel.answer (POST /channels/c1/answer): not found (Channel not found)"
    );

    let error = answering(401, r#"{"message":"Authentication required"}"#)
        .await
        .0
        .channels()
        .list()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, AriError::Unauthorized { username, .. } if username == "ann"),
        "{error}"
    );

    let error = answering(403, r#"{"message":"Write access denied"}"#)
        .await
        .0
        .channel("c1")
        .answer()
        .await
        .unwrap_err();
    assert!(matches!(&error, AriError::Forbidden { .. }), "{error}");

    let error = answering(409, r#"{"message":"Channel not in Stasis application"}"#)
        .await
        .0
        .channel("c1")
        .answer()
        .await
        .unwrap_err();
    assert!(matches!(&error, AriError::Conflict { .. }), "{error}");

    // Two shapes that Asterisk 22 has besides: `error`, and a web page.
    let error = answering(500, r#"{"error":"Allocation failed"}"#)
        .await
        .0
        .channel("c1")
        .answer()
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("Asterisk answered 500 (Allocation failed)"),
        "{error}"
    );
    assert!(error.is_transient());
    let error = answering(503, "<html>Service Unavailable</html>")
        .await
        .0
        .channel("c1")
        .answer()
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with("503 (Service Unavailable)"),
        "{error}"
    );

    // A redirection is not followed: it would carry the password elsewhere.
    let (ari, asked) = answering(302, "").await;
    let error = ari.channels().list().await.unwrap_err();
    assert!(
        matches!(error, AriError::Status { status: 302, .. }),
        "{error}"
    );
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_promised_is_an_error() {
    for text in ["", "rubbish", "{}", r#"[{"id":7}]"#] {
        let error = answering(200, text)
            .await
            .0
            .channels()
            .list()
            .await
            .unwrap_err();
        assert!(matches!(error, AriError::Decode { .. }), "{text}: {error}");
    }
}

#[tokio::test]
async fn neither_an_answer_nor_an_id_can_fill_an_error_or_drive_a_terminal() {
    let answer = format!(r#""\u001b[2J\u202e{}""#, "x".repeat(60_000));
    let (ari, _) = answering(200, Box::leak(answer.into_boxed_str())).await;
    let asked = ari.channel("c1").get().await;
    let long = ari.channel("x".repeat(100_000)).answer().await;
    let (ari, _) = answering(404, r#"{"message":"Channel not found"}"#).await;
    let odd = ari.channel("\u{202e}c1").answer().await;
    let control = ari.channel("c1\u{1b}[2J\nERROR").answer().await;
    for error in [asked.unwrap_err(), odd.unwrap_err(), control.unwrap_err()] {
        for text in [
            error.to_string(),
            format!("{:?}", ari.channel("\u{202e}").answer()),
        ] {
            assert!(
                !text.contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{text:?}"
            );
            assert!(text.len() < 2_000, "{} bytes", text.len());
        }
    }
    drop(long);
    let long = ari.channel("x".repeat(100_000)).answer().await.unwrap_err();
    assert!(long.to_string().len() < 3_000);
}

#[tokio::test]
async fn a_variable_that_was_never_set_is_none_and_a_lost_channel_is_an_error() {
    let (ari, _) = answering(200, r#"{"value":"x"}"#).await;
    let value = ari.channel("c1").variable_if_set("CALLERID(num)").await;
    assert_eq!(value.unwrap().as_deref(), Some("x"));
    let (ari, _) = answering(404, r#"{"message":"Provided variable was not found"}"#).await;
    let value = ari.channel("c1").variable_if_set("X").await;
    assert_eq!(value.unwrap(), None);
    let (ari, _) = answering(404, r#"{"message":"Channel not found"}"#).await;
    let value = ari.channel("c1").variable_if_set("X").await;
    assert!(value.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_name_is_free_only_when_asterisk_says_so() {
    let held = r#"{"name":"acme","channel_ids":[],"bridge_ids":[]}"#;
    let (ari, asked) = answering(200, held).await;
    assert!(ari.application("acme").exists().await.unwrap());
    assert_eq!(asked.lock().unwrap()[0].line, "GET /ari/applications/acme");
    let (ari, _) = answering(404, r#"{"message":"Application not found"}"#).await;
    assert!(!ari.application("acme").exists().await.unwrap());
    // What the web server says while ARI is not loaded yet.
    let (ari, _) = answering(404, "<html>Not Found</html>").await;
    let error = ari.application("acme").exists().await.unwrap_err();
    assert!(matches!(error, AriError::NoAri { .. }), "{error}");
}

#[tokio::test]
async fn a_web_server_without_ari_knows_of_no_channel_that_is_gone() {
    let page = "<html><title>404 Not Found</title></html>";
    let (ari, _) = answering(404, page).await;
    let error = ari.channel("c1").hangup(&HangupOptions::default()).await;
    let error = error.unwrap_err();
    // Asterisk is just starting, say: the order may be given again, and is not as good as done.
    assert!(!error.is_not_found() && error.is_transient(), "{error}");
    let text = error.to_string();
    for advice in ["res_ari", "ari.conf", "end in /ari"] {
        assert!(text.contains(advice), "{text}");
    }
    let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &CancellationToken::new());
    let signal = events.recv().await;
    assert!(
        matches!(
            &signal,
            Some(AriSignal::Disconnected {
                error: AriError::NoAri { .. },
                ..
            })
        ),
        "{signal:?}"
    );
}

#[tokio::test]
async fn what_is_new_in_an_answer_is_tolerated_and_visible() {
    let newer =
        r#"{"id":"c1","state":"Dreaming","caller":{"name":null,"pronouns":"they"},"mood":[1]}"#;
    let channel = answering(200, newer).await.0.channel("c1").get().await;
    let channel: Channel = channel.unwrap();
    assert_eq!(channel.state.as_str(), "Dreaming");
    assert_eq!(channel.caller.other["pronouns"], "they");
    assert_eq!(channel.other["mood"], json!([1]));
    // What an older Asterisk leaves out is empty; without its id a channel is none.
    assert_eq!(channel.protocol_id, "");
    let error = answering(200, "{}").await.0.channel("c1").get().await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("Channel: there is no `id`"), "{error}");
}

#[tokio::test]
async fn what_asterisk_does_not_serve_names_the_module() {
    let missing = r#"{"message":"Resource not found"}"#;
    let error = answering(404, missing)
        .await
        .0
        .device_state("x")
        .get()
        .await;
    let error = error.unwrap_err();
    assert!(!error.is_not_found(), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("res_ari_device_states.so"), "{text}");
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
        tokio::spawn(async move { ari.channel(format!("1.{id}")).answer().await })
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
        tokio::spawn(async move { ari.channel(format!("1.{id}")).answer().await })
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
    let error = ari.channels().list().await.unwrap_err();
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
    let error = ari.channels().list().await.unwrap_err();
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

/// A server that answers every connection with `head`, then with `more` without end, `every` so
/// often.
async fn pouring(head: &'static str, more: &'static str, every: Duration) -> AriClient {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ari", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(more.as_bytes()).await.is_ok() {
                    tokio::time::sleep(every).await;
                }
            });
        }
    });
    AriClient::with_timeout(settings(&url), Duration::from_millis(300)).unwrap()
}

#[tokio::test]
async fn whatever_a_server_pours_out_orders_and_connections_end() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let upgraded =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    let answers = [
        ("", "H", 20),
        (ok, "x", 20),
        (ok, "x: y\r\n", 0),
        ("HTTP/1.1 ", "999999999", 0),
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 999999999999999999\r\n\r\n",
            " ",
            20,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "1;x",
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "1\r\n \r\n",
            20,
        ),
        ("HTTP/1.1 404 Not Found\r\n\r\n", "<", 20),
        (upgraded, "\u{1}", 0),
    ];
    let met = answers.map(|(head, more, every)| async move {
        let every = Duration::from_millis(every);
        let ari = pouring(head, more, every).await;
        for _ in 0..2 {
            let list = ari.channels().list().await;
            let failed = list.unwrap_err();
            assert!(failed.to_string().len() < 2_000, "{head:?} {more:?}");
            // Of the answer to a hold nothing matters but its status.
            let _ = ari.channel("c1").hold().await;
        }
        let mut events =
            AriEvents::start(&ari, AriEventsOptions::default(), &CancellationToken::new());
        for _ in 0..2 {
            let signal = events.recv().await;
            assert!(
                matches!(signal, Some(AriSignal::Disconnected { .. })),
                "{head:?} {more:?}: {signal:?}"
            );
        }
        events.stop().await;
    });
    futures_util::future::join_all(met).await;
}

/// An Asterisk with TLS and a certificate for `localhost` that no machine trusts, which answers
/// each request with an empty list: its port, and the certificate.
async fn with_tls() -> (u16, String) {
    use base64::Engine as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::rustls;

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]";
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let pem = base64::engine::general_purpose::STANDARD.encode(made.cert.der());
    (
        port,
        format!("-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"),
    )
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_and_what_is_wrong_with_tls_says_what_to_do() {
    let (port, pem) = with_tls().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, pem).unwrap();
    let asked = async |url: &str, ca_file: Option<&std::path::Path>| {
        let settings = settings(url).with(|ari| ari.ca_file = ca_file.map(Into::into));
        let ari = AriClient::new(settings)?;
        ari.channels().list().await
    };
    let url = format!("https://localhost:{port}/ari");
    assert_eq!(asked(&url, Some(&file)).await.unwrap(), []);

    let error = asked(&url, None).await.unwrap_err().to_string();
    assert!(error.contains("`ca_file`"), "{error}");
    let numbered = url.replace("localhost", "127.0.0.1");
    let error = asked(&numbered, Some(&file)).await.unwrap_err().to_string();
    assert!(error.contains("a name that the certificate has"), "{error}");
    let (plain, _) = answering(200, "[]").await;
    let plain = plain.settings().url.as_str().replace("http:", "https:");
    let error = asked(&plain, Some(&file)).await.unwrap_err().to_string();
    assert!(error.contains("`tlsbindaddr`"), "{error}");

    std::fs::write(folder.path().join("empty"), "").unwrap();
    for name in ["none", "empty"] {
        let error = asked(&url, Some(&folder.path().join(name))).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, AriError::Settings { key: "ca_file", .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
            stream.write_all(head.as_bytes()).await.unwrap();
            let block = vec![b' '; 1 << 16];
            while stream.write_all(&block).await.is_ok() {}
        }
    });
    let ari = AriClient::with_timeout(
        settings(&format!("http://{address}/ari")),
        Duration::from_secs(600),
    )
    .unwrap();
    let error = ari.channels().list().await.unwrap_err();
    assert!(
        error.to_string().contains("it is longer than 16384 KiB"),
        "{error}"
    );
    // Every call's subscription is answered with one of these.
    let subscribed = ari.application("acme").subscribe("channel:c1").await;
    let error = subscribed.unwrap_err().to_string();
    assert!(error.contains("it is longer than 1024 KiB"), "{error}");
    let error = ari.channel("c1").get().await.unwrap_err().to_string();
    assert!(error.contains("it is longer than 64 KiB"), "{error}");
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
    let value = ari.channel("1.1").variable("X").await.unwrap().value;
    assert_eq!(value.len(), 8 << 10);
}
