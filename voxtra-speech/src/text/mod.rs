//! What a model writes, on its way to the voice: whole sentences, without what nobody can say.

mod sentences;
mod speakable;

pub use self::sentences::Sentences;
#[cfg(feature = "fallback")]
pub(crate) use self::sentences::sentences_of;
pub use self::speakable::speakable;
