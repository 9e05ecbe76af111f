//! Typed messages, copied in and out: what `send` and `recv` do, and their batches.

use anyhow::{Context, Result};
use ringway::{Observer, Options, Overflow, Producer, Start, Subscriber, Worker};

use super::super::SMALL;
use super::{Name, open};
use crate::transport::{self, Manner, Message, Spec, Transport};

/// Typed messages to a subscriber.
pub struct Subscribed;

/// Words up to which a message is better returned than copied to where it is wanted.
const FEW: usize = 8;

pub struct TypedSender<const W: usize> {
    producer: Producer<Message<W>>,
    batch: Vec<Message<W>>,
}

pub struct TypedReceiver<const W: usize, C> {
    consumer: C,
    batch: Vec<Message<W>>,
}

/// Everything by default.
pub(super) fn options<const W: usize>(spec: Spec) -> Options<Message<W>> {
    Options::new(spec.capacity).subscribers(spec.consumers)
}

pub(super) fn create<const W: usize>(
    name: &Name,
    spec: Spec,
    options: Options<Message<W>>,
) -> Result<TypedSender<W>> {
    let producer = options.create(name.0.as_str()).context("creating a segment")?;
    Ok(TypedSender::new(producer, spec))
}

impl<const W: usize> TypedSender<W> {
    pub(super) fn new(producer: Producer<Message<W>>, spec: Spec) -> Self {
        TypedSender { producer, batch: super::super::buffers(spec.batch) }
    }
}

impl<const W: usize, C> TypedReceiver<W, C> {
    pub(super) fn new(consumer: C, spec: Spec) -> Self {
        TypedReceiver { consumer, batch: super::super::buffers(spec.batch) }
    }
}

impl<const W: usize> Transport<W> for Subscribed {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = TypedReceiver<W, Subscriber<Message<W>>>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, options(spec))
    }

    fn receiver(name: &Name, spec: Spec) -> Result<Self::Receiver> {
        let consumer = open(name)?.subscribe(Start::Next).context("joining")?;
        Ok(TypedReceiver::new(consumer, spec))
    }
}

/// Typed messages, overwritten if need be, to an observer.
pub struct Observed;

impl<const W: usize> Transport<W> for Observed {
    const LOSSY: bool = true;
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

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
        Ok(TypedReceiver::new(consumer, spec))
    }
}

impl<const W: usize> transport::Sender<W> for TypedSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        if W <= SMALL {
            let mut message = [0; W];
            write(&mut message);
            self.producer.send(&message).expect("a typed message always fits");
        } else {
            write(&mut self.batch[0]);
            self.producer.send(&self.batch[0]).expect("a typed message always fits");
        }
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
        if W <= FEW {
            read(&self.consumer.recv().expect("an open ring"))
        } else {
            self.consumer.recv_to(&mut self.batch[0]).expect("an open ring");
            read(&self.batch[0])
        }
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

/// Typed messages to the only worker of a group.
pub struct Working;

impl<const W: usize> Transport<W> for Working {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = TypedReceiver<W, Worker<Message<W>>>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, Options::new(spec.capacity).subscribers(0).groups(1))
    }

    fn receiver(name: &Name, spec: Spec) -> Result<Self::Receiver> {
        let consumer = Worker::join(&open(name)?, "workers").context("joining")?;
        Ok(TypedReceiver::new(consumer, spec))
    }
}

impl<const W: usize> transport::Receiver<W> for TypedReceiver<W, Worker<Message<W>>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let job = self.consumer.recv().expect("an open ring");
        let outcome = read(&job);
        job.done().expect("a worker that lives");
        outcome
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        let jobs = self.consumer.recv_batch(&mut self.batch[..max]).expect("an open ring");
        let got = jobs.len();
        self.batch[..got].iter().for_each(read);
        jobs.done().expect("a worker that lives");
        got
    }
}
