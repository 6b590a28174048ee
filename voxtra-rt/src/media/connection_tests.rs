//! A connection whose peer speaks another protocol than AudioSocket.

use std::collections::VecDeque;

use voxtra_core::audio::{Audio, FRAME};
use voxtra_core::event::{Realtime, RecordBody};
use voxtra_core::leg::Message;
use voxtra_core::playout::Chunk;

use super::super::link::link;
use super::*;

/// Messages of one byte of kind, `s` of 160 samples, `k` of a key, `b` to hang up.
struct Lettered {
    held: Vec<u8>,
    /// Bytes at the front that were handed on.
    taken: usize,
}

const SAMPLES: u8 = b's';
const FORGET: u8 = b'f';

impl Framing for Lettered {
    const HANG_UP_LEN: usize = 1;
    const FLUSH_LEN: usize = 1;

    fn new(_rate: SampleRate) -> Self {
        Self {
            held: Vec::new(),
            taken: 0,
        }
    }

    fn decode<'d, 'i: 'd>(&'d mut self, input: &mut &'i [u8]) -> Option<Message<'d>> {
        self.held.drain(..self.taken);
        self.held.extend_from_slice(std::mem::take(input));
        self.taken = 0;
        let (kind, rest) = self.held.split_first()?;
        let (len, message) = match *kind {
            SAMPLES => {
                let (payload, rate) = (rest.get(..320)?, SampleRate::Hz8000);
                (320, Message::Audio(Audio { rate, payload }))
            }
            b'k' => (1, Message::Digit(char::from(*rest.first()?))),
            _ => (0, Message::HangUp(None)),
        };
        self.taken = 1 + len;
        Some(message)
    }

    fn audio_len(payload: usize) -> usize {
        1 + payload
    }

    fn encode_audio(_rate: SampleRate, samples: &[i16], out: &mut [u8]) -> usize {
        let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
        let message: Vec<u8> = std::iter::once(SAMPLES).chain(bytes).collect();
        out.copy_from_slice(&message);
        message.len()
    }

    fn encode_received(audio: Audio<'_>, out: &mut [u8]) -> usize {
        let samples: Vec<i16> = audio.samples().collect();
        Self::encode_audio(audio.rate, &samples, out)
    }

    fn encode_hang_up(out: &mut [u8]) -> usize {
        out.fill(b'b');
        1
    }

    fn encode_flush(out: &mut [u8]) -> usize {
        out.fill(FORGET);
        1
    }
}

/// A socket in memory.
#[derive(Default)]
struct Wire {
    incoming: VecDeque<u8>,
    sent: Vec<Vec<u8>>,
}

impl Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.incoming.read(out)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for Wire {
    fn close(&self) {}
}

#[tokio::test(start_paused = true)]
async fn a_peer_of_another_framing_is_heard_answered_flushed_and_hung_up_on() {
    let (leg, settings) = (LegSettings::default(), MediaSettings::default());
    let (end, mut link) = link(&leg, &settings, Shared::new(leg.rate));
    let mut connection: Connection<Wire, Lettered> =
        Connection::new(Wire::default(), leg, end, &settings);
    let mut scratch = Scratch::new();
    let mut now = Instant::from_millis(1_000);
    connection.start(now);
    let mut writer = link.agent.take().unwrap();
    let mut queued = false;
    let chunk = Chunk {
        epoch: writer.begin().await.unwrap(),
        utterance: 1,
        samples: 0,
        first: true,
        last: true,
        uninterruptible: false,
    };
    assert!(
        writer
            .write(chunk, &[1_000; 1_600], &mut queued)
            .await
            .is_ok()
    );

    for frame in 0..4 {
        let audio = [SAMPLES].into_iter().chain([frame; 320]);
        connection.stream().incoming.extend(audio);
        connection.readable(now, &mut scratch);
        connection.deadline(now, &mut scratch);
        now = now + FRAME;
    }
    connection.stream().incoming.extend(*b"k7");
    connection.readable(now, &mut scratch);
    link.command(Command::Flush { epoch: 0 });
    connection.deadline(now, &mut scratch);
    let sent = std::mem::take(&mut connection.stream().sent);
    let kinds: Vec<u8> = sent.iter().map(|message| message[0]).collect();
    assert_eq!(kinds, [SAMPLES, SAMPLES, SAMPLES, SAMPLES, FORGET, SAMPLES]);
    let spoken: Vec<u8> = [1_000_i16; 160]
        .iter()
        .flat_map(|s| s.to_le_bytes())
        .collect();
    for message in &sent[..4] {
        assert_eq!(message[1..], spoken);
    }

    link.command(Command::HangUp);
    let state = connection.deadline(now + FRAME, &mut scratch);
    assert_eq!(state, ConnectionState::Closed);
    assert_eq!(connection.stream().sent, [b"b"]);
    connection.shared().closed.store(true, Ordering::Release);
    let mut told = Vec::new();
    while let Some(record) = link.record().await {
        told.push(match record.body {
            RecordBody::Event(Realtime::DtmfReceived(key)) => format!("key {}", key.digit),
            RecordBody::Event(event) => event.kind().wire().to_owned(),
            RecordBody::UtteranceStarted { .. } => "starts".to_owned(),
            RecordBody::UtteranceEnded { played, .. } => format!("ends after {played}"),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(
        told,
        [
            "media.started",
            "starts",
            "key 7",
            "ends after 800",
            "media.stopped"
        ]
    );
    assert_eq!(link.stats().frames_in, 4);
}
