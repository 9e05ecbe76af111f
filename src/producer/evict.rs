//! Removing a consumer that lives.

use super::Producer;
use crate::error::EvictError;
use crate::message::Message;
use crate::name::ConsumerId;
use crate::protocol::{credit, wake};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Evicts a subscriber or a group, as a limit would: from now on it holds nothing back. It is
    /// told ([`Evicted`](crate::error::TryRecvError::Evicted)) when it next finds no message, or
    /// finds that one was overwritten, and can join anew. If it sleeps, it is woken. A durable
    /// subscriber that is away is told when it comes back. What it reads in place at the moment
    /// stays until it has finished ([`Options::hold_in_place`](crate::Options::hold_in_place)).
    ///
    /// Only on a ring that evicts: one with a limit ([`max_lag`](crate::Options::max_lag),
    /// [`max_hold`](crate::Options::max_hold), [`max_away`](crate::Options::max_away)), or one that
    /// was created for it by [`Options::evict_by_hand`](crate::Options::evict_by_hand). Makes one
    /// system call, and one more for each group.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::{EvictError, TryRecvError};
    ///
    /// let options = Options::<u64>::new(4).evict_by_hand(true);
    /// let (mut producer, ring) = options.heap().unwrap();
    /// let mut slow = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3, 4]).unwrap();
    /// assert!(producer.try_send(&5).is_err());
    ///
    /// let slowest = producer.consumer_stats().unwrap().max_by_key(|stats| stats.lag).unwrap();
    /// producer.evict(slowest.id).unwrap();
    /// producer.try_send(&5).unwrap();
    /// assert_eq!(slow.try_recv(), Err(TryRecvError::Evicted { missed: 5 }));
    /// assert_eq!(producer.evict(slowest.id), Err(EvictError::NotThere));
    /// ```
    pub fn evict(&mut self, consumer: ConsumerId) -> Result<(), EvictError> {
        let limits = self.credit.limits();
        if !limits.is_some_and(|limits| limits.evict(&self.storage)) {
            return Err(EvictError::NotAllowed);
        }
        if !credit::evict_owner(&self.storage, consumer.entry(), consumer.generation()) {
            return Err(EvictError::NotThere);
        }
        self.tell_the_evicted();
        Ok(())
    }

    /// Has those that sleep look again, after an eviction.
    #[cold]
    pub(super) fn tell_the_evicted(&mut self) {
        wake::wake_consumers_slowly(&self.storage);
        self.wait.notify();
    }
}
