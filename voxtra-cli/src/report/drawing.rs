//! The picture of a call, as SVG in units of its own.

use std::fmt::{self, Write as _};

use super::{Report, Side, family, lanes, waits};
use crate::clock::Clock;
use crate::markup::escape;
use crate::{event_words, waveform};

/// Picture units (CSS pixels at full size) per second, for calls long enough to need more than
/// `MIN_WIDTH`.
const UNITS_PER_SECOND: f64 = 46.0;
const MIN_WIDTH: f64 = 1180.0;
/// Empty space left and right.
pub(super) const MARGIN: f64 = 12.0;
const AXIS: f64 = 26.0;
const WAVE: f64 = 118.0;
const BETWEEN: f64 = 14.0;
const LANE: f64 = 19.0;
/// How high the bars of waits are.
const WAIT: f64 = 8.0;

/// The picture: where things are, in its own units.
pub(super) struct Drawing<'a> {
    report: &'a Report,
    /// Its width.
    pub(super) width: f64,
    /// The time it shows.
    pub(super) seconds: f64,
    labels: Vec<lanes::LabelPlace>,
    lanes: usize,
}

impl<'a> Drawing<'a> {
    /// Lays the picture out.
    pub(super) fn new(report: &'a Report) -> Self {
        let samples = report.caller.len().max(report.agent.len()) as f64;
        let audio = samples / f64::from(report.sample_rate.max(1));
        let last = report.events.iter().map(|e| e.t_ms).max().unwrap_or(0) as f64 / 1000.0;
        let seconds = audio.max(last).max(1.0);
        let width = (seconds * UNITS_PER_SECOND).max(MIN_WIDTH);
        let wanted: Vec<_> = report
            .events
            .iter()
            .map(|e| {
                (
                    x_at(e.t_ms as f64 / 1000.0, seconds, width),
                    lanes::text_width(&e.wire),
                )
            })
            .collect();
        let (labels, lanes) = lanes::place(&wanted, width);
        Self {
            report,
            width,
            seconds,
            labels,
            lanes,
        }
    }

    fn x(&self, t_ms: u64) -> f64 {
        x_at(t_ms as f64 / 1000.0, self.seconds, self.width)
    }

    /// Writes it.
    pub(super) fn draw(&self, out: &mut String) {
        let _ = self.write(out);
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let caller_top = AXIS;
        let agent_top = caller_top + WAVE + BETWEEN;
        let lanes_top = agent_top + WAVE + BETWEEN;
        let height = lanes_top + self.lanes as f64 * LANE + 8.0;
        let width = self.width;
        write!(
            out,
            "<svg id=\"picture\" viewBox=\"0 0 {width:.0} {height:.0}\" style=\"min-width:{:.0}px\" role=\"img\" aria-labelledby=\"pt pd\">\
             <title id=\"pt\">Waveforms and events of the call</title>\
             <desc id=\"pd\">The caller's waveform above, the agent's below, over {:.1} seconds. The table after the picture lists every event.</desc>",
            width * 0.82,
            self.seconds,
        )?;
        self.grid(out, lanes_top)?;
        for (side, top, samples, name) in [
            (Side::Caller, caller_top, &self.report.caller, "Caller"),
            (Side::Agent, agent_top, &self.report.agent, "Agent"),
        ] {
            self.wave(out, side, top, samples, name)?;
        }
        self.waits(out, agent_top - BETWEEN / 2.0)?;
        self.markers(out, caller_top, lanes_top)?;
        write!(
            out,
            "<line id=\"playhead\" x1=\"{MARGIN}\" x2=\"{MARGIN}\" y1=\"{:.0}\" y2=\"{lanes_top:.0}\"/></svg>",
            AXIS - 6.0,
        )
    }

    fn grid(&self, out: &mut String, bottom: f64) -> fmt::Result {
        let step = if self.seconds > 120.0 {
            10
        } else if self.seconds > 12.0 {
            2
        } else {
            1
        };
        out.push_str("<g class=\"grid\">");
        for s in 0..=(self.seconds.floor() as u64) {
            let x = self.x(s * 1000);
            let strong = s % step == 0;
            let class = if strong { " class=\"s\"" } else { "" };
            write!(
                out,
                "<line{class} x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{AXIS}\" y2=\"{bottom:.0}\"/>"
            )?;
            if strong {
                write!(
                    out,
                    "<text x=\"{x:.1}\" y=\"16\">{}:{:02}</text>",
                    s / 60,
                    s % 60
                )?;
            }
        }
        out.push_str("</g>");
        Ok(())
    }

    fn wave(
        &self,
        out: &mut String,
        side: Side,
        top: f64,
        samples: &[i16],
        name: &str,
    ) -> fmt::Result {
        let class = if side == Side::Caller {
            "caller"
        } else {
            "agent"
        };
        let inner = self.width - 2.0 * MARGIN;
        write!(
            out,
            "<g class=\"{class}\"><rect class=\"band\" x=\"{MARGIN}\" y=\"{top:.1}\" width=\"{inner:.1}\" height=\"{WAVE}\" rx=\"6\"/>"
        )?;
        for s in self.report.segments.iter().filter(|s| s.who == side) {
            let (a, b) = (self.x(s.start_ms), self.x(s.end_ms.max(s.start_ms)));
            write!(
                out,
                "<rect class=\"speech\" x=\"{a:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{WAVE}\" rx=\"3\"><title>{name} speaks {}–{}</title></rect>",
                (b - a).max(1.0),
                Clock(s.start_ms),
                Clock(s.end_ms),
            )?;
        }
        for &(from, to) in self.report.held.iter().filter(|_| side == Side::Agent) {
            let (a, b) = (self.x(from), self.x(to.max(from)));
            write!(
                out,
                "<rect class=\"held\" x=\"{a:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{WAVE}\" rx=\"3\"><title>{name} held {}–{}</title></rect>\
                 <text class=\"held\" x=\"{:.1}\" y=\"{:.1}\">held</text>",
                (b - a).max(1.0),
                Clock(from),
                Clock(to),
                a + 2.0,
                top + WAVE - 6.0,
            )?;
        }
        let peak = self
            .report
            .caller
            .iter()
            .chain(&self.report.agent)
            .map(|s| s.unsigned_abs())
            .max()
            .unwrap_or(0);
        let end = samples.len() as f64 / f64::from(self.report.sample_rate.max(1));
        let area = waveform::Area {
            left: MARGIN,
            right: x_at(end, self.seconds, self.width),
            middle: top + WAVE / 2.0,
            half: WAVE / 2.0 - 5.0,
            full_scale: f64::from(peak).max(4096.0),
        };
        out.push_str("<path class=\"wave\" d=\"");
        waveform::outline(samples, &area, out)?;
        write!(
            out,
            "\"/><text class=\"who\" x=\"{:.1}\" y=\"{:.1}\">{name}</text></g>",
            MARGIN + 9.0,
            top + 17.0
        )
    }

    /// The silences before answers, between the two waveforms, and what they consist of.
    fn waits(&self, out: &mut String, middle: f64) -> fmt::Result {
        for wait in waits::of(&self.report.events) {
            write!(out, "<g><title>{}</title>", escape(&wait.words))?;
            let mut from = wait.from_ms;
            for (class, to) in wait.parts {
                let (a, b) = (self.x(from), self.x(to));
                write!(
                    out,
                    "<rect class=\"wait {class}\" x=\"{a:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{WAIT}\"/>",
                    middle - WAIT / 2.0,
                    (b - a).max(1.0),
                )?;
                from = to;
            }
            out.push_str("</g>");
        }
        Ok(())
    }

    fn markers(&self, out: &mut String, top: f64, lanes_top: f64) -> fmt::Result {
        // Every line before any label: a label's background then covers the lines that pass behind
        // it.
        for (i, (e, label)) in self.report.events.iter().zip(&self.labels).enumerate() {
            let y = lanes_top + label.lane as f64 * LANE;
            let x = label.mark;
            write!(
                out,
                "<line class=\"mark {}\" data-i=\"{i}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.1}\" y2=\"{:.1}\"/>",
                family(&e.wire),
                y + LANE - 6.0
            )?;
        }
        for (i, (e, label)) in self.report.events.iter().zip(&self.labels).enumerate() {
            let y = lanes_top + label.lane as f64 * LANE;
            write!(
                out,
                "<g class=\"label {}\" data-i=\"{i}\"><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text><title>{} {} {}</title></g>",
                family(&e.wire),
                label.left,
                y + 1.0,
                label.width,
                LANE - 3.0,
                label.left + lanes::PAD,
                y + LANE - 6.5,
                escape(&e.wire),
                Clock(e.t_ms),
                escape(&e.wire),
                escape(&event_words::of(&e.data)),
            )?;
        }
        Ok(())
    }
}

fn x_at(seconds: f64, of: f64, width: f64) -> f64 {
    MARGIN + (seconds / of).clamp(0.0, 1.0) * (width - 2.0 * MARGIN)
}
