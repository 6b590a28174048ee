use std::time::Duration;

use super::wav::WavError;

/// Why something was not spoken, understood or answered.
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
        /// What the system said.
        source: std::io::Error,
    },
    /// The program ended with an error.
    #[error("{voice} failed ({status}): {stderr}; try the same command in a shell")]
    Failed {
        /// The voice's name.
        voice: String,
        /// How it ended.
        status: String,
        /// The last of what it wrote to standard error.
        stderr: String,
    },
    /// The program, or another provider, gave nothing for too long.
    #[error("{voice} gave nothing for {}; raise speech.timeout_ms if it is only slow{}", seconds(*after), tail(stderr))]
    TimedOut {
        /// The voice's name.
        voice: String,
        /// How long it was waited for.
        after: Duration,
        /// The last of what it wrote to standard error.
        stderr: String,
    },
    /// It ended well but without a single sample.
    #[error(
        "{voice} made no sound; check that it writes audio to its standard output, or use {{out}}{}",
        tail(stderr)
    )]
    Silent {
        /// The voice's name.
        voice: String,
        /// The last of what it wrote to standard error.
        stderr: String,
    },
    /// What it wrote is not audio that can be read.
    #[error("{voice} wrote something else than PCM WAV: {source}{}", tail(stderr))]
    NotAudio {
        /// The voice's name.
        voice: String,
        /// What is wrong with it.
        source: WavError,
        /// The last of what it wrote to standard error.
        stderr: String,
    },
    /// It did not come to an end.
    #[error("{voice} spoke for more than {} of audio at once", seconds(*longest))]
    Endless {
        /// The voice's name.
        voice: String,
        /// How much it may.
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
    /// A script ran out, for tests.
    #[error("the script of {0} is at its end")]
    ScriptEnded(&'static str),
    /// Anything that another provider reports.
    #[error("{provider}: {message}")]
    Provider {
        /// The provider's name.
        provider: String,
        /// What is wrong and what to do.
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
