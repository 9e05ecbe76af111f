//! Rendezvous: sending that is over when all who are to have the message have it.

use core::fmt;

use super::Producer;
#[cfg(feature = "std")]
use super::clean_up::ASKED_AT_A_TIME;
#[cfg(feature = "std")]
use crate::error::{FlushError, SendSyncError};
use crate::message::Message;
use crate::name::ConsumerName;
use crate::protocol::joined;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::Wait;
#[cfg(feature = "std")]
use ringway_shm::wait::{Deadline, Pace};

/// How far one lags at least that has not released everything.
#[cfg(feature = "std")]
pub(super) const LAGGARD: ringway_shm::sync::Signed = 1;

/// A subscriber or a group that has not yet received everything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Laggard {
    lag: u64,
    name: Option<ConsumerName>,
}

impl Laggard {
    /// Messages that it has not yet released; of a group, from the oldest that is not done.
    pub fn lag(&self) -> u64 {
        self.lag
    }

    /// Its name, if it is [durable](crate::Ring::subscribe_durable), was
    /// [given one](crate::Ring::subscribe_named), or is a [group](crate::Worker).
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(ConsumerName::as_str)
    }
}

impl fmt::Debug for Laggard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Laggard").field("lag", &self.lag).field("name", &self.name()).finish()
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// The subscribers and groups that have not yet released everything that was sent, as it is at
    /// the moment. A message that is read in place is released when its
    /// [`Ref`](crate::consumer::Ref) is dropped, a worker's when it is done, any other when the
    /// call that receives it has returned.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let quick = ring.subscribe(Start::Next).unwrap();
    /// let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// drop((quick, keeper));
    /// let who: Vec<_> = producer.laggards().map(|who| (who.lag(), who.name().map(str::to_owned))).collect();
    /// assert_eq!(who, [(2, Some("keeper".to_owned()))]);
    /// ```
    pub fn laggards(&self) -> impl Iterator<Item = Laggard> + '_ {
        let next = self.credit.next();
        joined::joined(&self.storage).filter_map(move |(entry, gate)| {
            let lag = u64::try_from(next.since(gate)).unwrap_or(0);
            // Who has joined has written its name: `is_evicted` has a fence after the look at
            // `joined`.
            let name = entry.consumer_name();
            (lag > 0).then_some(Laggard { lag, name })
        })
    }

    /// Waits until every subscriber and group has released everything that was sent, for at most
    /// `timeout`: a duration, or the instant until which to wait. The error says how many have not;
    /// [`laggards`](Self::laggards) says who. One that dies, leaves or has been evicted is not
    /// waited for; a durable subscriber that is away is, and so is a group without workers. Waiting
    /// here evicts none: limits are for a producer that needs room.
    ///
    /// When the time is over it asks the kernel about each that has not, whether it lives: that
    /// takes its time where they are thousands (docs/limits.md).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::FlushError;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// let laggards = FlushError::Timeout { laggards: 1 };
    /// assert_eq!(producer.flush(Duration::ZERO), Err(laggards));
    /// let thread = std::thread::spawn(move || subscriber.recv());
    /// producer.flush(Duration::from_secs(10)).unwrap();
    /// assert_eq!(thread.join().unwrap(), Ok(1));
    /// ```
    #[cfg(feature = "std")]
    pub fn flush(&mut self, timeout: impl Into<Deadline>) -> Result<(), FlushError> {
        let look = |this: &mut Self| {
            let groups = this.reap_groups(LAGGARD);
            this.reap(LAGGARD, ASKED_AT_A_TIME).and(groups).map(drop)
        };
        if self.wait_until(|this| this.is_flushed(), look, Pace::default(), timeout.into())? {
            return Ok(());
        }
        // The dead do not count, and looks for them are now and then, and not at all of them.
        self.reap_all(LAGGARD)?;
        match self.count_laggards() {
            0 => Ok(()),
            laggards => Err(FlushError::Timeout { laggards }),
        }
    }

    /// Sends a message, and waits until every subscriber has released it, and so everything before
    /// it. All in all for at most `timeout`: a duration, or the instant until which to wait. An
    /// error says whether the message was sent.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::{FlushError, SendSyncError};
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let thread = std::thread::spawn(move || (subscriber.recv(), subscriber));
    /// producer.send_sync(&1, Duration::from_secs(10)).unwrap();
    /// let (received, subscriber) = thread.join().unwrap();
    /// assert_eq!(received, Ok(1));
    /// let error = producer.send_sync(&2, Duration::from_millis(5)).unwrap_err();
    /// assert_eq!(error, SendSyncError::NotReleased(FlushError::Timeout { laggards: 1 }));
    /// # drop(subscriber);
    /// ```
    #[cfg(feature = "std")]
    pub fn send_sync(
        &mut self,
        message: &T,
        timeout: impl Into<Deadline>,
    ) -> Result<(), SendSyncError> {
        let deadline = timeout.into();
        self.send_timeout(message, deadline).map_err(SendSyncError::NotSent)?;
        self.flush(deadline).map_err(SendSyncError::NotReleased)
    }

    /// Whether every subscriber and group has released everything that was sent, as far as can be
    /// seen without asking the kernel who lives: there are no [`laggards`](Self::laggards).
    ///
    /// What it did with that happened before this returned `true`.
    pub fn is_flushed(&self) -> bool {
        self.count_laggards() == 0
    }

    fn count_laggards(&self) -> usize {
        let next = self.credit.next();
        let laggards = joined::gates(&self.storage).filter(|gate| next.since(*gate) > 0).count();
        #[cfg(any(feature = "std", ringway_loom))]
        let laggards = laggards.max(self.laggards_behind());
        // SYNC gate, left: what consumers did before they moved their gates, or left
        // (`entry::reset_by`), is done when a flush is over.
        fence(Ordering::Acquire);
        laggards
    }
}
