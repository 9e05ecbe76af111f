//! How far a ring is, without joining it.

use crate::message::Message;
use crate::position::{Pos, Position};
use crate::protocol::{credit, head, start};
use crate::ring::Ring;
use ringway_shm::sync::Ordering;

impl<T: Message + ?Sized> Ring<T> {
    /// The position of the next message, as it was at some moment of this call: what
    /// [`Start::Next`](crate::Start::Next) would begin at. Looks at some slots, in logarithmic time,
    /// and changes nothing.
    ///
    /// ```
    /// # use ringway::Options;
    /// let (mut producer, ring) = Options::<u64>::new(8).origin(100).heap().unwrap();
    /// producer.try_send_batch(&[1, 2, 3]);
    /// assert_eq!((ring.head(), ring.oldest()), (103, 100));
    /// ```
    pub fn head(&self) -> Position {
        head::exact(&self.storage).number()
    }

    /// The position of the oldest message that the ring still has, as it was at some moment of this
    /// call: what an observer would begin at with [`Start::Oldest`](crate::Start::Oldest). It may be
    /// gone when this returns. As the head, if the ring has none. A subscriber may not get all of
    /// them: the next eighth of a ring may be about to be overwritten.
    ///
    /// ```
    /// # use ringway::Options;
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// assert_eq!((ring.head(), ring.oldest()), (0, 0));
    /// producer.try_send_batch(&[0; 20]);
    /// assert_eq!((ring.head(), ring.oldest()), (20, 12));
    /// ```
    pub fn oldest(&self) -> Position {
        let view = &self.storage;
        // As an observer that joins.
        let lapped = view.producer().lapped.load(Ordering::Relaxed) != 0;
        let reclaimed = credit::reclaimed(view);
        let head = head::exact(view);
        let back: Pos = head.minus(view.measures().capacity());
        let oldest = start::at_least_origin(view, back, lapped);
        credit::not_reclaimed(view, reclaimed, head, oldest).number()
    }
}
