//! A server whose peers speak something else than AudioSocket: from the id to the hang-up, over
//! real sockets and through a media thread.

#[allow(dead_code, reason = "the tests of legs use more of it")]
#[path = "../../../voxtra-core/tests/leg/prefixed.rs"]
mod prefixed;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use uuid::Uuid;
use voxtra_core::event::{Realtime, RecordBody};
use voxtra_core::leg::{Command, Forward, LegSettings, Mode};
use voxtra_core::playout::Chunk;

use self::prefixed::{BYE, FORGET, KEY, Prefixed, prefixed};
use super::link::{AudioPart, MediaLink};
use super::server::{Arrival, MediaServer};
use super::settings::MediaSettings;
use super::stats::Refusal;
use super::transport::Transport;

/// The id comes as its 16 bytes. An id that begins with zero is none.
impl Transport for Prefixed {
    const ID_LEN: usize = 16;

    fn id(bytes: &[u8]) -> Option<Result<Uuid, Refusal>> {
        match bytes {
            [0, ..] => Some(Err(Refusal::NotAnId)),
            bytes => Some(Ok(Uuid::from_bytes(bytes.try_into().ok()?))),
        }
    }
}

/// A caller of such a server.
struct Peer(TcpStream);

impl Peer {
    async fn dial(server: &MediaServer, id: Uuid) -> Self {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        // In two parts, and the first audio with the second.
        let (first, second) = id.as_bytes().split_at(5);
        socket.write_all(first).await.unwrap();
        socket.flush().await.unwrap();
        tokio::task::yield_now().await;
        let rest = [second, &prefixed(&[1; 160])].concat();
        socket.write_all(&rest).await.unwrap();
        Self(socket)
    }

    /// The next message: its length, or what stands in its place, and its samples.
    async fn next(&mut self) -> Option<(u16, Vec<i16>)> {
        let len = self.0.read_u16_le().await.ok()?;
        let mut samples = Vec::new();
        if len < FORGET {
            for _ in 0..len / 2 {
                samples.push(self.0.read_i16_le().await.ok()?);
            }
        }
        Some((len, samples))
    }

    /// The next message for which `wanted` holds.
    async fn find(&mut self, wanted: impl Fn(u16, &[i16]) -> bool) -> (u16, Vec<i16>) {
        let find = async {
            loop {
                let (len, samples) = self.next().await.expect("the call goes on");
                if wanted(len, &samples) {
                    return (len, samples);
                }
            }
        };
        tokio::time::timeout(LONG, find).await.expect("it comes")
    }
}

/// What nothing here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(20);

async fn server(leg: LegSettings) -> (MediaServer, mpsc::Receiver<Arrival>, Uuid) {
    let settings = MediaSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        ..MediaSettings::default()
    };
    let bound = MediaServer::bind_as::<Prefixed>(settings, leg).await;
    let (server, arrivals) = bound.unwrap();
    let id = Uuid::from_bytes([7; 16]);
    server.allow(id);
    (server, arrivals, id)
}

/// All that the media thread told, in short, after the end of the call.
async fn told(mut link: MediaLink) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(record) = link.record().await {
        told.push(match record.body {
            RecordBody::Event(Realtime::DtmfReceived(key)) => format!("key {}", key.digit),
            RecordBody::Event(event) => event.kind().wire().to_owned(),
            RecordBody::UtteranceStarted { .. } => "starts".to_owned(),
            RecordBody::UtteranceEnded { interrupted, .. } => format!("ends, cut: {interrupted}"),
            other => format!("{other:?}"),
        });
    }
    told
}

#[tokio::test]
async fn a_peer_of_another_transport_is_heard_answered_flushed_and_hung_up_on() {
    let leg = LegSettings::default().with(|leg| leg.forward = Forward::Everything);
    let (server, mut arrivals, id) = server(leg).await;
    let mut peer = Peer::dial(&server, id).await;
    let Arrival { uuid, mut link, .. } = arrivals.recv().await.unwrap();
    assert_eq!(uuid, id);

    let mut caller = link.caller.take().unwrap();
    assert_eq!(caller.next().await, Some(AudioPart::Samples(vec![1; 160])));
    let said = prefixed(&[-2; 160]);
    let (first, second) = said.split_at(101);
    peer.0.write_all(first).await.unwrap();
    peer.0.write_all(second).await.unwrap();
    assert_eq!(caller.next().await, Some(AudioPart::Samples(vec![-2; 160])));

    let mut writer = link.agent.take().unwrap();
    let epoch = writer.begin().await.unwrap();
    let chunk = Chunk {
        epoch,
        utterance: 1,
        samples: 0,
        first: true,
        last: true,
        uninterruptible: false,
    };
    let mut queued = false;
    let speech = [1_000; 6_400].into();
    assert!(writer.write(chunk, &speech, &mut queued).await.is_ok());
    peer.find(|_, samples| samples == [1_000; 160]).await;
    let key = [&KEY.to_le_bytes()[..], b"7"].concat();
    peer.0.write_all(&key).await.unwrap();

    assert!(link.command(Command::Flush { epoch }));
    peer.find(|len, _| len == FORGET).await;
    // The frame that fades out, and silence.
    peer.next().await.unwrap();
    let (_, silence) = peer.next().await.unwrap();
    assert_eq!(silence, [0; 160]);

    assert!(link.command(Command::HangUp));
    peer.find(|len, _| len == BYE).await;
    assert_eq!(peer.next().await, None);
    let stats = link.shared();
    let told = told(link).await;
    // The key may come after the flush.
    let without_key: Vec<&String> = told.iter().filter(|line| *line != "key 7").collect();
    assert_eq!(
        without_key,
        [
            "media.started",
            "starts",
            "ends, cut: true",
            "media.stopped"
        ]
    );
    assert_eq!(told.len(), 5);
    let stats = stats.stats();
    assert_eq!((stats.frames_in, stats.violations), (2, 0));
    assert!(stats.agent_samples_dropped > 0);
}

#[tokio::test]
async fn an_echo_and_a_peer_s_own_end_are_those_of_any_transport() {
    let leg = LegSettings::default().with(|leg| leg.mode = Mode::Echo);
    let (server, mut arrivals, id) = server(leg).await;
    let mut peer = Peer::dial(&server, id).await;
    let link = arrivals.recv().await.unwrap().link;
    assert_eq!(peer.next().await, Some((320, vec![1; 160])));
    for n in 0..20 {
        peer.0.write_all(&prefixed(&[n; 160])).await.unwrap();
        assert_eq!(peer.next().await, Some((320, vec![n; 160])));
    }
    peer.0.write_all(&BYE.to_le_bytes()).await.unwrap();
    assert_eq!(peer.next().await, None);
    assert_eq!(told(link).await, ["media.started", "media.stopped"]);
}

#[tokio::test]
async fn whoever_presents_no_id_of_that_transport_is_refused() {
    let (server, _arrivals, _) = server(LegSettings::default()).await;
    for (id, refusal) in [
        // AudioSocket's.
        (
            &[0x01, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7][..],
            Refusal::UnknownId,
        ),
        (&[0], Refusal::NotAnId),
    ] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(id).await.unwrap();
        let mut nothing = [0];
        assert!(!matches!(socket.read(&mut nothing).await, Ok(1..)));
        assert_eq!(server.stats().refused(refusal), 1, "{refusal:?}");
    }
}
