//! The call's transcript, which is told when everything else was.

use tokio::task::{JoinError, JoinHandle};

use super::{Owner, error};
use crate::session::transcript::{self, About, Told};

/// How far the telling of the call's transcript is.
pub(super) enum Telling {
    NotYet,
    Now(JoinHandle<Box<Told>>),
    Done,
}

impl Telling {
    pub(super) async fn done(&mut self) -> Result<Box<Told>, JoinError> {
        match self {
            Self::Now(telling) => telling.await,
            _ => std::future::pending().await,
        }
    }
}

impl Owner {
    /// Whether nothing is left to be told but the session's end. Otherwise the call's transcript is
    /// being made.
    pub(super) fn has_told(&mut self) -> bool {
        match self.telling {
            Telling::NotYet if transcript::is_wanted(&self.call) => {
                let call = self.call.clone();
                let about = self.about();
                let telling = tokio::spawn(transcript::tell(call, about));
                self.telling = Telling::Now(telling);
                false
            }
            Telling::NotYet | Telling::Done => true,
            Telling::Now(_) => false,
        }
    }

    fn about(&self) -> About {
        let facts = self.call.session().facts();
        let info = facts.info();
        About {
            session_id: facts.id().to_string(),
            caller_id: info.caller_id.clone(),
            called_number: info.called_number.clone(),
            direction: info.direction,
            began: self.clock.utc(self.began).to_string(),
            ended: self.clock.utc_now().to_string(),
        }
    }

    pub(super) fn told(&mut self, told: Result<Box<Told>, JoinError>) {
        self.telling = Telling::Done;
        let now = self.clock.utc_now();
        match told {
            Ok(told) => {
                let Told { transcript, errors } = *told;
                for (kind, message) in errors {
                    tracing::warn!(
                        call = self.call.id(),
                        message,
                        "the call's {kind} is missing"
                    );
                    self.publish_at(now, error(kind, message));
                }
                self.publish(transcript);
            }
            Err(failure) => self.publish_at(now, error("transcript", failure.to_string())),
        }
    }
}
