//! Workers as receivers of any kind.

use super::handle::Worker;
use super::hold::Hold;
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{LivenessError, RecvError, TryRecvError};
use crate::message::Message;
use crate::protocol::receive::Over;
use crate::receive::{Receive, sealed};
use ringway_shm::wait::{Deadline, Wait};

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Worker<T, W> {}

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// A message's length, and what says that the message is done when it is dropped.
    fn receive_until<E: Over>(
        &mut self,
        to: &mut T,
        deadline: Deadline,
    ) -> Result<(usize, Hold<'_, T, W>), E> {
        let attempt = |worker: &mut Self| worker.take_bytes(to.bytes_mut(), true);
        let (len, claim) = self.within::<_, E>(deadline, attempt)?;
        Ok((len, Hold::new(self, claim)))
    }
}

impl<T: Message + ?Sized, W: Wait> Receive for Worker<T, W> {
    type Message = T;

    fn try_receive(&mut self, to: &mut T) -> Result<usize, TryRecvError> {
        let (len, claim) = self.poll(|worker| worker.take_bytes(to.bytes_mut(), false))?;
        drop(Hold::new(self, claim));
        Ok(len)
    }

    fn receive(&mut self, to: &mut T) -> Result<usize, RecvError> {
        self.receive_until::<RecvError>(to, Deadline::Never).map(|(len, _done)| len)
    }

    #[cfg(feature = "std")]
    fn receive_timeout(
        &mut self,
        to: &mut T,
        deadline: Deadline,
    ) -> Result<usize, RecvTimeoutError> {
        self.receive_until::<RecvTimeoutError>(to, deadline).map(|(len, _done)| len)
    }

    fn receive_with<R>(&mut self, to: &mut T, with: impl FnOnce(&T) -> R) -> Result<R, RecvError> {
        let (len, _hold) = self.receive_until::<RecvError>(to, Deadline::Never)?;
        Ok(with(to.first(len)))
    }

    fn ready(&mut self) -> Result<(), TryRecvError> {
        Worker::ready(self)
    }

    fn wait_ready(&mut self) -> Result<(), RecvError> {
        Worker::wait_ready(self)
    }

    #[cfg(feature = "std")]
    fn wait_ready_timeout(&mut self, deadline: Deadline) -> Result<(), RecvTimeoutError> {
        Worker::wait_ready_timeout(self, deadline)
    }

    fn lag(&self) -> u64 {
        Worker::lag(self)
    }

    fn is_closed(&self) -> bool {
        Worker::is_closed(self)
    }

    fn is_producer_alive(&self) -> Result<bool, LivenessError> {
        Worker::is_producer_alive(self)
    }

    fn epoch(&self) -> u32 {
        Worker::epoch(self)
    }

    fn capacity(&self) -> usize {
        Worker::capacity(self)
    }

    fn max_len(&self) -> usize {
        Worker::max_len(self)
    }
}
