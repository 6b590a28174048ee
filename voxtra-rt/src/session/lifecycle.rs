//! A call's life cycle: its end is published exactly once, whichever signals arrive, in any order.

use voxtra_core::event::EndReason;

/// A signal about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The remote party picked up, or we answered.
    Answered,
    /// The line is gone: hang-up, destroyed channel, end of stream. The reason, in Q.850's words.
    LineEnded(EndReason),
    /// The AudioSocket connection was accepted.
    MediaUp,
    /// The AudioSocket connection ended.
    MediaDown,
    /// The handler returned, failed or was stopped.
    HandlerDone,
}

/// The consequence of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Publish `call.answered`.
    Answered,
    /// Publish `call.ended`.
    Ended(EndReason),
    /// Publish `call.failed`.
    Failed(EndReason),
    /// Publish `session.destroyed`: nothing more can come.
    Destroyed,
}

/// The state of a call.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    /// The call is outbound: it has failed if it ends before it is answered.
    outbound: bool,
    answered: bool,
    over: bool,
    media_up: bool,
    handler_done: bool,
    destroyed: bool,
}

impl Lifecycle {
    pub(crate) fn new(outbound: bool) -> Self {
        Self {
            outbound,
            answered: false,
            over: false,
            media_up: false,
            handler_done: false,
            destroyed: false,
        }
    }

    /// Whether the call has ended or failed.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the call is over and its media has stopped: only the handler may still be at work.
    pub(crate) fn is_settled(&self) -> bool {
        self.over && !self.media_up
    }

    /// Takes a signal; at most two steps follow.
    pub(crate) fn on(&mut self, signal: Signal) -> [Option<Step>; 2] {
        let step = match signal {
            Signal::Answered if !self.answered && !self.over => {
                self.answered = true;
                Some(Step::Answered)
            }
            Signal::LineEnded(reason) if !self.over => {
                self.over = true;
                Some(if self.outbound && !self.answered {
                    Step::Failed(reason)
                } else {
                    Step::Ended(reason)
                })
            }
            Signal::MediaUp => {
                self.media_up = true;
                None
            }
            Signal::MediaDown => {
                self.media_up = false;
                None
            }
            Signal::HandlerDone => {
                self.handler_done = true;
                None
            }
            Signal::Answered | Signal::LineEnded(_) => None,
        };
        let finished = self.over && !self.media_up && self.handler_done && !self.destroyed;
        self.destroyed |= finished;
        [step, finished.then_some(Step::Destroyed)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(outbound: bool, signals: impl IntoIterator<Item = Signal>) -> Vec<Step> {
        let mut life = Lifecycle::new(outbound);
        signals
            .into_iter()
            .flat_map(|signal| life.on(signal))
            .flatten()
            .collect()
    }

    fn ended(reason: EndReason) -> Signal {
        Signal::LineEnded(reason)
    }

    #[test]
    fn an_ordinary_call() {
        let steps = run(
            false,
            [
                Signal::Answered,
                Signal::MediaUp,
                ended(EndReason::NormalClearing),
                Signal::MediaDown,
                ended(EndReason::UserBusy),
                Signal::HandlerDone,
            ],
        );
        assert_eq!(
            steps,
            [
                Step::Answered,
                Step::Ended(EndReason::NormalClearing),
                Step::Destroyed
            ]
        );
    }

    #[test]
    fn an_unanswered_outbound_call_fails_and_does_not_end() {
        let steps = run(
            true,
            [
                ended(EndReason::UserBusy),
                Signal::Answered,
                Signal::HandlerDone,
            ],
        );
        assert_eq!(steps, [Step::Failed(EndReason::UserBusy), Step::Destroyed]);
    }

    #[test]
    fn an_inbound_call_that_gives_up_before_we_answer_ends() {
        assert_eq!(
            run(false, [ended(EndReason::NoAnswer), Signal::HandlerDone]).len(),
            2
        );
    }

    #[test]
    fn nothing_is_destroyed_while_media_or_handler_go_on() {
        assert_eq!(
            run(
                false,
                [
                    Signal::MediaUp,
                    ended(EndReason::NormalClearing),
                    Signal::HandlerDone
                ]
            )
            .len(),
            1
        );
        assert_eq!(
            run(
                false,
                [
                    Signal::MediaUp,
                    ended(EndReason::NormalClearing),
                    Signal::MediaDown
                ]
            )
            .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn whatever_the_order_the_end_is_told_once_and_destroyed_comes_last(
            outbound: bool,
            order in proptest::collection::vec(0u8..5, 0..12),
        ) {
            let signals = order.iter().map(|kind| match kind {
                0 => Signal::Answered,
                1 => ended(EndReason::NormalClearing),
                2 => Signal::MediaUp,
                3 => Signal::MediaDown,
                _ => Signal::HandlerDone,
            });
            let steps = run(outbound, signals.chain([ended(EndReason::NormalClearing), Signal::MediaDown, Signal::HandlerDone]));
            let ends = steps.iter().filter(|step| matches!(step, Step::Ended(_) | Step::Failed(_))).count();
            prop_assert_eq!(ends, 1);
            let destroyed = steps.iter().filter(|step| **step == Step::Destroyed).count();
            prop_assert_eq!(destroyed, 1);
            prop_assert_eq!(steps.last(), Some(&Step::Destroyed));
        }
    }
}
