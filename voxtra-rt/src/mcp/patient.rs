//! A connection whose server may ask, as long as it reads the answers.

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::service::{RoleClient, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

/// Answers that wait until a server reads them. One that asks on, and reads none, would fill our
/// memory.
const MOST: usize = 64;

/// A transport that ends when too many answers wait.
pub(super) struct Patient<T> {
    inner: T,
    /// Each answer that waits holds it too.
    waiting: Arc<()>,
}

impl<T> Patient<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            waiting: Arc::new(()),
        }
    }
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Patient<T> {
    type Error = T::Error;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let answers = matches!(
            message,
            TxJsonRpcMessage::<RoleClient>::Response(_) | TxJsonRpcMessage::<RoleClient>::Error(_)
        );
        let waits = answers.then(|| self.waiting.clone());
        let sending = self.inner.send(message);
        async move {
            let sent = sending.await;
            drop(waits);
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        if Arc::strong_count(&self.waiting) > MOST {
            return None;
        }
        self.inner.receive().await
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.close()
    }
}
