//! Streaming recognition with the Flux models, which hear the end of a turn. Read on 2026-11-29:
//! <https://developers.deepgram.com/reference/speech-to-text/listen-flux>,
//! <https://developers.deepgram.com/docs/flux/state>,
//! <https://developers.deepgram.com/docs/flux/configuration> and
//! <https://developers.deepgram.com/docs/flux/voice-agent-eager-eot> (both on 2026-11-30),
//! <https://developers.deepgram.com/docs/flux/force-end-turn>,
//! <https://developers.deepgram.com/docs/flux/close-stream>; the fields of a message,
//! <https://github.com/deepgram/deepgram-rust-sdk/blob/main/src/common/flux_response.rs>.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::super::listening::{Dialect, Heard, Outgoing, listen, mean, number, pcm, text};
use super::super::net::Socket;
use super::super::{
    Endpoint, Feed, ListenOptions, Parts, ProviderError, ProviderErrorKind, Recognition,
    SpeechInput, SpeechToText,
};

/// Speech-to-text by Deepgram's Flux (`v2/listen`), which hears the end of a turn itself and tells
/// it as [`Recognition::EndOfTurn`].
///
/// It has no keep-alive message. A connection that it closes in a pause is opened again when the
/// caller speaks.
#[derive(Clone, Debug)]
pub struct FluxTranscriber {
    endpoint: Endpoint,
    model: Option<String>,
    language: Option<String>,
    keyterms: Vec<String>,
    end_of_turn: Option<f32>,
    likely_end: Option<f32>,
}

impl FluxTranscriber {
    /// At Deepgram's own servers.
    ///
    /// # Errors
    /// The key is empty or can't be one.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        super::endpoint(&key).map(Self::at)
    }

    /// At another place: one that holds the API's `v2/listen`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: None,
            language: None,
            keyterms: Vec::new(),
            end_of_turn: None,
            likely_end: None,
        }
    }

    /// The model. Default: `flux-general-en` for calls in English or in no language,
    /// `flux-general-multi` for others.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The language of calls that name none, such as `de`. Default: English.
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

    /// How sure Flux must be that the turn is over, 0.5 to 1. Default: its own, 0.7. With 1 it
    /// never is, and only the call ends turns.
    #[must_use]
    pub fn end_of_turn(mut self, confidence: f32) -> Self {
        self.end_of_turn = Some(confidence);
        self
    }

    /// How sure Flux must be to tell a [likely end](Recognition::LikelyEnd) of the turn, 0.3 to 0.9
    /// and no more than for its [end](Self::end_of_turn). Default: it tells none. Deepgram names
    /// 0.3 to 0.5 as usual: the lower, the earlier, and the more often it is taken back.
    #[must_use]
    pub fn likely_end_of_turn(mut self, confidence: f32) -> Self {
        self.likely_end = Some(confidence);
        self
    }

    fn path(&self, options: &ListenOptions) -> String {
        let language = options.language.as_ref().or(self.language.as_ref());
        let language = language.map(|tag| tag.split(['-', '_']).next().unwrap_or(tag));
        let english = language.is_none_or(|language| language.eq_ignore_ascii_case("en"));
        let model = match &self.model {
            Some(model) => model.as_str(),
            None if english => "flux-general-en",
            None => "flux-general-multi",
        };
        let mut query = Serializer::for_suffix(String::from("v2/listen?"), "v2/listen?".len());
        query
            .append_pair("model", model)
            .append_pair("encoding", "linear16")
            .append_pair("sample_rate", &options.rate_hz.to_string());
        if let (Some(language), true) = (language, model.ends_with("-multi")) {
            query.append_pair("language_hint", language);
        }
        if let Some(confidence) = self.end_of_turn {
            query.append_pair("eot_threshold", &confidence.to_string());
        }
        if let Some(confidence) = self.likely_end {
            query.append_pair("eager_eot_threshold", &confidence.to_string());
        }
        for term in &self.keyterms {
            query.append_pair("keyterm", term);
        }
        query.finish()
    }
}

impl SpeechToText for FluxTranscriber {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let dialect = Flux {
            endpoint: self.endpoint.clone(),
            path: self.path(&options),
            rate_hz: f64::from(options.rate_hz.max(1)),
            sent: 0,
            began: 0.0,
            heard_to: 0.0,
            turn: Turn::None,
            asked: false,
            answered: false,
            alive: false,
        };
        listen(dialect, &options, input)
    }
}

/// What is known of a connection. Its times are seconds of the audio that went through it.
struct Flux {
    endpoint: Endpoint,
    path: String,
    rate_hz: f64,
    /// Samples sent.
    sent: u64,
    /// Where the utterance begins.
    began: f64,
    /// Up to where there were messages.
    heard_to: f64,
    turn: Turn,
    /// `ForceEndTurn` was sent.
    asked: bool,
    /// It was answered.
    answered: bool,
    /// Anything has come for this utterance.
    alive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    None,
    Ongoing,
    Ended,
}

/// Flux tells what it heard every quarter of a second. `ForceEndTurn` is not answered when there is
/// no turn; then this much silence says so.
const SETTLED: Duration = Duration::from_millis(700);
/// A turn that Flux ended this far before the utterance's end, in seconds, holds all its words.
///
/// Flux has not told of the last quarter of a second yet, and an utterance ends with silence.
const TAIL: f64 = 0.35;

impl Flux {
    fn now(&self) -> f64 {
        self.sent as f64 / self.rate_hz
    }
}

impl Dialect for Flux {
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
        self.endpoint.websocket(&self.path).await
    }

    /// Pieces of 80 ms are recommended.
    fn pieces(&self) -> (Duration, Duration) {
        (Duration::from_millis(80), Duration::from_millis(240))
    }

    fn begin(&mut self) -> Vec<Outgoing> {
        self.began = self.now();
        self.heard_to = self.began;
        self.turn = Turn::None;
        self.asked = false;
        self.answered = false;
        self.alive = false;
        Vec::new()
    }

    fn audio(&mut self, samples: &[i16]) -> Outgoing {
        self.sent = self.sent.saturating_add(samples.len() as u64);
        Outgoing::Bytes(pcm(samples))
    }

    fn end(&mut self) -> Vec<Outgoing> {
        self.asked = true;
        if self.is_complete() {
            return Vec::new();
        }
        vec![json!({ "type": "ForceEndTurn" }).into()]
    }

    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError> {
        match text(message, "/type") {
            "TurnInfo" => {}
            "Error" => {
                let said = format!(
                    "{} {}",
                    text(message, "/code"),
                    text(message, "/description")
                );
                return Err(self.endpoint.error(ProviderErrorKind::Unavailable, &said));
            }
            _ => return Ok(Vec::new()),
        }
        let end = number(message, "/audio_window_end").unwrap_or(self.heard_to);
        // A late message of the utterance before.
        if end <= self.began && self.began > 0.0 {
            return Ok(Vec::new());
        }
        self.alive = true;
        self.heard_to = self.heard_to.max(end);
        let words = text(message, "/transcript").to_owned();
        let event = text(message, "/event");
        if event != "EndOfTurn" {
            if event == "StartOfTurn" || !words.is_empty() {
                self.turn = Turn::Ongoing;
            }
            return Ok(vec![match event {
                "EagerEndOfTurn" => Heard::LikelyEnd(words),
                "TurnResumed" => Heard::GoesOn(words),
                _ => Heard::Interim(words),
            }]);
        }
        self.turn = Turn::Ended;
        self.answered |= self.asked && text(message, "/trigger") == "manual";
        let mut heard = vec![Heard::Segment {
            confidence: confidence(message),
            text: words,
        }];
        // The call knows already.
        if !self.asked {
            heard.push(Heard::EndOfTurn);
        }
        Ok(heard)
    }

    fn is_complete(&self) -> bool {
        let heard = self.turn == Turn::Ended && self.heard_to + TAIL >= self.now();
        self.answered || self.asked && heard
    }

    fn settles(&self) -> Option<Duration> {
        if !self.alive && super::is_short(self.now() - self.began) {
            return Some(super::UNANSWERED);
        }
        (self.alive && self.turn != Turn::Ongoing).then_some(SETTLED)
    }

    fn final_to(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.heard_to - self.began).ok()
    }

    fn goodbye(&mut self) -> Option<Outgoing> {
        Some(json!({ "type": "CloseStream" }).into())
    }
}

/// The mean of the words' confidences.
fn confidence(message: &Value) -> f64 {
    let words = message.get("words").and_then(Value::as_array);
    mean(
        words
            .into_iter()
            .flatten()
            .filter_map(|word| number(word, "/confidence")),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::listening::sample_json;
    use super::*;

    fn flux() -> Flux {
        Flux {
            endpoint: Endpoint::new("deepgram", "http://host", Default::default()).unwrap(),
            path: String::new(),
            rate_hz: 8_000.0,
            sent: 0,
            began: 0.0,
            heard_to: 0.0,
            turn: Turn::None,
            asked: false,
            answered: false,
            alive: false,
        }
    }

    fn turn(event: &str, words: &str, end: f64) -> Value {
        json!({ "type": "TurnInfo", "event": event, "transcript": words, "audio_window_end": end })
    }

    #[test]
    fn a_likely_end_is_told_and_taken_back() {
        let mut flux = flux();
        flux.begin();
        flux.audio(&[0; 16_000]);
        let told = |flux: &mut Flux, event: &str, end: f64| {
            flux.hear(&turn(event, "hello there", end)).unwrap()
        };
        let words = || "hello there".to_owned();
        assert_eq!(told(&mut flux, "Update", 0.5), [Heard::Interim(words())]);
        let likely = told(&mut flux, "EagerEndOfTurn", 0.8);
        assert_eq!(likely, [Heard::LikelyEnd(words())]);
        let resumed = told(&mut flux, "TurnResumed", 1.2);
        assert_eq!(resumed, [Heard::GoesOn(words())]);
        assert_eq!(flux.end(), [json!({ "type": "ForceEndTurn" }).into()]);
    }

    #[test]
    fn a_likely_end_is_asked_for_only_where_it_is_wanted() {
        let key = SecretString::from("k");
        let flux = FluxTranscriber::new(key).unwrap();
        let options = ListenOptions::new(8_000);
        assert!(!flux.path(&options).contains("eager"));
        let path = flux.likely_end_of_turn(0.4).path(&options);
        assert!(path.contains("&eager_eot_threshold=0.4"), "{path}");
    }

    #[test]
    fn a_turn_that_has_ended_at_the_utterances_end_is_not_ended_again() {
        let mut flux = flux();
        flux.begin();
        flux.audio(&[0; 8_000]);
        let heard = flux.hear(&turn("EndOfTurn", "hello", 0.9)).unwrap();
        assert_eq!(heard.last(), Some(&Heard::EndOfTurn));
        assert_eq!(flux.end(), []);
        assert!(flux.is_complete());
    }

    #[test]
    fn what_flux_tells_four_times_a_second_reaches_to_the_utterances_end() {
        let mut flux = flux();
        flux.begin();
        flux.audio(&[0; 8_000]);
        flux.hear(&turn("EndOfTurn", "hello", 0.75)).unwrap();
        flux.audio(&[0; 640]);
        assert_eq!(flux.end(), []);
        assert!(flux.is_complete());
    }

    #[test]
    fn a_short_utterance_may_stay_without_an_answer() {
        let mut flux = flux();
        flux.begin();
        flux.audio(&[0; 1_600]);
        flux.end();
        assert_eq!(flux.settles(), Some(super::super::UNANSWERED));
        flux.hear(&turn("StartOfTurn", "y", 0.2)).unwrap();
        assert_eq!(flux.settles(), None);
    }

    #[test]
    fn words_behind_the_end_of_a_turn_are_waited_for() {
        let mut flux = flux();
        flux.begin();
        flux.audio(&[0; 8_000]);
        flux.hear(&turn("EndOfTurn", "hello", 0.9)).unwrap();
        flux.audio(&[0; 8_000]);
        flux.hear(&turn("StartOfTurn", "my", 1.5)).unwrap();
        assert_eq!(flux.end().len(), 1);
        assert!(!flux.is_complete());
        assert_eq!(flux.settles(), None);
        let heard = flux.hear(&turn("EndOfTurn", "my order", 2.0)).unwrap();
        // The call asked for it, and needs not be told.
        assert_eq!(heard.len(), 1);
        assert!(flux.is_complete());
    }

    proptest! {
        #[test]
        fn no_message_panics(message in sample_json()) {
            let mut flux = flux();
            flux.begin();
            let _ = flux.hear(&message);
            flux.end();
            let _ = (flux.hear(&message), flux.is_complete(), flux.settles());
        }
    }
}
