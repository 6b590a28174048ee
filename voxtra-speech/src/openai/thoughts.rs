//! Thoughts of open models: `<think>…</think>` in front of a reply, where a server doesn't take
//! them out itself.

const BEGIN: &str = "<think>";
const END: &str = "</think>";

/// Takes the thoughts out of a reply, however it is cut.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    state: State,
    /// What may be the beginning of a mark.
    held: String,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Before,
    Inside,
    /// Behind the thoughts, and the empty lines between them and the reply.
    Behind,
    Speaking,
}

impl Thoughts {
    /// What is to be said of the next piece.
    pub(super) fn without(&mut self, piece: &str) -> String {
        if matches!(self.state, State::Speaking) {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        if matches!(self.state, State::Before) {
            let begun = self.held.trim_start();
            if let Some(inside) = begun.strip_prefix(BEGIN) {
                self.held = inside.to_owned();
                self.state = State::Inside;
            } else if BEGIN.starts_with(begun) {
                return String::new();
            } else {
                self.state = State::Speaking;
                return self.rest();
            }
        }
        if matches!(self.state, State::Inside) {
            let Some((_, behind)) = self.held.split_once(END) else {
                // The end may be cut.
                let keep = self.held.len().saturating_sub(END.len());
                let keep = self.held.ceil_char_boundary(keep);
                self.held.drain(..keep);
                return String::new();
            };
            self.held = behind.to_owned();
            self.state = State::Behind;
        }
        self.held = self.held.trim_start().to_owned();
        if !self.held.is_empty() {
            self.state = State::Speaking;
        }
        self.rest()
    }

    /// What was held when the reply ended: no mark after all.
    pub(super) fn rest(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Inside => String::new(),
            _ => held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, piece: usize) -> String {
        let mut thoughts = Thoughts::default();
        let mut said = String::new();
        let letters: Vec<_> = text.chars().collect();
        for piece in letters.chunks(piece) {
            said += &thoughts.without(&piece.iter().collect::<String>());
        }
        said + &thoughts.rest()
    }

    #[test]
    fn thoughts_are_not_said_however_they_are_cut() {
        for (text, expected) in [
            (
                "<think>\nHm – é…\n</think>\n\nGood morning.",
                "Good morning.",
            ),
            ("\n<think></think>a <think>b</think>", "a <think>b</think>"),
            ("<think>never ends </thin", ""),
            ("<think>x</think> \n", ""),
            ("Good morning.", "Good morning."),
            (" <thin air", " <thin air"),
            ("<", "<"),
            ("", ""),
        ] {
            for piece in 1..=text.len().max(1) {
                assert_eq!(said(text, piece), expected, "{text} by {piece}");
            }
        }
    }

    #[test]
    fn thoughts_take_no_memory() {
        let mut thoughts = Thoughts::default();
        thoughts.without(BEGIN);
        for _ in 0..1_000 {
            assert_eq!(thoughts.without("éé and so on "), "");
            assert!(thoughts.held.len() <= END.len());
        }
    }
}
