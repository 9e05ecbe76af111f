//! The end of a producer: it closes the ring, or leaves it for a successor.

use super::Producer;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
use super::handle::Parts;
use crate::error::CloseError;
#[cfg(ringway_loom)]
use crate::error::HeaderError;
use crate::message::Message;
use ringway_shm::sync::Ordering;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Closes the ring: every subscriber receives what was sent, then learns that it was the end,
    /// at once also if it sleeps. The same as dropping the producer, which cannot tell of an error.
    /// Waits for nothing.
    ///
    /// Of a named ring the names are removed (unless it is kept), and with the last consumer that
    /// is attached its memory goes. What a [durable](crate::Ring::subscribe_durable) subscriber
    /// that is away has not received, or a group without workers, is discarded with it: such a
    /// consumer does not find the ring when it comes back. Where it has to get everything, wait for
    /// it first, in one call, or leave the ring for a successor by [`detach`](Self::detach):
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// # use ringway::{Options, Start};
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// # let thread = std::thread::spawn(move || { let mut keeper = keeper; keeper.recv() });
    /// producer.flush(Duration::from_secs(10)).expect("all have received everything");
    /// producer.close().unwrap();
    /// # thread.join().unwrap().unwrap();
    /// # }
    /// ```
    ///
    /// The error says that the ring is closed, and that a name of it is still there: the process
    /// may have lost the right to remove it.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// producer.close().unwrap();
    /// assert!(subscriber.is_closed());
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    /// ```
    pub fn close(self) -> Result<(), CloseError> {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if self.storage.is_here() {
            let mut this = self;
            this.shut();
            let outcome = this.storage.remove_names().and(this.end_chain());
            this.part();
            return outcome.map_err(|(path, source)| CloseError::Name { path, source });
        }
        #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
        drop(self);
        Ok(())
    }

    /// Leaves the ring, not closed and with its names, for a successor: [`Producer::resume`] or
    /// [`create_or_resume`](crate::Options::create_or_resume) goes on exactly behind the last
    /// message that was sent. So a producer is restarted without loss: durable subscribers that are
    /// away, and groups, keep what they have not received. [`Segment::keep`](crate::Segment::keep)
    /// makes no difference. Waits for nothing.
    ///
    /// Until then it is for consumers as if the producer had died: those that wait are told so
    /// within 150 ms ([`ProducerDied`](crate::error::RecvError::ProducerDied)), or wait for the
    /// successor ([`wait_for_successor`](crate::Subscriber::wait_for_successor)). What no successor
    /// comes for is removed by [`unlink`](crate::segment::unlink) or
    /// [`prune`](crate::segment::prune).
    ///
    /// A ring without a name, or whose name has been removed, cannot have a successor: it is
    /// closed.
    ///
    /// ```
    /// use ringway::{Options, Producer, Ring, Start};
    /// use ringway::error::RecvError;
    ///
    /// let name = format!("doc-detach-{}", std::process::id());
    /// let mut producer = Options::<u64>::new(64).create(&name)?;
    /// let mut subscriber = Ring::<u64>::open(&name)?.subscribe(Start::Next)?;
    /// producer.send(&1)?;
    /// producer.detach();
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// assert_eq!(subscriber.recv(), Err(RecvError::ProducerDied));
    ///
    /// let mut successor = Producer::<u64>::resume(&name)?;
    /// successor.send(&2)?;
    /// assert_eq!(subscriber.recv(), Ok(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub fn detach(mut self) {
        if !self.storage.is_here() || !self.storage.can_be_found() {
            return;
        }
        // As exact as when it is closed: all that was sent is before it.
        self.credit.publish_head(&self.storage);
        self.storage.keep_names();
        // It gives the lock up, by which those who wait learn that it is gone.
        self.part();
    }

    /// Gives up what it has, without closing the ring.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    fn part(self) {
        let Parts { storage, wait, alarms, followed, .. } = self.into_parts();
        drop(alarms);
        drop(followed);
        // The names and the lock, in that order, before anything of the caller's that could panic.
        drop(storage);
        drop(wait);
    }

    /// Closes the ring, and lets all see it.
    pub(super) fn shut(&mut self) {
        self.credit.publish_head(&self.storage);
        // SYNC closed: a consumer that sees the end sees all that was sent before, in
        // `Reader::find` and `Worker::look_at_the_end`.
        self.storage.producer().closed.store(1, Ordering::Release);
        self.wake();
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Producer<T, W> {
    fn drop(&mut self) {
        if self.storage.is_here() {
            self.shut();
            // What cannot be removed is told by `close`.
            #[cfg(any(feature = "std", ringway_loom))]
            let _ = self.end_chain();
            // A wait set, or the thread that wakes tasks, may keep the mapping, with which they
            // would go, for longer.
            #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
            if cfg!(feature = "async") || self.followed.trail().is_some() {
                let _ = self.storage.remove_names();
            }
        }
    }
}

/// What happens to producers in a model, where no process can be killed.
#[cfg(ringway_loom)]
impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Ends without closing the ring, while it writes a message, if there is one and room for it.
    /// What it did is seen by those that learn of it, as the kernel sees to where a process dies.
    pub fn die(mut self, writing: Option<&T>) {
        let len = writing.map_or(0, |message| message.bytes().len());
        if let Some(message) = writing.filter(|_| self.has_place(len).unwrap_or(false)) {
            let span = self.begin_message(len);
            let slot = self.storage.slot(self.credit.next());
            // SAFETY: the ring is one of messages `T`, and the model sends none that is too long.
            unsafe { slot.payload_at::<T>(span) }.fill(message.bytes());
        }
        core::mem::forget(self);
    }
}

#[cfg(ringway_loom)]
impl<T: Message + ?Sized> Producer<T> {
    /// Takes over from a producer that has died.
    pub fn take_over(ring: &crate::ring::Ring<T>) -> Result<Self, HeaderError> {
        Producer::successor(ring.storage.clone(), true)
    }
}
