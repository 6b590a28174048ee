//! AssemblyAI: <https://www.assemblyai.com/docs>.

mod session;

use secrecy::SecretString;
use url::form_urlencoded::Serializer;

use self::session::Session;
use super::listening::listen;
use super::{
    Endpoint, Feed, ListenOptions, Parts, ProviderError, Recognition, SpeechInput, SpeechToText,
    Timeouts,
};

/// Speech-to-text by AssemblyAI's streaming API (`v3/ws`), which hears the end of a turn itself and
/// tells it as [`Recognition::EndOfTurn`].
///
/// A session costs for as long as it is open, which is as long as the call.
#[derive(Clone, Debug)]
pub struct Transcriber {
    endpoint: Endpoint,
    model: Option<String>,
    language: Option<String>,
    end_of_turn: Option<f32>,
}

impl Transcriber {
    /// At AssemblyAI's own servers.
    ///
    /// # Errors
    /// The key is empty or can't be one.
    pub fn new(key: SecretString) -> Result<Self, ProviderError> {
        let base = "https://streaming.assemblyai.com";
        Endpoint::new("assemblyai", base, Timeouts::default())?
            .with_key("authorization", "", &key)
            .map(Self::at)
    }

    /// At another place: one that holds the API's `v3/ws`, such as
    /// `https://streaming.eu.assemblyai.com`.
    #[must_use]
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            model: None,
            language: None,
            end_of_turn: None,
        }
    }

    /// The model. Default: `universal-streaming-english` for calls in English or in no language,
    /// `universal-streaming-multilingual` for others.
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

    /// How sure the service must be that the turn is over, 0 to 1. Default: its own.
    #[must_use]
    pub fn end_of_turn(mut self, confidence: f32) -> Self {
        self.end_of_turn = Some(confidence);
        self
    }

    fn path(&self, options: &ListenOptions) -> String {
        let language = options.language.as_ref().or(self.language.as_ref());
        let english = language.is_none_or(|tag| {
            let language = tag.split(['-', '_']).next();
            language.is_some_and(|language| language.eq_ignore_ascii_case("en"))
        });
        let model = match &self.model {
            Some(model) => model.as_str(),
            None if english => "universal-streaming-english",
            None => "universal-streaming-multilingual",
        };
        let mut query = Serializer::for_suffix(String::from("v3/ws?"), "v3/ws?".len());
        query
            .append_pair("speech_model", model)
            .append_pair("encoding", "pcm_s16le")
            .append_pair("sample_rate", &options.rate_hz.to_string())
            .append_pair("format_turns", "false");
        if let Some(confidence) = self.end_of_turn {
            query.append_pair("end_of_turn_confidence_threshold", &confidence.to_string());
        }
        query.finish()
    }
}

impl SpeechToText for Transcriber {
    fn name(&self) -> &str {
        self.endpoint.provider()
    }

    fn listen(&self, options: ListenOptions, input: Feed<SpeechInput>) -> Parts<Recognition> {
        let dialect = Session::new(self.endpoint.clone(), self.path(&options), options.rate_hz);
        listen(dialect, &options, input)
    }
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers/assemblyai.md")]
struct Page;
