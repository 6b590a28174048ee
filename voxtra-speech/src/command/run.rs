use std::collections::VecDeque;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::voice::audio::{LONGEST, Pcm16};
use super::super::wav::{self, WavError, WavStream};
use super::super::{PartSender, SpeechError, SpeechPart};
use super::{AudioOutput, CommandVoice};

/// Runs the program for one text, and sends its audio while it is being made.
pub(super) async fn speak(
    voice: &CommandVoice,
    text: &str,
    out: &PartSender<SpeechPart>,
) -> Result<(), SpeechError> {
    let text = one_line(text);
    if text.is_empty() {
        return Ok(());
    }
    if voice.template.writes_file() {
        return speak_to_file(voice, &text, out).await;
    }
    let mut program = Running::start(voice, &text, "", Stdio::piped())?;
    let mut decoder = Decoder::new(voice.output);
    let mut samples = Vec::new();
    // One time-out for the whole header: a program that writes it byte by byte is as silent as any.
    let beginning = async {
        while samples.is_empty() && program.read(&mut decoder, &mut samples).await? {}
        Ok(())
    };
    match timeout(voice.timeout, beginning).await {
        Ok(result) => result?,
        Err(_) => return Err(program.timed_out()),
    }
    let Some(rate_hz) = decoder.rate_hz().filter(|_| !samples.is_empty()) else {
        program.exit().await?;
        return Err(match decoder.finish() {
            Err(WavError::NoSamples) | Ok(()) => program.silent(),
            Err(source) => program.not_audio(source),
        });
    };
    let mut left = u64::from(rate_hz).saturating_mul(LONGEST.as_secs());
    loop {
        let more = u64::try_from(samples.len()).unwrap_or(u64::MAX);
        let Some(rest) = left.checked_sub(more) else {
            let voice = program.voice.clone();
            let longest = LONGEST;
            return Err(SpeechError::Endless { voice, longest });
        };
        left = rest;
        if !samples.is_empty() {
            let part = SpeechPart::audio(rate_hz, std::mem::take(&mut samples));
            if !out.send(part).await {
                return Ok(());
            }
        }
        if !program.read(&mut decoder, &mut samples).await? {
            return program.exit().await;
        }
    }
}

async fn speak_to_file(
    voice: &CommandVoice,
    text: &str,
    out: &PartSender<SpeechPart>,
) -> Result<(), SpeechError> {
    let failed = |source| SpeechError::Run {
        voice: voice.name.clone(),
        source,
    };
    let file = tempfile::Builder::new()
        .prefix("voxtra-")
        .suffix(".wav")
        .tempfile()
        .map_err(failed)?
        .into_temp_path();
    let mut program = Running::start(voice, text, &file.to_string_lossy(), Stdio::null())?;
    program.exit().await?;
    // Files may be slow, and must not hold up other calls.
    let reading = tokio::task::spawn_blocking(move || {
        let recording = wav::read_up_to(&file, MAX_SAMPLES);
        // Removed when it goes out of scope.
        drop(file);
        recording
    });
    let recording = reading
        .await
        .map_err(|error| failed(std::io::Error::other(error)))?;
    match recording {
        Ok(recording) if !recording.samples.is_empty() => {
            out.send(SpeechPart::audio(recording.rate_hz, recording.samples))
                .await;
            Ok(())
        }
        Ok(_) | Err(WavError::NoSamples) => Err(program.silent()),
        Err(source) => Err(program.not_audio(source)),
    }
}

/// A running program. When this is dropped, the program is killed with all that it started.
struct Running {
    voice: String,
    child: Child,
    stdout: Option<ChildStdout>,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    stderr_task: JoinHandle<()>,
    timeout: Duration,
    block: Vec<u8>,
}

impl Running {
    fn start(
        voice: &CommandVoice,
        text: &str,
        out: &str,
        stdout: Stdio,
    ) -> Result<Self, SpeechError> {
        let as_argument = voice.template.takes_text();
        let mut child = Command::new(&voice.program)
            .args(voice.template.fill(text, out))
            // Our environment holds the configuration's secrets, which the program must not see.
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| voice.inherits(name)))
            // A process group of its own, so that the processes it started can be killed with it.
            .process_group(0)
            .stdin(if as_argument {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(stdout)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| SpeechError::Run {
                voice: voice.name.clone(),
                source,
            })?;
        if let Some(stdin) = child.stdin.take() {
            tokio::spawn(write_text(stdin, text.to_owned()));
        }
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let stderr_task = tokio::spawn(keep_tail(child.stderr.take(), Arc::clone(&stderr)));
        Ok(Self {
            voice: voice.name.clone(),
            stdout: child.stdout.take(),
            child,
            stderr,
            stderr_task,
            timeout: voice.timeout,
            block: vec![0; BLOCK],
        })
    }

    /// Reads and decodes the program's next output; false at the end.
    async fn read(
        &mut self,
        decoder: &mut Decoder,
        samples: &mut Vec<i16>,
    ) -> Result<bool, SpeechError> {
        let Some(stdout) = &mut self.stdout else {
            return Ok(false);
        };
        let Ok(read) = timeout(self.timeout, stdout.read(&mut self.block)).await else {
            return Err(self.timed_out());
        };
        let n = read.map_err(|source| SpeechError::Run {
            voice: self.voice.clone(),
            source,
        })?;
        match decoder.push(self.block.get(..n).unwrap_or_default(), samples) {
            Ok(()) => Ok(n > 0),
            Err(source) => {
                // A failing program often writes its message where audio was expected; its exit
                // status tells more.
                self.stdout = None;
                self.exit().await?;
                Err(self.not_audio(source))
            }
        }
    }

    /// Waits for the program's end.
    async fn exit(&mut self) -> Result<(), SpeechError> {
        self.stdout = None;
        let Ok(ended) = timeout(self.timeout, self.child.wait()).await else {
            return Err(self.timed_out());
        };
        let status = ended.map_err(|source| SpeechError::Run {
            voice: self.voice.clone(),
            source,
        })?;
        // Usually nothing is left to wait for, but a grandchild may hold the pipe open.
        let _ = timeout(LAST_WORDS, &mut self.stderr_task).await;
        if status.success() {
            // piper always writes something, and espeak-ng reports if it took another voice than
            // requested.
            tracing::debug!(voice = self.voice, stderr = self.said(), "voice ended");
            return Ok(());
        }
        Err(SpeechError::Failed {
            voice: self.voice.clone(),
            status: describe(status),
            stderr: Some(self.said())
                .filter(|said| !said.is_empty())
                .unwrap_or_else(|| "it did not say why".to_owned()),
        })
    }

    fn timed_out(&self) -> SpeechError {
        SpeechError::TimedOut {
            voice: self.voice.clone(),
            after: self.timeout,
            stderr: self.said(),
        }
    }

    fn not_audio(&self, source: WavError) -> SpeechError {
        SpeechError::NotAudio {
            voice: self.voice.clone(),
            source,
            stderr: self.said(),
        }
    }

    fn silent(&self) -> SpeechError {
        SpeechError::Silent {
            voice: self.voice.clone(),
            stderr: self.said(),
        }
    }

    /// The last part of what it wrote to standard error, on one line.
    fn said(&self) -> String {
        let tail: Vec<u8> = self
            .stderr
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .copied()
            .collect();
        one_line(&String::from_utf8_lossy(&tail))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stderr_task.abort();
        // The child has an id until its end was waited for, so this group is still its own.
        let group = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// How the bytes on standard output are decoded.
enum Decoder {
    Wav(WavStream),
    Raw { rate_hz: u32, pcm: Pcm16 },
}

impl Decoder {
    fn new(output: AudioOutput) -> Self {
        match output {
            AudioOutput::Wav => Self::Wav(WavStream::new()),
            AudioOutput::Raw { rate_hz } => Self::Raw {
                rate_hz,
                pcm: Pcm16::default(),
            },
        }
    }

    fn rate_hz(&self) -> Option<u32> {
        match self {
            Self::Wav(stream) => stream.rate_hz(),
            Self::Raw { rate_hz, .. } => Some(*rate_hz),
        }
    }

    fn push(&mut self, bytes: &[u8], samples: &mut Vec<i16>) -> Result<(), WavError> {
        match self {
            Self::Wav(stream) => stream.push(bytes, samples),
            Self::Raw { pcm, .. } => {
                pcm.push(bytes, samples);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<(), WavError> {
        match self {
            Self::Wav(stream) => stream.finish().map(|_| ()),
            Self::Raw { .. } => Ok(()),
        }
    }
}

async fn write_text(mut stdin: ChildStdin, text: String) {
    // If a program ends without reading all the text, its exit status tells why.
    let _ = stdin.write_all(text.as_bytes()).await;
    let _ = stdin.write_all(b"\n").await;
}

async fn keep_tail(stderr: Option<ChildStderr>, tail: Arc<Mutex<VecDeque<u8>>>) {
    let Some(mut stderr) = stderr else { return };
    let mut block = [0; 512];
    while let Ok(n @ 1..) = stderr.read(&mut block).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(block.get(..n).unwrap_or_default());
        let surplus = tail.len().saturating_sub(TAIL);
        tail.drain(..surplus);
    }
}

/// Replaces line ends and control characters: piper takes each line as an utterance of its own, and
/// an argument cannot contain NUL.
fn one_line(text: &str) -> String {
    let spaced = text.replace(char::is_control, " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// Most samples of an utterance in a file: that length at 48 kHz.
const MAX_SAMPLES: usize = 1800 * 48_000;

/// The capacity of a pipe on Linux.
const BLOCK: usize = 64 * 1024;

/// Bytes of standard error that an error quotes.
const TAIL: usize = 400;

/// How long to wait for the rest of standard error after the program's end.
const LAST_WORDS: Duration = Duration::from_millis(200);
