//! The server's process, as /proc shows it: descriptors, threads, memory, and how long its threads
//! waited for a core.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    /// Resident memory in KiB.
    pub(crate) memory_kib: u64,
}

impl Holdings {
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let figure = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|word| word.parse::<u64>().ok())
        };
        Ok(Self {
            descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
            threads: figure("Threads:")
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(0),
            memory_kib: figure("VmRSS:").unwrap_or(0),
        })
    }

    /// Waits until `done`, or so long; what the process holds then.
    pub(crate) fn settle(
        pid: u32,
        within: Duration,
        done: impl Fn(&Self) -> bool,
    ) -> io::Result<Self> {
        let end = Instant::now() + within;
        loop {
            let now = Self::of(pid)?;
            if done(&now) || Instant::now() >= end {
                return Ok(now);
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// How often waits are looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Looks at how long the server's threads, and the one here that hears its answers, wait for a
/// core: a busy machine makes them do so.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Waits>>,
}

impl Watch {
    /// `pid` is the server's, if it is known; `reader` the name of the thread here.
    pub(crate) fn start(pid: Option<u32>, reader: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let thread = thread::Builder::new()
            .name("watch".into())
            .spawn(move || look(pid, reader, &stopping))
            .ok();
        Self { stop, thread }
    }

    pub(crate) fn finish(self) -> Waits {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    }
}

/// What the longest-waiting thread waited, between one look and the next; by the time of the
/// second.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waits(Vec<(Instant, Duration)>);

impl Waits {
    #[cfg(test)]
    pub(crate) fn of(looks: Vec<(Instant, Duration)>) -> Self {
        Self(looks)
    }

    /// How long threads waited for a core in this time and as long before it: what piled up then
    /// delays what comes after. A wait is known at the look after it.
    pub(crate) fn within(&self, from: Instant, to: Instant) -> Duration {
        let long = to.saturating_duration_since(from);
        let begin = self.0.partition_point(|(at, _)| *at + long <= from);
        self.0
            .iter()
            .skip(begin)
            .take_while(|(at, _)| *at <= to + 2 * LOOK)
            .map(|(_, waited)| *waited)
            .sum()
    }
}

fn look(pid: Option<u32>, reader: &str, stop: &AtomicBool) -> Waits {
    let own = std::process::id();
    let reader = thread_named(own, reader);
    let mut before = [HashMap::new(), HashMap::new()];
    let mut waits = Waits::default();
    while !stop.load(Ordering::Relaxed) {
        let now = [
            pid.and_then(|pid| threads(pid, None).ok())
                .unwrap_or_default(),
            reader
                .as_deref()
                .and_then(|reader| threads(own, Some(reader)).ok())
                .unwrap_or_default(),
        ];
        // A frame waits for the server first, and then for us.
        let waited: u64 = now
            .iter()
            .zip(&before)
            .map(|(now, before)| longest(now, before))
            .sum();
        waits.0.push((Instant::now(), Duration::from_nanos(waited)));
        before = now;
        thread::sleep(LOOK);
    }
    waits
}

/// What the longest-waiting thread has waited since.
fn longest(now: &HashMap<String, u64>, before: &HashMap<String, u64>) -> u64 {
    now.iter()
        .filter_map(|(thread, waited)| Some(waited.saturating_sub(*before.get(thread)?)))
        .max()
        .unwrap_or(0)
}

/// The number of a process's thread with this name.
fn thread_named(pid: u32, name: &str) -> Option<String> {
    let mut tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let task = tasks.find(|task| {
        fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    })?;
    task.file_name().into_string().ok()
}

/// Nanoseconds that each thread has waited for a core since its start (the second figure of
/// schedstat, see proc(5) and the kernel's sched-stats.rst).
fn threads(pid: u32, only: Option<&str>) -> io::Result<HashMap<String, u64>> {
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    let numbers = match only {
        Some(number) => vec![number.to_owned()],
        None => fs::read_dir(&tasks)?
            .flatten()
            .filter_map(|task| task.file_name().into_string().ok())
            .collect(),
    };
    let waited = |number: &str| -> Option<u64> {
        let text = fs::read_to_string(tasks.join(number).join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse().ok()
    };
    Ok(numbers
        .into_iter()
        .filter_map(|number| waited(&number).map(|waited| (number, waited)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn it_sees_what_this_process_holds() {
        let before = Holdings::of(std::process::id()).unwrap();
        assert!(before.threads >= 1 && before.memory_kib > 100 && before.descriptors >= 3);
        let own = std::process::id();
        assert!(!threads(own, None).unwrap().is_empty());
        let listening = std::thread::Builder::new().name("an-reader".into());
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let reader = listening.spawn(move || told.recv()).unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        // A thread names itself, once it runs.
        while thread_named(own, "an-reader").is_none() && Instant::now() < end {
            thread::yield_now();
        }
        let number = thread_named(own, "an-reader").unwrap();
        assert_eq!(threads(own, Some(&number)).unwrap().len(), 1);
        drop(tell);
        let _ = reader.join();
    }

    #[test]
    fn waits_are_summed_over_the_looks_of_a_time() {
        let start = Instant::now();
        let at = |n: u64| start + Duration::from_millis(n);
        let ms = Duration::from_millis;
        let waits = Waits::of(vec![
            (at(10), ms(5)),
            (at(20), ms(1)),
            (at(30), ms(2)),
            (at(90), ms(50)),
        ]);
        assert_eq!(waits.within(at(10), at(15)), ms(8));
        assert_eq!(waits.within(at(15), at(20)), ms(3));
        assert_eq!(waits.within(at(0), at(100)), ms(58));
        assert_eq!(waits.within(at(95), at(100)), ms(0));
    }
}
