//! The figures of a run, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::generator::Plan;
use super::histogram::{Figures, Histogram};
use super::outcome::RunOutcome;
use crate::terminal::Paint;

/// The JSON object. All `_us` are microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Report<'a> {
    /// Always 1. Raised when a key changes its meaning.
    version: u32,
    address: String,
    /// Asked for.
    calls: u32,
    /// Up at once.
    calls_up: u32,
    /// Still up when the time was over.
    calls_up_at_end: u32,
    connect_errors: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_error: Option<String>,
    disconnected: Disconnected,
    rate_hz: u32,
    /// Measured.
    seconds: f64,
    interrupted: bool,
    frames_sent: u64,
    /// Were due, and the generator never got to them.
    frames_unsent: u64,
    frames_received: u64,
    /// Whether any frame came back. If not, the five figures below and the turn-around are `null`.
    echoes: bool,
    echoed: Option<u64>,
    lost: Option<u64>,
    late: Option<u64>,
    out_of_order: Option<u64>,
    corrupt: u64,
    misrouted: u64,
    stray: u64,
    /// Frames received for which Asterisk would have ended the call.
    violations: u64,
    turn_around_us: Option<Figures>,
    spacing_us: Option<Spacing>,
    own_lateness_us: Option<Figures>,
    own_busy_us: Option<Figures>,
    generator_cpu_us_per_frame: f64,
    /// Share of one core.
    generator_cpu_share: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Server>,
    turn_around_histogram: &'a Histogram,
    spacing_histogram: &'a Histogram,
    own_lateness_histogram: &'a Histogram,
}

/// Calls that were up, and that the server ended.
#[derive(Debug, Serialize)]
struct Disconnected {
    total: u32,
    /// The connection was closed or reset.
    closed: u32,
    /// By a hang-up frame.
    hung_up: u32,
    /// It did not read.
    stalled: u32,
}

#[derive(Debug, Serialize)]
struct Spacing {
    #[serde(flatten)]
    figures: Figures,
    /// Share of the frames within 2 ms of 20 ms, 0 to 1.
    within_2_ms: f64,
}

/// What the watched process used in the time that was measured.
#[derive(Debug, Serialize)]
struct Server {
    cpu_us_per_frame: f64,
    cpu_seconds: f64,
    /// Of one core; more than 1 if it used several.
    cpu_share: f64,
    context_switches_per_second: f64,
    rss_before_bytes: u64,
    rss_bytes: u64,
    rss_bytes_per_call: u64,
}

impl<'a> Report<'a> {
    pub(crate) fn new(plan: &Plan, outcome: &'a RunOutcome) -> Self {
        let tally = &outcome.tally;
        let echoes = tally.echoed > 0;
        let seconds = outcome.seconds.as_secs_f64();
        let per_frame = |cpu: f64| rounded(cpu * 1e6 / (tally.sent.max(1) as f64));
        let endings = &outcome.endings;
        Self {
            version: 1,
            address: plan.address.to_string(),
            calls: plan.calls,
            calls_up: outcome.calls_up,
            calls_up_at_end: outcome.calls_up_at_end,
            connect_errors: endings.not_connected,
            connect_error: endings.why_not.as_ref().map(ToString::to_string),
            disconnected: Disconnected {
                total: endings.by_the_server(),
                closed: endings.closed,
                hung_up: endings.hung_up,
                stalled: endings.stalled,
            },
            rate_hz: plan.rate.hz(),
            seconds: rounded(seconds),
            interrupted: outcome.interrupted,
            frames_sent: tally.sent,
            frames_unsent: outcome.unsent,
            frames_received: tally.received,
            echoes,
            echoed: echoes.then_some(tally.echoed),
            lost: echoes.then_some(tally.lost),
            late: echoes.then_some(tally.late),
            out_of_order: echoes.then_some(tally.out_of_order),
            corrupt: tally.corrupt,
            misrouted: tally.misrouted,
            stray: tally.stray,
            violations: outcome.violations,
            turn_around_us: tally.turn_around.figures(),
            spacing_us: tally.spacing.figures().map(|figures| Spacing {
                figures,
                within_2_ms: tally.even as f64 / (tally.spacing.count().max(1) as f64),
            }),
            own_lateness_us: outcome.lateness.figures(),
            own_busy_us: outcome.busy.figures(),
            generator_cpu_us_per_frame: per_frame(outcome.own_cpu.as_secs_f64()),
            generator_cpu_share: rounded(outcome.own_cpu.as_secs_f64() / seconds.max(1e-9)),
            server: outcome.server.map(|used| Server {
                cpu_us_per_frame: per_frame(used.cpu.as_secs_f64()),
                cpu_seconds: used.cpu.as_secs_f64(),
                cpu_share: rounded(used.cpu.as_secs_f64() / seconds.max(1e-9)),
                context_switches_per_second: rounded(used.switches as f64 / seconds.max(1e-9)),
                rss_before_bytes: used.resident_before,
                rss_bytes: used.resident,
                rss_bytes_per_call: used.resident.saturating_sub(used.resident_before)
                    / u64::from(outcome.calls_up.max(1)),
            }),
            turn_around_histogram: &tally.turn_around,
            spacing_histogram: &tally.spacing,
            own_lateness_histogram: &outcome.lateness,
        }
    }

    /// Writes it for people.
    pub(crate) fn write(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        let mut row = |label: &str, text: String| writeln!(out, "{label:<13}{text}");
        row(
            "calls",
            format!(
                "{} at {} Hz, {} up, measured for {:.1} s",
                self.calls, self.rate_hz, self.calls_up, self.seconds
            ),
        )?;
        if let Some(error) = &self.connect_error {
            row(
                "",
                format!("{} could not connect: {error}", self.connect_errors),
            )?;
        }
        let ended = &self.disconnected;
        if ended.total > 0 {
            row(
                "",
                format!(
                    "{} ended by the server: {} closed, {} hung up, {} because it did not read",
                    ended.total, ended.closed, ended.hung_up, ended.stalled
                ),
            )?;
        }
        row(
            "frames",
            format!(
                "{} sent, {} received",
                self.frames_sent, self.frames_received
            ),
        )?;
        match (self.turn_around_us, self.lost, self.late, self.out_of_order) {
            (Some(took), Some(lost), Some(late), Some(out_of_order)) => {
                row(
                    "",
                    format!(
                        "{lost} lost, {late} late, {out_of_order} out of order, {} corrupt",
                        self.corrupt + self.misrouted
                    ),
                )?;
                row("turn-around", paint.strong(with_max(&took)))?;
            }
            _ => row(
                "turn-around",
                "no echo: this server says something else".into(),
            )?,
        }
        if let Some(spacing) = &self.spacing_us {
            row(
                "spacing",
                format!(
                    "p50 {}  p99 {}  max {}, {:.2} % within 2 ms of 20 ms",
                    ms(spacing.figures.p50),
                    ms(spacing.figures.p99),
                    ms(spacing.figures.max),
                    spacing.within_2_ms * 100.0
                ),
            )?;
        }
        if self.violations > 0 {
            row(
                "",
                format!(
                    "{} frames received for which Asterisk would have ended the call",
                    self.violations
                ),
            )?;
        }
        if let Some(server) = &self.server {
            row(
                "server",
                format!(
                    "{:.1} µs CPU a frame, {:.0} % of a core, {} KiB a call, {:.0} context switches/s",
                    server.cpu_us_per_frame,
                    server.cpu_share * 100.0,
                    server.rss_bytes_per_call / 1024,
                    server.context_switches_per_second
                ),
            )?;
        }
        if let (Some(late), Some(busy)) = (&self.own_lateness_us, &self.own_busy_us) {
            row(
                "generator",
                paint.soft(format!(
                    "late by p50 {}  p99 {}  max {}, busy for p99 {}  max {}, {:.1} µs CPU a frame, {:.0} % of a core",
                    ms(late.p50),
                    ms(late.p99),
                    ms(late.max),
                    ms(busy.p99),
                    ms(busy.max),
                    self.generator_cpu_us_per_frame,
                    self.generator_cpu_share * 100.0
                )),
            )?;
        }
        Ok(())
    }
}

/// A generator that is later than this measures itself.
const TOO_LATE_US: f64 = 2_000.0;

/// What makes the figures doubtful.
pub(crate) fn warnings(plan: &Plan, outcome: &RunOutcome) -> Vec<String> {
    let mut warnings = Vec::new();
    if outcome.unsent > 0 {
        warnings.push(format!(
            "{} frames were due and never sent: {} calls are more than this machine can make",
            outcome.unsent, plan.calls
        ));
    } else if outcome.lateness.count() > 0 && outcome.lateness.quantile_us(0.99) > TOO_LATE_US {
        warnings.push(format!(
            "the generator itself was late (p99 {}): give it a core of its own, or make fewer calls",
            ms(outcome.lateness.quantile_us(0.99))
        ));
    }
    warnings
}

fn with_max(figures: &Figures) -> String {
    format!(
        "p50 {}  p90 {}  p99 {}  p99.9 {}  max {}",
        ms(figures.p50),
        ms(figures.p90),
        ms(figures.p99),
        ms(figures.p999),
        ms(figures.max)
    )
}

/// Microseconds as milliseconds, to three digits.
pub(crate) fn ms(us: f64) -> String {
    let ms = us / 1000.0;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
