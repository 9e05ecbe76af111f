//! What a worker knows of its membership of a group.

use crate::group::undone::Others;
use crate::position::Pos;
use ringway_shm::wait::DeathCheck;

/// Which group a worker is in, and what the worker knows of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its own entry, whose number stands in its claims.
    pub(super) index: usize,
    /// Which group, counted from 0, and which of its entry's owners that is.
    pub(super) group: usize,
    pub(super) generation: u32,
    /// The messages that had been given back when this one last looked from the gate on.
    pub(super) returns: u32,
    /// Claims that have not been ended, of guards that live or were leaked, and the reserved one.
    pub(super) held: usize,
    /// A position that was claimed before there was a message.
    pub(super) reserved: Option<Pos>,
    /// What other workers had at the last look, if nothing besides it was free, and how many
    /// messages had been given back then.
    pub(super) others: Option<(u32, Others)>,
    /// The position for which this one waits, and how often others were faster.
    pub(super) awaited: Option<Pos>,
    pub(super) losses: u32,
    /// When it last looked around: see [`watch`](super::watch).
    pub(super) patrol: DeathCheck,
    /// A position was given back in a panic, and the handle's [`Wait`](crate::Wait) has not been
    /// notified.
    pub(super) owes_notice: bool,
    /// It has been told that its group was evicted.
    pub(super) told: bool,
    /// What it has claimed stays, also if its group is evicted.
    pub(super) pinned: bool,
    /// The most that others were faster for one message.
    #[cfg(ringway_loom)]
    pub(super) beaten: u32,
}

impl Member {
    /// Another worker was faster.
    pub(super) fn lose(&mut self) {
        self.losses = self.losses.saturating_add(1);
        #[cfg(ringway_loom)]
        {
            self.beaten = self.beaten.max(self.losses);
        }
    }
}
