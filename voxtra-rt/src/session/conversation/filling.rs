//! What the caller hears while an answer is awaited.

use std::convert::Infallible;
use std::future::pending;

use tokio::time::Instant;

use super::super::call::Call;
use super::super::measure::Part;
use super::settings::Filler;
use super::turns::until;

/// Fills the silence of one turn: the filler is said once in each.
pub(super) struct Filling<'a> {
    call: &'a Call,
    filler: Option<&'a Filler>,
    /// The caller has heard nothing since.
    since: Instant,
    said: bool,
}

impl<'a> Filling<'a> {
    pub(super) fn new(call: &'a Call, filler: Option<&'a Filler>) -> Self {
        Self {
            call,
            filler,
            since: Instant::now(),
            said: false,
        }
    }

    /// The agent has spoken: a new silence begins.
    pub(super) fn spoken(&mut self) {
        self.since = Instant::now();
        self.said = false;
    }

    /// Runs `work`, and says the filler when its time comes; the filler is cut when the work is
    /// done.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let filling = async {
            if let Some(filler) = self.filler.filter(|_| !self.said) {
                until(self.since.checked_add(filler.after)).await;
                self.said = true;
                // The answer comes, or does not, whatever becomes of the filler.
                let _ = self.call.say(&filler.say).part(Part::Filler).await;
            }
            pending::<Infallible>().await
        };
        tokio::select! {
            biased;
            result = work => result,
            never = filling => match never {},
        }
    }
}
