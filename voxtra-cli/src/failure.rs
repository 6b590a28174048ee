//! How a subcommand fails: what happened, what to do about it, and the exit status.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use super::terminal;

/// Why a subcommand did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was tried and did not work: status 1.
    Failed {
        message: String,
        advice: Option<String>,
    },
    /// What was asked makes no sense as it stands (arguments, configuration, input files): status
    /// 2.
    Usage {
        message: String,
        advice: Option<String>,
    },
    /// Ctrl-C: status 130, as shells expect.
    Interrupted,
    /// Whoever read our output has read enough: not an error.
    OutputClosed,
}

impl Failure {
    /// Something was tried and did not work.
    pub(crate) fn failed(message: impl Display) -> Self {
        Self::Failed {
            message: message.to_string(),
            advice: None,
        }
    }

    /// What was asked for can't be done as it stands.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::Usage {
            message: message.to_string(),
            advice: None,
        }
    }

    /// Adds what to do next.
    pub(crate) fn advise(mut self, what: impl Display) -> Self {
        if let Self::Failed { advice, .. } | Self::Usage { advice, .. } = &mut self {
            *advice = Some(what.to_string());
        }
        self
    }

    /// Says it on stderr.
    pub(crate) fn print(&self) {
        let paint = terminal::Paint::stderr();
        match self {
            Self::Failed { message, advice } | Self::Usage { message, advice } => {
                terminal::note(format_args!("{} {message}", paint.error("error:")));
                if let Some(advice) = advice {
                    terminal::note(format_args!("  {} {advice}", paint.soft("help:")));
                }
            }
            Self::Interrupted => terminal::note("interrupted"),
            Self::OutputClosed => {}
        }
    }

    /// The process's status.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed { .. } => ExitCode::from(1),
            Self::Usage { .. } => ExitCode::from(2),
            Self::Interrupted => ExitCode::from(130),
            Self::OutputClosed => ExitCode::SUCCESS,
        }
    }
}

/// Errors of writing results to stdout.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::failed(format_args!("can't write the output: {error}")),
        }
    }
}
