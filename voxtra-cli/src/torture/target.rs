//! The server under test, and what is known of it.

use std::net::SocketAddr;
use std::time::Duration;

use uuid::Uuid;

use super::wire::{Peer, PeerReader, Received, mark};

/// What a server does with a caller, as far as it can be told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Every frame comes back.
    Echoes,
    /// It sends audio of its own.
    Talks,
    /// It sends nothing.
    Listens,
}

impl Manner {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Echoes => "echoes",
            Self::Talks => "talks",
            Self::Listens => "only listens",
        }
    }
}

/// The server under test. Cheap to copy: every case has its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The only id that the server takes, if it doesn't take any.
    pub(crate) id: Option<Uuid>,
    pub(crate) manner: Manner,
    /// How many connections a crowd has.
    pub(crate) crowd: usize,
}

/// How long anything may take that should happen at once; generous, as the machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(5);
/// Asterisk's frames are 20 ms.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// A 20 ms frame at 8 kHz.
pub(crate) const FRAME_BYTES: usize = 320;
/// A pause between two frames in which a server that talks surely says something.
const TALK: Duration = Duration::from_secs(2);

impl Target {
    pub(crate) fn id(&self) -> Uuid {
        self.id.unwrap_or_else(Uuid::new_v4)
    }

    /// Connects and presents an id.
    pub(crate) async fn call(&self) -> Result<Peer, String> {
        self.call_as(self.id()).await
    }

    /// Connects and presents this id.
    pub(crate) async fn call_as(&self, id: Uuid) -> Result<Peer, String> {
        let mut peer = Peer::connect(self.address).await?;
        peer.writer.id(id).await?;
        Ok(peer)
    }

    /// A call that is known to work: the server has answered its first frames in its manner.
    pub(crate) async fn proven_call(&self) -> Result<Peer, String> {
        let mut peer = self.call().await?;
        match self.goes_on(&mut peer).await {
            After::GoesOn => Ok(peer),
            other => Err(format!(
                "an ordinary call did not come about: {}",
                other.words()
            )),
        }
    }

    /// Sends ordinary 8 kHz frames in real time and sees whether the call goes on.
    pub(crate) async fn goes_on(&self, peer: &mut Peer) -> After {
        self.goes_on_at(peer, 0x10, FRAME_BYTES).await
    }

    /// The same with frames of another kind and size.
    pub(crate) async fn goes_on_at(&self, peer: &mut Peer, kind: u8, bytes: usize) -> After {
        let began = tokio::time::Instant::now();
        let mut sent: Vec<Vec<u8>> = Vec::new();
        let mut frames_heard = 0;
        let mut next = began;
        let mut wrong = None;
        loop {
            let now = tokio::time::Instant::now();
            if now >= next {
                if now.duration_since(began) >= SOON {
                    return match (self.manner, wrong) {
                        (_, Some(what)) => After::Wrong(what),
                        (Manner::Echoes, _) => {
                            After::Wrong("it takes frames and echoes none of them any more".into())
                        }
                        _ => After::Wrong("it takes frames and sends nothing any more".into()),
                    };
                }
                // A full buffer of ours means that the server doesn't read; it is judged by what
                // comes back.
                let frame = mark(bytes);
                if peer.writer.try_audio(kind, &frame).is_ok() {
                    sent.push(frame);
                }
                next += FRAME;
            }
            match peer.reader.next_until(next).await {
                Received::Audio {
                    kind: heard,
                    payload,
                } => {
                    frames_heard += 1;
                    let done = match self.manner {
                        Manner::Echoes => heard == kind && sent.contains(&payload),
                        Manner::Talks => now.duration_since(began) >= 3 * FRAME,
                        Manner::Listens => false,
                    };
                    if done && wrong.is_none() {
                        return After::GoesOn;
                    }
                }
                Received::Nothing => {}
                Received::Wrong(what) => wrong = wrong.or(Some(what)),
                Received::HangUp | Received::Closed => {
                    return wrong.map_or(
                        After::Closed {
                            heard: frames_heard,
                        },
                        After::Wrong,
                    );
                }
            }
            let quiet_enough =
                self.manner == Manner::Listens && now.duration_since(began) >= 15 * FRAME;
            if quiet_enough {
                return wrong.map_or(After::GoesOn, After::Wrong);
            }
            if let Some(what) = wrong.clone()
                && now.duration_since(began) >= 3 * FRAME
            {
                return After::Wrong(what);
            }
        }
    }

    /// What the server does with ordinary callers.
    pub(crate) async fn manner_of(mut self) -> Result<Manner, String> {
        let mut peer = self.call().await?;
        self.manner = Manner::Echoes;
        let mut sent = Vec::new();
        let mut heard = 0;
        for _ in 0..10 {
            let frame = mark(FRAME_BYTES);
            if peer.writer.try_audio(0x10, &frame).is_err() {
                break;
            }
            sent.push(frame);
            if hears_one_of(
                &mut peer.reader,
                &sent,
                tokio::time::Instant::now() + FRAME,
                &mut heard,
            )
            .await?
            {
                return Ok(Manner::Echoes);
            }
        }
        let end = tokio::time::Instant::now() + TALK;
        if hears_one_of(&mut peer.reader, &sent, end, &mut heard).await? {
            return Ok(Manner::Echoes);
        }
        Ok(if heard > 0 {
            Manner::Talks
        } else {
            Manner::Listens
        })
    }
}

/// Whether one of these frames comes back before `end`; counts what else comes.
async fn hears_one_of(
    reader: &mut PeerReader,
    sent: &[Vec<u8>],
    end: tokio::time::Instant,
    heard: &mut usize,
) -> Result<bool, String> {
    loop {
        match reader.next_until(end).await {
            Received::Audio { payload, .. } if sent.contains(&payload) => return Ok(true),
            Received::Audio { .. } => *heard += 1,
            Received::Nothing => return Ok(false),
            Received::Wrong(what) => return Err(what),
            Received::HangUp | Received::Closed => {
                return Err("it ended an ordinary call at once".into());
            }
        }
    }
}

/// What came after something was done to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// The call goes on in the server's manner.
    GoesOn,
    /// The server hung up or closed; before that it sent so many frames.
    Closed { heard: usize },
    /// Neither.
    Wrong(String),
}

impl After {
    pub(crate) fn words(&self) -> String {
        match self {
            Self::GoesOn => "the call goes on".into(),
            Self::Closed { heard: 0 } => "it closed the connection without a word".into(),
            Self::Closed { .. } => "it ended the call".into(),
            Self::Wrong(what) => what.clone(),
        }
    }
}
