//! The whole media path of a call, from socket bytes to socket bytes.

use heapless::spsc::{Producer, Queue};
use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::{Frame, encode, encode_audio};
use voxtra_core::bus::Bus;
use voxtra_core::event::{MediaStoppedReason, Realtime, Record, RecordBody};
use voxtra_core::leg::{CallerAudio, Command, Forward, Leg, LegSettings, Mode, Port, Progress};
use voxtra_core::time::Instant;
use voxtra_core::vad::EnergyDetector;

use crate::{Agent, ensure};

/// A second of a loud caller over an agent that speaks: heard, forwarded, answered, interrupted and
/// stopped.
pub(crate) fn call(wave: &[i16; 160]) -> Result<(), i32> {
    let mut ring: Queue<Record, 32> = Queue::new();
    let (producer, mut reader) = ring.split();
    let mut line: GatePort<'_, 1> = GatePort::new();
    line.bus.subscribe(producer).map_err(|_| 11)?;
    let settings = LegSettings::default().with(|leg| leg.forward = Forward::Speech);
    let mut leg: Leg<EnergyDetector> = Leg::new(settings, EnergyDetector::new());
    let mut agent = Agent {
        chunks: 1,
        samples: 16_000,
    };
    leg.start(Instant::ZERO);
    for tick in 0..50_u64 {
        let now = Instant::from_millis(20 * tick);
        let mut wire = [0_u8; 323];
        let samples = if tick < 20 { &[0; 160] } else { wave };
        encode_audio(SampleRate::Hz8000, samples, &mut wire).map_err(|_| 12)?;
        ensure(
            leg.handle_input(now, &wire, &mut line) == Progress::Open,
            12,
        )?;
        leg.handle_deadline(now, &mut agent, &mut line);
    }
    let end = Instant::from_millis(1_000);
    leg.handle_command(end, Command::HangUp, &mut line);
    leg.stop(end, MediaStoppedReason::Hangup, &mut line);
    ensure(line.sent == 50 * 323 + 3, 13)?;
    ensure(line.forwarded >= 30 * 160, 14)?;
    ensure(line.epoch > 0, 15)?;
    let (mut barge_ins, mut stops) = (0, 0);
    while let Some(record) = reader.dequeue() {
        match record.body {
            RecordBody::Event(Realtime::BargeIn(_)) => barge_ins += 1,
            RecordBody::Event(Realtime::MediaStopped(_)) => stops += 1,
            _ => {}
        }
    }
    ensure((barge_ins, stops) == (1, 1), 16)
}

/// A caller at 16 kHz who hears itself, presses a key and hangs up; everything it does is an event,
/// for two who read and one who doesn't.
pub(crate) fn echo() -> Result<(), i32> {
    let (mut one, mut two): (Queue<Record, 256>, Queue<Record, 256>) = (Queue::new(), Queue::new());
    // Room for one record.
    let mut stuck: Queue<Record, 2> = Queue::new();
    let (to_one, mut one) = one.split();
    let (to_two, mut two) = two.split();
    let (to_stuck, mut stuck) = stuck.split();
    let mut line: GatePort<'_, 3> = GatePort::new();
    for producer in [to_one, to_two, to_stuck] {
        line.bus.subscribe(producer).map_err(|_| 21)?;
    }
    let settings = LegSettings::default().with(|leg| {
        leg.mode = Mode::Echo;
        leg.frame_events = true;
        leg.forward = Forward::Everything;
    });
    let mut leg: Leg<EnergyDetector> = Leg::new(settings, EnergyDetector::new());
    let mut agent = Agent {
        chunks: 0,
        samples: 0,
    };
    leg.start(Instant::ZERO);
    for tick in 0..50_u64 {
        let now = Instant::from_millis(20 * tick);
        let mut samples = [0_i16; 320];
        for (n, sample) in samples.iter_mut().enumerate() {
            *sample = if n / 20 % 2 == 0 { 6_000 } else { -6_000 };
        }
        let mut wire = [0_u8; 643];
        encode_audio(SampleRate::Hz16000, &samples, &mut wire).map_err(|_| 22)?;
        // In pieces that end anywhere.
        for piece in wire.chunks(100) {
            ensure(
                leg.handle_input(now, piece, &mut line) == Progress::Open,
                22,
            )?;
        }
        leg.handle_deadline(now, &mut agent, &mut line);
    }
    let end = Instant::from_millis(1_000);
    let mut wire = [0_u8; 8];
    let mut len = 0;
    for frame in [Frame::Dtmf(b'#'), Frame::Hangup] {
        let rest = wire.get_mut(len..).ok_or(23)?;
        len += encode(&frame, rest).map_err(|_| 23)?;
    }
    let bytes = wire.get(..len).ok_or(23)?;
    ensure(
        leg.handle_input(end, bytes, &mut line) == Progress::HungUp,
        23,
    )?;
    ensure(line.sent == 50 * 643 && line.forwarded == 50 * 320, 24)?;

    // The stuck one reads at last, and learns what it missed.
    ensure(stuck.dequeue().is_some() && stuck.dequeue().is_none(), 25)?;
    line.bus.tell_missed(end);
    let Some(RecordBody::Missed(missed)) = stuck.dequeue().map(|record| record.body) else {
        return Err(25);
    };
    let (mut frames, mut spoke, mut keys, mut all) = (0, 0, 0, 0_u32);
    while let Some(record) = one.dequeue() {
        ensure(two.dequeue() == Some(record), 26)?;
        all += 1;
        match record.body {
            RecordBody::Event(Realtime::AudioFrameReceived(_)) => frames += 1,
            RecordBody::Event(Realtime::UserSpeechStarted(_)) => spoke += 1,
            RecordBody::Event(Realtime::DtmfReceived(_)) => keys += 1,
            _ => {}
        }
    }
    ensure((frames, spoke, keys) == (50, 1, 1), 27)?;
    ensure(missed + 1 == all && line.bus.lost() == missed.into(), 28)?;
    leg.stop(end, MediaStoppedReason::Hangup, &mut line);
    ensure(one.dequeue().is_some() && stuck.dequeue().is_some(), 29)
}

struct GatePort<'a, const SUBSCRIBERS: usize> {
    bus: Bus<Producer<'a, Record>, SUBSCRIBERS>,
    forwarded: usize,
    sent: usize,
    epoch: u32,
}

impl<const SUBSCRIBERS: usize> GatePort<'_, SUBSCRIBERS> {
    fn new() -> Self {
        Self {
            bus: Bus::new(),
            forwarded: 0,
            sent: 0,
            epoch: 0,
        }
    }
}

impl<const SUBSCRIBERS: usize> Port for GatePort<'_, SUBSCRIBERS> {
    fn record(&mut self, record: Record) {
        self.bus.publish(record);
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        if let CallerAudio::Samples(samples) = part {
            self.forwarded += samples.len();
        }
    }

    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let mut message = [0; 643];
        self.sent += message.get_mut(..len).map_or(0, write);
    }

    fn epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    fn rate(&mut self, _rate: SampleRate) {}
}
