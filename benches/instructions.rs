//! What one 20 ms frame costs at each stage of the media path, at 8 kHz, in instructions: a figure
//! that is the same in every run, however busy the machine is.
//!
//! `benches/with_runner.sh cargo bench -p voxtra-benches --bench instructions` counts (it needs
//! valgrind); `cargo test` only checks that every stage still moves the right data. Each figure is
//! that of `stages::FRAMES` frames.
//!
//! And what an event costs once it is there, as `voxtra!` has it and by hand: 20 events to their
//! handlers, one to JSON.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

// Names, and clearing away between thousands of frames, are for criterion.
#[allow(dead_code)]
mod event;
#[allow(dead_code)]
mod stages;

use gungraun::{library_benchmark, library_benchmark_group, main};

use event::{dispatch::Dispatch, json::Json};
use stages::{FRAMES, Stage, framing, hearing, leg, speaking};

/// The stage is made outside of what is counted, and given back so that it is dropped there, too.
#[inline(always)]
fn second<S: Stage>(mut stage: Box<S>) -> Box<S> {
    for _ in 0..FRAMES {
        stage.frame();
    }
    stage
}

macro_rules! count {
    ($($name:ident: $stage:ty,)*) => {
        $(
            #[library_benchmark]
            #[bench::second(<$stage>::verified())]
            fn $name(stage: Box<$stage>) -> Box<$stage> {
                second(stage)
            }
        )*

        library_benchmark_group!(name = frame; benchmarks = $($name),*);
    };
}

count! {
    copy_the_payload_twice: framing::CopyTwice,
    decode_and_encode: framing::DecodeEncode,
    decode_and_encode_cut_in_two: framing::DecodeEncodeCut,
    decode: framing::Decode,
    clock_check_and_history: hearing::ClockAndHistory,
    dtmf_detection: hearing::Digits,
    voice_detection: hearing::VoiceDetection,
    voice_detection_energy: hearing::EnergyDetection,
    echo_estimate: hearing::Echo,
    turn_taking: hearing::TurnTakingStage,
    event_to_one_subscriber: speaking::Event,
    playout: speaking::PlayoutStage,
    encode: framing::Encode,
    whole_leg_agent: leg::AgentLeg,
    whole_leg_echo: leg::EchoLeg,
    resample_8_to_16_khz: hearing::Resample,
}

macro_rules! count_once {
    ($($name:ident: $what:ty, $method:ident;)*) => {
        $(
            #[library_benchmark]
            #[bench::once(<$what>::verified())]
            fn $name(mut what: Box<$what>) -> Box<$what> {
                what.$method();
                what
            }
        )*

        library_benchmark_group!(name = events; benchmarks = $($name),*);
    };
}

count_once! {
    dispatch_by_voxtra: Dispatch, generated;
    dispatch_by_hand: Dispatch, by_hand;
    json_by_voxtra: Json, generated;
    json_by_hand: Json, by_hand;
}

main!(library_benchmark_groups = frame, events);
