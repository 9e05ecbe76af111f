//! A reader that a wait set follows, and the one that looks on its behalf.

use alloc::sync::Arc;

use super::{Reader, is_plain};
use crate::memory::lane::LANES;
use crate::protocol::ahead::Ahead;
use crate::protocol::follow::{Followed, Trail};
use ringway_shm::sync::Futex;

impl<W> Reader<W> {
    /// What shows a wait set where it is.
    pub(crate) fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Has a wait set follow it, or none any more. One that is followed takes no step that the set
    /// would not see.
    pub(crate) fn follow(&mut self, followed: Followed) {
        self.followed = followed;
        let evicts = LANES && self.can_be_evicted();
        let plain = is_plain(&self.storage, evicts, self.fences);
        self.plain = [plain && self.followed.trail().is_none(); LANES as usize];
        self.lane.end(self.next);
        self.ahead = match self.followed.trail() {
            Some(_) => Ahead::never(),
            None => Ahead::new(),
        };
        self.followed.goes_to(self.next);
    }

    /// A trail that begins here, and rings that bell.
    pub(crate) fn trail(&self, bell: Arc<Futex>) -> Arc<Trail> {
        Trail::new(bell, self.next, self.patient)
    }

    /// A reader at the same place that looks on behalf of this one's handle.
    pub(crate) fn looking_on(&self) -> Reader<()> {
        let mut reader = Reader::new(self.storage.clone(), self.next, ());
        reader.fences = self.fences;
        reader.patient = self.patient;
        reader.seen = self.seen;
        reader
    }
}
