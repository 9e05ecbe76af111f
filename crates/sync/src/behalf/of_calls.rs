//! What single calls wait for, which no set looks for on their behalf.

use ringway_shm::sync::{Futex, Word};

use super::Object;
use crate::condition::{ConditionKind, ConditionSign};
use crate::mutex::MutexKind;
use crate::region::object::SpotOf;
use crate::table::{SpotSign, TableKind};

/// A condition, for a waiter that gave the lock back when the bell and the number of commits were so.
/// After a commit of which it has not been told it is asked for each time.
#[derive(Debug)]
pub(crate) struct OfCondition {
    pub(crate) spot: SpotOf<ConditionKind>,
    pub(crate) mutex: SpotOf<MutexKind>,
    pub(crate) seen: u32,
    pub(crate) seq: Word,
}

impl Object for OfCondition {
    type Sign<'a> = ConditionSign<'a, 'a>;

    fn sign(&self) -> ConditionSign<'_, '_> {
        let (words, mutex) = (self.spot.head(), &self.mutex);
        ConditionSign { words, mutex, seen: self.seen, seq: self.seq }
    }

    fn bell(&self) -> &Futex {
        self.spot.head().bell()
    }
}

/// The writer of a row. If the row comes to be another key's the bell has rung.
#[derive(Debug)]
pub(crate) struct OfRow {
    pub(crate) spot: SpotOf<TableKind>,
    /// `None`: there was no such row.
    pub(crate) row: Option<usize>,
}

impl Object for OfRow {
    type Sign<'a> = SpotSign<'a>;

    fn sign(&self) -> SpotSign<'_> {
        SpotSign { spot: &self.spot, row: self.row }
    }

    fn bell(&self) -> &Futex {
        &self.spot.head().bell
    }
}
