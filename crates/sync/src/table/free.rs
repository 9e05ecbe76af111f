//! Waiting until a row has no writer that lives.

use ringway_shm::LivenessError;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Futex, Ordering, fence, peek};

use super::handle::{Table, TableKind};
use crate::owner::{DIED, Owner};
use crate::party::Party;
use crate::plain::Plain;
use crate::region::object::SpotOf;
use crate::wait::{Awaited, Sign};

/// Whether a row has no writer that lives. Taking it is another matter: by the table's lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpotSign<'a> {
    pub(crate) spot: &'a SpotOf<TableKind>,
    /// `None`: there is no such row.
    pub(crate) row: Option<usize>,
}

impl SpotSign<'_> {
    /// The word that names its writer, if it has one.
    fn writer(&self) -> Option<u32> {
        let row = self.spot.items().get(self.row?)?;
        Some(peek(&row.claim)).filter(|&word| word != 0 && word != DIED)
    }
}

impl Sign for SpotSign<'_> {
    const IS_FOR_ONE: bool = false;

    fn bell(&self) -> &Futex {
        &self.spot.head().bell
    }

    fn count(&self) -> EventCount<'_> {
        self.spot.head().count()
    }

    fn is_there(&self) -> bool {
        self.writer().is_none()
    }

    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        let Some(word) = self.writer() else { return Ok(true) };
        // SYNC seat: as where a row is taken from a writer that is gone.
        fence(Ordering::Acquire);
        let owner = Owner::of_word(word);
        Ok(owner != party.me() && party.is_gone(owner)?)
    }
}

/// A call that waits until the row of a key has no writer that lives, or there is none.
pub(crate) struct ForRow<'a, K, V> {
    pub(crate) table: &'a Table<K, V>,
    pub(crate) key: &'a K,
}

impl<'a, K: Plain, V: Plain> Awaited for ForRow<'a, K, V> {
    type Got = ();
    type Sign = SpotSign<'a>;

    /// Of the row that has the key now. One that cannot be read is one to try.
    fn sign(&self) -> SpotSign<'a> {
        let found = self.table.rows_of().get(self.key).ok().flatten();
        SpotSign { spot: self.table.handle.spot(), row: found.map(|(row, _)| row) }
    }

    fn fences(&self) -> Fences {
        self.table.handle.fences()
    }

    fn attempt(&mut self) -> Option<()> {
        self.sign().is_there().then_some(())
    }

    fn ask(&mut self) -> Result<Option<()>, LivenessError> {
        let is_there = self.sign().is_there_when_asked(self.table.handle.party())?;
        Ok(is_there.then_some(()))
    }
}
