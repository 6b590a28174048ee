//! Connections that end at the wrong moment.

use super::case::{Family, Lane, goes_on, seconds};
use super::target::{FRAME_BYTES, SOON, Target};
use super::wire::{Peer, mark, message};

pub(super) fn family() -> Family {
    let next = "lets them go, and serves the next call";
    Family::new("endings")
        .case(
            "gone-at-once",
            Lane::InTurn,
            "connects and closes at once, 100 times",
            next,
            |target| async move {
                for _ in 0..100 {
                    drop(Peer::connect(target.address).await?);
                }
                served(target).await
            },
        )
        .case(
            "gone-after-id",
            Lane::InTurn,
            "presents an id and closes at once, 100 times",
            next,
            |target| async move {
                for _ in 0..100 {
                    drop(target.call().await?);
                }
                served(target).await
            },
        )
        .case(
            "reset-in-frame",
            Lane::InTurn,
            "resets the connection in mid-frame, 50 times",
            next,
            |target| async move {
                for n in 0..50 {
                    let mut peer = target.call().await?;
                    let frame = message(0x10, &mark(FRAME_BYTES));
                    let (half, _) = frame.split_at(1 + n * 6);
                    let mut bytes = message(0x10, &mark(FRAME_BYTES));
                    bytes.extend(half);
                    peer.writer.send(&bytes).await?;
                    peer.reset()?;
                }
                served(target).await
            },
        )
        .case(
            "half-close",
            Lane::Beside,
            "closes its sending direction after a frame",
            "closes within 5 s: Asterisk's hang-up looks like this",
            |target| async move {
                let mut peer = target.proven_call().await?;
                peer.writer.audio(0x10, &mark(FRAME_BYTES)).await?;
                peer.writer.close().await;
                let (after, _) = peer.reader.closed(SOON).await?;
                Ok(format!("closed after {}", seconds(after)))
            },
        )
        .case(
            "close-in-frame",
            Lane::Beside,
            "closes its sending direction within a frame",
            "closes within 5 s",
            |target| async move {
                let mut peer = target.proven_call().await?;
                let frame = message(0x10, &mark(FRAME_BYTES));
                let (half, _) = frame.split_at(100);
                peer.writer.send(half).await?;
                peer.writer.close().await;
                let (after, _) = peer.reader.closed(SOON).await?;
                Ok(format!("closed after {}", seconds(after)))
            },
        )
}

async fn served(target: Target) -> Result<String, String> {
    let mut peer = target.call().await?;
    goes_on(target.goes_on(&mut peer).await).map(|_| "the next call is served".into())
}
