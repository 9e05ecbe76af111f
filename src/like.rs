//! The options of a ring that is there.

use crate::message::Plain;
use crate::options::Options;
use crate::producer::Producer;
use crate::ring::Ring;
use ringway_shm::wait::Wait;

impl<T: Plain> Ring<T> {
    /// Options that would make a ring like this one: of the same shape, limits and tag, and with
    /// [asymmetric fences](Options::asymmetric_fences) if the producer has them at the moment.
    /// Without the text, which [`inspect`](crate::segment::inspect) reads.
    ///
    /// ```
    /// # use ringway::Options;
    /// let (producer, ring) = Options::<u64>::new(100).groups(2).tag(7).max_lag(64).heap().unwrap();
    /// let (other, _) = ring.options().heap().unwrap();
    /// assert_eq!(other.capacity(), 128);
    /// assert_eq!(format!("{:?}", other.options()), format!("{:?}", producer.options()));
    /// ```
    pub fn options(&self) -> Options<T> {
        Options::of(&self.storage)
    }
}

impl<T: Plain, W: Wait> Producer<T, W> {
    /// As [`Ring::options`].
    pub fn options(&self) -> Options<T> {
        Options::of(&self.storage)
    }
}

impl Ring<[u8]> {
    /// As for messages of a type: [`options`](Ring::options).
    pub fn options(&self) -> Options<[u8]> {
        Options::of(&self.storage)
    }
}

impl<W: Wait> Producer<[u8], W> {
    /// As [`Ring::options`].
    pub fn options(&self) -> Options<[u8]> {
        Options::of(&self.storage)
    }
}
