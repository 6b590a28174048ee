//! The generator's own CPU time.

use std::time::Duration;

/// What the calling thread has used, in user and kernel mode.
#[cfg(unix)]
pub(crate) fn of_this_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}

/// Not known here.
#[cfg(not(unix))]
pub(crate) fn of_this_thread() -> Duration {
    Duration::ZERO
}
