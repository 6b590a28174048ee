//! The rules, in virtual time, with providers that do what a script says.

mod model;
mod speech_to_speech;
mod speech_to_text;
mod voice;

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Mutex;
use std::time::Duration;

use super::super::{Parts, ProviderError, ProviderErrorKind};

/// What a provider gives, one after the other, and how often it was asked.
struct Script<T>(Mutex<(VecDeque<Parts<T>>, usize)>);

impl<T: Send + 'static> Script<T> {
    fn new(parts: impl IntoIterator<Item = Parts<T>>) -> Self {
        Self(Mutex::new((parts.into_iter().collect(), 0)))
    }

    /// `None`: the script is at its end.
    fn next(&self) -> Option<Parts<T>> {
        let mut script = self.0.lock().unwrap();
        script.1 += 1;
        script.0.pop_front()
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

fn error(kind: ProviderErrorKind) -> ProviderError {
    ProviderError::new("scripted", kind, "gone")
}

fn fails<T>(kind: ProviderErrorKind) -> Parts<T> {
    Parts::failed(error(kind))
}

/// These parts, and then the error.
fn breaks<T: Send + 'static>(
    parts: impl IntoIterator<Item = T> + Send + 'static,
    kind: ProviderErrorKind,
) -> Parts<T> {
    let parts: Vec<T> = parts.into_iter().collect();
    Parts::made_by(move |out| async move {
        for part in parts {
            out.send(part).await;
        }
        Err(error(kind))
    })
}

fn hangs<T: Send + 'static>() -> Parts<T> {
    Parts::made_by(|_| pending())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
