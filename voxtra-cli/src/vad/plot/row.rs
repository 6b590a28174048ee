//! One row of the picture: a stretch of the recording.

use std::fmt::{self, Write as _};

use super::super::listen::{FRAME_MS, FrameVerdict, RATE_HZ, Speech};
use super::{Plot, WIDTH, span};
use crate::clock::Clock;
use crate::waveform;

/// Where the time axis begins, and the space behind its end.
pub(super) const LEFT: f64 = 84.0;
const RIGHT: f64 = 24.0;
/// The time axis.
pub(super) const INNER: f64 = WIDTH - LEFT - RIGHT;
/// Columns of the probability's line; each has three points at most.
const COLUMNS: usize = INNER as usize;
const BETWEEN: f64 = 6.0;
const LANE: f64 = 8.0;
const AXIS: f64 = 34.0;
/// The least space between two times at the axis.
const TICK: f64 = 62.0;

/// What all rows have in common.
pub(super) struct Scale {
    /// The time that a row shows.
    pub(super) row_ms: u64,
    /// There are several rows.
    pub(super) compact: bool,
    /// The sample that is drawn at the band's edge.
    pub(super) full_scale: f64,
}

impl Scale {
    fn wave(&self) -> f64 {
        if self.compact { 76.0 } else { 150.0 }
    }

    fn probability(&self) -> f64 {
        if self.compact { 62.0 } else { 110.0 }
    }

    /// A row's height.
    pub(super) fn height(&self) -> f64 {
        self.wave() + BETWEEN + self.probability() + BETWEEN + LANE + AXIS
    }

    /// Milliseconds between two times at the axis.
    fn tick_ms(&self) -> u64 {
        let least = TICK / INNER * self.row_ms as f64;
        let steps = [
            100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000,
            600_000,
        ];
        let fits = steps.into_iter().find(|step| *step as f64 >= least);
        // Whole multiples of twenty minutes for recordings of days.
        fits.unwrap_or((least as u64).next_multiple_of(1_200_000))
    }
}

/// One row.
pub(super) struct Row<'a> {
    pub(super) plot: &'a Plot<'a>,
    /// What a call is told, and when.
    pub(super) told: &'a [Speech],
    pub(super) scale: &'a Scale,
    pub(super) number: u64,
    /// The time at its left end.
    pub(super) start_ms: u64,
    /// Its upper edge.
    pub(super) top: f64,
}

impl Row<'_> {
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        let (wave, probability) = (self.scale.wave(), self.scale.probability());
        let chances = self.chances();
        for (y, height) in [(self.top, wave), (chances, probability)] {
            writeln!(
                out,
                "<rect class=\"band\" x=\"{LEFT}\" y=\"{y}\" width=\"{INNER}\" height=\"{height}\" rx=\"4\"/>"
            )?;
        }
        if self.scale.compact {
            writeln!(
                out,
                "<text class=\"clock\" x=\"{}\" y=\"{}\">{}</text>",
                LEFT - 10.0,
                self.top + wave / 2.0 + 5.0,
                minutes(self.start_ms),
            )?;
        }
        self.axis(out)?;
        self.speech(out)?;
        self.wave(out)?;
        self.probability(out)?;
        self.thresholds(out)?;
        self.told(out)
    }

    fn end_ms(&self) -> u64 {
        self.start_ms + self.scale.row_ms
    }

    /// The upper edge of the probabilities.
    fn chances(&self) -> f64 {
        self.top + self.scale.wave() + BETWEEN
    }

    /// The upper edge of what is told.
    fn lane(&self) -> f64 {
        self.chances() + self.scale.probability() + BETWEEN
    }

    fn x(&self, t_ms: u64) -> f64 {
        let within = t_ms.clamp(self.start_ms, self.end_ms()) - self.start_ms;
        LEFT + within as f64 / self.scale.row_ms as f64 * INNER
    }

    fn y(&self, probability: f32) -> f64 {
        // One unit of space above 1 and below 0.
        let height = self.scale.probability() - 2.0;
        self.chances() + 1.0 + (1.0 - f64::from(probability).clamp(0.0, 1.0)) * height
    }

    /// What of these lies in this row, with its place and width.
    fn within(&self, spans: &[Speech]) -> Vec<(Speech, f64, f64)> {
        let (start, end) = (self.start_ms, self.end_ms());
        spans
            .iter()
            .filter(|span| span.start_ms < end && span.end_ms > start)
            .map(|span| {
                let x = self.x(span.start_ms);
                (*span, x, (self.x(span.end_ms) - x).max(1.0))
            })
            .collect()
    }

    fn axis(&self, out: &mut String) -> fmt::Result {
        let step = self.scale.tick_ms();
        let bottom = self.lane() + LANE;
        for t in (self.start_ms.next_multiple_of(step)..=self.end_ms()).step_by(step as usize) {
            let (x, seconds) = (self.x(t), t as f64 / 1000.0);
            writeln!(
                out,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{bottom}\"/>\
                 <text class=\"tick\" x=\"{x:.1}\" y=\"{}\">{seconds} s</text>",
                self.top,
                bottom + 15.0,
            )?;
        }
        Ok(())
    }

    /// The stretches of speech, behind everything else.
    fn speech(&self, out: &mut String) -> fmt::Result {
        for (span_of, x, width) in self.within(&self.plot.heard.segments) {
            let Speech { start_ms, end_ms } = span_of;
            writeln!(
                out,
                "<rect class=\"speech\" data-start-ms=\"{start_ms}\" data-end-ms=\"{end_ms}\" x=\"{x:.2}\" y=\"{}\" width=\"{width:.2}\" \
                 height=\"{}\"><title>speech {}</title></rect>",
                self.top,
                self.scale.wave() + BETWEEN + self.scale.probability(),
                span(start_ms, end_ms),
            )?;
        }
        Ok(())
    }

    /// The waveform, and once more what of it is speech.
    fn wave(&self, out: &mut String) -> fmt::Result {
        let per_ms = (RATE_HZ / 1000) as usize;
        let at = |t_ms: u64| (t_ms as usize).saturating_mul(per_ms);
        let rest = self.plot.samples.get(at(self.start_ms)..);
        let rest = rest.unwrap_or_default();
        let samples = rest.get(..at(self.scale.row_ms)).unwrap_or(rest);
        if samples.is_empty() {
            return Ok(());
        }
        let shown = samples.len() as f64 / (at(self.scale.row_ms) as f64).max(1.0);
        let half = self.scale.wave() / 2.0;
        let area = waveform::Area {
            left: LEFT,
            right: LEFT + shown * INNER,
            middle: self.top + half,
            half: half - 4.0,
            full_scale: self.scale.full_scale,
        };
        let n = self.number;
        write!(out, "<defs><path id=\"wave{n}\" d=\"")?;
        waveform::outline(samples, &area, out)?;
        writeln!(out, "\"/></defs>\n<use href=\"#wave{n}\" class=\"wave\"/>")?;
        let speech = self.within(&self.plot.heard.segments);
        if speech.is_empty() {
            return Ok(());
        }
        write!(out, "<clipPath id=\"speech{n}\">")?;
        for (_, x, width) in speech {
            write!(
                out,
                "<rect x=\"{x:.2}\" y=\"{}\" width=\"{width:.2}\" height=\"{}\"/>",
                self.top,
                2.0 * half
            )?;
        }
        writeln!(
            out,
            "</clipPath>\n<g clip-path=\"url(#speech{n})\"><use href=\"#wave{n}\" class=\"voice\"/></g>"
        )
    }

    fn thresholds(&self, out: &mut String) -> fmt::Result {
        let settings = self.plot.settings;
        let (start, stop) = (settings.start_threshold, settings.stop_threshold);
        // Above its line and below it, so that the words are apart when the lines are not.
        for (class, threshold, below) in [("start", start, 2.0), ("stop", stop, 7.0)] {
            let y = self.y(threshold);
            writeln!(
                out,
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"side {class}\" x=\"{}\" y=\"{:.1}\">{class} {threshold}</text>",
                LEFT + INNER,
                LEFT - 10.0,
                y + below,
            )?;
        }
        Ok(())
    }

    /// The line of probabilities, and the area below it.
    fn probability(&self, out: &mut String) -> fmt::Result {
        let at = |t_ms: u64| (t_ms / FRAME_MS) as usize;
        let frames = &self.plot.heard.frames;
        let rest = frames.get(at(self.start_ms)..).unwrap_or_default();
        let count = self.scale.row_ms.div_ceil(FRAME_MS) as usize;
        let frames = rest.get(..count).unwrap_or(rest);
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else {
            return Ok(());
        };
        let line = self.line(frames)?;
        let (left, right) = (self.x(first.t_ms), self.x(last.t_ms + FRAME_MS));
        let base = self.y(0.0);
        let begin = self.y(first.probability);
        writeln!(
            out,
            "<path class=\"area\" d=\"M{left:.1} {base:.1}V{begin:.1}{line}V{base:.1}H{left:.1}Z\"/>\n\
             <path class=\"line\" d=\"M{left:.1} {begin:.1}{line}H{right:.1}\"/>",
        )
    }

    /// A step for each frame, or the highest, lowest and last of each column when there are more
    /// frames than columns.
    fn line(&self, frames: &[FrameVerdict]) -> Result<String, fmt::Error> {
        let columns = frames.len().min(COLUMNS);
        let mut line = String::new();
        let mut pen = String::new();
        for column in 0..columns {
            let part = frames
                .get(column * frames.len() / columns..(column + 1) * frames.len() / columns)
                .unwrap_or_default();
            let (Some(first), Some(last)) = (part.first(), part.last()) else {
                continue;
            };
            let all = || part.iter().map(|frame| frame.probability);
            let highest = all().fold(0.0, f32::max);
            let lowest = all().fold(1.0, f32::min);
            let mut moved = false;
            for probability in [highest, lowest, last.probability] {
                let y = format!("{:.1}", self.y(probability));
                if y != pen {
                    if !moved {
                        // Where it was level until now.
                        write!(line, "H{:.1}", self.x(first.t_ms))?;
                        moved = true;
                    }
                    write!(line, "V{y}")?;
                    pen = y;
                }
            }
        }
        if let Some(last) = frames.last() {
            write!(line, "H{:.1}", self.x(last.t_ms + FRAME_MS))?;
        }
        Ok(line)
    }

    /// What a call is told, and when.
    fn told(&self, out: &mut String) -> fmt::Result {
        let y = self.lane();
        for (told, x, width) in self.within(self.told) {
            let Speech { start_ms, end_ms } = told;
            writeln!(
                out,
                "<rect class=\"told\" data-start-ms=\"{start_ms}\" data-end-ms=\"{end_ms}\" x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" \
                 height=\"{LANE}\" rx=\"2\"><title>user.speech.started {}, user.speech.ended {}</title></rect>",
                Clock(start_ms),
                Clock(end_ms),
            )?;
        }
        let ended = self.plot.heard.turns_ended_ms.iter();
        for t in ended.filter(|t| **t > self.start_ms && **t <= self.end_ms()) {
            writeln!(
                out,
                "<circle class=\"turn\" data-ms=\"{t}\" cx=\"{:.1}\" cy=\"{}\" r=\"5\"><title>turn.ended {}</title></circle>",
                self.x(*t),
                y + LANE / 2.0,
                Clock(*t),
            )?;
        }
        Ok(())
    }
}

/// `10:05`
fn minutes(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}
