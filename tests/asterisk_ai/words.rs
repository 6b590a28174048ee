//! How alike two texts are, word for word: what was to be said, and what was understood.

/// How many of the words that were said were understood.
#[derive(Default)]
pub(crate) struct Share {
    said: usize,
    understood: usize,
}

impl Share {
    /// Counts the words of `said` that are in `heard`, in their order.
    pub(crate) fn add(&mut self, said: &str, heard: &str) {
        let (said, heard) = (words(said), words(heard));
        self.said += said.len();
        self.understood += common(&said, &heard);
    }

    /// From 0 to 1; 1 when nothing was said.
    pub(crate) fn get(&self) -> f64 {
        if self.said == 0 {
            return 1.0;
        }
        self.understood as f64 / self.said as f64
    }
}

/// The share of one text.
pub(crate) fn understood(said: &str, heard: &str) -> f64 {
    let mut share = Share::default();
    share.add(said, heard);
    share.get()
}

/// Words without case and punctuation.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.replace('\'', "").to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// The length of the longest sequence of words that is in both.
fn common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        for (at, other) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == other {
                diagonal + 1
            } else {
                above.max(row[at])
            };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[test]
fn words_count_in_their_order() {
    assert_eq!(understood("Yes, I can.", "yes I can"), 1.0);
    assert_eq!(understood("one two three four", "four one three"), 0.5);
    assert_eq!(understood("I don't know.", "i dont know"), 1.0);
    assert_eq!(understood("one two", ""), 0.0);
}
