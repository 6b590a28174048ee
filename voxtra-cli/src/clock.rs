//! Times of a call as people read them.

use std::fmt;

/// Milliseconds, shown as minutes, seconds and hundredths: `0:03.42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock(pub(crate) u64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.0 / 10;
        // `pad` so that a width asked of the whole applies to the whole.
        f.pad(&format!(
            "{}:{:02}.{:02}",
            hundredths / 6000,
            hundredths / 100 % 60,
            hundredths % 100
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn reads_like_a_stop_watch() {
        assert_eq!(Clock(3429).to_string(), "0:03.42");
        assert_eq!(Clock(59_999).to_string(), "0:59.99");
        assert_eq!(Clock(600_000).to_string(), "10:00.00");
        assert_eq!(format!("[{:>9}]", Clock(0)), "[  0:00.00]");
    }
}
