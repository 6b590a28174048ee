//! tokio's `watch`: a value, the version of it that each receiver has seen, and the receivers that
//! wait for the next.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Poll, Waker};

use loom::sync::MutexGuard;

use super::Mutex;

#[derive(Debug)]
struct State<T> {
    value: T,
    version: u64,
    closed: bool,
    waiters: Vec<Waker>,
}

#[derive(Debug)]
pub(crate) struct Sender<T>(Arc<Mutex<State<T>>>);

#[derive(Clone, Debug)]
pub(crate) struct Receiver<T> {
    channel: Arc<Mutex<State<T>>>,
    seen: u64,
}

pub(crate) fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender(Arc::new(Mutex::new(State {
        value,
        version: 0,
        closed: false,
        waiters: Vec::new(),
    })));
    let receiver = sender.subscribe();
    (sender, receiver)
}

impl<T> Sender<T> {
    pub(crate) fn borrow(&self) -> Ref<'_, T> {
        Ref(self.0.lock().unwrap())
    }

    pub(crate) fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    pub(crate) fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let mut state = self.0.lock().unwrap();
        if !modify(&mut state.value) {
            return false;
        }
        state.version += 1;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        waiters.into_iter().for_each(Waker::wake);
        true
    }

    pub(crate) fn subscribe(&self) -> Receiver<T> {
        Receiver {
            seen: self.0.lock().unwrap().version,
            channel: self.0.clone(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap();
        state.closed = true;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        waiters.into_iter().for_each(Waker::wake);
    }
}

impl<T> Receiver<T> {
    pub(crate) fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let state = self.channel.lock().unwrap();
        self.seen = state.version;
        Ref(state)
    }

    pub(crate) fn changed(&mut self) -> impl Future<Output = Result<(), Closed>> {
        poll_fn(|context| {
            let mut state = self.channel.lock().unwrap();
            if self.seen != state.version {
                self.seen = state.version;
                return Poll::Ready(Ok(()));
            }
            if state.closed {
                return Poll::Ready(Err(Closed));
            }
            state.waiters.push(context.waker().clone());
            Poll::Pending
        })
    }
}

#[derive(Debug)]
pub(crate) struct Closed;

pub(crate) struct Ref<'a, T>(MutexGuard<'a, State<T>>);

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}
