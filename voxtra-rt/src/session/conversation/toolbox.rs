//! Tools that are known only when somebody is asked for them.

use std::sync::Arc;
use std::time::Duration;

use super::super::call::Call;
use super::super::error::{CallError, HandlerError};
use super::settings::AgentSettings;
use super::tool::Tool;
use crate::speech::{BoxFuture, ProviderError, ProviderErrorKind};

/// How long a caller's telephone may ring for a toolbox. What it is made of has limits of its own.
const LIMIT: Duration = Duration::from_secs(20);

/// The type of the error that tells of a toolbox whose tools are not there.
const TOOLS: &str = "tools";

/// Tools that are known only when somebody is asked for them, such as those of a server. They are
/// asked for before each call is answered, and stay the same as long as the call lasts.
///
/// ```
/// use std::sync::Arc;
/// use voxtra_rt::session::{Call, HandlerError, Tool, Toolbox, tools};
/// use voxtra_rt::speech::BoxFuture;
///
/// /// What our staff may do depends on the day.
/// struct Today;
///
/// impl Toolbox for Today {
///     fn name(&self) -> &str {
///         "today"
///     }
///
///     fn tools(&self) -> BoxFuture<'_, Result<Vec<Arc<dyn Tool>>, HandlerError>> {
///         Box::pin(async { Ok(vec![Arc::new(tools::hang_up()) as _]) })
///     }
/// }
/// ```
pub trait Toolbox: Send + Sync {
    /// Its name, for errors.
    fn name(&self) -> &str;

    /// The tools that it has now. The telephone rings meanwhile, for 20 s at most. An agent goes on
    /// without tools that are not there: an `error` event of the type `tools` tells of it.
    fn tools(&self) -> BoxFuture<'_, Result<Vec<Arc<dyn Tool>>, HandlerError>>;

    /// Whether a call is not answered without its tools: [`run`](super::Conversation::run) fails.
    /// Default: no.
    fn is_required(&self) -> bool {
        false
    }
}

/// Adds the tools of an agent's toolboxes to its own.
pub(super) async fn open(call: &Call, settings: &mut AgentSettings) -> Result<(), CallError> {
    let boxes = settings.toolboxes.iter().map(|toolbox| async move {
        match tokio::time::timeout(LIMIT, toolbox.tools()).await {
            Ok(Ok(tools)) => Ok(tools),
            Ok(Err(error)) => Err((toolbox, error.to_string())),
            Err(_) => Err((toolbox, format!("nothing within {} s", LIMIT.as_secs()))),
        }
    });
    let found = futures_util::future::join_all(boxes).await;
    let mut more = Vec::new();
    for found in found {
        let (toolbox, why) = match found {
            Ok(mut tools) => {
                more.append(&mut tools);
                continue;
            }
            Err(failed) => failed,
        };
        let name = toolbox.name();
        if toolbox.is_required() {
            let error = ProviderError::new(name, ProviderErrorKind::Unavailable, why);
            call.emit_error(TOOLS, error.to_string()).await;
            return Err(error.into());
        }
        let message = format!("{name}: {why}; the agent goes on without these tools");
        call.emit_error(TOOLS, message).await;
    }
    for tool in more {
        let name = tool.spec().name;
        // The agent's own counts: it was chosen on purpose.
        if settings.tools.iter().any(|own| own.spec().name == name) {
            let message = format!("there is another tool named {name}, which is used");
            call.emit_error(TOOLS, message).await;
        } else {
            settings.tools.push(tool);
        }
    }
    Ok(())
}
