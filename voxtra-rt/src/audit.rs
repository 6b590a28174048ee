//! The audit log: refused peers and callers, and signs of an attack. Its lines have a target of
//! their own, so that they can be kept apart from the rest: `RUST_LOG=voxtra::audit=info`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// The target of every line of the audit log.
pub(crate) const TARGET: &str = "voxtra::audit";

/// How often a limiter lets a line through.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Lets one line a second through. Counters elsewhere count the events themselves.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<Option<Instant>>);

impl Limiter {
    /// Whether a line may be written now.
    pub(crate) fn allows(&self) -> bool {
        let now = Instant::now();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let allows = last.is_none_or(|last| now.duration_since(last) >= LOG_EVERY);
        if allows {
            *last = Some(now);
        }
        allows
    }
}

/// The part of an AudioSocket id that a log may hold: its first 8 digits tell it from others, the
/// 24 that are missing keep it secret.
pub(crate) fn short(id: Uuid) -> String {
    let (first, ..) = id.as_fields();
    format!("{first:08x}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_id_only_the_beginning_is_shown() {
        let id = Uuid::try_parse("40325ec2-5efd-4bd3-805f-53576e581d13");
        assert_eq!(short(id.unwrap()), "40325ec2…");
    }

    #[test]
    fn one_line_a_second_comes_through() {
        let limiter = Limiter::default();
        assert!(limiter.allows());
        assert!(!limiter.allows());
    }
}
