//! Options that limit how long a consumer may hold the producer back.

use super::Options;
use crate::message::Message;

impl<T: Message + ?Sized> Options<T> {
    /// How many messages a subscriber may lag behind. One that lags more when the producer needs
    /// room is evicted: it is told so ([`Evicted`](crate::error::TryRecvError::Evicted)), and can
    /// join again. A group of workers counts as a subscriber, here and below. By default no
    /// consumer is evicted, and the producer waits for its slowest subscriber, which comes to a lag
    /// of a capacity.
    ///
    /// With a limit below the capacity the producer never waits for long. It looks for room an
    /// eighth of a ring at a time, and so evicts at a lag of up to that much more. In an
    /// [`arena`](Self::arena) few messages can take all the room: a subscriber that holds these,
    /// without lagging by so many, is evicted only by [`max_hold`](Self::max_hold).
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    /// assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: 20 }));
    /// ```
    ///
    /// Not on microcontrollers (32 bits, no operating system), where no consumer is evicted.
    pub fn max_lag(mut self, messages: usize) -> Self {
        self.limits.max_lag = messages.min(self.shape.capacity);
        self
    }

    /// How long a subscriber that lives may keep the producer waiting for room, before it is
    /// evicted. By default for ever. It is about subscribers that are too slow, or stopped: one
    /// that has died is found within 150 ms anyway. Where the kernel does not say which are dead
    /// ([`Liveness`](crate::error::TrySendError::Liveness)), it counts for the dead too.
    ///
    /// # How exact it is
    ///
    /// It is rounded up to milliseconds, and is over when the producer's looks have counted as
    /// much. A producer that waits looks every quarter of the smaller limit that is set (this and
    /// [`max_away`](Self::max_away)), but not more often than every millisecond, and every 20 ms at
    /// least; one that sleeps looks when it wakes, after 50 ms at most. By that much a limit can be
    /// late, and by what the system takes to wake a process: 5 ms evict after some 5 to 10.
    ///
    /// Only time in which the producer ran and looked counts: for each look no more than half of
    /// the smaller limit, nor than 100 ms. So a limit of 4 ms or more takes two looks at least. A
    /// look that comes later than that, after a pause, counts as one that came in time. So a
    /// producer that was stopped, or looks seldom because it calls
    /// [`try_send`](crate::Producer::try_send) once in a while, evicts later, and never at the
    /// first look after a pause: its consumers may have been stopped with it.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TryRecvError;
    /// use std::time::Duration;
    ///
    /// let options = Options::<u64>::new(2).max_hold(Duration::from_millis(30));
    /// let (mut producer, ring) = options.heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// assert_eq!(subscriber.try_recv(), Err(TryRecvError::Evicted { missed: 3 }));
    /// ```
    #[cfg(feature = "std")]
    pub fn max_hold(mut self, time: core::time::Duration) -> Self {
        self.limits.max_hold = milliseconds(time);
        self
    }

    /// How long a [durable](crate::Ring::subscribe_durable) subscriber that is away, or a group
    /// without workers, may keep the producer waiting for room, before it is evicted, which it
    /// learns when it comes back. By default for ever. As exact as [`max_hold`](Self::max_hold).
    ///
    /// One that comes back in time has the whole of `max_hold` from there on; and so long as one is
    /// away that is in the way too, no other of its kind is evicted by `max_hold`.
    #[cfg(feature = "std")]
    pub fn max_away(mut self, time: core::time::Duration) -> Self {
        self.limits.max_away = milliseconds(time);
        self
    }

    /// Whether the producer's program may evict consumers for reasons of its own
    /// ([`Producer::evict`](crate::Producer::evict)), where there is no other limit. By default it
    /// may not, and then no subscriber is ever evicted. On a ring that evicts messages are read in
    /// place only where they are [held there](Self::hold_in_place), and are not written through a
    /// plain `&mut`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::EvictError;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// let id = ring.consumer_stats().unwrap().next().unwrap().id;
    /// assert_eq!(producer.evict(id), Err(EvictError::NotAllowed));
    /// ```
    ///
    /// Not on microcontrollers (32 bits, no operating system), where no consumer is evicted.
    pub fn evict_by_hand(mut self, yes: bool) -> Self {
        self.limits.by_hand = yes;
        self
    }
}

/// Rounded up; `u32::MAX`, which is for ever, if it is more.
#[cfg(feature = "std")]
fn milliseconds(time: core::time::Duration) -> u32 {
    let up = time.saturating_add(core::time::Duration::from_nanos(999_999));
    u32::try_from(up.as_millis()).unwrap_or(u32::MAX)
}
