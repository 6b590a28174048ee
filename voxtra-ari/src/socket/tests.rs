//! The event connection to an Asterisk simulated by a duplex pipe, in virtual time.

use std::sync::Mutex;

use super::*;
use crate::channels::HangupOptions;
use crate::{AriSettings, HangupReason};
use tokio::io::DuplexStream;

type Peer = WebSocketStream<DuplexStream>;

/// The outcomes of the next connection attempts; after the last one, attempts fail.
#[derive(Clone, Default)]
struct Script {
    attempts: Arc<Mutex<Vec<Instant>>>,
    peers: Arc<Mutex<Option<mpsc::UnboundedSender<Peer>>>>,
}

impl Script {
    /// A script on which every attempt succeeds, and the other ends of the connections.
    fn accepting() -> (Self, mpsc::UnboundedReceiver<Peer>) {
        let (sender, peers) = mpsc::unbounded_channel();
        let script = Self::default();
        *script.peers.lock().unwrap() = Some(sender);
        (script, peers)
    }

    fn refuse_from_now_on(&self) {
        *self.peers.lock().unwrap() = None;
    }

    fn attempts(&self) -> Vec<Instant> {
        self.attempts.lock().unwrap().clone()
    }
}

impl Connect for Script {
    type Stream = DuplexStream;

    async fn connect(&self) -> Result<DuplexStream, AriError> {
        self.attempts.lock().unwrap().push(Instant::now());
        let accept = self.peers.lock().unwrap().clone();
        let Some(accept) = accept else {
            return Err(AriError::Unauthorized {
                request: "GET /events".into(),
                username: "acme".into(),
            });
        };
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        accept
            .send(WebSocketStream::from_raw_socket(theirs, Role::Server, None).await)
            .unwrap();
        Ok(ours)
    }
}

/// Of an Asterisk that isn't there over HTTP.
fn client() -> AriClient {
    let url = "http://127.0.0.1:9/ari".parse().unwrap();
    AriClient::new(AriSettings::new(url, "acme", "acme", "x")).unwrap()
}

fn start(script: &Script) -> (AriEvents, CancellationToken) {
    let stop = CancellationToken::new();
    (
        AriEvents::start_with(
            script.clone(),
            AriEventsOptions::default(),
            &stop,
            &client(),
        ),
        stop,
    )
}

async fn connected(events: &mut AriEvents) {
    let signal = events.recv().await;
    assert!(matches!(signal, Some(AriSignal::Connected)), "{signal:?}");
}

async fn disconnected(events: &mut AriEvents) -> (AriError, Duration) {
    match events.recv().await {
        Some(AriSignal::Disconnected { error, retry_in }) => (error, retry_in),
        other => panic!("{other:?}"),
    }
}

async fn event(events: &mut AriEvents) -> AriEvent {
    match events.recv().await {
        Some(AriSignal::Event(event)) => event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn events_arrive_in_order_and_rubbish_is_counted() {
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    for text in [
        r#"{"type":"A"}"#,
        "rubbish",
        r#"{"type":"StasisStart"}"#,
        "",
        r#"{"type":"B"}"#,
    ] {
        peer.send(Message::text(text)).await.unwrap();
    }
    assert_eq!(event(&mut events).await.kind(), "A");
    assert_eq!(event(&mut events).await.kind(), "B");
    assert_eq!(events.malformed(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_no_utf_8_costs_that_event_only() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    let text = |bytes: &'static [u8], opcode, is_last| {
        Message::Frame(Frame::message(bytes, OpCode::Data(opcode), is_last))
    };
    for message in [
        text(b"{\"type\":\"Zo\xeb\"}", Data::Text, true),
        text(b"{\"type\":", Data::Text, false),
        text(b"\"Zo\xc3\xab\"}", Data::Continue, true),
    ] {
        peer.send(message).await.unwrap();
    }
    assert_eq!(event(&mut events).await.kind(), "Zo\u{eb}");
    assert_eq!(events.malformed(), 1);
    assert_eq!(script.attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_ever_more_slowly_up_to_the_limit() {
    let script = Script::default();
    let (mut events, _stop) = start(&script);
    let options = AriEventsOptions::default();
    let mut shortest = options.min_delay;
    for _ in 0..12 {
        let (error, retry_in) = disconnected(&mut events).await;
        assert!(matches!(error, AriError::Unauthorized { .. }), "{error}");
        assert!(
            retry_in >= shortest && retry_in <= shortest * 2,
            "{retry_in:?} is not within {shortest:?} and its double"
        );
        shortest = (shortest * 2).min(options.max_delay);
    }
    // It really waited: no attempt came sooner than the shortest wait after the previous one.
    let attempts = script.attempts();
    assert!(
        attempts
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= options.min_delay),
        "{attempts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stable_connection_starts_the_waits_anew_and_a_short_one_does_not() {
    let options = AriEventsOptions::default();
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);

    // Asterisk accepts and hangs up at once, again and again: this must not become a busy loop.
    let mut waits = Vec::new();
    for _ in 0..6 {
        connected(&mut events).await;
        drop(peers.recv().await.unwrap());
        waits.push(disconnected(&mut events).await.1);
    }
    assert!(waits[5] >= options.max_delay, "{waits:?}");

    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    let until = Instant::now() + options.stable_after;
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_secs(1)).await;
        peer.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
        assert_eq!(event(&mut events).await.kind(), "A");
    }
    drop(peer);
    let (_, retry_in) = disconnected(&mut events).await;
    assert!(retry_in <= options.min_delay * 2, "{retry_in:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_is_kept_and_one_that_does_not_is_given_up() {
    let options = AriEventsOptions::default();
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;

    // tungstenite answers pings when it reads; nothing else is ever sent.
    let mut peer = peers.recv().await.unwrap();
    let alive = tokio::spawn(async move {
        let end = tokio::time::sleep(options.dead_after * 4);
        tokio::pin!(end);
        let mut pings = 0;
        loop {
            tokio::select! {
                () = &mut end => return (peer, pings),
                message = peer.next() => if matches!(message, Some(Ok(Message::Ping(_)))) { pings += 1 },
            }
        }
    });
    let began = Instant::now();
    let (error, _) = disconnected(&mut events).await;
    assert!(matches!(error, AriError::Dead { .. }), "{error}");
    let (_peer, pings) = alive.await.unwrap();
    assert!(pings >= 11, "{pings}");
    assert!(
        began.elapsed() > options.dead_after * 4,
        "{:?}",
        began.elapsed()
    );
    assert!(
        began.elapsed() <= options.dead_after * 5 + options.ping_every,
        "{:?}",
        began.elapsed()
    );

    connected(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn times_of_nothing_and_of_ever_are_taken() {
    let ever = AriEventsOptions {
        max_delay: Duration::MAX,
        stable_after: Duration::MAX,
        ping_every: Duration::MAX,
        dead_after: Duration::MAX,
        ..AriEventsOptions::default()
    };
    let (script, mut peers) = Script::accepting();
    let mut events = AriEvents::start_with(script, ever, &CancellationToken::new(), &client());
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    tokio::time::sleep(Duration::from_secs(100_000)).await;
    peer.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
    assert_eq!(event(&mut events).await.kind(), "A");

    let nothing = AriEventsOptions {
        min_delay: Duration::ZERO,
        max_delay: Duration::ZERO,
        ping_every: Duration::ZERO,
        capacity: 0,
        ..AriEventsOptions::default()
    };
    let (script, mut peers) = Script::accepting();
    let mut events = AriEvents::start_with(
        script.clone(),
        nothing,
        &CancellationToken::new(),
        &client(),
    );
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    peer.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
    assert_eq!(event(&mut events).await.kind(), "A");
    script.refuse_from_now_on();
    drop(peer);
    // Not a tight loop, whatever was asked for.
    for _ in 0..20 {
        disconnected(&mut events).await;
    }
    let attempts = script.attempts();
    let least = Duration::from_millis(10);
    assert!(
        attempts.windows(2).all(|pair| pair[1] - pair[0] >= least),
        "{attempts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_carries_its_reason() {
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
        code: 1001.into(),
        reason: "going away".into(),
    };
    peer.send(Message::Close(Some(frame))).await.unwrap();
    let (error, _) = disconnected(&mut events).await;
    assert!(
        matches!(&error, AriError::Closed { reason: Some(reason) } if reason == "going away"),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn being_replaced_is_the_end() {
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    peer.send(Message::text(
        r#"{"type":"ApplicationReplaced","application":"acme"}"#,
    ))
    .await
    .unwrap();
    let signal = events.recv().await;
    assert!(matches!(signal, Some(AriSignal::Replaced)), "{signal:?}");
    assert!(events.recv().await.is_none());
    assert_eq!(script.attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_stops_at_once_whatever_it_is_doing() {
    // While connected: the client says goodbye.
    let (script, mut peers) = Script::accepting();
    let (mut events, stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    let goodbye = tokio::spawn(async move { peer.next().await });
    stop.cancel();
    assert!(events.recv().await.is_none());
    assert!(matches!(
        goodbye.await.unwrap(),
        Some(Ok(Message::Close(_)))
    ));

    // While waiting for the next attempt.
    let script = Script::default();
    let (mut events, _stop) = start(&script);
    disconnected(&mut events).await;
    let before = Instant::now();
    events.stop().await;
    assert_eq!(Instant::now(), before);

    // While waiting for room in a full queue.
    let (script, mut peers) = Script::accepting();
    let stop = CancellationToken::new();
    let options = AriEventsOptions {
        capacity: 1,
        ..AriEventsOptions::default()
    };
    let events = AriEvents::start_with(script.clone(), options, &stop, &client());
    let mut peer = peers.recv().await.unwrap();
    for _ in 0..10 {
        peer.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
    }
    tokio::task::yield_now().await;
    events.stop().await;

    // Dropped.
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    script.refuse_from_now_on();
    drop(events);
    assert!(matches!(
        peer.next().await,
        Some(Ok(Message::Close(_))) | None
    ));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_slow_loses_nothing() {
    let (script, mut peers) = Script::accepting();
    let stop = CancellationToken::new();
    let options = AriEventsOptions {
        capacity: 2,
        ..AriEventsOptions::default()
    };
    let mut events = AriEvents::start_with(script, options, &stop, &client());
    let mut peer = peers.recv().await.unwrap();
    for n in 0..50 {
        peer.send(Message::text(format!(r#"{{"type":"{n}"}}"#)))
            .await
            .unwrap();
    }
    tokio::time::sleep(options.dead_after * 2).await;
    connected(&mut events).await;
    for n in 0..50 {
        assert_eq!(event(&mut events).await.kind(), n.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_pings_and_reads_nothing_makes_no_answers_pile_up() {
    const PINGS: usize = 20_000;
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    for _ in 0..PINGS {
        peer.send(Message::Ping(vec![0; 125].into())).await.unwrap();
    }
    peer.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
    // All were read, and the connection is still the same.
    assert_eq!(event(&mut events).await.kind(), "A");

    let mut answers = 0;
    while let Ok(Some(Ok(message))) =
        tokio::time::timeout(Duration::from_secs(1), peer.next()).await
    {
        answers += usize::from(message.is_pong());
    }
    // Bytes in the pipe, bytes that may wait for it, and the latest pong.
    let bound = ((1 << 16) + MAX_UNWRITTEN) / 125 + 2;
    assert!((1..=bound).contains(&answers), "{answers}");
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_close_cannot_drive_a_terminal() {
    let (script, mut peers) = Script::accepting();
    let (mut events, _stop) = start(&script);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
        code: 1000.into(),
        reason: "bye\u{1b}[2J\nERROR forged".into(),
    };
    peer.close(Some(frame)).await.unwrap();
    let (error, _) = disconnected(&mut events).await;
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
}

/// A connection of an Asterisk that takes orders, once it has answered the probe.
async fn taking_orders() -> (AriClient, AriEvents, Peer) {
    let (script, mut peers) = Script::accepting();
    let client = client();
    let options = AriEventsOptions {
        orders_over_websocket: true,
        ..AriEventsOptions::default()
    };
    let mut events = AriEvents::start_with(script, options, &CancellationToken::new(), &client);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    let probe = order(&mut peer).await;
    assert_eq!(probe["uri"], "asterisk/ping");
    answer(&mut peer, &probe, 200, r#"{"ping":"pong"}"#).await;
    peer.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
    assert_eq!(event(&mut events).await.kind(), "A");
    (client, events, peer)
}

async fn order(peer: &mut Peer) -> serde_json::Value {
    loop {
        match peer.next().await {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn answer(peer: &mut Peer, to: &serde_json::Value, status: u16, body: &str) {
    let response = serde_json::json!({
        "type": "RESTResponse", "request_id": to["request_id"], "status_code": status,
        "reason_phrase": "x", "message_body": body,
    });
    peer.send(Message::text(response.to_string()))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn orders_go_over_the_websocket_of_an_asterisk_that_takes_them() {
    let (client, mut events, mut peer) = taking_orders().await;
    let asked = tokio::spawn(client.channel("a/b").get().into_future());
    let taken = order(&mut peer).await;
    assert_eq!(taken["type"], "RESTRequest");
    assert_eq!(
        (&taken["method"], &taken["uri"]),
        (&"GET".into(), &"channels/a%2Fb".into())
    );
    answer(&mut peer, &taken, 200, r#"{"id":"a/b"}"#).await;
    assert_eq!(asked.await.unwrap().unwrap().id, "a/b");

    // Two at a time, answered the other way round.
    let busy = HangupOptions::default().reason(HangupReason::Busy);
    let hangup = tokio::spawn(client.channel("c").hangup(&busy).into_future());
    let first = order(&mut peer).await;
    assert_eq!(first["uri"], "channels/c?reason=busy");
    let keys = client.channel("c").send_dtmf("1,2", &Default::default());
    let keys = tokio::spawn(keys.into_future());
    let second = order(&mut peer).await;
    assert_eq!(second["message_body"], r#"{"dtmf":"1,2"}"#);
    answer(&mut peer, &second, 204, "").await;
    keys.await.unwrap().unwrap();
    answer(&mut peer, &first, 404, r#"{"message":"Channel not found"}"#).await;
    let error = hangup.await.unwrap().unwrap_err();
    assert!(error.is_not_found(), "{error}");

    // A lost connection ends what waits, and later orders go over HTTP.
    let lost = tokio::spawn(client.channel("c").hold().into_future());
    order(&mut peer).await;
    drop(peer);
    let error = lost.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("websocket was lost"), "{error}");
    disconnected(&mut events).await;
    let error = client.channel("c").hold().await.unwrap_err();
    assert!(!error.to_string().contains("websocket"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_answers_ends_and_its_late_answer_is_nobodys() {
    let (client, mut events, mut peer) = taking_orders().await;
    let asked = tokio::spawn(client.channel("c").hold().into_future());
    let unanswered = order(&mut peer).await;
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, AriError::Timeout { .. }), "{error}");
    answer(&mut peer, &unanswered, 204, "").await;
    answer(&mut peer, &serde_json::json!({"request_id": "99"}), 204, "").await;
    peer.send(Message::text(r#"{"type":"B"}"#)).await.unwrap();
    assert_eq!(event(&mut events).await.kind(), "B");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_was_given_up_before_it_was_written_is_not_carried_out() {
    let (script, mut peers) = Script::accepting();
    let client = client();
    let options = AriEventsOptions {
        orders_over_websocket: true,
        capacity: 1,
        ..AriEventsOptions::default()
    };
    let mut events = AriEvents::start_with(script, options, &CancellationToken::new(), &client);
    connected(&mut events).await;
    let mut peer = peers.recv().await.unwrap();
    let probe = order(&mut peer).await;
    answer(&mut peer, &probe, 200, "{}").await;
    // Nobody reads these for a while, so that nothing is written either.
    for _ in 0..3 {
        peer.send(Message::text(r#"{"type":"A"}"#)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = client.channels().originate("PJSIP/1", &Default::default());
    let error = error.await.unwrap_err();
    assert!(matches!(error, AriError::Timeout { .. }), "{error}");
    for _ in 0..3 {
        event(&mut events).await;
    }
    let hold = tokio::spawn(client.channel("c").hold().into_future());
    let next = order(&mut peer).await;
    assert_eq!(next["uri"], "channels/c/hold", "{next}");
    answer(&mut peer, &next, 204, "").await;
    hold.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_older_asterisk_gets_no_order_over_the_websocket() {
    let (script, mut peers) = Script::accepting();
    let client = client();
    let options = AriEventsOptions {
        orders_over_websocket: true,
        ..AriEventsOptions::default()
    };
    let mut events = AriEvents::start_with(script, options, &CancellationToken::new(), &client);
    connected(&mut events).await;
    let _peer = peers.recv().await.unwrap();
    // It ignores the probe. Nobody is there over HTTP, which is where the order goes.
    let error = client.channel("c").hold().await.unwrap_err();
    assert!(!error.to_string().contains("websocket"), "{error}");
}
