//! A reply that is asked for before the caller's turn has ended.

use super::super::call::Call;
use super::super::caller_words::same_words;
use super::super::measure::Marks;
use super::super::usage;
use crate::lock::lock;
use crate::speech::{Message, ModelRequest, Parts, ProviderError, ReplyPart};

/// Parts that are read before it is known whether they are wanted.
const MOST_PARTS: usize = 4_096;

/// What a model answers to words that may be the caller's whole turn. Nothing of it is said, and no
/// tool is run, before the turn has ended. Dropped, it is thrown away.
pub(super) struct Ahead {
    said: String,
    /// What the model was told beside those words.
    context: Vec<Message>,
    parts: Parts<ReplyPart>,
    early: Vec<ReplyPart>,
    failed: Option<ProviderError>,
    over: bool,
    marks: Marks,
}

impl Ahead {
    /// Asks the call's model.
    pub(super) fn ask(call: &Call, said: &str) -> Option<Self> {
        let model = call.session().services().model?;
        let question = Message::User(said.to_owned());
        let memory = call.session().memory();
        let request = lock(memory).request(std::slice::from_ref(&question), true);
        let mut marks = Marks::default();
        marks.asked();
        Some(Self {
            said: said.to_owned(),
            context: context(&request).to_vec(),
            parts: usage::ask(call, &model, request),
            early: Vec::new(),
            failed: None,
            over: false,
            marks,
        })
    }

    /// When it was asked, and gave its first words.
    pub(super) fn marks(&self) -> Marks {
        self.marks
    }

    /// Whether it answers these words.
    pub(super) fn answers(&self, said: &str) -> bool {
        same_words(&self.said, said)
    }

    /// Reads what comes, and resolves never. Cancel safe.
    pub(super) async fn read(&mut self) {
        while !self.over && self.early.len() < MOST_PARTS {
            match self.parts.next().await {
                Some(Ok(part)) => {
                    if let ReplyPart::Text(_) = part {
                        self.marks.token();
                    }
                    self.early.push(part);
                }
                Some(Err(error)) => {
                    self.failed = Some(error);
                    self.over = true;
                }
                None => self.over = true,
            }
        }
        std::future::pending().await
    }

    /// The reply to this request, if it is one: its words were checked, and nothing else was said
    /// or done meanwhile.
    pub(super) fn reply_to(self, request: &ModelRequest) -> Option<Parts<ReplyPart>> {
        if self.context != context(request) {
            return None;
        }
        Some(Parts::made_by(move |out| async move {
            let mut ahead = self;
            for part in std::mem::take(&mut ahead.early) {
                if !out.send(part).await {
                    return Ok(());
                }
            }
            if let Some(error) = ahead.failed {
                return Err(error);
            }
            while let Some(part) = ahead.parts.next().await {
                if !out.send(part?).await {
                    break;
                }
            }
            Ok(())
        }))
    }
}

/// All messages but the question.
fn context(request: &ModelRequest) -> &[Message] {
    match request.messages.split_last() {
        Some((_, before)) => before,
        None => &[],
    }
}
