//! ringfire's SPMC ring, a named file of /dev/shm. Its docs and benchmarks measure `push` and
//! `push_batch`, `try_recv` in a busy spin and `recv_batch`; all of them copy the message, which is
//! theirs by design: a reader checks the slot's number around its copy.

use std::hint::spin_loop;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use ringfire::{FlowControl, RingConsumer, RingProducer, RingProducerBuilder};

use super::PATIENCE;
use crate::transport::{self, Manner, Message, Spec, Transport};

/// A ring that waits for its reader, or one that overwrites what was not read.
pub struct Ring<const OVERWRITES: bool>;
pub type Lossless = Ring<false>;
pub type Lossy = Ring<true>;

/// A ring's file, removed at the end whatever has become of those who used it.
pub struct Path(PathBuf);

impl Drop for Path {
    fn drop(&mut self) {
        // After an orderly end it is gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

pub struct Sender<const W: usize> {
    producer: RingProducer<Message<W>>,
    message: Box<Message<W>>,
    batch: Vec<Message<W>>,
}

pub struct Receiver<const W: usize> {
    consumer: RingConsumer<Message<W>>,
    batch: Vec<Message<W>>,
}

impl<const W: usize, const OVERWRITES: bool> Transport<W> for Ring<OVERWRITES> {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    const LOSSY: bool = OVERWRITES;

    type Link = Path;
    type Sender = Sender<W>;
    type Receiver = Receiver<W>;

    fn link(_: Spec) -> Result<Path> {
        let name = super::ringway::fresh_name() + "-ringfire";
        Ok(Path(PathBuf::from("/dev/shm").join(name)))
    }

    fn sender(path: &Path, spec: Spec) -> Result<Sender<W>> {
        let builder = RingProducerBuilder::new(spec.capacity.next_power_of_two() as u64);
        let builder = if OVERWRITES {
            builder.flow_control(FlowControl::LossyLatestWins)
        } else {
            // No more readers than there are, so that looking for the slowest is little work.
            builder.flow_control(FlowControl::LosslessBackpressure).max_readers(spec.consumers)
        };
        let producer = builder.build(&path.0).context("creating a ring")?;
        Ok(Sender { producer, message: super::buffer(), batch: super::buffers(spec.batch) })
    }

    fn receiver(path: &Path, spec: Spec) -> Result<Receiver<W>> {
        let deadline = Instant::now() + PATIENCE;
        let consumer = loop {
            match RingConsumer::builder().start_from_head().attach(&path.0) {
                Ok(consumer) => break consumer,
                // Not there, or not ready.
                Err(_) if Instant::now() < deadline => std::thread::yield_now(),
                Err(error) => return Err(error).context("attaching to a ring"),
            }
        };
        Ok(Receiver { consumer, batch: super::buffers(spec.batch) })
    }
}

impl<const W: usize> transport::Sender<W> for Sender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        if W <= super::SMALL {
            let mut message = [0; W];
            write(&mut message);
            self.producer.push(&message);
        } else {
            write(&mut self.message);
            self.producer.push(&self.message);
        }
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        for (i, message) in self.batch.iter_mut().take(n).enumerate() {
            write(i, message);
        }
        self.producer.push_batch(&self.batch[..n]);
    }
}

impl<const W: usize> transport::Receiver<W> for Receiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Some(message) = self.consumer.try_recv() {
                return read(&message);
            }
            spin_loop();
        }
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        loop {
            let got = self.consumer.recv_batch(&mut self.batch[..max]);
            if got > 0 {
                self.batch[..got].iter().for_each(read);
                return got;
            }
            spin_loop();
        }
    }
}
