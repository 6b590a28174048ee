//! The line of a call: answering, transferring, hanging up.

use voxtra_core::event::{CallEndedEndedBy as EndedBy, EndReason};

use super::call::Call;
use super::error::CallError;
use super::report::Report;
use super::status::Action;
use super::transfer::Transfer;

impl Call {
    /// Answers the call and connects its audio. Does nothing if the call is answered already.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.answer().await?;
    /// call.say("Welcome.").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call is over, Asterisk refuses, or it does not connect the audio.
    pub async fn answer(&self) -> Result<(), CallError> {
        self.session().answer().await
    }

    /// Hangs up. Does nothing if the call is over already.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.say("Goodbye.").await?;
    /// call.hangup().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Asterisk refuses, for a reason other than that the call is over.
    pub async fn hangup(&self) -> Result<(), CallError> {
        self.hangup_with(EndReason::NormalClearing).await
    }

    /// Hangs up and gives the other side the reason, if the line can express it:
    /// [`EndReason::UserBusy`], [`Congestion`](EndReason::Congestion),
    /// [`NoAnswer`](EndReason::NoAnswer), [`CallRejected`](EndReason::CallRejected),
    /// [`UnallocatedNumber`](EndReason::UnallocatedNumber) or
    /// [`NetworkOutOfOrder`](EndReason::NetworkOutOfOrder); every other reason is a normal end.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// use voxtra_core::event::EndReason;
    ///
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// // Before it is answered: the caller hears the busy tone, and pays nothing.
    /// call.hangup_with(EndReason::UserBusy).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`hangup`](Self::hangup).
    pub async fn hangup_with(&self, reason: EndReason) -> Result<(), CallError> {
        let reason = expressible(reason).unwrap_or(EndReason::NormalClearing);
        self.hangup_by(reason, EndedBy::Agent).await
    }

    /// Tells the caller that it rings here: the ringback tone is heard. The call is not answered
    /// by that.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.ring().await?;
    /// tokio::time::sleep(Duration::from_secs(4)).await;
    /// call.answer().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call is answered or was placed by us ([`CallError::NotNow`]); it came without ARI, or is
    /// over.
    pub async fn ring(&self) -> Result<(), CallError> {
        self.session().ring().await
    }

    /// Connects the audio before the call is answered (early media): the agent can be heard, and
    /// hears the caller where the caller's network lets it. Most don't charge for the time before
    /// the answer, and end a call that is not answered for a minute or three. A second time it
    /// does nothing. Needs Asterisk 20.16, 21.11 or 22.6.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// use voxtra_core::event::EndReason;
    ///
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.progress().await?;
    /// call.say("We are closed until Monday.").await?;
    /// call.reject(EndReason::NoAnswer).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`ring`](Self::ring), or the audio can't be connected.
    pub async fn progress(&self) -> Result<(), CallError> {
        self.session().progress().await
    }

    /// Refuses a call that is not answered, and gives the caller the reason:
    /// [`EndReason::UserBusy`], [`Congestion`](EndReason::Congestion),
    /// [`NoAnswer`](EndReason::NoAnswer), [`UnallocatedNumber`](EndReason::UnallocatedNumber) or
    /// [`NetworkOutOfOrder`](EndReason::NetworkOutOfOrder); every other reason is
    /// [`CallRejected`](EndReason::CallRejected).
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// use voxtra_core::event::EndReason;
    ///
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.reject(EndReason::UserBusy).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call is answered, or was placed by us ([`CallError::NotNow`]); it is over; Asterisk
    /// refuses.
    pub async fn reject(&self, reason: EndReason) -> Result<(), CallError> {
        self.session().status().allows(Action::Reject)?;
        let reason = expressible(reason).unwrap_or(EndReason::CallRejected);
        self.hangup_by(reason, EndedBy::Agent).await
    }

    /// Connects the caller to another endpoint, such as `PJSIP/200`, and takes the agent out of the
    /// call. Await it: it returns once the other party has answered. Until then the caller hears a
    /// ringback tone. The session goes on until either party hangs up.
    ///
    /// Each attempt emits events: `call.transfer.started`, then `call.transferred` or
    /// `call.transfer.failed`.
    ///
    /// The other party is busy, refuses, does not answer or does not exist: the caller is still
    /// with the agent then. [`CallError::AlreadyTransferred`] after a transfer. Calls without ARI
    /// can't be transferred.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// match call.transfer("PJSIP/200").await {
    ///     Err(CallError::TransferFailed { .. }) => call.say("Nobody is there.").await?,
    ///     transferred => return transferred,
    /// };
    /// # Ok(())
    /// # }
    /// ```
    pub fn transfer(&self, endpoint: impl Into<String>) -> Transfer<'_> {
        Transfer::new(self, endpoint.into())
    }

    /// Plays DTMF digits (`0-9 A-D * #`) to the other side.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.send_dtmf("1234#").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call is over, or came without ARI.
    pub async fn send_dtmf(&self, digits: &str) -> Result<(), CallError> {
        self.while_up(self.session().carrier().send_dtmf(digits.to_owned()))
            .await
    }

    /// The value of a channel variable, or of a dialplan function such as `CALLERID(name)`; `None`
    /// if it was never set.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// // same = n,Set(CUSTOMER=42)
    /// let customer = call.variable("CUSTOMER").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The call is over, or came without ARI.
    pub async fn variable(&self, name: &str) -> Result<Option<String>, CallError> {
        self.while_up(self.session().carrier().variable(name.to_owned()))
            .await
    }

    /// Runs `hook` when the call ends, exactly once, even if the handler has returned by then. If
    /// the call is over already, it runs now.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::Call;
    /// # async fn example(call: &Call) {
    /// call.on_hangup(|call| async move {
    ///     println!("{} played {} frames", call.id(), call.stats().frames_out);
    /// })
    /// .await;
    /// # }
    /// ```
    pub async fn on_hangup<F, R>(&self, hook: F)
    where
        F: FnOnce(Call) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let call = self.for_handlers();
        let hook = Box::new(move || Box::pin(hook(call)) as _);
        if let Err(hook) = self.session().hook(hook).await {
            // The session has had its last event.
            tokio::spawn(hook());
        }
    }

    /// Whether the call has ended or failed.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// while !call.is_over() {
    ///     call.play("please-hold").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_over(&self) -> bool {
        self.session().is_over()
    }

    /// Waits until the call has ended or failed.
    ///
    /// ```no_run
    /// # use voxtra_rt::session::{Call, CallError};
    /// # async fn example(call: &Call) -> Result<(), CallError> {
    /// call.answer().await?;
    /// call.set_echo(true).await;
    /// call.ended().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ended(&self) {
        self.session().ended().await;
    }
}

/// A reason that a line can express beside a normal end.
fn expressible(reason: EndReason) -> Option<EndReason> {
    match reason {
        EndReason::UserBusy
        | EndReason::Congestion
        | EndReason::NoAnswer
        | EndReason::CallRejected
        | EndReason::UnallocatedNumber
        | EndReason::NetworkOutOfOrder => Some(reason),
        _ => None,
    }
}

/// What the rest of the runtime does with the line.
impl Call {
    /// Connects the audio again, after it was lost.
    pub(crate) async fn reconnect(&self) -> Result<(), CallError> {
        self.session().reconnect().await
    }

    /// Hangs up on behalf of `by`.
    pub(crate) async fn hangup_by(&self, reason: EndReason, by: EndedBy) -> Result<(), CallError> {
        self.session().hang_up(reason, by).await
    }

    /// Sends a report after every earlier request.
    pub(crate) async fn report(&self, report: Report) {
        self.session().report(report).await;
    }

    /// Ends a call whose handler failed: the caller goes on in the dialplan.
    pub(crate) async fn fail(&self) {
        self.report(Report::GiveUp(EndReason::HandlerFailed)).await;
    }

    /// Gives the call up if Asterisk can't be told to hang up.
    pub(crate) async fn abandon(&self) {
        self.report(Report::GiveUp(EndReason::LostWithAsterisk))
            .await;
    }

    /// Whether the caller talks to another party, and no longer to the agent.
    pub(crate) fn is_transferred(&self) -> bool {
        self.session().is_transferred()
    }
}
