//! Words for symbols, by language.

/// The words of a language.
pub(super) struct Words {
    pub(super) tag: &'static str,
    pub(super) and: &'static str,
    pub(super) or: &'static str,
    pub(super) per: &'static str,
    /// What a unit may be "per", as in "10 GB/month".
    pub(super) each: &'static [&'static str],
    /// Between two amounts or times.
    pub(super) to: &'static str,
    pub(super) about: &'static str,
    pub(super) number: &'static str,
    pub(super) times: &'static str,
    /// The keys `*` and `#`.
    pub(super) star: &'static str,
    pub(super) hash: &'static str,
    /// Between numbers, or blanks with a number or a word on each side.
    pub(super) between: &'static [(char, &'static str)],
    /// Behind a number; the longest first.
    pub(super) behind: &'static [(&'static str, &'static str)],
    pub(super) currencies: &'static [Currency],
    /// "20 cents" behind "5 dollars": what stands between.
    pub(super) and_cents: Cents,
    /// Words that belong to the number before them.
    pub(super) large: &'static [&'static str],
    pub(super) months: [&'static str; 12],
    pub(super) date: Date,
    /// "Uhr", where a time is read with it.
    pub(super) clock: Option<&'static str>,
}

/// A currency: its names for one and for several, and those of its cents.
pub(super) struct Currency {
    pub(super) symbol: char,
    pub(super) one: &'static str,
    pub(super) several: &'static str,
    pub(super) cent: &'static str,
    pub(super) cents: &'static str,
}

/// How cents behind a whole amount are said.
#[derive(Clone, Copy)]
pub(super) enum Cents {
    /// "5 dollars and 20 cents"
    Named(&'static str),
    /// "5 Euro 20"
    Bare,
}

/// How a date is said.
#[derive(Clone, Copy)]
pub(super) enum Date {
    /// "May 4, 2026"
    MonthFirst,
    /// "4. Mai 2026"
    DayFirst,
}

/// The words of the language with this tag.
pub(super) fn of(language: Option<&str>) -> Option<&'static Words> {
    let primary = language?.split(['-', '_']).next()?;
    LANGUAGES
        .iter()
        .find(|words| words.tag.eq_ignore_ascii_case(primary))
}

static LANGUAGES: [Words; 2] = [
    Words {
        tag: "en",
        and: "and",
        or: "or",
        per: "per",
        each: &[
            "second", "minute", "hour", "day", "night", "week", "month", "quarter", "year",
            "person", "user", "kg", "km",
        ],
        to: "to",
        about: "about",
        number: "number",
        times: "times",
        star: "star",
        hash: "hash",
        between: &[
            ('+', "plus"),
            ('=', "equals"),
            ('×', "times"),
            ('÷', "divided by"),
            ('±', "plus or minus"),
            ('<', "less than"),
            ('>', "greater than"),
        ],
        behind: &[
            ("°C", "degrees Celsius"),
            ("°F", "degrees Fahrenheit"),
            ("°", "degrees"),
            ("%", "percent"),
        ],
        currencies: &[
            currency('€', ["euro", "euros"], ["cent", "cents"]),
            currency('$', ["dollar", "dollars"], ["cent", "cents"]),
            currency('£', ["pound", "pounds"], ["penny", "pence"]),
        ],
        and_cents: Cents::Named("and"),
        large: &["thousand", "million", "billion", "trillion"],
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        date: Date::MonthFirst,
        clock: None,
    },
    Words {
        tag: "de",
        and: "und",
        or: "oder",
        per: "pro",
        each: &[
            "Sekunde", "Minute", "Stunde", "Tag", "Nacht", "Woche", "Monat", "Quartal", "Jahr",
            "Person", "Nutzer", "kg", "km",
        ],
        to: "bis",
        about: "etwa",
        number: "Nummer",
        times: "mal",
        star: "Stern",
        hash: "Raute",
        between: &[
            ('+', "plus"),
            ('=', "gleich"),
            ('×', "mal"),
            ('÷', "durch"),
            ('±', "plus minus"),
            ('<', "kleiner als"),
            ('>', "größer als"),
        ],
        behind: &[
            ("°C", "Grad Celsius"),
            ("°F", "Grad Fahrenheit"),
            ("°", "Grad"),
            ("%", "Prozent"),
        ],
        currencies: &[
            currency('€', ["Euro", "Euro"], ["Cent", "Cent"]),
            currency('$', ["Dollar", "Dollar"], ["Cent", "Cent"]),
            currency('£', ["Pfund", "Pfund"], ["Penny", "Pence"]),
        ],
        and_cents: Cents::Bare,
        large: &[
            "Tausend",
            "Million",
            "Millionen",
            "Milliarde",
            "Milliarden",
            "Billionen",
        ],
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        date: Date::DayFirst,
        clock: Some("Uhr"),
    },
];

const fn currency(symbol: char, names: [&'static str; 2], cents: [&'static str; 2]) -> Currency {
    let [one, several] = names;
    let [cent, cents] = cents;
    Currency {
        symbol,
        one,
        several,
        cent,
        cents,
    }
}
