//! OpenAI, and what is compatible with it: the feature `openai`.

mod model;
mod thoughts;

pub use self::model::Model;
