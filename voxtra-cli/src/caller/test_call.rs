//! The connection of a caller: like Asterisk, it sends a 20 ms frame every 20 ms, each in one
//! write, and always reads.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;
use voxtra_core::audio::{FRAME, MAX_FRAME_BYTES, MAX_FRAME_SAMPLES, SampleRate};
use voxtra_core::audiosocket::{Decoder, Frame, HEADER_LEN, encode, encode_audio};

use super::script::{CallerAction, Script};
use super::speech::SpeechTracker;
use super::tape::{Arrival, Ending, Tape};
use crate::interrupt::Interrupt;

/// Whom to call, and as whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TestCall {
    /// The AudioSocket server.
    pub(crate) address: SocketAddr,
    /// The connection's id, by which the server knows the call.
    pub(crate) id: Uuid,
    /// The rate of both directions.
    pub(crate) rate: SampleRate,
}

/// What goes on during a call, for whoever watches. Reported once a frame, and when the caller does
/// something.
#[derive(Debug)]
pub(crate) enum Progress<'a> {
    /// A frame's time has passed.
    Tick { now: Duration, agent_speaks: bool },
    /// The caller did something.
    Action {
        now: Duration,
        action: &'a CallerAction,
    },
}

/// Why there was no call at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Nobody listens there, or nobody can be reached.
    #[error("can't connect to {address}: {source}")]
    Connect {
        address: SocketAddr,
        source: io::Error,
    },
    /// The socket could not be prepared.
    #[error("can't set up the connection: {0}")]
    Socket(io::Error),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that doesn't take a frame for so long never will.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// Enough to see what is wrong; a server that is wrong is usually wrong in every frame.
const MOST_COMPLAINTS: usize = 5;

/// What the reading thread passes on.
enum Incoming {
    Audio { at: Instant, samples: Vec<i16> },
    Complaint(String),
    End(Ending),
}

impl TestCall {
    /// Makes the call: plays the script until it hangs up, the server ends the call, or the user
    /// interrupts.
    pub(crate) fn call(
        self,
        mut script: Script,
        interrupt: &Interrupt,
        watch: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Tape, CallError> {
        let mut stream =
            TcpStream::connect_timeout(&self.address, CONNECT_TIMEOUT).map_err(|source| {
                CallError::Connect {
                    address: self.address,
                    source,
                }
            })?;
        stream.set_nodelay(true).map_err(CallError::Socket)?;
        stream
            .set_write_timeout(Some(WRITE_TIMEOUT))
            .map_err(CallError::Socket)?;
        let reader = stream.try_clone().map_err(CallError::Socket)?;
        let (tx, rx) = mpsc::channel();
        let rate = self.rate;
        let reader = thread::Builder::new()
            .name("caller-reader".into())
            .spawn(move || listen(reader, rate, &tx))
            .map_err(CallError::Socket)?;

        let start = Instant::now();
        let mut call = Ongoing::new(self.rate, start);
        let mut out = [0; HEADER_LEN + MAX_FRAME_BYTES];
        let mut frame = [0; MAX_FRAME_SAMPLES];
        let frame = frame
            .get_mut(..self.rate.frame_samples())
            .unwrap_or_default();
        if let Err(error) = send(
            &mut stream,
            encode(&Frame::Id(self.id.into_bytes()), &mut out),
            &out,
        ) {
            call.ending = Some(Ending::Broken(error.to_string()));
        }
        let mut deadline = start;
        while call.ending.is_none() {
            call.take_until(deadline, &rx);
            if call.ending.is_some() {
                break;
            }
            if interrupt.is_set() {
                call.ending = Some(Ending::Interrupted);
                break;
            }
            let now = deadline.duration_since(start);
            let act = script.tick(now, &call.tracker, frame, &mut |now, action| {
                watch(Progress::Action {
                    now,
                    action: &action,
                });
            });
            watch(Progress::Tick {
                now,
                agent_speaks: !call.tracker.speaking_for(now).is_zero(),
            });
            if act.hang_up {
                call.ending = Some(Ending::HungUp);
                break;
            }
            if let Some(key) = act.key
                && let Err(error) = send(&mut stream, encode(&Frame::Dtmf(key), &mut out), &out)
            {
                call.broke(&error, &rx);
                break;
            }
            call.lateness
                .push(Instant::now().saturating_duration_since(deadline));
            call.caller.extend_from_slice(frame);
            if let Err(error) = send(&mut stream, encode_audio(self.rate, frame, &mut out), &out) {
                call.broke(&error, &rx);
                break;
            }
            // Absolute deadlines: a late frame is followed by the next at once, as Asterisk does
            // after a gap.
            deadline += FRAME;
        }
        // Asterisk hangs up by closing the connection, without a hang-up frame.
        let _ = stream.shutdown(Shutdown::Both);
        let _ = reader.join();
        call.take_rest(&rx);
        Ok(call.finish(start.elapsed()))
    }
}

/// The part of a call that is written down as it goes.
struct Ongoing {
    rate: SampleRate,
    start: Instant,
    tracker: SpeechTracker,
    caller: Vec<i16>,
    heard: Vec<i16>,
    arrivals: Vec<Arrival>,
    lateness: Vec<Duration>,
    complaints: Vec<String>,
    ending: Option<Ending>,
}

impl Ongoing {
    fn new(rate: SampleRate, start: Instant) -> Self {
        Self {
            rate,
            start,
            tracker: SpeechTracker::default(),
            caller: Vec::new(),
            heard: Vec::new(),
            arrivals: Vec::new(),
            lateness: Vec::new(),
            complaints: Vec::new(),
            ending: None,
        }
    }

    /// Takes what comes in until the deadline, or the end of the call.
    fn take_until(&mut self, deadline: Instant, rx: &mpsc::Receiver<Incoming>) {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let incoming = if left.is_zero() {
                rx.try_recv().map_err(|_| RecvTimeoutError::Timeout)
            } else {
                rx.recv_timeout(left)
            };
            match incoming {
                Ok(incoming) => self.take(incoming),
                Err(RecvTimeoutError::Timeout) => return,
                // The reader always says how it ended before it goes.
                Err(RecvTimeoutError::Disconnected) => {
                    self.ending = self.ending.take().or(Some(Ending::ServerClosed))
                }
            }
            if self.ending.is_some() {
                return;
            }
        }
    }

    fn take_rest(&mut self, rx: &mpsc::Receiver<Incoming>) {
        for incoming in rx.try_iter() {
            if !matches!(incoming, Incoming::End(_)) {
                self.take(incoming);
            }
        }
    }

    fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Audio { at, samples } => {
                let at = at.saturating_duration_since(self.start);
                self.tracker.hear(at, &samples);
                self.arrivals.push(Arrival {
                    at,
                    samples: samples.len(),
                });
                self.heard.extend_from_slice(&samples);
            }
            Incoming::Complaint(what) => {
                if self.complaints.len() < MOST_COMPLAINTS && !self.complaints.contains(&what) {
                    self.complaints.push(what);
                }
            }
            Incoming::End(ending) => self.ending = Some(ending),
        }
    }

    /// A write failed. A server that hung up first is the better explanation, if that is what
    /// happened.
    fn broke(&mut self, error: &io::Error, rx: &mpsc::Receiver<Incoming>) {
        self.take_until(Instant::now() + Duration::from_millis(50), rx);
        self.ending = self
            .ending
            .take()
            .or_else(|| Some(Ending::Broken(error.to_string())));
    }

    fn finish(self, duration: Duration) -> Tape {
        Tape {
            rate_hz: self.rate.hz(),
            caller: self.caller,
            heard: self.heard,
            arrivals: self.arrivals,
            lateness: self.lateness,
            complaints: self.complaints,
            ending: self.ending.unwrap_or(Ending::HungUp),
            duration,
        }
    }
}

/// One frame in one write: Asterisk's own peers may not see halves, so neither do ours.
fn send<E: fmt::Display>(
    stream: &mut TcpStream,
    encoded: Result<usize, E>,
    out: &[u8],
) -> io::Result<()> {
    let length = encoded.map_err(|error| io::Error::other(error.to_string()))?;
    stream.write_all(out.get(..length).unwrap_or_default())
}

/// Reads until the end, and passes on everything with the time it came.
fn listen(mut stream: TcpStream, rate: SampleRate, tx: &mpsc::Sender<Incoming>) {
    let mut decoder = Box::new(Decoder::<[u8; MAX_FRAME_BYTES]>::new());
    let mut buffer = vec![0; 64 * 1024];
    let ending = 'read: loop {
        let received = match stream.read(&mut buffer) {
            Ok(0) => break Ending::ServerClosed,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                break Ending::ServerClosed;
            }
            Err(error) => break Ending::Broken(error.to_string()),
        };
        let at = Instant::now();
        let mut input = buffer.get(..received).unwrap_or_default();
        while let Some(decoded) = decoder.decode(&mut input) {
            let passed_on = match decoded {
                Ok(Frame::Audio(audio)) if audio.rate == rate => Incoming::Audio {
                    at,
                    samples: audio.samples().collect(),
                },
                Ok(Frame::Audio(audio)) => Incoming::Complaint(format!(
                    "audio at {} Hz on a call at {} Hz",
                    audio.rate.hz(),
                    rate.hz()
                )),
                Ok(Frame::Hangup) => break 'read Ending::ServerHungUp,
                Ok(other) => {
                    Incoming::Complaint(format!("{other}, for which Asterisk ends the call"))
                }
                Err(error) => Incoming::Complaint(error.to_string()),
            };
            if tx.send(passed_on).is_err() {
                return;
            }
        }
    };
    let _ = tx.send(Incoming::End(ending));
}
