//! What ends a producer's waiting from outside.

use super::Producer;
use crate::message::Message;
use ringway_shm::interrupt::Interrupt;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// From now on calls that wait, for room or for consumers, end when that is
    /// [raised](Interrupt::raise), by another thread or by a signal handler: they return
    /// [`Interrupted`](crate::error::SendError::Interrupted), as long as it is. `None`: none ends
    /// them any more.
    ///
    /// What needs no waiting is done all the same: a message for which there is room is sent. A
    /// message whose call returns `Interrupted` was not sent; of a batch the error says how many
    /// were. While there is room it costs nothing.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::{BatchError, SendError};
    /// use ringway::wait::Interrupt;
    ///
    /// let (producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let stop = Interrupt::new();
    /// let mut producer = producer.interrupted_by(&stop);
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// let thread = std::thread::spawn(move || producer.send_batch(&[1, 2, 3, 4, 5, 6]));
    /// stop.raise();
    /// let error = SendError::Interrupted;
    /// assert_eq!(thread.join().unwrap(), Err(BatchError { sent: 4, error }));
    /// ```
    pub fn interrupted_by<'a>(mut self, interrupt: impl Into<Option<&'a Interrupt>>) -> Self {
        self.alarms.set_interrupt(interrupt.into());
        self
    }
}
