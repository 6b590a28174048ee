//! What a server on this machine uses, from /proc: CPU time, memory and context switches of a
//! process and its children.

use std::fs;
use std::time::Duration;

/// The processes of a server: one and all that descend from it.
#[derive(Debug)]
pub(crate) struct Watch {
    process: u32,
    ticks_per_second: u64,
    page_bytes: u64,
}

/// What the processes have used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// In user and kernel mode.
    pub(crate) cpu: Duration,
    /// In memory now.
    pub(crate) resident_bytes: u64,
    /// Voluntary and not, of the threads that live.
    pub(crate) switches: u64,
}

/// What the processes used in the time that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) cpu: Duration,
    pub(crate) switches: u64,
    /// Before the first call.
    pub(crate) resident_before: u64,
    /// With all calls up, at the end.
    pub(crate) resident: u64,
}

impl Reading {
    /// What was used since `first`, and how memory grew since `before`.
    pub(crate) fn since(self, first: Self, before: Self) -> Use {
        Use {
            cpu: self.cpu.saturating_sub(first.cpu),
            switches: self.switches.saturating_sub(first.switches),
            resident_before: before.resident_bytes,
            resident: self.resident_bytes,
        }
    }
}

impl Watch {
    /// Watches a process; `None` if there is no such process, or no /proc.
    pub(crate) fn new(process: u32) -> Option<Self> {
        let watch = Self {
            process,
            ticks_per_second: ticks_per_second(),
            page_bytes: page_bytes(),
        };
        watch.read().map(|_| watch)
    }

    /// How things stand; `None` once the process is gone.
    pub(crate) fn read(&self) -> Option<Reading> {
        let all = processes();
        let root = all.iter().find(|stat| stat.process == self.process)?;
        let mut family = vec![*root];
        let mut done = 0;
        while let Some(parent) = family.get(done).map(|stat| stat.process) {
            family.extend(all.iter().filter(|stat| stat.parent == parent));
            done += 1;
        }
        let ticks: u64 = family.iter().map(|stat| stat.ticks).sum();
        Some(Reading {
            cpu: Duration::from_nanos(
                ticks.saturating_mul(1_000_000_000) / self.ticks_per_second.max(1),
            ),
            resident_bytes: family.iter().map(|stat| stat.pages * self.page_bytes).sum(),
            switches: family.iter().map(|stat| switches(stat.process)).sum(),
        })
    }
}

/// One line of /proc/PID/stat, as far as it is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    process: u32,
    parent: u32,
    /// CPU time of all its threads, the ended ones too, and of the children it has waited for, in
    /// clock ticks.
    ticks: u64,
    pages: u64,
}

fn processes() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|process| parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?))
        .collect()
}

/// proc_pid_stat(5). The name, in parentheses, may hold anything.
fn parse(line: &str) -> Option<Stat> {
    let (process, rest) = line.split_once(" (")?;
    let (_, fields) = rest.rsplit_once(") ")?;
    // The state is field 3 there, and the first here.
    let fields: Vec<&str> = fields.split(' ').collect();
    let field = |n: usize| fields.get(n.checked_sub(3)?)?.trim().parse::<u64>().ok();
    Some(Stat {
        process: process.parse().ok()?,
        parent: field(4)?.try_into().ok()?,
        ticks: (14..=17).map(field).sum::<Option<u64>>()?,
        pages: field(24)?,
    })
}

/// Context switches of a process's threads.
fn switches(process: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return 0;
    };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok())
        .map(|status| {
            status
                .lines()
                .filter_map(|line| line.split_once("voluntary_ctxt_switches:"))
                .filter_map(|(_, count)| count.trim().parse::<u64>().ok())
                .sum::<u64>()
        })
        .sum()
}

#[cfg(target_os = "linux")]
fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

#[cfg(target_os = "linux")]
fn page_bytes() -> u64 {
    rustix::param::page_size() as u64
}

#[cfg(not(target_os = "linux"))]
fn ticks_per_second() -> u64 {
    100
}

#[cfg(not(target_os = "linux"))]
fn page_bytes() -> u64 {
    4096
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_shifts_no_field() {
        let line =
            "17 (a) b (c) S 3 17 17 0 -1 4194560 1 2 3 4 100 20 7 5 20 0 1 0 99 8192 640 1\n";
        let wanted = Stat {
            process: 17,
            parent: 3,
            ticks: 132,
            pages: 640,
        };
        assert_eq!(parse(line), Some(wanted));
        assert_eq!(parse("17 (cut) S 3"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_and_its_child_are_read_and_one_that_is_not_there_is_not() {
        let own = Watch::new(std::process::id()).unwrap();
        let alone = own.read().unwrap();
        assert!(alone.resident_bytes > 0);
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        assert!(
            processes()
                .iter()
                .any(|stat| stat.process == child.id() && stat.parent == std::process::id())
        );
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(Watch::new(child.id()).is_none());
    }
}
