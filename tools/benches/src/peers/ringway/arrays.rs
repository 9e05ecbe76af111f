//! Numbers, seven to a message: what a program does that has many small messages and does not need
//! each to be one. A message and its state then fill a cache line.

use anyhow::{Context, Result};
use ringway::{Options, Producer, Start, Subscriber};

use super::{Name, open};
use crate::transport::{self, Manner, Message, Spec, Transport};

/// Numbers in a message.
pub const NUMBERS: usize = 7;

/// Batches of numbers, which are messages, or batches of messages.
pub struct Arrays;

pub struct Sender {
    producer: Producer<[u64; NUMBERS]>,
    arrays: Vec<[u64; NUMBERS]>,
}

pub struct Receiver {
    subscriber: Subscriber<[u64; NUMBERS]>,
    arrays: Vec<[u64; NUMBERS]>,
}

impl Transport<1> for Arrays {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    type Link = Name;
    type Sender = Sender;
    type Receiver = Receiver;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    /// The ring has a quarter of the slots, each four times as large as a number's.
    fn sender(name: &Name, spec: Spec) -> Result<Sender> {
        let options = Options::new(spec.capacity / 4).subscribers(1);
        let producer = options.create(name.0.as_str()).context("creating a segment")?;
        Ok(Sender { producer, arrays: super::super::buffers(spec.batch / NUMBERS) })
    }

    fn receiver(name: &Name, spec: Spec) -> Result<Receiver> {
        let subscriber = open(name)?.subscribe(Start::Next).context("joining")?;
        Ok(Receiver { subscriber, arrays: super::super::buffers(spec.batch / NUMBERS) })
    }
}

impl transport::Sender<1> for Sender {
    fn send(&mut self, _: impl FnOnce(&mut Message<1>)) {
        unreachable!("a number alone is no message here");
    }

    /// A multiple of [`NUMBERS`].
    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<1>)) {
        let arrays = &mut self.arrays[..n / NUMBERS];
        for (array, first) in arrays.iter_mut().zip((0..).step_by(NUMBERS)) {
            for (number, i) in array.as_chunks_mut().0.iter_mut().zip(first..) {
                write(i, number);
            }
        }
        match arrays {
            [array] => self.producer.send(array).expect("subscribers that live"),
            arrays => self.producer.send_batch(arrays).expect("subscribers that live"),
        };
    }
}

impl transport::Receiver<1> for Receiver {
    fn recv<R>(&mut self, _: impl FnOnce(&Message<1>) -> R) -> R {
        unreachable!("a number alone is no message here");
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, mut read: impl FnMut(&Message<1>)) -> usize {
        let arrays = &mut self.arrays[..max / NUMBERS];
        let got = match arrays {
            [array] => {
                *array = self.subscriber.recv().expect("an open ring");
                1
            }
            arrays => self.subscriber.recv_batch(arrays).expect("an open ring"),
        };
        for array in &self.arrays[..got] {
            array.as_chunks().0.iter().for_each(&mut read);
        }
        got * NUMBERS
    }
}
