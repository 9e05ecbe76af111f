//! How long consumers may hold the producer back.

use crate::memory::View;
use crate::memory::layout::EVICTS;
use ringway_shm::sync::{Ordering, Word};

/// How long a subscriber may hold the producer back. Chosen by the ring's creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Messages that it may lag behind; a capacity or more: as many as it takes.
    pub(crate) max_lag: usize,
    /// Milliseconds for which it may keep the producer waiting; `u32::MAX`: for ever.
    pub(crate) max_hold: u32,
    /// The same for a durable one that is away.
    pub(crate) max_away: u32,
    /// The producer's program may evict consumers, for reasons of its own.
    pub(crate) by_hand: bool,
}

impl Limits {
    /// As long as it takes.
    pub(crate) fn none(capacity: usize) -> Limits {
        Limits { max_lag: capacity, max_hold: u32::MAX, max_away: u32::MAX, by_hand: false }
    }

    /// What stands in the segment, whose data is the producer's own.
    pub(crate) fn read(view: &View) -> Limits {
        let line = view.producer();
        Limits {
            max_lag: line.max_lag.load(Ordering::Relaxed) as usize,
            max_hold: line.max_hold.load(Ordering::Relaxed),
            max_away: line.max_away.load(Ordering::Relaxed),
            by_hand: line.by_hand().is_some_and(|word| word.load(Ordering::Relaxed) != 0),
        }
    }

    /// The same, if it is what a creator may have written: else a ring that evicts might turn into
    /// one that waits for ever, or evicts all. Any `max_hold` and `max_away` may have been
    /// chosen.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn check(view: &View) -> Result<Limits, crate::error::HeaderError> {
        let limits = Limits::read(view);
        if limits.max_lag == 0 || limits.max_lag > view.measures().capacity() {
            return Err(crate::error::HeaderError::Corrupt {
                what: "max_lag, which is none that a ring of this capacity can have",
            });
        }
        Ok(limits)
    }

    /// Whether a subscriber that is there can be evicted. One that comes back can be taken for
    /// being away still.
    pub(crate) fn evict(self, view: &View) -> bool {
        let most = u32::MAX;
        EVICTS
            && (self.max_lag < view.measures().capacity()
                || self.max_hold != most
                || self.max_away != most
                || self.by_hand)
    }

    /// Whether a consumer is evicted only because time is over.
    #[cfg(feature = "async")]
    pub(crate) fn are_of_time(self) -> bool {
        self.max_hold != u32::MAX || self.max_away != u32::MAX
    }

    pub(crate) fn write(self, view: &View) {
        let line = view.producer();
        line.max_lag.store(self.max_lag as Word, Ordering::Relaxed);
        line.max_hold.store(self.max_hold, Ordering::Relaxed);
        line.max_away.store(self.max_away, Ordering::Relaxed);
        if let Some(word) = line.by_hand() {
            word.store(self.by_hand.into(), Ordering::Relaxed);
        }
    }
}
