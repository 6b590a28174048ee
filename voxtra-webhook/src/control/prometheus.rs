//! The figures as Prometheus reads them: its text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{EndpointState, EndpointStatus};

/// The figures of endpoints as text for Prometheus. Each has the labels `endpoint`, its name in the
/// store, and `url`, its scheme, host and port.
///
/// ```
/// let text = voxtra_webhook::control::prometheus(&[]);
/// assert!(text.contains("# TYPE webhook_events_delivered_total counter\n"));
/// ```
#[must_use]
pub fn prometheus(endpoints: &[EndpointStatus]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    written(endpoints, now)
}

/// A figure that is one number for each endpoint.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: fn(&EndpointStatus, i64) -> Option<f64>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has nothing but doubles"
)]
const FAMILIES: [Family; 13] = [
    Family {
        name: "webhook_up",
        kind: "gauge",
        help: "1 if the endpoint answers as far as is known, 0 if it is down or disabled.",
        value: |status, _| match status.state {
            EndpointState::Up => Some(1.0),
            EndpointState::Down { .. } | EndpointState::Disabled { .. } => Some(0.0),
            EndpointState::Stopped => None,
        },
    },
    Family {
        name: "webhook_disabled",
        kind: "gauge",
        help: "1 if the endpoint answered 410 and gets nothing more until the next start.",
        value: |status, _| {
            let is_disabled = matches!(status.state, EndpointState::Disabled { .. });
            Some(f64::from(u8::from(is_disabled)))
        },
    },
    Family {
        name: "webhook_events_accepted_total",
        kind: "counter",
        help: "Events accepted for the endpoint since the start.",
        value: |status, _| Some(status.accepted as f64),
    },
    Family {
        name: "webhook_events_delivered_total",
        kind: "counter",
        help: "Events answered with 2xx.",
        value: |status, _| Some(status.counters.delivered as f64),
    },
    Family {
        name: "webhook_attempts_retried_total",
        kind: "counter",
        help: "Attempts after the first one at an event.",
        value: |status, _| Some(status.counters.retries as f64),
    },
    Family {
        name: "webhook_events_refused_total",
        kind: "counter",
        help: "Events given up because of an answer that is not retried.",
        value: |status, _| Some(status.counters.refused as f64),
    },
    Family {
        name: "webhook_events_exhausted_total",
        kind: "counter",
        help: "Events given up because there was no more time for attempts.",
        value: |status, _| Some(status.counters.exhausted as f64),
    },
    Family {
        name: "webhook_events_dropped_total",
        kind: "counter",
        help: "Events that found no room, or became too old.",
        value: |status, _| Some(status.counters.dropped as f64),
    },
    Family {
        name: "webhook_events_abandoned_total",
        kind: "counter",
        help: "Events given up because shutting down took too long.",
        value: |status, _| Some(status.counters.abandoned as f64),
    },
    Family {
        name: "webhook_backlog_events",
        kind: "gauge",
        help: "Events that wait or are under way.",
        value: |status, _| Some(status.counters.queued as f64),
    },
    Family {
        name: "webhook_dead_letters",
        kind: "gauge",
        help: "Events that were given up and are kept.",
        value: |status, _| Some(status.dead as f64),
    },
    Family {
        name: "webhook_oldest_age_seconds",
        kind: "gauge",
        help: "How long the oldest event that waits has waited; 0 if none does.",
        value: |status, now| {
            let age = status.oldest.map_or(0, |oldest| now.saturating_sub(oldest));
            Some(age.max(0) as f64 / 1_000.0)
        },
    },
    Family {
        name: "webhook_down_since_seconds",
        kind: "gauge",
        help: "When the endpoint went down, in seconds since 1970.",
        value: |status, _| match status.state {
            EndpointState::Down { since, .. } | EndpointState::Disabled { since } => {
                Some(since as f64 / 1_000.0)
            }
            _ => None,
        },
    },
];

const LATENCY: &str = "webhook_delivery_seconds";

fn written(endpoints: &[EndpointStatus], now: i64) -> String {
    let mut text = String::new();
    for family in &FAMILIES {
        begin(&mut text, family.name, family.kind, family.help);
        for status in endpoints {
            if let Some(value) = (family.value)(status, now) {
                let _ = writeln!(text, "{}{{{}}} {value}", family.name, labels(status));
            }
        }
    }
    let help = "How long events took from being accepted to being delivered.";
    begin(&mut text, LATENCY, "histogram", help);
    for status in endpoints {
        histogram(&mut text, status);
    }
    text
}

fn begin(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn histogram(text: &mut String, status: &EndpointStatus) {
    let labels = labels(status);
    let mut sum = 0_u64;
    for bucket in &status.latency.buckets {
        sum = sum.saturating_add(bucket.count);
        let to = match bucket.to_ms {
            Some(ms) => seconds(ms).to_string(),
            None => "+Inf".to_owned(),
        };
        let _ = writeln!(text, "{LATENCY}_bucket{{{labels},le=\"{to}\"}} {sum}");
    }
    if status.latency.buckets.is_empty() {
        return;
    }
    let total = seconds(status.latency.sum_ms);
    let _ = writeln!(
        text,
        "{LATENCY}_sum{{{labels}}} {total}\n{LATENCY}_count{{{labels}}} {sum}"
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has nothing but doubles"
)]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

fn labels(status: &EndpointStatus) -> String {
    let url = status.url.as_deref().unwrap_or_default();
    format!(
        "endpoint=\"{}\",url=\"{}\"",
        escaped(&status.name),
        escaped(url)
    )
}

fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for c in value.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::WebhookCounters;
    use crate::figures::Figures;

    /// A sample: its name, its labels in order, its value.
    type Sample = (String, Vec<(String, String)>, f64);

    /// Reads the text as its format says, and nothing else.
    fn parsed(text: &str) -> (BTreeMap<String, String>, Vec<Sample>) {
        assert!(text.ends_with('\n'));
        let mut kinds = BTreeMap::new();
        let mut samples = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(
                    kinds.insert(name.to_owned(), kind.to_owned()).is_none(),
                    "{name} twice"
                );
            } else if !line.starts_with("# HELP ") {
                samples.push(sample(line));
            }
        }
        (kinds, samples)
    }

    fn sample(line: &str) -> Sample {
        let (name, rest) = line.split_once('{').unwrap();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        assert!(name.chars().all(is_name), "{name}");
        let mut rest = rest.chars();
        let mut labels = Vec::new();
        loop {
            let label: String = rest.by_ref().take_while(|c| *c != '=').collect();
            assert_eq!(rest.next(), Some('"'));
            let mut value = String::new();
            loop {
                match rest.next().unwrap() {
                    '"' => break,
                    '\\' => value.push(match rest.next().unwrap() {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("an escape \\{c}"),
                    }),
                    c => value.push(c),
                }
            }
            labels.push((label, value));
            match rest.next().unwrap() {
                ',' => {}
                '}' => break,
                c => panic!("{c} after a label"),
            }
        }
        let value: String = rest.collect();
        (name.to_owned(), labels, value.trim_start().parse().unwrap())
    }

    #[test]
    fn every_figure_is_read_back_with_its_type_and_labels() {
        let figures = Figures::default();
        for ms in [1, 4, 4, 90_000_000] {
            figures.delivered(Duration::from_millis(ms));
        }
        figures.accepted();
        figures.set_dead(3);
        figures.down(60_000, "it answered 503");
        let counters = WebhookCounters {
            delivered: 4,
            retries: 5,
            queued: 6,
            ..WebhookCounters::default()
        };
        let name = "a\"b\\c\nd";
        let status = figures.status(name, "https://example.com", counters, Some(90_000));
        let (kinds, samples) = parsed(&written(&[status], 100_500));
        let value = |wanted: &str| {
            let mut found = samples.iter().filter(|(name, ..)| name == wanted);
            let (_, labels, value) = found.next().unwrap();
            assert_eq!(
                labels.first(),
                Some(&("endpoint".to_owned(), name.to_owned()))
            );
            assert_eq!(labels[1].1, "https://example.com");
            assert!(found.next().is_none());
            *value
        };
        assert_eq!(value("webhook_events_delivered_total"), 4.0);
        assert_eq!(value("webhook_attempts_retried_total"), 5.0);
        assert_eq!(value("webhook_events_accepted_total"), 1.0);
        assert_eq!(value("webhook_backlog_events"), 6.0);
        assert_eq!(value("webhook_dead_letters"), 3.0);
        assert_eq!(value("webhook_oldest_age_seconds"), 10.5);
        assert_eq!(value("webhook_up"), 0.0);
        assert_eq!(value("webhook_down_since_seconds"), 60.0);
        assert_eq!(value("webhook_delivery_seconds_count"), 4.0);
        assert_eq!(value("webhook_delivery_seconds_sum"), 90_000.009);
        for (name, ..) in &samples {
            let of_histogram = name.rsplit_once('_').map(|(family, _)| family);
            let kind = kinds
                .get(name)
                .or(kinds.get(of_histogram.unwrap()))
                .unwrap();
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        }
    }

    #[test]
    fn the_buckets_of_a_histogram_count_all_that_is_shorter() {
        let figures = Figures::default();
        for ms in [1, 4, 4, 90_000_000] {
            figures.delivered(Duration::from_millis(ms));
        }
        let status = figures.status("a", "", WebhookCounters::default(), None);
        let (kinds, samples) = parsed(&written(&[status], 0));
        assert_eq!(kinds[LATENCY], "histogram");
        let buckets = samples
            .iter()
            .filter(|(name, ..)| name.ends_with("_bucket"));
        let buckets: Vec<_> = buckets
            .map(|(_, labels, count)| (labels[2].1.as_str(), *count))
            .collect();
        assert_eq!(
            buckets[..3],
            [("0.001", 1.0), ("0.002", 1.0), ("0.005", 3.0)]
        );
        assert_eq!(buckets.last(), Some(&("+Inf", 4.0)));
        assert!(buckets.is_sorted_by(|one, next| one.1 <= next.1));
    }
}
