//! shaq's SPSC queue, in a file that both sides inherit: slots are written and read in place through
//! `write_batch` and `try_reserve_read_batch`, which its docs prefer because they publish and release
//! once per batch. Also for single messages: unlike `try_read`, an empty poll then stores nothing.

use std::fs::File;
use std::hint::spin_loop;
use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use shaq::spsc::{Consumer, Producer, minimum_file_size};

use crate::shared::unnamed_file;
use crate::transport::{self, Manner, Message, Spec, Transport};

pub struct Queue;

impl<const W: usize> Transport<W> for Queue {
    const SINGLE: Manner = Manner::InPlace;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

    type Link = File;
    type Sender = Producer<Message<W>>;
    type Receiver = Consumer<Message<W>>;

    fn link(spec: Spec) -> Result<File> {
        let bytes = minimum_file_size::<Message<W>>(spec.capacity);
        let file = File::from(unnamed_file(bytes)?);
        // SAFETY: nobody else has this file yet, and no end is made of it but by the two sides.
        let created = unsafe { Producer::<Message<W>>::create(&file, bytes) };
        drop(created.context("creating a queue")?);
        Ok(file)
    }

    fn sender(file: &File, _: Spec) -> Result<Self::Sender> {
        // SAFETY: only the sending side calls this, and once; words are valid in any process.
        unsafe { Producer::join(file) }.context("joining as producer")
    }

    fn receiver(file: &File, _: Spec) -> Result<Self::Receiver> {
        // SAFETY: only the receiving side calls this, and once; words are valid in any process.
        unsafe { Consumer::join(file) }.context("joining as consumer")
    }
}

impl<const W: usize> transport::Sender<W> for Producer<Message<W>> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        loop {
            let mut batch = self.write_batch();
            // SAFETY: a slot that is lent is written before the batch is dropped.
            if let Some(slot) = unsafe { batch.try_as_mut() } {
                // SAFETY: the bytes of a mapped file are words, whichever they are.
                write(unsafe { slot.assume_init_mut() });
                return;
            }
            drop(batch);
            spin_loop();
        }
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        let mut sent = 0;
        while sent < n {
            let mut batch = self.write_batch();
            let before = sent;
            while sent < n {
                // SAFETY: a slot that is lent is written before the batch is dropped.
                let Some(slot) = (unsafe { batch.try_as_mut() }) else { break };
                // SAFETY: the bytes of a mapped file are words, whichever they are.
                write(sent, unsafe { slot.assume_init_mut() });
                sent += 1;
            }
            drop(batch);
            if sent == before {
                spin_loop();
            }
        }
    }
}

impl<const W: usize> transport::Receiver<W> for Consumer<Message<W>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Some(batch) = self.try_reserve_read_batch(NonZeroUsize::MIN) {
                return read(&batch[0]);
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

/// Messages as values, copied in and out.
pub struct Values;

pub struct ValueSender<const W: usize>(Producer<Message<W>>);
pub struct ValueReceiver<const W: usize>(Consumer<Message<W>>);

impl<const W: usize> Transport<W> for Values {
    const SINGLE: Manner = Manner::Copied;

    type Link = File;
    type Sender = ValueSender<W>;
    type Receiver = ValueReceiver<W>;

    fn link(spec: Spec) -> Result<File> {
        <Queue as Transport<W>>::link(spec)
    }

    fn sender(file: &File, spec: Spec) -> Result<Self::Sender> {
        <Queue as Transport<W>>::sender(file, spec).map(ValueSender)
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
        while let Err(back) = self.0.try_write(message) {
            message = back;
            spin_loop();
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
}
