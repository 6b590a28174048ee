//! Google's Gemini: the feature `gemini`.

mod model;
mod signatures;

pub use self::model::Model;
