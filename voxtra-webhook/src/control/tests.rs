//! A service and who asks it, by their socket; and the file without a service.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::mpsc;

use super::*;
use crate::{
    AttemptResult, EndpointState, EventState, OutgoingEvent, Sender, StoredLimits, Watched,
    WebhookSettings, Webhooks,
};

/// A receiver that answers with `status`, and the ids of what it gets.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    got: mpsc::UnboundedReceiver<String>,
}

impl Receiver {
    async fn new(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/hook?token=secret",
            listener.local_addr().unwrap()
        );
        let status = Arc::new(AtomicU16::new(status));
        let (told, got) = mpsc::unbounded_channel();
        let answer = Arc::clone(&status);
        let take = move |headers: HeaderMap| {
            let id = headers["x-acme-event-id"].to_str().unwrap().to_owned();
            told.send(id).unwrap();
            let status = StatusCode::from_u16(answer.load(Relaxed)).unwrap();
            async move { status }
        };
        let router = Router::new().route("/hook", axum::routing::post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, status, got }
    }

    fn service(&self, store: &Path) -> Webhooks {
        let mut hook = WebhookSettings::new(self.url.parse().unwrap());
        hook.name = Some("billing".to_owned());
        hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        // What fails waits for the test.
        hook.first_backoff = Duration::from_secs(3_600);
        hook.max_backoff = Duration::from_secs(3_600);
        let limits = StoredLimits::default();
        Webhooks::stored(&Sender::new("acme"), vec![hook], store, limits).unwrap()
    }
}

fn store(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("webhooks.redb")
}

fn event(session: &str, number: u64) -> OutgoingEvent {
    OutgoingEvent {
        wire: "order.created".into(),
        id: format!("{session}-{number}"),
        session_id: session.into(),
        sequence: Some(number),
        body: format!(r#"{{"number":{number}}}"#).into(),
    }
}

/// The ids of the events in a state, once there are so many.
async fn ids(control: &mut Control, state: EventState, count: usize) -> Vec<String> {
    loop {
        let list = control.events(&EventQuery::new([state])).await.unwrap();
        if list.events.len() == count {
            return list.events.into_iter().map(|event| event.id).collect();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn open(store: &Path) -> Control {
    Control::open(store).await.unwrap()
}

#[tokio::test]
async fn a_service_tells_what_became_of_events_and_delivers_dead_letters_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new(400).await;
    let webhooks = receiver.service(&store(&folder));
    let mut control = open(&store(&folder)).await;
    assert!(control.is_running());
    for number in 0..3 {
        webhooks.accept(&event("s", number)).await.unwrap();
    }
    let all = ["s-0", "s-1", "s-2"];
    assert_eq!(ids(&mut control, EventState::Dead, 3).await, all);
    for id in all {
        assert_eq!(receiver.got.recv().await.unwrap(), id);
    }

    let query = EventQuery::new(EventState::ALL).with(|query| {
        query.id = Some("s-1".to_owned());
        query.bodies = true;
    });
    let found = control.events(&query).await.unwrap().events;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].body.as_deref(), Some(r#"{"number":1}"#));
    assert_eq!(
        (found[0].endpoint.as_str(), found[0].attempts),
        ("billing", 1)
    );
    assert!(
        found[0].reason.as_ref().unwrap().contains("400"),
        "{found:?}"
    );

    // Looking on begins before anything is sent again.
    let mut tail = open(&store(&folder)).await.tail().await.unwrap();
    receiver.status.store(204, Relaxed);
    let dead = EventQuery::new([EventState::Dead]);
    let dead = control.events(&dead).await.unwrap().events;
    assert!(dead.iter().all(|event| event.body.is_none()));
    assert_eq!(control.redeliver(&dead).await.unwrap(), 3);
    for id in all {
        assert_eq!(receiver.got.recv().await.unwrap(), id);
        let Some(Watched::Attempt(attempt)) = tail.next().await.unwrap() else {
            panic!("an attempt at {id}")
        };
        assert_eq!(
            (attempt.id.as_str(), attempt.result),
            (id, AttemptResult::Delivered)
        );
        assert!(!attempt.url.contains("token"), "{attempt:?}");
    }
    assert_eq!(ids(&mut control, EventState::Delivered, 3).await, all);
    assert_eq!(ids(&mut control, EventState::Dead, 0).await.len(), 0);

    let status = control.status().await.unwrap();
    assert_eq!(status.len(), 1);
    let billing = &status[0];
    assert_eq!(
        (billing.state.clone(), billing.dead),
        (EndpointState::Up, 0)
    );
    assert_eq!(
        (
            billing.accepted,
            billing.counters.delivered,
            billing.counters.refused
        ),
        (3, 3, 3)
    );
    assert_eq!((billing.counters.queued, billing.latency.count()), (0, 3));
    let text = control.prometheus().await.unwrap();
    assert!(
        text.contains("webhook_events_delivered_total{endpoint=\"billing\""),
        "{text}"
    );

    // What was delivered can be delivered once more, too.
    let delivered = EventQuery::new([EventState::Delivered]).with(|query| query.most = 1);
    let newest = control.events(&delivered).await.unwrap();
    assert!(newest.is_cut);
    assert_eq!(newest.events[0].id, "s-2");
    assert_eq!(control.redeliver(&newest.events).await.unwrap(), 1);
    assert_eq!(receiver.got.recv().await.unwrap(), "s-2");
    assert_eq!(tail.next().await.unwrap().map(drop), Some(()));
    drop(webhooks);
    assert_eq!(tail.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_dead_letter_goes_before_what_still_waits_in_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new(400).await;
    let webhooks = receiver.service(&store(&folder));
    let mut control = open(&store(&folder)).await;
    webhooks.accept(&event("s", 0)).await.unwrap();
    assert_eq!(ids(&mut control, EventState::Dead, 1).await, ["s-0"]);
    receiver.status.store(503, Relaxed);
    webhooks.accept(&event("s", 1)).await.unwrap();
    webhooks.accept(&event("s", 2)).await.unwrap();
    for id in ["s-0", "s-1"] {
        assert_eq!(receiver.got.recv().await.unwrap(), id);
    }
    // The first attempt at s-1 has failed, and the next one is an hour away.
    while webhooks.hooks.deliveries[0].line.state().lanes.under_way() > 0 {
        tokio::task::yield_now().await;
    }
    receiver.status.store(200, Relaxed);
    let dead = EventQuery::new([EventState::Dead]);
    let dead = control.events(&dead).await.unwrap().events;
    control.redeliver(&dead).await.unwrap();
    for id in ["s-0", "s-1", "s-2"] {
        assert_eq!(receiver.got.recv().await.unwrap(), id);
    }
}

#[tokio::test]
async fn an_endpoint_that_is_down_says_since_when_and_how_much_waits() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(503).await;
    let webhooks = receiver.service(&store(&folder));
    let mut control = open(&store(&folder)).await;
    for session in ["a", "b", "c", "d", "e"] {
        webhooks.accept(&event(session, 0)).await.unwrap();
    }
    let billing = loop {
        let status = control.status().await.unwrap().remove(0);
        if status.state != EndpointState::Up {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    let EndpointState::Down { since, reason } = billing.state else {
        panic!("{billing:?}")
    };
    assert!(reason.contains("503") && since > 0, "{reason}");
    assert_eq!((billing.counters.queued, billing.accepted), (5, 5));
    assert!(billing.oldest.unwrap() <= since);
    assert_eq!(
        ids(&mut control, EventState::Pending, 5).await,
        ["a-0", "b-0", "c-0", "d-0", "e-0"]
    );
}

#[tokio::test]
async fn without_a_service_the_file_is_read_and_what_waits_again_is_delivered_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    let mut receiver = Receiver::new(400).await;
    let webhooks = receiver.service(&path);
    webhooks.accept(&event("s", 0)).await.unwrap();
    assert_eq!(
        ids(&mut open(&path).await, EventState::Dead, 1).await,
        ["s-0"]
    );
    webhooks
        .drain(tokio::time::Instant::now() + Duration::from_secs(20))
        .await;
    drop(webhooks);
    let mut control = until_stopped(&path).await;
    let status = control.status().await.unwrap().remove(0);
    assert_eq!((status.state, status.dead), (EndpointState::Stopped, 1));
    assert!(matches!(
        open(&path).await.tail().await,
        Err(ControlError::NotRunning { .. })
    ));
    let dead = EventQuery::new([EventState::Dead]);
    let dead = control.events(&dead).await.unwrap().events;
    assert_eq!(control.redeliver(&dead).await.unwrap(), 1);
    assert_eq!(control.redeliver(&dead).await.unwrap(), 0);
    assert_eq!(ids(&mut control, EventState::Pending, 1).await, ["s-0"]);

    receiver.status.store(200, Relaxed);
    assert_eq!(receiver.got.recv().await.unwrap(), "s-0");
    // Whoever reads keeps no service from starting.
    let _webhooks = receiver.service(&path);
    assert_eq!(receiver.got.recv().await.unwrap(), "s-0");
}

/// The last task of a service ends a moment after it was dropped.
async fn until_stopped(path: &Path) -> Control {
    loop {
        let control = open(path).await;
        if !control.is_running() && crate::StoredOutbox::open(path, StoredLimits::default()).is_ok()
        {
            return control;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A client that says what it likes.
async fn client(store: &Path) -> BufReader<UnixStream> {
    let stream = UnixStream::connect(socket_of(store)).await.unwrap();
    BufReader::new(stream)
}

async fn answer(client: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).await.unwrap();
    line
}

async fn says(client: &mut BufReader<UnixStream>, text: &[u8]) {
    // It may have been hung up on already.
    let _ = client.get_mut().write_all(text).await;
}

#[tokio::test]
async fn whoever_speaks_otherwise_is_told_so_and_hung_up_on() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(200).await;
    let _webhooks = receiver.service(&store(&folder));
    let long = [b" ".repeat(70_000), b"\n".to_vec()].concat();
    for (text, told) in [
        (&b"GET / HTTP/1.1\r\n"[..], "this is no request"),
        (b"\xff\xfe\n", "this is no request"),
        (b"{}\n", "this is no request"),
        (b"{\"ask\":\"everything\"}\n", "this is no request"),
        (
            b"{\"ask\":\"browse\",\"endpoint\":-1}\n",
            "this is no request",
        ),
        (&long, "a line has 65536 bytes at most"),
    ] {
        let mut client = client(&store(&folder)).await;
        says(&mut client, text).await;
        let answered = answer(&mut client).await;
        assert!(
            answered.starts_with("{\"error\":\"") && answered.contains(told),
            "{answered}"
        );
        let mut rest = Vec::new();
        // What it did not read resets the connection.
        let _ = client.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
    let mut client = client(&store(&folder)).await;
    says(
        &mut client,
        b"{\"ask\":\"browse\",\"endpoint\":9,\"state\":\"dead\",\"from\":0}\n",
    )
    .await;
    assert_eq!(
        answer(&mut client).await,
        "{\"error\":\"there is no endpoint 9\"}\n"
    );
    // A wrong wish is no reason to hang up.
    says(&mut client, b"{\"ask\":\"endpoints\"}\n").await;
    assert_eq!(answer(&mut client).await, "{\"ok\":[[\"billing\",0]]}\n");
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_or_little_is_hung_up_on_after_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::new(200).await;
    let _webhooks = receiver.service(&store(&folder));
    let mut client = client(&store(&folder)).await;
    says(&mut client, b"{\"ask\":").await;
    let began = tokio::time::Instant::now();
    assert_eq!(
        answer(&mut client).await,
        "{\"error\":\"no request within 60 s\"}\n"
    );
    assert_eq!(began.elapsed().as_secs(), 60);
    assert_eq!(answer(&mut client).await, "");
}

#[tokio::test]
async fn eight_may_be_connected_and_nobody_waits_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new(200).await;
    let webhooks = receiver.service(&store(&folder));
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut one = client(&store(&folder)).await;
        says(&mut one, b"{\"ask\":\"tail\"}\n").await;
        assert_eq!(answer(&mut one).await, "{\"ok\":null}\n");
        clients.push(one);
    }
    let mut ninth = client(&store(&folder)).await;
    assert!(answer(&mut ninth).await.contains("too many clients"));
    // None of the eight reads any more.
    for number in 0..50 {
        webhooks.accept(&event("s", number)).await.unwrap();
        assert_eq!(receiver.got.recv().await.unwrap(), format!("s-{number}"));
    }
    clients.pop();
    loop {
        let mut next = client(&store(&folder)).await;
        says(&mut next, b"{\"ask\":\"status\"}\n").await;
        if answer(&mut next).await.starts_with("{\"ok\":[") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    let receiver = Receiver::new(200).await;
    // A killed process left one, and half of one.
    drop(std::os::unix::net::UnixListener::bind(socket_of(&path)).unwrap());
    let webhooks = receiver.service(&path);
    let socket = socket_of(&path);
    let mode = socket.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(open(&path).await.is_running());
    // Others could listen at it: it is not asked.
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let refused = Control::open(&path).await.unwrap_err();
    assert!(refused.to_string().contains("0600"), "{refused}");
    drop(webhooks);
    assert!(!socket.exists());
    let names = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(names.count(), 1, "something was left beside the store");
}

#[tokio::test]
async fn a_stale_socket_means_that_no_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    assert!(matches!(
        Control::open(&path).await,
        Err(ControlError::NoStore { .. })
    ));
    std::fs::write(folder.path().join("file"), "").unwrap();
    let under_a_file = Control::open(folder.path().join("file/webhooks.redb")).await;
    assert!(matches!(under_a_file, Err(ControlError::Outbox(_))));
    drop(crate::StoredOutbox::open(&path, StoredLimits::default()).unwrap());
    drop(std::os::unix::net::UnixListener::bind(socket_of(&path)).unwrap());
    std::fs::set_permissions(socket_of(&path), std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut control = open(&path).await;
    assert!(!control.is_running());
    assert_eq!(control.status().await.unwrap(), []);
}

#[tokio::test]
async fn what_is_no_socket_is_left_as_it_is_and_the_webhooks_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    std::fs::write(socket_of(&path), "Dear diary").unwrap();
    let mut receiver = Receiver::new(200).await;
    let webhooks = receiver.service(&path);
    webhooks.accept(&event("s", 0)).await.unwrap();
    assert_eq!(receiver.got.recv().await.unwrap(), "s-0");
    assert_eq!(
        std::fs::read_to_string(socket_of(&path)).unwrap(),
        "Dear diary"
    );
    assert!(matches!(
        Control::open(&path).await,
        Err(ControlError::Socket { .. })
    ));
}

#[tokio::test]
async fn a_service_that_hangs_up_or_talks_nonsense_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    drop(crate::StoredOutbox::open(&path, StoredLimits::default()).unwrap());
    let listener = tokio::net::UnixListener::bind(socket_of(&path)).unwrap();
    std::fs::set_permissions(socket_of(&path), std::fs::Permissions::from_mode(0o600)).unwrap();
    let service = tokio::spawn(async move {
        for answer in [
            &b""[..],
            b"{\"ok\":7}\n",
            b"hello\n",
            b"{\"error\":\"no\"}\n",
        ] {
            let mut client = BufReader::new(listener.accept().await.unwrap().0);
            let mut line = String::new();
            client.read_line(&mut line).await.unwrap();
            client.write_all(answer).await.unwrap();
        }
    });
    for told in [
        "it hung up",
        "otherwise than expected",
        "otherwise than expected",
        "no",
    ] {
        let refused = open(&path).await.status().await.unwrap_err();
        assert!(refused.to_string().contains(told), "{refused}");
    }
    service.await.unwrap();
}
