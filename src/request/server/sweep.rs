//! What clients that have gone leave behind.
//!
//! A client's lane is removed by a server's receiver, once its client is gone and it is drained.
//! With it goes the client's reply box: servers drop their lanes there, and the last one removes
//! it. They look when lanes have come or gone, and not more often than every tenth of a second.

#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

/// The shortest time between two sweeps.
#[cfg(feature = "std")]
const PAUSE: Duration = Duration::from_millis(100);

/// When a server has looked.
#[derive(Debug)]
pub(super) struct Sweep {
    /// The count of lanes that have come or gone, and how many the receiver had.
    pub(super) seen: (u32, usize),
    /// Not before.
    #[cfg(feature = "std")]
    next: Option<Instant>,
}

impl Sweep {
    pub(super) fn new() -> Sweep {
        Sweep {
            // No receiver has as many: what others have left is looked for once.
            seen: (0, usize::MAX),
            #[cfg(feature = "std")]
            next: None,
        }
    }

    #[cold]
    pub(super) fn is_due(&mut self) -> bool {
        #[cfg(feature = "std")]
        {
            let now = Instant::now();
            let due = self.next.is_none_or(|next| now >= next);
            if due {
                self.next = now.checked_add(PAUSE);
            }
            due
        }
        #[cfg(not(feature = "std"))]
        true
    }
}
