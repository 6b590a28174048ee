//! `[provider.NAME]`: what agents hear, think and speak with.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use crate::session::Price;

/// A provider of speech-to-text, a language model or a voice. `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderSettings {
    /// Its name, by which agents have it.
    pub name: String,
    /// Which provider it is.
    pub kind: ProviderKind,
    /// Where it is reached. Default: the provider's own servers.
    pub base_url: Option<String>,
    /// The key.
    pub key: Option<SecretString>,
    /// Whether the key goes into the header `api-key`, as Azure wants it.
    pub azure_key: bool,
    /// The model. At OpenAI the language model, in the file the one of the only role.
    pub model: Option<String>,
    /// The model of speech-to-text, at OpenAI.
    pub speech_to_text_model: Option<String>,
    /// The model of the voice, at OpenAI.
    pub text_to_speech_model: Option<String>,
    /// The model of speech to speech, at OpenAI and Gemini.
    pub speech_to_speech_model: Option<String>,
    /// The voice.
    pub voice: Option<String>,
    /// The language of callers and of the voice.
    pub language: Option<String>,
    /// Longest wait for an answer, and for each next part of it. 100 ms to 2 min, default 10 s.
    pub timeout: Option<Duration>,
    /// What it costs, if that is to be told.
    pub price: Option<Price>,
}

impl ProviderSettings {
    /// This provider, without a key and with its own defaults.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: ProviderKind) -> Self {
        Self {
            name: name.into(),
            kind,
            base_url: None,
            key: None,
            azure_key: false,
            model: None,
            speech_to_text_model: None,
            text_to_speech_model: None,
            speech_to_speech_model: None,
            voice: None,
            language: None,
            timeout: None,
            price: None,
        }
    }
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a key.
        f.debug_struct("ProviderSettings")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("model", &self.model)
            .field("voice", &self.voice)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// What an agent needs a provider for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderRole {
    /// It understands the caller.
    SpeechToText,
    /// It thinks.
    LanguageModel,
    /// It speaks.
    TextToSpeech,
    /// It does all three.
    SpeechToSpeech,
}

use ProviderRole::{LanguageModel, SpeechToSpeech, SpeechToText, TextToSpeech};

impl ProviderRole {
    /// The key of `[agent.NAME]`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            SpeechToText => "speech_to_text",
            LanguageModel => "language_model",
            TextToSpeech => "text_to_speech",
            SpeechToSpeech => "speech_to_speech",
        }
    }
}

/// Which provider it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderKind {
    /// Anthropic's messages.
    Anthropic,
    /// AssemblyAI's streaming.
    AssemblyAi,
    /// Cartesia's voices.
    Cartesia,
    /// Deepgram's streaming and its voices.
    Deepgram,
    /// Deepgram's Flux, which hears the end of a turn itself.
    DeepgramFlux,
    /// ElevenLabs' voices.
    ElevenLabs,
    /// Google's Gemini.
    Gemini,
    /// OpenAI, and what is compatible with it.
    OpenAi,
    /// OpenAI's realtime transcription.
    OpenAiRealtime,
    /// A Vosk websocket server.
    Vosk,
    /// A Wyoming server.
    Wyoming,
}

/// What there is to know of a kind.
struct Facts {
    word: &'static str,
    feature: &'static str,
    built_in: bool,
    roles: &'static [ProviderRole],
    /// The provider's own servers.
    base_url: Option<&'static str>,
    /// The header of the key, and what stands before it.
    key: Option<(&'static str, &'static str)>,
    /// The usual variable with the key.
    variable: &'static str,
}

impl ProviderKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Anthropic,
        Self::AssemblyAi,
        Self::Cartesia,
        Self::Deepgram,
        Self::DeepgramFlux,
        Self::ElevenLabs,
        Self::Gemini,
        Self::OpenAi,
        Self::OpenAiRealtime,
        Self::Vosk,
        Self::Wyoming,
    ];

    /// Its word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.facts().word
    }

    /// The feature that it needs.
    #[must_use]
    pub fn feature(self) -> &'static str {
        self.facts().feature
    }

    /// Whether this program has it.
    #[must_use]
    pub fn is_built_in(self) -> bool {
        self.facts().built_in
    }

    /// What it can be used for.
    #[must_use]
    pub fn roles(self) -> &'static [ProviderRole] {
        self.facts().roles
    }

    /// The environment variable that its key is mostly in, if it has keys.
    #[must_use]
    pub fn variable(self) -> Option<&'static str> {
        let facts = self.facts();
        facts.key.map(|_| facts.variable)
    }

    /// The address of the provider's own servers. `None`: everybody has a server of their own.
    #[must_use]
    pub fn base_url(self) -> Option<&'static str> {
        self.facts().base_url
    }

    /// The header of the key, and what stands before it there.
    #[cfg_attr(not(feature = "providers"), allow(dead_code))]
    pub(super) fn key_header(self) -> Option<(&'static str, &'static str)> {
        self.facts().key
    }

    fn facts(self) -> Facts {
        let hosted = |word, built_in, roles, base_url, key, variable| Facts {
            word,
            feature: word,
            built_in,
            roles,
            base_url: Some(base_url),
            key: Some(key),
            variable,
        };
        let own = |word, built_in, roles| Facts {
            word,
            feature: word,
            built_in,
            roles,
            base_url: None,
            key: None,
            variable: "",
        };
        match self {
            Self::Anthropic => hosted(
                "anthropic",
                cfg!(feature = "anthropic"),
                &[LanguageModel],
                "https://api.anthropic.com/v1",
                ("x-api-key", ""),
                "ANTHROPIC_API_KEY",
            ),
            Self::AssemblyAi => hosted(
                "assemblyai",
                cfg!(feature = "assemblyai"),
                &[SpeechToText],
                "https://streaming.assemblyai.com",
                ("authorization", ""),
                "ASSEMBLYAI_API_KEY",
            ),
            Self::Cartesia => hosted(
                "cartesia",
                cfg!(feature = "cartesia"),
                &[TextToSpeech],
                "https://api.cartesia.ai",
                ("authorization", "Bearer "),
                "CARTESIA_API_KEY",
            ),
            Self::Deepgram => hosted(
                "deepgram",
                cfg!(feature = "deepgram"),
                &[SpeechToText, TextToSpeech],
                "https://api.deepgram.com",
                ("authorization", "Token "),
                "DEEPGRAM_API_KEY",
            ),
            Self::DeepgramFlux => Facts {
                word: "deepgram-flux",
                roles: &[SpeechToText],
                ..Self::Deepgram.facts()
            },
            Self::ElevenLabs => hosted(
                "elevenlabs",
                cfg!(feature = "elevenlabs"),
                &[TextToSpeech],
                "https://api.elevenlabs.io",
                ("xi-api-key", ""),
                "ELEVENLABS_API_KEY",
            ),
            Self::Gemini => hosted(
                "gemini",
                cfg!(feature = "gemini"),
                &[LanguageModel, SpeechToSpeech],
                "https://generativelanguage.googleapis.com/v1beta",
                ("x-goog-api-key", ""),
                "GEMINI_API_KEY",
            ),
            Self::OpenAi => hosted(
                "openai",
                cfg!(feature = "openai"),
                &[SpeechToText, LanguageModel, TextToSpeech, SpeechToSpeech],
                "https://api.openai.com/v1",
                ("authorization", "Bearer "),
                "OPENAI_API_KEY",
            ),
            Self::OpenAiRealtime => Facts {
                word: "openai-realtime",
                roles: &[SpeechToText],
                ..Self::OpenAi.facts()
            },
            Self::Vosk => own("vosk", cfg!(feature = "vosk"), &[SpeechToText]),
            Self::Wyoming => own(
                "wyoming",
                cfg!(feature = "wyoming"),
                &[SpeechToText, TextToSpeech],
            ),
        }
    }
}
