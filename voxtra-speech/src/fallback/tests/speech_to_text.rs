use std::sync::Arc;

use tokio::time::{Instant, advance, timeout};

use ProviderErrorKind::{Auth, Timeout, Unavailable};
use SpeechInput::{Audio, Ended, Started};

use super::super::super::{
    FallbackTranscriber, Feed, ListenOptions, PartSender, Recognition, SpeechInput, SpeechToText,
};
use super::*;

/// It tells its name and the samples of each utterance, until it fails.
struct Transcriber {
    name: &'static str,
    /// How many parts it reads each time until it fails; then it is well.
    fails: Mutex<VecDeque<(usize, ProviderErrorKind)>>,
    given: Arc<Mutex<Vec<SpeechInput>>>,
}

fn transcriber<const N: usize>(
    name: &'static str,
    fails: [(usize, ProviderErrorKind); N],
) -> Arc<Transcriber> {
    Arc::new(Transcriber {
        name,
        fails: Mutex::new(fails.into()),
        given: Arc::default(),
    })
}

impl SpeechToText for Transcriber {
    fn name(&self) -> &str {
        self.name
    }

    fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        let (name, given) = (self.name, Arc::clone(&self.given));
        let fails = self.fails.lock().unwrap().pop_front();
        Parts::made_by(move |out| async move {
            let (mut samples, mut read) = (0, 0);
            loop {
                if let Some((after, kind)) = fails
                    && read == after
                {
                    return Err(error(kind));
                }
                let Some(part) = input.next().await else {
                    return Ok(());
                };
                read += 1;
                given.lock().unwrap().push(part.clone());
                match part {
                    Started => samples = 0,
                    Audio(audio) => samples += audio.len(),
                    Ended => {
                        let text = format!("{name} {samples}");
                        out.send(heard(text)).await;
                    }
                }
            }
        })
    }
}

fn heard(text: impl Into<String>) -> Recognition {
    Recognition::Final {
        text: text.into(),
        confidence: 1.0,
    }
}

fn fallback(transcribers: &[&Arc<Transcriber>]) -> FallbackTranscriber {
    let all = transcribers
        .iter()
        .map(|one| Arc::clone(*one) as Arc<dyn SpeechToText>);
    FallbackTranscriber::new(all.collect()).unwrap()
}

fn listen(transcriber: &FallbackTranscriber) -> (PartSender<SpeechInput>, Parts<Recognition>) {
    let (to, feed) = Feed::queue(1_000);
    (to, transcriber.listen(ListenOptions::new(8_000), feed))
}

async fn say(to: &PartSender<SpeechInput>, seconds: usize) {
    to.send(Started).await;
    for _ in 0..seconds {
        to.send(Audio(vec![0; 8_000])).await;
    }
    to.send(Ended).await;
}

#[tokio::test(start_paused = true)]
async fn the_next_hears_the_utterance_from_its_beginning() {
    for read in 1..=3 {
        let (a, b) = (transcriber("a", [(read, Timeout)]), transcriber("b", []));
        let (to, mut parts) = listen(&fallback(&[&a, &b]));
        say(&to, 2).await;
        assert_eq!(parts.next().await, Some(Ok(heard("b 16000"))), "{read}");
        assert_eq!(parts.provider().as_deref(), Some("b"));
        // One failure doesn't leave it out.
        say(&to, 1).await;
        assert_eq!(parts.next().await, Some(Ok(heard("a 8000"))), "{read}");
        assert_eq!(parts.provider().as_deref(), Some("a"));
        drop(to);
        assert_eq!(parts.next().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_utterance_that_has_ended_is_heard_again_without_its_transcript() {
    let deaf = Arc::new(Deaf);
    let b = transcriber("b", []);
    let both = FallbackTranscriber::new(vec![deaf, b]).unwrap();
    let (to, mut parts) = listen(&both);
    say(&to, 2).await;
    assert_eq!(parts.next().await, Some(Ok(heard("b 16000"))));
}

/// It hears all of an utterance, and fails before its transcript.
struct Deaf;

impl SpeechToText for Deaf {
    fn name(&self) -> &str {
        "deaf"
    }

    fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        Parts::made_by(|_| async move {
            while input.next().await.is_some_and(|part| part != Ended) {}
            Err(error(Timeout))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_transcript_is_that_of_the_older_utterance() {
    let b = transcriber("b", []);
    let both = FallbackTranscriber::new(vec![Arc::new(Late), b]).unwrap();
    let (to, mut parts) = listen(&both);
    say(&to, 1).await;
    say(&to, 2).await;
    assert_eq!(parts.next().await, Some(Ok(heard("late"))));
    assert_eq!(parts.next().await, Some(Ok(heard("b 16000"))));
    drop(to);
    assert_eq!(parts.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_utterance_without_words_keeps_none_waiting() {
    let b = transcriber("b", []);
    let both = FallbackTranscriber::new(vec![Arc::new(Late), b.clone()]).unwrap();
    let (to, mut parts) = listen(&both);
    say(&to, 1).await;
    // Reading lets the listener go on in the pause.
    assert!(timeout(seconds(5), parts.next()).await.is_err());
    say(&to, 2).await;
    assert_eq!(parts.next().await, Some(Ok(heard("late"))));
    assert!(timeout(seconds(1), parts.next()).await.is_err());
    assert!(b.given.lock().unwrap().is_empty());
    say(&to, 3).await;
    assert_eq!(parts.next().await, Some(Ok(heard("b 24000"))));
}

/// It gives the first transcript after the second utterance, and then fails.
struct Late;

impl SpeechToText for Late {
    fn name(&self) -> &str {
        "late"
    }

    fn listen(&self, _: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        Parts::made_by(|out| async move {
            for _ in 0..2 {
                while input.next().await.is_some_and(|part| part != Ended) {}
            }
            out.send(heard("late")).await;
            Err(error(Auth))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_its_transcript_is_not_heard_again() {
    let (a, b) = (transcriber("a", [(3, Auth)]), transcriber("b", []));
    let (to, mut parts) = listen(&fallback(&[&a, &b]));
    say(&to, 1).await;
    assert_eq!(parts.next().await, Some(Ok(heard("a 8000"))));
    say(&to, 3).await;
    assert_eq!(parts.next().await, Some(Ok(heard("b 24000"))));
    assert_eq!(b.given.lock().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_preferred_one_is_tried_again_for_a_later_utterance() {
    let (a, b) = (transcriber("a", [(1, Auth)]), transcriber("b", []));
    let both = fallback(&[&a, &b]);
    let (to, mut parts) = listen(&both);
    for (wait, text) in [(0, "b 8000"), (4, "b 8000"), (1, "a 8000"), (0, "a 8000")] {
        advance(seconds(wait)).await;
        say(&to, 1).await;
        assert_eq!(parts.next().await, Some(Ok(heard(text))));
    }
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_do_not_bring_back_one_that_is_left_out() {
    // The second call is refused; the first one is well.
    let a = transcriber("a", [(usize::MAX, Auth), (1, Auth)]);
    let b = transcriber("b", []);
    let both = fallback(&[&a, &b]);
    let (to_first, mut first) = listen(&both);
    say(&to_first, 1).await;
    assert_eq!(first.next().await, Some(Ok(heard("a 8000"))));
    advance(seconds(1)).await;
    let (to, mut second) = listen(&both);
    say(&to, 1).await;
    assert_eq!(second.next().await, Some(Ok(heard("b 8000"))));
    say(&to_first, 1).await;
    assert_eq!(first.next().await, Some(Ok(heard("a 8000"))));
    let (to, mut third) = listen(&both);
    say(&to, 1).await;
    assert_eq!(third.next().await, Some(Ok(heard("b 8000"))));
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_do_not_make_up_for_failures() {
    let fails = [(usize::MAX, Auth), (1, Timeout), (1, Timeout), (1, Timeout)];
    let (a, b) = (transcriber("a", fails), transcriber("b", []));
    let both = fallback(&[&a, &b]);
    let (to_first, mut first) = listen(&both);
    // The fourth time, nobody asks the one that has failed three times.
    for _ in 0..4 {
        say(&to_first, 1).await;
        assert_eq!(first.next().await, Some(Ok(heard("a 8000"))));
        let (to, mut parts) = listen(&both);
        say(&to, 1).await;
        assert_eq!(parts.next().await, Some(Ok(heard("b 8000"))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_made_again_once() {
    let a = transcriber("a", [(2, Unavailable), (2, Unavailable)]);
    let b = transcriber("b", []);
    let (to, mut parts) = listen(&fallback(&[&a, &b]));
    say(&to, 2).await;
    assert_eq!(parts.next().await, Some(Ok(heard("b 16000"))));
    let a = transcriber("a", [(2, Unavailable)]);
    let (to, mut parts) = listen(&fallback(&[&a, &b]));
    say(&to, 2).await;
    assert_eq!(parts.next().await, Some(Ok(heard("a 16000"))));
}

#[tokio::test(start_paused = true)]
async fn a_minute_is_kept() {
    let (a, b) = (transcriber("a", [(100, Timeout)]), transcriber("b", []));
    let (to, mut parts) = listen(&fallback(&[&a, &b]));
    say(&to, 120).await;
    // 60 of the first 99 seconds, and the 21 that came after the failure.
    assert_eq!(
        parts.next().await,
        Some(Ok(heard(format!("b {}", 81 * 8_000))))
    );
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_error_says_why() {
    let (a, b) = (
        transcriber("a", [(1, Auth)]),
        transcriber("b", [(1, Timeout)]),
    );
    let (to, mut parts) = listen(&fallback(&[&a, &b]));
    say(&to, 1).await;
    let error = parts.next().await.unwrap().unwrap_err();
    assert_eq!((error.provider.as_str(), error.kind), ("a or b", Timeout));
    assert_eq!(parts.next().await, None);
    assert!(!to.send(Started).await || parts.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_failure_between_utterances_waits_for_the_next() {
    let a = transcriber("a", [(0, Auth)]);
    let b = transcriber("b", []);
    let (to, mut parts) = listen(&fallback(&[&a, &b]));
    let waiting = timeout(seconds(1), parts.next()).await;
    assert!(waiting.is_err());
    assert!(b.given.lock().unwrap().is_empty());
    say(&to, 1).await;
    assert_eq!(parts.next().await, Some(Ok(heard("b 8000"))));
    drop(to);
    assert_eq!(parts.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn one_that_reads_nothing_has_failed() {
    let b = transcriber("b", []);
    let both = FallbackTranscriber::new(vec![Arc::new(Hung), b]).unwrap();
    let (to, mut parts) = listen(&both);
    let start = Instant::now();
    say(&to, 30).await;
    assert_eq!(parts.next().await, Some(Ok(heard("b 240000"))));
    assert_eq!(start.elapsed().as_secs(), 4);
    // The last one may take its time.
    let alone = FallbackTranscriber::new(vec![Arc::new(Hung)]).unwrap();
    let (to, mut parts) = listen(&alone);
    say(&to, 30).await;
    let waiting = timeout(seconds(60), parts.next()).await;
    assert!(waiting.is_err());
}

/// It never reads.
struct Hung;

impl SpeechToText for Hung {
    fn name(&self) -> &str {
        "hung"
    }

    fn listen(&self, _: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        Parts::made_by(|_| async move {
            let _input = input;
            pending().await
        })
    }
}
