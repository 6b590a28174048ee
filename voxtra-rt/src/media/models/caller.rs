//! The caller's audio: media thread → agent.

use loom::future::block_on;
use voxtra_core::audio::SampleRate;
use voxtra_core::leg::{Command, Forward, LegSettings};

use super::link::{AudioPart, CallerMark, MediaEnd, MediaLink, Shared, link};
use super::settings::MediaSettings;
use super::sync::atomic::Ordering;
use super::sync::in_every_order;

fn a_link(forward: Forward) -> (MediaEnd, MediaLink) {
    let leg = LegSettings::default().with(|leg| leg.forward = forward);
    link(&leg, &MediaSettings::default(), Shared::new(leg.rate))
}

#[test]
fn loom_a_part_is_whole_when_it_is_seen_and_its_rate_is_known() {
    in_every_order(3, || {
        let (mut end, mut link) = a_link(Forward::Everything);
        let media = loom::thread::spawn(move || {
            // The peer's first frame decides the rate. `records` models the notifier, which would
            // wake the agent.
            end.shared.set_rate(SampleRate::Hz16000);
            assert!(end.caller.mark(CallerMark::SpeechStarted));
            assert!(end.caller.samples(&[1, 2, 3]));
            end.shared.wake();
            assert!(end.caller.samples(&[4]));
            assert!(end.caller.mark(CallerMark::SpeechEnded));
            end.shared.closed.store(true, Ordering::Release);
            end.shared.wake();
        });
        let mut reader = link.caller.take().unwrap();
        assert_eq!(block_on(reader.next()), Some(AudioPart::SpeechStarted));
        assert_eq!(reader.rate(), SampleRate::Hz16000);
        assert_eq!(
            block_on(reader.next()),
            Some(AudioPart::Samples(vec![1, 2, 3]))
        );
        assert_eq!(block_on(reader.next()), Some(AudioPart::Samples(vec![4])));
        assert_eq!(block_on(reader.next()), Some(AudioPart::SpeechEnded));
        assert_eq!(block_on(reader.next()), None);
        media.join().unwrap();
    });
}

#[test]
fn loom_what_is_forwarded_has_a_place_to_go_as_soon_as_it_was_asked_for() {
    in_every_order(3, || {
        let (mut end, mut link) = a_link(Forward::Nothing);
        let media = loom::thread::spawn(move || {
            while end.orders.pop().is_err() {
                loom::thread::yield_now();
            }
            assert!(end.caller.mark(CallerMark::SpeechStarted));
            assert!(end.caller.samples(&[1, 2]));
            end.shared.closed.store(true, Ordering::Release);
            end.shared.wake();
        });
        assert!(link.command(Command::Forward(Forward::Speech)));
        let mut reader = link.caller.take().unwrap();
        assert_eq!(block_on(reader.next()), Some(AudioPart::SpeechStarted));
        assert_eq!(
            block_on(reader.next()),
            Some(AudioPart::Samples(vec![1, 2]))
        );
        assert_eq!(block_on(reader.next()), None);
        media.join().unwrap();
    });
}
