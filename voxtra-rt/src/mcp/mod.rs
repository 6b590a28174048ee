//! Tools of MCP servers (Model Context Protocol, <https://modelcontextprotocol.io>): programs that
//! Voxtra starts, and servers over HTTP.
//!
//! A server's connection is opened when the application starts and is kept; calls share it. A
//! server that ends or can't be reached is tried again, ever later. Calls go on without it: they
//! are told by an `error` event.
//!
#![cfg_attr(
    feature = "mcp",
    doc = r#"
```no_run
use voxtra_rt::app::Application;
use voxtra_rt::mcp::{McpServer, McpSettings};
use voxtra_rt::session::AgentSettings;

# fn example() -> Result<(), voxtra_rt::speech::ProviderError> {
let settings = McpSettings::command("npx", ["-y", "@acme/crm-mcp"]).secret("CRM_KEY", "…");
let crm = McpServer::new("crm", settings)?;
let agent = AgentSettings::new("You are the receptionist of Acme.").toolbox(crm.all());
let application = Application::builder().mcp(crm);
# Ok(())
# }
```
"#
)]

#[cfg(feature = "mcp")]
mod keeper;
#[cfg(feature = "mcp")]
mod link;
#[cfg(feature = "mcp")]
mod patient;
#[cfg(feature = "mcp")]
mod process;
#[cfg(feature = "mcp")]
mod secrets;
#[cfg(feature = "mcp")]
mod server;
mod settings;
#[cfg(all(test, feature = "mcp"))]
mod tests;
#[cfg(feature = "mcp")]
mod tool;
#[cfg(feature = "mcp")]
mod web;

#[cfg(feature = "mcp")]
pub use self::server::{McpServer, McpToolbox};
#[cfg(feature = "config")]
pub(crate) use self::settings::is_server_name;
pub use self::settings::{McpPlace, McpSettings};

/// Bytes of a message of a server: what it tells in one piece.
#[cfg(feature = "mcp")]
const MAX_MESSAGE: usize = 8 << 20;

/// Between the name of a server and that of its tool, as models have them.
pub(crate) const BETWEEN: &str = "__";
