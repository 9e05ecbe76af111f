//! Streams of bytes that the kernel carries: a message is a write and a read, and so are as many
//! messages as there are.

use std::io::{Read, Write};

use zerocopy::IntoBytes;

use crate::transport::{self, Message, Spec};

/// What a stream may hold, and no more is written or read at a time.
pub const ROOM: usize = 1 << 20;

/// Memory for so many messages as may be written or read at a time, at least one.
fn batch<const W: usize>(spec: Spec) -> Vec<Message<W>> {
    let most = (ROOM / size_of::<Message<W>>()).max(1);
    super::buffers(spec.batch.clamp(1, most))
}

pub struct Sender<const W: usize, S> {
    stream: S,
    batch: Vec<Message<W>>,
}

impl<const W: usize, S> Sender<W, S> {
    pub fn new(stream: S, spec: Spec) -> Sender<W, S> {
        Sender { stream, batch: batch(spec) }
    }
}

pub struct Receiver<const W: usize, S> {
    stream: S,
    batch: Vec<Message<W>>,
}

impl<const W: usize, S> Receiver<W, S> {
    pub fn new(stream: S, spec: Spec) -> Receiver<W, S> {
        Receiver { stream, batch: batch(spec) }
    }
}

impl<const W: usize, S: Write> transport::Sender<W> for Sender<W, S> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let message = &mut self.batch[0];
        write(message);
        self.stream.write_all(message.as_bytes()).expect("the other side lives");
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        let mut sent = 0;
        while sent < n {
            let count = (n - sent).min(self.batch.len());
            let batch = &mut self.batch[..count];
            for (i, message) in batch.iter_mut().enumerate() {
                write(sent + i, message);
            }
            self.stream.write_all(batch.as_bytes()).expect("the other side lives");
            sent += count;
        }
    }
}

impl<const W: usize, S: Read> transport::Receiver<W> for Receiver<W, S> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let message = &mut self.batch[0];
        self.stream.read_exact(message.as_mut_bytes()).expect("the other side lives");
        read(message)
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        let count = max.min(self.batch.len());
        let batch = &mut self.batch[..count];
        let bytes = batch.as_mut_bytes();
        let got = self.stream.read(bytes).expect("the other side lives");
        assert!(got > 0, "the other side is gone");
        // The last of them may have come in part.
        let whole = got.next_multiple_of(size_of::<Message<W>>());
        self.stream.read_exact(&mut bytes[got..whole]).expect("the other side lives");
        let received = whole / size_of::<Message<W>>();
        batch[..received].iter().for_each(read);
        received
    }
}
