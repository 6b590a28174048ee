use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::voice::duration;
use super::super::{
    BoxFuture, Feed, PartSender, Parts, ProviderError, ProviderErrorKind, SpeechPart, TextToSpeech,
};
use super::{Attempt, Providers, Turn, until};
use crate::text::sentences_of;

/// Voices as one. They are asked in order, until one speaks.
///
/// If one fails, or gives no audio for [too long](Self::first_audio_within), the next one goes on
/// with the first sentence of which nothing was handed on, and speaks the rest. For that, all
/// voices are given the texts sentence by sentence. A sentence that broke off in the middle is not
/// repeated; if it was the last one, that is the error. What belongs to which sentence is taken
/// from [`SpeechPart::Text`]; a voice that sends none is taken to be in its first sentence.
///
/// For what is left out, tried again and logged, see [`FallbackModel`](crate::FallbackModel).
#[derive(Clone)]
pub struct FallbackVoice {
    voices: Arc<Providers<dyn TextToSpeech>>,
    first_audio: Duration,
}

impl FallbackVoice {
    /// These voices, the preferred one first. `None`: there are none.
    #[must_use]
    pub fn new(voices: Vec<Arc<dyn TextToSpeech>>) -> Option<Self> {
        Some(Self {
            voices: Providers::new(voices, |voice| voice.name())?,
            first_audio: Duration::from_secs(5),
        })
    }

    /// How long to wait for the first audio, from the first text on, before the next voice is
    /// asked. Default: 5 seconds. The last one that there is to ask is given the time that it
    /// takes.
    #[must_use]
    pub fn first_audio_within(mut self, limit: Duration) -> Self {
        self.first_audio = limit;
        self
    }
}

impl TextToSpeech for FallbackVoice {
    fn name(&self) -> &str {
        &self.voices.name
    }

    fn speak(&self, texts: Feed<String>, line_hz: u32) -> Parts<SpeechPart> {
        let mut turn = Turn::new(&self.voices);
        let first_audio = self.first_audio;
        Parts::made_by(move |out| {
            out.set_provider(turn.providers.foremost());
            async move {
                let mut texts = Texts {
                    feed: Some(texts),
                    left: VecDeque::new(),
                };
                let mut length = Duration::ZERO;
                while let Some(mut attempt) = turn.next() {
                    out.set_provider(attempt.name());
                    let first_audio = turn.has_next().then_some(first_audio);
                    let error = loop {
                        let mut speaking = Speaking::new(&out, &mut length, line_hz, first_audio);
                        let spoken = speaking.speak(&mut attempt, &mut texts).await;
                        texts.go_on(&speaking);
                        match spoken {
                            Ok(()) => return Ok(()),
                            Err(error) if attempt.again(&error) => {}
                            Err(error) => break error,
                        }
                    };
                    turn.failed(attempt, error.clone());
                    if !texts.go_further().await {
                        // The last one broke off: there is nothing to go on with.
                        return Err(error);
                    }
                }
                Err(turn.error())
            }
        })
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        self.voices.prepare(|voice| voice.prepare())
    }
}

impl fmt::Debug for FallbackVoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FallbackVoice").field(&self.name()).finish()
    }
}

/// Texts that are to be spoken.
struct Texts {
    /// `None`: it has ended.
    feed: Option<Feed<String>>,
    /// Their sentences that no voice has begun.
    left: VecDeque<String>,
}

impl Texts {
    /// The next sentence. Cancel safe.
    async fn next(&mut self) -> Option<String> {
        self.go_further().await;
        self.left.pop_front()
    }

    /// Waits until there is a sentence. False: they are over. Cancel safe.
    async fn go_further(&mut self) -> bool {
        while self.left.is_empty()
            && let Some(feed) = &mut self.feed
        {
            match feed.next().await {
                Some(text) => self.left.extend(sentences_of(&text)),
                None => self.feed = None,
            }
        }
        !self.left.is_empty()
    }

    fn are_over(&self) -> bool {
        self.feed.is_none() && self.left.is_empty()
    }

    /// Goes on behind the last text that was begun.
    fn go_on(&mut self, speaking: &Speaking<'_>) {
        let begun = speaking.begun();
        for text in speaking.given.iter().skip(begun).rev() {
            self.left.push_front(text.clone());
        }
    }
}

/// What one voice makes of the texts.
struct Speaking<'a> {
    out: &'a PartSender<SpeechPart>,
    /// How much audio was handed on, by all voices.
    length: &'a mut Duration,
    /// Of that, by those before.
    before: Duration,
    line_hz: u32,
    first_audio: Option<Duration>,
    given: Vec<String>,
    /// Told texts whose audio has not come yet, by their place.
    held: VecDeque<(String, Duration)>,
    /// How many letters of the given texts were told, blanks left out.
    told: usize,
    /// Which of the given texts begins where.
    places: Vec<(Duration, usize)>,
}

impl<'a> Speaking<'a> {
    fn new(
        out: &'a PartSender<SpeechPart>,
        length: &'a mut Duration,
        line_hz: u32,
        first_audio: Option<Duration>,
    ) -> Self {
        Self {
            out,
            before: *length,
            length,
            line_hz,
            first_audio,
            given: Vec::new(),
            held: VecDeque::new(),
            told: 0,
            places: Vec::new(),
        }
    }

    async fn speak(
        &mut self,
        attempt: &mut Attempt<dyn TextToSpeech>,
        texts: &mut Texts,
    ) -> Result<(), ProviderError> {
        let (to_voice, feed) = Feed::queue(TEXTS_AHEAD);
        let mut to_voice = Some(to_voice);
        let mut parts = attempt.provider().speak(feed, self.line_hz);
        let mut waiting: Option<String> = None;
        let mut limit: Option<Instant> = None;
        loop {
            let sending = async {
                match (&to_voice, &waiting) {
                    (Some(to_voice), Some(text)) => to_voice.send(text.clone()).await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                part = parts.next() => match part {
                    Some(part) => {
                        let part = part?;
                        if matches!(part, SpeechPart::Audio { .. }) {
                            attempt.answers();
                        }
                        if !self.part(part).await {
                            return Ok(());
                        }
                    }
                    None => break,
                },
                read = sending => {
                    waiting = None;
                    if !read {
                        // It reads no more; its parts tell why.
                        to_voice = None;
                    }
                }
                text = texts.next(), if waiting.is_none() && to_voice.is_some() => match text {
                    Some(text) => {
                        if limit.is_none() && text.contains(char::is_alphanumeric) {
                            limit = self.first_audio.and_then(|limit| Instant::now().checked_add(limit));
                        }
                        self.given.push(text.clone());
                        waiting = Some(text);
                    }
                    None => to_voice = None,
                },
                () = until(limit), if *self.length == self.before => {
                    let message = format!("no audio within {:?}", self.first_audio.unwrap_or_default());
                    return Err(attempt.error(ProviderErrorKind::Timeout, message));
                }
            }
        }
        let words = self
            .given
            .iter()
            .any(|text| text.contains(char::is_alphanumeric));
        if *self.length == self.before && words {
            return Err(attempt.error(ProviderErrorKind::Protocol, "it gave no audio"));
        }
        if !texts.are_over() || waiting.is_some() {
            let message = "it ended before its texts did";
            return Err(attempt.error(ProviderErrorKind::Protocol, message));
        }
        self.hand_on_told(Duration::MAX).await;
        Ok(())
    }

    /// False: nobody reads.
    async fn part(&mut self, part: SpeechPart) -> bool {
        match part {
            SpeechPart::Text { text, at } => {
                let at = self.before.saturating_add(at);
                let place = self.place_of(&text);
                self.places.push((at, place));
                self.told += letters(&text);
                self.held.push_back((text, at));
                self.hand_on_told(*self.length).await
            }
            SpeechPart::Audio { rate_hz, samples } => {
                let end = self.length.saturating_add(duration(samples.len(), rate_hz));
                if !self.hand_on_told(end).await {
                    return false;
                }
                *self.length = end;
                self.out.send(SpeechPart::Audio { rate_hz, samples }).await
            }
        }
    }

    /// Hands on the texts whose places are before this one.
    async fn hand_on_told(&mut self, end: Duration) -> bool {
        while self.held.front().is_some_and(|(_, at)| *at < end) {
            if let Some((text, at)) = self.held.pop_front()
                && !self.out.send(SpeechPart::Text { text, at }).await
            {
                return false;
            }
        }
        true
    }

    /// To which of the given texts a told one belongs: it is one of them, or a part of one.
    fn place_of(&mut self, text: &str) -> usize {
        let text = text.trim();
        let last = self.places.last().map_or(0, |(_, place)| *place);
        let mut letters_so_far = 0;
        let goes_further = |given: &String| {
            letters_so_far += letters(given);
            letters_so_far > self.told
        };
        let counted = self.given.iter().position(goes_further).unwrap_or(last);
        if self
            .given
            .get(counted)
            .is_some_and(|given| given.contains(text))
        {
            return counted;
        }
        // The voice tells the texts otherwise than they were given, as numbers in words.
        let whole = |given: &String| given.trim() == text;
        match self.given.iter().skip(last).position(whole) {
            Some(skipped) => {
                let place = last + skipped;
                let before = self.given.iter().take(place);
                self.told = before.map(|given| letters(given)).sum();
                place
            }
            None => counted.max(last),
        }
    }

    /// How many of the given texts were begun.
    fn begun(&self) -> usize {
        if *self.length == self.before {
            return 0;
        }
        let heard = self.length.saturating_sub(HARDLY_BEGUN);
        let begun = self.places.iter().filter(|(at, _)| *at < heard);
        begun.map(|(_, place)| place + 1).max().unwrap_or(1)
    }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Texts that wait for the voice to read them.
const TEXTS_AHEAD: usize = 1;
/// Less than that of a text is nothing. A voice may round its places.
const HARDLY_BEGUN: Duration = Duration::from_millis(20);
