//! The signal.

use ringway_shm::envelope::Kind;
use ringway_shm::wait::Deadline;

use super::words::{ForToken, SignalWords};
use crate::error::{LookupError, PostError, SignalError};
use crate::name::ObjectName;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};
use crate::wait::wait;

/// The kind of [`Signal`].
#[derive(Debug)]
pub(crate) enum SignalKind {}

impl ObjectKind for SignalKind {
    type Head = SignalWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"SIGN");

    fn extent(_shape: &Shape, _seats: usize) -> Option<Extent> {
        Some(Extent::default())
    }
}

impl Plan {
    /// Declares a [`Signal`] without a token.
    pub fn signal<'a>(self, name: impl Into<ObjectName<'a>>) -> Plan {
        self.object::<SignalKind>(name, Shape::NONE, &[])
    }
}

impl Region {
    /// The [`Signal`] of that name.
    pub fn signal<'a>(&self, name: impl Into<ObjectName<'a>>) -> Result<Signal, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, _) = Handle::find(&self.at, name, &Shape { tag, ..Shape::NONE })?;
        Ok(Signal { handle })
    }
}

/// Tokens without owners: what is called a semaphore elsewhere, `sem_post` and `sem_wait`. Any
/// process posts a token, any other takes it.
///
/// # What it cannot promise
///
/// A token is a number, and says nothing of who has it. So
///
/// - a token that was taken by a process that is killed is gone with it: no other caller is told;
/// - a process that is killed before it posts does not post, and those who wait for it go on
///   waiting: not even that it died is told. A caller that cannot wait for ever waits with a
///   deadline, and asks otherwise;
/// - to post a token for a process that seems to be dead may make one too many.
///
/// For what has owners, a [`Semaphore`](crate::Semaphore) knows who has each permit. For "the value
/// is so now", a [`Condition`](crate::Condition) looks at the value itself.
///
/// What it does promise: each token is taken once; no wake-up is lost, and a killed process hangs no
/// other for more than 20 ms where there are tokens; what a poster did before is seen by the one
/// that takes the token.
///
/// ```
/// let region = ringway_sync::Plan::new().signal("ready").heap()?;
/// let ready = region.signal("ready")?;
/// assert!(!ready.try_wait());
/// ready.post()?;
/// ready.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signal {
    pub(crate) handle: Handle<SignalKind>,
}

impl Signal {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Signal {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    /// How many tokens there are. It is out of date as soon as it is there.
    pub fn tokens(&self) -> u32 {
        self.handle.head().tokens()
    }

    /// Posts a token, and wakes a waiter if there is one: then it costs a system call, else none.
    ///
    /// [`PostError::Full`]: there are 4,294,967,295 tokens already.
    #[inline]
    pub fn post(&self) -> Result<(), PostError> {
        match self.handle.head().post(self.handle.fences()) {
            true => Ok(()),
            false => Err(PostError::Full),
        }
    }

    /// Takes a token, and waits for one. Where there is one it costs no system call.
    #[inline]
    pub fn wait(&self) -> Result<(), SignalError> {
        self.wait_until(Deadline::Never)
    }

    /// As [`wait`](Self::wait), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn wait_timeout(&self, deadline: impl Into<Deadline>) -> Result<(), SignalError> {
        self.wait_until(deadline.into())
    }

    #[inline]
    fn wait_until(&self, deadline: Deadline) -> Result<(), SignalError> {
        if self.try_wait() {
            return Ok(());
        }
        let words = self.handle.head();
        let awaited = ForToken { words, fences: self.handle.fences() };
        Ok(wait(awaited, self.handle.party(), &self.handle.alarm, deadline)?)
    }

    /// Takes a token, if there is one. Waits for nothing.
    #[inline]
    pub fn try_wait(&self) -> bool {
        self.handle.head().try_take()
    }
}
