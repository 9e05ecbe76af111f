//! When a receiver looks at more than messages.

use crate::mailbox::door::Door;
use ringway_shm::wait::{DeathCheck, Ticker};

/// When it looks, and how far it has come.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) ticker: Ticker,
    pub(super) check: DeathCheck,
    /// The next lane.
    pub(super) next: usize,
    pub(super) looks: u32,
    /// The looks of all receivers that it knows of.
    pub(super) patrols: u32,
}

impl Watch {
    pub(super) fn new(door: &Door) -> Watch {
        Watch {
            ticker: Ticker::default(),
            check: DeathCheck::default(),
            next: 0,
            looks: 0,
            patrols: door.patrols(),
        }
    }

    /// How often the receiver has looked around.
    pub(super) fn looks(&self) -> u32 {
        self.looks
    }
}
