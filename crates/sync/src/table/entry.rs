//! What a table says of a row.

use ringway_shm::LivenessError;
use ringway_shm::sync::{CasU32, Ordering, fence, peek};

use super::rows::Rows;
use super::words::RowWords;
use crate::error::PeekError;
use crate::owner::{DIED, Owner};
use crate::party::Party;
use crate::plain::Plain;
use crate::region::memory::Memory;

/// A row of a [`Table`](crate::Table): its value, and what became of its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<K, V> {
    /// Its key.
    pub key: K,
    /// What its writer set last.
    pub value: V,
    /// Its writer, a moment later.
    pub writer: RowWriter,
}

impl<K, V> Entry<K, V> {
    /// Whether its writer died: the value is the last that it set, and may be out of date.
    pub fn is_stale(&self) -> bool {
        self.writer == RowWriter::Died
    }
}

/// What is known of the writer of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowWriter {
    /// It lives.
    Alive {
        /// The number of its seat.
        seat: usize,
        /// The number of its process, in that process's pid namespace: a hint.
        pid: u32,
    },
    /// It gave the row back, with the value that is there.
    Left,
    /// It died.
    Died,
    /// The operating system did not say whether it lives.
    Unknown,
}

impl<K: Plain, V: Plain> Rows<'_, K, V> {
    /// What is known of the writer of a row. `marks`: a word that names one that is gone is marked,
    /// so that the next that asks need not ask the kernel.
    pub(super) fn writer(&self, memory: &Memory, row: usize, marks: bool) -> RowWriter {
        let claim = &self.row(row).claim;
        let word = if marks { peek(claim) } else { claim.load(Ordering::Relaxed) };
        // SYNC seat: as where a row is taken from a writer that is gone.
        fence(Ordering::Acquire);
        if word == 0 || word == DIED {
            return if word == 0 { RowWriter::Left } else { RowWriter::Died };
        }
        let owner = Owner::of_word(word);
        match memory.is_gone(owner) {
            Ok(false) => {
                let seat = owner.seat().unwrap_or_default();
                let pid = memory.seats().get(seat).map(|seat| seat.pid()).unwrap_or_default();
                RowWriter::Alive { seat, pid }
            }
            Ok(true) => {
                if marks {
                    mark(claim, word);
                }
                RowWriter::Died
            }
            Err(_) => RowWriter::Unknown,
        }
    }

    /// Marks the rows whose writers are dead. An error: the kernel did not say of one; the others are
    /// marked.
    pub(super) fn mark_the_dead(&self, party: &impl Party) -> Result<(), LivenessError> {
        let mut outcome = Ok(());
        for RowWords { claim, .. } in self.words() {
            let word = peek(claim);
            // SYNC seat: as where a row is taken from a writer that is gone.
            fence(Ordering::Acquire);
            if word == 0 || word == DIED {
                continue;
            }
            match party.is_gone(Owner::of_word(word)) {
                Ok(true) => mark(claim, word),
                Ok(false) => {}
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// All that there is to say of a row that is in use.
    pub(super) fn entry(
        &self,
        memory: &Memory,
        row: usize,
        marks: bool,
    ) -> Result<Option<Entry<K, V>>, PeekError> {
        let found = self.read(row)?;
        Ok(found.map(|(key, value)| Entry { key, value, writer: self.writer(memory, row, marks) }))
    }
}

/// Marks a row of which that word names a writer that is gone.
fn mark(claim: &CasU32, word: u32) {
    // If another claims the row, or marks it, meanwhile, that stays.
    let _ = claim.compare_exchange(word, DIED, Ordering::Relaxed, Ordering::Relaxed);
}
