//! What shows that the owner of an entry lives, and what a caller is told that asks.

use super::shape::MAX_ENTRIES;

/// What shows others that a handle lives, for as long as it is there.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) type Seat = crate::segment::Lock;
/// Where nobody can die alone there is none.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
pub(crate) type Seat = core::convert::Infallible;

/// The place of the worker that looks whether all others live, or of one of its deputies.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) use crate::segment::Post;

/// What became of asking for an entry of one's own.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Who changes the owner's word first has it.
    Open,
    /// It is the caller's: if the owner's word names somebody, that one is dead.
    #[cfg_attr(
        not(all(feature = "std", target_os = "linux", not(ringway_loom))),
        expect(dead_code)
    )]
    Ours(Seat),
    /// Its owner lives.
    #[cfg_attr(
        not(all(feature = "std", target_os = "linux", not(ringway_loom))),
        expect(dead_code)
    )]
    Taken,
}

/// Some of a ring's entries.
#[derive(Clone, Debug)]
pub(crate) struct Entries {
    words: [u64; MAX_ENTRIES / 64],
    len: usize,
}

impl Default for Entries {
    fn default() -> Self {
        Entries { words: [0; MAX_ENTRIES / 64], len: 0 }
    }
}

#[cfg_attr(not(all(feature = "std", target_os = "linux", not(ringway_loom))), allow(dead_code))]
impl Entries {
    /// One alone.
    pub(crate) fn only(entry: usize) -> Entries {
        let mut entries = Entries::default();
        entries.insert(entry);
        entries
    }

    /// Adds one. There is none beyond what a ring can have.
    pub(crate) fn insert(&mut self, entry: usize) {
        let bit = 1 << (entry % 64);
        if let Some(word) = self.words.get_mut(entry / 64).filter(|word| **word & bit == 0) {
            *word |= bit;
            self.len += 1;
        }
    }

    pub(crate) fn contains(&self, entry: usize) -> bool {
        self.words.get(entry / 64).is_some_and(|word| word & (1 << (entry % 64)) != 0)
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, entry: usize) {
        let bit = 1 << (entry % 64);
        if let Some(word) = self.words.get_mut(entry / 64).filter(|word| **word & bit != 0) {
            *word &= !bit;
            self.len -= 1;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.words.len() * 64).filter(|&entry| self.contains(entry))
    }
}
