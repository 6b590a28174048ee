//! Holding the call, and muting a side of it.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;
use voxtra_core::leg::Command;

use super::call::Call;
use super::carrier::Music;
use super::error::CallError;
use super::request::Request;
use super::status::{Action, CallStatus};

/// A side of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The party at the far end.
    Caller,
    /// The agent.
    Agent,
    /// Both.
    Both,
}

/// A hold that has not begun: await it. Made by [`Call::hold`].
///
/// ```
/// # use voxtra_rt::session::{Call, CallError};
/// # async fn example(call: Call) -> Result<(), CallError> {
/// call.hold().music("jazz").await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a hold begins when it is awaited"]
pub struct Hold<'a> {
    call: &'a Call,
    music: Option<Music>,
}

impl<'a> Hold<'a> {
    /// Lets the caller hear music of this class of Asterisk's `musiconhold.conf`. Default: the one
    /// that Asterisk has for the caller's channel.
    pub fn music(mut self, class: impl Into<String>) -> Self {
        self.music = Some(Music {
            class: Some(class.into()),
        });
        self
    }

    /// Lets the caller hear nothing. This works without ARI, too.
    pub fn silent(mut self) -> Self {
        self.music = None;
        self
    }
}

impl<'a> IntoFuture for Hold<'a> {
    type Output = Result<(), CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { call, music } = self;
        Box::pin(call.change_hold(Action::Hold, true, music))
    }
}

impl Call {
    /// Puts the caller on hold, who hears Asterisk's music until [`unhold`](Self::unhold). Await
    /// it.
    ///
    /// The agent is silent then: what it says waits and goes on afterwards, or is dropped
    /// (`media.while_held` in the configuration,
    /// [`LegSettings::while_held`](voxtra_core::leg::LegSettings::while_held)). Nobody is listened
    /// to, and no silence is counted; keys still count. `call.held` is told. A second time it
    /// changes the music. A transfer ends the hold if it succeeds.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.say("One moment, I look it up.").await?;
    /// call.hold().await?;
    /// let order = look_up().await;
    /// call.unhold().await?;
    /// call.say(&order).await?;
    /// # Ok(())
    /// # }
    /// # async fn look_up() -> String { String::new() }
    /// ```
    ///
    /// # Errors
    /// The call is not answered, is being transferred, or is over; Asterisk refuses. Without ARI
    /// there is no music: only [`Hold::silent`] is possible.
    pub fn hold(&self) -> Hold<'_> {
        Hold {
            call: self,
            music: Some(Music { class: None }),
        }
    }

    /// Takes the caller off hold. `call.resumed` is told. If the far end holds the call too, the
    /// agent stays silent until it no longer does.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.hold().await?;
    /// call.unhold().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The agent has not put the call on hold ([`CallError::NotNow`]), the call is over, or
    /// Asterisk refuses.
    pub async fn unhold(&self) -> Result<(), CallError> {
        self.change_hold(Action::Unhold, false, None).await
    }

    /// Mutes a side of the call: the agent hears silence instead of the caller
    /// ([`Side::Caller`]), or the caller hears silence instead of the agent ([`Side::Agent`]).
    /// Nothing waits: an agent that speaks meanwhile goes on unheard. Keys that are signalled
    /// still count. It holds until [`unmute`](Self::unmute), also before the call is answered.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// use voxtra_rt::session::Side;
    ///
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// // The card number is keyed in; what is said meanwhile is nobody's business.
    /// call.mute(Side::Caller).await?;
    /// let card = call.listen_dtmf(16, std::time::Duration::from_secs(10)).await?;
    /// call.unmute(Side::Caller).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The caller was transferred, or the call is over.
    pub async fn mute(&self, side: Side) -> Result<(), CallError> {
        self.set_mute(side, true).await
    }

    /// Ends [`mute`](Self::mute).
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// use voxtra_rt::session::Side;
    ///
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.unmute(Side::Both).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`mute`](Self::mute).
    pub async fn unmute(&self, side: Side) -> Result<(), CallError> {
        self.set_mute(side, false).await
    }

    /// Where the call stands.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// use voxtra_rt::session::CallStatus;
    ///
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// if call.status() == CallStatus::Held {
    ///     call.unhold().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> CallStatus {
        self.session().status().now()
    }

    async fn set_mute(&self, side: Side, on: bool) -> Result<(), CallError> {
        self.session().status().allows(Action::Mute)?;
        if side != Side::Agent {
            self.send(Request::Leg(Command::MuteCaller(on))).await;
        }
        if side != Side::Caller {
            self.send(Request::Leg(Command::MuteAgent(on))).await;
        }
        Ok(())
    }

    /// Has the caller hear this music, or none, and then tells of the hold or its end.
    async fn change_hold(
        &self,
        action: Action,
        on: bool,
        music: Option<Music>,
    ) -> Result<(), CallError> {
        self.session().status().allows(action)?;
        let call = self.clone();
        // A task of its own: an order that Asterisk has carried out must be told, even if nobody
        // waits for it any more.
        let changing = tokio::spawn(async move {
            // A transfer comes to its end first.
            let _one_at_a_time = call.session().transferred().await;
            call.session().status().allows(action)?;
            call.session().carrier().music(music).await?;
            call.send(Request::Hold(on)).await;
            call.session().requests_taken().await;
            Ok(())
        });
        self.while_up(async { changing.await.unwrap_or(Err(CallError::Ended)) })
            .await
    }
}

impl super::shared::SessionShared {
    /// Waits for this long, not counting the time on hold.
    pub(super) async fn time_off_hold(&self, time: Duration) {
        let mut status = self.watch_status();
        let mut left = time;
        loop {
            let _ = status.wait_for(|status| !status.is_held()).await;
            let since = Instant::now();
            tokio::select! {
                biased;
                () = tokio::time::sleep(left) => return,
                _ = status.wait_for(|status| status.is_held()) => {
                    left = left.saturating_sub(since.elapsed());
                }
            }
        }
    }
}
