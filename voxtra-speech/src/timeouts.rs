use std::time::Duration;

/// How long to wait for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For a connection, with TLS. Default 5 s.
    pub connect: Duration,
    /// For the first byte of an answer. Default 10 s.
    pub first: Duration,
    /// For each next part of an answer. Default 10 s.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first: Duration::from_secs(10),
            idle: Duration::from_secs(10),
        }
    }
}
