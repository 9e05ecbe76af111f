//! Joining a ring as a consumer, where no more is needed for it than loads and stores.

use super::{Observer, Subscriber};
use crate::error::JoinError;
use crate::memory::Storage;
use crate::message::Message;
use crate::position::Pos;
use crate::protocol::join::{self, Joined};
use crate::protocol::{Start, take};
use crate::ring::Ring;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized> Ring<T> {
    /// Joins in that one of the ring's entries for subscribers, counted from 0. For cores that
    /// share memory, one of which has no compare-and-swap, or makes one within its own image
    /// (`portable-atomic`), which excludes no other image. The sides agree on which of them has
    /// which entry. Otherwise as [`subscribe_with`](Self::subscribe_with).
    ///
    /// [`JoinError::EntryInUse`]: a subscriber has it, or there is no such entry.
    ///
    /// # Safety
    ///
    /// All others that join the ring as a subscriber, in whatever way, have done so before this is
    /// called, in the order of [happens-before](core::sync::atomic), or do so after it has
    /// returned. Else two could get the same entry, and one be told that a message stays while the
    /// other lets go of it.
    ///
    /// ```
    /// use ringway::{Options, Spin, Start};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).subscribers(2).heap().unwrap();
    /// // SAFETY: no other subscriber joins meanwhile.
    /// let mut second = unsafe { ring.subscribe_in(1, Start::Next, Spin) }.unwrap();
    /// // SAFETY: no other subscriber joins meanwhile.
    /// let again = unsafe { ring.subscribe_in(1, Start::Next, Spin) };
    /// assert_eq!(again.unwrap_err(), JoinError::EntryInUse { entry: 1, entries: 2 });
    /// producer.try_send(&1).unwrap();
    /// assert_eq!(second.try_recv(), Ok(1));
    /// ```
    pub unsafe fn subscribe_in<W: Wait>(
        &self,
        entry: usize,
        start: Start,
        mut wait: W,
    ) -> Result<Subscriber<T, W>, JoinError> {
        let joined = take_and_join(&self.storage, entry, start);
        // Should this panic, the one that has joined leaves again.
        wait.notify();
        let (joined, next) = joined?;
        Ok(Subscriber::joined(joined, next, wait))
    }

    /// Joins as a consumer that never holds the producer back, writes nothing that others rely on,
    /// and is told exactly how many messages it missed. Waits for nothing.
    ///
    /// ```
    /// use ringway::{Options, Overflow, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) =
    ///     Options::<u32>::new(4).overflow(Overflow::Overwrite).heap().unwrap();
    /// let mut observer = ring.observe(Start::Next).unwrap();
    /// for n in 0..10 {
    ///     producer.try_send(&n).unwrap();
    /// }
    /// assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(6)));
    /// assert_eq!(observer.try_recv(), Ok(6));
    /// ```
    pub fn observe(&self, start: Start) -> Result<Observer<T>, JoinError> {
        let storage = self.newest();
        let next = join::observe(&storage, start)?;
        Ok(Observer::observing(storage, next))
    }
}

/// Joins in that entry, if there is such a one for subscribers and it is free.
fn take_and_join(
    storage: &Storage,
    index: usize,
    start: Start,
) -> Result<(Joined, Pos), JoinError> {
    let entries = storage.measures().subscribers();
    let take = |storage: &Storage| {
        let taken = if index < entries { take::take_one(storage, index)? } else { None };
        taken.ok_or(JoinError::EntryInUse { entry: index, entries })
    };
    join::join(storage, start, take, |entry, _| entry.set_unnamed())
}
