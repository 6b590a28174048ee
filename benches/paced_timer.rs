//! A bare timer loop: writes one frame of silence every 20 ms to every connection, to absolute
//! deadlines. How evenly a machine can pace at all, to compare paced playback with.
//!
//!     cargo build --release -p voxtra-benches --bin paced_timer && target/release/paced_timer 9092
//!
//! One thread. Whatever the peer sends is thrown away.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, sleep_until};

const FRAME: Duration = Duration::from_millis(20);
const FRAME_BYTES: usize = 323;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(port) = env::args().nth(1).and_then(|port| port.parse().ok()) else {
        eprintln!("usage: paced_timer PORT");
        return ExitCode::from(2);
    };
    if let Err(error) = listen(port).await {
        eprintln!("paced_timer: port {port}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn listen(port: u16) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        tokio::spawn(discard(reader));
        tokio::spawn(pace(writer));
    }
}

async fn discard(mut reader: OwnedReadHalf) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = reader.read(&mut buffer).await {}
}

async fn pace(mut writer: OwnedWriteHalf) {
    let mut frame = [0; FRAME_BYTES];
    // 8 kHz audio, 320 bytes.
    frame[..3].copy_from_slice(&[0x10, 0x01, 0x40]);
    let mut due = Instant::now();
    while writer.write_all(&frame).await.is_ok() {
        due += FRAME;
        sleep_until(due).await;
    }
}
