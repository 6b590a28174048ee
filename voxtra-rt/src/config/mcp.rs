//! `[mcp.NAME]`: MCP servers whose tools agents may have.

#[cfg(feature = "mcp")]
use crate::mcp::McpServer;
use crate::mcp::McpSettings;
#[cfg(feature = "mcp")]
use crate::speech::ProviderError;

/// Why none can be used.
pub(super) const WITHOUT_MCP: &str =
    "this program was built without MCP: build it with the feature mcp";

/// An MCP server of the configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfiguredMcp {
    /// Its name, for agents; it stands before the names of its tools.
    pub name: String,
    /// How it is reached, and what of it is used.
    pub settings: McpSettings,
}

/// Tools of an MCP server that an agent has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfiguredMcpTools {
    /// The server's name.
    pub server: String,
    /// The tools, by the server's names; all without.
    pub only: Option<Vec<String>>,
}

#[cfg(feature = "mcp")]
impl ConfiguredMcp {
    /// The server, not started yet.
    ///
    /// # Errors
    /// Its address or a header makes no sense.
    pub fn server(&self) -> Result<McpServer, ProviderError> {
        McpServer::new(self.name.as_str(), self.settings.clone())
    }
}
