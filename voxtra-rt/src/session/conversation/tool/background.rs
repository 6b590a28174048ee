//! Tools that go on while the conversation does.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::super::super::call::Call;
use super::{Tool, told_of, within};
use crate::lock::lock;
use crate::speech::{Message, ToolCall};

/// How long such a tool may take, unless it says otherwise.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Tools of a call that go on at the same time.
const MOST: usize = 8;

/// What the model is told in place of a result.
const STARTED: &str = "started: it goes on in the background, and you will be told its result. \
                       Don't call it again and don't wait for it; tell the caller that you will \
                       come back to it.";

/// What goes on in the background of a call, and the results that nobody was told.
#[derive(Debug, Default)]
pub(in super::super) struct Background {
    running: Vec<Running>,
    started: u64,
    results: Vec<Message>,
    /// Whether there are results.
    waiting: watch::Sender<bool>,
}

#[derive(Debug)]
struct Running {
    number: u64,
    tool: String,
    arguments: Value,
}

impl Background {
    fn begin(&mut self, tool: &str, arguments: &Value) -> Result<u64, String> {
        let mut running = self.running.iter();
        if running.any(|one| one.tool == tool && one.arguments == *arguments) {
            return Err("it goes on already: you will be told its result".to_owned());
        }
        if self.running.len() >= MOST {
            return Err(format!(
                "{MOST} others go on already: wait for their results"
            ));
        }
        self.started = self.started.wrapping_add(1);
        self.running.push(Running {
            number: self.started,
            tool: tool.to_owned(),
            arguments: arguments.clone(),
        });
        Ok(self.started)
    }

    fn end(&mut self, number: u64, result: Message) {
        self.running.retain(|one| one.number != number);
        self.results.push(result);
        self.waiting.send_replace(true);
    }

    /// The results that nobody was told.
    pub(in super::super) fn take(&mut self) -> Vec<Message> {
        self.waiting.send_replace(false);
        std::mem::take(&mut self.results)
    }

    /// Whether there are results that nobody was told.
    pub(in super::super) fn watch(&self) -> watch::Receiver<bool> {
        self.waiting.subscribe()
    }
}

/// Lets a tool begin, and says so. The call's end cancels it.
pub(super) fn start(
    call: &Call,
    tool: Arc<dyn Tool>,
    asked: &ToolCall,
    arguments: Value,
) -> Result<String, String> {
    let memory = call.session().memory();
    let number = lock(memory).background().begin(&asked.name, &arguments)?;
    let (call, asked) = (call.clone(), asked.clone());
    let noted = (call.session().transcript()).tool_called(&asked.name, &asked.arguments);
    tokio::spawn(async move {
        let result = tokio::select! {
            biased;
            () = call.ended() => return,
            result = within(&call, &*tool, arguments) => result,
        };
        let result = told_of(&call, &asked, result);
        call.session().transcript().tool_gave(noted, &result);
        let result = Message::Tool {
            result,
            id: asked.id,
            name: asked.name,
        };
        lock(call.session().memory())
            .background()
            .end(number, result);
    });
    Ok(STARTED.to_owned())
}
