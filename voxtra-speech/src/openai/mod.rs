//! OpenAI, and what is compatible with it: the feature `openai`.

mod model;

pub use self::model::Model;
