//! Protocol violations: all are counted, at most one a second is reported.

use core::time::Duration;

use super::Port;
use crate::event::{Fault, Record, RecordBody};
use crate::time::Instant;

/// At most one fault record per this period; further faults are only counted.
pub(super) const FAULT_EVERY: Duration = Duration::from_secs(1);

/// Counts and reports a leg's violations.
pub(super) struct Faults<'a> {
    pub(super) now: Instant,
    pub(super) count: &'a mut u64,
    pub(super) last: &'a mut Option<Instant>,
}

impl Faults<'_> {
    /// Counts a violation, and reports it once per call: for a fault of every frame.
    pub(super) fn report_once<P: Port>(&mut self, fault: Fault, told: &mut bool, port: &mut P) {
        *self.count = self.count.wrapping_add(1);
        if !core::mem::replace(told, true) {
            *self.last = Some(self.now);
            port.record(Record {
                at: self.now,
                body: RecordBody::Fault(fault),
            });
        }
    }

    /// Counts a violation and reports it unless another was reported less than a second ago.
    pub(super) fn report<P: Port>(&mut self, fault: Fault, port: &mut P) {
        *self.count = self.count.wrapping_add(1);
        if self
            .last
            .is_some_and(|last| self.now.duration_since(last) < FAULT_EVERY)
        {
            return;
        }
        *self.last = Some(self.now);
        port.record(Record {
            at: self.now,
            body: RecordBody::Fault(fault),
        });
    }
}
