//! rtrb: one producer, one consumer, two threads. Elements are pushed and popped, which copies them;
//! chunks of elements are filled and read in place; slices are copied in and out.

use std::hint::spin_loop;

use anyhow::Result;
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use super::Ends;
use crate::transport::{Manner, Message, Receiver, Sender, Spec, Transport};

/// Messages as elements: pushed and popped one at a time, or in chunks.
pub struct Elements;

impl<const W: usize> Transport<W> for Elements {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

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

/// Messages as elements, and slices of them: copied in batches, too.
pub struct Slices;

/// An end, and memory for a batch.
pub struct SliceEnd<const W: usize, E> {
    end: E,
    batch: Vec<Message<W>>,
}

impl<const W: usize> Transport<W> for Slices {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    type Link = Ends<Producer<Message<W>>, Consumer<Message<W>>>;
    type Sender = SliceEnd<W, Producer<Message<W>>>;
    type Receiver = SliceEnd<W, Consumer<Message<W>>>;

    fn link(spec: Spec) -> Result<Self::Link> {
        <Elements as Transport<W>>::link(spec)
    }

    fn sender(link: &Self::Link, spec: Spec) -> Result<Self::Sender> {
        Ok(SliceEnd { end: link.sender()?, batch: super::buffers(spec.batch) })
    }

    fn receiver(link: &Self::Link, spec: Spec) -> Result<Self::Receiver> {
        Ok(SliceEnd { end: link.receiver()?, batch: super::buffers(spec.batch) })
    }
}

impl<const W: usize> Sender<W> for SliceEnd<W, Producer<Message<W>>> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        self.end.send(write);
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        for (i, message) in self.batch.iter_mut().take(n).enumerate() {
            write(i, message);
        }
        let mut rest = &self.batch[..n];
        loop {
            rest = self.end.push_partial_slice(rest).1;
            if rest.is_empty() {
                return;
            }
            spin_loop();
        }
    }
}

impl<const W: usize> Receiver<W> for SliceEnd<W, Consumer<Message<W>>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        self.end.recv(read)
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        loop {
            let (popped, _) = self.end.pop_partial_slice(&mut self.batch[..max]);
            if !popped.is_empty() {
                popped.iter().for_each(read);
                return popped.len();
            }
            spin_loop();
        }
    }
}

const COPIED: u8 = 0;
const COPIED_IN: u8 = 1;
const IN_PLACE: u8 = 2;

/// Large messages as so many words: copied as slices, or written and read in a chunk.
pub struct Words<const MANNER: u8>;
/// Copied in and out.
pub type WordsCopied = Words<COPIED>;
/// Copied in as a slice, and read in a chunk.
pub type WordsCopiedIn = Words<COPIED_IN>;
/// Written and read in chunks.
pub type WordsInPlace = Words<IN_PLACE>;

/// An end, and memory for a message that is copied.
pub struct WordsEnd<const W: usize, const MANNER: u8, E> {
    end: E,
    message: Box<Message<W>>,
}

impl<const W: usize, const MANNER: u8> Transport<W> for Words<MANNER> {
    const SINGLE: Manner = Manner::ALL[MANNER as usize];

    type Link = Ends<Producer<u64>, Consumer<u64>>;
    type Sender = WordsEnd<W, MANNER, Producer<u64>>;
    type Receiver = WordsEnd<W, MANNER, Consumer<u64>>;

    fn link(spec: Spec) -> Result<Self::Link> {
        // Always whole messages, so that they never wrap around.
        let (mut producer, mut consumer) = RingBuffer::new(spec.capacity * W);
        if MANNER == IN_PLACE {
            // So that all words have values, and there can be references to them.
            while producer.push(0).is_ok() {}
            while consumer.pop().is_ok() {}
        }
        Ok(Ends::new(producer, consumer))
    }

    fn sender(link: &Self::Link, _: Spec) -> Result<Self::Sender> {
        Ok(WordsEnd { end: link.sender()?, message: super::buffer() })
    }

    fn receiver(link: &Self::Link, _: Spec) -> Result<Self::Receiver> {
        Ok(WordsEnd { end: link.receiver()?, message: super::buffer() })
    }
}

impl<const W: usize, const MANNER: u8> Sender<W> for WordsEnd<W, MANNER, Producer<u64>> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        if MANNER == IN_PLACE {
            loop {
                if let Ok(mut chunk) = self.end.write_chunk_uninit(W) {
                    let (words, _) = chunk.as_mut_slices();
                    assert_eq!(words.len(), W, "whole messages do not wrap around");
                    let message = words.as_mut_ptr().cast::<Message<W>>();
                    // SAFETY: a chunk of `W` words, all of which `link` wrote once.
                    write(unsafe { &mut *message });
                    // SAFETY: as above, all words have values.
                    unsafe { chunk.commit_all() };
                    return;
                }
                spin_loop();
            }
        }
        write(&mut self.message);
        while self.end.push_entire_slice(&self.message[..]).is_err() {
            spin_loop();
        }
    }
}

impl<const W: usize, const MANNER: u8> Receiver<W> for WordsEnd<W, MANNER, Consumer<u64>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        if MANNER == COPIED {
            while self.end.pop_entire_slice(&mut self.message[..]).is_err() {
                spin_loop();
            }
            return read(&self.message);
        }
        loop {
            if let Ok(chunk) = self.end.read_chunk(W) {
                let (message, _) = chunk.as_slices();
                let outcome = read(message.try_into().expect("whole messages do not wrap around"));
                chunk.commit_all();
                return outcome;
            }
            spin_loop();
        }
    }
}
