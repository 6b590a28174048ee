//! Sessions declared with `voxtra!`.

use std::future::Future;

use super::call::Call;
use super::error::HandlerError;
use super::event::Event;
use crate::app::Route;

/// A session declared with `voxtra! { session Name { … } }`, which implements this.
pub trait Session: Send + 'static {
    /// Its name in the declaration.
    const NAME: &'static str;
    /// Which calls it wants.
    const ROUTES: &'static [Route];

    /// Its state at the start of a call.
    fn new() -> Self;

    /// Runs the handler of this event, if there is one.
    ///
    /// # Errors
    /// Whatever the handler failed with.
    fn handle<'a>(
        &'a mut self,
        call: &'a Call,
        event: &'a Event,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send + 'a;
}

/// Gives a session its events, one after the other, all but `session.destroyed`, which waits for it. A handler that fails is reported and the
/// next event is handled as usual.
pub(crate) async fn run_session<S: Session>(call: Call) -> Result<(), HandlerError> {
    let mut session = S::new();
    let mut events = call.events();
    while let Some(event) = events.next().await {
        if let Err(error) = session.handle(&call, &event).await {
            tracing::warn!(session = S::NAME, call = call.id(), event = event.wire(), %error, "a handler failed");
            let message = format!("{}: on {}: {error}", S::NAME, event.wire());
            call.emit_error("handler", message).await;
        }
    }
    Ok(())
}
