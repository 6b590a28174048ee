//! `voxtra vad FILE.wav --frames` with somebody else's detector, or with one of ours and no
//! turn-taking, for whatever scores such lines:
//! `cargo run --release -p voxtra-benches --bin other_detector -- earshot FILE.wav`.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

#[allow(dead_code)]
mod opponents;

use std::io::Write;

use voxtra_core::vad::{
    EarshotDetector, EnergyDetector, TelephoneDetector, VAD_FRAME_SAMPLES, VoiceDetector,
    WebRtcDetector,
};

use opponents::Nnnoiseless;

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(name), Some(file)) = (args.next(), args.next()) else {
        eprintln!("usage: other_detector webrtc|earshot|nnnoiseless|energy|telephone FILE.wav");
        std::process::exit(2);
    };
    let mut detector: Box<dyn VoiceDetector> = match name.as_str() {
        "webrtc" => Box::new(WebRtcDetector::default()),
        "earshot" => Box::new(EarshotDetector::new()),
        "nnnoiseless" => Box::new(Nnnoiseless::new()),
        "energy" => Box::new(EnergyDetector::new()),
        "telephone" => Box::new(TelephoneDetector::new()),
        _ => panic!("no detector is called {name}"),
    };
    let mut reader = hound::WavReader::open(file).unwrap();
    assert_eq!(
        (reader.spec().sample_rate, reader.spec().channels),
        (8_000, 1)
    );
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (n, frame) in samples
        .as_chunks::<VAD_FRAME_SAMPLES>()
        .0
        .iter()
        .enumerate()
    {
        let p = detector.process(frame);
        writeln!(out, "{},{p:.5},{}", n * 20, u8::from(p >= 0.5)).unwrap();
    }
}
