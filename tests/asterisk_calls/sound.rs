//! What the caller hears, in Asterisk's own recordings: each sample is there, in its place.

use voxtra::core::audio::SampleRate;
use voxtra::core::leg::LegSettings;
use voxtra::prelude::*;

use crate::asterisk::harness::Harness;
use crate::asterisk::recording::{envelope, find_envelope, find_exactly};
use crate::asterisk::{Asterisk, Call as Caller, unique};

/// Plays `samples` as two utterances, the second right after the first, and then stays.
fn player(
    samples: Vec<i16>,
    rate_hz: u32,
) -> impl Fn(Call) -> std::pin::Pin<Box<dyn Future<Output = Result<(), CallError>> + Send>> {
    move |call| {
        let samples = samples.clone();
        Box::pin(async move {
            call.answer().await?;
            for _ in 0..2 {
                let spoken = call.send_audio(&samples, rate_hz).await?;
                assert!(spoken.completed);
            }
            Ok(())
        })
    }
}

/// Noise that never repeats, so that it can be found in one place only; its level changes like that
/// of speech.
fn noise(count: usize) -> Vec<i16> {
    let mut state = 1_u32;
    (0..count)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let level = 2000.0 + 1900.0 * (n as f32 / 900.0).sin();
            (((state >> 16) as f32 / 32_768.0 - 1.0) * level) as i16
        })
        .collect()
}

/// The caller listens for 8 s and hangs up.
async fn record(
    asterisk: &Asterisk,
    rate: SampleRate,
    samples: Vec<i16>,
    rate_hz: u32,
) -> Vec<i16> {
    let (formats, step, suffix) = match rate {
        SampleRate::Hz8000 => ("slin", "record", "wav"),
        _ => ("slin16", "record16", "wav16"),
    };
    let leg = LegSettings::default().with(|leg| leg.rate = rate);
    let name = unique("sound");
    let script = format!("{step}:{name}/8");
    let mut harness = Harness::start(asterisk, |app| {
        app.leg(leg).default(player(samples, rate_hz))
    })
    .await;
    let caller = Caller {
        extension: "script",
        formats,
        variables: &[("VOXTRA_SCRIPT", &script)],
        ..Caller::default()
    };
    harness.call(asterisk, caller).await;
    let story = harness.story().await;
    assert_eq!(story.count("agent.speech.ended"), 2, "{}", story.text());
    harness.close().await;
    let recording = asterisk.recording(&format!("{name}.{suffix}")).await;
    assert_eq!(recording.rate_hz, rate.hz());
    recording.samples
}

#[tokio::test]
async fn at_8_khz_the_caller_hears_every_sample() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let samples = noise(3 * 8000 + 77);
    let heard = record(&asterisk, SampleRate::Hz8000, samples.clone(), 8000).await;
    check_exact(&heard, &samples, 160);
}

#[tokio::test]
async fn at_16_khz_the_caller_hears_every_sample() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let samples = noise(3 * 16_000 + 77);
    let heard = record(&asterisk, SampleRate::Hz16000, samples.clone(), 16_000).await;
    check_exact(&heard, &samples, 320);
}

/// Both utterances are there, bit for bit, and nothing else but silence, of which there is little
/// between them.
fn check_exact(heard: &[i16], samples: &[i16], frame: usize) {
    let first = find_exactly(heard, samples).unwrap();
    let rest = &heard[first + samples.len()..];
    let pause = find_exactly(rest, samples).unwrap();
    // The rest of the first utterance's last frame, and the time that the agent takes to begin
    // again.
    assert!(pause < 25 * frame, "{pause} samples");
    let silence = [
        &heard[..first],
        &rest[..pause],
        &rest[pause + samples.len()..],
    ];
    assert!(silence.concat().iter().all(|sample| *sample == 0));
}

#[tokio::test]
async fn speech_of_another_rate_keeps_its_length_and_its_level() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let speech = asterisk.asset("agent-you-said");
    assert_eq!(speech.rate_hz, 8000);
    // What a voice at 22.05 kHz would make of these samples: shorter, and brighter.
    let heard = record(
        &asterisk,
        SampleRate::Hz8000,
        speech.samples.repeat(3),
        22_050,
    )
    .await;
    let (played, heard) = (
        envelope(&speech.samples.repeat(3), 22_050),
        envelope(&heard, 8000),
    );
    // The resampler's own few milliseconds and the grid of the envelope make them a little less
    // than alike.
    let (at, alike) = find_envelope(&heard, &played);
    assert!(alike > 0.97, "{alike}");
    let loudest = |envelope: &[f32]| envelope.iter().copied().fold(0.0, f32::max);
    let ratio = loudest(&heard[at / 10..at / 10 + played.len()]) / loudest(&played);
    assert!((0.8..1.15).contains(&ratio), "{ratio}");
}

#[tokio::test]
async fn speech_is_played_without_a_hole() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let name = unique("explained");
    let script = format!("record:{name}/11");
    let explain = |call: Call| async move {
        call.answer().await?;
        call.say("A long  explanation.").await.map(|_| ())
    };
    let mut harness = Harness::start(&asterisk, |app| app.default(explain)).await;
    let caller = Caller {
        extension: "script",
        variables: &[("VOXTRA_SCRIPT", &script)],
        ..Caller::default()
    };
    harness.call(&asterisk, caller).await;
    let session = harness.session().await;
    let started = harness.until("agent.speech.started").await.timestamp;
    let ended = harness.until("agent.speech.ended").await.timestamp;
    let took = (ended - started).total(jiff::Unit::Second).unwrap();
    // Told when it has been heard, not when the last frame was queued; that nothing was late, the
    // recording tells.
    assert!(took > 9.8, "{took} s");
    let stats = session.stats();
    assert_eq!((stats.underruns, stats.frames_dropped), (0, 0), "{stats:?}");
    harness.story().await;
    harness.close().await;
    let heard = asterisk.recording(&format!("{name}.wav")).await.samples;
    find_exactly(&heard, &asterisk.asset("agent-explain").samples).unwrap();
}
