//! The phone at the far end of a rehearsed line, and the media thread's part for that call, as one
//! task in tokio's time.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{mpsc, oneshot};
use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::audiosocket::{Frame, encode, encode_audio, encoded_len};
use voxtra_core::event::MediaStoppedReason;
use voxtra_core::time::Instant;

use super::speech_to_text::Spoken;
use super::voice::{MS_PER_CHARACTER, samples_of, sound};
use crate::media::{Clock, Connection, ConnectionState, Finished, Scratch, Socket};

/// An action of the far end.
#[derive(Debug)]
pub(crate) enum PhoneAction {
    /// Says this, after its current words; then notifies the sender.
    Speak(String, oneshot::Sender<()>),
    /// Presses a key.
    Press(u8),
    /// Hangs up.
    HangUp,
}

/// Replaces Asterisk's socket. The agent's audio goes nowhere: the events report it.
#[derive(Debug, Default)]
pub(super) struct Wire {
    input: VecDeque<u8>,
}

impl Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.input.len() {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => self.input.read(out),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for Wire {
    fn close(&self) {}
}

/// A phone and its connection.
pub(super) struct Phone {
    connection: Connection<Wire>,
    clock: Clock,
    rate: SampleRate,
    spoken: Arc<Spoken>,
    /// Words that it has yet to say.
    speech: VecDeque<(String, oneshot::Sender<()>)>,
    /// Its current words: the next sample, their number, and the sender to notify.
    speaking: Option<(usize, usize, oneshot::Sender<()>)>,
    next_frame: Instant,
    scratch: Scratch,
}

impl Phone {
    pub(super) fn new(
        connection: Connection<Wire>,
        clock: Clock,
        rate: SampleRate,
        spoken: Arc<Spoken>,
    ) -> Self {
        Self {
            connection,
            next_frame: clock.now(),
            clock,
            rate,
            spoken,
            speech: VecDeque::new(),
            speaking: None,
            scratch: Scratch::new(),
        }
    }

    /// Runs until the connection is over. A frame goes each way every 20 ms, as with Asterisk.
    pub(super) async fn run(mut self, mut actions: mpsc::UnboundedReceiver<PhoneAction>) {
        self.connection.start(self.clock.now());
        loop {
            let state = self.turn();
            if self.connection.take_touched() {
                self.connection.shared().wake();
            }
            if state == ConnectionState::Closed {
                break;
            }
            let next = self.next_frame.min(self.connection.next_deadline());
            let sleep = tokio::time::sleep(next.duration_since(self.clock.now()));
            tokio::select! {
                biased;
                Some(action) = actions.recv() => if self.does(action) == ConnectionState::Closed {
                    break;
                },
                () = sleep => {}
            }
        }
        let shared = self.connection.shared().clone();
        drop(self.connection);
        shared.closed.store(true, Ordering::Release);
        shared.wake();
    }

    fn does(&mut self, action: PhoneAction) -> ConnectionState {
        match action {
            PhoneAction::Speak(text, done) => self.speech.push_back((text, done)),
            PhoneAction::Press(key) => {
                let key = Frame::Dtmf(key);
                let mut bytes = vec![0; encoded_len(&key)];
                // A byte that is not a key makes no tone.
                if let Ok(length) = encode(&key, &mut bytes) {
                    self.put(bytes.get(..length).unwrap_or_default());
                }
            }
            PhoneAction::HangUp => {
                let now = self.clock.now();
                let reason = MediaStoppedReason::Closed;
                return self.connection.stop(now, reason, &mut self.scratch);
            }
        }
        ConnectionState::Open
    }

    /// Does the media thread's work for a call that has input, or is due.
    fn turn(&mut self) -> ConnectionState {
        let now = self.clock.now();
        while self.next_frame <= now {
            self.next_frame = self.next_frame + FRAME;
            self.frame();
        }
        let mut state = ConnectionState::More;
        while state == ConnectionState::More {
            state = self.connection.readable(now, &mut self.scratch);
        }
        while state == ConnectionState::Open && self.connection.next_deadline() <= now {
            state = self.connection.deadline(now, &mut self.scratch);
        }
        state
    }

    /// The next 20 ms of the far end: voice or silence.
    fn frame(&mut self) {
        let hz = self.rate.hz();
        if self.speaking.is_none()
            && let Some((text, done)) = self.speech.pop_front()
        {
            let samples = samples_of(&text, MS_PER_CHARACTER, hz);
            self.spoken.begin(text);
            self.speaking = Some((0, samples, done));
        }
        let count = self.rate.frame_samples();
        let mut samples = vec![0; count];
        if let Some((at, total, _)) = &mut self.speaking {
            for sample in &mut samples {
                *sample = sound(*at, hz);
                *at = at.saturating_add(1);
            }
            self.spoken.goes_on(*at, *total);
            if at >= total
                && let Some((.., done)) = self.speaking.take()
            {
                let _ = done.send(());
            }
        }
        let mut bytes = vec![0; encoded_len(&Frame::Hangup).saturating_add(2 * count)];
        if let Ok(length) = encode_audio(self.rate, &samples, &mut bytes) {
            self.put(bytes.get(..length).unwrap_or_default());
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.connection.stream().input.extend(bytes);
    }
}
