use super::{BoxFuture, CallerSpeech, SpeechError, TranscriptSender};

/// A transcriber's input: the caller's utterances as turn-taking cuts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechInput {
    /// The caller began to speak.
    Started,
    /// Mono samples at the rate given to [`SpeechToText::start`], in order, without gaps inside an
    /// utterance.
    Audio(Vec<i16>),
    /// The caller stopped speaking.
    Ended,
}

/// What was recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// The words so far, from the utterance's beginning.
    pub text: String,
    /// How sure the transcriber is, 0 to 1.
    pub confidence: f32,
    /// Whether this is final for the utterance; otherwise a further transcript replaces it.
    pub is_final: bool,
}

/// Turns speech into text.
pub trait SpeechToText: Send + Sync {
    /// Its name in logs and errors.
    fn name(&self) -> &str;

    /// Listens to one call until `input` ends. Partial and final transcripts go to `out`. Each
    /// utterance in which speech was recognised gets exactly one final transcript.
    ///
    /// The future should also end when the reader of `out` is gone.
    ///
    /// # Errors
    /// The reason that the transcription of this call ended; the call itself goes on.
    fn start(
        &self,
        rate_hz: u32,
        input: CallerSpeech,
        out: TranscriptSender,
    ) -> BoxFuture<'static, Result<(), SpeechError>>;
}
