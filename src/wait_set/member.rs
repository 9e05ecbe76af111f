//! Handles that can be members of a wait set.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::inner::Inner;
use super::roll::Whose;
use super::shadow::Shadow;
use crate::consumer::{Consumer, Holding, Kind};
use crate::error::WaitSetError;
use crate::group::Worker;
use crate::message::Message;
use crate::producer::{Producer, Room};
use crate::protocol::follow::{Followed, Trail};
use crate::wait::Wait;
use ringway_shm::sleeper::{NoScout, Scouted};
use ringway_shm::sync::Futex;

/// A handle that can be a member of a [`WaitSet`](crate::WaitSet): a
/// [`Subscriber`](crate::Subscriber), a [`Holding`], an [`Observer`](crate::Observer), a
/// [`Worker`], or a [`Producer`], which waits for room for one message; and a handle of
/// `ringway-sync`: [`Scouted`]. Sealed: there are no others.
pub trait Member: sealed::Sealed {}

impl<M: sealed::Sealed> Member for M {}

/// What the set needs of a handle.
pub(super) mod sealed {
    use super::{Inner, WaitSetError};

    pub trait Sealed {
        /// Has the set look on behalf of the handle, whose readiness is told by that key.
        fn enter(&mut self, set: &Inner, key: u64) -> Result<(), WaitSetError>;

        /// Has it do so no longer. `false`: it did not.
        fn leave(&mut self, set: &Inner) -> bool;
    }
}

/// A handle of an object of a region.
impl<M: Scouted> sealed::Sealed for M {
    fn enter(&mut self, set: &Inner, key: u64) -> Result<(), WaitSetError> {
        let scout = self.scout().map_err(|error| match error {
            NoScout::CallersMemory => WaitSetError::CallersMemory,
            NoScout::Forked => WaitSetError::Forked,
        })?;
        set.add_object(key, scout)
    }

    fn leave(&mut self, set: &Inner) -> bool {
        self.scout().is_ok_and(|scout| set.remove(&Whose::Object(scout.number())))
    }
}

/// A handle of a ring.
pub(super) trait OfRing {
    /// Whether the handle goes from segment to segment.
    fn grows(&self) -> bool;

    /// What shows a set where the handle is, if one follows it.
    fn trail(&self) -> Option<&Arc<Trail>>;

    /// Has a set follow the handle, or none any more.
    fn follow(&mut self, followed: Followed);

    /// Has the set follow the handle, of which `shadow` makes what looks on its behalf.
    fn enter_as(
        &mut self,
        set: &Inner,
        key: u64,
        shadow: impl FnOnce(&mut Self, &Arc<Futex>) -> Result<(Shadow, Arc<Trail>), WaitSetError>,
    ) -> Result<(), WaitSetError> {
        set.check()?;
        if self.grows() {
            return Err(WaitSetError::Unbounded);
        }
        // Of a set that was dropped the handle alone has the trail.
        if self.trail().is_some_and(|trail| Arc::strong_count(trail) > 1) {
            return Err(WaitSetError::InASet);
        }
        let (shadow, trail) = shadow(self, set.bell())?;
        set.add(key, shadow, trail.clone())?;
        self.follow(Followed::by(trail));
        set.ring();
        Ok(())
    }

    /// Has the set follow the handle no longer.
    fn leave_it(&mut self, set: &Inner) -> bool {
        let Some(trail) = self.trail().cloned() else { return false };
        let was_there = set.remove(&Whose::Ring(trail));
        if was_there {
            // Rings, so that those that sleep on its word do so no longer.
            self.follow(Followed::NOT);
        }
        was_there
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> OfRing for Consumer<K, T, W> {
    fn grows(&self) -> bool {
        Consumer::grows(self)
    }

    fn trail(&self) -> Option<&Arc<Trail>> {
        self.followed().trail()
    }

    fn follow(&mut self, followed: Followed) {
        Consumer::follow(self, followed);
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> sealed::Sealed for Consumer<K, T, W> {
    fn enter(&mut self, set: &Inner, key: u64) -> Result<(), WaitSetError> {
        self.enter_as(set, key, |consumer, bell| {
            let (shadow, trail) = Consumer::shadow(consumer, bell.clone());
            Ok((Shadow::Consumer(Box::new(shadow)), trail))
        })
    }

    fn leave(&mut self, set: &Inner) -> bool {
        self.leave_it(set)
    }
}

impl<T: Message + ?Sized, F: AsMut<[bool]>, W: Wait> sealed::Sealed for Holding<T, F, W> {
    fn enter(&mut self, set: &Inner, key: u64) -> Result<(), WaitSetError> {
        sealed::Sealed::enter(self.subscriber_mut(), set, key)
    }

    fn leave(&mut self, set: &Inner) -> bool {
        self.subscriber_mut().leave_it(set)
    }
}

impl<T: Message + ?Sized, W: Wait> OfRing for Worker<T, W> {
    /// There are no groups there.
    fn grows(&self) -> bool {
        false
    }

    fn trail(&self) -> Option<&Arc<Trail>> {
        self.followed().trail()
    }

    fn follow(&mut self, followed: Followed) {
        Worker::follow(self, followed);
    }
}

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Worker<T, W> {
    fn enter(&mut self, set: &Inner, key: u64) -> Result<(), WaitSetError> {
        self.enter_as(set, key, |worker, bell| {
            let (shadow, trail) = Worker::shadow(worker, bell.clone());
            Ok((Shadow::Worker(Box::new(shadow)), trail))
        })
    }

    fn leave(&mut self, set: &Inner) -> bool {
        self.leave_it(set)
    }
}

impl<T: Message + ?Sized, W: Wait> OfRing for Producer<T, W> {
    fn grows(&self) -> bool {
        self.storage.measures().is_chain()
    }

    fn trail(&self) -> Option<&Arc<Trail>> {
        self.followed().trail()
    }

    fn follow(&mut self, followed: Followed) {
        Producer::follow(self, followed);
    }
}

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Producer<T, W> {
    fn enter(&mut self, set: &Inner, key: u64) -> Result<(), WaitSetError> {
        self.enter_as(set, key, |producer, bell| of_producer(producer, Room::Messages(1), bell))
    }

    fn leave(&mut self, set: &Inner) -> bool {
        self.leave_it(set)
    }
}

/// What looks for such room on behalf of a producer.
pub(super) fn of_producer<T: Message + ?Sized, W: Wait>(
    producer: &mut Producer<T, W>,
    room: Room,
    bell: &Arc<Futex>,
) -> Result<(Shadow, Arc<Trail>), WaitSetError> {
    let (shadow, trail) = producer.shadow(room, bell.clone()).map_err(WaitSetError::Room)?;
    Ok((Shadow::Room(Box::new(shadow)), trail))
}
