//! The one way to lock a mutex outside of what loom tries.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic: one while a lock was held leaves nothing half done here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
