//! How many files and sockets this process may have open.

/// Raises the process's soft limit of open files to `wanted`, as far as its hard limit allows, and
/// returns the limit in force. Never lowers it. A call takes one descriptor, and many systems start
/// a process with a soft limit of 1,024.
#[cfg(unix)]
pub fn allow_descriptors(wanted: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let soft = limit.current.unwrap_or(u64::MAX);
    let target = wanted.min(limit.maximum.unwrap_or(u64::MAX));
    if target <= soft {
        return soft;
    }
    let raised = Rlimit {
        current: Some(target),
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => target,
        Err(_) => soft,
    }
}

/// This system has no such limit.
#[cfg(not(unix))]
pub fn allow_descriptors(_wanted: u64) -> u64 {
    u64::MAX
}
