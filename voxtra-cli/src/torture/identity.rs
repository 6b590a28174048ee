//! Connections that don't begin as they should, and ids that are used twice.

use std::time::Duration;

use uuid::Uuid;

use super::case::{Family, Lane, seconds};
use super::target::{After, FRAME_BYTES, Target};
use super::wire::{Peer, mark, message};

/// A server that waits longer for an id can be filled with connections that never send one.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn family() -> Family {
    let closes = "closes the connection within 10 s and sends it no audio";
    Family::new("identity")
        .case(
            "id-answered",
            Lane::Beside,
            "presents an id and speaks",
            "sends no id back, for which Asterisk ends the call",
            |target| async move {
                let mut peer = target.call().await?;
                match target.goes_on(&mut peer).await {
                    After::GoesOn if peer.reader.sent_an_id => {
                        Err("it sent an id back, for which Asterisk ends the call".into())
                    }
                    After::GoesOn => Ok("the call goes on".into()),
                    other => Err(other.words()),
                }
            },
        )
        .case(
            "audio-first",
            Lane::Beside,
            "sends audio where an id should be",
            closes,
            |target| is_shown_out(target, message(0x10, &mark(FRAME_BYTES))),
        )
        .case(
            "hangup-first",
            Lane::Beside,
            "sends a hang-up where an id should be",
            closes,
            |target| is_shown_out(target, message(0x00, &[])),
        )
        .case(
            "http-first",
            Lane::Beside,
            "speaks HTTP",
            closes,
            |target| is_shown_out(target, b"GET / HTTP/1.1\r\nHost: voice\r\n\r\n".to_vec()),
        )
        .case(
            "id-empty",
            Lane::Beside,
            "presents an id of no bytes",
            closes,
            |target| is_shown_out(target, message(0x01, &[])),
        )
        .case(
            "id-short",
            Lane::Beside,
            "presents an id of 9 bytes",
            closes,
            |target| is_shown_out(target, message(0x01, &[7; 9])),
        )
        .case(
            "id-long",
            Lane::Beside,
            "presents an id of 17 bytes",
            closes,
            |target| is_shown_out(target, message(0x01, &[7; 17])),
        )
        .case(
            "no-id",
            Lane::Beside,
            "connects and says nothing",
            closes,
            |target| is_shown_out(target, Vec::new()),
        )
        .case(
            "slow-id",
            Lane::Beside,
            "presents its id at one byte a second",
            closes,
            slow_id,
        )
        .case(
            "same-id-twice",
            Lane::Beside,
            "presents an id whose call is up",
            "serves or refuses the second, and the first goes on",
            same_id_twice,
        )
        .case(
            "same-id-again",
            Lane::Beside,
            "presents an id whose call has ended, three times",
            "serves it",
            same_id_again,
        )
}

/// Sends these bytes and an audio frame after them, and must be closed upon unheard.
async fn is_shown_out(target: Target, bytes: Vec<u8>) -> Result<String, String> {
    let mut peer = Peer::connect(target.address).await?;
    let speaks = !bytes.is_empty();
    if speaks {
        // Whoever is refused at once can't send.
        let _ = peer.writer.send(&bytes).await;
        let _ = peer.writer.audio(0x10, &mark(FRAME_BYTES)).await;
    }
    shown_out(peer).await
}

async fn shown_out(mut peer: Peer) -> Result<String, String> {
    match peer.reader.closed(PATIENCE).await {
        Ok((after, 0)) => Ok(format!("closed after {}", seconds(after))),
        Ok((_, frames)) => Err(format!(
            "it sent {frames} audio frames to somebody without an id"
        )),
        Err(why) => Err(why),
    }
}

async fn slow_id(target: Target) -> Result<String, String> {
    let Peer {
        mut writer,
        mut reader,
    } = Peer::connect(target.address).await?;
    let id = message(0x01, target.id().as_bytes());
    let dribble = async {
        for byte in id {
            if writer.send(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = dribble => Err("it waits for ever".into()),
        closed = reader.closed(PATIENCE) => closed.map(|(after, _)| format!("closed after {}", seconds(after))),
    }
}

async fn same_id_twice(target: Target) -> Result<String, String> {
    let id = target.id.unwrap_or_else(Uuid::new_v4);
    let mut first = target.call_as(id).await?;
    if target.goes_on(&mut first).await != After::GoesOn {
        return Err("the first call with the id did not come about".into());
    }
    let mut second = target.call_as(id).await?;
    let fate = target.goes_on(&mut second).await;
    match target.goes_on(&mut first).await {
        After::GoesOn => {}
        other => return Err(format!("the first call suffered: {}", other.words())),
    }
    drop(second);
    match (fate, target.goes_on(&mut first).await) {
        (_, After::Closed { .. }) => Err("the end of the second call ended the first".into()),
        (_, After::Wrong(what)) => {
            Err(format!("after the second, the first call suffered: {what}"))
        }
        (After::GoesOn, _) => Ok("both calls are served".into()),
        (After::Closed { .. }, _) => Ok("the second is refused".into()),
        (After::Wrong(what), _) => Err(format!("the second: {what}")),
    }
}

async fn same_id_again(target: Target) -> Result<String, String> {
    let id = target.id.unwrap_or_else(Uuid::new_v4);
    for round in 1..=3 {
        let mut peer = target.call_as(id).await?;
        match target.goes_on(&mut peer).await {
            After::GoesOn => {}
            other => return Err(format!("call {round}: {}", other.words())),
        }
    }
    Ok("served each time".into())
}
