//! OpenAI, and what is compatible with it: the feature `openai`.

mod chunks;
mod model;
mod thoughts;

pub use self::model::Model;
