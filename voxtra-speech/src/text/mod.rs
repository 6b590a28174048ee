//! What a model writes, on its way to the voice: whole sentences, without what nobody can say.

mod sentences;
mod speakable;

pub use self::sentences::Sentences;
pub use self::speakable::speakable;
