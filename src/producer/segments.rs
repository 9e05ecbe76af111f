//! What the producer of a ring that grows has besides.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

#[cfg(all(feature = "std", not(ringway_loom)))]
use super::grower::Orders;
use crate::memory::Storage;
use crate::memory::chain::Plan;
use crate::position::Pos;
use ringway_shm::sync::Instant;

/// What the producer of a chain has besides. `None`: it is no chain.
#[derive(Debug, Default)]
pub(crate) struct Chain(pub(super) Option<Box<Segments>>);

#[derive(Debug)]
pub(super) struct Segments {
    pub(super) plan: Plan,
    /// Those before the newest one that are not retired, the oldest first.
    pub(super) before: VecDeque<Storage>,
    /// Where this producer began to look how much of the newest is needed, and the largest lag
    /// since.
    pub(super) since: Pos,
    pub(super) largest: usize,
    /// What it has of a thread that makes segments ahead.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub(super) orders: Option<Orders>,
    /// When a segment could last not be made.
    pub(super) failed: Option<Instant>,
    /// When it last asked which consumers in those before the newest live.
    pub(super) asked: Option<Instant>,
}

impl Chain {
    /// Of a producer that has made the ring, or takes it over with those segments before the last.
    pub(crate) fn of(newest: &Storage, before: VecDeque<Storage>, next: Pos) -> Chain {
        Chain(newest.chain().map(|words| {
            Box::new(Segments {
                plan: words.plan(),
                before,
                since: next,
                largest: 0,
                failed: None,
                asked: None,
                #[cfg(all(feature = "std", not(ringway_loom)))]
                orders: None,
            })
        }))
    }
}
