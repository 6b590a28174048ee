//! What holds in every call, whatever goes wrong on the line.

use std::time::Duration;

use voxtra_core::audio::FRAME;
use voxtra_core::event::{Fault, Realtime, Record, RecordBody};
use voxtra_core::time::Instant;

use crate::asterisk::Parser;
use crate::call::CallOutcome;
use crate::faults::Faults;
use crate::port::AudioPart;

pub(crate) fn check(outcome: &CallOutcome, faults: Faults, what: &str) {
    let Some(started) = outcome.started else {
        assert!(
            outcome.kept.records.is_empty() && outcome.kept.messages.is_empty(),
            "{what}: something happened before the id was there"
        );
        return;
    };
    the_media_starts_first_and_stops_last_once(&outcome.kept.records, what);
    times_never_go_back(&outcome.kept.records, what);
    speech_starts_and_ends_in_turn(&outcome.kept.records, what);
    utterances_start_and_end_once(outcome, what);
    a_barge_in_cuts_the_agent(&outcome.kept.records, what);
    the_caller_s_audio_is_whole(outcome, faults, what);
    playout_is_never_two_frames_early(outcome, started, what);
    no_sample_of_the_agent_is_lost_uncounted(outcome, what);
    what_is_sent_is_valid(outcome, faults, what);
    no_silence_is_told_early(&outcome.kept.records, what);
    every_dropped_frame_is_told(outcome, what);
    a_frame_is_sent_every_20_ms(outcome, faults, started, what);
}

fn the_media_starts_first_and_stops_last_once(records: &[Record], what: &str) {
    let places = |is: fn(&Realtime) -> bool| -> Vec<usize> {
        let found = |(n, record): (usize, &Record)| match record.body {
            RecordBody::Event(event) if is(&event) => Some(n),
            _ => None,
        };
        records.iter().enumerate().filter_map(found).collect()
    };
    let starts = places(|event| matches!(event, Realtime::MediaStarted(_)));
    assert_eq!(starts, [0], "{what}: media.started");
    let stops = places(|event| matches!(event, Realtime::MediaStopped(_)));
    assert_eq!(stops, [records.len() - 1], "{what}: media.stopped");
}

fn times_never_go_back(records: &[Record], what: &str) {
    for pair in records.windows(2) {
        assert!(pair[0].at <= pair[1].at, "{what}: {pair:?}");
    }
}

fn speech_starts_and_ends_in_turn(records: &[Record], what: &str) {
    let (mut speaking, mut turn, mut agent) = (false, false, false);
    // What is said over the agent alone may be no turn.
    let mut must_end = false;
    for record in records {
        let event = match record.body {
            RecordBody::Event(event) => event,
            RecordBody::UtteranceStarted { .. } => {
                agent = true;
                continue;
            }
            RecordBody::UtteranceEnded { .. } => {
                agent = false;
                continue;
            }
            _ => continue,
        };
        let as_it_should = match event {
            Realtime::UserSpeechStarted(_) => {
                turn = true;
                must_end |= !agent;
                !std::mem::replace(&mut speaking, true)
            }
            Realtime::UserSpeechEnded(_) => std::mem::replace(&mut speaking, false),
            Realtime::TurnEnded(_) => {
                must_end = false;
                !speaking && std::mem::replace(&mut turn, false)
            }
            Realtime::BargeIn(_) => {
                must_end = true;
                speaking
            }
            Realtime::SilenceDetected(_) => !speaking && !must_end,
            _ => true,
        };
        assert!(as_it_should, "{what}: {record:?}");
    }
    assert!(!speaking && !must_end, "{what}: left open");
}

fn utterances_start_and_end_once(outcome: &CallOutcome, what: &str) {
    for id in 1..=outcome.utterances {
        let count = |is: fn(&RecordBody) -> Option<u32>| {
            let records = outcome.kept.records.iter();
            records
                .filter(|record| is(&record.body) == Some(id))
                .count()
        };
        let starts = count(|body| match body {
            RecordBody::UtteranceStarted { utterance } => Some(*utterance),
            _ => None,
        });
        let ends = count(|body| match body {
            RecordBody::UtteranceEnded { utterance, .. } => Some(*utterance),
            _ => None,
        });
        assert!(starts <= 1 && ends <= 1, "{what}: utterance {id}");
    }
}

/// With the next frame, before anything else of it goes out.
fn a_barge_in_cuts_the_agent(records: &[Record], what: &str) {
    let mut barged_in = false;
    for record in records {
        match record.body {
            RecordBody::Event(Realtime::BargeIn(_)) => barged_in = true,
            RecordBody::UtteranceEnded { interrupted, .. } => {
                assert!(
                    interrupted || !barged_in,
                    "{what}: {record:?} after a barge-in"
                );
                barged_in = false;
            }
            RecordBody::UtteranceStarted { .. } => {
                assert!(!barged_in, "{what}: {record:?} in a barge-in");
            }
            _ => {}
        }
    }
}

fn the_caller_s_audio_is_whole(outcome: &CallOutcome, faults: Faults, what: &str) {
    let mut speaking = false;
    let mut samples = 0;
    for part in &outcome.kept.caller {
        match part {
            AudioPart::Started => assert!(!std::mem::replace(&mut speaking, true), "{what}"),
            AudioPart::Ended => assert!(std::mem::replace(&mut speaking, false), "{what}"),
            AudioPart::Samples(part) => samples += part.len() as u64,
        }
    }
    assert!(!speaking, "{what}: a listener waits for the end of speech");
    // A wrong bit may turn a frame into one of another rate, with nothing to show for it.
    if outcome.leg.violations == 0 && faults.wrong_bits_per_mille == 0 {
        let frame = outcome.kept.caller.iter().find_map(|part| match part {
            AudioPart::Samples(samples) => Some(samples.len() as u64),
            _ => None,
        });
        assert_eq!(
            samples,
            outcome.leg.frames_in * frame.unwrap_or(0),
            "{what}"
        );
    }
}

/// From any frame on: after a pause, what was missed does not follow in a burst.
fn playout_is_never_two_frames_early(outcome: &CallOutcome, started: Instant, what: &str) {
    let mut earliest = started;
    for (n, (at, _)) in audio(outcome).enumerate() {
        assert!(
            at >= earliest,
            "{what}: frame {n} at {at:?}, not before {earliest:?}"
        );
        // After a frame that was late the next may follow at once, but not the one after it too.
        earliest = (earliest + FRAME).max(at);
    }
}

fn no_sample_of_the_agent_is_lost_uncounted(outcome: &CallOutcome, what: &str) {
    let account = outcome.account;
    assert_eq!(
        account.given,
        account.read + account.skipped + account.left,
        "{what}: {account:?}"
    );
    assert_eq!(outcome.playout.dropped_samples, account.skipped, "{what}");
    // What was played of each utterance is told when it ends, the end of the line included.
    let played = outcome.kept.records.iter().map(|record| match record.body {
        RecordBody::UtteranceEnded { played, .. } => played,
        _ => 0,
    });
    assert_eq!(played.sum::<u64>(), account.read, "{what}");
    let playout = outcome.playout;
    assert_eq!(
        playout.frames,
        audio(outcome).count() as u64 + outcome.kept.frames_dropped,
        "{what}: frames made, sent and dropped"
    );
    if outcome.kept.frames_dropped == 0 {
        let sent: u64 = audio(outcome)
            .map(|(_, message)| {
                let pairs = message[3..].chunks_exact(2);
                pairs.filter(|pair| *pair != [0, 0]).count() as u64
            })
            .sum();
        // A fade ends in samples too soft to tell from silence; where audio runs out its last
        // sample decays over 2.5 ms; what fades out at a pause is said again.
        let fade = 20 * (cuts(outcome) + 2 * playout.pauses);
        let more = 40 * playout.underruns + playout.repeated_samples;
        assert!(
            sent + fade >= account.read && sent <= account.read + more,
            "{what}: sent {sent}, read {}",
            account.read
        );
    }
}

fn what_is_sent_is_valid(outcome: &CallOutcome, faults: Faults, what: &str) {
    let mut hung_up = false;
    for (at, message) in &outcome.kept.messages {
        assert!(!hung_up, "{what}: something follows the hang-up");
        let mut parser = Parser::default();
        let frames = parser.push(*at, message);
        let [(kind, payload)] = &frames[..] else {
            panic!("{what}: {} frames in one write", frames.len());
        };
        assert!(parser.waits_since(*at).is_none(), "{what}: half a frame");
        match kind {
            0x00 => hung_up = payload.is_empty(),
            0x10 => assert_eq!(payload.len(), 320, "{what}"),
            0x12 => assert_eq!(payload.len(), 640, "{what}"),
            // A wrong bit may ask for the other rates, 12 to 192 kHz.
            0x11..=0x18 if faults.wrong_bits_per_mille > 0 => {
                let len = [480, 640, 960, 1_280, 1_764, 1_920, 3_840, 7_680];
                assert_eq!(payload.len(), len[usize::from(kind - 0x11)], "{what}");
            }
            other => panic!("{what}: kind {other:#04x}"),
        }
    }
}

/// Two silent seconds would end the call.
fn a_frame_is_sent_every_20_ms(
    outcome: &CallOutcome,
    faults: Faults,
    started: Instant,
    what: &str,
) {
    if outcome.kept.frames_dropped > 0 {
        // The peer did not read.
        return;
    }
    let (_, frozen) = faults.freeze_ms.unwrap_or_default();
    let at_most = FRAME + Duration::from_millis(frozen);
    let end = outcome.kept.records.last().unwrap().at;
    let mut last = started;
    for at in audio(outcome).map(|(at, _)| at).chain([end]) {
        assert!(
            at.duration_since(last) <= at_most,
            "{what}: nothing from {last:?} to {at:?}"
        );
        last = at;
    }
}

/// 5 s after the agent spoke, but for a frame's own 20 ms, the one that may be ahead of the clock,
/// the one by which a pause may delay what is told of the agent, and what a clock that is 1 % too
/// fast makes of 5 s.
fn no_silence_is_told_early(records: &[Record], what: &str) {
    const FAST: Duration = Duration::from_millis(50);
    let mut spoken = None;
    for record in records {
        match record.body {
            RecordBody::UtteranceEnded { .. } => spoken = Some(record.at),
            RecordBody::Event(Realtime::SilenceDetected(_)) => {
                let since = spoken.map(|spoken| record.at.duration_since(spoken));
                assert!(
                    since.is_none_or(|since| since + 3 * FRAME + FAST >= Duration::from_secs(5)),
                    "{what}: {since:?}"
                );
            }
            _ => {}
        }
    }
}

fn every_dropped_frame_is_told(outcome: &CallOutcome, what: &str) {
    let told = outcome.kept.records.iter().map(|record| match record.body {
        RecordBody::Fault(Fault::FramesDropped(frames)) => u64::from(frames),
        _ => 0,
    });
    assert_eq!(told.sum::<u64>(), outcome.kept.frames_dropped, "{what}");
}

/// Audio among what was sent.
fn audio(outcome: &CallOutcome) -> impl Iterator<Item = (Instant, &[u8])> {
    let messages = outcome.kept.messages.iter();
    messages
        .filter(|(_, message)| message[0] != 0)
        .map(|(at, message)| (*at, &message[..]))
}

/// Utterances that were cut.
fn cuts(outcome: &CallOutcome) -> u64 {
    let is_cut = |record: &&Record| {
        matches!(
            record.body,
            RecordBody::UtteranceEnded {
                interrupted: true,
                ..
            }
        )
    };
    outcome.kept.records.iter().filter(is_cut).count() as u64
}
