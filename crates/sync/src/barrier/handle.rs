//! The barrier.

use ringway_shm::envelope::Kind;
use ringway_shm::wait::Deadline;

use super::join::join;
use super::words::{BarrierWords, ForPhase, Outcome, PlaceWords, Places};
use crate::error::{Absentee, BarrierError, JoinError};
use crate::followed::Followed;
use crate::name::ObjectName;
use crate::owner::Owner;
use crate::party::Party;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};
use crate::wait::wait;

/// The kind of [`Barrier`].
#[derive(Debug)]
pub(crate) enum BarrierKind {}

/// The variant of barriers that leave out who is gone.
const LEAVES_OUT: u32 = 1;

impl ObjectKind for BarrierKind {
    type Head = BarrierWords;
    type Item = PlaceWords;
    const KIND: Kind = Kind::new(*b"BARR");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        let items = usize::try_from(shape.count).ok().filter(|&items| items > 0)?;
        (shape.variant <= LEAVES_OUT).then_some(Extent { items, data: 0 })
    }

    fn item_holder(item: &PlaceWords) -> u32 {
        item.holder()
    }
}

/// How many parties a [`Barrier`] is for, and what becomes of a wait for one that is gone. A number
/// alone is so many, of whom each that is gone ends the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    count: u32,
    leaves_out: bool,
}

impl Parties {
    /// So many parties, 1 at least. One that is gone ends the wait of all, with
    /// [`BarrierError::Gone`].
    pub const fn new(count: u32) -> Parties {
        Parties { count, leaves_out: false }
    }

    /// A party that is gone is left out: a phase is over when all that are there have come. A place
    /// that was never taken is waited for all the same.
    ///
    /// Another party can take the place of one that was left out, and may come to the phase that the
    /// others are just ending without it. Then all are told of that phase, and what the newcomer did
    /// before it is seen by the others one phase later.
    pub const fn without_the_gone(self) -> Parties {
        Parties { leaves_out: true, ..self }
    }
}

impl From<u32> for Parties {
    fn from(count: u32) -> Parties {
        Parties::new(count)
    }
}

impl Plan {
    /// Declares a [`Barrier`] for so many parties.
    pub fn barrier<'a>(self, name: impl Into<ObjectName<'a>>, parties: impl Into<Parties>) -> Plan {
        let Parties { count, leaves_out } = parties.into();
        let variant = if leaves_out { LEAVES_OUT } else { 0 };
        self.object::<BarrierKind>(name, Shape { count, variant, ..Shape::NONE }, &[])
    }
}

impl Region {
    /// Joins the [`Barrier`] of that name: takes a place in it that was never taken, or else that of
    /// a party that is gone. From now on this party is waited for.
    ///
    /// [`JoinError::Full`]: all places have owners that live. It asks the kernel for each of them
    /// then, once.
    pub fn join_barrier<'a>(&self, name: impl Into<ObjectName<'a>>) -> Result<Barrier, JoinError> {
        let ObjectName { name, tag } = name.into();
        let expected = Shape { tag, ..Shape::NONE };
        let (handle, shape) = Handle::<BarrierKind>::find(&self.at, name, &expected)?;
        let leaves_out = shape.variant == LEAVES_OUT;
        let spot = *handle.spot();
        let places = Places { head: spot.head(), items: spot.items(), leaves_out };
        let (place, pending) = join(&places, handle.party())?;
        Ok(Barrier { handle, leaves_out, place, pending, followed: Followed::default() })
    }
}

/// So many parties, which wait until all have come, phase after phase. What each did before is seen
/// by all others after.
///
/// Each handle is a party of its own, with a place of its own; threads of one process can have
/// several. A party is waited for from when it has [joined](Region::join_barrier).
///
/// # Parties that are gone
///
/// A party is gone if its process was killed, or if its handle was dropped. One that is gone and has
/// not come to the phase ends the wait of all, who are told who it was ([`BarrierError::Gone`]); or
/// it is [left out](Parties::without_the_gone). Either way another party can take its place, by
/// joining: then the phase can be waited for again. A place that was never taken is waited for: that
/// a process died before it joined cannot be known here.
///
/// A stopped process is not gone.
///
/// ```
/// use std::thread;
///
/// let region = ringway_sync::Plan::new().barrier("start", 2).heap()?;
/// let mut mine = region.join_barrier("start")?;
/// let mut theirs = region.attach()?.join_barrier("start")?;
/// thread::scope(|scope| {
///     scope.spawn(move || {
///         assert_eq!(theirs.wait(), Ok(0));
///         assert_eq!(theirs.wait(), Ok(1));
///     });
///     assert_eq!(mine.wait(), Ok(0));
///     assert_eq!(mine.wait(), Ok(1));
/// });
/// // The other one is gone.
/// assert!(matches!(mine.wait(), Err(ringway_sync::BarrierError::Gone(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Barrier {
    pub(crate) handle: Handle<BarrierKind>,
    pub(crate) leaves_out: bool,
    /// The number of its place.
    pub(crate) place: usize,
    /// The phase that it has come to, if that was not over yet.
    pub(crate) pending: Option<u32>,
    /// By a set that waits on behalf of this.
    pub(crate) followed: Followed<Option<u32>>,
}

impl Barrier {
    /// Has that interrupt end the calls of this handle that wait. `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Barrier {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    pub(crate) fn places(&self) -> Places<'_> {
        let spot = self.handle.spot();
        Places { head: spot.head(), items: spot.items(), leaves_out: self.leaves_out }
    }

    /// For how many parties it is.
    pub fn parties(&self) -> usize {
        self.handle.spot().items().len()
    }

    /// The number of its place, below [`parties`](Self::parties). No other party that is there has
    /// it.
    pub fn place(&self) -> usize {
        self.place
    }

    /// Comes to the phase, and waits until all have. Its number: 0 is the first; it counts modulo
    /// 2^32.
    ///
    /// That a party is gone is noticed after about the time that was waited already, and within
    /// 20 ms of sleep; at once with [`Region::watched_by`], or if it was noticed before. Without
    /// anyone gone, a phase costs a look at each place, and system calls only for those who sleep.
    ///
    /// After an error this party has come all the same: the next call waits for the same phase.
    pub fn wait(&mut self) -> Result<u32, BarrierError> {
        self.wait_until(Deadline::Never)
    }

    /// As [`wait`](Self::wait), until a deadline: a `Duration` from now, or an `Instant`.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn wait_timeout(&mut self, deadline: impl Into<Deadline>) -> Result<u32, BarrierError> {
        self.wait_until(deadline.into())
    }

    /// Comes to the phase, and waits for nothing: `Ok(None)`: not all have come, and those who have
    /// not live. The kernel is asked for each of them: one system call. The next call waits for the
    /// same phase, or tries it again.
    pub fn try_wait(&mut self) -> Result<Option<u32>, BarrierError> {
        let (phase, mut outcome) = self.arrive();
        if outcome.is_none() {
            let asked = self.places().ask(phase, self.handle.party());
            outcome = asked.map_err(BarrierError::Liveness)?;
        }
        outcome.map(|outcome| self.settle(phase, outcome)).transpose()
    }

    fn wait_until(&mut self, deadline: Deadline) -> Result<u32, BarrierError> {
        let (phase, outcome) = self.arrive();
        let outcome = match outcome {
            Some(outcome) => outcome,
            None => self.sleep(phase, deadline)?,
        };
        self.settle(phase, outcome)
    }

    pub(crate) fn mine(&self) -> Option<&PlaceWords> {
        self.handle.spot().items().get(self.place)
    }

    /// The phase that this party has come to, now or before, and what becomes of it, if that can be
    /// said at once.
    pub(crate) fn arrive(&mut self) -> (u32, Option<Outcome>) {
        let (places, fences) = (self.places(), self.handle.fences());
        let (phase, outcome) = match (self.pending, self.mine()) {
            (Some(phase), _) if places.phase() != phase => (phase, Some(Outcome::Over)),
            (Some(phase), _) => (phase, places.look(phase, fences)),
            (None, Some(place)) => places.arrive(place, fences),
            (None, None) => (0, None),
        };
        self.pend(Some(phase));
        (phase, outcome)
    }

    fn pend(&mut self, phase: Option<u32>) {
        self.pending = phase;
        self.followed.tell(phase);
    }

    fn sleep(&self, phase: u32, deadline: Deadline) -> Result<Outcome, BarrierError> {
        let (places, party) = (self.places(), self.handle.party());
        let Some(place) = self.mine() else { return Err(BarrierError::TimedOut) };
        let awaited = ForPhase { places, place, party, phase };
        Ok(wait(awaited, party, &self.handle.alarm, deadline)?)
    }

    pub(crate) fn settle(&mut self, phase: u32, outcome: Outcome) -> Result<u32, BarrierError> {
        match outcome {
            Outcome::Over => {
                self.pend(None);
                Ok(phase)
            }
            Outcome::Gone(owner) => Err(BarrierError::Gone(self.absentee(owner))),
        }
    }

    fn absentee(&self, owner: Owner) -> Absentee {
        let seats = self.handle.party().memory.seats();
        let seat = owner.seat();
        let words = seat.and_then(|seat| seats.get(seat));
        Absentee { seat, pid: words.and_then(|words| words.pid_of(owner)) }
    }

    /// For models: goes away as one that is killed.
    #[cfg(ringway_loom)]
    #[doc(hidden)]
    pub fn dies(mut self) {
        self.place = usize::MAX;
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        // In a child that was forked the place is the parent's.
        if !self.handle.is_here() {
            return;
        }
        if let Some(place) = self.mine() {
            self.places().leave(place, self.handle.party().me());
        }
    }
}
