//! Waiting on behalf of handles: what a reactor's thread, or a wait set, has of them.
//!
//! It keeps the region's memory, and not the seat: an owner is gone when its last handle is dropped,
//! though a thread may look at the object for some microseconds more. It takes nothing: what it finds
//! it tells, and the handle takes it.

mod objects;
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
mod of_calls;

use alloc::sync::Arc;
use core::fmt::Debug;

use ringway_shm::LivenessError;
use ringway_shm::event::Token;
use ringway_shm::fence::Fences;
use ringway_shm::segment::{DeathWatch, Watched};
use ringway_shm::sleeper::{Scout, Sleeper};
use ringway_shm::sync::Futex;

use crate::owner::Owner;
use crate::party::Party;
use crate::region::handle::Handle;
use crate::region::memory::Memory;
use crate::region::object::ObjectKind;
use crate::wait::Sign;

pub(crate) use objects::{
    OfBarrier, OfCell, OfLock, OfOnce, OfSemaphore, OfSignal, OfTable, Phase,
};
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use of_calls::{OfCondition, OfRow};

/// What is waited for, and the words of it.
pub(crate) trait Object: Debug + Send + Sync + 'static {
    /// By what it is known.
    type Sign<'a>: Sign
    where
        Self: 'a;

    /// The same, as it is now.
    fn sign(&self) -> Self::Sign<'_>;

    /// What is slept on.
    fn bell(&self) -> &Futex;

    /// Another number for each that is there.
    fn number(&self) -> usize {
        core::ptr::from_ref(self.bell()).addr()
    }

    /// Whether the handle's next call has more to say than the words.
    fn has_notice(&self) -> bool {
        false
    }

    /// Has the handle's next call ask for what the words do not say.
    fn notice(&self) {}

    /// Whether there is no handle any more.
    fn is_gone(&self) -> bool {
        false
    }
}

/// One that looks for an owner, of which it has no seat.
#[derive(Debug)]
struct Proxy {
    memory: Arc<Memory>,
    owner: Owner,
}

impl Party for Proxy {
    fn me(&self) -> Owner {
        self.owner
    }

    fn is_gone(&self, owner: Owner) -> Result<bool, LivenessError> {
        self.memory.is_gone(owner)
    }

    fn fences(&self) -> Fences {
        self.memory.fences
    }
}

/// What waits on behalf of a handle.
#[derive(Debug)]
pub(crate) struct Behalf<O> {
    proxy: Proxy,
    object: O,
}

impl<O: Object> Behalf<O> {
    /// On behalf of that handle. `None`: it is in memory of the caller's, which may go with it.
    pub(crate) fn of<K: ObjectKind>(handle: &Handle<K>, object: O) -> Option<Arc<Behalf<O>>> {
        let party = handle.party();
        let memory = Some(&party.memory).filter(|memory| memory.is_kept())?;
        let proxy = Proxy { memory: memory.clone(), owner: party.me() };
        Some(Arc::new(Behalf { proxy, object }))
    }
}

impl<O: Object> Sleeper for Behalf<O> {
    fn word(&self) -> Option<&Futex> {
        Some(self.object.bell())
    }

    fn prepare(&self) -> Option<Token> {
        Some(self.object.sign().prepare())
    }

    fn has_rung(&self, token: Token) -> bool {
        self.object.sign().count().has_rung(token)
    }

    fn fences(&self) -> Fences {
        self.proxy.fences()
    }

    /// Also on the heap: an owner dies with its last handle.
    fn can_die(&self) -> bool {
        true
    }

    fn ask(&self) -> bool {
        self.object.sign().is_there_when_asked(&self.proxy).unwrap_or(true)
    }

    fn watched_by(&self, watch: &DeathWatch, word: Arc<Futex>) -> Option<Watched> {
        self.proxy.memory.watched_by(watch, word)
    }

    fn lets_go(&self) {
        self.object.sign().hand_on(self.proxy.fences());
    }
}

impl<O: Object> Scout for Behalf<O> {
    fn is_ready(&self) -> bool {
        self.object.has_notice() || self.object.sign().is_there()
    }

    fn is_ready_when_asked(&self) -> bool {
        let is_there = self.object.sign().is_there_when_asked(&self.proxy).unwrap_or(true);
        if is_there && !self.object.sign().is_there() {
            self.object.notice();
        }
        is_there
    }

    fn number(&self) -> usize {
        self.object.number()
    }

    fn is_gone(&self) -> bool {
        self.object.is_gone()
    }
}
