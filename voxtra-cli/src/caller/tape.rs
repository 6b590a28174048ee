//! What was said and heard during a call, laid out on one time axis.

use std::time::Duration;

/// A finished call, as the caller knows it. Times are since the first frame.
#[derive(Debug)]
pub(crate) struct Tape {
    /// Samples per second, of both sides.
    pub(crate) rate_hz: u32,
    /// Everything the caller sent, silence included.
    pub(crate) caller: Vec<i16>,
    /// Everything the caller heard, one after the other.
    pub(crate) heard: Vec<i16>,
    /// When each piece of `heard` arrived, and its samples.
    pub(crate) arrivals: Vec<Arrival>,
    /// How late each frame was sent against its deadline.
    pub(crate) lateness: Vec<Duration>,
    /// What the server sent that Asterisk would not have accepted, the first few.
    pub(crate) complaints: Vec<String>,
    /// How the call ended.
    pub(crate) ending: Ending,
    /// When it did.
    pub(crate) duration: Duration,
}

/// One audio frame as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When.
    pub(crate) at: Duration,
    /// How many samples it had.
    pub(crate) samples: usize,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The caller hung up.
    HungUp,
    /// The server asked for the end with a hang-up frame.
    ServerHungUp,
    /// The server closed the connection.
    ServerClosed,
    /// The connection broke.
    Broken(String),
    /// The user pressed Ctrl-C.
    Interrupted,
}

/// Less than this is jitter; more is a pause in which the server sent nothing.
const JITTER: Duration = Duration::from_millis(30);

impl Tape {
    /// What was heard, placed on the caller's time axis: silence where the server sent nothing,
    /// every sample there once.
    pub(crate) fn heard_in_time(&self) -> Vec<i16> {
        let jitter = samples_in(JITTER, self.rate_hz);
        let mut out = Vec::with_capacity(self.caller.len());
        let mut rest = self.heard.as_slice();
        let starts = starts(&self.arrivals, self.rate_hz);
        for (arrival, start) in self.arrivals.iter().zip(starts) {
            let (piece, tail) = rest.split_at(arrival.samples.min(rest.len()));
            rest = tail;
            if start > out.len() + jitter || out.is_empty() {
                out.resize(start, 0);
            }
            out.extend_from_slice(piece);
        }
        out
    }

    /// The frames-late figure that matters: the 99th percentile.
    pub(crate) fn lateness_p99(&self) -> Duration {
        let mut sorted = self.lateness.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * 99).div_ceil(100).saturating_sub(1);
        sorted.get(index).copied().unwrap_or_default()
    }

    /// The longest time between two audio frames heard.
    pub(crate) fn longest_gap(&self) -> Duration {
        self.arrivals
            .windows(2)
            .filter_map(|w| Some(w.get(1)?.at.saturating_sub(w.first()?.at)))
            .max()
            .unwrap_or_default()
    }
}

/// Where on the axis each frame belongs, in samples. Frames that were held up and then arrive
/// together belong to the times before their arrival: a frame's place is the latest one that puts
/// no frame after it behind that frame's own arrival.
fn starts(arrivals: &[Arrival], rate_hz: u32) -> Vec<usize> {
    let total: usize = arrivals.iter().map(|a| a.samples).sum();
    let mut before = total;
    let mut least = usize::MAX;
    let mut starts: Vec<usize> = arrivals
        .iter()
        .rev()
        .map(|a| {
            before -= a.samples;
            // How far behind a stream that began at zero this frame may be.
            least = least.min(samples_in(a.at, rate_hz).saturating_sub(before));
            before + least
        })
        .collect();
    starts.reverse();
    starts
}

/// How many samples this long a time has.
pub(crate) fn samples_in(time: Duration, rate_hz: u32) -> usize {
    (time.as_micros() * u128::from(rate_hz) / 1_000_000) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tape(arrivals: &[(u64, usize)]) -> Tape {
        let arrivals: Vec<_> = arrivals
            .iter()
            .map(|&(at, samples)| Arrival {
                at: Duration::from_millis(at),
                samples,
            })
            .collect();
        let total = arrivals.iter().map(|a| a.samples).sum();
        Tape {
            rate_hz: 8000,
            caller: Vec::new(),
            heard: (0..total).map(|n| n as i16 + 1).collect(),
            arrivals,
            lateness: Vec::new(),
            complaints: Vec::new(),
            ending: Ending::HungUp,
            duration: Duration::ZERO,
        }
    }

    fn silence(samples: &[i16]) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (i, _) in samples.iter().enumerate().filter(|(_, s)| **s == 0) {
            match runs.last_mut() {
                Some(run) if run.1 == i => run.1 += 1,
                _ => runs.push((i, i + 1)),
            }
        }
        runs
    }

    #[test]
    fn jitter_leaves_the_stream_whole() {
        let t = tape(&[(40, 160), (63, 160), (79, 160), (104, 160), (120, 160)]);
        assert_eq!(silence(&t.heard_in_time()), [(0, 312)]);
    }

    #[test]
    fn frames_that_were_held_up_go_where_they_belong() {
        // A stall of 100 ms, then all at once: no silence in between.
        let t = tape(&[
            (0, 160),
            (20, 160),
            (140, 160),
            (140, 160),
            (140, 160),
            (140, 160),
            (140, 160),
            (140, 160),
            (160, 160),
        ]);
        assert_eq!(silence(&t.heard_in_time()), []);
    }

    #[test]
    fn a_pause_of_the_server_becomes_silence() {
        let t = tape(&[(0, 160), (20, 160), (500, 160), (520, 160)]);
        assert_eq!(silence(&t.heard_in_time()), [(320, 4000)]);
    }

    #[test]
    fn percentile_and_gap() {
        let mut t = tape(&[(0, 160), (20, 160), (90, 160)]);
        assert_eq!(t.longest_gap(), Duration::from_millis(70));
        t.lateness = (1..=100).rev().map(Duration::from_micros).collect();
        assert_eq!(t.lateness_p99(), Duration::from_micros(99));
        t.lateness.clear();
        assert_eq!(t.lateness_p99(), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn every_sample_is_there_once_and_in_order(mut arrivals in prop::collection::vec((0..3000u64, 1..400usize), 0..50)) {
            arrivals.sort_by_key(|a| a.0);
            let t = tape(&arrivals);
            let heard: Vec<i16> = t.heard_in_time().into_iter().filter(|s| *s != 0).collect();
            prop_assert_eq!(heard, t.heard);
        }
    }
}
