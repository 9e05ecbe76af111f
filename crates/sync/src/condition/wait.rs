//! Waiting for a condition.

use ringway_shm::LivenessError;
use ringway_shm::fence::Fences;
use ringway_shm::sync::Word;
use ringway_shm::wait::Deadline;

use super::handle::Condition;
use super::sign::ConditionSign;
use crate::error::{LockError, Unmet};
use crate::lock::words::{How, Taken};
use crate::mutex::{Mutex, MutexGuard};
use crate::plain::Plain;
use crate::wait::{Awaited, Sign, wait};

impl<'a, T: Plain> MutexGuard<'a, T> {
    /// Gives the lock back and waits, as long as `pred` says so of the value; then this owner has
    /// the lock again, and the value is as wanted. What was changed is committed first.
    ///
    /// Where `pred` says no at once, nothing is given back. It is also called without the lock,
    /// with a value that was committed. It has to depend on the value alone: what else changes is
    /// not looked for.
    ///
    /// [`LockError::OwnerDied`]: an owner died with the lock, and this one has it now. The value may
    /// be as it should not be: the caller looks, and may wait again. The other errors have no guard,
    /// and the lock is given back. [`LockError::OtherMutex`]: the condition is not one of this mutex.
    ///
    /// ```
    /// use ringway_sync::{Condition, LockError, Mutex, MutexGuard, WaitError};
    ///
    /// /// Waits for a job, whichever process dies meanwhile.
    /// fn job<'a>(
    ///     jobs: &'a Mutex<u64>,
    ///     filled: &Condition<u64>,
    /// ) -> Result<MutexGuard<'a, u64>, WaitError> {
    ///     let mut guard = jobs.lock().or_else(LockError::recover)?;
    ///     loop {
    ///         match guard.wait_while(filled, |jobs| *jobs == 0) {
    ///             Err(LockError::OwnerDied(again)) => guard = again,
    ///             outcome => return Ok(outcome?),
    ///         }
    ///     }
    /// }
    /// # let plan = ringway_sync::Plan::new().mutex("jobs", 1u64).condition("filled", "jobs");
    /// # let jobs = plan.heap()?.mutex::<u64>("jobs")?;
    /// # assert_eq!(*job(&jobs, &jobs.condition("filled")?)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_while(
        self,
        condition: &Condition<T>,
        pred: impl FnMut(&T) -> bool,
    ) -> Result<MutexGuard<'a, T>, LockError<MutexGuard<'a, T>>> {
        self.wait_until(condition, pred, Deadline::Never)
    }

    /// As [`wait_while`](Self::wait_while), until a deadline: a `Duration` from now, or an
    /// `Instant`. When the time is over and the lock is free, the value is looked at once more.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn wait_while_timeout(
        self,
        condition: &Condition<T>,
        pred: impl FnMut(&T) -> bool,
        deadline: impl Into<Deadline>,
    ) -> Result<MutexGuard<'a, T>, LockError<MutexGuard<'a, T>>> {
        self.wait_until(condition, pred, deadline.into())
    }

    fn wait_until(
        mut self,
        condition: &Condition<T>,
        mut pred: impl FnMut(&T) -> bool,
        deadline: Deadline,
    ) -> Result<MutexGuard<'a, T>, LockError<MutexGuard<'a, T>>> {
        if !condition.is_of(self.mutex()) {
            return Err(LockError::OtherMutex);
        }
        while pred(&self) {
            let mutex = self.mutex();
            let outcome = self.give_back_and_sleep(condition, &mut pred, deadline);
            self = match outcome {
                Ok(taken) => mutex.guard(taken)?,
                Err(unmet) => return at_last(mutex, pred, unmet),
            };
        }
        Ok(self)
    }

    /// Until the lock is this owner's again.
    fn give_back_and_sleep(
        self,
        condition: &Condition<T>,
        pred: impl FnMut(&T) -> bool,
        deadline: Deadline,
    ) -> Result<Taken, Unmet> {
        // Of the mutex: its owner waits, whatever seat the condition was found by.
        let (mutex, alarm) = (self.mutex(), &condition.handle.alarm);
        let party = mutex.handle().party();
        match wait(self.give_back(condition, pred), party, alarm, deadline)? {
            News::Taken(taken) => Ok(taken),
            News::Rung => {
                let how = How { deadline, alarm, sleeps: true };
                mutex.handle().head().lock.lock(party, how).map_err(|error| {
                    // The wake-up may have been this one's alone.
                    condition.handle.head().bell().wake_one();
                    error.into()
                })
            }
        }
    }

    /// Says that this owner waits, and gives the lock back. What is to be waited for then.
    pub(crate) fn give_back<'c, F: FnMut(&T) -> bool>(
        mut self,
        condition: &'c Condition<T>,
        pred: F,
    ) -> ForNews<'a, 'c, T, F> {
        let mutex = self.mutex();
        let seen = condition.handle.head().enter();
        self.commit();
        let seq = mutex.commits();
        ForNews { mutex, condition, pred, seen, seq }
    }
}

/// The last look of a waiter that gives up, if the lock can be had without waiting.
fn at_last<'a, T: Plain>(
    mutex: &'a Mutex<T>,
    mut pred: impl FnMut(&T) -> bool,
    unmet: Unmet,
) -> Result<MutexGuard<'a, T>, LockError<MutexGuard<'a, T>>> {
    if let Ok(Some(taken)) = mutex.handle().head().lock.try_lock(mutex.handle().party()) {
        let guard = mutex.guard(taken)?;
        if !pred(&guard) {
            return Ok(guard);
        }
    }
    Err(match unmet {
        Unmet::TimedOut => LockError::TimedOut,
        Unmet::Interrupted => LockError::Interrupted,
        Unmet::Liveness(error) => LockError::Liveness(error),
    })
}

/// Why a waiter locks.
pub(crate) enum News {
    /// The bell has rung, or the value is as wanted.
    Rung,
    /// It has locked already.
    Taken(Taken),
}

/// A call that waits for a reason to lock.
pub(crate) struct ForNews<'a, 'c, T: Plain, F> {
    mutex: &'a Mutex<T>,
    condition: &'c Condition<T>,
    pred: F,
    /// The bell, and the number of commits, as they were when the lock was given back.
    seen: u32,
    seq: Word,
}

#[cfg(feature = "async")]
impl<T: Plain, F> ForNews<'_, '_, T, F> {
    /// The bell, and the number of commits, as they were when the lock was given back.
    #[cfg_attr(not(any(ringway_loom, all(target_os = "linux", not(miri)))), allow(dead_code))]
    pub(crate) fn since(&self) -> (u32, Word) {
        (self.seen, self.seq)
    }
}

impl<'a, 'c, T: Plain, F: FnMut(&T) -> bool> Awaited for ForNews<'a, 'c, T, F> {
    type Got = News;
    type Sign = ConditionSign<'a, 'c>;

    fn sign(&self) -> ConditionSign<'a, 'c> {
        let (words, mutex) = (self.condition.handle.head(), self.mutex.handle().spot());
        ConditionSign { words, mutex, seen: self.seen, seq: self.seq }
    }

    fn fences(&self) -> Fences {
        self.mutex.handle().fences()
    }

    fn attempt(&mut self) -> Option<News> {
        self.sign().is_there().then_some(News::Rung)
    }

    fn ask(&mut self) -> Result<Option<News>, LivenessError> {
        let seq = self.mutex.commits();
        if seq != self.seq {
            // A value that cannot be read now is one to lock for.
            if self.mutex.peek().map_or(true, |value| !(self.pred)(&value)) {
                return Ok(Some(News::Rung));
            }
            self.seq = seq;
        }
        let handle = self.mutex.handle();
        let taken = handle.head().lock.try_from_dead(handle.party())?;
        Ok(taken.map(News::Taken))
    }

    /// The lock's owner, which this waiter is about to be, wakes whom it wants to.
    fn pass_on(&mut self) {}

    /// The caller looks at the value itself.
    fn last_attempt(&mut self) -> Option<News> {
        None
    }
}
