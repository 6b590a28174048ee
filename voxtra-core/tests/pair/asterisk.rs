//! Asterisk as it behaves towards an AudioSocket server: the id first, a frame every 20 ms of its
//! own clock, keys, errors; it ends the call after 2 s without a frame in either direction, at any
//! kind that isn't audio, at audio without samples and at a frame whose rest does not come. It has
//! a parser of its own, and behind it the phone's jitter buffer, which plays at the phone's pace.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use voxtra_core::time::Instant;

use crate::caller::{Caller, Moment, Script};
use crate::faults::{Arrival, Pipe};

pub(crate) const ID: [u8; 16] = *b"a call, in tests";

/// Frames that the phone keeps back before it plays, and at most.
const PREFILL: usize = 3;
const BUFFER: usize = 25;
/// Without a frame in either direction for this long Asterisk gives up.
const PATIENCE: Duration = Duration::from_millis(2_000);
/// The rest of a frame must come within this time.
const REST: Duration = Duration::from_millis(5);

pub(crate) struct Asterisk {
    kind: u8,
    caller: Caller,
    frame_every: Duration,
    next_frame: Instant,
    last_activity: Instant,
    parser: Parser,
    buffer: VecDeque<Vec<i16>>,
    playing: bool,
    report: Report,
}

/// What happened on Asterisk's side.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) frames_sent: u64,
    pub(crate) frames_received: u64,
    /// Frames of 20 ms in which the caller spoke, and in which it heard the agent.
    pub(crate) spoke: Vec<bool>,
    pub(crate) heard: Vec<bool>,
    /// Frames that the phone's buffer had no room for.
    pub(crate) overflows: u64,
    /// Times that the phone ran out of frames to play.
    pub(crate) underflows: u64,
    pub(crate) ended: Option<(Instant, String)>,
    /// What we did that Asterisk does not expect, and how often.
    pub(crate) complaints: BTreeMap<String, u64>,
}

impl Asterisk {
    pub(crate) fn new(script: Script, slower_ppm: i64) -> Self {
        let kind = match script.rate_hz {
            8_000 => 0x10,
            16_000 => 0x12,
            other => panic!("no script at {other} Hz"),
        };
        Self {
            kind,
            caller: Caller::new(script),
            frame_every: Duration::from_micros((20_000 + 20_000 * slower_ppm / 1_000_000) as u64),
            next_frame: Instant::ZERO,
            last_activity: Instant::ZERO,
            parser: Parser::default(),
            buffer: VecDeque::new(),
            playing: false,
            report: Report::default(),
        }
    }

    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    pub(crate) fn is_over(&self) -> bool {
        self.report.ended.is_some()
    }

    pub(crate) fn next(&self) -> Instant {
        self.next_frame
    }

    /// The connection is made.
    pub(crate) fn connect(&mut self, now: Instant, out: &mut Pipe) {
        out.write(now, &message(0x01, &ID));
        self.next_frame = now + self.frame_every;
    }

    /// 20 ms have passed by Asterisk's clock.
    pub(crate) fn tick(&mut self, now: Instant, out: &mut Pipe) {
        self.next_frame = self.next_frame + self.frame_every;
        let heard = self.play();
        self.report.heard.push(heard);
        let moment = self.caller.moment(heard);
        self.report.spoke.push(moment == Moment::Speaking);
        match moment {
            Moment::Quiet | Moment::Speaking => {
                let sound = self.caller.sound(moment == Moment::Speaking);
                let payload: Vec<u8> = sound.iter().flat_map(|s| s.to_le_bytes()).collect();
                out.write(now, &message(self.kind, &payload));
                self.report.frames_sent += 1;
                self.last_activity = now;
            }
            Moment::Muted => {}
            Moment::Press(digit) => out.write(now, &message(0x03, &[digit])),
            Moment::Report(code) => out.write(now, &message(0xff, &[code])),
            Moment::HangUp => self.end(now, "the caller hung up", out),
        }
        if now.duration_since(self.last_activity) >= PATIENCE {
            self.complain("2 s of silence");
            self.end(now, "2 s of silence", out);
        }
        if self.waits_for_a_rest(now) {
            self.end(now, "half a frame", out);
        }
    }

    fn waits_for_a_rest(&mut self, now: Instant) -> bool {
        let waits = self.parser.waits_since(now).is_some_and(|long| long > REST);
        if waits {
            self.complain("half a frame");
        }
        waits
    }

    /// Something came from us.
    pub(crate) fn receive(&mut self, now: Instant, arrival: Arrival, out: &mut Pipe) {
        if self.is_over() {
            return;
        }
        let bytes = match arrival {
            Arrival::End => return self.end(now, "the connection ended", out),
            Arrival::Bytes(bytes) => bytes,
        };
        if self.waits_for_a_rest(now) {
            return self.end(now, "half a frame", out);
        }
        for (kind, payload) in self.parser.push(now, &bytes) {
            match kind {
                0x00 => {
                    if !payload.is_empty() {
                        self.complain("a hang-up with a payload");
                    }
                    return self.end(now, "the agent hung up", out);
                }
                0x10..=0x18 if !payload.is_empty() => self.audio(now, kind, &payload),
                0x10..=0x18 => {
                    self.complain("audio without samples");
                    return self.end(now, "audio without samples", out);
                }
                kind => {
                    self.complain(&format!("kind {kind:#04x}"));
                    return self.end(now, "a wrong kind", out);
                }
            }
        }
    }

    fn audio(&mut self, now: Instant, kind: u8, payload: &[u8]) {
        self.last_activity = now;
        self.report.frames_received += 1;
        // Before our first frame reached it the server may think of another rate.
        if kind != self.kind {
            self.complain(&format!("kind {kind:#04x} on a line of {:#04x}", self.kind));
        }
        let expected = if kind == 0x12 { 640 } else { 320 };
        if payload.len() != expected {
            self.complain(&format!("{} bytes", payload.len()));
        }
        if self.buffer.len() >= BUFFER {
            self.report.overflows += 1;
            return;
        }
        let sample = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]);
        self.buffer
            .push_back(payload.chunks_exact(2).map(sample).collect());
    }

    /// Plays 20 ms; true if the agent could be heard in them.
    fn play(&mut self) -> bool {
        if !self.playing {
            self.playing = self.buffer.len() >= PREFILL;
        }
        if !self.playing {
            return false;
        }
        let Some(frame) = self.buffer.pop_front() else {
            self.report.underflows += 1;
            self.playing = false;
            return false;
        };
        frame.iter().any(|sample| sample.unsigned_abs() > 200)
    }

    fn complain(&mut self, what: &str) {
        *self.report.complaints.entry(what.into()).or_default() += 1;
    }

    fn end(&mut self, now: Instant, why: &str, out: &mut Pipe) {
        if self.report.ended.is_none() {
            self.report.ended = Some((now, why.into()));
        }
        out.close(now);
    }
}

fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Frames of a stream, as simple as can be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parser {
    bytes: Vec<u8>,
    since: Instant,
}

impl Parser {
    pub(crate) fn push(&mut self, now: Instant, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut frames = Vec::new();
        self.bytes.extend(bytes);
        while let [kind, high, low, rest @ ..] = &self.bytes[..] {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(payload) = rest.get(..length) else {
                break;
            };
            frames.push((*kind, payload.to_vec()));
            self.bytes.drain(..3 + length);
            self.since = now;
        }
        if self.bytes.len() == bytes.len() {
            self.since = now;
        }
        frames
    }

    /// How long the rest of a frame has been missing.
    pub(crate) fn waits_since(&self, now: Instant) -> Option<Duration> {
        (!self.bytes.is_empty()).then(|| now.duration_since(self.since))
    }
}
