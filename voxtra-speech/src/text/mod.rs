//! What a model writes, on its way to the voice: whole sentences, without what nobody can say.

mod sentences;

pub use self::sentences::Sentences;
