//! That a ring in a `static` is split once: by a flag.

use ringway_shm::sync::{CasU32, Ordering};

/// What one caller can take.
pub(super) struct Once(CasU32);

impl Once {
    /// Whether the caller is the first one.
    pub(super) fn take(&self) -> bool {
        // Relaxed will do: the caller that gets 0 reads nothing that another one wrote.
        self.0.swap(1, Ordering::Relaxed) == 0
    }
}
