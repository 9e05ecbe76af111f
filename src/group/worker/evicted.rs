//! How a worker learns that its group was evicted.

use super::handle::Worker;
use crate::error::TryRecvError;
use crate::memory::layout::{EVICTS, Entry};
use crate::message::Message;
use crate::protocol::head;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Why the group will get nothing more, whatever is sent.
    pub(crate) fn excluded(&mut self) -> Option<TryRecvError> {
        (self.was_evicted() || !self.is_still_its_group()).then(|| self.evicted())
    }

    /// Whether the group, as this worker knows it, was the last one in its entry to be evicted.
    pub(super) fn was_evicted(&self) -> bool {
        let storage = &self.reader.storage;
        let entry = storage.measures().subscribers() + self.member.group;
        storage.was_evicted(entry, self.member.generation)
    }

    /// Whether the group's entry still belongs to the group as this worker joined it. If not, that
    /// was evicted, and its entry was given up since, and made another group's, or that of the same
    /// name begun anew.
    #[inline(always)]
    pub(super) fn is_still_its_group(&self) -> bool {
        if !EVICTS {
            return true;
        }
        // SYNC regroup: a worker that has claimed a word of another group's, from `Claims::reset`,
        // or has found its gate, sees that group's generation.
        fence(Ordering::Acquire);
        let group = self.reader.storage.shared_entry(self.member.group);
        let generation = |entry: &Entry| entry.generation.load(Ordering::Relaxed);
        group.map(generation) == Some(self.member.generation)
    }

    /// What a worker is told whose group was evicted.
    #[cold]
    pub(super) fn evicted(&mut self) -> TryRecvError {
        self.member.told = true;
        // What was pinned is about to be given back, or its guard was leaked.
        self.unpin();
        let head = head::exact(&self.reader.storage);
        let claims = self.claims().filter(|_| self.is_still_its_group());
        let missed = match claims.filter(|claims| claims.gate().is_some()) {
            Some(claims) => claims.undone(head),
            // What the group had not done is written nowhere any more.
            None => u64::try_from(head.since(self.reader.next())).unwrap_or(0),
        };
        TryRecvError::Evicted { missed }
    }
}
