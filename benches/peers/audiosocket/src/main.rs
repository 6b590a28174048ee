//! An echo with the crate `audiosocket`, which reads and writes one message and leaves sockets, and
//! finding out where a message ends, to its user. As the bare echo: one thread, one task a
//! connection, one write a frame.

use std::{env, io, process::ExitCode};

use audiosocket::{AudioSocketError, Message, RawMessage};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HEADER_LEN: usize = 3;

fn main() -> ExitCode {
    let Some(port) = env::args().nth(1).and_then(|port| port.parse().ok()) else {
        eprintln!("usage: voxtra-peer-audiosocket PORT");
        return ExitCode::from(2);
    };
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .and_then(|runtime| runtime.block_on(serve(port)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("voxtra-peer-audiosocket: 127.0.0.1:{port}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        // A connection that is gone before it is accepted, or no descriptor left: the next one may
        // do better.
        let Ok((socket, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        tokio::spawn(echo(socket));
    }
}

async fn echo(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut received = BytesMut::with_capacity(4096);
    while socket.read_buf(&mut received).await? > 0 {
        while let Some(len) = whole_message(&received) {
            let message = RawMessage::try_from(&received[..len]).and_then(Message::try_from);
            match message {
                Ok(audio @ Message::Audio(_)) => {
                    let bytes = Vec::try_from(audio).map_err(io::Error::other)?;
                    socket.write_all(&bytes).await?;
                }
                Ok(Message::Terminate) => return Ok(()),
                // Kinds that are newer than the crate, a DTMF digit among them: an echo can do
                // without.
                Ok(_) | Err(AudioSocketError::IncorrectMessageType(_)) => {}
                Err(error) => return Err(io::Error::other(error)),
            }
            received.advance(len);
        }
    }
    Ok(())
}

/// How long the first message is, once all of it is there.
fn whole_message(received: &[u8]) -> Option<usize> {
    let header = received.first_chunk::<HEADER_LEN>()?;
    let len = HEADER_LEN + usize::from(u16::from_be_bytes([header[1], header[2]]));
    (received.len() >= len).then_some(len)
}
