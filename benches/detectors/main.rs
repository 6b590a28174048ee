//! What a 20 ms frame costs each voice detector, ours and others', side by side in one run.
//!
//! `cargo bench -p voxtra-benches --bench detectors` measures;
//! `cargo test -p voxtra-benches --bench detectors` only checks that each of them answers. Those of
//! others that want another rate have resampling in their figure.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod opponents;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use voxtra_core::vad::{
    EarshotDetector, EnergyDetector, TelephoneDetector, VAD_FRAME_SAMPLES, VoiceDetector,
    WebRtcDetector,
};

use opponents::Nnnoiseless;

/// 12 s of a voice, noise, music and tones.
const SAMPLE: &[u8] = include_bytes!("../../voxtra-core/tests/telephone/sample.s16");

fn frames() -> Vec<[i16; VAD_FRAME_SAMPLES]> {
    let (pairs, _) = SAMPLE.as_chunks::<2>();
    let samples: Vec<i16> = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    samples.as_chunks().0.to_vec()
}

fn time(criterion: &mut Criterion, name: &str, mut detector: impl VoiceDetector) {
    let frames = frames();
    assert!(
        frames.iter().any(|frame| detector.process(frame) > 0.5),
        "{name} hears no speech"
    );
    detector.reset();
    let mut round = frames.iter().cycle();
    criterion
        .benchmark_group("detector")
        .bench_function(name, |bencher| {
            bencher.iter(|| detector.process(black_box(round.next().unwrap())));
        });
}

fn detectors(criterion: &mut Criterion) {
    time(criterion, "energy", EnergyDetector::new());
    time(criterion, "webrtc-vad, mode 3", WebRtcDetector::default());
    time(criterion, "telephone", TelephoneDetector::new());
    time(criterion, "earshot", EarshotDetector::new());
    time(criterion, "nnnoiseless", Nnnoiseless::new());
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = detectors
}
criterion_main!(all);
