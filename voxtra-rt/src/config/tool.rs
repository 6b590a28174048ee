//! `[tool.NAME]`: servers that agents may ask.

use serde_json::Value;

use crate::session::{HttpSettings, tools::HttpTool};
use crate::speech::ProviderError;

/// A tool of the configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfiguredTool {
    /// Its name, for agents and for the model.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// Its parameters, as a JSON schema.
    pub parameters: Value,
    /// How it is asked.
    pub http: HttpSettings,
    /// Whether the caller must agree before it is asked.
    pub confirm: bool,
    /// Whether the conversation goes on while it is asked.
    pub background: bool,
}

impl ConfiguredTool {
    /// The tool.
    ///
    /// # Errors
    /// Its address or a header is wrong.
    pub fn tool(&self) -> Result<HttpTool, ProviderError> {
        let parameters = self.parameters.clone();
        let tool = HttpTool::new(&self.name, &self.description, parameters, &self.http)?;
        let tool = if self.confirm { tool.confirmed() } else { tool };
        Ok(if self.background {
            tool.background()
        } else {
            tool
        })
    }
}
