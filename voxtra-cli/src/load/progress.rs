//! The line on a terminal that says how a run goes, on a thread of its own: a terminal that is slow
//! must not delay a frame.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::generator::Plan;
use super::outcome::{Phase, Snapshot};
use super::report::ms;
use crate::terminal;

/// Shows snapshots while there are any.
pub(crate) struct ProgressLine {
    sender: Option<SyncSender<Snapshot>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressLine {
    /// Shows nothing unless a person looks on.
    pub(crate) fn start(plan: &Plan) -> Self {
        let nobody = Self {
            sender: None,
            thread: None,
        };
        if !terminal::shows_progress() {
            return nobody;
        }
        let (sender, snapshots) = mpsc::sync_channel(1);
        let (calls, seconds) = (plan.calls, plan.measure);
        match thread::Builder::new()
            .name("progress".into())
            .spawn(move || show(&snapshots, calls, seconds))
        {
            Ok(thread) => Self {
                sender: Some(sender),
                thread: Some(thread),
            },
            Err(_) => nobody,
        }
    }

    /// Where the generator sends its snapshots; `None` if nobody looks.
    pub(crate) fn sender(&self) -> Option<SyncSender<Snapshot>> {
        self.sender.clone()
    }

    /// Takes the line away.
    pub(crate) fn clear(mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
            terminal::overwrite("");
        }
    }
}

fn show(snapshots: &Receiver<Snapshot>, calls: u32, seconds: Duration) {
    let mut last: Option<Snapshot> = None;
    for now in snapshots {
        let rate = last.map_or(0.0, |last| {
            let passed = now.at.saturating_sub(last.at).as_secs_f64();
            now.frames.saturating_sub(last.frames) as f64 / passed.max(0.001)
        });
        terminal::overwrite(line(&now, rate, calls, seconds));
        last = Some(now);
    }
}

fn line(now: &Snapshot, rate: f64, calls: u32, seconds: Duration) -> String {
    let phase = match now.phase {
        Phase::Connecting => "connecting".to_owned(),
        Phase::WarmingUp => "warming up".to_owned(),
        Phase::Measuring => format!(
            "{:.0} of {:.0} s",
            now.measured.as_secs_f64(),
            seconds.as_secs_f64()
        ),
        Phase::Draining => "last echoes".to_owned(),
    };
    let p99 = match now.p99_us {
        Some(us) => format!(", turn-around p99 {}", ms(us)),
        None => String::new(),
    };
    format!(
        "{phase}: {} of {calls} calls up, {rate:.0} frames/s{p99}",
        now.up
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_known_so_far() {
        let mut now = Snapshot {
            phase: Phase::Connecting,
            at: Duration::from_secs(1),
            measured: Duration::ZERO,
            up: 250,
            frames: 0,
            p99_us: None,
        };
        let seconds = Duration::from_secs(30);
        assert_eq!(
            line(&now, 9_000.4, 500, seconds),
            "connecting: 250 of 500 calls up, 9000 frames/s"
        );
        now.phase = Phase::Measuring;
        now.measured = Duration::from_millis(12_100);
        now.p99_us = Some(1_234.0);
        assert_eq!(
            line(&now, 25_000.0, 500, seconds),
            "12 of 30 s: 250 of 500 calls up, 25000 frames/s, turn-around p99 1.23 ms"
        );
    }
}
