use std::sync::Arc;

use tokio::time::Instant;

use ProviderErrorKind::{Auth, Timeout, Unavailable};

use super::super::super::{FallbackVoice, Feed, SpeechPart, TextToSpeech, text_by_text};
use super::*;

/// Each text is a second of this sample, but for those in which it fails.
#[derive(Clone)]
struct Voice {
    name: &'static str,
    sample: i16,
    /// Texts in which it fails, before its audio or in the middle, and how often.
    fails_at: &'static str,
    in_the_middle: bool,
    kind: ProviderErrorKind,
    times: usize,
    given: Arc<Mutex<Vec<String>>>,
}

fn voice(name: &'static str, sample: i16) -> Voice {
    Voice {
        name,
        sample,
        fails_at: "nothing",
        in_the_middle: false,
        kind: Timeout,
        times: usize::MAX,
        given: Arc::default(),
    }
}

impl TextToSpeech for Voice {
    fn name(&self) -> &str {
        self.name
    }

    fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        let mut voice = self.clone();
        let before = self.given.lock().unwrap().len();
        voice.times = self.times.saturating_sub(before);
        text_by_text(texts, move |text| {
            voice.given.lock().unwrap().push(text.clone());
            if !text.contains(voice.fails_at) || voice.times == 0 {
                return Parts::whole([second(voice.sample)]);
            }
            let half = SpeechPart::audio(8_000, vec![voice.sample; 4_000]);
            match voice.in_the_middle {
                true => breaks([half], voice.kind),
                false => fails(voice.kind),
            }
        })
    }
}

/// A voice that gives this, whatever it gets.
struct Fixed(Script<SpeechPart>);

impl TextToSpeech for Fixed {
    fn name(&self) -> &str {
        "fixed"
    }

    fn speak(&self, mut texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        let mut parts = self.0.next().unwrap_or_else(|| Parts::whole([]));
        Parts::made_by(|out| async move {
            for _ in 0..3 {
                texts.next().await;
            }
            while let Some(part) = parts.next().await {
                out.send(part?).await;
            }
            Ok(())
        })
    }
}

fn second(sample: i16) -> SpeechPart {
    SpeechPart::audio(8_000, vec![sample; 8_000])
}

fn told(text: &str, at_ms: u64) -> SpeechPart {
    SpeechPart::Text {
        text: text.to_owned(),
        at: Duration::from_millis(at_ms),
    }
}

fn fallback(voices: impl IntoIterator<Item = Arc<dyn TextToSpeech>>) -> FallbackVoice {
    FallbackVoice::new(voices.into_iter().collect()).unwrap()
}

fn texts() -> Feed<String> {
    Feed::whole(["one", "two", "three"].map(str::to_owned))
}

#[tokio::test(start_paused = true)]
async fn the_next_voice_speaks_what_the_first_could_not_begin() {
    let a = Voice {
        fails_at: "one",
        ..voice("a", 1)
    };
    let voices = fallback([Arc::new(a.clone()) as _, Arc::new(voice("b", 2)) as _]);
    assert_eq!(voices.name(), "a or b");
    let expected = vec![
        told("one", 0),
        second(2),
        told("two", 1_000),
        second(2),
        told("three", 2_000),
        second(2),
    ];
    assert_eq!(voices.speak(texts(), 8_000).collect().await, Ok(expected));
}

#[tokio::test(start_paused = true)]
async fn what_was_spoken_is_not_repeated() {
    let a = Voice {
        fails_at: "two",
        ..voice("a", 1)
    };
    let b = voice("b", 2);
    let voices = fallback([Arc::new(a) as _, Arc::new(b.clone()) as _]);
    let expected = vec![
        told("one", 0),
        second(1),
        told("two", 1_000),
        second(2),
        told("three", 2_000),
        second(2),
    ];
    let mut speech = voices.speak(texts(), 8_000);
    let at_work = speech.at_work();
    assert_eq!(at_work.provider().as_deref(), Some("a"));
    let mut spoken = Vec::new();
    while let Some(part) = speech.next().await {
        spoken.push(part.unwrap());
    }
    assert_eq!(spoken, expected);
    assert_eq!(at_work.provider().as_deref(), Some("b"));
    assert_eq!(*b.given.lock().unwrap(), ["two", "three"]);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_broke_off_is_not_begun_again() {
    let a = Voice {
        fails_at: "two",
        in_the_middle: true,
        ..voice("a", 1)
    };
    let b = voice("b", 2);
    let voices = fallback([Arc::new(a) as _, Arc::new(b.clone()) as _]);
    let half = SpeechPart::audio(8_000, vec![1; 4_000]);
    let expected = vec![
        told("one", 0),
        second(1),
        told("two", 1_000),
        half,
        told("three", 1_500),
        second(2),
    ];
    assert_eq!(voices.speak(texts(), 8_000).collect().await, Ok(expected));
    assert_eq!(*b.given.lock().unwrap(), ["three"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_voice_goes_on_with_the_next_sentence_of_a_text() {
    let a = Voice {
        fails_at: "two",
        in_the_middle: true,
        ..voice("a", 1)
    };
    let b = voice("b", 2);
    let voices = fallback([Arc::new(a) as _, Arc::new(b.clone()) as _]);
    let text = "Here is one. And two, too. Then three. That is all.";
    let parts = voices
        .speak(Feed::whole([text.to_owned()]), 8_000)
        .collect();
    let expected = vec![
        told("Here is one.", 0),
        second(1),
        told("And two, too.", 1_000),
        SpeechPart::audio(8_000, vec![1; 4_000]),
        told("Then three.", 1_500),
        second(2),
        told("That is all.", 2_500),
        second(2),
    ];
    assert_eq!(parts.await, Ok(expected));
    assert_eq!(*b.given.lock().unwrap(), ["Then three.", "That is all."]);
}

#[tokio::test(start_paused = true)]
async fn when_the_last_sentence_breaks_off_that_is_the_error() {
    for ended in [true, false] {
        let a = Voice {
            fails_at: "two",
            in_the_middle: true,
            ..voice("a", 1)
        };
        let b = voice("b", 2);
        let voices = fallback([Arc::new(a) as _, Arc::new(b.clone()) as _]);
        let (to, feed) = Feed::queue(2);
        to.send("one".to_owned()).await;
        to.send("two".to_owned()).await;
        let mut to = Some(to);
        if ended {
            to = None;
        }
        let mut speech = voices.speak(feed, 8_000);
        for _ in 0..4 {
            assert!(speech.next().await.unwrap().is_ok());
        }
        // The texts may end before the failure, or after it.
        if to.is_some() {
            let waiting = tokio::time::timeout(seconds(1), speech.next()).await;
            assert!(waiting.is_err());
        }
        drop(to);
        assert_eq!(speech.next().await, Some(Err(error(Timeout))));
        assert_eq!(speech.next().await, None);
        assert!(b.given.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn texts_may_come_after_the_failure() {
    let a = Voice {
        fails_at: "one",
        kind: Auth,
        ..voice("a", 1)
    };
    let voices = fallback([Arc::new(a) as _, Arc::new(voice("b", 2)) as _]);
    let (to, feed) = Feed::queue(1);
    let mut speech = voices.speak(feed, 8_000);
    to.send("one".to_owned()).await;
    assert_eq!(speech.next().await, Some(Ok(told("one", 0))));
    assert_eq!(speech.next().await, Some(Ok(second(2))));
    to.send("two".to_owned()).await;
    assert_eq!(speech.next().await, Some(Ok(told("two", 1_000))));
    drop(to);
    assert_eq!(speech.next().await, Some(Ok(second(2))));
    assert_eq!(speech.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_tried_once_more() {
    let a = Voice {
        fails_at: "one",
        kind: Unavailable,
        times: 1,
        ..voice("a", 1)
    };
    let voices = fallback([Arc::new(a) as _, Arc::new(voice("b", 2)) as _]);
    let speech = voices.speak(Feed::whole(["one".to_owned()]), 8_000);
    assert_eq!(speech.collect().await, Ok(vec![told("one", 0), second(1)]));
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_failure() {
    let start = Instant::now();
    let a = Fixed(Script::new([hangs()]));
    let b = Fixed(Script::new([Parts::whole([told("one", 0)])]));
    let voices = [
        Arc::new(a) as _,
        Arc::new(b) as _,
        Arc::new(voice("c", 3)) as _,
    ];
    let voices = fallback(voices).first_audio_within(seconds(2));
    let mut speech = voices.speak(texts(), 8_000);
    assert_eq!(speech.next().await, Some(Ok(told("one", 0))));
    assert_eq!(speech.next().await, Some(Ok(second(3))));
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn words_tell_which_text_was_begun() {
    let texts = || Feed::whole(["One two.", "Three four.", "Five six."].map(str::to_owned));
    let words = |more: &[SpeechPart]| {
        let parts = [
            told("One", 0),
            told("two.", 500),
            second(1),
            told("Three", 1_000),
            told("four.", 1_500),
        ];
        let parts: Vec<SpeechPart> = parts.into_iter().chain(more.iter().cloned()).collect();
        breaks(parts, Timeout)
    };
    for (more, given) in [
        (vec![], vec!["Three four.", "Five six."]),
        (vec![second(1)], vec!["Five six."]),
    ] {
        let b = voice("b", 2);
        let a = Fixed(Script::new([words(&more)]));
        let speech = fallback([Arc::new(a) as _, Arc::new(b.clone()) as _]);
        let parts = speech.speak(texts(), 8_000).collect().await.unwrap();
        assert_eq!(*b.given.lock().unwrap(), given);
        let Some(SpeechPart::Text { text, .. }) = parts.iter().rev().nth(1) else {
            panic!("{parts:?}");
        };
        assert_eq!(text, "Five six.");
        let three = parts.iter().filter(
            |part| matches!(part, SpeechPart::Text { text, .. } if text.starts_with("Three")),
        );
        assert_eq!(three.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_there_is_an_error_behind_the_audio() {
    let failing = |name, sample, fails_at| Voice {
        fails_at,
        ..voice(name, sample)
    };
    let voices = fallback([
        Arc::new(failing("a", 1, "two")) as _,
        Arc::new(failing("b", 2, "two")) as _,
    ]);
    let mut speech = voices.speak(texts(), 8_000);
    assert_eq!(speech.next().await, Some(Ok(told("one", 0))));
    assert_eq!(speech.next().await, Some(Ok(second(1))));
    let error = speech.next().await.unwrap().unwrap_err();
    assert_eq!((error.provider.as_str(), error.kind), ("a or b", Timeout));
    assert_eq!(speech.next().await, None);
}
