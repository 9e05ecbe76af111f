//! A look at a ring on behalf of a consumer, which a wait set follows.

use alloc::sync::Arc;

use super::{Consumer, Kind};
use crate::message::Message;
use crate::protocol::follow::{Asks, Followed, Trail};
use crate::protocol::reader::{NotFound, Reader};
use crate::protocol::wake::{Awaited, Side};
use ringway_shm::sync::Futex;
use ringway_shm::wait::Wait;

/// What looks on behalf of a consumer. It has no entry, receives nothing and lets go of nothing.
#[derive(Debug)]
pub(crate) struct Shadow {
    reader: Reader<()>,
    trail: Arc<Trail>,
    /// The consumer's entry and which of its owners it is, if it can be evicted.
    owner: Option<(usize, u32)>,
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// Whether it goes from segment to segment.
    pub(crate) fn grows(&self) -> bool {
        self.reader.storage.measures().is_chain()
    }

    /// What shows a wait set where this one is.
    pub(crate) fn followed(&self) -> &Followed {
        self.reader.followed()
    }

    /// Has a wait set follow it, or none any more.
    pub(crate) fn follow(&mut self, followed: Followed) {
        self.reader.follow(followed);
    }

    /// What looks on behalf of this one, and its trail, which rings that bell.
    pub(crate) fn shadow(&self, bell: Arc<Futex>) -> (Shadow, Arc<Trail>) {
        let (reader, trail) = (self.reader.looking_on(), self.reader.trail(bell));
        (Shadow { reader, trail: trail.clone(), owner: K::owner(self) }, trail)
    }
}

impl Shadow {
    /// What its handle sleeps on.
    pub(crate) fn awaited(&self) -> Awaited {
        let (storage, fences) = (self.reader.storage.clone(), self.reader.fences);
        Awaited { storage, fences, side: Side::Consumer }
    }

    /// Whether the consumer's next call that does not block says something else than that the ring
    /// is empty. `asks`: a look in vain asks the kernel whether the producer lives, and takes that.
    pub(crate) fn is_ready(&mut self, asks: &mut Asks) -> bool {
        // Before the look, so that a death need not be asked for twice.
        self.reader.catch_up();
        if self.seems_ready() {
            return true;
        }
        let asks = core::mem::take(asks) > Asks::Nothing;
        if !self.reader.storage.can_die() {
            return false;
        }
        self.reader.patient = self.trail.is_patient();
        if !self.reader.is_orphaned_if(asks) {
            return false;
        }
        // What the dead had sent until then comes first.
        if !self.seems_ready() {
            // That it is so is kept, and told by each look from here on.
            let _ = self.reader.death();
            self.trail.notice();
        }
        true
    }

    /// The same without a question.
    fn seems_ready(&mut self) -> bool {
        let place = self.trail.place();
        if self.reader.next() != place {
            self.reader.go_to(place);
        }
        let Err(state) = self.reader.ready(place) else { return true };
        match self.reader.find(state) {
            Err(NotFound::Empty) => self.owner.is_some_and(|(entry, generation)| {
                self.reader.storage.was_evicted(entry, generation)
            }),
            // There after all; or lost, or evicted; or the end.
            Ok(()) | Err(NotFound::Closed | NotFound::Passed(_)) => true,
        }
    }
}
