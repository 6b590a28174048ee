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
}

impl AttemptOutcome {
    /// Classifies an answer: 408, 425, 429 and 5xx are worth another attempt, 2xx is delivered, all
    /// else is final.
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
            404 | 410 => "check the path of its url",
            413 => "raise the body size that the receiver accepts",
            300..=399 => "redirects are not followed; set its url to the final address",
            _ => "see the receiver's log",
        };
        Self::Refused {
            reason: format!("it answered {status}; {advice}"),
        }
    }
}

/// The waits between the attempts at one event: exponential with jitter, so that receivers are not
/// hit in step.
#[derive(Debug)]
pub(super) struct Schedule {
    backoff: backon::ExponentialBackoff,
    longest: Duration,
}

impl Schedule {
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        use backon::BackoffBuilder as _;
        let backoff = backon::ExponentialBuilder::new()
            .with_min_delay(settings.first_backoff)
            .with_max_delay(settings.max_backoff)
            .with_jitter();
        let backoff = match settings.max_attempts {
            Some(most) => backoff
                .with_max_times(usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX)),
            None => backoff.without_max_times(),
        };
        Self {
            backoff: backoff.build(),
            longest: settings.max_backoff,
        }
    }

    /// How long to wait before the next attempt; `None` if `max_attempts` allows no further one. A
    /// receiver's `Retry-After` lengthens the wait, up to the longest back-off.
    pub(super) fn next(&mut self, after: Option<Duration>) -> Option<Duration> {
        let wait = self.backoff.next()?;
        Some(after.map_or(wait, |after| wait.max(after.min(self.longest))))
    }
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
    fn waits_double_up_to_the_longest_with_up_to_as_much_again_at_random() {
        let mut settings = WebhookSettings::new("http://localhost/".parse().unwrap());
        settings.max_attempts = Some(6);
        settings.first_backoff = Duration::from_millis(100);
        settings.max_backoff = Duration::from_millis(500);
        let mut schedule = Schedule::new(&settings);
        for base in [100, 200, 400, 500, 500].map(Duration::from_millis) {
            let wait = schedule.next(None).unwrap();
            assert!(wait >= base && wait <= base * 2, "{wait:?} for {base:?}");
        }
        assert_eq!(schedule.next(None), None);
    }

    #[test]
    fn a_receiver_may_lengthen_the_wait_but_not_beyond_the_longest() {
        let mut settings = WebhookSettings::new("http://localhost/".parse().unwrap());
        settings.first_backoff = Duration::from_millis(1);
        settings.max_backoff = Duration::from_secs(30);
        let mut schedule = Schedule::new(&settings);
        assert_eq!(
            schedule.next(Some(Duration::from_secs(5))),
            Some(Duration::from_secs(5))
        );
        assert_eq!(
            schedule.next(Some(Duration::from_secs(86_400))),
            Some(Duration::from_secs(30))
        );
    }
}
