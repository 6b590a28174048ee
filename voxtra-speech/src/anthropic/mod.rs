//! Anthropic: the feature `anthropic`.

mod model;

pub use self::model::Model;
