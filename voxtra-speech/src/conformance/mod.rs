//! Suites that test providers: the feature `conformance`.

pub mod model;
pub mod speech_to_speech;
pub mod speech_to_text;
pub mod voice;
