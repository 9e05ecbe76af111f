//! How the segments of a chain on the heap find one another.
//!
//! A segment keeps the next one, so that a consumer which is behind has all that it is to get. One
//! that is retired keeps none: a handle that is left there, to join by, must not keep all that comes
//! after it. It asks for the oldest segment that is not retired. All segments have that in common.
//! It is kept there as long as there is a producer, which changes it; afterwards it is only known.

use alloc::sync::{Arc, Weak};

use super::boxed::Memory;
use super::view::View;
use crate::position::Pos;
use ringway_shm::sync::{Mutex, MutexGuard};

/// A segment, and what keeps its memory there.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(super) view: View,
    pub(super) memory: Arc<Memory>,
}

// SAFETY: the words are atomics, and what owns them may be dropped by any thread.
unsafe impl Send for Kept {}
// SAFETY: a shared reference gives out nothing but references to atomics.
unsafe impl Sync for Kept {}

/// What comes behind a segment.
#[derive(Debug)]
pub(crate) enum Behind {
    /// None so far.
    None,
    Next(Kept),
    /// The oldest that is not retired, and not the next one.
    Oldest(Kept),
    /// All have been received and given up, up to that position, which no message has.
    Gone(Pos),
}

#[derive(Debug)]
enum Next {
    None,
    Kept(Kept),
    Retired,
}

/// The oldest segment that is not retired.
#[derive(Debug)]
struct Oldest {
    kept: Option<Kept>,
    known: Option<Known>,
    end: Option<Pos>,
}

/// A segment whose memory is not kept: the view is used with the memory alone.
#[derive(Debug)]
struct Known {
    view: View,
    memory: Weak<Memory>,
}

// SAFETY: as a segment that is kept, which it is while it is used.
unsafe impl Send for Known {}

/// What a segment on the heap has of its chain. Its memory has it, which does not know of views.
#[derive(Debug)]
pub(crate) struct Link {
    next: Mutex<Next>,
    oldest: Arc<Mutex<Oldest>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Link {
    /// That of a segment's memory.
    pub(super) fn of(memory: &Memory) -> Option<&Link> {
        memory.chain.as_ref()?.downcast_ref()
    }

    /// Of the first segment.
    pub(super) fn new() -> Self {
        let oldest = Oldest { kept: None, known: None, end: None };
        Link { next: Mutex::new(Next::None), oldest: Arc::new(Mutex::new(oldest)) }
    }

    /// Of one that comes behind this one.
    pub(super) fn again(&self) -> Self {
        Link { next: Mutex::new(Next::None), oldest: self.oldest.clone() }
    }

    /// That one comes next.
    pub(super) fn set_next(&self, next: Kept) {
        *locked(&self.next) = Next::Kept(next);
    }

    /// That one is the oldest from here on.
    pub(super) fn set_oldest(&self, oldest: Kept) {
        let mut place = locked(&self.oldest);
        place.known = Some(Known { view: oldest.view, memory: Arc::downgrade(&oldest.memory) });
        let before = place.kept.replace(oldest);
        drop(place);
        // Perhaps the last handle of a segment: not while the lock is held.
        drop(before);
    }

    /// The segment that has this is retired.
    pub(super) fn retire(&self) {
        let before = core::mem::replace(&mut *locked(&self.next), Next::Retired);
        drop(before);
    }

    /// There is no producer any more, which stopped at that position.
    pub(super) fn let_go(&self, end: Pos) {
        let mut place = locked(&self.oldest);
        place.end = Some(end);
        let before = place.kept.take();
        drop(place);
        drop(before);
    }

    /// The oldest segment that is not retired, if it is there.
    pub(super) fn oldest(&self) -> Option<Kept> {
        let place = locked(&self.oldest);
        place.kept.clone().or_else(|| {
            let Known { view, memory } = place.known.as_ref()?;
            Some(Kept { view: *view, memory: memory.upgrade()? })
        })
    }

    /// What comes behind the segment that has this.
    pub(super) fn behind(&self) -> Behind {
        match &*locked(&self.next) {
            Next::None => return Behind::None,
            Next::Kept(kept) => return Behind::Next(kept.clone()),
            Next::Retired => {}
        }
        match self.oldest() {
            Some(kept) => Behind::Oldest(kept),
            None => match locked(&self.oldest).end {
                Some(end) => Behind::Gone(end),
                None => Behind::None,
            },
        }
    }
}
