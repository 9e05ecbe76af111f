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

use core::time::Duration;

use ringway_shm::LivenessError;
use ringway_shm::event::EventCount;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasU32, Futex, NATIVE, Ordering, fence, peek, spin_loop};
use ringway_shm::wait::{Deadline, Ended, Pause, wait_for};

use crate::alarm::Alarm;
use crate::error::WaitError;
use crate::owner::{DIED, Owner};
use crate::party::Party;
use crate::region::object::Words;
use crate::slices::Slices;

/// Looks before the first sleep: as long as a short section takes. In a model each is a turn of the
/// others', and one that sleeps has an end.
const SPINS: u32 = if NATIVE { 100 } else { 0 };
/// Rounds in which no clock is looked at.
const QUICK_ROUNDS: u32 = 32;
/// A waiter that only spins asks whether the owner is gone at every so many looks at the clock,
/// which are 64 rounds apart: about every millisecond.
const LOOKS_PER_QUESTION: u32 = 256;

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
    /// Whether it goes to sleep.
    pub(crate) sleeps: bool,
}

impl LockWords {
    /// The word that names the owner, as it is now.
    pub(crate) fn word(&self) -> u32 {
        self.word.load(Ordering::Relaxed)
    }

    fn count(&self) -> EventCount<'_> {
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
    fn try_gone(&self, party: &impl Party) -> Result<Option<Taken>, LivenessError> {
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
    #[inline]
    pub(crate) fn lock(&self, party: &impl Party, how: How<'_>) -> Result<Taken, WaitError> {
        match self.try_clean(party.me()) {
            true => Ok(Taken::Clean),
            false => self.lock_slowly(party, how),
        }
    }

    #[cold]
    fn lock_slowly(&self, party: &impl Party, how: How<'_>) -> Result<Taken, WaitError> {
        let mut waiter = Waiter {
            lock: self,
            party,
            slices: Slices::new(),
            // Before the first question: what comes later is told by another number.
            news: party.news(),
            slept: false,
            looks: 0,
            done: None,
        };
        let spins = if how.sleeps { SPINS } else { u32::MAX };
        let ended = wait_for(
            &mut waiter,
            |waiter| waiter.attempt(),
            |_, round| match round < spins || !how.sleeps {
                true => {
                    spin_loop();
                    Pause::Again
                }
                false => Pause::Sleep,
            },
            |waiter, left| waiter.sleep(how.alarm, left),
            |waiter| {
                if !how.sleeps {
                    waiter.ask_now_and_then();
                }
                how.alarm.is_raised().then_some(Ended::Interrupted)
            },
            how.deadline,
            QUICK_ROUNDS,
        );
        let error = match ended {
            Ok(Ok(taken)) => return Ok(taken),
            Ok(Err(error)) => WaitError::Liveness(error),
            Err(Ended::Interrupted) => WaitError::Interrupted,
            Err(_) => WaitError::TimedOut,
        };
        waiter.give_up().ok_or(error)
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

/// A call that waits for a lock.
struct Waiter<'a, P> {
    lock: &'a LockWords,
    party: &'a P,
    slices: Slices,
    /// The number of the news that it knows.
    news: u32,
    /// Whether it has slept: then a wake-up may have been for it.
    slept: bool,
    /// Looks at the clock so far.
    looks: u32,
    /// What came of the wait, if that was found out elsewhere than in `attempt`.
    done: Option<Result<Taken, LivenessError>>,
}

impl<P: Party> Waiter<'_, P> {
    fn attempt(&mut self) -> Option<Result<Taken, LivenessError>> {
        if self.done.is_some() {
            return self.done.take();
        }
        let taken = self.lock.try_free(self.party.me())?;
        self.has(taken);
        Some(Ok(taken))
    }

    /// The lock is this waiter's. The flag may have been cleared for it, and others sleep.
    fn has(&self, _taken: Taken) {
        if self.slept {
            self.lock.waiting.store(1, Ordering::Relaxed);
        }
    }

    fn sleep(&mut self, alarm: &Alarm, left: Duration) {
        if self.done.is_some() {
            return;
        }
        let count = self.lock.count();
        let token = count.arm(self.party.fences());
        if let Some(taken) = self.lock.try_free(self.party.me()) {
            self.done = Some(Ok(taken));
            return;
        }
        let limit = self.slices.next().min(left);
        self.party.sleep(&self.lock.bell, token, self.news, alarm, token.limit(limit));
        self.slept = true;
        let news = self.party.news();
        if news != self.news || !count.has_rung(token) {
            self.news = news;
            self.ask();
        }
    }

    /// Asks whether the owner is gone, and takes the lock then.
    fn ask(&mut self) {
        self.done = self.lock.try_gone(self.party).transpose();
        if let Some(Ok(taken)) = self.done {
            self.has(taken);
        }
    }

    fn ask_now_and_then(&mut self) {
        self.looks += 1;
        if self.looks % LOOKS_PER_QUESTION == 0 {
            self.ask();
        }
    }

    /// The last try of a waiter that gives up. What woke it may have been meant for another.
    fn give_up(&mut self) -> Option<Taken> {
        if let Some(Ok(taken)) = self.done.take() {
            return Some(taken);
        }
        if !self.slept {
            return None;
        }
        let _ = self.lock.count().arm(self.party.fences());
        self.lock.try_free(self.party.me())
    }
}
