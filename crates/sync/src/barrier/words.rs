//! The words of a barrier, and when a phase of it is over.
//!
//! Each party has a *place*. It comes to a phase by storing, in its place, how many it has come to.
//! A phase is over when all places have come to it. Nothing is counted: the party that finds that
//! all have come says so, in `over`, and so may several that find it at once, with the same store.
//! Beyond taking a place, a party only loads and stores.
//!
//! # Why a phase ends, and none is mistaken for another
//!
//! ```text
//! party                                 sleeper
//! P1  phase = p + 1                     S1  sleeps = 1
//! P2  fence(SeqCst)                     S2  heavy
//! P3  if all have come:                 S3  if over is not p: done
//! P4      over = p + 1                  S4  futex_wait(over, p)
//! P5      light
//! P6      if one sleeps: wake all
//! ```
//!
//! Of all parties that pass P2 in a phase, the last one sees the others' P1 in P3, and says that it
//! is over. P5 and S2 are a pair of full fences, so that P6 sees S1 or S3 sees P4; and the kernel
//! compares and goes to sleep in one step.
//!
//! A party that is not through with phase `p` has not come to the next one, which is therefore not
//! over: `over` is `p` or `p + 1` while it waits. So a late P4 stores what is there already.
//!
//! A party that is killed between P1 and P6 leaves sleepers to the end of their slices: each looks
//! as in P3 then.
//!
//! # Who is gone
//!
//! A place names its owner. An owner that goes away says so there ([`DIED`]); of one that was
//! killed a waiter finds it out, after a slice, and says so in its place, by an exchange of that
//! exact word. A place whose owner is gone, and which has not come, ends the wait of all, or is left
//! out. Another party can take it over: from then on it is waited for again. It may find the phase
//! over at which the others were then, and goes on with the next.
//!
//! Models: `loom-tests/tests/sync_barrier.rs`.

use ringway_shm::LivenessError;
use ringway_shm::event::{EventCount, SLEEPS, Token};
use ringway_shm::fence::Fences;
use ringway_shm::sync::{AtomicU32, CasU32, Futex, Ordering, fence, peek};

use crate::owner::{DIED, Owner};
use crate::party::Party;
use crate::region::object::Words;
use crate::wait::{Awaited, Sign};

/// A barrier's words, as they lie in memory. Its places come behind them.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct BarrierWords {
    /// Phases that are over. What waiters sleep on.
    over: Futex,
    /// 0.
    spare: AtomicU32,
}

// SAFETY: `repr(C)`, two atomics of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for BarrierWords {
    fn new() -> BarrierWords {
        BarrierWords { over: Futex::new(0), spare: AtomicU32::new(0) }
    }
}

impl BarrierWords {
    /// What waiters sleep on.
    pub(crate) fn bell(&self) -> &Futex {
        &self.over
    }
}

/// A place's words, as they lie in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PlaceWords {
    /// 0: it was never taken; else the owner, and [`DIED`] if that is known to be gone.
    pub(super) owner: CasU32,
    /// Phases that it has come to. Its owner stores it.
    phase: CasU32,
    /// 1: its owner may sleep. Its owner stores it.
    sleeps: AtomicU32,
    /// 0.
    spare: AtomicU32,
}

// SAFETY: `repr(C)`, four atomics of 32 bits, of which all bytes are values; zeros are what `new`
// makes.
unsafe impl Words for PlaceWords {
    fn new() -> PlaceWords {
        PlaceWords {
            owner: CasU32::new(0),
            phase: CasU32::new(0),
            sleeps: AtomicU32::new(0),
            spare: AtomicU32::new(0),
        }
    }
}

impl PlaceWords {
    /// Whether it has come to that phase.
    fn has_come(&self, phase: u32) -> bool {
        self.phase.load(Ordering::Relaxed).wrapping_sub(phase) as i32 > 0
    }
}

/// What becomes of a phase that a party has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Over,
    /// This owner is gone and has not come.
    Gone(Owner),
}

/// The words of one barrier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    pub(crate) head: &'a BarrierWords,
    pub(crate) items: &'a [PlaceWords],
    /// Whether the gone are left out.
    pub(crate) leaves_out: bool,
}

impl Places<'_> {
    /// The number of the phase that is not over.
    pub(super) fn phase(&self) -> u32 {
        // SYNC phase: what all parties did before it was over is seen.
        self.head.over.load(Ordering::Acquire)
    }

    /// A party has taken that place. The phase that it has come to already, by what the last owner
    /// did.
    pub(super) fn begin(&self, place: &PlaceWords) -> Option<u32> {
        // SYNC phase, party: a party that looks at this place for a later phase than the one that is
        // read here finds that it has an owner. This owner goes on where the last one was, whose
        // word the exchange before has replaced.
        fence(Ordering::SeqCst);
        let phase = self.phase();
        place.sleeps.store(0, Ordering::Relaxed);
        if place.phase.load(Ordering::Relaxed) == phase.wrapping_add(1) {
            return Some(phase);
        }
        place.phase.store(phase, Ordering::Relaxed);
        None
    }

    /// The owner of that place comes to the phase that is not over. Its number, and what becomes of
    /// it, if that can be said at once.
    pub(super) fn arrive(&self, place: &PlaceWords, fences: Fences) -> (u32, Option<Outcome>) {
        let phase = self.phase();
        // SYNC phase: what this party did before is seen by all for which the phase is over, by
        // `look` and `end`.
        place.phase.store(phase.wrapping_add(1), Ordering::Release);
        // SYNC phase: of parties that come at the same time the last one to pass sees all of them,
        // in `look`.
        fence(Ordering::SeqCst);
        (phase, self.look(phase, fences))
    }

    /// What becomes of that phase, as far as the words tell.
    pub(super) fn look(&self, phase: u32, fences: Fences) -> Option<Outcome> {
        let (mut absent, mut gone) = (false, None);
        for place in self.items.iter().filter(|place| !place.has_come(phase)) {
            let owner = place.owner.load(Ordering::Relaxed);
            // SYNC party: that it came before its owner went is seen.
            fence(Ordering::Acquire);
            match owner & DIED != 0 {
                _ if place.has_come(phase) => {}
                true if self.leaves_out => {}
                true => gone = Some(Outcome::Gone(Owner::of_word(owner))),
                false => absent = true,
            }
        }
        if gone.is_some() || absent {
            return gone;
        }
        // SYNC phase: what all parties did before they came is seen, from their stores in `arrive`.
        fence(Ordering::Acquire);
        self.end(phase, fences);
        Some(Outcome::Over)
    }

    /// All have come to that phase.
    fn end(&self, phase: u32, fences: Fences) {
        if self.head.over.load(Ordering::Relaxed) != phase {
            return;
        }
        // SYNC phase: what all parties did before is seen by those who see that it is over.
        self.head.over.store(phase.wrapping_add(1), Ordering::Release);
        if SLEEPS {
            // SYNC phase-sleeper: this side sees that a party sleeps, or that one sees that the
            // phase is over, after its heavy fence in `arm`.
            fences.light();
            self.wake();
        }
    }

    /// Wakes those who sleep.
    fn wake(&self) {
        if self.items.iter().any(|place| place.sleeps.load(Ordering::Relaxed) != 0) {
            self.head.over.wake_all();
        }
    }

    /// What becomes of that phase, when the dead are asked for too. They are marked.
    #[cold]
    pub(super) fn ask(
        &self,
        phase: u32,
        party: &impl Party,
    ) -> Result<Option<Outcome>, LivenessError> {
        for place in self.items.iter().filter(|place| !place.has_come(phase)) {
            let found = peek(&place.owner);
            // SYNC seat: the generation that the owner stored is seen, and so one that is not its
            // own is a later one.
            fence(Ordering::Acquire);
            let owner = Owner::of_word(found);
            let known = found == 0 || found & DIED != 0 || owner == party.me();
            if !known && party.is_gone(owner)? {
                // Whether it came is seen, whatever orders its death, and told with the mark: a
                // read-modify-write has the last number.
                place.phase.fetch_add(0, Ordering::Relaxed);
                mark(place, found);
            }
        }
        Ok(self.look(phase, party.fences()))
    }

    /// The owner of that place goes away.
    pub(super) fn leave(&self, place: &PlaceWords, me: Owner) {
        // That it has come is seen with this: the full fence in `arrive` is between the two.
        place.owner.store(me.word() | DIED, Ordering::Relaxed);
        if SLEEPS {
            self.wake();
        }
    }
}

/// Says in a place that its owner is gone, if it is that one still.
fn mark(place: &PlaceWords, found: u32) {
    // SYNC party: the next owner goes on where the last one was, as far as this side has seen it.
    let (done, failed) = (Ordering::Release, Ordering::Relaxed);
    let _ = place.owner.compare_exchange(found, found | DIED, done, failed);
}

/// Whether a phase is over, by the owner of a place, or on its behalf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PhaseSign<'a> {
    pub(crate) places: Places<'a>,
    /// Its own. `None`: there is none.
    pub(crate) place: Option<&'a PlaceWords>,
    /// `None`: it has not come to one.
    pub(crate) phase: Option<u32>,
}

impl Sign for PhaseSign<'_> {
    const IS_FOR_ONE: bool = false;

    fn bell(&self) -> &Futex {
        self.places.head.bell()
    }

    fn count(&self) -> EventCount<'_> {
        EventCount::new(self.bell())
    }

    fn is_there(&self) -> bool {
        self.phase.is_some_and(|phase| self.places.phase() != phase)
    }

    fn is_there_when_asked(&self, party: &impl Party) -> Result<bool, LivenessError> {
        let Some(phase) = self.phase else { return Ok(false) };
        Ok(self.is_there() || self.places.ask(phase, party)?.is_some())
    }

    fn prepare(&self) -> Token {
        let token = match self.phase {
            Some(phase) => self.count().prepare_since(phase),
            None => self.count().prepare(),
        };
        if let Some(place) = self.place {
            place.sleeps.store(1, Ordering::Relaxed);
        }
        token
    }

    fn arm(&self, fences: Fences) -> Token {
        let token = self.prepare();
        // SYNC phase-sleeper: a party that ends the phase sees that this one sleeps, after its light
        // fence in `end`, or this one sees that it is over.
        if SLEEPS { token.confirm(fences.heavy()) } else { token }
    }
}

/// A party that waits until a phase is over.
pub(crate) struct ForPhase<'a, P> {
    pub(crate) places: Places<'a>,
    pub(crate) place: &'a PlaceWords,
    pub(crate) party: &'a P,
    pub(crate) phase: u32,
}

impl<'a, P: Party> Awaited for ForPhase<'a, P> {
    type Got = Outcome;
    type Sign = PhaseSign<'a>;

    fn sign(&self) -> PhaseSign<'a> {
        PhaseSign { places: self.places, place: Some(self.place), phase: Some(self.phase) }
    }

    fn fences(&self) -> Fences {
        self.party.fences()
    }

    fn attempt(&mut self) -> Option<Outcome> {
        (self.places.phase() != self.phase).then_some(Outcome::Over)
    }

    fn ask(&mut self) -> Result<Option<Outcome>, LivenessError> {
        self.places.ask(self.phase, self.party)
    }
}

impl<P> Drop for ForPhase<'_, P> {
    fn drop(&mut self) {
        self.place.sleeps.store(0, Ordering::Relaxed);
    }
}
