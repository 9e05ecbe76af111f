//! Tasks that wait in the memory of a ring on the heap, and are woken with the threads.

use crate::memory::View;
use ringway_shm::sync::{Futex, Ordering};

/// Wakes the tasks of a ring on the heap for which that word is stored. The caller has stored it.
pub(crate) fn wake_tasks(word: &Futex, view: &View) {
    let word = core::ptr::from_ref(word).addr();
    wake_tasks_for(view, |key| key == word);
}

/// Those of all consumers.
pub(super) fn wake_tasks_but_the_producers(view: &View) {
    if let Some(flags) = view.flags() {
        let waiting = core::ptr::from_ref(&flags.waiting).addr();
        wake_tasks_for(view, |key| key != waiting);
    }
}

fn wake_tasks_for(view: &View, is_for: impl Fn(usize) -> bool) {
    if let Some(tasks) = view.tasks() {
        let again = Again(view);
        tasks.wake(is_for);
        core::mem::forget(again);
    }
}

/// Dropped by the panic of a waker, it has the producer wake all tasks the next time, also those
/// behind that one's.
struct Again<'a>(&'a View);

impl Drop for Again<'_> {
    fn drop(&mut self) {
        raise_again(self.0);
    }
}

fn raise_again(view: &View) {
    if let Some(flags) = view.flags() {
        flags.sleepers.word.store(1, Ordering::Relaxed);
    }
}
