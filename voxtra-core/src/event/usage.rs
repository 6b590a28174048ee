//! What the providers of a call were used for, and what that costs.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Described, FieldDefault, FieldInfo, Schema};

/// What a provider did in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UsageRole {
    /// It understood the caller.
    SpeechToText,
    /// It thought.
    LanguageModel,
    /// It spoke.
    TextToSpeech,
    /// It did all three.
    SpeechToSpeech,
}

/// What a call used of one provider in one role.
///
/// Tokens are as the provider told them; whatever else there is was counted here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProviderUsage {
    /// The provider's name.
    pub provider: String,
    /// What it did.
    pub role: UsageRole,
    /// How often it was asked: for a reply, an utterance or a response; of speech-to-text, the
    /// utterances of the caller that it was given.
    pub requests: u64,
    /// Replies of which the provider has not told the tokens, since they were thrown away, were
    /// cut, or failed: what they cost is missing in `cost_micros`.
    pub untold: u64,
    /// Tokens of the requests.
    pub input_tokens: u64,
    /// Those of them that were in the provider's cache.
    pub cached_tokens: u64,
    /// Tokens of the replies.
    pub output_tokens: u64,
    /// How much audio of the caller it was given, in milliseconds.
    pub heard_ms: u64,
    /// How much audio it made, in milliseconds.
    pub spoken_ms: u64,
    /// How many characters it was given to speak.
    pub characters: u64,
    /// What that costs, in millionths of the currency. Absent where the provider has no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    /// The currency, such as `USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl ProviderUsage {
    /// Nothing yet.
    #[must_use]
    pub fn new(provider: impl Into<String>, role: UsageRole) -> Self {
        Self {
            provider: provider.into(),
            role,
            requests: 0,
            untold: 0,
            input_tokens: 0,
            cached_tokens: 0,
            output_tokens: 0,
            heard_ms: 0,
            spoken_ms: 0,
            characters: 0,
            cost_micros: None,
            currency: None,
        }
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// The amount, in millionths of the currency.
    pub micros: u64,
    /// The currency, such as `USD`.
    pub currency: String,
}

impl Cost {
    /// So many millionths of this currency.
    #[must_use]
    pub fn new(micros: u64, currency: impl Into<String>) -> Self {
        Self {
            micros,
            currency: currency.into(),
        }
    }
}

impl Described for UsageRole {
    const SCHEMA: Schema = Schema::OneOf(&[
        "speech_to_text",
        "language_model",
        "text_to_speech",
        "speech_to_speech",
    ]);
}

impl Described for ProviderUsage {
    const SCHEMA: Schema = Schema::Object(&[
        required("provider", "String", String::SCHEMA, "Its name."),
        required("role", "UsageRole", UsageRole::SCHEMA, "What it did."),
        count("requests", "How often it was asked."),
        count(
            "untold",
            "Replies of which the provider has not told the tokens.",
        ),
        count("input_tokens", "Tokens of the requests."),
        count(
            "cached_tokens",
            "Those of them that were in the provider's cache.",
        ),
        count("output_tokens", "Tokens of the replies."),
        count("heard_ms", "Audio that it was given, in milliseconds."),
        count("spoken_ms", "Audio that it made, in milliseconds."),
        count("characters", "Characters that it was given to speak."),
        optional(
            "cost_micros",
            "Option<u64>",
            Option::<u64>::SCHEMA,
            "What that costs, in millionths of the currency.",
        ),
        optional(
            "currency",
            "Option<String>",
            Option::<String>::SCHEMA,
            "The currency, such as `USD`.",
        ),
    ]);
}

impl Described for Cost {
    const SCHEMA: Schema = Schema::Object(&[
        count("micros", "The amount, in millionths of the currency."),
        required(
            "currency",
            "String",
            String::SCHEMA,
            "The currency, such as `USD`.",
        ),
    ]);
}

const fn count(name: &'static str, doc: &'static str) -> FieldInfo {
    required(name, "u64", u64::SCHEMA, doc)
}

/// A field that is always there.
pub(super) const fn required(
    name: &'static str,
    ty: &'static str,
    schema: Schema,
    doc: &'static str,
) -> FieldInfo {
    FieldInfo {
        name,
        ty,
        doc,
        schema,
        default: FieldDefault::Required,
    }
}

/// A field that may be missing.
pub(super) const fn optional(
    name: &'static str,
    ty: &'static str,
    schema: Schema,
    doc: &'static str,
) -> FieldInfo {
    FieldInfo {
        name,
        ty,
        doc,
        schema,
        default: FieldDefault::Json("null"),
    }
}
