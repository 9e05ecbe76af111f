//! Rings that grow.

use super::Options;
use crate::error::ConfigError;
use crate::memory::View;
use crate::memory::chain::Plan;
use crate::memory::geometry::{Geometry, Overflow};
use crate::message::Message;

impl<T: Message + ?Sized> Options<T> {
    /// Has the ring grow: the producer waits for its consumers only when all of its memory comes to
    /// `limit` bytes. The capacity is that of the first piece of memory, a *segment*. When a segment
    /// is full, the producer goes on in another one of twice the capacity, and later in smaller ones
    /// again when they are mostly empty. Subscribers, durable ones included, and observers follow.
    /// Positions go on, and each consumer gets what it would get of one long ring.
    ///
    /// What differs from a ring of one segment:
    ///
    /// - A subscriber joins in the newest segment. [`Start::Oldest`](crate::Start::Oldest) begins at
    ///   the first message there at the earliest, which may be none.
    /// - An observer that is slow is not lapped while the ring grows, and may get more messages than
    ///   a segment holds.
    /// - [`capacity`](crate::Producer::capacity) is that of the newest segment.
    /// - Sending takes longer where it goes on in another segment: on the heap some 10 microseconds,
    ///   in a named ring as long as it takes to allocate the memory.
    ///
    /// There are no [groups](Self::groups), no [arena](Self::arena), no [text](Self::text) and no
    /// overwriting, and handles of such a ring go into no [wait set](crate::WaitSet). It is on the
    /// heap or in a named segment.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(64).unbounded(64 << 20).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// for n in 0..100_000 {
    ///     producer.try_send(&n).unwrap();
    /// }
    /// assert!(producer.capacity() > 64);
    /// for n in 0..100_000 {
    ///     assert_eq!(subscriber.try_recv(), Ok(n));
    /// }
    /// ```
    pub fn unbounded(mut self, limit: u64) -> Self {
        self.unbounded = limit;
        self.shape.chain = limit > 0;
        self
    }

    /// Writes down in the first segment how far it may.
    pub(crate) fn begin_chain(&self, storage: &View, chain: [u32; 4]) {
        if let Some(words) = storage.chain() {
            let (first, began) = (self.shape.capacity, storage.measures().origin());
            words.begin(Plan { limit: self.unbounded, first, began, chain }, 0);
        }
    }

    /// Whether a ring with these options can grow, if it is to.
    pub(super) fn check_unbounded(&self) -> Result<(), ConfigError> {
        if !self.shape.chain {
            return Ok(());
        }
        for (is_there, with) in [
            (self.shape.groups > 0, "groups"),
            (self.shape.arena > 0, "an arena"),
            (self.shape.text > 0, "a text"),
            (self.shape.overflow == Overflow::Overwrite, "Overflow::Overwrite"),
        ] {
            if is_there {
                return Err(ConfigError::NotUnbounded { with });
            }
        }
        // Of what is no ring the caller tells.
        let Ok(geometry) = Geometry::new(self.shape) else { return Ok(()) };
        let needed = geometry.data_len as u64 + geometry.control_len as u64;
        let limit = self.unbounded;
        if needed > limit { Err(ConfigError::LimitTooSmall { limit, needed }) } else { Ok(()) }
    }
}
