//! What words over the agent mean: an interruption, a backchannel, or something else.

use voxtra_core::turn::Meaning;

use super::lists::{Language, languages};
use super::{begins, longest, words_of};

/// Words that decide whether a caller who talks over the agent interrupts it, beside those that are
/// known of English and German. A word that is in both lists interrupts; one that is here counts
/// for more than the known ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverlapWords {
    /// Whoever begins with one of these words or phrases cuts the agent at once.
    pub interruptions: Vec<String>,
    /// Speech of these words alone does not interrupt, however long it is.
    pub backchannels: Vec<String>,
}

impl OverlapWords {
    /// No words beside the known ones.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These words with changes.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// What `text` means that is said over the agent; `None` if there is no word in it.
    ///
    /// ```
    /// use voxtra_rt::core::turn::Meaning;
    /// use voxtra_rt::session::OverlapWords;
    ///
    /// let words = OverlapWords::new();
    /// assert_eq!(words.meaning_of("okay, stop", Some("en")), Some(Meaning::Interruption));
    /// ```
    #[must_use]
    pub fn meaning_of(&self, text: &str, language: Option<&str>) -> Option<Meaning> {
        meaning(text, language, self, false)
    }

    /// What `text` means, the beginning of what is said over the agent. `None` also where further
    /// words may make it another phrase: "I" may become "I see".
    ///
    /// ```
    /// use voxtra_rt::core::turn::Meaning;
    /// use voxtra_rt::session::OverlapWords;
    ///
    /// let words = OverlapWords::new();
    /// assert_eq!(words.meaning_so_far("I", Some("en")), None);
    /// assert_eq!(words.meaning_so_far("I want", Some("en")), Some(Meaning::Content));
    /// ```
    #[must_use]
    pub fn meaning_so_far(&self, text: &str, language: Option<&str>) -> Option<Meaning> {
        meaning(text, language, self, true)
    }
}

/// What `text` means that is said over the agent; `None` if there is no word in it.
///
/// Words are read from the left: backchannels and polite words are passed over, and what comes
/// first behind them decides. Of two phrases that fit the longer one counts, so that "no problem"
/// is no "no". Where `more` may follow, what may still become one of the phrases is undecided.
fn meaning(text: &str, tag: Option<&str>, own: &OverlapWords, more: bool) -> Option<Meaning> {
    let words = words_of(text);
    let own_interruptions = normal(&own.interruptions);
    let own_backchannels = normal(&own.backchannels);
    let known = languages(tag);
    let of_known = |words: &[String], of: fn(&Language) -> &'static str| {
        let lengths = known.iter().map(|language| longest(of(language), words));
        lengths.max().unwrap_or(0)
    };
    let mut rest = words.as_slice();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (interrupts, passes) = match (
            longest(&own_interruptions, rest),
            longest(&own_backchannels, rest),
        ) {
            (0, 0) => (
                of_known(rest, |language| language.interruptions),
                of_known(rest, |language| language.backchannels),
            ),
            own => own,
        };
        if interrupts > 0 && interrupts >= passes {
            return Some(Meaning::Interruption);
        }
        let passes = passes.max(of_known(rest, |language| language.polite));
        if passes == 0 {
            let undecided = more
                && (begins(&own_interruptions, rest)
                    || begins(&own_backchannels, rest)
                    || known.iter().any(|language| {
                        begins(language.interruptions, rest) || begins(language.backchannels, rest)
                    }));
            return (!undecided).then_some(Meaning::Content);
        }
        rest = rest.get(passes..).unwrap_or_default();
    }
    Some(Meaning::Backchannel)
}

fn normal(phrases: &[String]) -> String {
    let phrases = phrases.iter().map(|phrase| words_of(phrase).join(" "));
    phrases.collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Option<Meaning> = Some(Meaning::Interruption);
    const LISTENS: Option<Meaning> = Some(Meaning::Backchannel);
    const SAYS: Option<Meaning> = Some(Meaning::Content);

    #[test]
    fn english() {
        let none = OverlapWords::default();
        for (text, expected) in [
            ("Stop.", STOP),
            ("stop it please", STOP),
            ("Wait, wait!", STOP),
            ("No.", STOP),
            ("okay, stop", STOP),
            ("please just hold on", STOP),
            ("Hang on a second", STOP),
            ("that's wrong", STOP),
            ("Mm-hm.", LISTENS),
            ("mhm mhm", LISTENS),
            ("Mmmm", LISTENS),
            ("uh-huh, yeah, okay", LISTENS),
            ("I see.", LISTENS),
            ("no problem", LISTENS),
            ("Oh no", LISTENS),
            ("well, okay", LISTENS),
            ("okay but what about Monday", SAYS),
            ("I have no idea", SAYS),
            ("nobody knows", SAYS),
            ("what time do you open", SAYS),
            ("…", None),
            ("", None),
            ("Подождите", SAYS),
        ] {
            assert_eq!(none.meaning_of(text, Some("en-GB")), expected, "{text}");
        }
    }

    #[test]
    fn german() {
        let none = OverlapWords::default();
        for (text, expected) in [
            ("Stopp!", STOP),
            ("Warten Sie bitte", STOP),
            ("Moment mal", STOP),
            ("Nein.", STOP),
            ("ja, aber halt", STOP),
            ("Entschuldigung", STOP),
            ("das stimmt nicht", STOP),
            ("Ja.", LISTENS),
            ("jaaa", LISTENS),
            ("Genau, genau.", LISTENS),
            ("ach so, okay", LISTENS),
            ("das stimmt", LISTENS),
            ("Alles klar, danke", LISTENS),
            ("ja ich hätte eine Frage", SAYS),
            ("das ist halt so", SAYS),
        ] {
            assert_eq!(none.meaning_of(text, Some("de")), expected, "{text}");
        }
    }

    #[test]
    fn no_language_is_both_and_another_one_has_little() {
        let none = OverlapWords::default();
        assert_eq!(none.meaning_of("nein", None), STOP);
        assert_eq!(none.meaning_of("wait", None), STOP);
        assert_eq!(none.meaning_of("stop", Some("fr")), STOP);
        assert_eq!(none.meaning_of("mm-hm", Some("fr_FR")), LISTENS);
        assert_eq!(none.meaning_of("attendez", Some("fr")), SAYS);
    }

    #[test]
    fn own_words_count_for_more() {
        let own = OverlapWords::new().with(|words| {
            words.interruptions = vec!["Attendez".to_owned(), "Ça suffit !".to_owned()];
            words.backchannels = vec!["d'accord".to_owned(), "stop".to_owned()];
        });
        let french = |text| own.meaning_of(text, Some("fr"));
        assert_eq!(french("attendez"), STOP);
        assert_eq!(french("d’accord, ça suffit"), STOP);
        assert_eq!(french("d'accord"), LISTENS);
        assert_eq!(french("stop"), LISTENS);
    }

    #[test]
    fn the_beginning_of_a_phrase_decides_nothing() {
        let own = OverlapWords::new().with(|words| words.backchannels = vec!["sounds ok".into()]);
        for (text, expected) in [
            ("I", None),
            ("of", None),
            ("okay, I", None),
            ("hold", None),
            ("sounds", None),
            ("I see", LISTENS),
            ("I have", SAYS),
            ("my", SAYS),
            ("hold on", STOP),
            // Whoever says so wants the agent to stop, though "no problem" begins with it.
            ("no", STOP),
        ] {
            assert_eq!(own.meaning_so_far(text, Some("en")), expected, "{text}");
        }
        // It has ended there.
        assert_eq!(own.meaning_of("I", Some("en")), SAYS);
    }
}
