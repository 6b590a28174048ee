use super::{BoxFuture, Speech, SpeechError};

/// Turns text into speech.
///
/// ```
/// use voxtra_speech::{BoxFuture, Speech, SpeechError, TextToSpeech};
///
/// /// One beep per word, 100 ms each.
/// struct Beeps;
///
/// impl TextToSpeech for Beeps {
///     fn name(&self) -> &str {
///         "beeps"
///     }
///
///     fn synthesize<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Speech, SpeechError>> {
///         Box::pin(async move {
///             let beep = (0..800).map(|n| if n / 8 % 2 == 0 { 4_000 } else { -4_000 });
///             let words = text.split_whitespace().count();
///             Ok(Speech::whole(8_000, std::iter::repeat_n(beep, words).flatten().collect()))
///         })
///     }
/// }
/// ```
pub trait TextToSpeech: Send + Sync {
    /// Its name in logs and errors.
    fn name(&self) -> &str;

    /// Starts to speak `text`. Resolves as soon as the sample rate is known, which should be before
    /// the last sample is made: the caller hears the first words while the rest is still being
    /// made. Dropping the future or the speech stops the work.
    ///
    /// # Errors
    /// Nothing could be spoken at all. Later errors are items of the speech.
    fn synthesize<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Speech, SpeechError>>;
}
