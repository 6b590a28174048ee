use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::WebhookSettings;

/// The outcome of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AttemptOutcome {
    /// 2xx.
    Delivered,
    /// Worth another attempt; `after` is the receiver's `Retry-After`.
    Retry {
        reason: String,
        after: Option<Duration>,
    },
    /// The same bytes would get the same answer.
    Refused { reason: String },
    /// The receiver wants nothing more, ever.
    Gone { reason: String },
}

impl AttemptOutcome {
    /// Classifies an answer: 408, 425, 429 and 5xx are worth another attempt, 2xx is delivered, all
    /// else is final, and 410 for every event.
    pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Self {
        if status.is_success() {
            return Self::Delivered;
        }
        if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
            return Self::Retry {
                reason: format!("it answered {status}"),
                after: retry_after(headers, now),
            };
        }
        let advice = match status.as_u16() {
            401 | 403 => "check the secret and what the receiver expects",
            404 => "check the path of its url",
            410 => "its url is no longer in use",
            413 => "raise the body size that the receiver accepts, or lower that of a batch",
            415 => "the receiver does not read such a batch, or no gzip",
            300..=399 => "redirects are not followed; set its url to the final address",
            _ => "see the receiver's log",
        };
        let reason = format!("it answered {status}; {advice}");
        if status == StatusCode::GONE {
            return Self::Gone { reason };
        }
        Self::Refused { reason }
    }
}

/// How long to wait after so many failures at one event: a random part of a limit that doubles, so
/// that receivers are not hit in step. It is a tenth at least: at once, the trouble is the same.
pub(super) fn backoff(settings: &WebhookSettings, failures: u32) -> Duration {
    let factor = 2_u32.checked_pow(failures).unwrap_or(u32::MAX);
    let most = settings.first_backoff.saturating_mul(factor);
    let most = most.min(settings.max_backoff);
    most / 10 + random_below(most - most / 10)
}

/// A random time from nothing to `most`.
pub(super) fn random_below(most: Duration) -> Duration {
    use std::hash::{BuildHasher as _, RandomState};
    // Each state has keys of its own: what it makes of nothing is random enough to spread requests.
    let random = RandomState::new().hash_one(());
    let fraction = u32::try_from(random & 0xffff).unwrap_or_default();
    most.saturating_mul(fraction) / 0xffff
}

/// `Retry-After` as seconds or as an HTTP date (RFC 9110, section 10.2.3); anything else counts as
/// absent.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers
        .get(reqwest::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> AttemptOutcome {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert("retry-after", value.parse().unwrap());
        }
        let now = "2026-05-04T08:31:21Z".parse().unwrap();
        AttemptOutcome::of_answer(StatusCode::from_u16(status).unwrap(), &headers, now)
    }

    #[test]
    fn only_408_425_429_and_5xx_are_tried_again() {
        let retried: Vec<u16> = (200..600)
            .filter(|status| matches!(answer(*status, None), AttemptOutcome::Retry { .. }))
            .collect();
        let mut expected = vec![408, 425, 429];
        expected.extend(500..600);
        assert_eq!(retried, expected);
        for status in 200..300 {
            assert_eq!(answer(status, None), AttemptOutcome::Delivered);
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        for (header, expected) in [
            ("7", Some(7)),
            ("Mon, 04 May 2026 08:31:41 GMT", Some(20)),
            ("Mon, 04 May 2026 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-3", None),
        ] {
            let AttemptOutcome::Retry { after, .. } = answer(429, Some(header)) else {
                panic!("429 is tried again")
            };
            assert_eq!(after, expected.map(Duration::from_secs), "{header}");
        }
    }

    #[test]
    fn waits_are_a_random_part_of_a_limit_that_doubles_up_to_the_longest() {
        let mut settings = WebhookSettings::new("http://localhost/".parse().unwrap());
        settings.first_backoff = Duration::from_millis(100);
        settings.max_backoff = Duration::from_millis(500);
        for (failures, limit) in [(0, 100), (1, 200), (2, 400), (3, 500), (4, 500), (99, 500)] {
            let waits: Vec<_> = (0..200).map(|_| backoff(&settings, failures)).collect();
            let limit = Duration::from_millis(limit);
            assert!(waits.iter().all(|wait| (limit / 10..=limit).contains(wait)));
            // One in 10^9 runs would have none in a tenth of the range.
            assert!(waits.iter().any(|wait| *wait < limit / 5));
            assert!(waits.iter().any(|wait| *wait > limit / 10 * 9));
        }
    }
}
