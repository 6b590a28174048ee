use proptest::prelude::*;

use super::*;

/// Each text is spoken like this in the language.
fn table(language: Option<&str>, rows: &[(&str, &str)]) {
    for (text, spoken) in rows {
        assert_eq!(speakable(text, language), *spoken, "{text:?}");
        assert_eq!(speakable(spoken, language), *spoken, "again: {text:?}");
    }
}

#[test]
fn markdown_goes() {
    table(
        None,
        &[
            (
                "**Bold**, _thin_, ***both***, `code`, ~~gone~~.",
                "Bold, thin, both, code, gone.",
            ),
            (
                "# Title #\n\nSome text\nthat goes on.",
                "Title. Some text that goes on.",
            ),
            (
                "We have:\n- apples\n* pears\r\n1. [ ] plums\n- [x] figs!",
                "We have: apples. pears. 1. [ ] plums. figs!",
            ),
            ("> quoted\n> text\n---\nEnd", "quoted text. End"),
            (
                "| Day | Time |\n|-----|:----:|\n| Mon | 9-12 |",
                "Day, Time. Mon, 9-12",
            ),
            ("```rust\nlet a = 1;\n```\nDone", "let a = 1; Done"),
            (
                "[here](https://example.com/a?b=c \"title\") and ![a cat](cat.png)",
                "here and a cat",
            ),
            ("a<br>b <b>c</b>", "a b c"),
            ("snake_case \\*star\\* 3 * 4", "snake_case star 3 * 4"),
            ("Heading\n=======\nText", "Heading. Text"),
            ("", ""),
            ("***", ""),
        ],
    );
}

#[test]
fn keys_of_a_telephone_are_said() {
    table(
        Some("en"),
        &[
            (
                "Press * to go back, or # to go on.",
                "Press star to go back, or hash to go on.",
            ),
            ("Dial *67 for **help**!", "Dial star 67 for help!"),
            (
                "Press \"*\", `#`, **#** or *.",
                "Press \"star\", hash, hash or star.",
            ),
            ("Dial *#06#, or **9**.", "Dial star hash 06 hash, or 9."),
            ("*21*0664123#", "star 21 star 0 6 6 4 1 2 3 hash"),
            (
                "A 5* hotel, 3*4*5, *very* nice, *so\n*I* say*",
                "A 5 star hotel, 3 times 4 times 5, very nice, so I say",
            ),
            (
                "**Sure: 5 euros. It's*, C#, #tag, **",
                "Sure: 5 euros. It's, C#, #tag,",
            ),
            ("**5**#**6** 2**3", "5 hash 6 2 3"),
            ("Press\n* 1 for sales\n* 2", "Press. 1 for sales. 2"),
        ],
    );
    table(
        Some("de"),
        &[(
            "Drücken Sie *9# oder *.",
            "Drücken Sie Stern 9 Raute oder Stern.",
        )],
    );
    table(
        None,
        &[("Press * or *67, *9# or **#**.", "Press * or *67, *9# or #.")],
    );
}

#[test]
fn dates_are_read_with_slashes_and_offsets() {
    table(
        Some("en"),
        &[
            ("On 2026/05/04.", "On May 4, 2026."),
            (
                "2026-05-04T14:30:00+02:00, 2026-05-04T14:30-0500, 2026-05-04T09:15+00:00",
                "May 4, 2026, 14:30, May 4, 2026, 14:30, May 4, 2026, 09:15 UTC",
            ),
            (
                "example.com/2026/05/04/news, 2026/13/04",
                "example.com/2026/05/04/news, 2026/13/04",
            ),
        ],
    );
    table(
        Some("de"),
        &[("2026-05-04T14:30:00+02:00", "4. Mai 2026, 14 Uhr 30")],
    );
    let raw = "2026/05/04, 2026-05-04T14:30:00+02:00";
    table(None, &[(raw, raw)]);
}

#[test]
fn units_are_per_something() {
    table(
        Some("en"),
        &[(
            "10 GB/month, 10GB/month, 5 mg/kg, miles/hour, day/month, 100 km/h, 2 adults/children",
            "10 GB per month, 10GB per month, 5 mg per kg, miles per hour, day or month, 100 km/h, 2 adults or children",
        )],
    );
    table(
        Some("de"),
        &[(
            "49 EUR/Monat, Tag/Monat",
            "49 EUR pro Monat, Tag oder Monat",
        )],
    );
}

#[test]
fn ranges_and_estimates_are_said() {
    table(
        Some("en"),
        &[
            (
                "$10-$20, $10–20, $10 - $20, 5%-10%, 9:00-17:00, ~20 minutes, ~$5",
                "10 dollars to 20 dollars, 10 dollars to 20, 10 dollars to 20 dollars, 5 percent to 10 percent, 9:00 to 17:00, about 20 minutes, about 5 dollars",
            ),
            (
                "AT&T, R&D, a$5-b, 1:2:30-1:40",
                "AT&T, R and D, a 5 dollars-b, 1:2:30-1:40",
            ),
        ],
    );
    table(
        Some("de"),
        &[(
            "9:00-17:00 Uhr, 9:00 Uhr–17:30 Uhr, 5,20 €-6 €, ~20 Minuten",
            "9 Uhr bis 17 Uhr, 9 Uhr bis 17 Uhr 30, 5 Euro 20 bis 6 Euro, etwa 20 Minuten",
        )],
    );
}

#[test]
fn addresses_become_hosts() {
    table(
        None,
        &[
            ("See https://www.example.com/a/b?c=d#e.", "See example.com."),
            (
                "(www.example.com), <http://user:pw@example.com:80/>!",
                "(example.com), example.com!",
            ),
            (
                "Write to jane_doe@example.com, or see example.com/a.",
                "Write to jane_doe@example.com, or see example.com/a.",
            ),
            ("https:// is no address", "https:// is no address"),
        ],
    );
}

#[test]
fn what_cannot_be_seen_or_said_goes() {
    table(
        None,
        &[
            ("Hi 😀👨‍👩‍👧 there ✓ → 1️⃣ 🇦🇹.", "Hi there 1."),
            ("a\u{202e}b\u{0}c\u{200b}d\u{feff}\u{7}\u{ad}", "abcd"),
            ("  a \t b\u{a0}\n c  ", "a b c"),
            (
                "R&amp;B &lt;3 &#8364; &#x41; &nbsp;&quot;x&quot; &amp;amp;lt; &bogus; & &#0;",
                "R&B <3 € A \"x\" < &bogus; &",
            ),
            (
                "می\u{200c}خواهم क\u{94d}\u{200d}ष",
                "می\u{200c}خواهم क\u{94d}\u{200d}ष",
            ),
        ],
    );
}

#[test]
fn symbols_are_words_in_english() {
    table(
        Some("en-GB"),
        &[
            (
                "R&D costs 20% & 5 % more.",
                "R and D costs 20 percent and 5 percent more.",
            ),
            (
                "$5.20, € 5, £1, $0.99, 1,234.50 €, $1.01 and $5.00.",
                "5 dollars and 20 cents, 5 euros, 1 pound, 99 cents, 1,234 euros and 50 cents, 1 dollar and 1 cent and 5 dollars.",
            ),
            (
                "$5 million, $5k, US$5, 5 €/month",
                "5 million dollars, $5k, US 5 dollars, 5 euros per month",
            ),
            (
                "1+1 = 2, +5°C, 3 * 4, 3×4, 1 < 2, a > b, C++",
                "1 plus 1 equals 2, plus 5 degrees Celsius, 3 times 4, 3 times 4, 1 less than 2, a > b, C++",
            ),
            (
                "and/or, he/she, TCP/IP, km/h, 24/7, example.com/path/to",
                "and or, he or she, TCP/IP, km/h, 24/7, example.com/path/to",
            ),
            ("On 2026-05-04 at 14:30.", "On May 4, 2026 at 14:30."),
            (
                "#1: 2026-05-04T14:30, 2026-05-04T09:15:30.5Z.",
                "number 1: May 4, 2026, 14:30, May 4, 2026, 09:15 UTC.",
            ),
        ],
    );
}

#[test]
fn symbols_are_words_in_german() {
    table(
        Some("de"),
        &[
            (
                "Kind & Kegel, 20 %, 5°",
                "Kind und Kegel, 20 Prozent, 5 Grad",
            ),
            (
                "5,20 €, € 1, 0,99 €, 3 Millionen €, 1.000,00 $, 5 €/Monat",
                "5 Euro 20, 1 Euro, 99 Cent, 3 Millionen Euro, 1.000 Dollar, 5 Euro pro Monat",
            ),
            (
                "2026-05-04T09:15Z. Am 2026-05-04 um 14:30, 09:00 Uhr oder 10:05-12:00 Uhr.",
                "4. Mai 2026, 9 Uhr 15 UTC. Am 4. Mai 2026 um 14 Uhr 30, 9 Uhr oder 10 Uhr 5 bis 12 Uhr.",
            ),
            (
                "und/oder, Herr/Frau, 2 + 2 = 4",
                "und oder, Herr oder Frau, 2 plus 2 gleich 4",
            ),
            ("Der 3. Mai, z. B. Dr. Gray", "Der 3. Mai, z. B. Dr. Gray"),
        ],
    );
}

#[test]
fn other_languages_keep_their_symbols() {
    for language in [None, Some("fr"), Some("eng"), Some("")] {
        table(
            language,
            &[(
                "5 € & 20 %, 1+1=2, 2026-05-04, 14:30, a/b",
                "5 € & 20 %, 1+1=2, 2026-05-04, 14:30, a/b",
            )],
        );
    }
}

#[test]
fn telephone_numbers_and_codes_are_digits() {
    table(
        Some("en"),
        &[
            ("+43 (0)664 1234567.", "plus 4 3, 0, 6 6 4, 1 2 3 4 5 6 7."),
            (
                "Call 0664/123-456, or (01) 23456!",
                "Call 0 6 6 4, 1 2 3, 4 5 6, or 0 1, 2 3 4 5 6!",
            ),
            (
                "1-800-555-1234 or 555-123-4567",
                "1, 8 0 0, 5 5 5, 1 2 3 4 or 5 5 5, 1 2 3, 4 5 6 7",
            ),
            (
                "Card 4111 1111 1111 1111, code 00042",
                "Card 4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1, code 0 0 0 4 2",
            ),
            (
                "12345, 1 000 000, 0.12345, 12:30:00, 04-05-2026, 2025-2026, 007",
                "12345, 1 000 000, 0.12345, 12:30:00, 04-05-2026, 2025-2026, 007",
            ),
            ("(0664 1234567)", "0 6 6 4, 1 2 3 4 5 6 7"),
            ("A01234 1.012345", "A01234 1.012345"),
        ],
    );
    table(None, &[("+43664123", "+4 3 6 6 4 1 2 3")]);
}

#[test]
fn what_nobody_wrote_to_be_spoken_is_bounded() {
    let long = "$5$5°F".repeat(10_000);
    assert!(speakable(&long, Some("en")).len() <= long.len() * 4 + 64);
    let layers = format!("&{}lt;", "amp;".repeat(10_000));
    assert_eq!(speakable(&layers, None), "<");
    let marks = "[".repeat(5_000) + &"](".repeat(5_000);
    assert!(speakable(&marks, None).len() <= marks.len());
}

/// Texts with all that matters in them.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9]{1,4}",
        "[ \n]{1,2}",
        "[-+*_`~#>|\\[\\]()<&;:!./=%€$£°\\\\0-9 ]{1,6}",
        proptest::sample::select(vec![
            "**",
            "__",
            "- ",
            "1. ",
            "[a](b)",
            "https://",
            "www.",
            "a.b/c",
            "&amp;",
            "&lt;",
            "&#38;",
            "😀",
            "\u{200d}",
            "\u{fe0f}",
            "\u{202e}",
            "क\u{94d}",
            "5 €",
            "$5.20",
            " million",
            "°C",
            "2026-05-04",
            "2026/05/04",
            "+02:00",
            "~",
            "-",
            "GB",
            "/month",
            "14:30",
            " Uhr",
            "+43 664",
            "0664",
            "and",
            "/or",
            "<br>",
            "\r\n",
            "```",
            "②",
            "Ⓐ",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn speakable_text_stays_as_it_is(
        text in text(),
        language in proptest::sample::select(vec![None, Some("en"), Some("de"), Some("fr")]),
    ) {
        let once = speakable(&text, language);
        prop_assert_eq!(&speakable(&once, language), &once);
        prop_assert!(once.len() <= text.len() * 4 + 64, "{}", once);
        let unspeakable = |c: char| c.is_control() || "\u{202e}😀`".contains(c);
        prop_assert!(!once.contains(unspeakable), "{:?}", once);
        prop_assert!(once.trim() == once && !once.contains("  "), "{:?}", once);
    }
}
