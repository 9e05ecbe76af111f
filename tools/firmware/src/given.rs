//! What the main program gives to its interrupt handler.

use core::cell::UnsafeCell;

/// A value that the main program puts in while its timer stands still, and that only the timer's handler uses
/// while it runs.
#[derive(Debug)]
pub struct Given<T>(UnsafeCell<Option<T>>);

// SAFETY: there is one core, and main and handler take turns as said above.
unsafe impl<T: Send> Sync for Given<T> {}

impl<T> Given<T> {
    /// Nothing yet.
    pub const fn nothing() -> Self {
        Given(UnsafeCell::new(None))
    }

    /// What is there, or is to be there.
    ///
    /// # Safety
    ///
    /// The caller is the handler, or the timer stands still; and it does not call this while it has the reference.
    #[expect(clippy::mut_from_ref, reason = "that is what the caller promises")]
    pub unsafe fn get(&self) -> &mut Option<T> {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.0.get() }
    }
}
