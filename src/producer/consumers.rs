//! What a producer knows of its consumers, and waiting for them.

use super::Producer;
#[cfg(feature = "std")]
use super::clean_up::ASKED_AT_A_TIME;
use crate::error::SendError;
#[cfg(feature = "std")]
use crate::error::WaitError;
use crate::memory::View;
use crate::message::Message;
use crate::protocol::joined;
#[cfg(feature = "std")]
use ringway_shm::sync::Signed;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::Wait;
#[cfg(feature = "std")]
use ringway_shm::wait::{Deadline, Pace};

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Messages that some subscriber or group has not yet received; of a group, those from the
    /// oldest on that is not done. Every one counts that holds a message back, also a durable
    /// subscriber that is away and a group without workers. Observers hold back none. When this
    /// returns it may be fewer.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// subscriber.recv().unwrap();
    /// assert_eq!((producer.len(), producer.head(), producer.is_empty()), (2, 3, false));
    /// ```
    pub fn len(&self) -> usize {
        let lags =
            joined::gates(&self.storage).map(|gate| self.credit.next().since(gate).max(0) as usize);
        lags.max().unwrap_or(0).min(self.capacity())
    }

    /// Whether every subscriber and group has received everything, as far as this side can see:
    /// [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Consumers that have joined, and receive all that is sent from now on: subscribers, durable
    /// ones that are away included, and groups in which there is at least one worker. A group
    /// without workers does not count, though it keeps what is sent for those who join it, and nor
    /// do observers, as nothing tells of them.
    ///
    /// This makes no system call: who has died counts until it is found dead, by a send that it
    /// leaves no room, by a joiner that needs its entry, or by
    /// [`wait_for_consumers`](Self::wait_for_consumers).
    ///
    /// ```
    /// # use ringway::{Options, Start, Worker};
    /// let (producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let first = ring.subscribe(Start::Next).unwrap();
    /// let second = ring.subscribe(Start::Next).unwrap();
    /// let worker = Worker::join(&ring, "billing").unwrap();
    /// let observer = ring.observe(Start::Next).unwrap();
    /// drop(first);
    /// assert_eq!(producer.consumers(), 2);
    /// drop(worker);
    /// assert_eq!(producer.consumers(), 1);
    /// ```
    pub fn consumers(&self) -> usize {
        self.look_at_consumers(joined::consumers)
    }

    fn look_at_consumers<R>(&self, look: impl FnOnce(&View) -> R) -> R {
        let seen = look(&self.storage);
        // SYNC joined: a subscriber that was seen has chosen where it starts, before `joined` in
        // `join_in`, and what is sent next comes after that.
        fence(Ordering::Acquire);
        seen
    }

    /// Whether there is at least one [consumer](Self::consumers). Looks at entries until it finds
    /// one, and makes no system call.
    ///
    /// For a producer that stops when its last consumer has left:
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut sent = 0;
    /// while producer.has_consumers() {
    ///     producer.send(&sent).unwrap();
    ///     sent += 1;
    ///     # if sent == 3 { break; }
    /// }
    /// drop(subscriber);
    /// assert!(!producer.has_consumers());
    /// ```
    pub fn has_consumers(&self) -> bool {
        self.look_at_consumers(joined::has_consumers)
    }

    /// As [`send`](Self::send), if there is a [consumer](Self::consumers): else it is an error
    /// ([`SendError::NoConsumers`]), as with channels between threads, and nothing is sent. A
    /// consumer that leaves after the look does not have the message. Costs a look at entries for
    /// each message ([`has_consumers`](Self::has_consumers)).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.send_to_consumers(&1), Ok(()));
    /// drop(subscriber);
    /// assert_eq!(producer.send_to_consumers(&2), Err(SendError::NoConsumers));
    /// ```
    pub fn send_to_consumers(&mut self, message: &T) -> Result<(), SendError> {
        if !self.has_consumers() {
            return Err(SendError::NoConsumers);
        }
        self.send(message)
    }

    /// Waits until there are no [consumers](Self::consumers), for at most `timeout`: a duration, or
    /// the instant until which to wait. Those of which the kernel says that they have died do not
    /// count. A durable subscriber that is away does: it is still to get what was sent, until it is
    /// [removed](crate::Ring::remove_durable).
    ///
    /// The error says how many there are.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::WaitError;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// let short = Duration::from_millis(5);
    /// let left = WaitError::NotLeft { consumers: 1 };
    /// assert_eq!(producer.wait_for_no_consumers(short), Err(left));
    /// let thread = std::thread::spawn(move || drop(subscriber));
    /// producer.wait_for_no_consumers(Duration::from_secs(10)).unwrap();
    /// # thread.join().unwrap();
    /// ```
    #[cfg(feature = "std")]
    pub fn wait_for_no_consumers(&mut self, timeout: impl Into<Deadline>) -> Result<(), WaitError> {
        let look = |this: &mut Self| {
            let groups = this.reap_groups(Signed::MIN);
            this.reap(Signed::MIN, ASKED_AT_A_TIME).and(groups).map(drop)
        };
        let gone = |this: &mut Self| !this.has_consumers();
        if self.wait_until(gone, look, Pace::default(), timeout.into())? {
            return Ok(());
        }
        // Looks for the dead are now and then, and not at all consumers.
        self.reap_all(Signed::MIN)?;
        match self.consumers() {
            0 => Ok(()),
            consumers => Err(WaitError::NotLeft { consumers }),
        }
    }

    /// Waits until at least `n` [consumers](Self::consumers) have joined, for at most `timeout`: a
    /// duration, or the instant until which to wait.
    /// Those of which the kernel says that they have died do not count. A producer that must not
    /// run ahead calls this before it sends.
    ///
    /// An error at once: there can never be so many ([`TooMany`](WaitError::TooMany)). When there
    /// seem to be enough, it asks the kernel about each, which takes its time where there are
    /// thousands (docs/limits.md).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::WaitError;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(8).subscribers(2).heap().unwrap();
    /// let thread = std::thread::spawn(move || ring.subscribe(Start::Next).unwrap().recv());
    /// producer.wait_for_consumers(1, Duration::from_secs(10)).unwrap();
    /// let too_many = WaitError::TooMany { asked: 3, max: 2 };
    /// assert_eq!(producer.wait_for_consumers(3, Duration::MAX), Err(too_many));
    /// producer.send(&7).unwrap();
    /// assert_eq!(thread.join().unwrap(), Ok(7));
    /// ```
    #[cfg(feature = "std")]
    pub fn wait_for_consumers(
        &mut self,
        n: usize,
        timeout: impl Into<Deadline>,
    ) -> Result<(), WaitError> {
        let measures = self.storage.measures();
        let max = if measures.overwrites() { 0 } else { measures.gates() };
        if n > max {
            return Err(WaitError::TooMany { asked: n, max });
        }
        let limit = timeout.into();
        loop {
            let enough = |this: &mut Self| this.consumers() >= n;
            let found = self.wait_until(enough, |_| Ok(()), Pace::default(), limit)?;
            // Whatever was sent would not reach the dead. Only now: as long as there are too few,
            // it makes no difference who of them lives.
            self.reap_all(Signed::MIN)?;
            let joined = self.consumers();
            if joined >= n {
                return Ok(());
            }
            if !found {
                return Err(WaitError::Timeout { joined });
            }
        }
    }
}
