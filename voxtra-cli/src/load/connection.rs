//! One call's connection, as Asterisk makes and ends it.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;
use uuid::Uuid;
use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::{Decoder, Frame, HEADER_LEN, encode};

use super::book::{Book, Nanos, Tally};
use super::mark::{Payloads, Verdict};

/// A connection of a call.
pub(crate) struct LoadConnection {
    pub(crate) stream: TcpStream,
    pub(crate) book: Book,
    decoder: Decoder<[u8; SampleRate::Hz16000.frame_bytes()]>,
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The server closed the connection or reset it.
    Closed,
    /// The server sent a hang-up frame.
    HungUp,
    /// The server did not read: a write did not fit. Asterisk ends the call then.
    Stalled,
}

/// What everything that a call needs for a while is kept in.
pub(crate) struct CallContext<'a> {
    pub(crate) payloads: &'a Payloads,
    pub(crate) tally: &'a mut Tally,
    /// What Asterisk would have ended the call for.
    pub(crate) violations: &'a mut u64,
    /// Whether this is the time that is measured.
    pub(crate) measured: bool,
}

impl LoadConnection {
    /// Begins to connect. Whether that worked is seen when the socket becomes writable.
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            stream: TcpStream::connect(address)?,
            book: Book::new(),
            decoder: Decoder::new(),
        })
    }

    /// The connection is made: presents the id.
    pub(crate) fn begin(&mut self, id: Uuid) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        let mut frame = [0; HEADER_LEN + 16];
        encode(&Frame::Id(id.into_bytes()), &mut frame).map_err(io::Error::other)?;
        match self.stream.write(&frame)? {
            len if len == frame.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Writes a frame at once, as Asterisk does: it fits, or the call is over.
    pub(crate) fn write(&mut self, frame: &[u8]) -> Result<(), Ending> {
        match self.stream.write(frame) {
            Ok(len) if len == frame.len() => Ok(()),
            Ok(_) => Err(Ending::Stalled),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Ending::Stalled),
            Err(_) => Err(Ending::Closed),
        }
    }

    /// Reads what there is. `closed` says that the end of the stream is near: then it is read up to
    /// that.
    pub(crate) fn read(
        &mut self,
        call: u32,
        closed: bool,
        buffer: &mut [u8],
        now: impl Fn() -> Nanos,
        context: &mut CallContext<'_>,
    ) -> Result<(), Ending> {
        loop {
            let len = match self.stream.read(buffer) {
                Ok(0) => return Err(Ending::Closed),
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Err(Ending::Closed),
            };
            let at = now();
            self.take(call, buffer.get(..len).unwrap_or_default(), at, context)?;
            // A short read has emptied the socket: whatever comes later is announced anew
            // (epoll(7), "Questions and answers" 9).
            if len < buffer.len() && !closed {
                return Ok(());
            }
        }
    }

    /// Makes sense of bytes that came in at `at`.
    fn take(
        &mut self,
        call: u32,
        mut bytes: &[u8],
        at: Nanos,
        context: &mut CallContext<'_>,
    ) -> Result<(), Ending> {
        while let Some(frame) = self.decoder.decode(&mut bytes) {
            match frame {
                Ok(Frame::Audio(audio)) => {
                    self.book.received(at, context.measured, context.tally);
                    // Two of our frames in one of the server's are two echoes.
                    for payload in audio.payload.chunks(context.payloads.payload_len().max(1)) {
                        match context.payloads.check(call, payload) {
                            Verdict::Echo(number) => self.book.echoed(number, at, context.tally),
                            Verdict::Corrupt => context.tally.corrupt += 1,
                            Verdict::Misrouted => context.tally.misrouted += 1,
                            Verdict::Foreign => {}
                        }
                    }
                }
                Ok(Frame::Hangup) => return Err(Ending::HungUp),
                Ok(_) | Err(_) => *context.violations += 1,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn a_server_that_does_not_read_is_hung_up_on_at_the_first_write_that_does_not_fit() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut connection = LoadConnection::connect(listener.local_addr().unwrap()).unwrap();
        let (peer, _) = listener.accept().unwrap();
        connection.begin(Uuid::nil()).unwrap();
        let frame = [0x10; 643];
        let mut ending = None;
        // More than all buffers of loopback hold.
        for _ in 0..200_000 {
            if let Err(why) = connection.write(&frame) {
                ending = Some(why);
                break;
            }
        }
        assert_eq!(ending, Some(Ending::Stalled));
        drop(peer);
    }
}
