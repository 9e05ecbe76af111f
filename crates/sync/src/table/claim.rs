//! Claiming a row: under the table's lock, so that a key has one row.
//!
//! The lock is held for as long as it takes to look at the rows; nothing waits while it is held. A
//! row's writer removes it, and gives it back, without the lock, and a row that has a writer is passed
//! over. So all that an owner of the lock relies on is that no other takes a row meanwhile. A row that
//! was found to have a key is looked at once more when it has been taken.
//!
//! # What the dead did
//!
//! Who gets the lock from an owner that died, or a row from a writer that did, reads the numbers of
//! what was committed by read-modify-write: nothing else orders the stores of the dead. What they
//! left is one of the states of docs/sync.md, none of which needs repair.

use ringway_shm::LivenessError;
use ringway_shm::sync::{Ordering, Word, fence, peek};

use super::rows::{Rows, mark_of};
use crate::error::TableError;
use crate::lock::words::Taken;
use crate::owner::{DIED, Owner};
use crate::party::Party;
use crate::plain::Plain;

/// A row that was claimed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimed {
    pub(super) row: usize,
    /// The number of what is committed.
    pub(super) seq: Word,
    /// Whether the writer before died.
    pub(super) died: bool,
}

/// Who has a row, as a claim sees it.
enum Found {
    /// A writer that lives.
    Taken,
    /// None; and the word that says so.
    Free { word: u32, died: bool },
}

impl<K: Plain, V: Plain> Rows<'_, K, V> {
    /// Claims the row of that key. A new one has `first`. By the owner of the table's lock.
    pub(super) fn claim(
        &self,
        party: &impl Party,
        lock: Taken,
        key: &K,
        first: &V,
    ) -> Result<Claimed, TableError> {
        self.see_the_dead(lock);
        let (mark, mut unused) = (mark_of(key), None);
        if let Some((row, _)) = self.get(key)? {
            let claimed = self.take(party, row)?;
            let value = self.own_value_of(row, claimed.seq, key);
            // Without one its writer has removed it meanwhile: it is the key's once more, and new.
            let died = claimed.died && value.is_some();
            let seq = self.commit(row, claimed.seq, key, value.as_ref().unwrap_or(first));
            return Ok(Claimed { row, seq, died });
        }
        for row in self.order(mark) {
            let is_free =
                || self.found(party, row).map(|found| matches!(found, Found::Free { .. }));
            if !self.is_in_use(row)? && is_free().map_err(TableError::Liveness)? {
                unused = Some(row);
                break;
            }
        }
        let row = unused.ok_or(TableError::Full { rows: self.len() })?;
        let claimed = self.take(party, row)?;
        self.row(row).mark.store(mark, Ordering::Relaxed);
        let seq = self.commit(row, claimed.seq, key, first);
        // Whose writer died was another key's row.
        Ok(Claimed { row, seq, died: false })
    }

    /// Claims the row of that key, if there is one. By the owner of the table's lock.
    pub(super) fn claim_existing(
        &self,
        party: &impl Party,
        lock: Taken,
        key: &K,
    ) -> Result<Option<Claimed>, TableError> {
        self.see_the_dead(lock);
        let Some((row, _)) = self.get(key)? else { return Ok(None) };
        let claimed = self.take(party, row)?;
        if self.own_value_of(row, claimed.seq, key).is_none() {
            // Its writer has removed it meanwhile.
            self.leave(row);
            return Ok(None);
        }
        Ok(Some(claimed))
    }

    /// Has what an owner of the lock did that died with it be seen from now on.
    fn see_the_dead(&self, lock: Taken) {
        if lock == Taken::Died {
            (0..self.len()).for_each(|row| {
                self.copies(row).number_after_death();
            });
        }
    }

    /// Who has a row now.
    fn found(&self, party: &impl Party, row: usize) -> Result<Found, LivenessError> {
        let word = peek(&self.row(row).claim);
        // SYNC row, seat: what the last writer did is seen, from its store in `leave`. Of a writer
        // that is there its generation is seen, and so one that is not its own is a later one.
        fence(Ordering::Acquire);
        let owner = Owner::of_word(word);
        let died = match word {
            0 => false,
            DIED => true,
            _ if owner != party.me() && party.is_gone(owner)? => true,
            _ => return Ok(Found::Taken),
        };
        Ok(Found::Free { word, died })
    }

    /// Takes a row that no writer has that lives. Others that claim rows wait for the lock; but a
    /// word that names the dead may be marked meanwhile, and a writer may leave.
    fn take(&self, party: &impl Party, row: usize) -> Result<Claimed, TableError> {
        loop {
            let found = self.found(party, row).map_err(TableError::Liveness)?;
            let Found::Free { word, died } = found else { return Err(TableError::Taken) };
            let (claim, me) = (&self.row(row).claim, party.me().word());
            // SYNC seat: the side that asks whether this writer is gone sees its generation.
            let taken = claim.compare_exchange(word, me, Ordering::Release, Ordering::Relaxed);
            if taken.is_ok() {
                let copies = self.copies(row);
                let seq = if died { copies.number_after_death() } else { copies.number() };
                return Ok(Claimed { row, seq, died });
            }
        }
    }

    /// Gives a row back, by its writer. What it has stays.
    pub(super) fn leave(&self, row: usize) {
        // SYNC row: what this writer did is seen by the next, in `found`.
        self.row(row).claim.store(0, Ordering::Release);
    }
}
