//! What a call takes of the heap, all in: rings, socket, detector, session, tasks. By an allocator
//! that weighs, so that the same is found on every machine.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod peer;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use peer::{FRAME, audio, media, message, numbered, until};
use voxtra::allocations::{Weighing, bytes_in_use};
use voxtra::prelude::*;
use voxtra_core::leg::{LegSettings, Mode};

#[global_allocator]
static ALLOCATOR: Weighing = Weighing;

/// What a call may take that is echoed.
const QUIET: u64 = 32 * 1024;
/// What it may take with an agent that speaks, and somebody who listens: a quarter of it is room
/// for a second of the caller's audio.
const LIVELY: u64 = 64 * 1024;
/// Calls that are weighed together.
const CALLS: usize = 50;

/// Frames that each caller sends, which is more than any history has, and then hears.
const SENT: usize = 40;
const HEARD: usize = 3;

/// A caller whose own side takes nothing of the heap.
fn dial(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(peer::LONG)).unwrap();
    let id = uuid::Uuid::new_v4();
    socket.write_all(&message(0x01, id.as_bytes())).unwrap();
    for n in 0..SENT {
        socket.write_all(&audio(&numbered(n))).unwrap();
    }
    let mut heard = [0; 3 + 2 * FRAME];
    for _ in 0..HEARD {
        socket.read_exact(&mut heard).unwrap();
    }
    socket
}

/// Bytes of heap that one more call takes, on average.
async fn weight(app: &Application) -> u64 {
    let address = app.media_address();
    let crowd = move |calls: usize| {
        tokio::task::spawn_blocking(move || -> Vec<TcpStream> {
            (0..calls).map(|_| dial(address)).collect()
        })
    };
    // What grows with the first calls and stays, such as tables, is none of the later ones'.
    let first = crowd(CALLS).await.unwrap();
    until("they are up", || app.calls().len() == CALLS).await;
    let before = bytes_in_use();
    let second = crowd(CALLS).await.unwrap();
    until("they are up", || app.calls().len() == 2 * CALLS).await;
    let weight = bytes_in_use().saturating_sub(before) / CALLS as u64;
    drop((first, second));
    until("they are over", || app.calls().is_empty()).await;
    weight
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_takes_no_more_than_its_share() {
    let settings = || media().with(|media| media.max_pending = 2 * CALLS);
    let echo = Application::builder()
        .media(settings())
        .leg(LegSettings::default().with(|leg| leg.mode = Mode::Echo))
        .allow_any("echo")
        .default(|call: Call| async move {
            call.ended().await;
        })
        .start()
        .await
        .unwrap();
    let echo_weight = weight(&echo).await;
    echo.shutdown().await;

    let agent = Application::builder()
        .media(settings())
        .allow_any("agent")
        .default(|call: Call| async move {
            let mut events = call.events();
            let mut audio = call.audio_stream().await?;
            let listening = async { while audio.next().await.is_some() {} };
            let reading = async { while events.next().await.is_some() {} };
            let speaking = async {
                for _ in 0..5 {
                    call.send_audio(&[1_000; 1_600], 8_000).await?;
                }
                call.ended().await;
                Ok::<(), CallError>(())
            };
            let ((), (), spoken) = tokio::join!(listening, reading, speaking);
            spoken
        })
        .start()
        .await
        .unwrap();
    let agent_weight = weight(&agent).await;
    agent.shutdown().await;
    println!("bytes of heap a call: echo {echo_weight}, agent {agent_weight}");
    // The leg itself is more than 16 kB: less would mean that not everything was weighed.
    assert!((16_384..=QUIET).contains(&echo_weight), "{echo_weight}");
    assert!(
        (echo_weight..=LIVELY).contains(&agent_weight),
        "{agent_weight}"
    );
}
