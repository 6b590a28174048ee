//! One descriptor a call: more than a shell usually allows.

use super::Failure;

/// What the process needs besides its calls.
#[cfg(unix)]
const OTHERS: u64 = 32;

/// Raises the limit of open files as far as it goes, and says so if that is not enough.
#[cfg(unix)]
pub(crate) fn make_room(calls: u32) -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let needed = u64::from(calls) + OTHERS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = match limit.maximum {
            Some(hard) => Some(hard.min(needed)),
            None => Some(needed),
        };
        // Whether it worked is seen below.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    match getrlimit(Resource::Nofile).current {
        Some(current) if current < needed => Err(Failure::usage(format_args!(
            "{calls} calls need {needed} open files, and this machine allows {current}"
        ))
        .advise(format_args!(
            "make fewer calls, or raise the limit: `ulimit -Hn {needed}` as root, or LimitNOFILE= of a service"
        ))),
        _ => Ok(()),
    }
}

/// No such limit.
#[cfg(not(unix))]
pub(crate) fn make_room(_calls: u32) -> Result<(), Failure> {
    Ok(())
}
