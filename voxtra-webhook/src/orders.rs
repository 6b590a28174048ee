//! How orders reach the keeper.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

use super::keeper::{Keeper, Order};

/// The way to the keeper: nobody who takes it waits for a disk.
#[derive(Debug)]
pub(super) enum Orders {
    /// For an outbox in memory: whoever orders something does it.
    Direct(Box<Mutex<Keeper>>),
    /// For an outbox on a disk: a thread of its own does, in groups.
    Thread(Thread),
}

#[derive(Debug)]
pub(super) struct Thread {
    orders: Option<Sender<Order>>,
    /// Bytes of the events on their way.
    waiting: Arc<AtomicUsize>,
    handle: Option<JoinHandle<()>>,
}

/// Most bytes of events that wait for the disk.
const WAITING: usize = 64 << 20;
/// Most orders in one commit.
const GROUP: usize = 4_096;
/// How long what has left waits for something that is accepted, to share its commit.
const COMPANY: Duration = Duration::from_millis(20);
/// How much an event takes beside its body.
const OVERHEAD: usize = 512;

impl Orders {
    pub(super) fn direct(keeper: Keeper) -> Self {
        Self::Direct(Box::new(Mutex::new(keeper)))
    }

    pub(super) fn thread(keeper: Keeper) -> std::io::Result<Self> {
        let (orders, ordered) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let taken = Arc::clone(&waiting);
        let handle = std::thread::Builder::new()
            .name("webhook outbox".to_owned())
            .spawn(move || keep(keeper, &ordered, &taken))?;
        Ok(Self::Thread(Thread {
            orders: Some(orders),
            waiting,
            handle: Some(handle),
        }))
    }

    /// Hands an order over; returns it if the disk is too far behind.
    pub(super) fn send(&self, order: Order) -> Result<(), Box<Order>> {
        match self {
            Self::Direct(keeper) => {
                let mut keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
                keeper.turn(vec![order]);
                Ok(())
            }
            Self::Thread(thread) => thread.send(order),
        }
    }
}

impl Thread {
    fn send(&self, order: Order) -> Result<(), Box<Order>> {
        let size = size(&order);
        if size > 0 && self.waiting.load(Relaxed) >= WAITING {
            return Err(Box::new(order));
        }
        self.waiting.fetch_add(size, Relaxed);
        match &self.orders {
            Some(orders) => orders.send(order).map_err(|refused| Box::new(refused.0)),
            None => Err(Box::new(order)),
        }
    }
}

impl Drop for Thread {
    /// Waits until the last orders are on the disk.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

fn size(order: &Order) -> usize {
    match order {
        Order::Accept(accept) => accept.event.body.len().saturating_add(OVERHEAD),
        _ => 0,
    }
}

fn keep(mut keeper: Keeper, ordered: &Receiver<Order>, waiting: &AtomicUsize) {
    loop {
        let until = keeper.due().saturating_duration_since(Instant::now());
        let first = match ordered.recv_timeout(until) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                keeper.turn(Vec::new());
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let group = group(first, ordered);
        let bytes = group.iter().map(size).sum();
        keeper.turn(group);
        waiting.fetch_sub(bytes, Relaxed);
    }
}

/// What is committed together.
fn group(first: Order, ordered: &Receiver<Order>) -> Vec<Order> {
    let mut group = vec![first];
    let until = std::time::Instant::now() + COMPANY;
    let mut may_wait = true;
    while group.len() < GROUP {
        may_wait &= matches!(group.last(), Some(Order::Settle(_)));
        let next = if may_wait {
            let left = until.saturating_duration_since(std::time::Instant::now());
            ordered.recv_timeout(left).ok()
        } else {
            ordered.try_recv().ok()
        };
        match next {
            Some(next) => group.push(next),
            None => break,
        }
    }
    group
}
