//! The agent's voice on its way back, in virtual time: what is taken for the caller and what isn't.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::echo::EchoEstimate;
use voxtra_core::time::Instant;

const N: usize = 160;

fn recording(name: &str) -> Vec<i16> {
    let path = format!("{}/../assets/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    let (pairs, _) = bytes[data..].as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

/// What the agent says, over and over, for so many seconds.
fn agent(seconds: usize) -> Vec<i16> {
    let words = recording("agent-explain.wav");
    words.into_iter().cycle().take(seconds * 8_000).collect()
}

/// `sound`, `delay` samples later and `loss_db` softer, over the line's noise.
fn returned(sound: &[i16], delay: usize, loss_db: f32) -> Vec<i16> {
    let gain = 10_f32.powf(-loss_db / 20.0);
    let mut state = 7_u32;
    (0..sound.len())
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 28) as i16 - 8;
            let back = n.checked_sub(delay).map_or(0, |n| sound[n]);
            (f32::from(back) * gain) as i16 + noise
        })
        .collect()
}

/// Sends one and hears the other; the share of each heard frame that is not echo. Frames go out
/// `phase` after they come in.
fn shares(sent: &[i16], heard: &[i16], phase: Duration) -> Vec<f32> {
    let mut estimate = EchoEstimate::new();
    let frames = sent.chunks_exact(N).zip(heard.as_chunks::<N>().0);
    let mut shares = Vec::new();
    for (n, (sent, heard)) in frames.enumerate() {
        let start = Instant::ZERO + FRAME * n as u32;
        estimate.sent(start + phase, sent);
        shares.push(estimate.heard(start + FRAME + phase, heard));
    }
    shares
}

fn loud(frame: &[i16], least: f32) -> bool {
    let power: f32 = frame.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
    (power / N as f32).sqrt() > least
}

/// Two seconds are given to learn the line.
const LEARNED: usize = 100;

#[test]
fn an_echo_is_not_the_caller_whatever_its_delay_and_loss() {
    let sent = agent(12);
    for loss_db in [15.0, 20.0, 30.0, 40.0] {
        for delay_ms in [20, 45, 90, 130, 171, 250] {
            let heard = returned(&sent, delay_ms * 8, loss_db);
            let shares = shares(&sent, &heard, Duration::ZERO);
            let taken = shares[LEARNED..].iter().filter(|share| **share > 0.5);
            let taken = taken.count();
            // A frame now and then, where the agent's own voice begins anew; two in a row are what
            // would hold it back.
            let pairs = shares[LEARNED..]
                .windows(2)
                .filter(|two| two[0] > 0.5 && two[1] > 0.5);
            let loud_pairs = pairs.count();
            let quiet = heard[LEARNED * N..]
                .chunks_exact(N)
                .filter(|frame| !loud(frame, 20.0));
            let quiet = quiet.count();
            assert!(
                taken <= quiet + 5 && loud_pairs <= quiet,
                "{loss_db} dB, {delay_ms} ms: {taken} frames taken, {quiet} are quiet"
            );
        }
    }
}

/// A loudspeaker on a mobile network.
#[test]
fn an_echo_that_comes_late_is_not_the_caller_either() {
    let sent = agent(12);
    for loss_db in [6.0, 12.0, 20.0, 25.0] {
        for delay_ms in [330, 400, 470, 600, 815, 1_000] {
            let heard = returned(&sent, delay_ms * 8, loss_db);
            let shares = shares(&sent, &heard, Duration::from_millis(7));
            let taken = |frames: &[f32]| {
                let frames = frames.windows(2);
                frames.filter(|two| two[0] > 0.5 && two[1] > 0.5).count()
            };
            let first = delay_ms / 20;
            // The agent has interrupted itself after 28 frames, and is held before.
            let soon = taken(&shares[first..first + 2 * LEARNED]);
            let later = taken(&shares[first + LEARNED..]);
            assert!(
                soon <= 45 && later <= 25,
                "{loss_db} dB, {delay_ms} ms: {soon} taken soon, {later} later"
            );
        }
    }
}

#[test]
fn an_echo_that_moves_is_learned_anew() {
    let sent = agent(30);
    let (near, far) = (returned(&sent, 900, 18.0), returned(&sent, 5_600, 10.0));
    let there = 10 * 8_000;
    let back = 20 * 8_000;
    let heard = [&near[..there], &far[there..back], &near[back..]].concat();
    let shares = shares(&sent, &heard, Duration::ZERO);
    for part in shares.chunks(500) {
        let taken = part[2 * LEARNED..].iter().filter(|share| **share > 0.5);
        let taken = taken.count();
        assert!(taken < 60, "{taken} of 300");
    }
}

#[test]
fn the_caller_is_heard_over_an_echo() {
    let sent = agent(12);
    let caller = recording("caller-stop.wav");
    let late = [(12.0, 600), (15.0, 1_000), (20.0, 400)];
    for (loss_db, delay_ms) in [(15.0, 60), (20.0, 200), (30.0, 110)]
        .into_iter()
        .chain(late)
    {
        let mut heard = returned(&sent, delay_ms * 8, loss_db);
        let at = 400 * N;
        for (place, sample) in heard[at..].iter_mut().zip(&caller) {
            *place = place.saturating_add(*sample);
        }
        let shares = shares(&sent, &heard, Duration::ZERO);
        let spoken = caller.chunks_exact(N).enumerate();
        let spoken = spoken.filter(|(_, frame)| loud(frame, 500.0));
        let (mut frames, mut taken) = (0, 0);
        for (n, _) in spoken {
            frames += 1;
            taken += usize::from(shares[400 + n] > 0.5);
        }
        assert!(
            frames > 30 && 4 * taken > 3 * frames,
            "{loss_db} dB, {delay_ms} ms: {taken} of {frames}"
        );
    }
}

#[test]
fn a_line_without_an_echo_is_all_the_caller_s() {
    let sent = agent(6);
    let caller: Vec<i16> = recording("caller-hello.wav")
        .into_iter()
        .cycle()
        .take(6 * 8_000)
        .collect();
    let shares = shares(&sent, &caller, Duration::ZERO);
    let frames = caller.chunks_exact(N).zip(&shares).skip(LEARNED);
    let (mut spoken, mut taken) = (0, 0);
    for (_, share) in frames.filter(|(frame, _)| loud(frame, 500.0)) {
        spoken += 1;
        taken += usize::from(*share > 0.5);
    }
    assert!(spoken > 50 && 5 * taken > 4 * spoken, "{taken} of {spoken}");
}

#[test]
fn while_nothing_is_sent_everything_is_the_caller_s() {
    let mut estimate = EchoEstimate::new();
    let caller = recording("caller-hello.wav");
    for (n, frame) in caller.as_chunks::<N>().0.iter().enumerate() {
        let now = Instant::ZERO + FRAME * n as u32;
        estimate.sent(now, &[0; N]);
        assert_eq!(estimate.heard(now + FRAME, frame), 1.0);
    }
}

#[test]
fn it_tells_the_way_back() {
    let sent = agent(12);
    for (delay_ms, loss_db) in [
        (40_usize, 15.0_f32),
        (120, 20.0),
        (240, 25.0),
        (400, 20.0),
        (600, 6.0),
        (1_000, 12.0),
    ] {
        let heard = returned(&sent, delay_ms * 8, loss_db);
        let mut estimate = EchoEstimate::new();
        for (n, (sent, heard)) in sent
            .chunks_exact(N)
            .zip(heard.as_chunks::<N>().0)
            .enumerate()
        {
            let start = Instant::ZERO + FRAME * n as u32;
            estimate.sent(start, sent);
            estimate.heard(start + FRAME, heard);
        }
        let (delay, loss) = estimate.path();
        // To the frame that holds the end of it.
        let off = delay.as_millis().abs_diff(delay_ms as u128 + 20);
        assert!(off <= 20, "{delay:?} for {delay_ms} ms");
        assert!((loss - loss_db).abs() < 8.0, "{loss} dB for {loss_db} dB");
    }
}

#[test]
fn frames_of_any_rate_and_at_any_time_do_no_harm() {
    let mut estimate = EchoEstimate::new();
    let mut state = 1_u64;
    for n in 0..20_000_usize {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let now = match state >> 62 {
            0 => Instant::from_micros(state),
            1 => Instant::MAX,
            _ => Instant::ZERO + FRAME * n as u32,
        };
        if state >> 61 & 1 == 0 {
            let rate = SampleRate::ALL[n % SampleRate::ALL.len()];
            let length = if n % 7 == 0 {
                n % 50
            } else {
                rate.frame_samples()
            };
            estimate.sent(now, &vec![(state >> 33) as i16; length]);
        } else {
            let share = estimate.heard(now, &[(state >> 40) as i16; N]);
            assert!((0.0..=1.0).contains(&share));
        }
    }
}
