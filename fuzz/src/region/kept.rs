//! Guards that are kept from one step to the next, with the handles that they borrow; and how
//! asking for one can end.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::rc::Rc;
use std::time::Duration;

use arbitrary::Arbitrary;
use ringway_sync::{
    AcquireError, ClaimError, LockError, TableError, TryAcquireError, TryLockError,
};

/// A guard, and the handle that it borrows.
pub(super) struct Kept<H, G> {
    /// It is there, and goes first. The compiler is not to take its borrow for longer than that.
    guard: MaybeUninit<G>,
    handle: Rc<H>,
}

impl<H: 'static, G> Kept<H, G> {
    /// Takes something by a handle; and whether its last owner died with it.
    ///
    /// # Safety
    ///
    /// What `take` returns is all that keeps the reference, and what is made of the guard later
    /// does not outlive the result.
    pub(super) unsafe fn take(
        handle: H,
        take: impl FnOnce(&'static H) -> Taken<G>,
    ) -> Taken<Kept<H, G>> {
        let handle = Rc::new(handle);
        // SAFETY: the handle is shared from now on, and stays until the guard has gone, by this
        // function's condition and the order of the fields.
        let borrowed = unsafe { &*Rc::as_ptr(&handle) };
        let (guard, died) = take(borrowed)?;
        Ok((Kept { guard: MaybeUninit::new(guard), handle }, died))
    }

    pub(super) fn guard(&mut self) -> &mut G {
        // SAFETY: it is there until this is ended.
        unsafe { self.guard.assume_init_mut() }
    }

    /// What another guard of the same handle comes of.
    pub(super) fn change(self, change: impl FnOnce(G) -> Taken<G>) -> Taken<Kept<H, G>> {
        let handle = self.handle.clone();
        // SAFETY: the guard is not used again: what is left of this is forgotten.
        let guard = unsafe { self.guard.assume_init_read() };
        self.drop_handle();
        let (guard, died) = change(guard)?;
        Ok((Kept { guard: MaybeUninit::new(guard), handle }, died))
    }

    /// Ends the guard in that way.
    pub(super) fn end(self, end: impl FnOnce(G)) {
        let handle = self.handle.clone();
        // SAFETY: as in `change`.
        let guard = unsafe { self.guard.assume_init_read() };
        self.drop_handle();
        end(guard);
        drop(handle);
    }

    /// Forgets the guard, as if its owner had been killed.
    pub(super) fn forget(self) {
        self.drop_handle();
    }

    fn drop_handle(self) {
        let mut this = ManuallyDrop::new(self);
        let handle: *mut Rc<H> = &mut this.handle;
        // SAFETY: it is not used again: `this` is not dropped.
        unsafe { handle.drop_in_place() };
    }
}

impl<H, G> Drop for Kept<H, G> {
    fn drop(&mut self) {
        // SAFETY: it is not used again.
        unsafe { self.guard.assume_init_drop() };
    }
}

/// How a call waits: it ends by itself in any case.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Try,
    /// Until a time that is over.
    Now,
    /// So long that the caller goes to sleep.
    Short,
    /// By a handle whose interrupt is raised.
    Interrupted,
}

/// Longer than a waiter looks before it sleeps.
const SHORT: Duration = Duration::from_micros(60);

impl How {
    /// The time-out, where there is one.
    pub(super) fn time(self) -> Duration {
        if self == How::Short { SHORT } else { Duration::ZERO }
    }

    /// Whether a call that waits so is refused for that reason, where it has to wait.
    pub(super) fn refuses(self, refused: &Refused) -> bool {
        *refused
            == match self {
                How::Try => Refused::Busy,
                How::Now | How::Short => Refused::TimedOut,
                How::Interrupted => Refused::Interrupted,
            }
    }
}

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Busy,
    TimedOut,
    Interrupted,
    /// For another reason.
    Other(String),
}

/// What came of asking, and whether the last owner died with it.
pub(super) type Taken<G> = Result<(G, bool), Refused>;

/// That of a lock.
pub(super) fn locked<G>(outcome: Result<G, LockError<G>>) -> Taken<G> {
    match outcome {
        Ok(guard) => Ok((guard, false)),
        Err(LockError::OwnerDied(guard)) => Ok((guard, true)),
        Err(LockError::TimedOut) => Err(Refused::TimedOut),
        Err(LockError::Interrupted) => Err(Refused::Interrupted),
        Err(error) => Err(Refused::Other(error.to_string())),
    }
}

/// That of trying a lock.
pub(super) fn tried<G>(outcome: Result<G, TryLockError<G>>) -> Taken<G> {
    match outcome {
        Ok(guard) => Ok((guard, false)),
        Err(TryLockError::OwnerDied(guard)) => Ok((guard, true)),
        Err(TryLockError::WouldBlock) => Err(Refused::Busy),
        Err(error) => Err(Refused::Other(error.to_string())),
    }
}

impl From<AcquireError> for Refused {
    fn from(error: AcquireError) -> Refused {
        match error {
            AcquireError::TimedOut => Refused::TimedOut,
            AcquireError::Interrupted => Refused::Interrupted,
            error => Refused::Other(error.to_string()),
        }
    }
}

impl From<TryAcquireError> for Refused {
    fn from(error: TryAcquireError) -> Refused {
        match error {
            TryAcquireError::NoPermits => Refused::Busy,
            error => Refused::Other(error.to_string()),
        }
    }
}

impl From<ClaimError> for Refused {
    fn from(error: ClaimError) -> Refused {
        match error {
            ClaimError::Taken => Refused::Busy,
            ClaimError::TimedOut => Refused::TimedOut,
            ClaimError::Interrupted => Refused::Interrupted,
            error => Refused::Other(error.to_string()),
        }
    }
}

impl From<TableError> for Refused {
    fn from(error: TableError) -> Refused {
        match error {
            TableError::Taken => Refused::Busy,
            TableError::TimedOut => Refused::TimedOut,
            TableError::Interrupted => Refused::Interrupted,
            error => Refused::Other(error.to_string()),
        }
    }
}
