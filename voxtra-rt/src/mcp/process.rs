//! A server that is a program: started by us, ended with us.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, BufReader, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

use super::MAX_MESSAGE;
use super::secrets::Secrets;
use crate::lock::lock;

/// Variables that a program has from us. Others may be secrets of ours.
const INHERITED: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TERM",
    "SSL_CERT_FILE",
];

/// How long a program may take to end when its input has ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// Bytes of a line of its log that are kept, and lines a second that are passed on.
const LONGEST_LINE: usize = 1_024;
const LINES_A_SECOND: u32 = 20;

/// Lines of its log that are quoted when it has ended, and their bytes.
const LAST_LINES: usize = 3;
const QUOTED: usize = 300;

/// A running program. Dropped, it is killed, and whatever it has started with it.
pub(super) struct Process {
    child: Child,
    group: Group,
    last: Arc<Mutex<VecDeque<String>>>,
    logging: tokio::task::JoinHandle<()>,
}

impl Process {
    pub(super) fn start(
        server: &str,
        program: &Path,
        arguments: &[String],
        environment: &[(String, SecretString)],
        secrets: &Secrets,
    ) -> Result<(Self, Bounded<ChildStdout>, ChildStdin), String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(
                environment
                    .iter()
                    .map(|(name, value)| (name, value.expose_secret())),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own: Ctrl-C at a terminal is for us, who let calls end first; and whatever it
            // starts is killed with it.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| format!("{} can't be started: {error}", program.display()))?;
        let group = Group::of(&child);
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, child.stderr.take()) else {
            return Err("it has no input or output".to_owned());
        };
        let last = Arc::new(Mutex::new(VecDeque::new()));
        let logging = log(server.to_owned(), stderr, secrets.clone(), last.clone());
        let process = Self {
            child,
            group,
            last,
            logging: tokio::spawn(logging),
        };
        Ok((process, Bounded::new(stdout), stdin))
    }

    /// Waits for its end, and says how it ended. Cancel safe.
    pub(super) async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        // What it started would run on.
        self.group.kill();
        // Its last words are on their way; a heir may hold the pipe open.
        if !self.logging.is_finished() {
            let _ = tokio::time::timeout(FAREWELL, &mut self.logging).await;
        }
        let how = match status {
            Ok(status) => format!("it ended: {status}"),
            Err(error) => format!("it ended: {error}"),
        };
        self.with_last_words(how)
    }

    /// What went wrong, with what it said last.
    pub(super) fn with_last_words(&self, what: String) -> String {
        let last = lock(&self.last);
        let mut said = Vec::from_iter(last.iter().map(String::as_str)).join(" / ");
        if said.is_empty() {
            return what;
        }
        if said.chars().count() > QUOTED {
            said = said.chars().take(QUOTED).chain(['…']).collect();
        }
        format!("{what}: {said}")
    }

    /// Lets it end, now that its input has ended, and kills it if it doesn't.
    pub(super) async fn close(mut self) {
        let ended = tokio::time::timeout(FAREWELL, self.child.wait()).await;
        self.group.kill();
        if ended.is_err() {
            let _ = self.child.wait().await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.logging.abort();
    }
}

/// The process group of a program, killed when it is dropped.
struct Group(Option<rustix::process::Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    fn kill(&mut self) {
        // Once: afterwards its number may be another's.
        if let Some(group) = self.0.take() {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Passes on what a program writes to its log.
async fn log(
    server: String,
    stderr: ChildStderr,
    secrets: Secrets,
    last: Arc<Mutex<VecDeque<String>>>,
) {
    let mut reader = BufReader::new(stderr);
    let (mut since, mut lines, mut left_out) = (Instant::now(), 0_u32, 0_u64);
    while let Some(line) = next_line(&mut reader, &secrets).await {
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        if since.elapsed() >= Duration::from_secs(1) {
            if left_out > 0 {
                tracing::warn!(
                    server,
                    lines = left_out,
                    "an MCP server writes too much to its log"
                );
            }
            (since, lines, left_out) = (Instant::now(), 0, 0);
        }
        lines = lines.saturating_add(1);
        if lines > LINES_A_SECOND {
            left_out = left_out.saturating_add(1);
        } else {
            tracing::info!(server, line, "an MCP server says");
        }
        let mut last = lock(&last);
        if last.len() >= LAST_LINES {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    }
}

/// The beginning of the next line, without secrets and control characters.
async fn next_line<R: AsyncBufRead + Unpin>(reader: &mut R, secrets: &Secrets) -> Option<String> {
    // One that begins where the line is cut is read to its end.
    let most = LONGEST_LINE.saturating_add(secrets.longest());
    let (mut line, mut length) = (Vec::new(), 0_usize);
    let ended = loop {
        let read = reader.fill_buf().await.ok()?;
        if read.is_empty() {
            break false;
        }
        let (end, done) = match read.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at.saturating_add(1), true),
            None => (read.len(), false),
        };
        let room = most.saturating_sub(line.len());
        line.extend_from_slice(read.get(..end.min(room)).unwrap_or_default());
        length = length.saturating_add(end);
        reader.consume(end);
        if done {
            break true;
        }
    };
    let mut text = secrets.hide(&String::from_utf8_lossy(&line));
    if length > line.len() {
        // It may end with the beginning of a secret.
        let kept = text.len().saturating_sub(secrets.longest());
        text.truncate(text.floor_char_boundary(kept));
    }
    text.truncate(text.floor_char_boundary(LONGEST_LINE));
    let clean = text.replace(|c: char| c.is_control(), " ");
    Some(clean).filter(|text| ended || !text.is_empty())
}

/// What a program writes, as long as no line of it is too long: one that never ends is no message,
/// and the next one would not be found.
pub(super) struct Bounded<R> {
    inner: R,
    line: usize,
}

impl<R> Bounded<R> {
    fn new(inner: R) -> Self {
        Self { inner, line: 0 }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        let behind = read.iter().rev().position(|byte| *byte == b'\n');
        self.line = match behind {
            Some(behind) => behind,
            None => self.line.saturating_add(read.len()),
        };
        if self.line > MAX_MESSAGE {
            return Poll::Ready(Err(io::Error::other("a message is longer than 8 MiB")));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::McpSettings;

    #[tokio::test]
    async fn a_secret_is_not_in_the_log_wherever_a_line_is_cut() {
        let settings = McpSettings::command("crm", [""; 0]).secret("KEY", "s3cret-key");
        let secrets = Secrets::of(&settings);
        for before in LONGEST_LINE - 40..LONGEST_LINE + 40 {
            for behind in [0, 2_000] {
                // What is hidden before makes the line shorter.
                let start = "s3cret-key".repeat(3);
                let line = format!(
                    "{start}{}s3cret-key{}\nnext",
                    "x".repeat(before),
                    "y".repeat(behind)
                );
                let mut reader = line.as_bytes();
                let told = next_line(&mut reader, &secrets).await.unwrap();
                assert!(!told.contains("s3"), "{before} {behind}: {told}");
                assert!(told.len() <= LONGEST_LINE && told.len() > LONGEST_LINE / 2);
                let next = next_line(&mut reader, &secrets).await;
                assert_eq!(next.as_deref(), Some("next"));
                assert_eq!(next_line(&mut reader, &secrets).await, None);
            }
        }
    }
}
