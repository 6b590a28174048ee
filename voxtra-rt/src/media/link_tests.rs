//! A link's audio queues compared with plain ones, by random operations on both ends.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use voxtra_core::audio::FRAME;
use voxtra_core::leg::{Forward, LegSettings};
use voxtra_core::playout::{AgentAudio, Chunk};

use super::link::{AudioPart, CallerMark, MediaEnd, MediaLink, Requests, Shared, link};
use super::settings::MediaSettings;

/// Both audio queues as short as can be: two frames.
fn short_link() -> (MediaEnd, MediaLink) {
    let leg = LegSettings::default().with(|leg| leg.forward = Forward::Everything);
    let settings = MediaSettings {
        agent_queue: Duration::ZERO,
        caller_queue: Duration::ZERO,
        ..MediaSettings::default()
    };
    link(&leg, &settings, Shared::new(leg.rate))
}

/// Places of the caller's queue: two frames with their lengths, and 32 marks.
const PLACES: usize = 2 * 161 + 32;

/// The future's result, if it is ready without waiting.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Samples that encode their position.
fn numbered(from: usize, count: usize) -> Vec<i16> {
    (from..from + count).map(|n| (n % 30_000) as i16).collect()
}

#[derive(Clone, Debug)]
enum CallerStep {
    Leave(usize),
    Start,
    End,
    Take(usize),
}

fn caller_steps() -> impl Strategy<Value = Vec<CallerStep>> {
    let step = prop_oneof![
        4 => (1..400_usize).prop_map(CallerStep::Leave),
        4 => (1..20_usize).prop_map(CallerStep::Leave),
        1 => Just(CallerStep::Start),
        1 => Just(CallerStep::End),
        3 => (1..40_usize).prop_map(CallerStep::Take),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn the_caller_s_audio_is_a_bounded_queue_of_parts_that_are_whole_or_refused(steps in caller_steps()) {
        let (mut end, mut link) = short_link();
        let mut reader = link.caller.take().unwrap();
        let mut model: VecDeque<AudioPart> = VecDeque::new();
        let mut given = 0;
        for step in steps {
            let taken: usize = model.iter().map(|part| match part {
                AudioPart::Samples(samples) => 1 + samples.len(),
                _ => 1,
            }).sum();
            let has_place = taken < PLACES;
            match step {
                CallerStep::Leave(count) => {
                    let samples = numbered(given, count);
                    given += count;
                    let fits = taken + 1 + count <= PLACES;
                    prop_assert_eq!(end.caller.samples(&samples), fits);
                    if fits {
                        model.push_back(AudioPart::Samples(samples));
                    }
                }
                CallerStep::Start => {
                    prop_assert_eq!(end.caller.mark(CallerMark::SpeechStarted), has_place);
                    model.extend(has_place.then_some(AudioPart::SpeechStarted));
                }
                CallerStep::End => {
                    prop_assert_eq!(end.caller.mark(CallerMark::SpeechEnded), has_place);
                    model.extend(has_place.then_some(AudioPart::SpeechEnded));
                }
                CallerStep::Take(parts) => for _ in 0..parts {
                    prop_assert_eq!(now(reader.next()), model.pop_front().map(Some));
                },
            }
        }
        end.shared.closed.store(true, Ordering::Release);
        for part in model {
            prop_assert_eq!(now(reader.next()), Some(Some(part)));
        }
        prop_assert_eq!(now(reader.next()), Some(None));
    }
}

#[derive(Clone, Copy, Debug)]
enum MediaStep {
    Play,
    Skip,
    Rest,
    Flush,
}

fn media_steps() -> impl Strategy<Value = Vec<MediaStep>> {
    let step = prop_oneof![
        8 => Just(MediaStep::Play),
        1 => Just(MediaStep::Skip),
        3 => Just(MediaStep::Rest),
        1 => Just(MediaStep::Flush),
    ];
    prop::collection::vec(step, 0..120)
}

/// What one end did with an utterance, or knows about it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Part {
    samples: Vec<i16>,
    first: bool,
    last: bool,
}

proptest! {
    #[test]
    fn the_agent_s_audio_arrives_whole_and_in_order_as_far_as_it_was_not_cut(
        utterances in prop::collection::vec(prop::collection::vec(0..500_usize, 1..5), 1..6),
        steps in media_steps(),
    ) {
        let (mut end, mut link) = short_link();
        let mut voice = link.agent.take().unwrap();
        let shared = link.shared();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        // Time passes only when both ends wait, so that neither is ever in the middle of something.
        let (said, mut got) = runtime.block_on(async {
            let agent = async {
                let mut said = Vec::new();
                for (utterance, parts) in (0..).zip(&utterances) {
                    let epoch = voice.begin().await.unwrap();
                    let (mut queued, mut from, mut whole) = (false, 0, true);
                    for (n, count) in parts.iter().enumerate() {
                        let chunk = Chunk {
                            epoch,
                            utterance,
                            samples: 0,
                            first: !queued,
                            last: n + 1 == parts.len(),
                            uninterruptible: false,
                        };
                        whole = voice.write(chunk, &numbered(from, *count).into(), &mut queued).await.is_ok();
                        from += count;
                        if !whole {
                            break;
                        }
                    }
                    said.push((epoch, from, queued, whole));
                }
                said
            };
            let media = async {
                let mut got = vec![Part::default(); utterances.len()];
                // After the drawn steps, for as long as the agent may have audio left.
                for step in steps.iter().copied().chain([MediaStep::Play; 300]) {
                    tokio::time::sleep(FRAME).await;
                    match step {
                        MediaStep::Rest => continue,
                        MediaStep::Flush => {
                            shared.epoch.fetch_add(1, Ordering::AcqRel);
                            continue;
                        }
                        MediaStep::Play | MediaStep::Skip => {}
                    }
                    end.agent.note_requests(shared.requests.take());
                    let Some(chunk) = end.agent.next_chunk() else {
                        continue;
                    };
                    let part = &mut got[chunk.utterance as usize];
                    assert_eq!(chunk.first, !part.first, "the first chunk, and no other, says so");
                    assert!(!part.last, "something follows the last chunk");
                    (part.first, part.last) = (true, chunk.last);
                    let count = chunk.samples as usize;
                    if matches!(step, MediaStep::Skip) {
                        end.agent.skip(count);
                        part.samples.extend(numbered(part.samples.len(), count));
                    } else {
                        let mut samples = vec![0; count];
                        assert_eq!(end.agent.read(&mut samples), count);
                        part.samples.extend(samples);
                    }
                }
                got
            };
            tokio::join!(agent, media)
        });
        end.agent.note_requests(shared.requests.take());
        prop_assert!(end.agent.next_chunk().is_none());
        for ((_, count, queued, whole), got) in said.into_iter().zip(got.drain(..)) {
            prop_assert_eq!(queued, got.first);
            prop_assert_eq!(whole, got.last, "closed unless it was cut");
            if whole {
                prop_assert_eq!(got.samples, numbered(0, count));
            } else {
                let heard = got.samples.len();
                prop_assert!(heard <= count);
                prop_assert_eq!(got.samples, numbered(0, heard));
            }
        }
    }
}

/// What a media thread has played is let go by the agent, and by nobody else.
#[tokio::test]
async fn the_agent_s_audio_is_kept_until_the_media_thread_is_done_with_it() {
    let (mut end, mut link) = short_link();
    let mut voice = link.agent.take().unwrap();
    let said: Vec<Arc<[i16]>> = (1..=2).map(|n| vec![n; 320].into()).collect();
    let utterance = |n: u32| Chunk {
        epoch: 0,
        utterance: n,
        samples: 0,
        first: true,
        last: true,
        uninterruptible: false,
    };
    let mut queued = false;
    let first = voice.write(utterance(0), &said[0], &mut queued).await;
    assert!(first.is_ok());
    end.agent.note_requests(Requests::AUDIO);
    let mut heard = Vec::new();
    while let Some(chunk) = end.agent.next_chunk() {
        let mut samples = vec![0; chunk.samples as usize];
        end.agent.read(&mut samples);
        heard.extend(samples);
    }
    assert_eq!(heard, *said[0]);
    assert!(
        Arc::strong_count(&said[0]) > 1,
        "nobody has let go of it yet"
    );
    voice.let_go();
    assert_eq!(Arc::strong_count(&said[0]), 1);
    let next = voice.write(utterance(1), &said[1], &mut queued).await;
    assert!(next.is_ok());
    // The media thread has seen the first of two pieces when the agent is gone.
    end.agent.note_requests(Requests::AUDIO);
    assert!(end.agent.next_chunk().is_some());
    drop(voice);
    assert!(end.agent.next_chunk().is_some());
    assert!(Arc::strong_count(&said[1]) > 2, "kept for the media thread");
    drop((end, link));
    assert_eq!(Arc::strong_count(&said[1]), 1);
}
