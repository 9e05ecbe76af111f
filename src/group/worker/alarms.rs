//! What ends a worker's waiting from outside.

use super::handle::Worker;
use crate::message::Message;
use ringway_shm::interrupt::Interrupt;
#[cfg(target_os = "linux")]
use ringway_shm::segment::DeathWatch;
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

#[cfg(target_os = "linux")]
impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// From now on calls that wait learn of the producer's death as soon as the kernel has closed
    /// its files. As [`Subscriber::watched_by`](crate::Consumer::watched_by). Deaths of other
    /// workers are noticed as before.
    ///
    /// ```
    /// use ringway::{Options, Ring, Worker};
    /// use ringway::error::RecvError;
    /// use ringway::wait::DeathWatch;
    ///
    /// # let name = format!("doc-watched-worker-{}", std::process::id());
    /// # let name = name.as_str();
    /// let producer = Options::<u64>::new(8).groups(1).create(name)?;
    /// let watch = DeathWatch::start()?;
    /// let ring = Ring::<u64>::open(name)?;
    /// let mut worker = Worker::join(&ring, "billing")?.watched_by(&watch);
    /// producer.detach();
    /// assert_eq!(worker.recv().unwrap_err(), RecvError::ProducerDied);
    /// # ringway::segment::unlink(name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watched_by<'a>(mut self, watch: impl Into<Option<&'a DeathWatch>>) -> Self {
        self.reader.alarms.set_watch(watch.into(), &self.reader.storage);
        self
    }

    /// Whether the kernel tells of the producer's death, by a watch that the worker was
    /// [given](Self::watched_by).
    pub fn is_watched(&self) -> bool {
        self.reader.alarms.is_watched()
    }
}
