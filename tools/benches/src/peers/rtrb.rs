//! rtrb: one producer, one consumer, two threads.

use std::hint::spin_loop;

use anyhow::Result;
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use super::Ends;
use crate::transport::{Message, Receiver, Sender, Spec, Transport};

/// Messages as elements: pushed and popped one at a time, or in chunks.
pub struct Elements;

impl<const W: usize> Transport<W> for Elements {
    type Link = Ends<Producer<Message<W>>, Consumer<Message<W>>>;
    type Sender = Producer<Message<W>>;
    type Receiver = Consumer<Message<W>>;

    fn link(spec: Spec) -> Result<Self::Link> {
        let (producer, consumer) = RingBuffer::new(spec.capacity);
        Ok(Ends::new(producer, consumer))
    }

    fn sender(link: &Self::Link, _: Spec) -> Result<Self::Sender> {
        link.sender()
    }

    fn receiver(link: &Self::Link, _: Spec) -> Result<Self::Receiver> {
        link.receiver()
    }
}

impl<const W: usize> Sender<W> for Producer<Message<W>> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        while let Err(PushError::Full(back)) = self.push(message) {
            message = back;
            spin_loop();
        }
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        let mut sent = 0;
        while sent < n {
            let room = self.slots().min(n - sent);
            let Ok(chunk) = self.write_chunk_uninit(room) else { continue };
            if room == 0 {
                spin_loop();
            }
            sent += chunk.fill_from_iter((sent..n).map(|i| {
                let mut message = [0; W];
                write(i, &mut message);
                message
            }));
        }
    }
}

impl<const W: usize> Receiver<W> for Consumer<Message<W>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Ok(message) = self.pop() {
                return read(&message);
            }
            spin_loop();
        }
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, mut read: impl FnMut(&Message<W>)) -> usize {
        loop {
            let there = self.slots().min(max);
            match self.read_chunk(there) {
                Ok(chunk) if there > 0 => {
                    let (head, tail) = chunk.as_slices();
                    head.iter().for_each(&mut read);
                    tail.iter().for_each(&mut read);
                    chunk.commit_all();
                    return there;
                }
                _ => spin_loop(),
            }
        }
    }
}

/// Large messages as so many words: copied in as a slice, and read in place.
pub struct Words;

pub struct WordsSender<const W: usize> {
    producer: Producer<u64>,
    message: Box<Message<W>>,
}

pub struct WordsReceiver<const W: usize> {
    consumer: Consumer<u64>,
}

impl<const W: usize> Transport<W> for Words {
    type Link = Ends<Producer<u64>, Consumer<u64>>;
    type Sender = WordsSender<W>;
    type Receiver = WordsReceiver<W>;

    fn link(spec: Spec) -> Result<Self::Link> {
        // Always whole messages, so that they never wrap around.
        let (producer, consumer) = RingBuffer::new(spec.capacity * W);
        Ok(Ends::new(producer, consumer))
    }

    fn sender(link: &Self::Link, _: Spec) -> Result<Self::Sender> {
        Ok(WordsSender { producer: link.sender()?, message: super::buffer() })
    }

    fn receiver(link: &Self::Link, _: Spec) -> Result<Self::Receiver> {
        Ok(WordsReceiver { consumer: link.receiver()? })
    }
}

impl<const W: usize> Sender<W> for WordsSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        write(&mut self.message);
        while self.producer.push_entire_slice(&self.message[..]).is_err() {
            spin_loop();
        }
    }
}

impl<const W: usize> Receiver<W> for WordsReceiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Ok(chunk) = self.consumer.read_chunk(W) {
                let (message, _) = chunk.as_slices();
                let outcome = read(message.try_into().expect("whole messages do not wrap around"));
                chunk.commit_all();
                return outcome;
            }
            spin_loop();
        }
    }
}
