//! Detectors that others made, behind our trait. Each test runs with its feature only.
#![allow(clippy::unwrap_used)]

#[cfg(any(feature = "earshot", feature = "webrtc-vad"))]
use voxtra_core::vad::{VAD_FRAME_SAMPLES, VoiceDetector};

/// 12 s of a voice, noise, music and tones.
#[cfg(any(feature = "earshot", feature = "webrtc-vad"))]
const SAMPLE: &[u8] = include_bytes!("telephone/sample.s16");

#[cfg(any(feature = "earshot", feature = "webrtc-vad"))]
fn hear(detector: &mut impl VoiceDetector) -> Vec<f32> {
    let (pairs, _) = SAMPLE.as_chunks::<2>();
    let samples: Vec<i16> = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    let (frames, _) = samples.as_chunks::<VAD_FRAME_SAMPLES>();
    frames
        .iter()
        .map(|frame| detector.process(frame))
        .inspect(|p| assert!((0.0..=1.0).contains(p), "{p}"))
        .collect()
}

/// Hears speech in the sample, nothing in silence, and the same again after a reset.
#[cfg(any(feature = "earshot", feature = "webrtc-vad"))]
fn check(mut detector: impl VoiceDetector) -> Vec<f32> {
    let first = hear(&mut detector);
    assert!(first.iter().filter(|p| **p > 0.5).count() > 50);
    detector.reset();
    assert_eq!(hear(&mut detector), first);
    detector.reset();
    for _ in 0..50 {
        assert!(detector.process(&[0; VAD_FRAME_SAMPLES]) < 0.5);
    }
    first
}

#[cfg(feature = "earshot")]
#[test]
fn earshot_hears_speech_and_starts_afresh() {
    use voxtra_core::vad::EarshotDetector;

    check(EarshotDetector::new());
    assert!(size_of::<EarshotDetector>() <= 14 * 1_024);
}

#[cfg(feature = "webrtc-vad")]
#[test]
fn webrtc_hears_speech_and_keeps_its_mode_when_it_starts_afresh() {
    use voxtra_core::vad::{WebRtcDetector, WebRtcMode};

    let count = |heard: Vec<f32>| heard.iter().filter(|p| **p > 0.5).count();
    let strict = count(check(WebRtcDetector::default()));
    let lenient = count(check(WebRtcDetector::new(WebRtcMode::Quality)));
    assert!(strict < lenient, "{strict} < {lenient}");
}
