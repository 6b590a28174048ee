//! Tools that are functions.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::super::call::Call;
use super::super::super::error::HandlerError;
use super::{TIME_LIMIT, Tool, background};
use crate::speech::{BoxFuture, TextToSpeech, ToolSpec};

/// A tool made of a function.
pub struct FnTool<F> {
    spec: ToolSpec,
    run: F,
    time_limit: Option<Duration>,
    background: bool,
    confirms: bool,
    wants_filler: bool,
    voices: Vec<(String, Arc<dyn TextToSpeech>)>,
}

impl<F, R> FnTool<F>
where
    F: Fn(Call, Value) -> R + Send + Sync,
    R: Future<Output = Result<String, HandlerError>> + Send + 'static,
{
    /// A tool that `run` carries out. See [`tools::typed`](crate::session::tools::typed) for one
    /// whose parameters are a type.
    pub fn new(spec: ToolSpec, run: F) -> Self {
        Self {
            spec,
            run,
            time_limit: None,
            background: false,
            confirms: false,
            wants_filler: true,
            voices: Vec::new(),
        }
    }
}

impl<F> FnTool<F> {
    /// Sets how long it may take. Default 10 s, in the background 120 s.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// The conversation goes on while it runs, as [`Tool::in_background`] says.
    #[must_use]
    pub fn background(mut self) -> Self {
        self.background = true;
        self
    }

    /// The caller must agree before it runs.
    #[must_use]
    pub fn confirmed(mut self) -> Self {
        self.confirms = true;
        self
    }

    /// The agent says no [`Filler`](crate::session::Filler) while it runs: the caller hears
    /// something of its own.
    #[must_use]
    pub fn without_filler(mut self) -> Self {
        self.wants_filler = false;
        self
    }

    /// It has voices, as [`Tool::voice`] says: pairs of a language's tag and what speaks it.
    pub(in super::super) fn with_voices(
        mut self,
        voices: Vec<(String, Arc<dyn TextToSpeech>)>,
    ) -> Self {
        self.voices = voices;
        self
    }
}

impl<F, R> Tool for FnTool<F>
where
    F: Fn(Call, Value) -> R + Send + Sync,
    R: Future<Output = Result<String, HandlerError>> + Send + 'static,
{
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn run<'a>(
        &'a self,
        call: &'a Call,
        arguments: Value,
    ) -> BoxFuture<'a, Result<String, HandlerError>> {
        Box::pin((self.run)(call.clone(), arguments))
    }

    fn time_limit(&self) -> Duration {
        self.time_limit.unwrap_or(match self.background {
            true => background::TIME_LIMIT,
            false => TIME_LIMIT,
        })
    }

    fn in_background(&self) -> bool {
        self.background
    }

    fn confirms(&self) -> bool {
        self.confirms
    }

    fn wants_filler(&self) -> bool {
        self.wants_filler
    }

    fn voice(&self, language: &str) -> Option<Arc<dyn TextToSpeech>> {
        let mut voices = self.voices.iter();
        let (_, voice) = voices.find(|(tag, _)| tag == language)?;
        Some(voice.clone())
    }
}

impl<F> std::fmt::Debug for FnTool<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FnTool")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}
