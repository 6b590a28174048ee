//! The whole media path of a call, from socket bytes to socket bytes.

use heapless::spsc::{Producer, Queue};
use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::encode_audio;
use voxtra_core::bus::Bus;
use voxtra_core::event::{MediaStoppedReason, Realtime, Record, RecordBody};
use voxtra_core::leg::{CallerAudio, Command, Forward, Leg, LegSettings, Port, Progress};
use voxtra_core::time::Instant;
use voxtra_core::vad::EnergyDetector;

use crate::{Agent, ensure};

/// A second of a loud caller over an agent that speaks: heard, forwarded, answered, interrupted and stopped.
pub(crate) fn call(wave: &[i16; 160]) -> Result<(), i32> {
    let mut ring: Queue<Record, 32> = Queue::new();
    let (producer, mut reader) = ring.split();
    let mut line = Line {
        bus: Bus::new(),
        forwarded: 0,
        sent: 0,
        epoch: 0,
    };
    line.bus.subscribe(producer).map_err(|_| 11)?;
    let settings = LegSettings {
        forward: Forward::Speech,
        ..LegSettings::default()
    };
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

struct Line<'a> {
    bus: Bus<Producer<'a, Record>, 1>,
    forwarded: usize,
    sent: usize,
    epoch: u32,
}

impl Port for Line<'_> {
    fn record(&mut self, record: Record) {
        self.bus.publish(record);
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        if let CallerAudio::Samples(samples) = part {
            self.forwarded += samples.len();
        }
    }

    fn transmit(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let mut message = [0; 323];
        self.sent += message.get_mut(..len).map_or(0, write);
    }

    fn epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    fn rate(&mut self, _rate: SampleRate) {}
}
