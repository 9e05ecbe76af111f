//! Whether a guard is dropped because its thread panics.

/// What a guard knows of it from when it was made. Without the feature `std` it is never known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unwinding {
    /// The thread was panicking already: then the guard is part of what is done about that.
    #[cfg(feature = "std")]
    before: bool,
}

impl Unwinding {
    /// Of a guard that is made now.
    #[inline(always)]
    pub(super) fn watch() -> Unwinding {
        Unwinding {
            #[cfg(feature = "std")]
            before: std::thread::panicking(),
        }
    }

    /// Whether the thread has begun to panic since.
    #[inline(always)]
    pub(super) fn has_begun(self) -> bool {
        #[cfg(feature = "std")]
        return !self.before && std::thread::panicking();
        #[cfg(not(feature = "std"))]
        false
    }
}
