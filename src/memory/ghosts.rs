//! What a model has in place of the memory of messages, to see that no two accesses race.

use core::ptr::NonNull;

use ringway_shm::sync::{NATIVE, RaceCell};

/// The first of them. Outside of models they take no memory, and no pointer.
pub(super) type Ghosts = [NonNull<RaceCell>; !NATIVE as usize];

/// One of the ghosts.
///
/// # Safety
///
/// In a model there are more than `index` of them, which are valid for reads as long as `'a`.
#[inline(always)]
pub(super) unsafe fn ghost<'a>(ghosts: &Ghosts, index: usize) -> &'a RaceCell {
    // Outside of models they have no size, and are anywhere.
    let ghost = match ghosts.first() {
        // SAFETY: this function's caller promises that there are more than `index`.
        Some(first) => unsafe { first.add(index) },
        None => NonNull::dangling(),
    };
    // SAFETY: in a model it is valid for reads, as the caller promises; elsewhere it has no size.
    unsafe { ghost.as_ref() }
}
