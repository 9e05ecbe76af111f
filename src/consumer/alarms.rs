//! What ends a consumer's waiting from outside.

use super::{Consumer, Kind};
use crate::message::Message;
use ringway_shm::interrupt::Interrupt;
use ringway_shm::wait::Wait;

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// From now on calls that wait end when that is [raised](Interrupt::raise), by another thread
    /// or by a signal handler: they return [`Interrupted`](crate::error::RecvError::Interrupted),
    /// as long as it is. `None`: none ends them any more. So do all that wait with this consumer: an
    /// iterator, a [`Holding`](crate::consumer::Holding), a stream of bytes, a clone.
    ///
    /// What is there without waiting is received all the same, and nothing is lost. While data flows
    /// it costs nothing; a call that sleeps has the kernel wait for two words. Where that cannot be
    /// (before Linux 5.16, or forbidden) it looks every 10 ms.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::RecvError;
    /// use ringway::wait::Interrupt;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let stop = Interrupt::new();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap().interrupted_by(&stop);
    /// let thread = std::thread::spawn(move || (consumer.recv(), consumer));
    /// stop.raise();
    /// let (received, mut consumer) = thread.join().unwrap();
    /// assert_eq!(received, Err(RecvError::Interrupted));
    ///
    /// producer.send(&7).unwrap();
    /// assert_eq!(consumer.recv(), Ok(7));
    /// assert_eq!(consumer.recv(), Err(RecvError::Interrupted));
    /// stop.clear();
    /// ```
    pub fn interrupted_by<'a>(mut self, interrupt: impl Into<Option<&'a Interrupt>>) -> Self {
        self.reader.alarms.set_interrupt(interrupt.into());
        self
    }
}
