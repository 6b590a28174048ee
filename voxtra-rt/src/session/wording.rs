//! The words of an utterance, and how many of them the caller has heard.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::oneshot;

use super::deadlines;
use super::speak::Spoken;
use crate::lock::lock;

/// How long a character takes to say, where nothing tells: about 15 in a second.
const CHARACTER: Duration = Duration::from_millis(66);

/// How many characters may lie between two pieces that a voice tells.
const WINDOW: usize = 40;

/// What an utterance says, and from which place of its audio on. It grows while the voice works.
#[derive(Debug, Default)]
pub(crate) struct Wording {
    text: String,
    places: Vec<Place>,
    /// How much audio there is so far.
    made: Duration,
    /// No more audio will come.
    complete: bool,
    /// How the utterance ended.
    ended: Option<Spoken>,
    /// Nobody waits for the end of the utterance any more, and it has not come.
    ends: Option<oneshot::Receiver<Spoken>>,
}

/// From `at` on the text from `from` to `to` is spoken (bytes of the whole text).
#[derive(Clone, Copy, Debug)]
struct Place {
    at: Duration,
    from: usize,
    to: usize,
}

impl Wording {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Adds text that is to be said behind the text so far.
    pub(crate) fn push(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text);
    }

    /// Adds a piece that a service speaks behind the text so far.
    pub(crate) fn extend(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    /// All that is to be said, as far as it is known.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The voice speaks `piece` from `at` on. A piece that the text does not hold, since the voice
    /// spells it in another way, is left out: the pieces around it tell enough.
    pub(crate) fn place(&mut self, piece: &str, at: Duration) {
        let piece = piece.trim();
        let behind = self.places.last().map_or(0, |place| place.to);
        // A voice says what it was given soon: the same word further on is another one.
        let rest = self.text.get(behind..).unwrap_or_default();
        let end = rest.char_indices().nth(WINDOW.saturating_add(piece.len()));
        let rest = end.map_or(rest, |(end, _)| rest.get(..end).unwrap_or_default());
        if let Some(found) = rest.find(piece).filter(|_| !piece.is_empty()) {
            let from = behind.saturating_add(found);
            let to = from.saturating_add(piece.len());
            self.places.push(Place { at, from, to });
        }
    }

    /// The voice has made this much more audio.
    pub(crate) fn add(&mut self, audio: Duration) {
        self.made = self.made.saturating_add(audio);
    }

    /// The voice has made all of its audio.
    pub(crate) fn finish(&mut self) {
        self.complete = true;
    }

    /// The utterance has ended.
    pub(super) fn end(&mut self, spoken: Spoken) {
        self.ended = Some(spoken);
    }

    /// The utterance was given up, and will end soon.
    pub(super) fn given_up(&mut self, ends: oneshot::Receiver<Spoken>) {
        self.ends = Some(ends);
    }

    /// The words that the caller heard of an utterance that was given up, as the call ended for
    /// example. The media thread tells it a moment later.
    pub(super) async fn heard_at_the_end(wording: &Mutex<Self>) -> String {
        let ends = lock(wording).ends.take();
        if let Some(ends) = ends {
            let _ = tokio::time::timeout(deadlines::LOST, ends).await;
        }
        let wording = lock(wording);
        let heard = wording.ended.map_or("", |spoken| wording.heard_of(spoken));
        heard.to_owned()
    }

    /// The words that the caller heard, given how the utterance ended.
    pub(super) fn heard_of(&self, spoken: Spoken) -> &str {
        if spoken.completed {
            &self.text
        } else {
            self.heard(spoken.heard)
        }
    }

    /// The words that were spoken within the first `played` of the audio. A word counts when it was
    /// spoken to its end. Without word times, a text's characters share its time.
    fn heard(&self, played: Duration) -> &str {
        if self.complete && played >= self.made {
            return &self.text;
        }
        let whole = [Place {
            at: Duration::ZERO,
            from: 0,
            to: self.text.len(),
        }];
        let places = if self.places.is_empty() {
            &whole
        } else {
            self.places.as_slice()
        };
        let mut heard = 0;
        for (n, place) in places.iter().enumerate() {
            let next = places.get(n.saturating_add(1));
            let end = next.map_or_else(|| self.end_of(*place), |next| next.at);
            if end <= played {
                heard = place.to;
            } else {
                heard = heard.max(self.within(*place, end, played));
                break;
            }
        }
        self.text.get(..heard).unwrap_or_default().trim_end()
    }

    /// When the last place ends.
    fn end_of(&self, last: Place) -> Duration {
        if self.complete {
            return self.made;
        }
        let text = self.text.get(last.from..last.to).unwrap_or_default();
        let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let guess = last.at.saturating_add(CHARACTER.saturating_mul(characters));
        guess.max(self.made)
    }

    /// How far into the text the words of a place go that were spoken by `played`.
    fn within(&self, place: Place, end: Duration, played: Duration) -> usize {
        let lasted = end.saturating_sub(place.at).as_micros();
        let spoken = played.saturating_sub(place.at).as_micros();
        let text = self.text.get(place.from..place.to).unwrap_or_default();
        let length = |text: &str| text.chars().count() as u128;
        // A word is spoken once its last character's share of the time is over.
        let is_spoken = |characters: u128| {
            characters.saturating_mul(lasted) <= spoken.saturating_mul(length(text))
        };
        let mut to = 0_usize;
        let mut before = 0_u128;
        for word in text.split_inclusive(char::is_whitespace) {
            if spoken == 0 || !is_spoken(before.saturating_add(length(word.trim_end()))) {
                break;
            }
            before = before.saturating_add(length(word));
            to = to.saturating_add(word.len());
        }
        if to == 0 {
            return 0;
        }
        place.from.saturating_add(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn words_are_heard_at_their_times() {
        let mut wording = Wording::new("Good morning, dear caller.");
        for (word, at) in [
            ("Good", 0),
            ("morning,", 300),
            ("dear", 900),
            ("caller.", 1_200),
        ] {
            wording.place(word, ms(at));
        }
        wording.add(ms(1_800));
        wording.finish();
        assert_eq!(wording.heard(ms(0)), "");
        assert_eq!(wording.heard(ms(299)), "");
        assert_eq!(wording.heard(ms(300)), "Good");
        assert_eq!(wording.heard(ms(1_199)), "Good morning,");
        assert_eq!(wording.heard(ms(1_799)), "Good morning, dear");
        assert_eq!(wording.heard(ms(1_800)), "Good morning, dear caller.");
    }

    #[test]
    fn without_word_times_characters_share_the_time_of_their_text() {
        let mut wording = Wording::new("");
        wording.push("One two.");
        wording.push("Three four.");
        wording.place("One two.", ms(0));
        wording.place("Three four.", ms(800));
        wording.add(ms(1_900));
        wording.finish();
        assert_eq!(wording.heard(ms(250)), "");
        assert_eq!(wording.heard(ms(300)), "One");
        assert_eq!(wording.heard(ms(799)), "One");
        assert_eq!(wording.heard(ms(800)), "One two.");
        assert_eq!(wording.heard(ms(1_300)), "One two. Three");
        assert_eq!(wording.heard(ms(1_900)), "One two. Three four.");
    }

    #[test]
    fn a_voice_that_tells_no_places_speaks_evenly() {
        let mut wording = Wording::new("aaaa bbbb cccc");
        wording.add(ms(1_400));
        wording.finish();
        assert_eq!(wording.heard(ms(900)), "aaaa bbbb");
    }

    #[test]
    fn audio_that_is_still_being_made_does_not_make_its_text_shorter() {
        // Half a second of the sentence is there, all of it was played: it is not all of the text.
        let mut wording = Wording::new("This is a sentence of forty characters..");
        wording.add(ms(500));
        assert_eq!(wording.heard(ms(500)), "This is");
        // A sentence that is not known to be over is not heard in full, however long it takes.
        wording.add(ms(60_000));
        assert_eq!(wording.heard(ms(500)), "");
    }

    #[test]
    fn pieces_that_the_text_does_not_hold_are_left_out() {
        let mut wording = Wording::new("You owe 5 € now.");
        wording.place("You owe", ms(0));
        wording.place("five euros", ms(400));
        wording.place("now.", ms(900));
        wording.add(ms(1_200));
        wording.finish();
        assert_eq!(wording.heard(ms(899)), "You");
        assert_eq!(wording.heard(ms(900)), "You owe");
        assert_eq!(wording.heard(ms(1_200)), "You owe 5 € now.");
    }
}
