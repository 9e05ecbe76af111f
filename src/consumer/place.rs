//! Where a consumer is in its ring, and how the ring is.

use super::{Consumer, Kind};
use crate::error::LivenessError;
use crate::message::Message;
use crate::position::{Look, Pos, Position};
use crate::protocol::head;
use ringway_shm::wait::Wait;

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// The position of the next message to be received.
    pub fn position(&self) -> Position {
        self.reader.next().number()
    }

    /// The position of the next message to be sent, as far as can be seen: when it returns it may
    /// be later. Searches the slots, in logarithmic time.
    pub fn head(&self) -> Position {
        self.seen_head().number()
    }

    /// Messages that have been sent and not received: the distance from
    /// [`position`](Self::position) to [`head`](Self::head). When it returns it may be more.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// assert_eq!((consumer.position(), consumer.head(), consumer.lag()), (0, 3, 3));
    /// ```
    pub fn lag(&self) -> u64 {
        // Never negative, unless the head is forged.
        u64::try_from(self.seen_head().since(self.reader.next())).unwrap_or(0)
    }

    /// Messages that can be received now: [`lag`](Self::lag), but no more than the ring holds; of a
    /// ring that [grows](crate::Options::unbounded), than its segment does.
    pub fn len(&self) -> usize {
        usize::try_from(self.lag()).unwrap_or(usize::MAX).min(self.capacity())
    }

    /// Whether there is nothing to receive now.
    pub fn is_empty(&self) -> bool {
        self.reader.look() == Look::NotYet
    }

    /// Whether the producer has closed the ring. There may still be messages to receive.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.try_send(&1).unwrap();
    /// assert!(!consumer.is_closed());
    /// drop(producer);
    /// assert!(consumer.is_closed() && !consumer.is_empty() && consumer.len() == 1);
    /// ```
    pub fn is_closed(&self) -> bool {
        self.reader.is_at_the_end()
    }

    /// Whether the producer lives and has not closed the ring. Where a ring is not files, or its
    /// producer could not lock them, it always does until it has closed it. Asks the kernel, now:
    /// receiving calls do that for themselves, but at most every 20 ms. The error if the kernel did
    /// not say: then the producer may live or not.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let consumer = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(consumer.is_producer_alive(), Ok(true));
    /// drop(producer);
    /// assert_eq!(consumer.is_producer_alive(), Ok(false));
    /// ```
    pub fn is_producer_alive(&self) -> Result<bool, LivenessError> {
        self.reader.is_producer_alive()
    }

    /// Whether the handle can be used here: not in a child that was forked, to which its parent's
    /// mapping is not handed down. There dropping it does nothing, and a call that reaches the
    /// ring's memory ends the child by a fault (`SIGSEGV`). The child can open the ring by itself.
    pub fn is_usable(&self) -> bool {
        self.reader.storage.is_here()
    }

    /// Takeovers of the ring by a new producer, as far as can be seen
    /// ([`Producer::resume`](crate::Producer::resume)).
    pub fn epoch(&self) -> u32 {
        self.reader.epoch()
    }

    /// Whether calls go on when the producer has died and everything was received: those that block
    /// wait for a successor, and the others find the ring
    /// [`Empty`](crate::error::TryRecvError::Empty). By default they return
    /// [`ProducerDied`](crate::error::RecvError::ProducerDied).
    ///
    /// They return that also with `yes` when no successor can come: when the ring's name is gone,
    /// having been unlinked, replaced by a new ring of the name, say; and of an anonymous ring,
    /// which never had one. Noticed as fast as the death itself.
    pub fn wait_for_successor(mut self, yes: bool) -> Self {
        self.reader.set_patient(yes);
        self
    }

    /// Messages that the ring holds.
    pub fn capacity(&self) -> usize {
        self.reader.storage.measures().capacity()
    }

    /// The longest message, in bytes.
    pub fn max_len(&self) -> usize {
        self.reader.storage.measures().longest()
    }
    /// Skips messages until no more than the newest `messages` are left, and returns how many were
    /// skipped: those that were lost to an observer by then, too. For consumers that want the
    /// present and not the past. Waits for nothing; searches the slots, in logarithmic time.
    ///
    /// The counts stay exact. What an observer skips is `lagged` in its [statistics](Self::stats);
    /// what a subscriber skips is released, and counts as received.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.observe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3, 4, 5]).unwrap();
    /// assert_eq!(consumer.recv(), Ok(1));
    /// assert_eq!(consumer.keep_newest(1), 3);
    /// assert_eq!(consumer.recv(), Ok(5));
    /// assert_eq!(consumer.keep_newest(1), 0);
    /// let stats = consumer.stats();
    /// assert_eq!((stats.received, stats.lagged, stats.lag), (2, 3, 0));
    /// ```
    pub fn keep_newest(&mut self, messages: u64) -> u64 {
        let skipped = self.lag().saturating_sub(messages);
        #[cfg(any(feature = "std", ringway_loom))]
        if self.reader.storage.measures().is_chain() {
            return self.skip_over(skipped);
        }
        if skipped > 0 {
            self.reader.go_to(self.reader.next().plus(skipped as usize));
            K::count_lost(self, skipped);
            self.release();
        }
        skipped
    }

    /// Messages that have been sent and not received in the segment where this consumer is.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(super) fn left_here(&self) -> u64 {
        let hint = head::hint(&self.reader.storage).max(self.reader.next());
        let left = head::search(&self.reader.storage, hint).since(self.reader.next());
        u64::try_from(left).unwrap_or(0)
    }

    /// The head, from the later of what the producer says and where this consumer is.
    fn seen_head(&self) -> Pos {
        #[cfg(any(feature = "std", ringway_loom))]
        if self.reader.storage.goes_on() {
            if let Ok(newest) = self.reader.storage.newest() {
                return head::exact(&newest).max(self.reader.next());
            }
        }
        let hint = head::hint(&self.reader.storage).max(self.reader.next());
        head::search(&self.reader.storage, hint)
    }
}
