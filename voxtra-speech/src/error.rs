use std::time::Duration;

use super::wav::WavError;

/// Why speech was not synthesised, recognised or answered.
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
    /// A script for tests ran out.
    #[error("the script of {0} is at its end")]
    ScriptEnded(&'static str),
    /// An error that another provider reports.
    #[error("{provider}: {message}")]
    Provider {
        /// The provider's name.
        provider: String,
        /// What is wrong, and what to do.
        message: String,
    },
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
