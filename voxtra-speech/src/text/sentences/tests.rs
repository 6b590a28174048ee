use proptest::prelude::*;

use super::*;

/// The pieces of a text that comes in these tokens.
fn pieces<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut sentences = Sentences::new();
    let mut all = Vec::new();
    for token in tokens {
        sentences.push(token);
        while let Some(sentence) = sentences.next() {
            all.push(sentence);
        }
    }
    while let Some(sentence) = sentences.finish() {
        all.push(sentence);
    }
    all
}

/// The pieces behind a first one, which would come early.
fn whole(text: &str) -> Vec<String> {
    let mut all = pieces(["Hi!\n", text]);
    assert_eq!(all.remove(0), "Hi!");
    all
}

#[test]
fn sentences_end_at_their_marks() {
    assert_eq!(
        whole("This is one. Is this two? Yes! \"It is,\" he said. (And that's all.) Bye"),
        [
            "This is one.",
            "Is this two?",
            "Yes!",
            "\"It is,\" he said.",
            "(And that's all.)",
            "Bye"
        ]
    );
    assert_eq!(
        whole("Er sagte: „Guten Tag.“ Dann ging er. **Fett.** Ende?! Ja."),
        [
            "Er sagte: „Guten Tag.“",
            "Dann ging er.",
            "**Fett.**",
            "Ende?!",
            "Ja."
        ]
    );
    assert_eq!(
        whole("“Stop!” she said. ¿Qué tal? ¡Bien!"),
        ["“Stop!” she said.", "¿Qué tal?", "¡Bien!"]
    );
}

#[test]
fn sentences_of_other_scripts_end_too() {
    assert_eq!(
        whole("你好。「好吗？」很好！"),
        ["你好。", "「好吗？」", "很好！"]
    );
    assert_eq!(whole("नमस्ते। आप कैसे हैं? ठीक।"), ["नमस्ते।", "आप कैसे हैं?", "ठीक।"]);
    assert_eq!(
        whole("كيف حالك؟ بخير. شكرا"),
        ["كيف حالك؟", "بخير.", "شكرا"]
    );
}

#[test]
fn what_only_looks_like_an_end_is_none() {
    for sentence in [
        "Dr. Gray and Mrs. Smith are in room No. 5 on St. James St. 7.",
        "Das gilt z. B. Samstags, d.h. Sie zahlen ca. EUR 5, bzw. Dollar.",
        "It costs 3.50 or 1.000,00 e.g. Mondays at 9 a.m. Eastern time.",
        "Am 3. Mai, am 24. Dezember oder im 2. Stock.",
        "Heute ist Montag, 4. Juni.",
        "J. R. R. Tolkien met C. S. Lewis.",
        "Well... I think… Perhaps tomorrow.",
        "See https://example.com/a?b=c.d and write to a.b@example.com today.",
        "We have approx. five, i.e. enough.",
        "Am 3. 5. um 14.30 Uhr.",
        "Hauptstr. 5, Tel. 01/234.",
        "He works for Acme Inc. Tuesdays only.",
    ] {
        assert_eq!(whole(sentence), [sentence]);
    }
}

#[test]
fn an_abbreviation_may_end_a_sentence() {
    assert_eq!(
        whole(
            "We close at 5 p.m. Would you like plan B. We have 5. Your order is No. 5. No. Not 12.50. Yes."
        ),
        [
            "We close at 5 p.m.",
            "Would you like plan B.",
            "We have 5.",
            "Your order is No. 5.",
            "No.",
            "Not 12.50.",
            "Yes."
        ]
    );
}

#[test]
fn lines_and_items_are_pieces() {
    assert_eq!(
        whole("We have:\n- apples\n- pears \r\n\n1. First. Then\n2. Second\n**3.** Third"),
        [
            "We have:",
            "- apples",
            "- pears",
            "1. First.",
            "Then",
            "2. Second",
            "**3.** Third"
        ]
    );
}

#[test]
fn the_first_piece_is_a_clause() {
    let text = "Yes, of course I can help you, just a moment, please. First, some data, and more.";
    assert_eq!(
        pieces([text]),
        [
            "Yes, of course I can help you,",
            "just a moment, please.",
            "First, some data, and more."
        ]
    );
    assert_eq!(
        pieces(["It begins on Monday, May 4, 2026 at nine – if you like."])
            .first()
            .map(String::as_str),
        Some("It begins on Monday,")
    );
    assert_eq!(
        pieces(["The meeting is on May 4, 2026 at nine – if you like it."]),
        ["The meeting is on May 4, 2026 at nine –", "if you like it."]
    );
    assert_eq!(pieces(["Sure. Here, take it, and then go."]).len(), 2);
    assert_eq!(pieces(["我们九点，到十八点。"]).len(), 1);
    assert_eq!(pieces(["我们的店的营业时间是从九点，到十八点。"]).len(), 2);
    // A line without words is none.
    assert_eq!(
        pieces(["---\nI can certainly help you, yes, I can."]).len(),
        3
    );
}

#[test]
fn a_sentence_comes_as_soon_as_it_is_over() {
    let mut sentences = Sentences::new();
    for (token, expected) in [
        ("It is", None),
        (" over", None),
        (".", None),
        (" ", None),
        ("N", Some("It is over.")),
        ("o", None),
        ("? ", Some("No?")),
        ("A line\n", Some("A line")),
        ("好。", None),
        ("好", Some("好。")),
    ] {
        sentences.push(token);
        assert_eq!(sentences.next().as_deref(), expected, "{token}");
        assert_eq!(sentences.next(), None);
    }
    assert_eq!(sentences.finish().as_deref(), Some("好"));
    assert_eq!(sentences.finish(), None);
    // And from the beginning.
    sentences.push("This is the first clause, and more");
    assert_eq!(
        sentences.next().as_deref(),
        Some("This is the first clause,")
    );
}

#[test]
fn what_is_not_decided_yet_waits() {
    for text in [
        "See you there. (\nWe go.)",
        "We close at 5 p.m. We, that is, all.",
    ] {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(pieces(letters.iter().map(String::as_str)), pieces([text]));
    }
}

#[test]
fn a_model_that_never_ends_a_sentence_is_bounded() {
    let words = "and so on ".repeat(200);
    let clauses = "and so on and on, ".repeat(200);
    let letters = "x".repeat(2_000);
    let dots = ".".repeat(2_000);
    let quotes = ".\"".repeat(1_000);
    for text in [words, clauses, letters, dots, quotes] {
        let mut sentences = Sentences::new();
        let (mut longest, mut waiting) = (0, 0);
        for at in 0..text.len() {
            sentences.push(&text[at..=at]);
            while let Some(sentence) = sentences.next() {
                longest = longest.max(sentence.chars().count());
            }
            waiting = waiting.max(sentences.text.len());
        }
        assert!(longest <= LONGEST + 32, "{longest}");
        assert!(waiting <= LONGEST + 64, "{waiting}");
    }
    let text = format!("Hi.\n{}", "one two three, ".repeat(20));
    assert!(
        pieces([text.as_str()])
            .iter()
            .skip(1)
            .all(|piece| piece.ends_with(','))
    );
}

/// Texts with all that matters in them.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zäA-Z0-9]{1,8}",
        "[ \n\t]{1,3}",
        proptest::sample::select(vec![
            ". ",
            "! ",
            "? ",
            "...",
            "…",
            ", ",
            ",",
            ": ",
            " - ",
            "—",
            " – ",
            "\"",
            "”",
            ")",
            "(",
            "*",
            "。",
            "？",
            "，",
            "।",
            "؟",
            "z. B. ",
            "Dr. ",
            "e.g.",
            " a.m. ",
            "No. 5",
            "3. Mai",
            "We ",
            "The ",
            "1.000,00",
            "https://a.b/c?d",
            "😀",
            "\u{2028}",
            "\u{a0}",
            "好",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #[test]
    fn pieces_are_the_same_however_tokens_are_cut(
        text in text(),
        cuts in proptest::collection::vec(0_usize..400, 0..40),
    ) {
        let expected = pieces([text.as_str()]);
        let letters: Vec<String> = text.chars().map(String::from).collect();
        prop_assert_eq!(&pieces(letters.iter().map(String::as_str)), &expected);
        let mut tokens = Vec::new();
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.sort_unstable();
        let mut rest = text.as_str();
        for cut in cuts {
            let (token, behind) = rest.split_at(cut - (text.len() - rest.len()));
            tokens.push(token);
            rest = behind;
        }
        tokens.push(rest);
        prop_assert_eq!(&pieces(tokens), &expected);
    }

    #[test]
    fn nothing_but_blanks_is_lost(text in text()) {
        let all = pieces([text.as_str()]);
        prop_assert_eq!(without_blanks(&all.concat()), without_blanks(&text));
        for piece in &all {
            prop_assert!(!piece.is_empty() && piece.trim() == piece);
            prop_assert!(piece.chars().count() <= LONGEST + 32, "{}", piece);
        }
    }
}
