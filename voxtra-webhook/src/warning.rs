use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Lets one log line through per [`INTERVAL`] and counts the suppressed ones, so that a dead
/// receiver cannot fill the log.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    held_back: u64,
}

impl Warnings {
    /// Whether to write a line now; if so, how many were suppressed since the last one.
    pub(super) fn admit(&self) -> Option<u64> {
        let now = Instant::now();
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if state
            .last
            .is_some_and(|last| now.duration_since(last) < INTERVAL)
        {
            state.held_back += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.held_back))
    }
}

const INTERVAL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lets_one_line_through_per_interval_and_says_how_many_it_held_back() {
        let warnings = Warnings::default();
        assert_eq!(warnings.admit(), Some(0));
        assert_eq!(warnings.admit(), None);
        assert_eq!(warnings.admit(), None);
        tokio::time::advance(INTERVAL).await;
        assert_eq!(warnings.admit(), Some(2));
        assert_eq!(warnings.admit(), None);
    }
}
