//! The objects of a region, as far as they are waited for.

use alloc::sync::Arc;

use ringway_shm::sync::{Futex, Word};

use super::Object;
use crate::barrier::{BarrierKind, PhaseSign, PlaceWords, Places};
use crate::cell::{CellKind, ChangeSign, Known, copies};
use crate::followed::Trail;
use crate::lock::words::{LockSign, LockWords};
use crate::once::{OnceKind, OnceSign};
use crate::region::object::{Spot, SpotOf, Words};
use crate::semaphore::{Permits, SemaphoreKind};
use crate::signal::{SignalKind, SignalSign};
use crate::table::{Form, Rows, TableKind, TableSign, Version};

/// A lock, or the lock of an object that has one.
#[derive(Debug)]
pub(crate) struct OfLock<H, E> {
    pub(crate) spot: Spot<H, E>,
    pub(crate) lock: fn(&H) -> &LockWords,
}

impl<H: Words, E: Words> OfLock<H, E> {
    fn lock(&self) -> LockSign<'_> {
        LockSign((self.lock)(self.spot.head()))
    }
}

impl<H: Words, E: Words> Object for OfLock<H, E> {
    type Sign<'a> = LockSign<'a>;

    fn sign(&self) -> LockSign<'_> {
        self.lock()
    }

    fn bell(&self) -> &Futex {
        (self.lock)(self.spot.head()).bell()
    }
}

/// A value that is made once: whether it was.
#[derive(Debug)]
pub(crate) struct OfOnce(pub(crate) SpotOf<OnceKind>);

impl Object for OfOnce {
    type Sign<'a> = OnceSign<'a>;

    fn sign(&self) -> OnceSign<'_> {
        OnceSign(self.0.head())
    }

    fn bell(&self) -> &Futex {
        self.0.head().lock.bell()
    }
}

/// The permits of a semaphore.
#[derive(Debug)]
pub(crate) struct OfSemaphore(pub(crate) SpotOf<SemaphoreKind>);

impl Object for OfSemaphore {
    type Sign<'a> = Permits<'a>;

    fn sign(&self) -> Permits<'_> {
        Permits { head: self.0.head(), items: self.0.items(), first: 0 }
    }

    fn bell(&self) -> &Futex {
        self.0.head().bell()
    }
}

/// The tokens of a signal.
#[derive(Debug)]
pub(crate) struct OfSignal(pub(crate) SpotOf<SignalKind>);

impl Object for OfSignal {
    type Sign<'a> = SignalSign<'a>;

    fn sign(&self) -> SignalSign<'_> {
        SignalSign(self.0.head())
    }

    fn bell(&self) -> &Futex {
        self.0.head().bell()
    }
}

/// Which phase of a barrier a party has come to.
#[derive(Debug)]
pub(crate) enum Phase {
    #[cfg_attr(not(feature = "async"), allow(dead_code))]
    This(u32),
    /// As the party's handle says.
    Told(Arc<Trail<Option<u32>>>),
}

/// The phase of a barrier.
#[derive(Debug)]
pub(crate) struct OfBarrier {
    pub(crate) spot: SpotOf<BarrierKind>,
    pub(crate) leaves_out: bool,
    pub(crate) place: usize,
    pub(crate) phase: Phase,
}

impl OfBarrier {
    fn place(&self) -> Option<&PlaceWords> {
        self.spot.items().get(self.place)
    }
}

impl Object for OfBarrier {
    type Sign<'a> = PhaseSign<'a>;

    fn sign(&self) -> PhaseSign<'_> {
        let (head, items) = (self.spot.head(), self.spot.items());
        let phase = match &self.phase {
            Phase::This(phase) => Some(*phase),
            Phase::Told(trail) => trail.state(),
        };
        let places = Places { head, items, leaves_out: self.leaves_out };
        PhaseSign { places, place: self.place(), phase }
    }

    fn bell(&self) -> &Futex {
        self.spot.head().bell()
    }

    fn number(&self) -> usize {
        match &self.phase {
            Phase::This(_) => core::ptr::from_ref(self).addr(),
            Phase::Told(trail) => Arc::as_ptr(trail).addr(),
        }
    }

    fn is_gone(&self) -> bool {
        matches!(&self.phase, Phase::Told(trail) if trail.is_gone())
    }
}

/// The value of a cell, as its follower knows it.
#[derive(Debug)]
pub(crate) struct OfCell {
    pub(crate) spot: SpotOf<CellKind>,
    pub(crate) mask: Word,
    pub(crate) trail: Arc<Trail<Known>>,
}

impl Object for OfCell {
    type Sign<'a> = ChangeSign<'a>;

    fn sign(&self) -> ChangeSign<'_> {
        let copies = copies(&self.spot, self.mask);
        ChangeSign { words: self.spot.head(), copies, known: self.trail.state() }
    }

    fn bell(&self) -> &Futex {
        &self.spot.head().bell
    }

    fn number(&self) -> usize {
        Arc::as_ptr(&self.trail).addr()
    }

    fn has_notice(&self) -> bool {
        self.trail.has_notice()
    }

    fn notice(&self) {
        self.trail.notice();
    }

    fn is_gone(&self) -> bool {
        self.trail.is_gone()
    }
}

/// A table, as its follower knows it. Of the rows only the words are looked at that say which values
/// they have: so the types do not matter.
#[derive(Debug)]
pub(crate) struct OfTable {
    pub(crate) spot: SpotOf<TableKind>,
    pub(crate) form: Form,
    pub(crate) trail: Arc<Trail<Option<Version>>>,
}

impl Object for OfTable {
    type Sign<'a> = TableSign<'a, (), ()>;

    fn sign(&self) -> TableSign<'_, (), ()> {
        TableSign { rows: Rows::new(&self.spot, self.form), seen: self.trail.state() }
    }

    fn bell(&self) -> &Futex {
        &self.spot.head().bell
    }

    fn number(&self) -> usize {
        Arc::as_ptr(&self.trail).addr()
    }

    fn is_gone(&self) -> bool {
        self.trail.is_gone()
    }
}
