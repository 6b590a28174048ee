//! Digits that are signalled, heard as tones, or both.

use std::f64::consts::TAU;

use voxtra_core::audio::SampleRate;
use voxtra_core::event::{Realtime, RecordBody};
use voxtra_core::leg::{Command, DtmfPolicy, Forward, LegSettings};

use crate::rig::{N, Rig, buzz, message, silence, wire};

/// A key's tones for so many frames.
fn tone(rate: SampleRate, digit: char, frames: usize) -> Vec<i16> {
    let at = "123A456B789C*0#D".find(digit).unwrap();
    let low = [697.0, 770.0, 852.0, 941.0][at / 4];
    let high = [1_209.0, 1_336.0, 1_477.0, 1_633.0][at % 4];
    let sine = |hz: f64, n: usize| (TAU * hz * n as f64 / f64::from(rate.hz())).sin();
    (0..frames * rate.frame_samples())
        .map(|n| (7_000.0 * (sine(low, n) + sine(high, n))) as i16)
        .collect()
}

fn narrow(digit: char, frames: usize) -> Vec<i16> {
    tone(SampleRate::Hz8000, digit, frames)
}

impl Rig {
    fn digits(&self) -> String {
        let digit = |record: &voxtra_core::event::Record| match record.body {
            RecordBody::Event(Realtime::DtmfReceived(press)) => Some(press.digit),
            _ => None,
        };
        self.line.records.iter().filter_map(digit).collect()
    }

    fn signal(&mut self, digit: char) {
        self.receive(&message(0x03, &[digit as u8]));
    }
}

#[test]
fn tones_are_digits_at_every_rate() {
    for rate in SampleRate::ALL {
        let mut rig = Rig::new(LegSettings::default().with(|leg| leg.rate = rate));
        for digit in "159D*0#".chars() {
            let mut samples = tone(rate, digit, 4);
            samples.extend(vec![0; 4 * rate.frame_samples()]);
            for frame in samples.chunks(rate.frame_samples()) {
                rig.receive(&wire(rate, frame));
                rig.tick();
            }
        }
        assert_eq!(rig.digits(), "159D*0#", "{rate:?}");
    }
}

#[test]
fn a_tone_is_told_while_it_sounds_with_the_time_of_its_frame() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(10));
    let began = rig.now;
    rig.hear(&narrow('8', 20));
    let record = rig.line.records.last().unwrap();
    assert_eq!(rig.digits(), "8");
    // With the second frame the tone has lasted for 40 ms.
    assert_eq!(record.at.duration_since(began).as_millis(), 20);
}

#[test]
fn a_press_that_is_heard_and_signalled_is_told_once() {
    // Frames from the beginning of the tone to its signalling: before, within, at its end, long
    // after.
    for (before, late) in [
        (3, None),
        (0, Some(0)),
        (0, Some(2)),
        (0, Some(6)),
        (0, Some(40)),
    ] {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&silence(10));
        if late.is_none() {
            rig.signal('5');
            rig.hear(&silence(before));
        }
        let mut sound = narrow('5', 6);
        sound.extend(silence(50));
        for (n, frame) in sound.chunks(N).enumerate() {
            if late == Some(n) {
                rig.signal('5');
            }
            rig.hear(frame);
        }
        assert_eq!(rig.digits(), "5", "{before} {late:?}");
    }
}

#[test]
fn a_key_that_is_held_for_long_is_told_once() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&narrow('5', 400));
    rig.signal('5');
    assert_eq!(rig.digits(), "5");
}

#[test]
fn two_quick_presses_of_a_key_are_two_from_either_source_or_both() {
    for (heard, signalled) in [(true, false), (false, true), (true, true)] {
        for late in 0..15 {
            let mut rig = Rig::forwarding(Forward::Nothing);
            rig.hear(&silence(5));
            let mut sound = narrow('3', 3);
            sound.extend(silence(3));
            sound.extend(narrow('3', 3));
            sound.extend(silence(20));
            if !heard {
                sound = silence(29);
            }
            for (n, frame) in sound.chunks(N).enumerate() {
                if signalled && (n == late || n == late + 6) {
                    rig.signal('3');
                }
                rig.hear(frame);
            }
            assert_eq!(rig.digits(), "33", "{heard} {signalled} {late}");
        }
    }
}

#[test]
fn a_leg_that_listens_for_signals_alone_hears_no_tone() {
    let mut rig = Rig::new(LegSettings::default().with(|leg| leg.dtmf = DtmfPolicy::Signalled));
    rig.hear(&narrow('5', 6));
    rig.signal('5');
    rig.signal('5');
    assert_eq!(rig.digits(), "55");
}

#[test]
fn a_tone_is_not_speech_and_interrupts_nobody() {
    // However it lies to the frames, and though the energy detector takes it for speech.
    for offset in (0..N).step_by(16) {
        let mut rig = Rig::forwarding(Forward::Everything);
        rig.hear(&silence(20));
        rig.agent.says(0, 1, &buzz(100));
        rig.hear(&silence(5));
        let mut sound = vec![0; offset];
        sound.extend(narrow('5', 20));
        sound.extend(vec![0; 10 * N - offset]);
        rig.hear(&sound);
        let mut story = rig.story();
        // The energy detector may hold the agent until the tone is known for one.
        story.retain(|told| told != "agent.held pending" && told != "agent.held resumed");
        assert_eq!(
            story,
            ["media.started", "starts 1", "dtmf.received"],
            "{offset}"
        );
        assert!(!rig.leg.is_agent_held());
        // What was heard is passed on all the same.
        assert!(rig.forwarded().ends_with(&sound));
    }
}

#[test]
fn speech_after_a_tone_is_heard_as_ever() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.hear(&silence(20));
    rig.hear(&narrow('5', 10));
    rig.hear(&silence(5));
    rig.hear(&buzz(30));
    rig.hear(&silence(60));
    assert_eq!(
        rig.story(),
        [
            "media.started",
            "dtmf.received",
            "user.speech.started",
            "user.speech.ended",
            "turn.ended"
        ]
    );
}

#[test]
fn a_frame_that_is_lost_within_a_tone_does_not_split_it() {
    for lost in 1..5 {
        let mut rig = Rig::forwarding(Forward::Nothing);
        rig.hear(&silence(5));
        let mut sound = vec![0; 50];
        sound.extend(narrow('5', 5));
        sound.extend(vec![0; 10 * N - 50]);
        sound[lost * N..(lost + 1) * N].fill(0);
        rig.hear(&sound);
        assert_eq!(rig.digits(), "5", "{lost}");
    }
}

#[test]
fn tones_are_heard_whatever_the_agent_does() {
    let mut rig = Rig::forwarding(Forward::Nothing);
    rig.command(Command::BargeIn(false));
    rig.agent.says(0, 1, &buzz(200));
    for digit in "0042".chars() {
        rig.hear(&narrow(digit, 4));
        rig.hear(&silence(4));
    }
    assert_eq!(rig.digits(), "0042");
}
