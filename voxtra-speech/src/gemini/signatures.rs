//! What Gemini wants back with its tool calls.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes of signatures that are kept; the oldest go.
const MAX_KEPT: usize = 4 << 20;

/// The signatures of tool calls by their ids, shared by all clones of a model. A conversation has
/// no place for them.
#[derive(Clone, Default)]
pub(super) struct Signatures {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    signatures: VecDeque<(String, String)>,
    bytes: usize,
}

impl Signatures {
    pub(super) fn keep(&self, id: String, signature: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes = kept.bytes.saturating_add(id.len() + signature.len());
        kept.signatures.push_back((id, signature));
        while kept.bytes > MAX_KEPT
            && let Some((id, signature)) = kept.signatures.pop_front()
        {
            kept.bytes = kept.bytes.saturating_sub(id.len() + signature.len());
        }
    }

    /// The latest signature for this id.
    pub(super) fn of(&self, id: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest = kept.signatures.iter().rev();
        let (_, signature) = latest.find(|(of, _)| of == id)?;
        Some(signature.clone())
    }
}

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signatures").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go() {
        let signatures = Signatures::default();
        let long = "x".repeat(MAX_KEPT / 4);
        for id in 0..100 {
            signatures.keep(id.to_string(), long.clone());
        }
        signatures.keep("99".to_owned(), "newer".to_owned());
        assert_eq!(signatures.of("99").as_deref(), Some("newer"));
        assert_eq!(signatures.of("98"), Some(long));
        assert_eq!(signatures.of("90"), None);
        let kept = signatures.kept.lock().unwrap();
        let bytes = kept.signatures.iter().map(|(id, s)| id.len() + s.len());
        assert_eq!(bytes.sum::<usize>(), kept.bytes);
    }
}
