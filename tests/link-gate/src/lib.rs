//! A call through every part of `voxtra-core`, in a program that has no allocator.
//!
//! `check.sh` builds it, looks at what it refers to, links it into a C program and runs that.
#![no_std]

mod leg;

use core::panic::PanicInfo;

use heapless::spsc::Queue;
use voxtra_core::audio::{Fade, Framer, Gain, Law, Level, Resampler, SampleRate};
use voxtra_core::audiosocket::{Decoder, Frame, encode, encode_audio};
use voxtra_core::bus::Bus;
use voxtra_core::event::{
    CATALOGUE, EventSet, EventType, Realtime, Record, RecordBody, Text, UserSpeechStarted,
};
use voxtra_core::playout::{AgentAudio, Chunk, Playout, PlayoutSettings};
use voxtra_core::time::Instant;
use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
use voxtra_core::vad::{EnergyDetector, TelephoneDetector, VoiceDetector};

voxtra_core::voxtra! {
    events Gate {
        /// An event of this program's own, with text in place.
        @realtime
        gate.passed { frames: u32, note: Text<16> = "no heap" }
        @realtime
        gate.shut;
    }
}

/// Handles a short call. 0 if everything came out as it should; otherwise the step that did not.
#[unsafe(no_mangle)]
pub extern "C" fn voxtra_link_gate() -> i32 {
    match call() {
        Ok(()) => 0,
        Err(step) => step,
    }
}

fn call() -> Result<(), i32> {
    // The caller: 400 ms of a loud wave, through A-law and 16 kHz and back, in a stream of frames.
    let mut wave = [0_i16; 160];
    for (n, sample) in wave.iter_mut().enumerate() {
        *sample = if n / 10 % 2 == 0 { 8_000 } else { -8_000 };
    }
    Gain::from_db(3.0).apply(&mut wave);
    let mut law = [0_u8; 160];
    Law::A.encode_into(&wave, &mut law);
    Law::A.decode_into(&law, &mut wave);
    ensure(Level::of(&wave).rms_dbfs > -12.0, 1)?;

    let mut up = Resampler::new(8_000, 16_000).map_err(|_| 2)?;
    let mut wide = [0_i16; 320];
    let (_, made) = up.process(&wave, &mut wide);
    let mut framer = Framer::<[i16; 320]>::new(SampleRate::Hz16000);
    let mut whole = 0;
    for sample in wide.get(..made).ok_or(2)? {
        framer.push(&sample.to_le_bytes(), |_| whole += 1);
    }
    ensure(whole == made / 320, 2)?;
    Fade::in_over(160).apply(&mut wide);

    // The bus and who listens to it.
    let mut ring: Queue<Record, 32> = Queue::new();
    let (producer, mut reader) = ring.split();
    let mut bus: Bus<_, 2> = Bus::new();
    bus.subscribe(producer).map_err(|_| 3)?;

    let mut decoder = Decoder::<[u8; 640]>::new();
    let mut detector = EnergyDetector::new();
    let mut trained = TelephoneDetector::new();
    let settings = TurnSettings::default();
    settings.check().map_err(|_| 4)?;
    let mut turns = TurnTaking::new(settings);
    let mut playout = Playout::new(SampleRate::Hz8000, PlayoutSettings::default());
    playout.start(Instant::ZERO);
    let mut agent = Agent {
        chunks: 1,
        samples: 1_600,
    };
    let mut heard = 0_u32;
    let mut sent = 0_usize;

    for tick in 0..20_u64 {
        let now = Instant::from_millis(20 * tick);
        let mut wire = [0_u8; 323];
        let mut len = encode_audio(SampleRate::Hz8000, &wave, &mut wire).map_err(|_| 5)?;
        if tick == 19 {
            len = encode(&Frame::Dtmf(b'5'), &mut wire).map_err(|_| 5)?;
        }
        // In two parts, as TCP may deliver it.
        let (one, two) = wire.get(..len).ok_or(5)?.split_at(2);
        for mut part in [one, two] {
            while let Some(frame) = decoder.decode(&mut part) {
                let Ok(Frame::Audio(audio)) = frame else {
                    continue;
                };
                let mut samples = [0_i16; 160];
                audio.read_into(&mut samples);
                heard += 1;
                let probability = detector.process(&samples);
                ensure((0.0..=1.0).contains(&trained.process(&samples)), 10)?;
                turns.handle_frame(now, probability, playout.is_speaking(), &mut |event| {
                    if event == TurnEvent::SpeechStarted {
                        let body = RecordBody::Event(Realtime::UserSpeechStarted(
                            UserSpeechStarted::default(),
                        ));
                        bus.publish(Record { at: now, body });
                    }
                });
            }
        }
        let mut out = [0_i16; 160];
        let made = playout
            .poll(now, &mut agent, &mut out, &mut |_| {})
            .ok_or(6)?;
        let mut wire = [0_u8; 323];
        let samples = out.get(..made).ok_or(6)?;
        sent += encode_audio(SampleRate::Hz8000, samples, &mut wire).map_err(|_| 6)?;
    }
    turns.handle_gap(Instant::from_millis(2_000), false, &mut |_| {});
    turns.finish(&mut |_| {});
    bus.tell_missed(Instant::from_millis(2_000));

    ensure(heard == 19 && sent == 20 * 323, 7)?;
    let record = reader.dequeue().ok_or(8)?;
    ensure(
        matches!(
            record.body,
            RecordBody::Event(Realtime::UserSpeechStarted(_))
        ),
        8,
    )?;

    // A bus of this program's own events.
    let mut ring: Queue<Record<Gate>, 2> = Queue::new();
    let (producer, mut reader) = ring.split();
    let mut gates: Bus<_, 1> = Bus::new();
    gates.subscribe(producer).map_err(|_| 9)?;
    let passed = GatePassed::new(heard);
    gates.publish(Record {
        at: Instant::ZERO,
        body: RecordBody::Event(passed.into()),
    });
    let seen = reader.dequeue().ok_or(9)?;
    ensure(
        seen.body == RecordBody::Event(Gate::GatePassed(passed)) && passed.note == "no heap",
        9,
    )?;
    ensure(
        GatePassed::WIRE == "gate.passed" && Gate::EVENTS.len() == 2,
        9,
    )?;
    let last = CATALOGUE.last().map(|event| event.wire);
    ensure(last == Some("session.destroyed"), 9)?;
    leg::call(&wave)?;
    leg::echo()?;
    ensure(allocate(heard), 10)
}

fn ensure(ok: bool, step: i32) -> Result<(), i32> {
    if ok { Ok(()) } else { Err(step) }
}

/// An agent that says one thing.
struct Agent {
    chunks: u32,
    samples: u32,
}

impl AgentAudio for Agent {
    fn next_chunk(&mut self) -> Option<Chunk> {
        self.chunks = self.chunks.checked_sub(1)?;
        Some(Chunk {
            epoch: 0,
            utterance: 1,
            samples: self.samples,
            first: true,
            last: true,
            uninterruptible: false,
        })
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        out.fill(1_000);
        out.len()
    }

    fn skip(&mut self, _samples: usize) {}
}

#[cfg(not(feature = "fail"))]
fn allocate(_size: u32) -> bool {
    true
}

/// What the gate is there to catch.
#[cfg(feature = "fail")]
fn allocate(size: u32) -> bool {
    extern crate alloc;
    let mut bytes = alloc::vec::Vec::new();
    bytes.resize(size as usize, 1_u8);
    core::hint::black_box(bytes).len() == size as usize
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
