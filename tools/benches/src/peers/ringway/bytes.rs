//! Messages as bytes, of one length or of many.

use anyhow::{Context, Result};
use ringway::{Options, Producer, Ring, Start, Subscriber};
use zerocopy::IntoBytes;

use super::super::PATIENCE;
use super::Name;
use crate::transport::{self, Manner, Message, Spec, Transport};
use crate::work::mixed;

/// Messages as bytes, copied in and out.
pub struct Bytes;

pub struct BytesSender<const W: usize> {
    producer: Producer<[u8]>,
    message: Box<Message<W>>,
}

pub struct BytesReceiver<const W: usize> {
    subscriber: Subscriber<[u8]>,
    message: Box<Message<W>>,
}

impl<const W: usize> Transport<W> for Bytes {
    const SINGLE: Manner = Manner::Copied;

    type Link = Name;
    type Sender = BytesSender<W>;
    type Receiver = BytesReceiver<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        let options = Options::<[u8]>::bytes(spec.capacity, W * 8).subscribers(1);
        let producer = options.create(name.0.as_str()).context("creating a segment")?;
        Ok(BytesSender { producer, message: super::super::buffer() })
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        Ok(BytesReceiver { subscriber: subscribe(name)?, message: super::super::buffer() })
    }
}

impl<const W: usize> transport::Sender<W> for BytesSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        write(&mut self.message);
        self.producer.send(self.message.as_bytes()).expect("no longer than the longest");
    }
}

impl<const W: usize> transport::Receiver<W> for BytesReceiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let len = self.subscriber.recv_into(self.message.as_mut_bytes()).expect("an open ring");
        assert_eq!(len, W * 8);
        read(&self.message)
    }
}

fn subscribe(name: &Name) -> Result<Subscriber<[u8]>> {
    let ring = Ring::<[u8]>::open_wait(name.0.as_str(), PATIENCE).context("opening a segment")?;
    ring.subscribe(Start::Next).context("joining")
}

/// Messages of many lengths, copied in and out.
pub struct MixedCopied;

pub struct MixedSender(Producer<[u8]>, [u8; mixed::LONGEST]);
pub struct MixedReceiver(Subscriber<[u8]>, [u8; mixed::LONGEST]);

impl mixed::Transport for MixedCopied {
    const MANNER: Manner = Manner::Copied;

    type Link = Name;
    type Sender = MixedSender;
    type Receiver = MixedReceiver;

    fn link(_: usize) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, capacity: usize) -> Result<MixedSender> {
        let options = Options::<[u8]>::bytes(capacity, mixed::LONGEST).subscribers(1);
        let producer = options.create(name.0.as_str()).context("creating a segment")?;
        Ok(MixedSender(producer, [0; mixed::LONGEST]))
    }

    fn receiver(name: &Name, _: usize) -> Result<MixedReceiver> {
        Ok(MixedReceiver(subscribe(name)?, [0; mixed::LONGEST]))
    }
}

impl mixed::Sender for MixedSender {
    #[inline]
    fn send(&mut self, len: usize, write: impl FnOnce(&mut [u8])) {
        let message = &mut self.1[..len];
        write(message);
        self.0.send(message).expect("no longer than the longest");
    }
}

impl mixed::Receiver for MixedReceiver {
    #[inline]
    fn recv(&mut self, read: impl FnOnce(&[u8])) {
        let len = self.0.recv_into(&mut self.1).expect("an open ring");
        read(&self.1[..len]);
    }
}

/// Messages of many lengths, written and read where they lie.
pub struct MixedInPlace;

pub struct MixedLender(Producer<[u8]>);
pub struct MixedReferrer(Subscriber<[u8]>);

impl mixed::Transport for MixedInPlace {
    const MANNER: Manner = Manner::InPlace;

    type Link = Name;
    type Sender = MixedLender;
    type Receiver = MixedReferrer;

    fn link(_: usize) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, capacity: usize) -> Result<MixedLender> {
        let options = Options::<[u8]>::bytes(capacity, mixed::LONGEST).subscribers(1);
        let options = options.observers(false);
        options.create(name.0.as_str()).map(MixedLender).context("creating a segment")
    }

    fn receiver(name: &Name, _: usize) -> Result<MixedReferrer> {
        // SAFETY: only the other side knows the name, and it is this program.
        Ok(MixedReferrer(unsafe { subscribe(name)?.assume_protocol() }))
    }
}

impl mixed::Sender for MixedLender {
    #[inline]
    fn send(&mut self, len: usize, write: impl FnOnce(&mut [u8])) {
        let mut loan = self.0.reserve(len).expect("subscribers that live");
        write(loan.get_mut().expect("a ring without observers"));
        loan.commit();
    }
}

impl mixed::Receiver for MixedReferrer {
    #[inline]
    fn recv(&mut self, read: impl FnOnce(&[u8])) {
        read(&self.0.recv_ref().expect("an open ring"));
    }
}
