//! The caller's audio: media thread → agent.

use loom::future::block_on;
use voxtra_core::audio::SampleRate;

use super::link::{CallerChunk, Heard, Shared, link};
use super::settings::MediaSettings;
use super::sync::atomic::Ordering;
use super::sync::in_every_order;

#[test]
fn loom_a_part_is_whole_when_it_is_seen_and_its_rate_is_known() {
    in_every_order(3, || {
        let rate = SampleRate::Hz8000;
        let (mut end, mut link) = link(rate, &MediaSettings::default(), Shared::new(rate));
        let media = loom::thread::spawn(move || {
            // The peer's first frame tells the rate; the courier, who would wake the agent, is `records`' business.
            end.shared.set_rate(SampleRate::Hz16000);
            assert!(end.caller.mark(CallerChunk::SpeechStarted));
            assert!(end.caller.samples(&[1, 2, 3]));
            end.shared.wake();
            assert!(end.caller.samples(&[4]));
            assert!(end.caller.mark(CallerChunk::SpeechEnded));
            end.shared.closed.store(true, Ordering::Release);
            end.shared.wake();
        });
        let mut ear = link.caller.take().unwrap();
        assert_eq!(block_on(ear.next()), Some(Heard::SpeechStarted));
        assert_eq!(ear.rate(), SampleRate::Hz16000);
        assert_eq!(block_on(ear.next()), Some(Heard::Samples(vec![1, 2, 3])));
        assert_eq!(block_on(ear.next()), Some(Heard::Samples(vec![4])));
        assert_eq!(block_on(ear.next()), Some(Heard::SpeechEnded));
        assert_eq!(block_on(ear.next()), None);
        media.join().unwrap();
    });
}
