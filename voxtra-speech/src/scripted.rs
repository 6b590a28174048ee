use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{
    BoxFuture, CallerSpeech, LanguageModel, Message, Reply, SpeechError, SpeechInput, SpeechToText,
    Transcript, TranscriptSender,
};

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

    fn start(
        &self,
        rate_hz: u32,
        mut input: CallerSpeech,
        out: TranscriptSender,
    ) -> BoxFuture<'static, Result<(), SpeechError>> {
        let lines = self.lines.clone();
        Box::pin(async move {
            let half_second = usize::try_from(rate_hz / 2).unwrap_or(usize::MAX);
            let mut lines = lines.into_iter().peekable();
            let mut heard = 0_usize;
            let mut partial_sent = false;
            while let Some(item) = input.next().await {
                match item {
                    SpeechInput::Started => (heard, partial_sent) = (0, false),
                    SpeechInput::Audio(samples) => {
                        heard = heard.saturating_add(samples.len());
                        let half = lines.peek().and_then(|line| first_half(line));
                        if let (Some(text), true, false) =
                            (half, heard >= half_second, partial_sent)
                        {
                            partial_sent = true;
                            let transcript = Transcript {
                                text,
                                confidence: 1.0,
                                is_final: false,
                            };
                            if !out.send(transcript).await {
                                break;
                            }
                        }
                    }
                    SpeechInput::Ended => {
                        if std::mem::take(&mut heard) > 0
                            && let Some(text) = lines.next()
                        {
                            let transcript = Transcript {
                                text,
                                confidence: 1.0,
                                is_final: true,
                            };
                            if !out.send(transcript).await {
                                break;
                            }
                        }
                    }
                }
            }
            Ok(())
        })
    }
}

/// A language model for tests: it gives the replies of its script, one per turn, whatever it gets,
/// and keeps what it got. All calls share the script.
#[derive(Debug, Default)]
pub struct ScriptedModel {
    replies: Vec<Reply>,
    next: AtomicUsize,
    told: Mutex<Vec<Vec<Message>>>,
}

impl ScriptedModel {
    /// The replies to give, in order. After the last one comes [`SpeechError::ScriptEnded`].
    #[must_use]
    pub fn new<T: Into<Reply>>(replies: impl IntoIterator<Item = T>) -> Self {
        Self {
            replies: replies.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The histories it got, one per turn.
    #[must_use]
    pub fn told(&self) -> Vec<Vec<Message>> {
        self.told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

impl LanguageModel for ScriptedModel {
    fn name(&self) -> &str {
        "scripted"
    }

    fn respond<'a>(&'a self, history: &'a [Message]) -> BoxFuture<'a, Result<Reply, SpeechError>> {
        Box::pin(async move {
            self.told
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(history.to_vec());
            let turn = self.next.fetch_add(1, Relaxed);
            self.replies
                .get(turn)
                .cloned()
                .ok_or(SpeechError::ScriptEnded("the language model"))
        })
    }
}

fn first_half(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    (words.len() >= 2).then(|| words.get(..words.len() / 2).unwrap_or_default().join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::{Role, Transcripts};
    use super::*;

    async fn heard(script: &[&str], input: Vec<SpeechInput>) -> Vec<(String, bool)> {
        let (to, from) = CallerSpeech::queue(100);
        let (out, mut results) = Transcripts::queue(100);
        for item in input {
            assert!(to.send(item).await);
        }
        drop(to);
        ScriptedTranscriber::new(script.iter().copied())
            .start(8_000, from, out)
            .await
            .unwrap();
        let mut all = Vec::new();
        while let Some(transcript) = results.next().await {
            all.push((transcript.text, transcript.is_final));
        }
        all
    }

    #[tokio::test]
    async fn the_transcriber_hears_one_line_per_utterance() {
        use SpeechInput::{Audio, Ended, Started};
        let long = || Audio(vec![0; 2_500]);
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
            ("my order", false),
            ("my order is late", true),
            ("yes", true),
        ];
        let expected = expected.map(|(text, last)| (text.to_owned(), last));
        assert_eq!(heard(&["my order is late", "yes"], input).await, expected);
    }

    #[tokio::test]
    async fn the_model_replies_in_order_remembers_and_then_says_that_it_ended() {
        let model = ScriptedModel::new(["Hello.", "Bye."]);
        let history = [Message::new(Role::User, "Hi")];
        assert_eq!(model.respond(&history).await.unwrap().text, "Hello.");
        assert_eq!(model.respond(&[]).await.unwrap().text, "Bye.");
        assert!(matches!(
            model.respond(&[]).await,
            Err(SpeechError::ScriptEnded(_))
        ));
        assert_eq!(model.told()[0], history);
    }
}
