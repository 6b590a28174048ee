/// A program's arguments, with placeholders for the text and the output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    arguments: Vec<String>,
}

impl Template {
    pub(super) fn new(arguments: Vec<String>) -> Result<Self, &'static str> {
        if arguments.iter().any(|argument| argument.contains('\0')) {
            return Err("an argument holds a NUL character");
        }
        Ok(Self { arguments })
    }

    /// Whether the text is an argument; otherwise it goes to standard input.
    pub(super) fn takes_text(&self) -> bool {
        self.arguments
            .iter()
            .any(|argument| argument.contains(TEXT))
    }

    /// Whether the audio goes to a file.
    pub(super) fn writes_file(&self) -> bool {
        self.arguments.iter().any(|argument| argument.contains(OUT))
    }

    /// The arguments with both placeholders replaced. A placeholder within the text is not
    /// replaced.
    pub(super) fn fill(&self, text: &str, out: &str) -> Vec<String> {
        self.arguments
            .iter()
            .map(|argument| fill_one(argument, text, out))
            .collect()
    }
}

fn fill_one(argument: &str, text: &str, out: &str) -> String {
    let mut filled = String::with_capacity(argument.len() + text.len());
    let mut rest = argument;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        if let Some(after) = from.strip_prefix(TEXT) {
            if filled.is_empty() && text.starts_with('-') {
                // No program takes " -5 degrees" as an option, and none speaks the space.
                filled.push(' ');
            }
            filled.push_str(text);
            rest = after;
        } else if let Some(after) = from.strip_prefix(OUT) {
            filled.push_str(out);
            rest = after;
        } else {
            filled.push('{');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    filled.push_str(rest);
    filled
}

const TEXT: &str = "{text}";
const OUT: &str = "{out}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_and_the_file_take_their_places() {
        for (argument, text, expected) in [
            ("{text}", "hello", "hello"),
            ("--say={text}!", "hello", "--say=hello!"),
            ("{out}", "hello", "/tmp/x.wav"),
            ("{", "hello", "{"),
            ("{te{text}}", "hello", "{tehello}"),
            ("{\"a\":1}", "hello", "{\"a\":1}"),
            // Text that looks like a placeholder.
            ("{text}", "{out} {text}", "{out} {text}"),
            ("{text}", "-rf /", " -rf /"),
            ("{text}", "--help", " --help"),
            ("--say={text}", "-5", "--say=-5"),
            (
                "{text}",
                "$(reboot) `x` 'y' \"z\"",
                "$(reboot) `x` 'y' \"z\"",
            ),
        ] {
            assert_eq!(
                fill_one(argument, text, "/tmp/x.wav"),
                expected,
                "{argument} with {text}"
            );
        }
    }

    #[test]
    fn the_template_knows_which_ways_it_uses() {
        let template = |arguments: &[&str]| {
            Template::new(arguments.iter().map(|a| (*a).to_owned()).collect()).unwrap()
        };
        assert!(!template(&["--stdin"]).takes_text() && !template(&["--stdin"]).writes_file());
        assert!(template(&["-t", "{text}"]).takes_text());
        assert!(template(&["-o{out}"]).writes_file());
        assert!(Template::new(vec!["a\0b".to_owned()]).is_err());
    }
}
