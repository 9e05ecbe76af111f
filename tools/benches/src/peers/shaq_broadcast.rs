//! shaq's broadcast queue, lossless, with a lane for one producer and a place for each consumer, in a
//! file that both sides inherit. Cells are reserved, alone or as a batch, and written and read in
//! place, as its own example does: that publishes and releases once per reservation.

use std::fs::File;
use std::hint::spin_loop;
use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use shaq::broadcast::{Broadcast, BroadcastConfig, Consumer, Producer, ProducerId};

use crate::shared::unnamed_file;
use crate::transport::{self, Manner, Message, Spec, Transport};

pub struct Queue;

pub struct Sender<const W: usize> {
    producer: Producer<Message<W>>,
    /// The most that can be reserved at a time.
    capacity: usize,
}

impl<const W: usize> Transport<W> for Queue {
    const SINGLE: Manner = Manner::InPlace;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

    type Link = File;
    type Sender = Sender<W>;
    type Receiver = Consumer<Message<W>>;

    fn link(spec: Spec) -> Result<File> {
        // `create` gives it its size.
        let file = File::from(unnamed_file(4096)?);
        let config = BroadcastConfig {
            capacity: spec.capacity,
            producer_slots: 1,
            consumer_slots: spec.consumers,
        };
        // SAFETY: nobody else has this file yet, and words are valid in any process.
        let created = unsafe { Broadcast::<Message<W>>::create(&file, config) };
        drop(created.context("creating a queue")?);
        Ok(file)
    }

    fn sender(file: &File, spec: Spec) -> Result<Sender<W>> {
        // SAFETY: a live queue of these messages.
        let producer = unsafe { Producer::join(file, ProducerId::new(1)) };
        let producer = producer.context("joining as producer")?;
        Ok(Sender { producer, capacity: spec.capacity })
    }

    fn receiver(file: &File, _: Spec) -> Result<Self::Receiver> {
        // SAFETY: a live queue of these messages.
        unsafe { Consumer::join(file) }.context("joining as consumer")
    }
}

impl<const W: usize> transport::Sender<W> for Sender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        loop {
            // SAFETY: the cell is written before the guard is dropped.
            if let Some(mut cell) = unsafe { self.producer.try_reserve_write() } {
                // SAFETY: the bytes of a mapped file are words, whichever they are.
                write(unsafe { cell.as_mut().assume_init_mut() });
                return;
            }
            spin_loop();
        }
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        let mut sent = 0;
        while let Some(count) = NonZeroUsize::new((n - sent).min(self.capacity)) {
            // SAFETY: every cell is written before the batch is dropped.
            let Some(mut batch) = (unsafe { self.producer.try_reserve_write_batch(count) }) else {
                spin_loop();
                continue;
            };
            for i in 0..count.get() {
                // SAFETY: one of the `count` that are reserved.
                let cell = unsafe { batch.as_mut(i) };
                // SAFETY: the bytes of a mapped file are words, whichever they are.
                write(sent + i, unsafe { cell.assume_init_mut() });
            }
            sent += count.get();
        }
    }
}

impl<const W: usize> transport::Receiver<W> for Consumer<Message<W>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Some(cell) = self.try_reserve_read() {
                return read(cell.as_ref());
            }
            spin_loop();
        }
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, mut read: impl FnMut(&Message<W>)) -> usize {
        let max = NonZeroUsize::new(max).expect("at least one message is asked for");
        loop {
            if let Some(batch) = self.try_reserve_read_batch(max) {
                let (head, tail) = batch.as_slices();
                head.iter().for_each(&mut read);
                tail.iter().for_each(&mut read);
                return batch.len();
            }
            spin_loop();
        }
    }
}

/// Messages as values, copied in and out; in batches copied in as a slice, and read in place.
pub struct Values;

pub struct ValueSender<const W: usize> {
    sender: Sender<W>,
    batch: Vec<Message<W>>,
}

pub struct ValueReceiver<const W: usize>(Consumer<Message<W>>);

impl<const W: usize> Transport<W> for Values {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::CopiedIn);

    type Link = File;
    type Sender = ValueSender<W>;
    type Receiver = ValueReceiver<W>;

    fn link(spec: Spec) -> Result<File> {
        <Queue as Transport<W>>::link(spec)
    }

    fn sender(file: &File, spec: Spec) -> Result<Self::Sender> {
        let sender = <Queue as Transport<W>>::sender(file, spec)?;
        Ok(ValueSender { sender, batch: super::buffers(spec.batch) })
    }

    fn receiver(file: &File, spec: Spec) -> Result<Self::Receiver> {
        <Queue as Transport<W>>::receiver(file, spec).map(ValueReceiver)
    }
}

impl<const W: usize> transport::Sender<W> for ValueSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        while let Err(back) = self.sender.producer.try_write(message) {
            message = back;
            spin_loop();
        }
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        for (i, message) in self.batch.iter_mut().take(n).enumerate() {
            write(i, message);
        }
        // More than there are cells would never fit.
        for messages in self.batch[..n].chunks(self.sender.capacity) {
            while !self.sender.producer.try_write_slice(messages) {
                spin_loop();
            }
        }
    }
}

impl<const W: usize> transport::Receiver<W> for ValueReceiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Some(message) = self.0.try_read() {
                return read(&message);
            }
            spin_loop();
        }
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        transport::Receiver::recv_batch(&mut self.0, max, read)
    }
}
