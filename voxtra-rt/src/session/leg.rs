//! What an agent asks of its call's media: barge-in, silences, frames, an echo, counters.

use std::time::Duration;

use voxtra_core::leg::{Command, Mode};

use super::call::Call;
use super::request::Request;
use crate::media::CallStats;

impl Call {
    /// Lets the caller interrupt the agent, or not. On at the start unless the configuration says
    /// otherwise. For one utterance alone, there is
    /// [`Say::uninterruptible`](super::Say::uninterruptible).
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.set_barge_in(false).await;
    /// call.play("terms").await?;
    /// call.play("privacy").await?;
    /// call.set_barge_in(true).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_barge_in(&self, on: bool) {
        self.send(Request::Leg(Command::BargeIn(on))).await;
    }

    /// Lets a silence of this length end the caller's turn, instead of the configured length as
    /// adapted to the caller.
    ///
    /// It holds for one silence: the current one, or the next if the caller is speaking. When the
    /// caller speaks again, it is forgotten. Use it when a transcript shows that the caller's words
    /// are complete (`yes`) or are not (`my number is`). Values are clamped to the range from
    /// `turn.hangover_ms` to 30 s. If the caller has been silent for longer already, the turn ends
    /// with the next frame.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::Call;
    /// async fn partly_heard(call: &Call, words: &str) {
    ///     if words.ends_with("that's all") {
    ///         call.end_turn_after(Duration::from_millis(300)).await;
    ///     }
    /// }
    /// ```
    pub async fn end_turn_after(&self, silence: Duration) {
        let silence_ms = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
        self.send(Request::Leg(Command::EndOfTurn { silence_ms }))
            .await;
    }

    /// Starts or stops an event for every audio frame (`audio.frame.received`, `audio.frame.sent`).
    ///
    /// ```no_run
    /// # use voxtra_rt::session::Call;
    /// # async fn example(call: &Call) {
    /// call.set_frame_events(true).await;
    /// # }
    /// ```
    pub async fn set_frame_events(&self, on: bool) {
        self.send(Request::Leg(Command::FrameEvents(on))).await;
    }

    /// Starts or stops echo: every frame of the caller goes back at once, bit for bit. During echo
    /// the caller does not hear the agent.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.say("For ten seconds you hear yourself.").await?;
    /// call.set_echo(true).await;
    /// tokio::time::sleep(Duration::from_secs(10)).await;
    /// call.set_echo(false).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_echo(&self, on: bool) {
        let mode = if on { Mode::Echo } else { Mode::Agent };
        self.send(Request::Leg(Command::Mode(mode))).await;
    }

    /// Counters of the call's media path since its audio was connected; zeros before the call is
    /// answered.
    ///
    /// ```no_run
    /// # fn example(call: &voxtra_rt::session::Call) {
    /// println!("{} frames came", call.stats().frames_in);
    /// # }
    /// ```
    pub fn stats(&self) -> CallStats {
        self.session().output().stats()
    }
}
