use super::{BoxFuture, CallerSpeech, SpeechError, TranscriptSender};

/// What a transcriber hears: the caller's utterances as turn-taking cuts them.
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

/// What was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// The words so far, from the utterance's beginning.
    pub text: String,
    /// How sure the transcriber is, 0 to 1.
    pub confidence: f32,
    /// Whether this is the last word on the utterance; otherwise a further transcript replaces it.
    pub is_final: bool,
}

/// Turns speech into text.
pub trait SpeechToText: Send + Sync {
    /// What it is called in logs and errors.
    fn name(&self) -> &str;

    /// Listens to one call until `input` ends. Partial and final transcripts go to `out`; there is
    /// exactly one final transcript per utterance in which anything was understood.
    ///
    /// The future should also end when nobody reads from `out` any more.
    ///
    /// # Errors
    /// What ends the transcription of this call; the call itself goes on.
    fn start(
        &self,
        rate_hz: u32,
        input: CallerSpeech,
        out: TranscriptSender,
    ) -> BoxFuture<'static, Result<(), SpeechError>>;
}
