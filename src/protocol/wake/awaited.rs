//! What a handle sleeps on, apart from the handle.

use super::count;
use crate::memory::Storage;
use ringway_shm::event::{SoleWaiter, Token};
use ringway_shm::fence::Fences;
use ringway_shm::sync::Futex;

/// What a handle sleeps on, apart from the handle: for those that wait on behalf of many. It keeps
/// the ring's memory.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    pub(crate) storage: Storage,
    pub(crate) fences: Fences,
    pub(crate) side: Side,
}

/// Whose place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A subscriber's or an observer's.
    Consumer,
    /// A worker's, of the group with that number.
    Worker(usize),
    Producer,
}

impl Awaited {
    /// The word on which to sleep; `None` if this process cannot reach it.
    pub(crate) fn word(&self) -> Option<&Futex> {
        match self.side {
            Side::Consumer => Some(&self.storage.producer().wake),
            Side::Worker(group) => self.storage.shared_entry(group).map(|entry| &entry.bell),
            Side::Producer => self.storage.flags().map(|flags| &flags.waiting),
        }
    }

    /// Asks to be woken, as phase 1 of [`ringway_shm::event`] says, without the heavy fence. That is
    /// the caller's, after it [`Fences::heavy_of_all`], and then [`Token::confirm`].
    pub(crate) fn prepare(&self) -> Option<Token> {
        let word = self.word()?;
        Some(match self.side {
            Side::Consumer | Side::Worker(_) => count(word, &self.storage).prepare(),
            Side::Producer => SoleWaiter::new(word).prepare(),
        })
    }

    /// Whether it has been woken since.
    pub(crate) fn has_rung(&self, token: Token) -> bool {
        self.word().is_none_or(|word| match self.side {
            Side::Consumer | Side::Worker(_) => count(word, &self.storage).has_rung(token),
            Side::Producer => SoleWaiter::new(word).has_rung(token),
        })
    }
}

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
impl ringway_shm::sleeper::Sleeper for Awaited {
    fn word(&self) -> Option<&Futex> {
        Awaited::word(self)
    }

    fn is_sole(&self) -> bool {
        self.side == Side::Producer
    }

    fn prepare(&self) -> Option<Token> {
        Awaited::prepare(self)
    }

    fn has_rung(&self, token: Token) -> bool {
        Awaited::has_rung(self, token)
    }

    fn fences(&self) -> Fences {
        self.fences
    }

    fn can_die(&self) -> bool {
        // A producer looks after its consumers by itself, as often as it has to.
        self.side != Side::Producer && self.storage.can_die()
    }

    fn ask(&self) -> bool {
        !self.storage.producer_is_alive().unwrap_or(false)
    }

    fn watched_by(
        &self,
        watch: &ringway_shm::segment::DeathWatch,
        word: alloc::sync::Arc<Futex>,
    ) -> Option<ringway_shm::segment::Watched> {
        self.storage.watched_by(watch, word)
    }
}
