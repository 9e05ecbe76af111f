//! What ends a consumer's waiting from outside.

use super::{Consumer, Kind};
use crate::message::Message;
use ringway_shm::interrupt::Interrupt;
#[cfg(target_os = "linux")]
use ringway_shm::segment::DeathWatch;
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

#[cfg(target_os = "linux")]
impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// From now on calls that wait learn of the producer's death as soon as the kernel has closed
    /// its files, and not within 150 ms. `None`: no longer. So do a clone and all that wait with
    /// this consumer.
    ///
    /// It cannot fail: where the kernel does not tell (the ring is no files, there is no `/proc`,
    /// the user has no watch left), deaths are noticed as before, and
    /// [`is_watched`](Self::is_watched) says so. While data flows it costs nothing. Where the kernel
    /// cannot wait for two words (before Linux 5.16, or forbidden) a call that sleeps looks every
    /// 10 ms.
    ///
    /// ```
    /// use ringway::{Options, Ring, Start};
    /// use ringway::error::RecvError;
    /// use ringway::wait::DeathWatch;
    ///
    /// # let name = format!("doc-watched-{}", std::process::id());
    /// # let name = name.as_str();
    /// let producer = Options::<u64>::new(8).create(name)?;
    /// let watch = DeathWatch::start()?;
    /// let subscriber = Ring::<u64>::open(name)?.subscribe(Start::Next)?;
    /// let mut subscriber = subscriber.watched_by(&watch);
    /// println!("deaths are told at once: {}", subscriber.is_watched());
    /// let thread = std::thread::spawn(move || subscriber.recv());
    /// producer.detach();
    /// assert_eq!(thread.join().unwrap(), Err(RecvError::ProducerDied));
    /// # ringway::segment::unlink(name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watched_by<'a>(mut self, watch: impl Into<Option<&'a DeathWatch>>) -> Self {
        self.reader.alarms.set_watch(watch.into(), &self.reader.storage);
        self
    }

    /// Whether the kernel tells of the producer's death, by a watch that the consumer was
    /// [given](Self::watched_by).
    pub fn is_watched(&self) -> bool {
        self.reader.alarms.is_watched()
    }
}
