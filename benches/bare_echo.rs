//! The least that a tokio server can do: read, write, nothing else. What `voxtra echo` is measured
//! against.
//!
//!     cargo build --release -p voxtra-benches --bin bare_echo && target/release/bare_echo 9092
//!
//! One thread, one task a connection, 4 KiB of buffer each. It looks at no byte: the AudioSocket id
//! comes back as well.

use std::env;
use std::process::ExitCode;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(port) = env::args().nth(1).and_then(|port| port.parse().ok()) else {
        eprintln!("usage: bare_echo PORT");
        return ExitCode::from(2);
    };
    if let Err(error) = listen(port).await {
        eprintln!("bare_echo: port {port}: {error}");
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
        tokio::spawn(echo(stream));
    }
}

async fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(len @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..len]).await.is_err() {
            return;
        }
    }
}
