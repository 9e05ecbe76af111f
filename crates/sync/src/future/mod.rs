//! Calls that tasks await.
//!
//! They stand beside those that block, with the same guards and errors: `lock_async` beside `lock`.
//! What wakes the task, and what becomes of it when a process dies, is told in docs/async.md.

mod cell;
mod condition;
mod lock;
mod mutex;
mod once;
mod phase;
mod semaphore;
mod signal;
mod table;

use alloc::sync::Arc;
use core::future::poll_fn;

use ringway_shm::LivenessError;
use ringway_shm::sleeper::Sleeper;

use crate::behalf::{Behalf, Object, OfLock};
use crate::lock::words::{ForLock, LockWords, Taken};
use crate::region::handle::Handle;
use crate::region::object::ObjectKind;
use crate::task::{ForTask, Task};
use crate::wait::Awaited;

/// Waits for it. A future that is dropped before it is done has taken nothing.
async fn wait<A: Awaited>(
    mut awaited: A,
    sleeper: impl Fn(&A) -> ForTask,
) -> Result<A::Got, LivenessError> {
    let mut task = Task::default();
    poll_fn(|context| task.poll(context, &mut awaited, &sleeper)).await
}

/// What sleeps on behalf of that handle's task.
fn for_task<K: ObjectKind, O: Object>(handle: &Handle<K>, object: O) -> ForTask {
    Behalf::of(handle, object).map(|behalf| -> Arc<dyn Sleeper> { behalf })
}

/// Takes the lock of an object.
async fn take<K: ObjectKind>(
    handle: &Handle<K>,
    lock: fn(&K::Head) -> &LockWords,
) -> Result<Taken, LivenessError> {
    let awaited = ForLock { lock: lock(handle.head()), party: handle.party() };
    wait(awaited, |_| for_task(handle, OfLock { spot: *handle.spot(), lock })).await
}
