//! What tells a program to stop: Ctrl-C, or the SIGTERM of a service manager.

use std::io;

/// What told the program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, the proper end of a service.
    Terminate,
}

/// Listens for Ctrl-C and SIGTERM. None that comes after it was made is lost, even while nobody
/// waits for it.
#[derive(Debug)]
pub struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl StopSignals {
    /// Begins to listen. From now on these signals don't end the process by themselves.
    ///
    /// # Errors
    /// The operating system doesn't let us.
    pub fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(windows)]
        {
            Ok(Self {
                interrupt: tokio::signal::windows::ctrl_c()?,
            })
        }
    }

    /// Waits for the next. Cancel safe.
    pub async fn next(&mut self) -> Stop {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
        }
        #[cfg(windows)]
        {
            let _ = self.interrupt.recv().await;
            Stop::Interrupt
        }
    }
}
