//! Streaming recognition with the Nova models. Read on 2026-11-29:
//! <https://developers.deepgram.com/docs/interim-results>,
//! <https://developers.deepgram.com/docs/finalize>,
//! <https://developers.deepgram.com/docs/audio-keep-alive>,
//! <https://developers.deepgram.com/docs/close-stream>,
//! <https://developers.deepgram.com/docs/endpointing>,
//! <https://developers.deepgram.com/docs/understand-endpointing-interim-results>,
//! <https://developers.deepgram.com/docs/smart-format>; the fields of a message,
//! `src/lib/types/LiveTranscriptionEvent.ts` of <https://github.com/deepgram/deepgram-js-sdk>.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::super::listening::{Dialect, Heard, Outgoing, listen, number, pcm, text};
use super::super::net::Socket;
use super::super::{
    Endpoint, Feed, ListenOptions, Parts, ProviderError, ProviderErrorKind, Recognition,
    SpeechInput, SpeechToText,
};

/// Speech-to-text by Deepgram's streaming API (`v1/listen`).
///
/// The end of an utterance is the call's own: Deepgram is told to `Finalize` there. What it
/// finalises earlier, at pauses, becomes part of the same transcript.
#[derive(Clone, Debug)]
pub struct Transcriber {
    endpoint: Endpoint,
    model: String,
    language: Option<String>,
    keyterms: Vec<String>,
    endpointing: Duration,
}

impl Transcriber {
    /// At Deepgram's own servers.
    ///
    /// # Errors
    /// The key is empty or can't be one.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        super::endpoint(&key).map(Self::at)
    }

    /// At another place: one that holds the API's `v1/listen`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: "nova-3".to_owned(),
            language: None,
            keyterms: Vec::new(),
            endpointing: Duration::from_millis(300),
        }
    }

    /// The model. Default: `nova-3`.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// The language of calls that name none, such as `en-GB` or `multi`. Default: Deepgram's own.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// A word that callers are likely to say, such as the name of a product. May be called often.
    #[must_use]
    pub fn keyterm(mut self, term: impl Into<String>) -> Self {
        self.keyterms.push(term.into());
        self
    }

    /// After how much silence Deepgram finalises a segment within an utterance. Default: 300 ms.
    /// Its own, 10 ms, cuts sentences.
    #[must_use]
    pub fn endpointing(mut self, silence: Duration) -> Self {
        self.endpointing = silence;
        self
    }

    fn path(&self, options: &ListenOptions) -> String {
        let mut query = Serializer::for_suffix(String::from("v1/listen?"), "v1/listen?".len());
        query
            .append_pair("model", &self.model)
            .append_pair("encoding", "linear16")
            .append_pair("sample_rate", &options.rate_hz.to_string())
            .append_pair("channels", "1")
            .append_pair("interim_results", "true")
            .append_pair("smart_format", "true")
            .append_pair("endpointing", &self.endpointing.as_millis().to_string());
        if let Some(language) = options.language.as_ref().or(self.language.as_ref()) {
            query.append_pair("language", language);
        }
        for term in &self.keyterms {
            query.append_pair("keyterm", term);
        }
        query.finish()
    }
}

impl SpeechToText for Transcriber {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let dialect = Nova {
            endpoint: self.endpoint.clone(),
            path: self.path(&options),
            rate_hz: f64::from(options.rate_hz.max(1)),
            sent: 0,
            began: 0.0,
            heard_to: 0.0,
            asked: false,
            finalized: false,
            open_words: false,
            alive: false,
        };
        listen(dialect, &options, input)
    }
}

/// What is known of a connection. Its times are seconds of the audio that went through it.
struct Nova {
    endpoint: Endpoint,
    path: String,
    rate_hz: f64,
    /// Samples sent.
    sent: u64,
    /// Where the utterance begins.
    began: f64,
    /// Up to where results are final.
    heard_to: f64,
    /// `Finalize` was sent.
    asked: bool,
    /// It was answered.
    finalized: bool,
    /// Words have come that are not final yet.
    open_words: bool,
    /// Anything has come for this utterance.
    alive: bool,
}

/// Audio shorter than this is "no significant amount": `Finalize` may not be answered for it.
const INSIGNIFICANT: f64 = 0.05;
/// How long to wait for an answer to `Finalize` that may not come, when no words are due.
const SETTLED: Duration = Duration::from_secs(1);

impl Nova {
    fn now(&self) -> f64 {
        self.sent as f64 / self.rate_hz
    }
}

impl Dialect for Nova {
    type Connection = Socket;

    fn provider(&self) -> &str {
        self.endpoint.provider()
    }

    fn patience(&self) -> Duration {
        self.endpoint.timeouts().first
    }

    async fn open(&mut self) -> Result<Socket, ProviderError> {
        self.sent = 0;
        self.began = 0.0;
        self.heard_to = 0.0;
        self.endpoint.websocket(&self.path).await
    }

    /// Ten seconds without anything close the connection; every 3 to 5 s are recommended.
    fn keep_alive(&self) -> Option<(Duration, Outgoing)> {
        Some((
            Duration::from_secs(4),
            json!({ "type": "KeepAlive" }).into(),
        ))
    }

    fn begin(&mut self) -> Vec<Outgoing> {
        self.began = self.now();
        self.asked = false;
        self.finalized = false;
        self.open_words = false;
        self.alive = false;
        Vec::new()
    }

    fn audio(&mut self, samples: &[i16]) -> Outgoing {
        self.sent = self.sent.saturating_add(samples.len() as u64);
        Outgoing::Bytes(pcm(samples))
    }

    fn end(&mut self) -> Vec<Outgoing> {
        self.asked = true;
        vec![json!({ "type": "Finalize" }).into()]
    }

    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError> {
        match text(message, "/type") {
            "Results" => {}
            "Error" => {
                let said = match text(message, "/description") {
                    "" => text(message, "/message"),
                    description => description,
                };
                return Err(self.endpoint.error(ProviderErrorKind::Unavailable, said));
            }
            _ => return Ok(Vec::new()),
        }
        let flag = |name: &str| message.get(name).and_then(Value::as_bool).unwrap_or(false);
        let place = |name| number(message, name).unwrap_or(0.0);
        let start = place("/start");
        let end = start + place("/duration");
        // A late result of the utterance before.
        if end <= self.began && self.began > 0.0 {
            return Ok(Vec::new());
        }
        self.alive = true;
        let words = text(message, "/channel/alternatives/0/transcript").to_owned();
        if !flag("is_final") {
            self.open_words = !words.is_empty();
            return Ok(vec![Heard::Interim(words)]);
        }
        self.open_words = false;
        self.heard_to = self.heard_to.max(end);
        self.finalized |= self.asked && flag("from_finalize");
        let confidence = number(message, "/channel/alternatives/0/confidence").unwrap_or(1.0);
        Ok(vec![Heard::Segment {
            text: words,
            confidence,
        }])
    }

    fn is_complete(&self) -> bool {
        self.finalized || self.heard_to > self.began && self.heard_to + INSIGNIFICANT >= self.now()
    }

    fn settles(&self) -> Option<Duration> {
        if !self.alive && super::is_short(self.now() - self.began) {
            return Some(super::UNANSWERED);
        }
        (self.alive && !self.open_words).then_some(SETTLED)
    }

    fn final_to(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.heard_to - self.began).ok()
    }

    fn goodbye(&mut self) -> Option<Outgoing> {
        Some(json!({ "type": "CloseStream" }).into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::listening::sample_json;
    use super::*;

    fn nova() -> Nova {
        Nova {
            endpoint: Endpoint::new("deepgram", "http://host", Default::default()).unwrap(),
            path: String::new(),
            rate_hz: 8_000.0,
            sent: 0,
            began: 0.0,
            heard_to: 0.0,
            asked: false,
            finalized: false,
            open_words: false,
            alive: false,
        }
    }

    fn result(start: f64, words: &str, is_final: bool) -> Value {
        json!({
            "type": "Results", "start": start, "duration": 1.0, "is_final": is_final,
            "channel": { "alternatives": [{ "transcript": words, "confidence": 0.5 }] },
        })
    }

    #[test]
    fn an_answer_to_finalize_is_not_waited_for_when_all_was_heard() {
        let mut nova = nova();
        nova.begin();
        nova.audio(&[0; 8_000]);
        nova.end();
        assert!(!nova.is_complete());
        nova.hear(&result(0.0, "hello", true)).unwrap();
        assert!(nova.is_complete());
    }

    #[test]
    fn words_are_final_up_to_a_place_of_their_utterance() {
        let mut nova = nova();
        nova.begin();
        nova.audio(&[0; 16_000]);
        nova.end();
        nova.begin();
        nova.audio(&[0; 24_000]);
        nova.hear(&result(2.5, "hello", true)).unwrap();
        assert_eq!(nova.final_to(), Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn what_comes_late_does_not_belong_to_the_next_utterance() {
        let mut nova = nova();
        nova.begin();
        nova.audio(&[0; 8_000]);
        nova.end();
        nova.begin();
        nova.audio(&[0; 8_000]);
        assert_eq!(nova.hear(&result(0.0, "late", true)), Ok(vec![]));
        nova.end();
        assert!(!nova.is_complete());
        let heard = nova.hear(&result(1.0, "now", true)).unwrap();
        let text = "now".to_owned();
        let confidence = 0.5;
        assert_eq!(heard, [Heard::Segment { text, confidence }]);
        assert!(nova.is_complete());
    }

    #[test]
    fn a_short_utterance_may_stay_without_an_answer() {
        let mut nova = nova();
        nova.begin();
        nova.audio(&[0; 4_000]);
        nova.end();
        assert_eq!(nova.settles(), Some(super::super::UNANSWERED));
        nova.hear(&result(0.0, "hel", false)).unwrap();
        assert_eq!(nova.settles(), None);
    }

    #[test]
    fn only_a_provider_that_is_alive_and_owes_nothing_settles() {
        let mut nova = nova();
        nova.begin();
        nova.audio(&[0; 80_000]);
        nova.end();
        assert_eq!(nova.settles(), None);
        nova.hear(&result(0.0, "half a", false)).unwrap();
        assert_eq!(nova.settles(), None);
        nova.hear(&result(0.0, "half a sentence", true)).unwrap();
        assert_eq!(nova.settles(), Some(SETTLED));
    }

    proptest! {
        #[test]
        fn no_message_panics(message in sample_json()) {
            let mut nova = nova();
            nova.begin();
            let _ = nova.hear(&message);
            nova.end();
            let _ = (nova.hear(&message), nova.is_complete(), nova.settles());
        }
    }
}
