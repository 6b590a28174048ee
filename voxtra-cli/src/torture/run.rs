//! Runs the cases: those that wait all at once, those that load the server one after the other, the
//! well-behaved call beside them, and the look at the process before and after.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::case::{Case, Lane, Verdict, millis, seconds};
use super::process::Holdings;
use super::results::{Figures, Held, Results, Row, Spread};
use super::steady::{Account, LateFrame, Steady, quantile};
use super::target::{Manner, Target};
use crate::{Failure, terminal};

/// A case that isn't over after so long has hung.
const LONGEST: Duration = Duration::from_secs(60);
/// How long a server may take to let go of what a run has made it hold.
const SETTLE: Duration = Duration::from_secs(15);
/// What an allocator may keep for itself after thousands of connections.
const MEMORY_KIB: u64 = 32 * 1024;

/// A case that has ended.
struct Done {
    index: usize,
    verdict: Verdict,
    began: Instant,
    ended: Instant,
}

pub(super) async fn run(
    target: Target,
    pid: Option<u32>,
    cases: Vec<Case>,
) -> Result<Results, Failure> {
    let began = Instant::now();
    let before = look(pid, None).await;
    let steady = Steady::start(target, pid).map_err(Failure::failed)?;
    let names: Vec<(&'static str, String, Lane)> = cases
        .iter()
        .map(|case| (case.family, case.name.clone(), case.lane))
        .collect();
    let done = run_cases(target, cases, &names).await;
    let account = spawn_blocking(move || steady.finish())
        .await
        .map_err(|error| Failure::failed(format_args!("the well-behaved call broke: {error}")))?;
    let after = look(pid, before).await;

    let mut rows: Vec<Row> = names
        .iter()
        .enumerate()
        .map(|(index, (family, name, _))| {
            let verdict = done
                .iter()
                .find(|done| done.index == index)
                .map_or(Verdict::Fail("it did not end".into()), |done| {
                    done.verdict.clone()
                });
            Row::new(family, name.as_str(), verdict)
        })
        .collect();
    let during = |late: &LateFrame| {
        let running = done.iter().find(|done| {
            names
                .get(done.index)
                .is_some_and(|(.., lane)| *lane == Lane::InTurn)
                && done.began <= late.at + late.took
                && late.at <= done.ended
        });
        running
            .and_then(|done| names.get(done.index))
            .map_or("between the cases", |(_, name, _)| name.as_str())
    };
    rows.push(Row::new(
        "throughout",
        "well-behaved-call",
        well_behaved(target, &account, during),
    ));
    rows.extend(afterwards(pid, before, after));
    let held = |holdings: Holdings| Held {
        descriptors: holdings.descriptors,
        threads: holdings.threads,
        memory_kib: holdings.memory_kib,
    };
    Ok(Results {
        address: target.address.to_string(),
        manner: target.manner.word(),
        seconds: began.elapsed().as_secs_f64(),
        rows,
        well_behaved_call: figures(&account),
        process: before
            .zip(after)
            .map(|(before, after)| [held(before), held(after)]),
    })
}

async fn run_cases(
    target: Target,
    cases: Vec<Case>,
    names: &[(&'static str, String, Lane)],
) -> Vec<Done> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut in_turn = Vec::new();
    for (index, case) in cases.into_iter().enumerate() {
        match case.lane {
            Lane::Beside => {
                tokio::spawn(one(target, index, case, tell.clone()));
            }
            Lane::InTurn => in_turn.push((index, case)),
        }
    }
    tokio::spawn(async move {
        for (index, case) in in_turn {
            one(target, index, case, tell.clone()).await;
        }
    });
    let mut done: Vec<Done> = Vec::new();
    while let Some(one) = told.recv().await {
        done.push(one);
        if terminal::shows_progress() {
            let failed = done
                .iter()
                .filter(|done| matches!(done.verdict, Verdict::Fail(_)))
                .count();
            let open: Vec<&str> = names
                .iter()
                .enumerate()
                .filter(|(index, _)| done.iter().all(|done| done.index != *index))
                .map(|(_, (_, name, _))| name.as_str())
                .take(4)
                .collect();
            terminal::overwrite(format_args!(
                "{} of {} done, {failed} failed; {}",
                done.len(),
                names.len(),
                open.join(", ")
            ));
        }
    }
    if terminal::shows_progress() {
        terminal::overwrite("");
    }
    done
}

async fn one(target: Target, index: usize, case: Case, tell: mpsc::UnboundedSender<Done>) {
    let began = Instant::now();
    let verdict = tokio::time::timeout(LONGEST, (case.run)(target))
        .await
        .unwrap_or_else(|_| {
            Verdict::Fail(format!(
                "it did not come to an end within {}",
                seconds(LONGEST)
            ))
        });
    let _ = tell.send(Done {
        index,
        verdict,
        began,
        ended: Instant::now(),
    });
}

/// What the process holds: when it has settled after the first call, or when it is back to what it
/// was.
async fn look(pid: Option<u32>, before: Option<Holdings>) -> Option<Holdings> {
    let pid = pid?;
    spawn_blocking(move || match before {
        None => {
            std::thread::sleep(Duration::from_millis(500));
            Holdings::of(pid)
        }
        Some(before) => Holdings::settle(pid, SETTLE, |now| {
            now.descriptors <= before.descriptors && now.threads <= before.threads
        }),
    })
    .await
    .ok()?
    .ok()
}

fn well_behaved<'a>(
    target: Target,
    account: &Account,
    during: impl Fn(&LateFrame) -> &'a str,
) -> Verdict {
    if let Some(trouble) = &account.trouble {
        return Verdict::Fail(trouble.clone());
    }
    if target.manner == Manner::Listens {
        return Verdict::Skip(format!(
            "{} frames were taken; the server sends none to judge by",
            account.sent
        ));
    }
    let spread = format!(
        "{} p50 {}, p99 {}, max {}",
        if target.manner == Manner::Echoes {
            "turn-around"
        } else {
            "spacing"
        },
        millis(quantile(&account.figures, 0.5)),
        millis(quantile(&account.figures, 0.99)),
        millis(quantile(&account.figures, 1.0)),
    );
    let excused = match account.excused {
        0 => String::new(),
        n => format!("; {n} late for which the machine is to blame"),
    };
    if let Some(worst) = account.late.iter().max_by_key(|late| late.took) {
        return Verdict::Fail(format!(
            "{} late, the worst {} during {} (the machine's part {}), {} lost of {}; {spread}{excused}",
            account.late.len(),
            millis(worst.took),
            during(worst),
            millis(worst.machine),
            account.lost,
            account.sent,
        ));
    }
    if account.lost > 0 || account.received == 0 {
        return Verdict::Fail(format!(
            "{} of {} frames lost; {spread}{excused}",
            account.lost, account.sent
        ));
    }
    Verdict::Pass(format!(
        "{} frames, none lost, none late; {spread}{excused}",
        account.sent
    ))
}

fn afterwards(pid: Option<u32>, before: Option<Holdings>, after: Option<Holdings>) -> Vec<Row> {
    let rows = |verdicts: [Verdict; 3]| -> Vec<Row> {
        ["descriptors", "threads", "memory"]
            .into_iter()
            .zip(verdicts)
            .map(|(name, verdict)| Row::new("afterwards", name, verdict))
            .collect()
    };
    let (Some(before), Some(after)) = (before, after) else {
        let verdict = match pid {
            None => Verdict::Skip("needs --pid".into()),
            Some(pid) => Verdict::Fail(format!("process {pid} is gone")),
        };
        return rows(std::array::from_fn(|_| verdict.clone()));
    };
    let back = |before: usize, after: usize| {
        if after <= before {
            Verdict::Pass(format!("{before} before, {after} after"))
        } else {
            Verdict::Fail(format!(
                "{before} before, {after} after, {} later",
                seconds(SETTLE)
            ))
        }
    };
    let mib = |kib: u64| kib as f64 / 1024.0;
    let memory = format!(
        "{:.1} MiB before, {:.1} MiB after",
        mib(before.memory_kib),
        mib(after.memory_kib)
    );
    rows([
        back(before.descriptors, after.descriptors),
        back(before.threads, after.threads),
        if after.memory_kib <= before.memory_kib + MEMORY_KIB {
            Verdict::Pass(memory)
        } else {
            Verdict::Fail(memory)
        },
    ])
}

fn figures(account: &Account) -> Figures {
    Figures {
        frames_sent: account.sent,
        frames_received: account.received,
        lost: account.lost,
        late: account.late.len(),
        late_by_the_machine: account.excused,
        server_us: Spread::of(&account.figures),
        control_us: Spread::of(&account.control),
        own_lateness_us: Spread::of(&account.own_lateness),
    }
}
