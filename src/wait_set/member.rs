//! Handles that can be members of a wait set.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::shadow::Shadow;
use crate::consumer::{Consumer, Holding, Kind};
use crate::error::WaitSetError;
use crate::group::Worker;
use crate::message::Message;
use crate::producer::{Producer, Room};
use crate::protocol::follow::{Followed, Trail};
use crate::wait::Wait;
use ringway_shm::sync::Futex;

/// A handle that can be a member of a [`WaitSet`](crate::WaitSet): a
/// [`Subscriber`](crate::Subscriber), a [`Holding`], an [`Observer`](crate::Observer), a
/// [`Worker`], or a [`Producer`], which waits for room for one message. Sealed: there are no others.
pub trait Member: sealed::Sealed {}

impl<M: sealed::Sealed> Member for M {}

/// What the set needs of a handle.
pub(super) mod sealed {
    use super::{Arc, Followed, Futex, Shadow, Trail, WaitSetError};

    pub trait Sealed {
        /// What shows a set where the handle is, if one follows it.
        fn trail(&self) -> Option<&Arc<Trail>>;

        /// Has a set follow the handle, or none any more.
        fn follow(&mut self, followed: Followed);

        /// What looks on behalf of the handle, and its trail, which rings that bell when the handle
        /// is dropped.
        fn shadow(&mut self, bell: &Arc<Futex>) -> Result<(Shadow, Arc<Trail>), WaitSetError>;
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> sealed::Sealed for Consumer<K, T, W> {
    fn trail(&self) -> Option<&Arc<Trail>> {
        self.followed().trail()
    }

    fn follow(&mut self, followed: Followed) {
        Consumer::follow(self, followed);
    }

    fn shadow(&mut self, bell: &Arc<Futex>) -> Result<(Shadow, Arc<Trail>), WaitSetError> {
        let (shadow, trail) = Consumer::shadow(self, bell.clone());
        Ok((Shadow::Consumer(Box::new(shadow)), trail))
    }
}

impl<T: Message + ?Sized, F: AsMut<[bool]>, W: Wait> sealed::Sealed for Holding<T, F, W> {
    fn trail(&self) -> Option<&Arc<Trail>> {
        self.subscriber().followed().trail()
    }

    fn follow(&mut self, followed: Followed) {
        self.subscriber_mut().follow(followed);
    }

    fn shadow(&mut self, bell: &Arc<Futex>) -> Result<(Shadow, Arc<Trail>), WaitSetError> {
        sealed::Sealed::shadow(self.subscriber_mut(), bell)
    }
}

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Worker<T, W> {
    fn trail(&self) -> Option<&Arc<Trail>> {
        self.followed().trail()
    }

    fn follow(&mut self, followed: Followed) {
        Worker::follow(self, followed);
    }

    fn shadow(&mut self, bell: &Arc<Futex>) -> Result<(Shadow, Arc<Trail>), WaitSetError> {
        let (shadow, trail) = Worker::shadow(self, bell.clone());
        Ok((Shadow::Worker(Box::new(shadow)), trail))
    }
}

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Producer<T, W> {
    fn trail(&self) -> Option<&Arc<Trail>> {
        self.followed().trail()
    }

    fn follow(&mut self, followed: Followed) {
        Producer::follow(self, followed);
    }

    fn shadow(&mut self, bell: &Arc<Futex>) -> Result<(Shadow, Arc<Trail>), WaitSetError> {
        of_producer(self, Room::Messages(1), bell)
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
