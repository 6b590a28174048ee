//! What was heard as one picture: waveform, probabilities, thresholds and decisions over time, as
//! SVG.
//!
//! Long recordings are cut into rows, as a seismograph's drum is, so that a word is never narrower
//! than a few units. A row has at most a few points a unit however long it is.

mod row;

use std::fmt::{self, Write as _};

use voxtra_core::turn::TurnSettings;

use super::listen::Analysis;
use crate::clock::Clock;
use crate::markup::escape;
use row::{Row, Scale};

/// What the picture shows.
pub(super) struct Plot<'a> {
    /// The recording's name.
    pub(super) name: &'a str,
    /// The detector's.
    pub(super) detector: &'a str,
    /// The turn-taking that decided.
    pub(super) settings: &'a TurnSettings,
    /// What was listened to, at 8 kHz.
    pub(super) samples: &'a [i16],
    /// How long the recording is.
    pub(super) duration_ms: u64,
    pub(super) heard: &'a Analysis,
}

const STYLE: &str = include_str!("style.css");
/// Lengths are in the picture's own units: CSS pixels at full size.
const WIDTH: f64 = 1200.0;
const HEADER: f64 = 108.0;
const BOTTOM: f64 = 10.0;
/// A row is at most this long, as long as there are no more than `MOST_ROWS`.
const ROW_MS: u64 = 60_000;
const MOST_ROWS: u64 = 12;
/// Rows of more than one are as long as a multiple of this.
const ROW_STEP_MS: u64 = 5_000;
/// The shortest time that a picture shows.
const LEAST_MS: u64 = 1_000;
/// Characters of the recording's name that are shown.
const NAME: usize = 90;
/// A quieter recording is not drawn any larger: 40 dB below full scale.
const LEAST_PEAK: u16 = 328;

impl Plot<'_> {
    /// The picture: a file of its own, which refers to nothing.
    pub(super) fn to_svg(&self) -> String {
        let mut out = String::new();
        // A `String` takes whatever is written to it.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let (row_ms, rows) = rows(self.duration_ms.max(LEAST_MS));
        let peak = self.samples.iter().map(|s| s.unsigned_abs()).max();
        let scale = Scale {
            row_ms,
            compact: rows > 1,
            full_scale: f64::from(peak.unwrap_or(0).max(LEAST_PEAK)),
        };
        let height = HEADER + rows as f64 * scale.height() + BOTTOM;
        write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             style=\"max-width:100%;height:auto\" role=\"img\" aria-labelledby=\"title about\">\n\
             <title id=\"title\">Speech in {}</title>\n<desc id=\"about\">Waveform, probability of speech and the stretches of speech \
             over {} seconds.</desc>\n<style>\n{STYLE}</style>\n<rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
            escape(self.name),
            seconds(self.duration_ms),
        )?;
        self.header(out, &scale)?;
        let told = self.heard.told();
        for n in 0..rows {
            Row {
                plot: self,
                told: &told,
                scale: &scale,
                number: n,
                start_ms: n * row_ms,
                top: HEADER + n as f64 * scale.height(),
            }
            .write(out)?;
        }
        out.write_str("</svg>\n")
    }

    /// The name, what was found, and what is drawn how.
    fn header(&self, out: &mut String, scale: &Scale) -> fmt::Result {
        let found = match self.heard.segments.len() {
            1 => "1 stretch".to_owned(),
            many => format!("{many} stretches"),
        };
        writeln!(
            out,
            "<text class=\"title\" x=\"20\" y=\"34\">{}</text>\n<text class=\"soft\" x=\"20\" y=\"56\">{found} of speech, {} s of {} s \
             · detector {} · speech starts at {}, goes on at {}, ends after {} ms without</text>",
            escape(&shortened(self.name)),
            seconds(self.heard.speech_ms()),
            seconds(self.duration_ms),
            escape(self.detector),
            self.settings.start_threshold,
            self.settings.stop_threshold,
            self.settings.hangover_ms,
        )?;
        // Never above 0, and with a minus that is as wide as a digit.
        let below = -20.0 * (scale.full_scale / 32_768.0).log10();
        let legend = [
            (
                "<rect class=\"wave\" y=\"-6\" width=\"10\" height=\"4\"/><rect class=\"voice\" x=\"10\" y=\"-9\" width=\"10\" height=\"10\"/>",
                format!("waveform, full height −{below:.1} dBFS"),
            ),
            (
                "<rect class=\"speech\" y=\"-11\" width=\"20\" height=\"14\"/>",
                "speech".to_owned(),
            ),
            (
                "<path class=\"line\" d=\"M0 0H7V-8H20\"/>",
                "probability of each 20 ms".to_owned(),
            ),
            (
                "<rect class=\"told\" y=\"-8\" width=\"20\" height=\"8\" rx=\"2\"/>",
                "user.speech.started to user.speech.ended, as told to a call".to_owned(),
            ),
            (
                "<circle class=\"turn\" cx=\"12\" cy=\"-4\" r=\"5\"/>",
                "turn.ended".to_owned(),
            ),
        ];
        let mut x = 20.0;
        for (sign, words) in legend {
            writeln!(
                out,
                "<g transform=\"translate({x:.0} 86)\">{sign}<text class=\"soft\" x=\"27\">{words}</text></g>"
            )?;
            x += 27.0 + words.chars().count() as f64 * 6.1 + 22.0;
        }
        Ok(())
    }
}

/// How long each row is, and how many there are.
fn rows(duration_ms: u64) -> (u64, u64) {
    if duration_ms <= ROW_MS {
        return (duration_ms, 1);
    }
    let rows = duration_ms.div_ceil(ROW_MS).min(MOST_ROWS);
    let row_ms = duration_ms.div_ceil(rows).next_multiple_of(ROW_STEP_MS);
    (row_ms, duration_ms.div_ceil(row_ms))
}

/// Without the middle, if it is long.
fn shortened(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    match characters.len() {
        0..=NAME => name.to_owned(),
        all => {
            let begin: String = characters.iter().take(NAME / 2).collect();
            let end: String = characters.iter().skip(all - NAME / 2).collect();
            format!("{begin}…{end}")
        }
    }
}

fn seconds(ms: u64) -> String {
    format!("{:.2}", ms as f64 / 1000.0)
}

/// `0:01.20 – 0:02.00, 0.80 s`
fn span(start_ms: u64, end_ms: u64) -> String {
    format!(
        "{} – {}, {} s",
        Clock(start_ms),
        Clock(end_ms),
        seconds(end_ms.saturating_sub(start_ms))
    )
}

#[cfg(test)]
mod tests;
