//! The far ends of the calls: one thread with a runtime of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval_at};
use uuid::Uuid;

const FRAME: Duration = Duration::from_millis(20);
/// Header and 160 samples.
const MESSAGE: usize = 3 + 320;
/// Frames of a call that may be on their way at once.
const ON_THEIR_WAY: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Echoed,
    Played,
    Blocks,
    ReadsNothing,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] =
        [Self::Echoed, Self::Played, Self::Blocks, Self::ReadsNothing];

    pub(crate) fn id(self) -> Uuid {
        Uuid::from_u128(0x1001 + self as u128)
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Echoed => "echoed",
            Self::Played => "played",
            Self::Blocks => "blocks",
            Self::ReadsNothing => "reads-nothing",
        }
    }
}

/// Which half of the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Half {
    Before,
    During,
}

/// What is taken down.
#[derive(Default)]
struct Notes {
    /// 0 nothing, else the half and 1.
    half: AtomicU8,
    /// In µs: turn-around of the echoed, spacing of the played; before and during.
    taken: [Mutex<[Vec<u32>; 2]>; 2],
    lost: AtomicU64,
    failed: AtomicBool,
}

impl Notes {
    fn take(&self, kind: Kind, time: Duration) {
        let half = usize::from(self.half.load(Relaxed));
        if half > 0
            && let Some(taken) = self.taken.get(kind as usize)
        {
            let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
            taken.lock().unwrap()[half - 1].push(micros);
        }
    }
}

pub(crate) struct Callers {
    notes: Arc<Notes>,
}

impl Callers {
    /// Makes so many calls of each kind.
    pub(crate) fn start(address: SocketAddr, calls: &[(Kind, usize)]) -> Self {
        let notes = Arc::new(Notes::default());
        let calls: Vec<Kind> = calls
            .iter()
            .flat_map(|&(kind, count)| std::iter::repeat_n(kind, count))
            .collect();
        let theirs = notes.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let start = Instant::now() + Duration::from_millis(500);
                let count = u32::try_from(calls.len()).unwrap();
                let tasks: Vec<_> = (0..count)
                    .zip(calls)
                    .map(|(n, kind)| {
                        // Spread over the 20 ms, as calls are.
                        let first = start + FRAME * n / count;
                        tokio::spawn(call(address, kind, first, theirs.clone()))
                    })
                    .collect();
                for task in tasks {
                    let _ = task.await;
                }
            });
        });
        Self { notes }
    }

    /// Takes down what the good calls' frames take, for so long.
    pub(crate) fn measure(&self, half: Half, time: Duration) {
        self.notes.half.store(half as u8 + 1, Relaxed);
        std::thread::sleep(time);
        self.notes.half.store(0, Relaxed);
        assert!(!self.notes.failed.load(Relaxed), "a good call has ended");
    }

    /// Frames that did not come back before a later one did.
    pub(crate) fn lost(&self) -> u64 {
        self.notes.lost.load(Relaxed)
    }

    pub(crate) fn taken(&self, kind: Kind, half: Half) -> Vec<u32> {
        std::mem::take(&mut self.notes.taken[kind as usize].lock().unwrap()[half as usize])
    }
}

async fn call(address: SocketAddr, kind: Kind, first: Instant, notes: Arc<Notes>) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (mut from, mut to) = socket.split();
    to.write_all(&[&[0x01, 0, 16][..], kind.id().as_bytes()].concat())
        .await
        .unwrap();
    // When each frame was written, by its mark.
    let written = Mutex::new([first; ON_THEIR_WAY]);
    let write = async {
        let mut clock = interval_at(first.into(), FRAME);
        clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
        for n in 1_u16.. {
            clock.tick().await;
            let mut message = [0; MESSAGE];
            message[..3].copy_from_slice(&[0x10, 0x01, 0x40]);
            // The mark is quiet enough not to be speech.
            message[3..5].copy_from_slice(&(n & 0xff).to_le_bytes());
            message[5] = 1;
            written.lock().unwrap()[usize::from(n) % ON_THEIR_WAY] = Instant::now();
            if to.write_all(&message).await.is_err() {
                return;
            }
        }
    };
    let read = async {
        let mut message = [0; MESSAGE];
        let (mut mark, mut last): (Option<u8>, Option<Instant>) = (None, None);
        while from.read_exact(&mut message).await.is_ok() {
            let now = Instant::now();
            match kind {
                Kind::Echoed if message[5] == 1 => {
                    let this = message[3];
                    let at = written.lock().unwrap()[usize::from(this)];
                    notes.take(kind, now - at);
                    if let Some(before) = mark {
                        let skipped = this.wrapping_sub(before).wrapping_sub(1);
                        notes.lost.fetch_add(skipped.into(), Relaxed);
                    }
                    mark = Some(this);
                }
                Kind::Played => {
                    if let Some(before) = last {
                        notes.take(kind, now - before);
                    }
                    last = Some(now);
                }
                _ => {}
            }
        }
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
    if matches!(kind, Kind::Echoed | Kind::Played) {
        notes.failed.store(true, Relaxed);
    }
}
