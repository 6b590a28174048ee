//! What one 20 ms frame costs at each stage of the media path, at 8 kHz.
//!
//! `cargo bench --bench core` measures; `cargo test --bench core` only checks that every stage still moves
//! the right data. Copying the payload twice, once in and once out, is the floor that framing is compared with.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use heapless::spsc::{Producer, Queue};
use voxtra_core::audio::{Resampler, SampleRate};
use voxtra_core::audiosocket::{Decoder, Frame, HEADER_LEN, encode, encode_audio};
use voxtra_core::bus::Bus;
use voxtra_core::event::{Record, RecordBody};
use voxtra_core::leg::{CallerAudio, Forward, Leg, LegSettings, Port, Progress};
use voxtra_core::playout::{AgentAudio, Chunk, Playout, PlayoutSettings};
use voxtra_core::time::Instant;
use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
use voxtra_core::vad::{EnergyDetector, VoiceDetector};

const SAMPLES: usize = 160;
const PAYLOAD: usize = 2 * SAMPLES;
const WIRE: usize = HEADER_LEN + PAYLOAD;
const TICK: Duration = Duration::from_millis(20);

/// Half a second of a buzz that comes and goes, and half a second of next to nothing.
fn caller() -> Vec<[i16; SAMPLES]> {
    (0..50)
        .map(|frame| {
            let loudness = if frame < 25 { 6_000.0 } else { 12.0 };
            std::array::from_fn(|n| {
                let t = (frame * SAMPLES + n) as f32 / 8_000.0;
                let buzz: f32 = (1..6)
                    .map(|k| (754.0 * k as f32 * t).sin() / k as f32)
                    .sum();
                (loudness * buzz) as i16
            })
        })
        .collect()
}

fn wire(samples: &[i16; SAMPLES]) -> [u8; WIRE] {
    let mut bytes = [0; WIRE];
    let len = encode_audio(SampleRate::Hz8000, samples, &mut bytes).unwrap();
    assert_eq!(len, WIRE);
    bytes
}

fn framing(group: &mut BenchmarkGroup<'_, WallTime>) {
    let frame = caller()[3];
    let bytes = wire(&frame);

    let copy = |from: &[u8; WIRE], held: &mut [u8; PAYLOAD], to: &mut [u8; PAYLOAD]| {
        held.copy_from_slice(&from[HEADER_LEN..]);
        to.copy_from_slice(black_box(&held[..]));
    };
    let (mut held, mut to) = ([0; PAYLOAD], [0; PAYLOAD]);
    copy(&bytes, &mut held, &mut to);
    assert_eq!(to, bytes[HEADER_LEN..]);
    group.bench_function("copy the payload twice", |b| {
        b.iter(|| copy(black_box(&bytes), &mut held, black_box(&mut to)));
    });

    let mut decoder = Decoder::<PAYLOAD>::new();
    let mut decode_encode = |mut input: &[u8], out: &mut [u8; WIRE]| {
        let frame = decoder.decode(&mut input).unwrap().unwrap();
        encode(&frame, out).unwrap()
    };
    let mut out = [0; WIRE];
    assert_eq!(decode_encode(&bytes, &mut out), WIRE);
    assert_eq!(out, bytes);
    group.bench_function("decode and encode", |b| {
        b.iter(|| decode_encode(black_box(&bytes), black_box(&mut out)));
    });

    // As it comes from a socket that was read in the middle of a frame.
    let mut decoder = Decoder::<PAYLOAD>::new();
    let mut decode_split = |bytes: &[u8; WIRE], out: &mut [u8; WIRE]| {
        let (mut one, mut two) = bytes.split_at(100);
        assert!(decoder.decode(&mut one).is_none());
        let frame = decoder.decode(&mut two).unwrap().unwrap();
        encode(&frame, out).unwrap()
    };
    out.fill(0);
    assert_eq!(decode_split(&bytes, &mut out), WIRE);
    assert_eq!(out, bytes);
    group.bench_function("decode and encode, cut in two", |b| {
        b.iter(|| decode_split(black_box(&bytes), black_box(&mut out)));
    });

    let mut decoder = Decoder::<PAYLOAD>::new();
    let mut samples = [0_i16; SAMPLES];
    let mut through_samples = |mut input: &[u8], out: &mut [u8; WIRE]| {
        let Some(Ok(Frame::Audio(audio))) = decoder.decode(&mut input) else {
            panic!("not audio");
        };
        audio.read_into(&mut samples);
        encode_audio(audio.rate, black_box(&samples), out).unwrap()
    };
    out.fill(0);
    assert_eq!(through_samples(&bytes, &mut out), WIRE);
    assert_eq!(out, bytes);
    group.bench_function("decode to samples and encode", |b| {
        b.iter(|| through_samples(black_box(&bytes), black_box(&mut out)));
    });
}

fn hearing(group: &mut BenchmarkGroup<'_, WallTime>) {
    let frames = caller();

    let mut detector = EnergyDetector::new();
    let heard: Vec<f32> = frames.iter().map(|frame| detector.process(frame)).collect();
    assert!(heard[2..25].iter().all(|p| *p > 0.9), "{heard:?}");
    assert!(heard[26..].iter().all(|p| *p < 0.1), "{heard:?}");
    let mut next = frames.iter().cycle();
    group.bench_function("voice detection", |b| {
        b.iter(|| detector.process(black_box(next.next().unwrap())));
    });

    let mut turns = TurnTaking::new(TurnSettings::default());
    let mut now = Instant::ZERO;
    let mut started = 0_u64;
    let mut turn = |probability: f32| {
        now = now + TICK;
        turns.handle_frame(now, probability, false, &mut |event| {
            started += u64::from(event == TurnEvent::SpeechStarted);
        });
        started
    };
    assert_eq!(heard.iter().map(|p| turn(*p)).max(), Some(1));
    let mut next = heard.iter().cycle();
    group.bench_function("turn-taking", |b| {
        b.iter(|| turn(black_box(*next.next().unwrap())));
    });

    let mut resampler = Resampler::new(8_000, 16_000).unwrap();
    let mut wide = [0_i16; 2 * SAMPLES];
    let mut produced = 0;
    for frame in &frames {
        let (consumed, made) = resampler.process(frame, &mut wide);
        assert_eq!(consumed, SAMPLES);
        produced += made;
    }
    assert!(produced.abs_diff(2 * SAMPLES * frames.len()) < SAMPLES);
    let mut next = frames.iter().cycle();
    group.bench_function("resample 8 to 16 kHz", |b| {
        b.iter(|| resampler.process(black_box(next.next().unwrap()), black_box(&mut wide)));
    });
}

/// An agent that never stops talking.
struct Talker {
    samples: Vec<i16>,
    at: usize,
    first: bool,
}

impl AgentAudio for Talker {
    fn next_chunk(&mut self) -> Option<Chunk> {
        self.at = 0;
        Some(Chunk {
            epoch: 0,
            utterance: 1,
            samples: self.samples.len() as u32,
            first: std::mem::take(&mut self.first),
            last: false,
        })
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        let from = &self.samples[self.at..][..out.len()];
        out.copy_from_slice(from);
        self.at += out.len();
        out.len()
    }

    fn skip(&mut self, samples: usize) {
        self.at += samples;
    }
}

fn talker() -> Talker {
    Talker {
        samples: caller().concat(),
        at: 0,
        first: true,
    }
}

fn speaking(group: &mut BenchmarkGroup<'_, WallTime>) {
    let mut playout = Playout::new(SampleRate::Hz8000, PlayoutSettings::default());
    let mut now = Instant::ZERO;
    playout.start(now);
    let mut agent = talker();
    let mut out = [0_i16; SAMPLES];
    let mut play = |out: &mut [i16; SAMPLES]| {
        let made = playout.poll(now, &mut agent, out, &mut |_| {});
        now = now + TICK;
        made
    };
    for (number, frame) in caller().iter().enumerate() {
        assert_eq!(play(&mut out), Some(SAMPLES));
        // The first is faded in.
        assert!(number == 0 || out == *frame, "frame {number}");
    }
    group.bench_function("playout", |b| b.iter(|| play(black_box(&mut out))));
}

fn telling(group: &mut BenchmarkGroup<'_, WallTime>) {
    let mut ring: Queue<Record, 1_024> = Queue::new();
    let (producer, mut reader) = ring.split();
    let mut bus: Bus<_, 4> = Bus::new();
    assert!(bus.subscribe(producer).is_ok());
    let record = |utterance| Record {
        at: Instant::from_millis(20),
        body: RecordBody::UtteranceStarted { utterance },
    };
    for number in 0..100_000 {
        bus.publish(record(number));
        assert_eq!(reader.dequeue(), Some(record(number)));
    }
    group.bench_function("bus, one subscriber", |b| {
        b.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            let mut left = rounds;
            // Read in between, off the clock.
            while left > 0 {
                let batch = left.min(1_000);
                let begin = std::time::Instant::now();
                for _ in 0..batch {
                    bus.publish(black_box(record(7)));
                }
                spent += begin.elapsed();
                while reader.dequeue().is_some() {}
                left -= batch;
            }
            spent
        });
    });
    assert_eq!(bus.lost(), 0);
}

/// What a leg is connected to: a ring for its records, a buffer for its bytes and one for the caller's audio.
struct Line<'a> {
    bus: Bus<Producer<'a, Record>, 1>,
    out: [u8; WIRE],
    sent: usize,
    heard: [i16; SAMPLES],
    forwarded: usize,
}

impl Port for Line<'_> {
    fn record(&mut self, record: Record) {
        self.bus.publish(record);
    }

    fn caller_audio(&mut self, part: CallerAudio<'_>) {
        if let CallerAudio::Samples(samples) = part
            && let Some(place) = self.heard.get_mut(..samples.len())
        {
            place.copy_from_slice(samples);
            self.forwarded += 1;
        }
    }

    fn transmit(&mut self, _len: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        self.sent = write(&mut self.out);
    }

    fn epoch(&mut self, _epoch: u32) {}

    fn rate(&mut self, _rate: SampleRate) {}
}

/// The whole media path, as a call does it: a frame in, a frame out.
fn whole_frame(group: &mut BenchmarkGroup<'_, WallTime>) {
    let wires: Vec<[u8; WIRE]> = caller().iter().map(wire).collect();
    let mut ring: Queue<Record, 1_024> = Queue::new();
    let (producer, mut reader) = ring.split();
    let mut bus = Bus::new();
    assert!(bus.subscribe(producer).is_ok());
    let mut line = Line {
        bus,
        out: [0; WIRE],
        sent: 0,
        heard: [0; SAMPLES],
        forwarded: 0,
    };
    let settings = LegSettings {
        forward: Forward::Everything,
        turn: TurnSettings {
            barge_in: false,
            ..TurnSettings::default()
        },
        ..LegSettings::default()
    };
    let mut leg: Leg<EnergyDetector> = Leg::new(settings, EnergyDetector::new());
    let mut now = Instant::ZERO;
    leg.start(now);
    let mut agent = talker();
    let mut tick = |input: &[u8], line: &mut Line<'_>| {
        assert_eq!(leg.handle_input(now, input, line), Progress::Open);
        leg.handle_deadline(now, &mut agent, line);
        now = now + TICK;
        while reader.dequeue().is_some() {}
        line.sent
    };
    for (number, bytes) in wires.iter().enumerate() {
        assert_eq!(tick(bytes, &mut line), WIRE);
        // The agent says what the caller says.
        assert!(number == 0 || line.out == *bytes, "frame {number}");
        assert_eq!(wire(&line.heard), *bytes, "frame {number}");
    }
    assert_eq!(line.forwarded, wires.len());
    let mut next = wires.iter().cycle();
    group.bench_function("whole frame, in and out", |b| {
        b.iter(|| tick(black_box(next.next().unwrap()), &mut line));
    });
}

fn stages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    framing(&mut group);
    hearing(&mut group);
    speaking(&mut group);
    telling(&mut group);
    whole_frame(&mut group);
    group.finish();
}

criterion_group! {
    name = core;
    config = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = stages
}
criterion_main!(core);
