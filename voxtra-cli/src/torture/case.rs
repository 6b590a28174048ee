//! What a case is, and how it is judged.

use std::pin::Pin;
use std::time::Duration;

use super::target::{After, Target};
use super::{crowds, cuts, endings, floods, identity, timing, violations};

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass(String),
    Fail(String),
    Skip(String),
}

impl From<Result<String, String>> for Verdict {
    fn from(result: Result<String, String>) -> Self {
        match result {
            Ok(how) => Self::Pass(how),
            Err(why) => Self::Fail(why),
        }
    }
}

/// When a case runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// From the start, beside all others: it mostly waits.
    Beside,
    /// One after the other: it loads the server.
    InTurn,
}

type Work = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// One way to treat a server badly.
pub(crate) struct Case {
    pub(crate) family: &'static str,
    pub(crate) name: String,
    /// What it does.
    pub(crate) does: &'static str,
    /// What a good server does.
    pub(crate) good: &'static str,
    pub(crate) lane: Lane,
    pub(crate) run: Box<dyn FnOnce(Target) -> Work + Send>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The cases of one family, as they are written down.
pub(crate) struct Family {
    name: &'static str,
    cases: Vec<Case>,
}

impl Family {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            cases: Vec::new(),
        }
    }

    pub(crate) fn case<F>(
        self,
        name: impl Into<String>,
        lane: Lane,
        does: &'static str,
        good: &'static str,
        run: impl FnOnce(Target) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<String, String>> + Send + 'static,
    {
        self.judged(name, lane, does, good, move |target| {
            let work = run(target);
            async move { work.await.into() }
        })
    }

    /// A case that may also find that it can't judge.
    pub(crate) fn judged<F>(
        mut self,
        name: impl Into<String>,
        lane: Lane,
        does: &'static str,
        good: &'static str,
        run: impl FnOnce(Target) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        self.cases.push(Case {
            family: self.name,
            name: name.into(),
            does,
            good,
            lane,
            run: Box::new(move |target| Box::pin(run(target))),
        });
        self
    }
}

/// Every case, in the order of the table.
pub(crate) fn all() -> Vec<Case> {
    [
        identity::family(),
        violations::family(),
        cuts::family(),
        timing::rates(),
        timing::family(),
        endings::family(),
        crowds::family(),
        floods::family(),
    ]
    .into_iter()
    .flat_map(|family| family.cases)
    .collect()
}

/// Whatever was wrong with a call, it goes on or is ended, cleanly.
pub(crate) fn goes_on_or_ends(after: After) -> Result<String, String> {
    match after {
        After::Wrong(what) => Err(what),
        fine => Ok(fine.words()),
    }
}

/// The call must not notice.
pub(crate) fn goes_on(after: After) -> Result<String, String> {
    match after {
        After::GoesOn => Ok(after.words()),
        other => Err(other.words()),
    }
}

/// A duration as people read it.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// The same for short ones.
pub(crate) fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
