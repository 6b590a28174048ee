//! Peers that send as much as they can, and one that never reads.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::kind;

use super::case::{Family, Lane, goes_on_or_ends};
use super::target::{After, FRAME, FRAME_BYTES, SOON, Target};
use super::wire::{Peer, PeerReader, PeerWriter, Received, mark, message};

const FLOOD: Duration = Duration::from_secs(2);
/// What is handed to the socket at once.
const WAVE: usize = 64 * 1024;
/// How long somebody goes on who never reads.
const UNREAD: Duration = Duration::from_secs(8);
/// A server that takes nothing for so long has stopped reading.
const STOPPED: Duration = Duration::from_secs(2);
/// Socket buffers of whoever never reads.
const NARROW: u32 = 16 * 1024;

pub(super) fn family() -> Family {
    let good = "keeps reading or ends the call, and no other call notices";
    Family::new("floods")
        .case(
            "audio-flood",
            Lane::InTurn,
            "sends audio as fast as the socket takes it, for 2 s",
            good,
            |target| flood(target, message(0x10, &mark(FRAME_BYTES))),
        )
        .case(
            "tiny-frames",
            Lane::InTurn,
            "the same with frames of a single sample",
            good,
            |target| flood(target, message(0x10, &[1, 0])),
        )
        .case(
            "violations-flood",
            Lane::InTurn,
            "the same with an unknown kind, 3 bytes each",
            good,
            |target| flood(target, message(0x42, &[])),
        )
        .case(
            "dtmf-flood",
            Lane::InTurn,
            "the same with key presses",
            good,
            |target| flood(target, message(0x03, b"5")),
        )
        .case(
            "never-reads",
            Lane::Beside,
            "sends five times 192 kHz and never reads, for 8 s",
            "keeps reading, or ends the call: Asterisk's writes don't wait",
            never_reads,
        )
}

async fn flood(target: Target, frame: Vec<u8>) -> Result<String, String> {
    let Peer {
        mut writer,
        mut reader,
    } = target.proven_call().await?;
    let wave = frame.repeat(WAVE / frame.len());
    let talk = async {
        let end = Instant::now() + FLOOD;
        let mut sent = 0;
        while Instant::now() < end {
            let rest = wave.get(sent % wave.len()..).unwrap_or_default();
            match timeout_at(end, writer.write(rest)).await {
                Ok(Some(count)) => sent += count,
                Ok(None) => break,
                Err(_) => {}
            }
        }
        // To the end of the frame, so that what follows begins with a header.
        let within = sent % frame.len();
        if within > 0 {
            let rest = frame.get(within..).unwrap_or_default();
            writer.send(rest).await.ok();
        }
        (writer, sent)
    };
    // Reading goes on beside, or the server's echo would have nowhere to go.
    let (reader, wrong, (writer, sent)) = listen_beside(&mut reader, talk).await;
    if let Some(what) = wrong {
        return Err(what);
    }
    let after = drain(target, writer, reader).await;
    let how = goes_on_or_ends(after)?;
    let per_second = sent as f64 / frame.len() as f64 / FLOOD.as_secs_f64();
    Ok(format!(
        "{:.0} thousand frames a second; {how}",
        per_second / 1000.0
    ))
}

/// Reads while something else is done, and tells what was wrong with what came.
async fn listen_beside<T>(
    reader: &mut PeerReader,
    talk: impl Future<Output = T>,
) -> (&mut PeerReader, Option<String>, T) {
    let mut wrong = None;
    let mut over = false;
    tokio::pin!(talk);
    loop {
        tokio::select! {
            done = &mut talk => return (reader, wrong, done),
            heard = reader.next(SOON), if !over => match heard {
                Received::Wrong(what) => { wrong.get_or_insert(what); }
                Received::HangUp | Received::Closed => over = true,
                Received::Audio { .. } | Received::Nothing => {}
            },
        }
    }
}

/// After a flood, a server has much to read before an ordinary frame's turn comes.
async fn drain(target: Target, mut writer: PeerWriter, reader: &mut PeerReader) -> After {
    let last = mark(FRAME_BYTES);
    let sending = timeout(2 * SOON, writer.audio(0x10, &last));
    let (reader, wrong, sent) = listen_beside(reader, sending).await;
    if let Some(what) = wrong {
        return After::Wrong(what);
    }
    match sent {
        Ok(Ok(())) => {}
        Ok(Err(what)) if what == "it stopped reading" => return After::Wrong(what),
        Ok(Err(_)) => return After::Closed { heard: 1 },
        Err(_) => return After::Wrong("it stopped reading".into()),
    }
    if target.manner != super::target::Manner::Echoes {
        return match reader.next(SOON).await {
            Received::Audio { .. } => After::GoesOn,
            Received::Nothing if target.manner == super::target::Manner::Listens => After::GoesOn,
            Received::Nothing => After::Wrong("it fell silent".into()),
            Received::Wrong(what) => After::Wrong(what),
            Received::HangUp | Received::Closed => After::Closed { heard: 1 },
        };
    }
    // A server may drop echoes that its socket has no room for, so ordinary frames follow until one
    // comes back.
    let mut frames = vec![last];
    let end = Instant::now() + 2 * SOON;
    let mut next = Instant::now() + FRAME;
    while Instant::now() < end {
        match reader.next_until(next).await {
            Received::Audio { payload, .. } if frames.contains(&payload) => return After::GoesOn,
            Received::Audio { .. } => {}
            Received::Wrong(what) => return After::Wrong(what),
            Received::HangUp | Received::Closed => return After::Closed { heard: 1 },
            Received::Nothing => {
                let frame = mark(FRAME_BYTES);
                if writer.try_audio(0x10, &frame).is_ok() {
                    frames.push(frame);
                }
                next += FRAME;
            }
        }
    }
    After::Wrong("it echoes no frames any more".into())
}

async fn never_reads(target: Target) -> Result<String, String> {
    let mut peer = Peer::connect_narrow(target.address, NARROW).await?;
    peer.writer.id(target.id()).await?;
    let (kind, bytes) = (
        kind::of_audio(SampleRate::Hz192000),
        2 * SampleRate::Hz192000.frame_samples(),
    );
    let end = Instant::now() + UNREAD;
    let mut next = Instant::now();
    while next < end {
        tokio::time::sleep_until(next).await;
        next += FRAME;
        // More than the kernel's buffers hold on both sides. Waits for a while: a busy machine is
        // no crime.
        let wave = message(kind, &mark(bytes)).repeat(5);
        match timeout(STOPPED, peer.writer.send(&wave)).await {
            Ok(Ok(())) => {}
            Ok(Err(what)) if what == "it closed the connection" => return Ok(what),
            Ok(Err(what)) => return Err(what),
            Err(_) => return Err("it stopped reading, because its own audio isn't read".into()),
        }
    }
    Ok("it kept reading".into())
}
