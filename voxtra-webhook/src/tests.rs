//! Deliveries to a real HTTP receiver on loopback.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::*;

type Request = (String, HeaderMap, Bytes);

/// A status and the headers that go with it.
type Answer = (u16, &'static [(&'static str, &'static str)]);

/// Records its requests, and answers by its script, then with 200.
#[derive(Debug, Default)]
struct Receiver {
    got: Mutex<Vec<Request>>,
    answers: Mutex<VecDeque<Answer>>,
}

impl Receiver {
    async fn start(answers: &[Answer]) -> (Arc<Self>, String) {
        let receiver = Arc::new(Self {
            answers: Mutex::new(answers.iter().copied().collect()),
            ..Self::default()
        });
        let router = Router::new()
            .fallback(take)
            .with_state(Arc::clone(&receiver));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn got(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }
}

async fn take(
    State(receiver): State<Arc<Receiver>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    receiver
        .got
        .lock()
        .unwrap()
        .push((uri.to_string(), headers, body));
    let (status, answer) = receiver
        .answers
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or((200, &[]));
    let mut response = StatusCode::from_u16(status).unwrap().into_response();
    for (name, value) in answer {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

fn sender() -> Sender {
    Sender::new("acme").version("1.2")
}

fn settings(url: &str) -> WebhookSettings {
    let mut settings = WebhookSettings::new(url.parse().unwrap());
    settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    settings.first_backoff = Duration::from_millis(1);
    settings.max_backoff = Duration::from_millis(2);
    settings
}

const BODY: &str = r#"{"id":"8a91","type":"call.started","session_id":"ch-1","timestamp":"2026-05-04T08:31:21.512Z","data":{"caller_id":"ÄÖ"}}"#;

fn event(wire: &'static str) -> OutgoingEvent {
    OutgoingEvent {
        wire: wire.into(),
        id: "8a9100112233445566778899aabbccdd".to_owned(),
        session_id: "ch-1234".into(),
        sequence: Some(7),
        body: Bytes::from_static(BODY.as_bytes()),
    }
}

async fn deliver(settings: Vec<WebhookSettings>, events: &[OutgoingEvent]) -> Vec<WebhookCounters> {
    let webhooks = Webhooks::new(&sender(), settings).unwrap();
    for event in events {
        webhooks.deliver(event);
    }
    webhooks
        .drain(Instant::now() + Duration::from_secs(20))
        .await;
    webhooks.counters()
}

/// HMAC by its definition in RFC 2104, from SHA-256 alone.
fn hmac_by_hand(key: &[u8], message: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    assert!(key.len() <= 64);
    let pad = |byte: u8| -> Vec<u8> { (0..64).map(|n| key.get(n).unwrap_or(&0) ^ byte).collect() };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn the_exact_bytes_arrive_with_the_headers_of_the_sender() {
    let (receiver, url) = Receiver::start(&[]).await;
    let mut hook = settings(&format!("{url}/calls?token=abc"));
    hook.secret = Some("s3cret".into());
    let counters = deliver(vec![hook], &[event("call.started")]).await;
    assert_eq!(
        counters[0],
        WebhookCounters {
            delivered: 1,
            ..WebhookCounters::default()
        }
    );
    let [(uri, headers, body)] = &receiver.got()[..] else {
        panic!("one request")
    };
    assert_eq!(uri, "/calls?token=abc");
    assert_eq!(body, BODY.as_bytes());
    let header = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    assert_eq!(header("x-acme-event").as_deref(), Some("call.started"));
    assert_eq!(
        header("x-acme-event-id").as_deref(),
        Some("8a9100112233445566778899aabbccdd")
    );
    assert_eq!(header("x-acme-session-id").as_deref(), Some("ch-1234"));
    assert_eq!(header("x-acme-sequence").as_deref(), Some("7"));
    assert_eq!(
        header("x-acme-signature"),
        Some(hmac_by_hand(b"s3cret", BODY.as_bytes()))
    );
    assert_eq!(header("user-agent").as_deref(), Some("acme/1.2"));
}

#[tokio::test]
async fn a_delivery_is_one_of_standard_webhooks() {
    let (receiver, url) = Receiver::start(&[(503, &[])]).await;
    let mut settings = settings(&url);
    let older = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    settings.secret = Some("plain".into());
    settings.more_secrets = vec![older.into()];
    deliver(vec![settings], &[event("call.started")]).await;
    let got = receiver.got();
    assert_eq!(got.len(), 2);
    for (_, headers, body) in &got {
        let header = |name: &str| headers[name].to_str().unwrap();
        let request = SignedRequest {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
            body,
        };
        assert_eq!(request.id, "8a9100112233445566778899aabbccdd");
        for secret in ["plain", older] {
            let verifier = Verifier::new(&secret.into()).unwrap();
            assert_eq!(verifier.verify(&request), Ok(()), "{secret}");
        }
        let other = Verifier::new(&"other".into()).unwrap();
        assert_eq!(other.verify(&request), Err(Refusal::Signature));
    }
}

#[tokio::test]
async fn a_batch_has_the_exact_bytes_of_its_events_and_is_signed_as_one() {
    for (format, content_type, body) in [
        (
            BatchFormat::Ndjson,
            "application/x-ndjson",
            format!("{BODY}\n{BODY}\n"),
        ),
        (
            BatchFormat::JsonArray,
            "application/json",
            format!("[{BODY},{BODY}]"),
        ),
    ] {
        let (receiver, url) = Receiver::start(&[]).await;
        let mut hook = settings(&url);
        hook.secret = Some("s3cret".into());
        hook.batch = Some(BatchSettings::new(format));
        let mut second = event("call.ended");
        second.sequence = Some(8);
        let counters = deliver(vec![hook], &[event("call.started"), second]).await;
        assert_eq!(counters[0].delivered, 2);
        let [(_, headers, got)] = &receiver.got()[..] else {
            panic!("one request")
        };
        assert_eq!(got, body.as_bytes());
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), content_type);
        assert_eq!(header("x-acme-sequence"), "7, 8");
        assert_eq!(header("x-acme-batch-id"), header("webhook-id"));
        let expected = hmac_by_hand(b"s3cret", body.as_bytes());
        assert_eq!(header("x-acme-signature"), expected);
        for name in ["x-acme-event", "x-acme-event-id", "x-acme-session-id"] {
            assert!(!headers.contains_key(name), "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_compressed_is_signed_as_sent_and_as_read_and_what_is_short_is_sent_as_it_is() {
    use std::io::Read as _;
    let (receiver, url) = Receiver::start(&[(503, &[])]).await;
    let mut hook = settings(&url);
    hook.secret = Some("s3cret".into());
    hook.compression = Some(Compression::Gzip);
    let mut long = event("call.transcript");
    long.body = format!("[{}{{}}]", "{\"said\":\"hello\"},".repeat(5_000)).into();
    let mut short = event("call.ended");
    short.body = "{}".into();
    deliver(vec![hook], &[long.clone(), short]).await;
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert_eq!(got[0].2, got[1].2, "a retry has other bytes");
    for (_, headers, body) in &got[..2] {
        assert_eq!(headers["content-encoding"], "gzip");
        let mut unpacked = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&body[..]);
        decoder.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, long.body);
    }
    assert!(!got[2].1.contains_key("content-encoding"));
    assert_eq!(got[2].2, "{}");
    for ((_, headers, body), read) in got.iter().zip([&long.body, &long.body, &got[2].2]) {
        let header = |name: &str| headers[name].to_str().unwrap();
        let signature = header("x-acme-signature");
        assert_eq!(signature, hmac_by_hand(b"s3cret", body));
        let request = SignedRequest {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
            body: read,
        };
        let verifier = Verifier::new(&"s3cret".into()).unwrap();
        assert_eq!(verifier.verify(&request), Ok(()));
    }
}

#[tokio::test]
async fn a_receiver_in_a_network_of_ones_own_is_refused_at_the_start() {
    let (receiver, url) = Receiver::start(&[]).await;
    let literal = WebhookSettings::new(url.parse().unwrap());
    let refused = Webhooks::new(&sender(), vec![literal]).unwrap_err();
    assert!(refused.to_string().contains("127.0.0.1 is this machine"));
    assert!(receiver.got().is_empty());
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let (receiver, url) = Receiver::start(&[]).await;
    deliver(vec![settings(&url)], &[event("call.started")]).await;
    assert!(!receiver.got()[0].1.contains_key("x-acme-signature"));
}

#[tokio::test]
async fn a_retry_sends_the_same_again() {
    let answers: &[Answer] = &[
        (500, &[]),
        (429, &[("retry-after", "3600")]),
        (408, &[]),
        (425, &[]),
    ];
    let (receiver, url) = Receiver::start(answers).await;
    let mut hook = settings(&url);
    hook.secret = Some("k".into());
    let counters = deliver(vec![hook], &[event("call.ended")]).await;
    assert_eq!(
        counters[0],
        WebhookCounters {
            delivered: 1,
            retries: 4,
            ..WebhookCounters::default()
        }
    );
    let mut got = receiver.got();
    assert_eq!(got.len(), 5);
    for (_, headers, _) in &mut got {
        // A retry may be sent in another second.
        assert!(headers.remove("webhook-timestamp").is_some());
        assert!(headers.remove("webhook-signature").is_some());
    }
    assert!(got.iter().all(|request| request == &got[0]));
}

#[tokio::test]
async fn other_4xx_and_redirects_are_final() {
    for status in [400, 401, 404, 410, 413, 422] {
        let (receiver, url) = Receiver::start(&[(status, &[])]).await;
        let counters = deliver(vec![settings(&url)], &[event("call.ended")]).await;
        assert_eq!(
            counters[0],
            WebhookCounters {
                refused: 1,
                ..WebhookCounters::default()
            },
            "{status}"
        );
        assert_eq!(receiver.got().len(), 1);
    }
    let (elsewhere, target) = Receiver::start(&[]).await;
    let location: &'static str = Box::leak(target.into_boxed_str());
    let answer: &'static [(&'static str, &'static str)] =
        Box::leak(Box::new([("location", location)]));
    let (_, url) = Receiver::start(&[(307, answer)]).await;
    let counters = deliver(vec![settings(&url)], &[event("call.ended")]).await;
    assert_eq!(counters[0].refused, 1);
    assert!(
        elsewhere.got().is_empty(),
        "a signed body was sent where the configuration does not say"
    );
}

#[tokio::test]
async fn each_hook_gets_what_its_list_names_and_user_events_too() {
    let (all, all_url) = Receiver::start(&[]).await;
    let (some, some_url) = Receiver::start(&[]).await;
    let mut chosen = settings(&some_url);
    chosen.events = Some(vec![
        "call.ended".to_owned(),
        "payment.confirmed".to_owned(),
    ]);
    let events = ["call.started", "payment.confirmed", "call.ended"].map(event);
    deliver(vec![settings(&all_url), chosen.clone()], &events).await;
    let names = |receiver: &Receiver| -> Vec<String> {
        let name = |request: &Request| request.1["x-acme-event"].to_str().unwrap().to_owned();
        receiver.got().iter().map(name).collect()
    };
    assert_eq!(
        names(&all),
        ["call.started", "payment.confirmed", "call.ended"]
    );
    assert_eq!(names(&some), ["payment.confirmed", "call.ended"]);

    let webhooks = Webhooks::new(&sender(), vec![chosen]).unwrap();
    assert!(webhooks.ignores("call.started") && !webhooks.ignores("call.ended"));
    let none = Webhooks::new(&sender(), Vec::new()).unwrap();
    assert!(none.ignores("call.ended"));
}

#[tokio::test]
async fn a_list_may_name_beginnings() {
    let (receiver, url) = Receiver::start(&[]).await;
    let mut chosen = settings(&url);
    chosen.events = Some(vec!["call.*".to_owned()]);
    let events = ["call.started", "payment.confirmed", "call.ended"].map(event);
    deliver(vec![chosen.clone()], &events).await;
    let got = receiver.got();
    let names: Vec<_> = got
        .iter()
        .map(|request| &request.1["x-acme-event"])
        .collect();
    assert_eq!(names, ["call.started", "call.ended"]);
    let webhooks = Webhooks::new(&sender(), vec![chosen]).unwrap();
    assert!(webhooks.ignores("payment.confirmed") && !webhooks.ignores("call.ended"));
}

#[tokio::test]
async fn requests_carry_the_headers_that_are_set_and_no_one_sees_their_values() {
    let (receiver, url) = Receiver::start(&[]).await;
    let mut hook = settings(&url);
    hook.headers = vec![("Authorization".to_owned(), "Bearer hunter2".into())];
    assert!(!format!("{hook:?}").contains("hunter2"));
    deliver(vec![hook.clone()], &[event("call.ended")]).await;
    let headers = &receiver.got()[0].1;
    assert_eq!(headers["authorization"], "Bearer hunter2");
    assert_eq!(headers["content-type"], "application/json");

    hook.headers = vec![("X-Acme-Event".to_owned(), "hunter2".into())];
    let refused = Webhooks::new(&sender(), vec![hook])
        .unwrap_err()
        .to_string();
    assert!(refused.ends_with("the header \"X-Acme-Event\" is set by the sender itself"));
}

#[tokio::test]
async fn a_receiver_that_is_down_or_mute_costs_its_own_hook_only() {
    let (receiver, url) = Receiver::start(&[]).await;
    // Bound but never accepts: a client connects and gets no answer.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut gone = settings(&format!("http://{}", listener.local_addr().unwrap()));
        gone.give_up_after = Duration::from_millis(50);
        gone
    };
    let mut silent = settings(&format!("http://{}", mute.local_addr().unwrap()));
    silent.timeout = Duration::from_millis(20);
    silent.max_attempts = Some(2);
    let counters = deliver(vec![silent, gone, settings(&url)], &[event("call.ended")]).await;
    assert_eq!(
        counters[0],
        WebhookCounters {
            exhausted: 1,
            retries: 1,
            ..WebhookCounters::default()
        }
    );
    assert_eq!((counters[1].exhausted, counters[1].queued), (1, 0));
    assert!(counters[1].retries > 0);
    assert_eq!(counters[2].delivered, 1);
    assert_eq!(receiver.got().len(), 1);
}

/// The proxy gets the whole URL, and would connect to the receiver.
#[tokio::test]
async fn requests_go_through_the_proxy_that_is_named() {
    let (receiver, url) = Receiver::start(&[]).await;
    let (proxy, proxy_url) = Receiver::start(&[]).await;
    let mut hook = settings(&format!("{url}/calls"));
    hook.proxy = Some(proxy_url.parse().unwrap());
    let counters = deliver(vec![hook], &[event("call.ended")]).await;
    assert_eq!(counters[0].delivered, 1);
    assert_eq!(proxy.got()[0].0, format!("{url}/calls"));
    assert!(receiver.got().is_empty());
}

/// The environment belongs to a process: the test runs itself in another one.
#[tokio::test]
async fn proxies_of_the_environment_are_not_used() {
    const INSIDE: &str = "WEBHOOK_TEST_INSIDE";
    let (receiver, url) = Receiver::start(&[]).await;
    if std::env::var_os(INSIDE).is_some() {
        let counters = deliver(vec![settings(&url)], &[event("call.ended")]).await;
        assert_eq!(counters[0].delivered, 1);
        assert_eq!(receiver.got().len(), 1);
        return;
    }
    let (proxy, proxy_url) = Receiver::start(&[]).await;
    let mut inside = tokio::process::Command::new(std::env::current_exe().unwrap());
    inside
        .args(["--exact", "tests::proxies_of_the_environment_are_not_used"])
        .env(INSIDE, "1");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        inside.env(name, &proxy_url);
    }
    let output = inside.output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}"
    );
    assert!(proxy.got().is_empty());
}

#[test]
fn debug_shows_no_secret() {
    let mut hook = settings("https://example.com/");
    hook.secret = Some("hunter2".into());
    hook.proxy = Some("http://ann:hunter2@proxy:3128/".parse().unwrap());
    assert!(!format!("{hook:?}").contains("hunter2"));
    assert_eq!(
        settings("https://user:pw@example.com:8443/token?x=y").origin(),
        "https://example.com:8443"
    );
}
