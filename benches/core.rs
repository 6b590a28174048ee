//! What one 20 ms frame costs at each stage of the media path, at 8 kHz, in time.
//!
//! `cargo bench -p voxtra-benches --bench core` measures;
//! `cargo test -p voxtra-benches --bench core` only checks that every stage still moves the right
//! data. Copying the payload twice, once in and once out, is the floor that framing is compared
//! with.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod stages;

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};

use stages::{Stage, framing, hearing, leg, speaking};

fn time<S: Stage>(group: &mut BenchmarkGroup<'_, WallTime>) {
    let mut stage = S::verified();
    group.bench_function(S::NAME, |bencher| {
        bencher.iter_custom(|frames| {
            let mut spent = Duration::ZERO;
            let mut left = frames;
            while left > 0 {
                let batch = left.min(1_000);
                let began = Instant::now();
                for _ in 0..batch {
                    stage.frame();
                }
                spent += began.elapsed();
                stage.tidy();
                left -= batch;
            }
            spent
        });
    });
}

fn stages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    time::<framing::CopyTwice>(&mut group);
    time::<framing::DecodeEncode>(&mut group);
    time::<framing::DecodeEncodeCut>(&mut group);
    time::<framing::Decode>(&mut group);
    time::<hearing::ClockAndHistory>(&mut group);
    time::<hearing::Digits>(&mut group);
    time::<hearing::VoiceDetection>(&mut group);
    time::<hearing::EnergyDetection>(&mut group);
    time::<hearing::Echo>(&mut group);
    time::<hearing::TurnTakingStage>(&mut group);
    time::<speaking::Event>(&mut group);
    time::<speaking::PlayoutStage>(&mut group);
    time::<framing::Encode>(&mut group);
    time::<leg::AgentLeg>(&mut group);
    time::<leg::EchoLeg>(&mut group);
    time::<hearing::Resample>(&mut group);
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
