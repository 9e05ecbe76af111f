//! What one context of a program has at a time, in a `static`: the writer of a cell, and a place in a
//! barrier. Both are taken here, and given back by a store.

use ringway_shm::sync::{CasU32, Ordering};
use ringway_shm::wait::Wait;

use crate::barrier::{StaticBarrier, StaticParty};
use crate::cell::{StaticCell, StaticWriter};
use crate::plain::Plain;

/// Takes what that word is for, if it is free.
fn take(taken: &CasU32) -> bool {
    // SYNC static-taken: what is had is seen as the one before has left it.
    taken.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

impl<T: Plain, const WORDS: usize> StaticCell<T, WORDS> {
    /// The writer; `None`: there is one already. It gives the cell back when it is dropped.
    ///
    /// Not on targets without compare-and-swap, unless the feature `portable-atomic` is on: there is
    /// [`split`](Self::split), and [`assume_writer`](Self::assume_writer).
    pub fn writer(&self) -> Option<StaticWriter<'_, T, WORDS>> {
        self.writer_by(take)
    }
}

impl<const PARTIES: usize, W: Wait + Copy> StaticBarrier<PARTIES, W> {
    /// A party, at the first place that has none; `None`: all have one. It gives the place back when
    /// it is dropped. Where another party was before, it goes on from there: if that had come to the
    /// phase that is not over, so has this one.
    ///
    /// Not on targets without compare-and-swap, unless the feature `portable-atomic` is on: there is
    /// [`split`](Self::split), and [`assume_party`](Self::assume_party).
    pub fn party(&self) -> Option<StaticParty<'_, PARTIES, W>> {
        self.party_by(take)
    }
}
