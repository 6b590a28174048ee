//! The same stream, cut in every way that TCP may cut it.

use std::time::Duration;

use super::case::{Family, Lane, goes_on};
use super::target::{After, FRAME_BYTES, Manner, SOON, Target};
use super::wire::{Peer, Received, mark, message};

/// Long enough for the two sides of a cut to be read apart.
const APART: Duration = Duration::from_millis(2);

pub(super) fn family() -> Family {
    Family::new("cuts")
        .case(
            "id-cut",
            Lane::Beside,
            "cuts the id in two at every byte, one connection each",
            "serves them all",
            id_cut,
        )
        .case(
            "frame-cut",
            Lane::Beside,
            "cuts a frame in two at every byte",
            "loses nothing",
            |target| async move {
                let bytes = message(0x10, &mark(FRAME_BYTES)).len();
                pieces(target, (1..bytes).map(|at| vec![at, bytes - at]).collect()).await
            },
        )
        .case(
            "header-split",
            Lane::Beside,
            "sends each byte of a header 30 ms after the one before",
            "loses nothing",
            header_split,
        )
        .case(
            "byte-by-byte",
            Lane::Beside,
            "sends frames a byte at a time",
            "loses nothing",
            |target| pieces(target, vec![vec![1; 3 + FRAME_BYTES]; 3]),
        )
        .case(
            "thirty-at-once",
            Lane::Beside,
            "sends thirty frames in one segment",
            "loses nothing",
            |target| together(target, 30),
        )
        .case(
            "slow-frame",
            Lane::Beside,
            "sends a frame at one byte a second, for 8 s, and then the rest",
            "waits for the rest, or ends the call",
            slow_frame,
        )
}

async fn id_cut(target: Target) -> Result<String, String> {
    let whole = message(0x01, target.id().as_bytes());
    for at in 1..whole.len() {
        // Each id is its own, unless the server takes only one.
        let id = message(0x01, target.id().as_bytes());
        let (first, rest) = id.split_at(at);
        let mut peer = Peer::connect(target.address).await?;
        peer.writer.send(first).await?;
        tokio::time::sleep(APART).await;
        peer.writer.send(rest).await?;
        match target.goes_on(&mut peer).await {
            After::GoesOn => {}
            other => return Err(format!("cut after {at} bytes: {}", other.words())),
        }
    }
    Ok(format!("{} cuts", whole.len() - 1))
}

/// Sends one frame for each list of piece lengths, and waits for its echo.
async fn pieces(target: Target, frames: Vec<Vec<usize>>) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    let count = frames.len();
    for (n, pieces) in frames.into_iter().enumerate() {
        let payload = mark(FRAME_BYTES);
        let bytes = message(0x10, &payload);
        let mut rest = &bytes[..];
        for piece in pieces {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            rest = later;
            peer.writer
                .send(now)
                .await
                .map_err(|why| format!("at frame {}: {why}", n + 1))?;
            if !rest.is_empty() && count > 10 {
                tokio::time::sleep(APART).await;
            }
        }
        echoed(target, &mut peer, &[payload])
            .await
            .map_err(|why| format!("frame {}: {why}", n + 1))?;
    }
    goes_on(target.goes_on(&mut peer).await).map(|_| format!("{count} frames, none lost"))
}

/// Waits until these frames came back, in this order. What a server that doesn't echo does is not
/// looked at.
async fn echoed(target: Target, peer: &mut Peer, frames: &[Vec<u8>]) -> Result<(), String> {
    if target.manner != Manner::Echoes {
        return Ok(());
    }
    let end = tokio::time::Instant::now() + SOON;
    for (n, frame) in frames.iter().enumerate() {
        loop {
            match peer.reader.next_until(end).await {
                Received::Audio { payload, .. } if payload == *frame => break,
                // Silence that keeps the line alive, or an echo from before.
                Received::Audio { payload, .. } if !frames.contains(&payload) => {}
                Received::Audio { .. } => return Err("it came back out of order".into()),
                Received::Wrong(what) => return Err(what),
                Received::HangUp | Received::Closed => return Err("it ended the call".into()),
                Received::Nothing => {
                    return Err(format!(
                        "{} of {} never came back",
                        frames.len() - n,
                        frames.len()
                    ));
                }
            }
        }
    }
    Ok(())
}

async fn header_split(target: Target) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    for _ in 0..5 {
        let payload = mark(FRAME_BYTES);
        let bytes = message(0x10, &payload);
        let (header, body) = bytes.split_at(3);
        for byte in header {
            peer.writer.send(&[*byte]).await?;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        peer.writer.send(body).await?;
        echoed(target, &mut peer, &[payload]).await?;
    }
    goes_on(target.goes_on(&mut peer).await)
}

async fn together(target: Target, count: usize) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    let frames: Vec<Vec<u8>> = (0..count).map(|_| mark(FRAME_BYTES)).collect();
    let segment: Vec<u8> = frames
        .iter()
        .flat_map(|frame| message(0x10, frame))
        .collect();
    peer.writer.send(&segment).await?;
    echoed(target, &mut peer, &frames).await?;
    goes_on(target.goes_on(&mut peer).await).map(|_| format!("{count} frames, none lost"))
}

async fn slow_frame(target: Target) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    let payload = mark(FRAME_BYTES);
    let bytes = message(0x10, &payload);
    let (slow, rest) = bytes.split_at(8);
    for byte in slow {
        if peer.writer.send(&[*byte]).await.is_err() {
            return Ok("it ended the call".into());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    if peer.writer.send(rest).await.is_err() {
        return Ok("it ended the call".into());
    }
    match echoed(target, &mut peer, &[payload]).await {
        Ok(()) => goes_on(target.goes_on(&mut peer).await),
        Err(what) if what == "it ended the call" => Ok(what),
        Err(what) => Err(what),
    }
}
