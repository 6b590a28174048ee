//! The links and the notifier under loom: the production files, compiled a second time over loom's
//! atomics, rings and threads (`crate::sync::model`). Media threads, notifier and async tasks run
//! in every order of steps that the bound on preemptions allows.
//!
//! | what threads share | model |
//! |---|---|
//! | records → mark → the notifier's ring → wake-up → session; the end of a call | `records` |
//! | the caller's audio: parts, rate, rings that are made late | `caller` |
//! | the agent's audio: pieces, who frees them, epoch and flush | `agent` |
//! | the session's log and its readers | `session/log_models.rs` |
//!
//! Not modelled: what rtrb, tokio or mio alone implements (commands; the inbox of a media thread,
//! which is drained after each call of its waker and once more at the end); the bus, which one
//! thread owns; and counters, each of which has one writer and no follower.
#![allow(dead_code, unused_imports, unreachable_pub)]

mod agent;
mod caller;
mod records;

use crate::sync::model as sync;

use super::{guard, settings};

#[path = "../link.rs"]
mod link;
#[path = "../notifier.rs"]
mod notifier;

/// What the notifier sees of a connection.
mod connection {
    use std::sync::Arc;

    use super::link::Shared;

    pub(crate) struct Connection(Arc<Shared>, Arc<std::sync::atomic::AtomicBool>);

    impl Connection {
        /// Sets `closed` when it is dropped, as a real connection would close its socket.
        pub(crate) fn new(
            shared: &Arc<Shared>,
            closed: &Arc<std::sync::atomic::AtomicBool>,
        ) -> Box<Self> {
            Box::new(Self(shared.clone(), closed.clone()))
        }
    }

    impl super::notifier::Finished for Connection {
        fn shared(&self) -> &Arc<Shared> {
            &self.0
        }
    }

    impl Drop for Connection {
        fn drop(&mut self) {
            self.1.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
}

/// The counters that the notifier keeps. A call's own counters stay as they are: each has one
/// writer, and no code acts on them.
mod stats {
    pub(crate) use super::super::stats::{CallCounters, CallStats};

    use super::sync::atomic::AtomicUsize;

    #[derive(Debug)]
    pub(crate) struct MediaStats {
        pub(crate) calls: AtomicUsize,
        pub(crate) ended: CallCounters,
    }
}
