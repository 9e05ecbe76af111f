//! Splitting a ring in a `static` through a shared reference.

use super::{Parts, Static, StaticMessage};
use crate::error::SplitError;
use crate::memory::Overflow;
use crate::position::Position;

impl<M: StaticMessage, const N: usize, const S: usize> Static<M, N, S> {
    /// Splits the ring into its handles, once: later calls are an error. It waits for its slowest
    /// subscriber, and its first position is 0.
    ///
    /// On targets without compare-and-swap there is only [`split_mut`](Self::split_mut).
    pub fn split(&'static self) -> Result<Parts<M::Message, S>, SplitError> {
        self.split_with(Overflow::Wait, 0)
    }

    /// As [`split`](Self::split), with another overflow policy or first position. A ring that
    /// overwrites has no subscribers, so that its `S` has to be 0.
    ///
    /// ```
    /// use ringway::{Overflow, Start, Static};
    ///
    /// static RING: Static<u32, 4, 0> = Static::new();
    ///
    /// let mut parts = RING.split_with(Overflow::Overwrite, 100).unwrap();
    /// let mut observer = parts.ring.observe(Start::Next).unwrap();
    /// parts.producer.try_send(&7).unwrap();
    /// assert_eq!((observer.position(), observer.try_recv()), (100, Ok(7)));
    /// ```
    pub fn split_with(
        &'static self,
        overflow: Overflow,
        origin: Position,
    ) -> Result<Parts<M::Message, S>, SplitError> {
        let measures = Self::measures(overflow, origin)?;
        if !self.split.take() {
            return Err(SplitError::AlreadySplit);
        }
        // SAFETY: the flag was clear, so that this is the only caller.
        Ok(unsafe { self.parts(measures) })
    }
}
