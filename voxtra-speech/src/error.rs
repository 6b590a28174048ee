use std::time::Duration;

use super::wav::WavError;
use super::{ProviderError, ProviderErrorKind};

/// Why a voice that is a program, or a recording, can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpeechError {
    /// The program of a voice is not installed.
    #[error("{program} is not installed or not on PATH; {hint}")]
    NotInstalled {
        /// The program.
        program: String,
        /// What to install or configure.
        hint: String,
    },
    /// The program could not be started, or its pipes broke.
    #[error("{voice} could not be run: {source}")]
    Run {
        /// The voice's name.
        voice: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The program ended with an error.
    #[error("{voice} failed ({status}): {stderr}; try the same command in a shell")]
    Failed {
        /// The voice's name.
        voice: String,
        /// How it ended.
        status: String,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// The program, or another provider, gave nothing for too long.
    #[error("{voice} gave nothing for {}; raise speech.timeout_ms if it is only slow{}", seconds(*after), tail(stderr))]
    TimedOut {
        /// The voice's name.
        voice: String,
        /// How long we waited.
        after: Duration,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// The program succeeded but wrote no sample.
    #[error(
        "{voice} made no sound; check that it writes audio to its standard output, or use {{out}}{}",
        tail(stderr)
    )]
    Silent {
        /// The voice's name.
        voice: String,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// The program's output is not readable audio.
    #[error("{voice} wrote something else than PCM WAV: {source}{}", tail(stderr))]
    NotAudio {
        /// The voice's name.
        voice: String,
        /// What is wrong with it.
        source: WavError,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// The audio did not end.
    #[error("{voice} spoke for more than {} of audio at once", seconds(*longest))]
    Endless {
        /// The voice's name.
        voice: String,
        /// How long it may be.
        longest: Duration,
    },
    /// A recording cannot be used.
    #[error("prompt {name:?} ({path}): {reason}")]
    Prompt {
        /// The prompt.
        name: String,
        /// Its file or folder.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A command template is not usable.
    #[error("the command of voice {voice}: {reason}")]
    Template {
        /// The voice's name.
        voice: String,
        /// What is wrong.
        reason: String,
    },
    /// An agent of the configuration can't be set up.
    #[error("agent {agent:?}: {reason}")]
    Agent {
        /// The agent.
        agent: String,
        /// What is wrong. It holds no secret.
        reason: String,
    },
    /// The transcripts of the configuration can't be made.
    #[error("transcripts: {reason}")]
    Transcripts {
        /// What is wrong. It holds no secret.
        reason: String,
    },
    /// This program was built without what the configuration names.
    #[error("speech.voice: {0}")]
    NotBuiltIn(&'static str),
}

impl From<SpeechError> for ProviderError {
    fn from(error: SpeechError) -> Self {
        let text = error.to_string();
        let (provider, kind) = match error {
            SpeechError::NotInstalled { program, .. } => (program, ProviderErrorKind::Unavailable),
            SpeechError::Run { voice, .. } => (voice, ProviderErrorKind::Unavailable),
            SpeechError::TimedOut { voice, .. } => (voice, ProviderErrorKind::Timeout),
            SpeechError::Silent { voice, .. }
            | SpeechError::NotAudio { voice, .. }
            | SpeechError::Endless { voice, .. } => (voice, ProviderErrorKind::Protocol),
            SpeechError::Failed { voice, .. } | SpeechError::Template { voice, .. } => {
                (voice, ProviderErrorKind::Rejected)
            }
            SpeechError::Prompt { .. } => ("prompt".to_owned(), ProviderErrorKind::Rejected),
            SpeechError::Agent { .. } => ("agent".to_owned(), ProviderErrorKind::Rejected),
            SpeechError::Transcripts { .. } => {
                ("transcripts".to_owned(), ProviderErrorKind::Rejected)
            }
            SpeechError::NotBuiltIn(_) => ("speech.voice".to_owned(), ProviderErrorKind::Rejected),
        };
        // The provider's name stands before the message already.
        let message = text.strip_prefix(&provider).unwrap_or(&text).trim_start();
        Self::new(provider.as_str(), kind, message)
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn tail(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!("; it said: {stderr}")
    }
}
