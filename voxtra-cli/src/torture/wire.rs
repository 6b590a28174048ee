//! One connection to the server under test, byte for byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;
use voxtra_core::audiosocket::{DecodeError, Decoder, Frame, kind};

/// A connection that isn't there after so long never will be.
const CONNECT: Duration = Duration::from_secs(10);
/// Long enough for the longest payload of all, and even.
const LONGEST: usize = 65_536;

/// Both halves of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) writer: PeerWriter,
    pub(crate) reader: PeerReader,
}

/// The sending half.
#[derive(Debug)]
pub(crate) struct PeerWriter(OwnedWriteHalf);

/// The receiving half.
#[derive(Debug)]
pub(crate) struct PeerReader {
    socket: OwnedReadHalf,
    decoder: Box<Decoder<[u8; LONGEST]>>,
    buffer: Vec<u8>,
    begun: usize,
    end: Option<Received>,
    /// Nothing has come yet.
    fresh: bool,
    /// The server's first frame was an id, which is for callers to send.
    pub(crate) sent_an_id: bool,
}

/// What came from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    /// An audio frame.
    Audio { kind: u8, payload: Vec<u8> },
    /// The hang-up message.
    HangUp,
    /// Something that Asterisk ends a call for.
    Wrong(String),
    /// The connection has ended.
    Closed,
    /// Nothing within the time.
    Nothing,
}

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, String> {
        Self::of(connect(TcpStream::connect(address)).await?)
    }

    /// With socket buffers of so many bytes each, so that a server that doesn't read is felt soon.
    pub(crate) async fn connect_narrow(address: SocketAddr, bytes: u32) -> Result<Self, String> {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }
        .map_err(ours)?;
        socket.set_recv_buffer_size(bytes).map_err(ours)?;
        socket.set_send_buffer_size(bytes).map_err(ours)?;
        Self::of(connect(socket.connect(address)).await?)
    }

    fn of(stream: TcpStream) -> Result<Self, String> {
        stream.set_nodelay(true).map_err(ours)?;
        let (socket, sink) = stream.into_split();
        Ok(Self {
            writer: PeerWriter(sink),
            reader: PeerReader {
                socket,
                decoder: Box::default(),
                buffer: Vec::new(),
                begun: 0,
                end: None,
                fresh: true,
                sent_an_id: false,
            },
        })
    }

    /// Ends the connection with a reset, as a process that is killed with unread data does.
    pub(crate) fn reset(self) -> Result<(), String> {
        let stream = self
            .reader
            .socket
            .reunite(self.writer.0)
            .map_err(|error| error.to_string())?;
        stream.set_zero_linger().map_err(ours)
    }
}

async fn connect(
    work: impl Future<Output = std::io::Result<TcpStream>>,
) -> Result<TcpStream, String> {
    match timeout(CONNECT, work).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(format!("can't connect: {error}")),
        Err(_) => Err(format!("can't connect within {} s", CONNECT.as_secs())),
    }
}

fn ours(error: std::io::Error) -> String {
    format!("can't set up a socket here: {error}")
}

impl PeerWriter {
    /// Sends bytes in one write, as far as the socket has room; waits for the rest.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        match timeout(super::target::SOON, self.0.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("it closed the connection".into()),
            Err(_) => Err("it stopped reading".into()),
        }
    }

    pub(crate) async fn id(&mut self, id: Uuid) -> Result<(), String> {
        self.send(&message(kind::ID, id.as_bytes())).await
    }

    pub(crate) async fn audio(&mut self, kind: u8, payload: &[u8]) -> Result<(), String> {
        self.send(&message(kind, payload)).await
    }

    /// Sends a frame as Asterisk does, without waiting. What the socket takes only in part is an
    /// error too: Asterisk ends the call then.
    pub(crate) fn try_audio(&mut self, kind: u8, payload: &[u8]) -> Result<(), String> {
        let bytes = message(kind, payload);
        match self.0.try_write(&bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(_) => Err("it stopped reading".into()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                Err("it stopped reading".into())
            }
            Err(_) => Err("it closed the connection".into()),
        }
    }

    /// Writes as much as the socket takes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        self.0.write(bytes).await.ok().filter(|count| *count > 0)
    }

    /// Closes this direction only.
    pub(crate) async fn close(&mut self) {
        let _ = self.0.shutdown().await;
    }
}

impl PeerReader {
    /// The next thing that comes within a time.
    pub(crate) async fn next(&mut self, within: Duration) -> Received {
        self.next_until(Instant::now() + within).await
    }

    /// The next thing that comes before `end`.
    pub(crate) async fn next_until(&mut self, end: Instant) -> Received {
        loop {
            if let Some(heard) = self.decode() {
                let first = std::mem::take(&mut self.fresh);
                // A server that sends its callers' ids back has a case of its own; the others look
                // at what else it does.
                if first && heard == Received::Wrong(forbidden(kind::ID)) {
                    self.sent_an_id = true;
                    continue;
                }
                return heard;
            }
            if let Some(end) = &self.end {
                return end.clone();
            }
            self.buffer.clear();
            self.begun = 0;
            match timeout_at(end, self.socket.read_buf(&mut self.buffer)).await {
                Ok(Ok(0) | Err(_)) => self.end = Some(Received::Closed),
                Ok(Ok(_)) => {}
                Err(_) => return Received::Nothing,
            }
        }
    }

    fn decode(&mut self) -> Option<Received> {
        let mut input = self.buffer.get(self.begun..)?;
        let decoded = self.decoder.decode(&mut input);
        self.begun = self.buffer.len() - input.len();
        let heard = match decoded? {
            Ok(Frame::Audio(audio)) => Received::Audio {
                kind: kind::of_audio(audio.rate),
                payload: audio.payload.to_vec(),
            },
            Ok(Frame::Hangup) => {
                self.end = Some(Received::Closed);
                Received::HangUp
            }
            Ok(Frame::Id(_)) => Received::Wrong(forbidden(kind::ID)),
            Ok(Frame::Dtmf(_)) => Received::Wrong(forbidden(kind::DTMF)),
            Ok(Frame::Error(_)) => Received::Wrong(forbidden(kind::ERROR)),
            Ok(Frame::Unknown { kind, .. }) => Received::Wrong(forbidden(kind)),
            Err(DecodeError::EmptyAudio) => Received::Wrong(
                "it sent an audio frame of length 0, for which Asterisk ends the call".into(),
            ),
            Err(error) => Received::Wrong(format!("it sent what breaks the protocol: {error}")),
        };
        Some(heard)
    }

    /// Reads on until the connection ends. `Ok`: how long that took, and the number of audio frames
    /// before it.
    pub(crate) async fn closed(&mut self, within: Duration) -> Result<(Duration, usize), String> {
        let began = Instant::now();
        let mut frames = 0;
        loop {
            match self.next_until(began + within).await {
                Received::Closed => return Ok((began.elapsed(), frames)),
                Received::Nothing => {
                    return Err(format!(
                        "it kept the connection open for {} s",
                        within.as_secs()
                    ));
                }
                Received::Audio { .. } => frames += 1,
                Received::HangUp => self.end = None,
                Received::Wrong(_) => {}
            }
        }
    }
}

fn forbidden(kind: u8) -> String {
    format!("it sent a frame of kind {kind:#04x}, for which Asterisk ends the call")
}

/// A message: kind, length, payload. What is longer than a header can tell is cut off.
pub(crate) fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(3 + payload.len());
    bytes.push(kind);
    bytes.extend(length.to_be_bytes());
    bytes.extend(payload.iter().take(usize::from(length)));
    bytes
}

/// So many bytes of audio that nobody else has sent in this run, and too quiet to be taken for
/// speech.
pub(crate) fn mark(bytes: usize) -> Vec<u8> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    numbered(NEXT.fetch_add(1, Ordering::Relaxed), bytes)
}

/// The audio with this number: five bits of it in each of the first six samples, and then a
/// pattern.
pub(crate) fn numbered(number: u32, bytes: usize) -> Vec<u8> {
    let sample = |at: u32| -> i16 {
        let value = match at {
            0..6 => (number >> (5 * at)) & 31,
            _ => (number.wrapping_mul(7).wrapping_add(at * 13)) % 31,
        };
        // 1 to 32: never silence.
        i16::try_from(value + 1).unwrap_or(1)
    };
    (0..)
        .flat_map(|at| sample(at).to_le_bytes())
        .take(bytes)
        .collect()
}

/// The number of such audio.
pub(crate) fn number_of(payload: &[u8]) -> Option<u32> {
    let (samples, _) = payload.as_chunks::<2>();
    let first = samples.get(..6)?;
    first.iter().rev().try_fold(0u32, |number, pair| {
        let value = u32::try_from(i16::from_le_bytes(*pair))
            .ok()?
            .checked_sub(1)?;
        (value < 32).then_some((number << 5) | value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_audio_has_its_number_and_no_other() {
        for number in [0, 1, 31, 32, 1_000_000, (1 << 30) - 1] {
            let payload = numbered(number, 320);
            assert_eq!(payload.len(), 320);
            assert_eq!(number_of(&payload), Some(number));
        }
        assert_eq!(number_of(&[0; 320]), None);
        assert_eq!(number_of(&[1, 0, 1]), None);
        assert_ne!(mark(320), mark(320));
        assert_eq!(message(0x10, &[1, 2]), [0x10, 0, 2, 1, 2]);
    }
}
