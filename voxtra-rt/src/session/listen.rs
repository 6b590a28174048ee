//! Waiting for what the caller says or keys in.

use std::time::Duration;

use voxtra_core::event::BuiltIn;

use super::call::Call;
use super::error::CallError;
use super::event::EventBody;

impl Call {
    /// Waits for the caller's next final transcript; `None` after `timeout`, in which the time on
    /// hold does not count. Transcripts since the
    /// last `listen` count, so speech during `say` is not lost. A transcript goes either to a
    /// handler of a declared session or to `listen`, not to both. Other events stay for other
    /// readers.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.say("What can I do for you?").await?;
    /// match call.listen(Duration::from_secs(10)).await? {
    ///     Some(words) => call.say(&format!("You said {words}.")).await?,
    ///     None => call.say("I did not hear you.").await?,
    /// };
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No speech-to-text is configured, or the call is over.
    pub async fn listen(&self, timeout: Duration) -> Result<Option<String>, CallError> {
        if self.session().services().speech_to_text.is_none() {
            return Err(CallError::NoSpeechToText);
        }
        let mut transcripts = self
            .while_up(async { Ok(self.session().answers().transcripts().await) })
            .await?;
        let transcript = transcripts.find(|event| match &event.body {
            EventBody::BuiltIn(BuiltIn::UserTranscript(transcript)) => {
                self.take(event.seq).then(|| transcript.text.clone())
            }
            _ => None,
        });
        self.while_up(async {
            tokio::select! {
                biased;
                transcript = transcript => Ok(transcript),
                () = self.session().time_off_hold(timeout) => Ok(None),
            }
        })
        .await
    }

    /// Collects key presses until `#`, `max_digits`, or `timeout` after the start or the last key,
    /// not counting the time on hold.
    /// Keys pressed since the last `listen_dtmf` count, so that callers may type ahead. A key goes
    /// either to a handler of a declared session or to this method, not to both. The `#` is not
    /// part of the answer.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.say("Please enter your four digits.").await?;
    /// let pin = call.listen_dtmf(4, Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call is over.
    pub async fn listen_dtmf(
        &self,
        max_digits: usize,
        timeout: Duration,
    ) -> Result<String, CallError> {
        let mut presses = self
            .while_up(async { Ok(self.session().answers().digits().await) })
            .await?;
        let mut digits = String::new();
        while digits.chars().count() < max_digits {
            let press = presses.find(|event| match &event.body {
                EventBody::BuiltIn(BuiltIn::DtmfReceived(press)) => {
                    self.take(event.seq).then_some(press.digit)
                }
                _ => None,
            });
            let press = async {
                tokio::select! {
                    biased;
                    press = press => Ok(press),
                    () = self.session().time_off_hold(timeout) => Ok(None),
                }
            };
            match self.while_up(press).await? {
                Some('#') | None => break,
                Some(digit) => digits.push(digit),
            }
        }
        Ok(digits)
    }
}
