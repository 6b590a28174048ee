//! Speech-to-text that follows a script.

use super::super::{Feed, ListenOptions, Parts, Recognition, SpeechInput, SpeechToText};

/// A transcriber for tests: it gives the lines of its script, one per utterance, whatever is said.
///
/// Each call begins with the first line. When the caller has spoken half a second, the first half
/// of the line's words comes as a partial transcript (once, and only if it has two words or more).
/// When the caller stops, the whole line comes as the final one with confidence 1. After the last
/// line no more transcripts come. An utterance without audio gives no transcript and uses no line.
#[derive(Clone, Debug)]
pub struct ScriptedTranscriber {
    lines: Vec<String>,
}

impl ScriptedTranscriber {
    /// The transcripts to return, in order.
    pub fn new<T: Into<String>>(lines: impl IntoIterator<Item = T>) -> Self {
        Self {
            lines: lines.into_iter().map(Into::into).collect(),
        }
    }
}

impl SpeechToText for ScriptedTranscriber {
    fn name(&self) -> &str {
        "scripted"
    }

    fn listen(&self, options: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        let lines = self.lines.clone();
        let half_second = usize::try_from(options.rate_hz / 2).unwrap_or(usize::MAX);
        Parts::made_by(|out| async move {
            let mut lines = lines.into_iter().peekable();
            let mut heard = 0_usize;
            let mut partial_sent = false;
            while let Some(item) = input.next().await {
                match item {
                    SpeechInput::Started => (heard, partial_sent) = (0, false),
                    SpeechInput::Audio(samples) => {
                        heard = heard.saturating_add(samples.len());
                        let half = lines.peek().and_then(|line| first_half(line));
                        if let Some(text) = half
                            && heard >= half_second
                            && !partial_sent
                        {
                            partial_sent = true;
                            out.send(Recognition::Partial { text }).await;
                        }
                    }
                    SpeechInput::Ended => {
                        if std::mem::take(&mut heard) > 0
                            && let Some(text) = lines.next()
                        {
                            let confidence = 1.0;
                            out.send(Recognition::Final { text, confidence }).await;
                        }
                    }
                }
            }
            Ok(())
        })
    }
}

fn first_half(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    (words.len() >= 2).then(|| words.get(..words.len() / 2).unwrap_or_default().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn heard(script: &[&str], input: Vec<SpeechInput>) -> Vec<Recognition> {
        ScriptedTranscriber::new(script.iter().copied())
            .listen(ListenOptions::new(8_000), Feed::whole(input))
            .collect()
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_transcriber_hears_one_line_per_utterance() {
        use SpeechInput::{Audio, Ended, Started};
        let long = || Audio(vec![0; 2_500]);
        let last = |text: &str| Recognition::Final {
            text: text.to_owned(),
            confidence: 1.0,
        };
        let input = vec![
            Started,
            long(),
            long(),
            long(),
            Ended,
            Started,
            Ended,
            Started,
            Audio(vec![0; 160]),
            Ended,
            Started,
            long(),
            long(),
            Ended,
        ];
        let expected = [
            Recognition::Partial {
                text: "my order".to_owned(),
            },
            last("my order is late"),
            last("yes"),
        ];
        assert_eq!(heard(&["my order is late", "yes"], input).await, expected);
    }
}
