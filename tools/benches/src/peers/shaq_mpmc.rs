//! shaq's MPMC queue, in a file that all sides inherit: each message goes to one of its consumers. Single
//! messages as values, batches as cells that are reserved, which its docs prefer.

use std::fs::File;
use std::hint::spin_loop;
use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use shaq::mpmc::{Consumer, Producer, minimum_file_size};

use crate::shared::unnamed_file;
use crate::transport::{self, Manner, Message, Spec, Transport};
use crate::work::shared::{self, BATCH};

pub struct Queue;

fn create<T: Send>(capacity: usize) -> Result<File> {
    let bytes = minimum_file_size::<T>(capacity);
    let file = File::from(unnamed_file(bytes)?);
    // SAFETY: only this function has the file yet, and it creates the queue once.
    let created = unsafe { Producer::<T>::create(&file, bytes) };
    drop(created.context("creating a queue")?);
    Ok(file)
}

fn produce<T: Send>(file: &File) -> Result<Producer<T>> {
    // SAFETY: a live queue of these messages, words that are valid in any process.
    unsafe { Producer::join(file) }.context("joining as producer")
}

fn consume<T: Send>(file: &File) -> Result<Consumer<T>> {
    // SAFETY: a live queue of these messages, words that are valid in any process.
    unsafe { Consumer::join(file) }.context("joining as consumer")
}

impl<const W: usize> Transport<W> for Queue {
    const SINGLE: Manner = Manner::Copied;

    type Link = File;
    type Sender = Producer<Message<W>>;
    type Receiver = Consumer<Message<W>>;

    fn link(spec: Spec) -> Result<File> {
        create::<Message<W>>(spec.capacity)
    }

    fn sender(file: &File, _: Spec) -> Result<Self::Sender> {
        produce(file)
    }

    fn receiver(file: &File, _: Spec) -> Result<Self::Receiver> {
        consume(file)
    }
}

impl<const W: usize> transport::Sender<W> for Producer<Message<W>> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        while let Err(back) = self.try_write(message) {
            message = back;
            spin_loop();
        }
    }
}

impl<const W: usize> transport::Receiver<W> for Consumer<Message<W>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Some(message) = self.try_read() {
                return read(&message);
            }
            spin_loop();
        }
    }
}

/// Numbers that are spread over consumers.
pub struct Pool;

impl shared::Pool for Pool {
    type Link = File;
    type Feeder = Producer<u64>;
    type Taker = Consumer<u64>;

    fn link(capacity: usize) -> Result<File> {
        create::<u64>(capacity)
    }

    fn feeder(file: &File, _: usize) -> Result<Producer<u64>> {
        produce(file)
    }

    fn taker(file: &File, _: usize) -> Result<Consumer<u64>> {
        consume(file)
    }
}

impl shared::Feeder for Producer<u64> {
    fn feed(&mut self, number: u64) {
        self.try_write(number).expect("there is room");
    }
}

impl shared::Taker for Consumer<u64> {
    #[inline]
    fn take(&mut self) -> Option<u64> {
        self.try_read()
    }

    #[inline]
    fn take_batch(&mut self, mut each: impl FnMut(u64)) -> usize {
        let most = const { NonZeroUsize::new(BATCH).unwrap() };
        let Some(batch) = self.try_reserve_read_batch(most) else { return 0 };
        let (head, tail) = batch.as_slices();
        head.iter().chain(tail).for_each(|number| each(*number));
        batch.len()
    }
}
