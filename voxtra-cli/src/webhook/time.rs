//! Times as people write and read them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Now, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A time in milliseconds since 1970: `2026-05-04T08:31:21Z`, or how long ago it was, such as `2h`.
pub(super) fn since(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let ago = duration(text).map_err(|_| {
        "neither a time such as 2026-05-04T08:31:21Z nor one ago such as 2h".to_owned()
    })?;
    let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    Ok(now().saturating_sub(ago))
}

/// A length of time, such as `90s`, `2h 30m` or `3d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let says = || "a length of time such as 90s, 2h or 3d".to_owned();
    let days = text
        .strip_suffix('d')
        .and_then(|days| days.trim().parse::<u64>().ok());
    if let Some(days) = days {
        return Ok(Duration::from_secs(days.saturating_mul(24 * 3_600)));
    }
    let length: SignedDuration = text.parse().map_err(|_| says())?;
    Duration::try_from(length).map_err(|_| says())
}

/// A time as it is written everywhere: `2026-05-04T08:31:21.123Z`.
pub(super) fn written(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

/// How long ago it was, in its largest unit: `12s`, `3m`, `2h`, `4d`.
pub(super) fn ago(ms: i64, now: i64) -> String {
    let seconds = now.saturating_sub(ms).max(0) / 1_000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_or_told_by_how_long_ago_it_was() {
        assert_eq!(since("1970-01-01T00:00:02Z"), Ok(2_000));
        let around = |text: &str| now() - since(text).unwrap();
        assert!((7_200_000..7_260_000).contains(&around("2h")));
        assert!((259_200_000..259_260_000).contains(&around("3d")));
        for text in ["", "yesterday", "-2h", "2026-05-04"] {
            assert!(since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let told = [0, 59, 60, 3_599, 3_600, 86_399, 86_400 * 9].map(|s| ago(0, s * 1_000));
        assert_eq!(told, ["0s", "59s", "1m", "59m", "1h", "23h", "9d"]);
        assert_eq!(ago(5_000, 0), "0s");
    }
}
