//! Words of the languages that are known: as [`words_of`](super::words_of) writes them.

/// What callers say in a language: lists of words and phrases with `|` between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language {
    /// Whoever begins with one of them wants the agent to stop.
    pub(super) interruptions: &'static str,
    /// They only show that the caller listens.
    pub(super) backchannels: &'static str,
    /// They mean nothing by themselves before an interruption ("please stop").
    pub(super) polite: &'static str,
    /// A turn of them alone is complete.
    pub(super) answers: &'static str,
    /// Nobody ends a turn with one of them.
    pub(super) unfinished: &'static str,
    /// The caller is looking for words.
    pub(super) hesitations: &'static str,
    /// Numbers as words, where digits are dictated.
    pub(super) numbers: &'static str,
}

/// The languages in which the caller may speak: one, or all if none is known. An unknown one has
/// the sounds and words that are used everywhere.
pub(super) fn languages(tag: Option<&str>) -> &'static [Language] {
    let Some(tag) = tag else {
        return &[ENGLISH, GERMAN];
    };
    let language = tag.split(['-', '_']).next().unwrap_or(tag);
    match language.to_ascii_lowercase().as_str() {
        "en" => &[ENGLISH],
        "de" => &[GERMAN],
        _ => &[ANYWHERE],
    }
}

const ANYWHERE: Language = Language {
    interruptions: "stop",
    backchannels: "mhm|mmhm|uhhuh|hm|m|mm|aha|ah|oh|ok|okay",
    polite: "",
    answers: "ok|okay",
    unfinished: "",
    hesitations: "m|mm|hm",
    numbers: "",
};

const ENGLISH: Language = Language {
    interruptions: "stop|wait|no|nope|hold on|hold up|hang on|one moment|one second|a moment|\
        a second|just a moment|just a second|one sec|just a sec|pause|excuse me|pardon|sorry|wrong|\
        thats wrong|not that|enough|thats enough|quiet|be quiet|shut up|cancel|never mind|\
        nevermind|let me|listen",
    backchannels: "mhm|mmhm|uhhuh|hm|m|mm|aha|ah|oh|ooh|ok|okay|okey|yeah|yea|yep|yup|yes|right|\
        sure|alright|all right|i see|got it|i got it|gotcha|cool|great|good|nice|fine|exactly|\
        of course|true|really|wow|perfect|thanks|thank you|no problem|no worries|go on|go ahead|\
        makes sense|that makes sense|i understand|understood|fair enough|interesting|correct|\
        absolutely|definitely|oh no|sounds good|very good|thats right|thats fine|thats good",
    polite: "please|just|hey|well|but|um|uh|er",
    answers: "yes|yeah|yep|yup|yes please|sure|of course|okay|ok|right|thats right|correct|\
        exactly|no|nope|no thanks|no thank you|thanks|thank you|thank you very much|please|\
        thats all|thats it|that was all|that is all|nothing else|goodbye|bye|bye bye|good bye",
    unfinished: "a|an|the|my|your|his|her|our|their|and|or|but|because|cause|if|when|while|\
        although|which|who|whose|with|without|for|from|to|of|at|by|into|between|is|im|ill|id|its|\
        than|as|i|we|plus|maybe",
    hesitations: "uh|um|uhm|er|erm|hm|m|mm",
    numbers: "zero|oh|nil|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|\
        fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|\
        seventy|eighty|ninety|hundred|thousand|double|triple",
};

const GERMAN: Language = Language {
    interruptions: "stop|stopp|halt|warte|wart|warten|warten sie|moment|ein moment|einen moment|\
        sekunde|eine sekunde|nein|nee|nö|nicht|falsch|das ist falsch|das stimmt nicht|\
        stimmt nicht|entschuldigung|verzeihung|wie bitte|schluss|genug|das reicht|reicht|aufhören|\
        hör auf|hören sie auf|ruhe|abbrechen|pause|lassen sie|lass mich",
    backchannels: "mhm|mmhm|hm|m|mm|aha|ah|oh|ach|achso|ach so|ach ja|ok|okay|okey|ja|jaja|jo|joa|\
        jup|jawohl|genau|richtig|stimmt|das stimmt|gut|na gut|sehr gut|klar|na klar|alles klar|\
        verstehe|ich verstehe|verstanden|schön|super|prima|toll|danke|natürlich|sicher|gerne|gern|\
        in ordnung|eben|weiter|interessant|echt|wirklich|kein problem|passt|so so|soso|perfekt|\
        fein|doch|gewiss|selbstverständlich",
    polite: "bitte|mal|hey|he|also|aber|äh|ähm|jetzt",
    answers: "ja|jo|jawohl|ja bitte|ja gern|ja gerne|gern|gerne|klar|natürlich|okay|ok|genau|\
        richtig|stimmt|das stimmt|nein|nee|nö|nein danke|danke|danke schön|dankeschön|vielen dank|\
        bitte|das wars|das war alles|das wäre alles|das ist alles|sonst nichts|nichts weiter|\
        tschüss|tschüs|auf wiederhören|auf wiedersehen|ciao",
    unfinished: "der|die|den|dem|des|ein|eine|einen|einem|einer|mein|meine|meinen|meinem|meiner|\
        ihr|ihre|unser|unsere|und|oder|aber|weil|dass|denn|sondern|wenn|ob|damit|obwohl|ohne|für|\
        von|vom|zum|zur|beim|im|in|am|zwischen|ist|lautet|heißt|also|ich|wir|vielleicht|als",
    hesitations: "äh|ähm|öh|öhm|hm|m|mm|ehm|eh",
    numbers: "null|ein|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\
        dreizehn|vierzehn|fünfzehn|sechzehn|siebzehn|achtzehn|neunzehn|zwanzig|dreißig|vierzig|\
        fünfzig|sechzig|siebzig|achtzig|neunzig|hundert|tausend|doppel",
};
