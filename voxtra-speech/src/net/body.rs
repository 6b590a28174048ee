//! The body of an answer, piece by piece.

use bytes::Bytes;
use reqwest::Response;

use super::super::ProviderError;
use super::Endpoint;

/// A body that is still being received. Dropping it closes the connection.
pub(crate) struct Body {
    endpoint: Endpoint,
    response: Response,
}

impl Body {
    pub(crate) fn new(endpoint: Endpoint, response: Response) -> Self {
        Self { endpoint, response }
    }

    /// The value of a header, if it has one that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Waits for the next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ProviderError> {
        let idle = self.endpoint.timeouts().idle;
        match tokio::time::timeout(idle, self.response.chunk()).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(self.endpoint.broken(error)),
            Err(_) => Err(self.endpoint.timed_out("no more of its answer came", idle)),
        }
    }

    /// The first bytes, this many at most, and whether there are more.
    pub(crate) async fn beginning(mut self, most: usize) -> Result<(Vec<u8>, bool), ProviderError> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await? {
            let room = most.saturating_sub(all.len());
            match bytes.get(..room) {
                Some(first) if bytes.len() > room => {
                    all.extend_from_slice(first);
                    return Ok((all, true));
                }
                _ => all.extend_from_slice(&bytes),
            }
        }
        Ok((all, false))
    }

    /// All bytes, of which there may be this many.
    pub(crate) async fn whole(mut self, most: usize) -> Result<Vec<u8>, ProviderError> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await? {
            if all.len().saturating_add(bytes.len()) > most {
                let what = format!("its answer is longer than {most} bytes");
                return Err(self.endpoint.nonsense(what));
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }
}
