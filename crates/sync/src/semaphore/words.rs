//! The words of a semaphore, and how permits are taken, given back, slept for, and taken from the
//! dead.
//!
//! # Permits are exact
//!
//! Each permit is a word, which is 0 while the permit is free, and else names its owner. It is taken
//! by compare-exchange, from 0 or from the exact word of an owner that is gone. Only its owner
//! stores it. So there are as many permits as words, whatever process is killed at whatever place:
//! nothing is counted.
//!
//! # Why no wake-up is lost
//!
//! Flag and bell are an event count, and X is "a permit is free". One waiter is woken at a time, and
//! passes on: see [`wait`](crate::wait). A waiter that is killed in between leaves the others to the
//! end of their slices.
//!
//! Models: `loom-tests/tests/sync_semaphore.rs`.

use ringway_shm::LivenessError;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasU32, Futex, Ordering, fence, peek};

use crate::owner::Owner;
use crate::party::Party;
use crate::region::object::Words;
use crate::wait::{Awaited, Sign};

/// A semaphore's words, as they lie in memory. Its permits come behind them.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct SemaphoreWords {
    /// 1: a waiter may sleep. Waiters store 1, the side that gives a permit back 0.
    waiting: AtomicU32,
    /// What waiters sleep on. The side that gives a permit back adds to it.
    bell: Futex,
}

// SAFETY: `repr(C)`, two atomics of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for SemaphoreWords {
    fn new() -> SemaphoreWords {
        SemaphoreWords { waiting: AtomicU32::new(0), bell: Futex::new(0) }
    }
}

impl SemaphoreWords {
    /// What waiters sleep on.
    pub(crate) fn bell(&self) -> &Futex {
        &self.bell
    }
}

/// A permit's word, as it lies in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PermitWord {
    /// 0: free; else the owner.
    word: CasU32,
}

// SAFETY: `repr(C)`, an atomic of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for PermitWord {
    fn new() -> PermitWord {
        PermitWord { word: CasU32::new(0) }
    }
}

impl PermitWord {
    /// Takes the permit from that exact word.
    #[inline(always)]
    fn exchange(&self, found: u32, me: Owner) -> bool {
        // SYNC permit, seat: what the last owner did is seen, from its store in `give_back`; and
        // the side that asks whether this owner is gone sees its generation.
        self.word.compare_exchange(found, me.word(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The word that names who has it; 0: none has.
    pub(super) fn holder(&self) -> u32 {
        self.word.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn is_free(&self) -> bool {
        peek(&self.word) == 0
    }
}

/// A permit that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Its number.
    pub(crate) permit: usize,
    /// Its last owner died with it.
    pub(crate) died: bool,
}

/// The words of one semaphore.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permits<'a> {
    pub(crate) head: &'a SemaphoreWords,
    pub(crate) items: &'a [PermitWord],
    /// The one at which this handle looks first.
    pub(crate) first: usize,
}

/// The owners that were found to live, while permits are gone through: an owner that has several is
/// asked for once.
#[derive(Debug)]
struct Alive([u32; 64]);

impl Alive {
    fn place(&mut self, owner: Owner) -> &mut u32 {
        &mut self.0[owner.seat().unwrap_or(0) % 64]
    }
}

impl<'a> Permits<'a> {
    fn count(&self) -> EventCount<'a> {
        EventCount::with_flag(&self.head.bell, &self.head.waiting)
    }

    /// The permits, each with its number, from the one on at which this handle looks first.
    fn in_turn(&self) -> impl Iterator<Item = (usize, &'a PermitWord)> + use<'a> {
        let (items, first) = (self.items, self.first);
        let (before, behind) = items.split_at(first.min(items.len()));
        let behind = behind.iter().enumerate().map(move |(at, permit)| (first + at, permit));
        behind.chain(before.iter().enumerate())
    }

    /// How many are free, as it is now.
    pub(super) fn free(&self) -> usize {
        self.items.iter().filter(|permit| permit.word.load(Ordering::Relaxed) == 0).count()
    }

    /// Takes a permit that is free.
    #[inline(always)]
    pub(super) fn try_free(&self, me: Owner) -> Option<Taken> {
        match self.items.get(self.first) {
            Some(permit) if permit.is_free() && permit.exchange(0, me) => {
                Some(Taken { permit: self.first, died: false })
            }
            _ => self.try_others(me),
        }
    }

    /// Takes a permit that is free, where the first one was not.
    #[inline(never)]
    fn try_others(&self, me: Owner) -> Option<Taken> {
        let taken = |permit: &PermitWord| permit.is_free() && permit.exchange(0, me);
        let (permit, _) = self.in_turn().find(|(_, permit)| taken(permit))?;
        Some(Taken { permit, died: false })
    }

    /// Takes a permit that is free, looking from the first of all on: where there are no seats. It
    /// is less code than [`try_free`](Self::try_free).
    #[inline(always)]
    pub(super) fn try_in_order(&self, me: Owner) -> Option<Taken> {
        let taken = |permit: &PermitWord| permit.is_free() && permit.exchange(0, me);
        let permit = self.items.iter().position(taken)?;
        Some(Taken { permit, died: false })
    }

    /// Takes a permit that is free, or whose owner is gone. Asks for each owner once.
    #[cold]
    pub(super) fn try_gone(&self, party: &impl Party) -> Result<Option<Taken>, LivenessError> {
        let me = party.me();
        self.find_gone(party, |permit, found| permit.exchange(found, me))
    }

    /// Finds a permit that is free, or whose owner is gone, for which `takes` says so of the word
    /// that was found. Asks for each owner once.
    fn find_gone(
        &self,
        party: &impl Party,
        takes: impl Fn(&PermitWord, u32) -> bool,
    ) -> Result<Option<Taken>, LivenessError> {
        let me = party.me();
        let mut alive = Alive([0; 64]);
        for (number, permit) in self.in_turn() {
            let found = peek(&permit.word);
            // SYNC seat: the generation that the owner stored is seen, and so one that is not its
            // own is a later one.
            fence(Ordering::Acquire);
            let owner = Owner::of_word(found);
            let known = alive.place(owner);
            if found != 0 && (found == me.word() || found == *known) {
                continue;
            }
            if found != 0 && !party.is_gone(owner)? {
                *known = found;
                continue;
            }
            if takes(permit, found) {
                return Ok(Some(Taken { permit: number, died: found != 0 }));
            }
        }
        Ok(None)
    }

    /// Gives a permit back, by its owner.
    #[inline]
    pub(super) fn give_back(&self, number: usize, fences: Fences) {
        let Some(permit) = self.items.get(number) else { return };
        // SYNC permit: what this owner did is seen by the next, in `exchange`.
        permit.word.store(0, Ordering::Release);
        if self.count().is_awaited(fences) {
            self.wake_one();
        }
    }

    #[cold]
    fn wake_one(&self) {
        self.count().sound_for_one();
    }
}

impl Sign for Permits<'_> {
    const IS_FOR_ONE: bool = true;

    fn bell(&self) -> &Futex {
        self.head.bell()
    }

    fn count(&self) -> EventCount<'_> {
        Permits::count(self)
    }

    fn is_there(&self) -> bool {
        self.items.iter().any(PermitWord::is_free)
    }

    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        Ok(self.find_gone(party, |_, _| true)?.is_some())
    }
}

/// A call that waits for a permit.
pub(crate) struct ForPermit<'a, P> {
    pub(crate) permits: Permits<'a>,
    pub(crate) party: &'a P,
}

impl<'a, P: Party> Awaited for ForPermit<'a, P> {
    type Got = Taken;
    type Sign = Permits<'a>;

    fn sign(&self) -> Permits<'a> {
        self.permits
    }

    fn fences(&self) -> Fences {
        self.party.fences()
    }

    fn attempt(&mut self) -> Option<Taken> {
        self.permits.try_free(self.party.me())
    }

    fn ask(&mut self) -> Result<Option<Taken>, LivenessError> {
        self.permits.try_gone(self.party)
    }
}
