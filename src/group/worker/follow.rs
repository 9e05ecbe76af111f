//! A look at a group's messages on behalf of a worker, which a wait set follows.

use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::handle::Worker;
use super::watch::Watch;
use crate::error::TryRecvError;
use crate::message::Message;
use crate::protocol::follow::{Asks, Followed, Trail};
use crate::protocol::wake::{Awaited, Side};
use ringway_shm::sync::Futex;
use ringway_shm::wait::{DeathCheck, Spin, Wait};

/// What looks on behalf of a worker: a worker that claims nothing and does not leave. It goes on
/// patrol as one that only polls does.
pub(crate) struct Shadow {
    /// Not dropped: its entry is the handle's, and the handle leaves.
    worker: ManuallyDrop<Worker<[u8], Spin>>,
    trail: Arc<Trail>,
}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// What shows a wait set that this one is there.
    pub(crate) fn followed(&self) -> &Followed {
        self.reader.followed()
    }

    /// Has a wait set follow it, or none any more.
    pub(crate) fn follow(&mut self, followed: Followed) {
        self.reader.follow(followed);
    }

    /// What looks on behalf of this one, and its trail, which rings that bell.
    pub(crate) fn shadow(&self, bell: Arc<Futex>) -> (Shadow, Arc<Trail>) {
        let trail = self.reader.trail(bell);
        let reader = self.reader.looking_on().with_wait(Spin).0;
        let mut member = self.member;
        // What the handle has is the handle's.
        (member.held, member.reserved, member.pinned) = (0, None, false);
        (member.others, member.awaited, member.losses) = (None, None, 0);
        member.patrol = DeathCheck::default();
        let watch = Watch::new(&reader.storage);
        let worker = ManuallyDrop::new(Worker { reader, member, watch, message: PhantomData });
        (Shadow { worker, trail: trail.clone() }, trail)
    }
}

impl Shadow {
    /// What its handle sleeps on.
    pub(crate) fn awaited(&self) -> Awaited {
        let (storage, fences) = (self.worker.reader.storage.clone(), self.worker.reader.fences);
        Awaited { storage, fences, side: Side::Worker(self.worker.member.group) }
    }

    /// Whether the worker's next call that does not block says something else than that there is
    /// nothing, unless other workers are faster. `asks`: a look in vain asks the kernel whether the
    /// producer lives, or everything that a patrol does, and takes that.
    pub(crate) fn is_ready(&mut self, asks: &mut Asks) -> bool {
        self.worker.reader.patient = self.trail.is_patient();
        // Before the look, so that a death need not be asked for twice.
        self.worker.reader.catch_up();
        let mut outcome = self.worker.poll(Worker::is_any_free);
        if outcome == Err(TryRecvError::Empty) {
            let asks = core::mem::take(asks);
            if asks == Asks::Everything && self.worker.finds_the_dead() {
                outcome = self.worker.is_any_free();
            }
            if asks > Asks::Nothing && outcome == Err(TryRecvError::Empty) {
                outcome = self.worker.poll_if_orphaned(Worker::is_any_free);
            }
        }
        if let Err(TryRecvError::ProducerDied | TryRecvError::Liveness(_)) = outcome {
            self.trail.notice();
        }
        outcome != Err(TryRecvError::Empty)
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        // SAFETY: the worker is not used again, and its own `drop` does not run: this moves the
        // reader out of it.
        drop(unsafe { core::ptr::read(&self.worker.reader) });
        // SAFETY: the worker is not used again, and its own `drop` does not run: this moves the
        // watch out of it.
        drop(unsafe { core::ptr::read(&self.worker.watch) });
    }
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shadow").field(&*self.worker).finish()
    }
}
