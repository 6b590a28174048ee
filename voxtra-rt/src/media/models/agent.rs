//! The agent's audio, and the epoch that decides which of it still counts: agent → media thread.

use loom::future::block_on;
use voxtra_core::audio::SampleRate;
use voxtra_core::leg::LegSettings;
use voxtra_core::playout::{AgentAudio, Chunk};

use super::link::{MediaEnd, Shared, link};
use super::settings::MediaSettings;
use super::sync::atomic::Ordering;
use super::sync::in_every_order;

fn chunk(epoch: u32, utterance: u32) -> Chunk {
    Chunk {
        epoch,
        utterance,
        samples: 0,
        first: true,
        last: true,
        uninterruptible: false,
    }
}

/// All that the media thread gets of the next chunk, if there is one.
fn next(end: &mut MediaEnd) -> Option<(Chunk, Vec<i16>)> {
    // As in `Connection`.
    end.agent.note_requests(end.shared.requests.take());
    let chunk = end.agent.next_chunk()?;
    let mut samples = vec![0; chunk.samples as usize];
    let got = end.agent.read(&mut samples);
    assert_eq!(
        got,
        samples.len(),
        "a chunk is seen when all of it is there"
    );
    Some((chunk, samples))
}

#[test]
fn loom_a_chunk_is_seen_when_all_of_it_is_there() {
    in_every_order(3, || {
        let (mut end, mut link) = link(
            &LegSettings::default(),
            &MediaSettings::default(),
            Shared::new(SampleRate::Hz8000),
        );
        let mut voice = link.agent.take().unwrap();
        let agent = loom::thread::spawn(move || {
            block_on(async {
                let epoch = voice.begin().await.unwrap();
                let mut queued = false;
                let first = voice
                    .write(chunk(epoch, 1), &[1, 2].into(), &mut queued)
                    .await;
                assert!(first.is_ok() && queued);
                assert!(
                    voice
                        .write(chunk(epoch, 2), &[3].into(), &mut queued)
                        .await
                        .is_ok()
                );
            });
        });
        let mut heard = Vec::new();
        while heard.len() < 3 {
            match next(&mut end) {
                Some((_, samples)) => heard.extend(samples),
                None => loom::thread::yield_now(),
            }
        }
        assert_eq!(heard, [1, 2, 3]);
        agent.join().unwrap();
    });
}

#[test]
fn loom_what_is_begun_after_a_flush_is_of_the_new_epoch() {
    in_every_order(3, || {
        let (mut end, mut link) = link(
            &LegSettings::default(),
            &MediaSettings::default(),
            Shared::new(SampleRate::Hz8000),
        );
        let mut voice = link.agent.take().unwrap();
        let old = block_on(voice.begin()).unwrap();
        let agent = loom::thread::spawn(move || {
            block_on(async {
                let mut queued = false;
                // If the flush comes first, this write was cut.
                let said = voice.write(chunk(old, 1), &[1].into(), &mut queued).await;
                assert_eq!(said.is_ok(), queued);
                voice.expect_flush(old);
                let new = voice.begin().await.unwrap();
                assert_eq!((old, new), (0, 1));
                assert!(
                    voice
                        .write(chunk(old, 1), &[1].into(), &mut queued)
                        .await
                        .is_err()
                );
                assert!(
                    voice
                        .write(chunk(new, 2), &[2].into(), &mut queued)
                        .await
                        .is_ok()
                );
            });
        });
        end.shared.epoch.store(1, Ordering::Release);
        loop {
            match next(&mut end) {
                Some((Chunk { epoch: 1, .. }, samples)) => {
                    assert_eq!(samples, [2]);
                    break;
                }
                Some((old, samples)) => assert_eq!((old.utterance, samples), (1, vec![1])),
                None => loom::thread::yield_now(),
            }
        }
        agent.join().unwrap();
    });
}
