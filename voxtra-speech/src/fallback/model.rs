use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::super::{
    BoxFuture, LanguageModel, ModelRequest, PartSender, Parts, ProviderError, ProviderErrorKind,
    ReplyPart,
};
use super::{Attempt, Providers, Turn};

/// Language models as one. They are asked in order, until one answers.
///
/// If one fails before any text was handed on, or gives nothing for
/// [too long](Self::first_part_within), the next is asked the same. After that its error is passed
/// on: what was said can't be unsaid. Tool calls are handed on once there is text, or at the end,
/// so that none is made twice.
///
/// All calls share what is known of each: one that failed three times in a row, refused its key or
/// asked us to wait is left out for a while, from 5 seconds up to 5 minutes. If only such ones are
/// left, the one whose time comes next is asked. A connection that breaks before the first part is
/// made once more. Changes are logged. It needs a tokio runtime.
///
/// ```
/// use std::sync::Arc;
///
/// use voxtra_speech::{FallbackModel, LanguageModel, ScriptedModel};
///
/// let first = Arc::new(ScriptedModel::new(["Hello."]));
/// let second = Arc::new(ScriptedModel::new(["Good morning."]));
/// let model = FallbackModel::new(vec![first, second]).ok_or("no models")?;
/// assert_eq!(model.name(), "scripted or scripted");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone)]
pub struct FallbackModel {
    models: Arc<Providers<dyn LanguageModel>>,
    first_part: Duration,
}

impl FallbackModel {
    /// These models, the preferred one first. `None`: there are none.
    #[must_use]
    pub fn new(models: Vec<Arc<dyn LanguageModel>>) -> Option<Self> {
        Some(Self {
            models: Providers::new(models, |model| model.name())?,
            first_part: Duration::from_secs(5),
        })
    }

    /// How long to wait for the first part of a reply before the next model is asked. Default: 5
    /// seconds. The last one that there is to ask is given the time that it takes.
    #[must_use]
    pub fn first_part_within(mut self, limit: Duration) -> Self {
        self.first_part = limit;
        self
    }
}

impl LanguageModel for FallbackModel {
    fn name(&self) -> &str {
        &self.models.name
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        let mut turn = Turn::new(&self.models);
        let first_part = self.first_part;
        Parts::made_by(move |out| {
            out.set_provider(turn.providers.foremost());
            async move {
                while let Some(mut attempt) = turn.next() {
                    out.set_provider(attempt.name());
                    let first_part = turn.has_next().then_some(first_part);
                    let error = loop {
                        let mut handing = Handing::new(&out);
                        match ask(&mut attempt, &request, first_part, &mut handing).await {
                            Ok(()) => return Ok(()),
                            Err(error) if handing.text => {
                                attempt.failed(&error);
                                return Err(error);
                            }
                            Err(error) if attempt.again(&error) => {}
                            Err(error) => break error,
                        }
                    };
                    turn.failed(attempt, error);
                }
                Err(turn.error())
            }
        })
    }

    fn prepare(&self) -> BoxFuture<'static, ()> {
        self.models.prepare(|model| model.prepare())
    }
}

impl fmt::Debug for FallbackModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FallbackModel").field(&self.name()).finish()
    }
}

async fn ask(
    attempt: &mut Attempt<dyn LanguageModel>,
    request: &ModelRequest,
    first_part: Option<Duration>,
    handing: &mut Handing<'_>,
) -> Result<(), ProviderError> {
    let mut parts = attempt.provider().reply(request.clone());
    let mut next = match first_part {
        None => parts.next().await,
        Some(limit) => match timeout(limit, parts.next()).await {
            Ok(next) => next,
            Err(_) => {
                let message = format!("no answer within {limit:?}");
                return Err(attempt.error(ProviderErrorKind::Timeout, message));
            }
        },
    };
    while let Some(part) = next {
        let part = part?;
        attempt.answers();
        if !handing.part(part).await {
            return Ok(());
        }
        next = parts.next().await;
    }
    if handing.done {
        Ok(())
    } else {
        Err(attempt.error(ProviderErrorKind::Protocol, "its reply has no end"))
    }
}

/// What is handed on of a reply. What a failure could take back is held until there is text.
struct Handing<'a> {
    out: &'a PartSender<ReplyPart>,
    held: Vec<ReplyPart>,
    /// There was text, so that nobody else can be asked.
    text: bool,
    done: bool,
}

impl<'a> Handing<'a> {
    fn new(out: &'a PartSender<ReplyPart>) -> Self {
        Self {
            out,
            held: Vec::new(),
            text: false,
            done: false,
        }
    }

    /// False: nobody reads.
    async fn part(&mut self, part: ReplyPart) -> bool {
        match &part {
            ReplyPart::Text(text) if text.is_empty() => return true,
            ReplyPart::Text(_) => self.text = true,
            ReplyPart::Done(_) => self.done = true,
            _ => {}
        }
        self.held.push(part);
        if self.text || self.done {
            for part in self.held.drain(..) {
                if !self.out.send(part).await {
                    return false;
                }
            }
        }
        true
    }
}
