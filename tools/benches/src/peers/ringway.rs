//! Ours: a named segment, one producer and one subscriber (or observer), and everything by default.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use ringway::{Observer, Options, Overflow, Producer, Ring, Start, Subscriber};

use zerocopy::IntoBytes;

use super::PATIENCE;
use crate::transport::{self, Message, Spec, Transport};

/// A name that no other ring has.
pub fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("ringway-bench-{}-{number}", std::process::id())
}

/// A segment's name, unlinked at the end whatever has become of those who used it.
pub struct Name(pub String);

impl Name {
    pub fn fresh() -> Name {
        Name(fresh_name())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // After an orderly end the name is gone already.
        let _ = ringway::segment::unlink(self.0.as_str());
    }
}

/// Typed messages to a subscriber.
pub struct Subscribed;

pub struct TypedSender<const W: usize> {
    producer: Producer<Message<W>>,
    batch: Vec<Message<W>>,
}

pub struct TypedReceiver<const W: usize, C> {
    consumer: C,
    batch: Vec<Message<W>>,
}

fn create<const W: usize>(
    name: &Name,
    spec: Spec,
    options: Options<Message<W>>,
) -> Result<TypedSender<W>> {
    let producer = options.create(name.0.as_str()).context("creating a segment")?;
    Ok(TypedSender { producer, batch: super::buffers(spec.batch) })
}

fn open<const W: usize>(name: &Name) -> Result<Ring<Message<W>>> {
    Ring::open_wait(name.0.as_str(), PATIENCE).context("opening a segment")
}

impl<const W: usize> Transport<W> for Subscribed {
    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = TypedReceiver<W, Subscriber<Message<W>>>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, Options::new(spec.capacity).subscribers(1))
    }

    fn receiver(name: &Name, spec: Spec) -> Result<Self::Receiver> {
        let consumer = open(name)?.subscribe(Start::Next).context("joining")?;
        Ok(TypedReceiver { consumer, batch: super::buffers(spec.batch) })
    }
}

/// Typed messages, overwritten if need be, to an observer.
pub struct Observed;

impl<const W: usize> Transport<W> for Observed {
    const LOSSY: bool = true;

    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = TypedReceiver<W, Observer<Message<W>>>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, Options::new(spec.capacity).overflow(Overflow::Overwrite))
    }

    fn receiver(name: &Name, spec: Spec) -> Result<Self::Receiver> {
        let consumer = open(name)?.observe(Start::Next).context("joining")?;
        Ok(TypedReceiver { consumer, batch: super::buffers(spec.batch) })
    }
}

impl<const W: usize> transport::Sender<W> for TypedSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        self.producer.send(&message).expect("a typed message always fits");
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        for (i, message) in self.batch.iter_mut().take(n).enumerate() {
            write(i, message);
        }
        self.producer.send_batch(&self.batch[..n]).expect("subscribers that live");
    }
}

impl<const W: usize> transport::Receiver<W> for TypedReceiver<W, Subscriber<Message<W>>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        read(&self.consumer.recv().expect("an open ring"))
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        let got = self.consumer.recv_batch(&mut self.batch[..max]).expect("an open ring");
        self.batch[..got].iter().for_each(read);
        got
    }
}

impl<const W: usize> transport::Receiver<W> for TypedReceiver<W, Observer<Message<W>>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            match self.consumer.recv() {
                Ok(message) => return read(&message),
                Err(ringway::error::RecvError::Lagged(_)) => {}
                Err(error) => panic!("an open ring: {error}"),
            }
        }
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        loop {
            match self.consumer.recv_batch(&mut self.batch[..max]) {
                Ok(got) => {
                    self.batch[..got].iter().for_each(read);
                    return got;
                }
                Err(ringway::error::RecvError::Lagged(_)) => {}
                Err(error) => panic!("an open ring: {error}"),
            }
        }
    }
}

/// Typed messages, written and read where they lie.
pub struct InPlace;

pub struct LendingSender<const W: usize>(Producer<Message<W>>);

pub struct ReferringReceiver<const W: usize>(Subscriber<Message<W>>);

impl<const W: usize> Transport<W> for InPlace {
    type Link = Name;
    type Sender = LendingSender<W>;
    type Receiver = ReferringReceiver<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        let options = Options::new(spec.capacity).subscribers(1).observers(false);
        options.create(name.0.as_str()).map(LendingSender).context("creating a segment")
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        let subscriber = open(name)?.subscribe(Start::Next).context("joining")?;
        // SAFETY: nobody else knows the name but the other side, which is this program.
        Ok(ReferringReceiver(unsafe { subscriber.assume_protocol() }))
    }
}

impl<const W: usize> transport::Sender<W> for LendingSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut loan = self.0.reserve().expect("subscribers that live");
        write(loan.get_mut().expect("a ring without observers"));
        loan.commit();
    }
}

impl<const W: usize> transport::Receiver<W> for ReferringReceiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        read(&self.0.recv_ref().expect("an open ring"))
    }
}

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
    type Link = Name;
    type Sender = BytesSender<W>;
    type Receiver = BytesReceiver<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        let options = Options::<[u8]>::bytes(spec.capacity, W * 8).subscribers(1);
        let producer = options.create(name.0.as_str()).context("creating a segment")?;
        Ok(BytesSender { producer, message: super::buffer() })
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        let ring =
            Ring::<[u8]>::open_wait(name.0.as_str(), PATIENCE).context("opening a segment")?;
        let subscriber = ring.subscribe(Start::Next).context("joining")?;
        Ok(BytesReceiver { subscriber, message: super::buffer() })
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
