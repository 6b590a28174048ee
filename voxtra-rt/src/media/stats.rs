//! Counters that media threads keep and any thread may read. All are relaxed: readers see recent
//! values.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::settings::Allocations;

/// A counter with one writer; adding needs no read-modify-write.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    pub(crate) fn add(&self, value: u64) {
        self.0.store(self.get().wrapping_add(value), Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Counters of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallStats {
    /// Audio frames received.
    pub frames_in: u64,
    /// Audio frames sent.
    pub frames_out: u64,
    /// Frames that the socket did not take because the peer reads too slowly.
    pub frames_dropped: u64,
    /// Protocol violations.
    pub violations: u64,
    /// Pauses of more than 100 ms between received frames.
    pub gaps: u64,
    /// 20 ms frames in which the agent was speaking but had no audio ready.
    pub underruns: u64,
    /// Frames sent more than one frame after their deadline.
    pub slips: u64,
    /// Samples of the agent that were discarded: cut by a barge-in or a flush.
    pub agent_samples_dropped: u64,
    /// Times the agent was held back because the caller might be interrupting it.
    pub agent_pauses: u64,
    /// Samples of the caller that a slow agent did not fetch in time.
    pub caller_samples_missed: u64,
    /// Records that a slow session did not fetch in time.
    pub records_missed: u64,
}

/// The live form of [`CallStats`].
#[derive(Debug, Default)]
pub(crate) struct CallCounters {
    pub(crate) frames_in: Counter,
    pub(crate) frames_out: Counter,
    pub(crate) frames_dropped: Counter,
    pub(crate) violations: Counter,
    pub(crate) gaps: Counter,
    pub(crate) underruns: Counter,
    pub(crate) slips: Counter,
    pub(crate) agent_samples_dropped: Counter,
    pub(crate) agent_pauses: Counter,
    pub(crate) caller_samples_missed: Counter,
    pub(crate) records_missed: Counter,
}

impl CallCounters {
    pub(crate) fn read(&self) -> CallStats {
        CallStats {
            frames_in: self.frames_in.get(),
            frames_out: self.frames_out.get(),
            frames_dropped: self.frames_dropped.get(),
            violations: self.violations.get(),
            gaps: self.gaps.get(),
            underruns: self.underruns.get(),
            slips: self.slips.get(),
            agent_samples_dropped: self.agent_samples_dropped.get(),
            agent_pauses: self.agent_pauses.get(),
            caller_samples_missed: self.caller_samples_missed.get(),
            records_missed: self.records_missed.get(),
        }
    }

    /// Adds a call's counters. Only one thread may call it, as each [`Counter`] has one writer.
    pub(crate) fn add(&self, call: &CallStats) {
        self.frames_in.add(call.frames_in);
        self.frames_out.add(call.frames_out);
        self.frames_dropped.add(call.frames_dropped);
        self.violations.add(call.violations);
        self.gaps.add(call.gaps);
        self.underruns.add(call.underruns);
        self.slips.add(call.slips);
        self.agent_samples_dropped.add(call.agent_samples_dropped);
        self.agent_pauses.add(call.agent_pauses);
        self.caller_samples_missed.add(call.caller_samples_missed);
        self.records_missed.add(call.records_missed);
    }
}

/// Why a connection was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum Refusal {
    /// The peer's address is not allowed.
    #[error("its address is not among the allowed peers (media.allow_peers)")]
    Peer,
    /// It had not presented an id yet, and another one needed the place (`media.max_pending`).
    #[error("too many connections have not presented an id, and it was the oldest of them")]
    Pending,
    /// As many calls as allowed are up, or the application has not yet taken those that have come.
    #[error("as many calls are up as media.max_calls allows, or too many have come at once")]
    Busy,
    /// Its peer has as many calls as allowed (`media.max_calls_per_peer`).
    #[error("its address has as many calls as media.max_calls_per_peer allows")]
    PeerBusy,
    /// No id came in time.
    #[error("it presented no id in time")]
    Timeout,
    /// The first message was not an id.
    #[error("its first message was not an id")]
    NotAnId,
    /// The id was neither issued nor allowed.
    #[error("its id was neither issued nor allowed")]
    UnknownId,
    /// The id was issued for another connection, which has or had it.
    #[error("a call has, or had, its id: somebody else may know it")]
    Claimed,
    /// The peer closed before it presented an id, or the socket failed.
    #[error("it closed the connection before it presented an id")]
    Gone,
    /// The process may not open any more files.
    #[error("the process has no file descriptor left for it")]
    Descriptors,
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Self; 10] = [
        Self::Peer,
        Self::Pending,
        Self::Busy,
        Self::PeerBusy,
        Self::Timeout,
        Self::NotAnId,
        Self::UnknownId,
        Self::Claimed,
        Self::Gone,
        Self::Descriptors,
    ];

    /// How many reasons there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// Its name in lists of counters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Pending => "pending",
            Self::Busy => "busy",
            Self::PeerBusy => "peer_busy",
            Self::Timeout => "timeout",
            Self::NotAnId => "not_an_id",
            Self::UnknownId => "unknown_id",
            Self::Claimed => "claimed",
            Self::Gone => "gone",
            Self::Descriptors => "descriptors",
        }
    }
}

/// Counters of a media server over all its calls.
#[derive(Debug, Default)]
pub struct MediaStats {
    pub(crate) calls: AtomicUsize,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: [AtomicU64; Refusal::COUNT],
    pub(crate) second_claims: AtomicU64,
    pub(crate) handling: Histogram,
    /// Sums over the calls whose connection is over. The notifier adds them up.
    pub(crate) ended: CallCounters,
    pub(crate) hot_allocations: AtomicU64,
    pub(crate) hot_frees: AtomicU64,
}

impl MediaStats {
    /// Calls that are up now.
    pub fn calls(&self) -> usize {
        self.calls.load(Relaxed)
    }

    /// Connections accepted since the start.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Connections refused since the start for this reason.
    pub fn refused(&self, reason: Refusal) -> u64 {
        self.refused
            .get(reason as usize)
            .map_or(0, |count| count.load(Relaxed))
    }

    /// Connections refused since the start, by reason; reasons with none are left out.
    pub fn refusals(&self) -> Vec<(Refusal, u64)> {
        let all = Refusal::ALL.map(|reason| (reason, self.refused(reason)));
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// How often an id that is good for one call was presented although another call has or had it.
    /// Each time is an alarm: somebody has seen the id. Ids that were allowed by name may come any
    /// number of times.
    pub fn second_claims(&self) -> u64 {
        self.second_claims.load(Relaxed)
    }

    pub(crate) fn count_refused(&self, reason: Refusal) {
        if let Some(count) = self.refused.get(reason as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// How long a media thread took for each piece of work on a call: usually one frame in or one
    /// out, system calls included.
    pub fn handling(&self) -> &Histogram {
        &self.handling
    }

    /// Sums of the counters of calls whose connection is over.
    pub fn ended_calls(&self) -> CallStats {
        self.ended.read()
    }

    /// Counts what a thread allocated and freed while it handled a connection.
    pub(crate) fn count_hot_path(&self, before: Allocations, after: Allocations) {
        // Usually nothing, so counting costs two reads of thread-local cells.
        if before != after {
            let allocated = after.allocated.wrapping_sub(before.allocated);
            let freed = after.freed.wrapping_sub(before.freed);
            self.hot_allocations.fetch_add(allocated, Relaxed);
            self.hot_frees.fetch_add(freed, Relaxed);
        }
    }

    /// Allocations and frees on the media path since the start, if a counting allocator is
    /// installed ([`MediaSettings::allocations`](super::MediaSettings::allocations)). Both are
    /// meant to be zero.
    pub fn hot_path_allocations(&self) -> (u64, u64) {
        (
            self.hot_allocations.load(Relaxed),
            self.hot_frees.load(Relaxed),
        )
    }
}

/// Durations counted in buckets an eighth of a power of two wide: a quantile is never too low, and
/// at most an eighth too high.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; Histogram::BUCKETS],
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Histogram {
    const STEPS: u64 = 8;
    const BUCKETS: usize = 8 * 40;

    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(Self::bucket(nanos)) {
            bucket.fetch_add(1, Relaxed);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    /// The duration below which a share `q` (0..=1) of all stayed; `None` if nothing was counted.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Relaxed))
            .collect();
        let total: u64 = counts.iter().sum();
        let wanted = ((total as f64) * q.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        counts.iter().enumerate().find_map(|(index, count)| {
            seen += count;
            (*count > 0 && seen >= wanted).then(|| Duration::from_nanos(Self::upper(index)))
        })
    }

    fn bucket(nanos: u64) -> usize {
        let nanos = nanos.max(Self::STEPS);
        let exponent = nanos.ilog2();
        let step = (nanos >> (exponent - 3)) - Self::STEPS;
        let index = u64::from(exponent - 3) * Self::STEPS + step;
        usize::try_from(index)
            .unwrap_or(usize::MAX)
            .min(Self::BUCKETS - 1)
    }

    fn upper(index: usize) -> u64 {
        let index = index as u64;
        (Self::STEPS + index % Self::STEPS + 1) << (index / Self::STEPS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_bucket() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        for (q, exact) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let got = histogram.quantile(q).unwrap().as_secs_f64() * 1e6;
            assert!(got >= exact && got <= exact * 1.125, "{q}: {got}");
        }
        assert_eq!(histogram.count(), 1000);
    }

    #[test]
    fn extremes_are_counted() {
        let histogram = Histogram::default();
        histogram.record(Duration::ZERO);
        histogram.record(Duration::MAX);
        assert_eq!(histogram.count(), 2);
        assert!(histogram.quantile(1.0).unwrap() > Duration::from_secs(1));
    }
}
