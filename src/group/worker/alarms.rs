//! What ends a worker's waiting from outside.

use super::handle::Worker;
use crate::message::Message;
use ringway_shm::interrupt::Interrupt;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// From now on calls that wait end when that is raised. As
    /// [`Subscriber::interrupted_by`](crate::Consumer::interrupted_by). What the worker may have
    /// reserved by then goes back to its group.
    ///
    /// ```
    /// use ringway::{Options, Worker};
    /// use ringway::error::RecvError;
    /// use ringway::wait::Interrupt;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let stop = Interrupt::new();
    /// let mut worker = Worker::join(&ring, "billing").unwrap().interrupted_by(&stop);
    /// stop.raise();
    /// assert_eq!(worker.recv().unwrap_err(), RecvError::Interrupted);
    /// producer.send(&7).unwrap();
    /// assert_eq!(*worker.recv().unwrap(), 7);
    /// ```
    pub fn interrupted_by<'a>(mut self, interrupt: impl Into<Option<&'a Interrupt>>) -> Self {
        self.reader.alarms.set_interrupt(interrupt.into());
        self
    }
}
