//! Consumers as receivers of any kind.

use super::take::{HOLDING, POLLING, RELEASING, WAITING};
use super::{Consumer, Kind};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{LivenessError, RecvError, TryRecvError};
use crate::message::Message;
use crate::position::Pos;
use crate::protocol::reader::Reader;
use crate::protocol::receive::{Over, Receives};
use crate::receive::{Receive, sealed};
use ringway_shm::wait::{Deadline, DeathCheck, Wait};

impl<K: Kind, T: Message + ?Sized, W: Wait> sealed::Sealed for Consumer<K, T, W> {}

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    fn receive_until<E: Over>(&mut self, to: &mut T, deadline: Deadline) -> Result<usize, E> {
        let mut attempt = |this: &mut Self| this.take_bytes::<WAITING, RELEASING>(to.bytes_mut());
        attempt(self).or_else(|error| self.take_later(error, deadline, attempt))
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Receive for Consumer<K, T, W> {
    type Message = T;

    fn try_receive(&mut self, to: &mut T) -> Result<usize, TryRecvError> {
        self.take_bytes::<POLLING, RELEASING>(to.bytes_mut())
    }

    fn receive(&mut self, to: &mut T) -> Result<usize, RecvError> {
        self.receive_until(to, Deadline::Never)
    }

    #[cfg(feature = "std")]
    fn receive_timeout(
        &mut self,
        to: &mut T,
        deadline: Deadline,
    ) -> Result<usize, RecvTimeoutError> {
        self.receive_until(to, deadline)
    }

    fn receive_with<R>(&mut self, to: &mut T, with: impl FnOnce(&T) -> R) -> Result<R, RecvError> {
        let mut attempt = |this: &mut Self| this.take_bytes::<WAITING, HOLDING>(to.bytes_mut());
        let len = attempt(self).or_else(|error| {
            self.take_later::<_, RecvError>(error, Deadline::Never, &mut attempt)
        })?;
        let outcome = with(to.first(len));
        self.advance(1);
        Ok(outcome)
    }

    fn ready(&mut self) -> Result<(), TryRecvError> {
        Consumer::ready(self)
    }

    fn wait_ready(&mut self) -> Result<(), RecvError> {
        Consumer::wait_ready(self)
    }

    #[cfg(feature = "std")]
    fn wait_ready_timeout(&mut self, deadline: Deadline) -> Result<(), RecvTimeoutError> {
        Consumer::wait_ready_timeout(self, deadline)
    }

    fn lag(&self) -> u64 {
        Consumer::lag(self)
    }

    fn is_closed(&self) -> bool {
        Consumer::is_closed(self)
    }

    fn is_producer_alive(&self) -> Result<bool, LivenessError> {
        Consumer::is_producer_alive(self)
    }

    fn epoch(&self) -> u32 {
        Consumer::epoch(self)
    }

    fn capacity(&self) -> usize {
        Consumer::capacity(self)
    }

    fn max_len(&self) -> usize {
        Consumer::max_len(self)
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Receives for Consumer<K, T, W> {
    type Wait = W;

    #[inline(always)]
    fn reader(&mut self) -> &mut Reader<W> {
        &mut self.reader
    }

    fn death_check(&mut self, waits_for: Pos) -> &mut DeathCheck {
        self.reader.check.for_wait(waits_for.number())
    }

    fn has_producer(&mut self) -> bool {
        self.reader.has_producer()
    }

    fn is_still_at_an_end(&mut self) -> bool {
        self.reader.is_still_dead()
    }

    fn sleep(&mut self, slice: core::time::Duration, _deadline: Deadline) {
        self.reader.sleep(slice, || K::is_excluded(self));
    }
}
