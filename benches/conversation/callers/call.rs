//! One caller.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use uuid::Uuid;

use super::recording::FRAME_SAMPLES;

pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// Frames after which a turn counts as unanswered.
const PATIENCE: usize = 250;
/// Silent time behind which the agent has ended its answer.
const QUIET_US: u64 = 300_000;
/// A sample of the agent's as loud as that is audible. Its silence is zeros.
const AUDIBLE: i16 = 1_000;
/// How loud the line is while the caller is silent: up to so much.
const NOISE: u64 = 9;

/// What a caller does.
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) number: u32,
    pub(crate) id: Uuid,
    /// When the first frame is sent.
    pub(crate) first: Instant,
    /// No turn begins after that.
    pub(crate) end: Instant,
    pub(crate) recordings: Arc<[Vec<i16>]>,
}

enum Phase {
    /// Silent for so many more frames, then the next turn begins.
    Pausing(usize),
    /// So many frames of the recording have been sent.
    Speaking(usize),
    Waiting,
    Hearing,
}

/// One turn: microseconds of UTC.
#[derive(Default)]
struct Turn {
    /// When the last frame of the speech was sent, and each one behind it until the answer.
    sent: Vec<u64>,
    answered: Option<u64>,
    /// The agent spoke before the turn had ended.
    early: bool,
}

struct State {
    phase: Phase,
    turns: Vec<Turn>,
    last_loud: u64,
    /// Audible frames while nobody had asked anything.
    stray: u32,
    chance: Chance,
}

/// Makes the call; returns what came of it.
pub(crate) async fn converse(plan: Plan) -> Value {
    let mut chance = Chance(u64::from(plan.number) + 1);
    // The agent's frames are not in step with the caller's, as on a real line.
    let connect = chance.below(20_000 + 20_000 * u64::from(plan.number % 16));
    sleep_until(plan.first - Duration::from_micros(connect + 60_000)).await;
    let mut socket = TcpStream::connect(plan.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (from, mut to) = socket.split();
    let id = [&[0x01, 0, 16][..], plan.id.as_bytes()].concat();
    to.write_all(&id).await.unwrap();
    let pause = 25 + chance.below(150) as usize;
    let state = Mutex::new(State {
        phase: Phase::Pausing(pause),
        turns: Vec::new(),
        last_loud: 0,
        stray: 0,
        chance,
    });
    let mut late = Vec::new();
    let ended_early = tokio::select! {
        () = speak(&plan, &mut to, &state, &mut late) => false,
        () = hear(from, &state) => true,
    };
    if !ended_early {
        // The call is hung up.
        let _ = to.write_all(&[0, 0, 0]).await;
    }
    drop(socket);
    let state = state.into_inner().unwrap();
    let turns = state.turns.iter().map(|turn| {
        let ended = turn.sent.first().copied();
        let sent = turn.sent.iter().map(|sent| sent - ended.unwrap_or(0));
        json!({
            "ended": ended,
            "sent": sent.collect::<Vec<u64>>(),
            "answered": turn.answered,
            "early": turn.early,
        })
    });
    json!({
        "id": plan.id.to_string(),
        "turns": turns.collect::<Vec<Value>>(),
        "stray": state.stray,
        "ended_early": ended_early,
        "late_us": late,
    })
}

/// Sends a frame every 20 ms, until the last turn has ended. Notes how late the frames were.
async fn speak(plan: &Plan, to: &mut WriteHalf<'_>, state: &Mutex<State>, late: &mut Vec<u64>) {
    let mut clock = interval_at(plan.first, FRAME);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut message = [0; 3 + 2 * FRAME_SAMPLES];
    message[..3].copy_from_slice(&[0x10, 0x01, 0x40]);
    loop {
        let due = clock.tick().await;
        late.push(u64::try_from(due.elapsed().as_micros()).unwrap());
        let over = Instant::now() >= plan.end;
        if !state.lock().unwrap().next(plan, over, &mut message[3..]) {
            return;
        }
        let now = now();
        if to.write_all(&message).await.is_err() {
            return;
        }
        state.lock().unwrap().sent(plan, now);
    }
}

async fn hear(mut from: ReadHalf<'_>, state: &Mutex<State>) {
    let mut payload = vec![0; usize::from(u16::MAX)];
    let mut header = [0; 3];
    while from.read_exact(&mut header).await.is_ok() {
        let length = usize::from(u16::from_be_bytes([header[1], header[2]]));
        let payload = &mut payload[..length];
        if from.read_exact(payload).await.is_err() {
            return;
        }
        let audible = payload
            .chunks_exact(2)
            .any(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs() >= AUDIBLE as u16);
        if header[0] == 0x10 && audible {
            state.lock().unwrap().heard(now());
        }
    }
}

impl State {
    /// Fills the next frame; false if there is none, as the last turn is over.
    fn next(&mut self, plan: &Plan, over: bool, frame: &mut [u8]) -> bool {
        let over_with = match self.phase {
            Phase::Hearing => now() > self.last_loud + QUIET_US,
            Phase::Waiting => self.turn().sent.len() > PATIENCE,
            _ => false,
        };
        if over_with {
            self.pause();
        }
        if let Phase::Pausing(left) = &mut self.phase {
            if over {
                return false;
            }
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.turns.push(Turn::default());
                self.phase = Phase::Speaking(0);
            }
        }
        let turn = self.turns.len() + plan.number as usize;
        let speech = match &mut self.phase {
            Phase::Speaking(sent) => {
                *sent += 1;
                plan.recordings[turn % plan.recordings.len()]
                    .chunks_exact(FRAME_SAMPLES)
                    .nth(*sent - 1)
            }
            _ => None,
        };
        for (n, bytes) in frame.chunks_exact_mut(2).enumerate() {
            let noise = self.chance.below(2 * NOISE + 1) as i16 - NOISE as i16;
            let sample = speech.map_or(noise, |speech| speech[n]);
            bytes.copy_from_slice(&sample.to_le_bytes());
        }
        true
    }

    /// The frame has been sent, at that time.
    fn sent(&mut self, plan: &Plan, now: u64) {
        let turn = self.turns.len() + plan.number as usize;
        if let Phase::Speaking(sent) = self.phase {
            let recording = &plan.recordings[turn % plan.recordings.len()];
            if sent == recording.len() / FRAME_SAMPLES {
                self.phase = Phase::Waiting;
            }
        }
        if matches!(self.phase, Phase::Waiting) {
            self.turn().sent.push(now);
        }
    }

    /// The agent is heard.
    fn heard(&mut self, now: u64) {
        self.last_loud = now;
        match self.phase {
            Phase::Waiting => {
                self.turn().answered = Some(now);
                self.phase = Phase::Hearing;
            }
            Phase::Speaking(_) => self.turn().early = true,
            Phase::Pausing(_) => self.stray += 1,
            Phase::Hearing => {}
        }
    }

    /// A pause of 0.5 to 1.5 s.
    fn pause(&mut self) {
        let frames = 25 + self.chance.below(50) as usize;
        self.phase = Phase::Pausing(frames);
    }

    fn turn(&mut self) -> &mut Turn {
        self.turns.last_mut().unwrap()
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_micros()).unwrap()
}

/// Random numbers, the same in each run.
struct Chance(u64);

impl Chance {
    /// D. E. Knuth's generator for 64 bits, of which the upper ones are used.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
