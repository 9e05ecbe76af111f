//! Workers as receivers of any kind.

use super::handle::Worker;
use super::hold::Hold;
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{LivenessError, RecvError, TryRecvError};
use crate::message::Message;
use crate::receive::{Receive, sealed};
use ringway_shm::wait::{Deadline, Wait};

impl<T: Message + ?Sized, W: Wait> sealed::Sealed for Worker<T, W> {}

impl<T: Message + ?Sized, W: Wait> Receive for Worker<T, W> {
    type Message = T;

    fn try_receive(&mut self, to: &mut T) -> Result<usize, TryRecvError> {
        let (len, claim) = self.poll(|worker| worker.take_bytes(to.bytes_mut(), false))?;
        drop(Hold::new(self, claim));
        Ok(len)
    }

    fn receive(&mut self, to: &mut T) -> Result<usize, RecvError> {
        let attempt = |worker: &mut Self| worker.take_bytes(to.bytes_mut(), true);
        let (len, claim) = self.within::<_, RecvError>(Deadline::Never, attempt)?;
        drop(Hold::new(self, claim));
        Ok(len)
    }

    #[cfg(feature = "std")]
    fn receive_timeout(
        &mut self,
        to: &mut T,
        deadline: Deadline,
    ) -> Result<usize, RecvTimeoutError> {
        let attempt = |worker: &mut Self| worker.take_bytes(to.bytes_mut(), true);
        let (len, claim) = self.within::<_, RecvTimeoutError>(deadline, attempt)?;
        drop(Hold::new(self, claim));
        Ok(len)
    }

    fn receive_with<R>(&mut self, to: &mut T, with: impl FnOnce(&T) -> R) -> Result<R, RecvError> {
        let attempt = |worker: &mut Self| worker.take_bytes(to.bytes_mut(), true);
        let (len, claim) = self.within::<_, RecvError>(Deadline::Never, attempt)?;
        let _hold = Hold::new(self, claim);
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
