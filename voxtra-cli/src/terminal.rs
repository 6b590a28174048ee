//! Colour, where a person looks on: never into a file or a pipe, nor where `NO_COLOR` is set
//! (<https://no-color.org>).

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Paints text for one stream, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// For what is written to stdout.
    pub(crate) fn stdout() -> Self {
        Self {
            on: wanted(io::stdout().is_terminal()),
        }
    }

    /// For what is written to stderr.
    pub(crate) fn stderr() -> Self {
        Self {
            on: wanted(io::stderr().is_terminal()),
        }
    }

    /// Never any colour.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { on: false };

    /// Always colour.
    #[cfg(test)]
    pub(crate) const COLOURED: Self = Self { on: true };

    /// An error.
    pub(crate) fn error(self, text: impl Display) -> String {
        self.with("1;31", text)
    }

    /// Success.
    pub(crate) fn good(self, text: impl Display) -> String {
        self.with("1;32", text)
    }

    /// A heading or a figure.
    pub(crate) fn strong(self, text: impl Display) -> String {
        self.with("1", text)
    }

    /// What may be overlooked.
    pub(crate) fn soft(self, text: impl Display) -> String {
        self.with("2", text)
    }

    /// The colour of an event's family.
    pub(crate) fn event(self, wire: &str, text: impl Display) -> String {
        let code = match wire {
            "barge_in" | "error" | "call.failed" => "1;31",
            "dtmf.received" => "35",
            "turn.ended" | "silence.detected" => "32",
            w if w.starts_with("user.") => "36",
            w if w.starts_with("agent.") => "33",
            _ => "2",
        };
        self.with(code, text)
    }

    fn with(self, code: &str, text: impl Display) -> String {
        if self.on {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}

/// Says something on stderr. That nobody reads it there is no reason to fail.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes something for as long as somebody reads it and at most a second: an unread pipe must not
/// keep anybody from leaving.
pub(crate) fn patiently(write: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let writer = thread::Builder::new().spawn(move || {
        write();
        let _ = done.send(());
    });
    if writer.is_ok() {
        let _ = wait.recv_timeout(Duration::from_secs(1));
    }
}

/// Shows a line of progress on stderr in place of the one before.
pub(crate) fn overwrite(line: impl Display) {
    let mut err = io::stderr();
    let _ = write!(err, "\r\x1b[K{line}").and_then(|()| err.flush());
}

/// Whether progress may be shown on stderr: only to a person.
pub(crate) fn shows_progress() -> bool {
    io::stderr().is_terminal()
}

fn wanted(is_terminal: bool) -> bool {
    let no_colour = env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|v| v == "dumb");
    is_terminal && !no_colour && !dumb
}
