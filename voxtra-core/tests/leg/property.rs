//! Same input, same times, same effects; and no input does harm.

use proptest::prelude::*;
use voxtra_core::audio::SampleRate;
use voxtra_core::event::MediaStoppedReason;
use voxtra_core::leg::{Forward, LegSettings, Mode, Progress};
use voxtra_core::time::Instant;

use crate::rig::{Kept, N, Rig, buzz, message, silence, wire};

/// A call with something of everything.
fn stream() -> Vec<(u64, Vec<u8>)> {
    let mut at = 0;
    let mut arrivals = Vec::new();
    let mut samples = silence(10);
    samples.extend(buzz(25));
    samples.extend(silence(50));
    for (n, frame) in samples.chunks(N).enumerate() {
        let mut bytes = wire(SampleRate::Hz8000, frame);
        match n {
            7 => bytes.extend(message(0x03, b"7")),
            12 => bytes.extend(message(0x42, &[1; 300])),
            20 => bytes.extend(message(0x10, &[3; 9_001])),
            30 => bytes.extend(message(0x10, &[0x7f; 160])),
            _ => {}
        }
        arrivals.push((at, bytes));
        at += if n == 40 { 150 } else { 20 };
    }
    arrivals
}

/// The whole of what a leg does about it, with the bytes of each moment cut as `cuts` says.
fn run(arrivals: &[(u64, Vec<u8>)], cuts: &[usize]) -> Kept {
    let mut rig = Rig::forwarding(Forward::Everything);
    rig.agent.says(0, 1, &buzz(60));
    let mut cuts = cuts.iter().cycle();
    for (at, bytes) in arrivals {
        let arrival = Instant::from_millis(1_000 + at);
        while rig.leg.next_deadline() < arrival {
            rig.now = rig.leg.next_deadline();
            rig.tick();
        }
        rig.now = arrival;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*cuts.next().unwrap()).clamp(1, rest.len()));
            rig.receive(now);
            rest = later;
        }
    }
    let Rig { leg, line, now, .. } = &mut rig;
    leg.stop(*now, MediaStoppedReason::Closed, line);
    rig.line
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_bytes_at_the_same_times_have_the_same_effects_however_they_are_cut(
        cuts in prop::collection::vec(prop_oneof![1..8_usize, 1..700_usize], 1..40),
    ) {
        let arrivals = stream();
        prop_assert!(run(&arrivals, &cuts) == run(&arrivals, &[usize::MAX]));
    }

    #[test]
    fn nothing_that_arrives_can_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..3_000),
        chunk in 1..500_usize,
        echo: bool,
        hops in prop::collection::vec(0..200_u64, 1..20),
    ) {
        let mode = if echo { Mode::Echo } else { Mode::Agent };
        let mut rig = Rig::new(LegSettings::default().with(|leg| {
leg.mode = mode;
leg.forward = Forward::Speech;
}));
        let mut hops = hops.iter().cycle();
        for chunk in bytes.chunks(chunk) {
            rig.receive(chunk);
            rig.tick();
            rig.now = Instant::from_millis(rig.now.as_micros() / 1000 + hops.next().unwrap());
        }
    }

    #[test]
    fn nor_can_frames_of_any_kind(
        frames in prop::collection::vec(
            (prop_oneof![Just(0x01_u8), Just(0x03), 0x0f..0x1a_u8, Just(0xff), any::<u8>()], 0..700_usize),
            1..40,
        ),
    ) {
        let mut rig = Rig::new(LegSettings::default().with(|leg| leg.frame_events = true));
        for (kind, len) in frames {
            if rig.receive(&message(kind, &vec![0x55; len])) == Progress::HungUp {
                break;
            }
            rig.tick();
        }
        let starts = rig.story().iter().filter(|told| *told == "media.started").count();
        prop_assert!(starts <= 1);
    }
}
