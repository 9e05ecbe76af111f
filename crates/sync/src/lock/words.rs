//! The words of a lock, and how they are taken, given back, slept on, and taken from the dead.
//!
//! # Exclusion
//!
//! `word` is 0 while the lock is free, and else names its owner. It is taken by compare-exchange,
//! from 0, from "free, and an owner died with it", or from the exact word of an owner that is gone.
//! Only its owner stores it. An owner that is gone never stores again; so a word that names one
//! changes by the exchange of one recoverer alone.
//!
//! # Why no wake-up is lost
//!
//! Flag and bell are an event count ([`ringway_shm::event`]), X is "the lock is free". Its proof
//! holds up to the point where all waiters are woken. Here one is, and the flag was cleared for
//! all. So a wake-up is passed on. A waiter that is woken has slept, and then
//!
//! - takes the lock, and raises the flag while it has it: its own unlock sees that, and wakes
//!   another;
//! - or finds it taken, and raises the flag before it sleeps again. The flag, the heavy fence, and
//!   then a try in vain: the owner's unlock, behind the store of `word` and the light fence, sees
//!   the flag;
//! - or gives up, and before that raises the flag and tries once more, as if to sleep again.
//!
//! So while a waiter sleeps, the flag is up, or a waiter is awake that will raise it. A waiter that
//! takes the lock without having slept leaves the flag as it was, also where it has raised it: the
//! next unlock wakes one in vain, which passes on what is not needed.
//!
//! A process that is killed in between, having cleared the flag or having been woken, leaves
//! waiters to the end of their slices: each sleep is one, and then the waiter tries again. That
//! holds also where the owner is gone: after a slice without the bell the waiter asks.
//!
//! # What the dead did
//!
//! The exchange that takes the word from the dead acquires what it released when it took it, and
//! nothing that it did later. A process's death is ordered by the kernel, and that of a handle in
//! memory that is no file by the words of its seat; but a model has neither: what this crate keeps
//! reads the stores of the dead by read-modify-write.
//!
//! Models: `loom-tests/tests/sync_lock.rs`.

use ringway_shm::LivenessError;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasU32, Futex, Ordering, fence, peek};
use ringway_shm::wait::Deadline;

use crate::alarm::Alarm;
use crate::error::WaitError;
use crate::owner::{DIED, Owner};
use crate::party::{Party, Sleeps};
use crate::region::object::Words;
use crate::wait::{Awaited, Sign, wait};

/// A lock's words, as they lie in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct LockWords {
    /// 0: free; else the owner, and [`DIED`].
    word: CasU32,
    /// 1: a waiter may sleep. Waiters store 1, the side that unlocks 0.
    waiting: AtomicU32,
    /// What waiters sleep on. The side that unlocks adds to it.
    bell: Futex,
    /// 0.
    spare: AtomicU32,
}

// SAFETY: `repr(C)`, four atomics of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for LockWords {
    fn new() -> LockWords {
        LockWords {
            word: CasU32::new(0),
            waiting: AtomicU32::new(0),
            bell: Futex::new(0),
            spare: AtomicU32::new(0),
        }
    }
}

/// What was found by the caller that has taken a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Its last owner gave it back.
    Clean,
    /// An owner died with it, and it was not made consistent since.
    Died,
}

/// How a call waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) alarm: &'a Alarm,
}

impl LockWords {
    /// The word that names the owner, as it is now.
    pub(crate) fn word(&self) -> u32 {
        self.word.load(Ordering::Relaxed)
    }

    /// What waiters sleep on.
    pub(crate) fn bell(&self) -> &Futex {
        &self.bell
    }

    pub(crate) fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(&self.bell, &self.waiting)
    }

    /// Takes the lock if it is free and clean: one exchange.
    #[inline(always)]
    pub(super) fn try_clean(&self, me: Owner) -> bool {
        // SYNC lock, seat: what the last owner did is seen, from its store in `unlock`; and the
        // side that asks whether this owner is gone sees its generation.
        self.word.compare_exchange(0, me.word(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Takes the lock if it is free.
    pub(super) fn try_free(&self, me: Owner) -> Option<Taken> {
        match peek(&self.word) {
            0 => self.try_clean(me).then_some(Taken::Clean),
            DIED => self.exchange(DIED, me),
            _ => None,
        }
    }

    /// Takes the lock from that exact word, of an owner that died with it.
    fn exchange(&self, found: u32, me: Owner) -> Option<Taken> {
        let mine = me.word() | DIED;
        // SYNC lock, seat: as in `try_clean`.
        let taken = self.word.compare_exchange(found, mine, Ordering::AcqRel, Ordering::Relaxed);
        taken.is_ok().then_some(Taken::Died)
    }

    /// The word, for asking whether the owner that it names is gone.
    fn look_for_owner(&self) -> u32 {
        let found = peek(&self.word);
        // SYNC seat: the generation that the owner stored is seen, and so one that is not its own
        // is a later one.
        fence(Ordering::Acquire);
        found
    }

    /// Takes the lock if its owner is gone. Waiters may sleep that no flag tells of: the dead may
    /// have cleared it. So it is raised for the unlock that follows.
    #[cold]
    pub(super) fn try_gone(&self, party: &impl Party) -> Result<Option<Taken>, LivenessError> {
        let found = self.look_for_owner();
        if found == 0 || found == DIED {
            return Ok(self.try_free(party.me()));
        }
        let owner = Owner::of_word(found);
        if owner == party.me() || !party.is_gone(owner)? {
            return Ok(None);
        }
        let taken = self.exchange(found, party.me());
        if taken.is_some() {
            self.waiting.store(1, Ordering::Relaxed);
        }
        Ok(taken)
    }

    /// Takes the lock if an owner that is gone has it. Asks the kernel if any other has it.
    pub(crate) fn try_from_dead(&self, party: &impl Party) -> Result<Option<Taken>, LivenessError> {
        match self.word() {
            0 => Ok(None),
            _ => self.try_gone(party),
        }
    }

    /// The word that names its owner, if that is gone.
    #[cold]
    pub(crate) fn gone(&self, party: &impl Party) -> Result<Option<u32>, LivenessError> {
        let found = self.look_for_owner();
        let owner = Owner::of_word(found);
        if owner.seat().is_none() || owner == party.me() || !party.is_gone(owner)? {
            return Ok(None);
        }
        Ok(Some(found))
    }

    /// Takes the lock if it is free, or its owner is gone. Waits for nothing.
    #[inline]
    pub(crate) fn try_lock(&self, party: &impl Party) -> Result<Option<Taken>, LivenessError> {
        match self.try_clean(party.me()) {
            true => Ok(Some(Taken::Clean)),
            false => self.try_gone(party),
        }
    }

    /// Takes the lock, waiting for it.
    #[inline(always)]
    pub(crate) fn lock(&self, party: &impl Sleeps, how: How<'_>) -> Result<Taken, WaitError> {
        match self.try_clean(party.me()) {
            true => Ok(Taken::Clean),
            // In pieces, which a caller that finds the lock free does not have to put together.
            false => self.lock_slowly(party, how.deadline, how.alarm),
        }
    }

    #[cold]
    #[inline(never)]
    fn lock_slowly(
        &self,
        party: &impl Sleeps,
        deadline: Deadline,
        alarm: &Alarm,
    ) -> Result<Taken, WaitError> {
        Ok(wait(ForLock { lock: self, party }, party, alarm, deadline)?)
    }

    /// Gives the lock back, by its owner. `died`: an owner before died with it, and it was not made
    /// consistent.
    #[inline]
    pub(crate) fn unlock(&self, fences: Fences, died: bool) {
        self.unlock_unawaited(died);
        if self.count().is_awaited(fences) {
            self.wake_one();
        }
    }

    /// The same of a lock whose waiters do not sleep.
    #[inline]
    pub(crate) fn unlock_unawaited(&self, died: bool) {
        // SYNC lock: what this owner did is seen by the next, in `try_clean` or `exchange`.
        self.word.store(if died { DIED } else { 0 }, Ordering::Release);
    }

    #[cold]
    fn wake_one(&self) {
        self.count().sound_for_one();
    }
}

/// Whether a lock is free, or its owner is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockSign<'a>(pub(crate) &'a LockWords);

impl Sign for LockSign<'_> {
    const IS_FOR_ONE: bool = true;

    fn bell(&self) -> &Futex {
        self.0.bell()
    }

    fn count(&self) -> EventCount<'_> {
        self.0.count()
    }

    fn is_there(&self) -> bool {
        matches!(peek(&self.0.word), 0 | DIED)
    }

    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        Ok(self.is_there() || self.0.gone(party)?.is_some())
    }
}

/// A call that waits for a lock.
pub(crate) struct ForLock<'a, P> {
    pub(crate) lock: &'a LockWords,
    pub(crate) party: &'a P,
}

impl<'a, P: Party> Awaited for ForLock<'a, P> {
    type Got = Taken;
    type Sign = LockSign<'a>;

    fn sign(&self) -> LockSign<'a> {
        LockSign(self.lock)
    }

    fn fences(&self) -> Fences {
        self.party.fences()
    }

    fn attempt(&mut self) -> Option<Taken> {
        self.lock.try_free(self.party.me())
    }

    fn ask(&mut self) -> Result<Option<Taken>, LivenessError> {
        self.lock.try_gone(self.party)
    }

    /// The lock is this waiter's. The flag may have been cleared for it, and others sleep: its own
    /// unlock wakes one.
    fn pass_on(&mut self) {
        self.lock.waiting.store(1, Ordering::Relaxed);
    }
}
