//! disruptor: one producer, one poller, two threads. Events are written and read in place, and both
//! sides spin without a hint: its docs call `BusySpin` the lowest latency, and its benchmark of the
//! poller polls again at once. With several consumers each has a poller of its own, and the producer
//! waits for the slowest.

use std::sync::Mutex;

use anyhow::{Context, Result, anyhow};
use disruptor::{
    BusySpin, EventPoller, MultiConsumerBarrier, Producer, SingleConsumerBarrier, SingleProducer,
    SingleProducerBarrier, build_single_producer,
};

use super::Ends;
use crate::transport::{self, Manner, Message, Spec, Transport};

pub struct Disruptor;

type Poller<const W: usize> = EventPoller<Message<W>, SingleProducerBarrier>;
type Publisher<const W: usize> = SingleProducer<Message<W>, SingleConsumerBarrier>;

pub struct Sender<P> {
    producer: P,
    /// The most that can be published at a time.
    capacity: usize,
}

pub struct Receiver<const W: usize> {
    poller: Poller<W>,
}

impl<const W: usize> Transport<W> for Disruptor {
    const SINGLE: Manner = Manner::InPlace;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

    type Link = Ends<Publisher<W>, Poller<W>>;
    type Sender = Sender<Publisher<W>>;
    type Receiver = Receiver<W>;

    fn link(spec: Spec) -> Result<Ends<Publisher<W>, Poller<W>>> {
        let size = spec.capacity.next_power_of_two();
        let builder = build_single_producer(size, || [0; W], BusySpin);
        let (poller, builder) = builder.new_event_poller();
        Ok(Ends::new(builder.build(), poller))
    }

    fn sender(link: &Ends<Publisher<W>, Poller<W>>, spec: Spec) -> Result<Self::Sender> {
        Ok(Sender { producer: link.sender()?, capacity: spec.capacity })
    }

    fn receiver(link: &Ends<Publisher<W>, Poller<W>>, _: Spec) -> Result<Receiver<W>> {
        Ok(Receiver { poller: link.receiver()? })
    }
}

/// Several consumers, each of which gets every message.
pub struct Several;

type SharedPublisher<const W: usize> = SingleProducer<Message<W>, MultiConsumerBarrier>;

/// The producer, and the pollers that no receiver has taken yet.
pub struct Fan<const W: usize> {
    producer: Mutex<Option<SharedPublisher<W>>>,
    pollers: Mutex<Vec<Poller<W>>>,
}

impl<const W: usize> Transport<W> for Several {
    const SINGLE: Manner = Manner::InPlace;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

    type Link = Fan<W>;
    type Sender = Sender<SharedPublisher<W>>;
    type Receiver = Receiver<W>;

    fn link(spec: Spec) -> Result<Fan<W>> {
        let size = spec.capacity.next_power_of_two();
        let builder = build_single_producer(size, || [0; W], BusySpin);
        let (first, builder) = builder.new_event_poller();
        let (second, mut builder) = builder.new_event_poller();
        let mut pollers = vec![first, second];
        while pollers.len() < spec.consumers {
            let (poller, next) = builder.new_event_poller();
            pollers.push(poller);
            builder = next;
        }
        let producer = Mutex::new(Some(builder.build()));
        Ok(Fan { producer, pollers: Mutex::new(pollers) })
    }

    fn sender(fan: &Fan<W>, spec: Spec) -> Result<Self::Sender> {
        let producer = fan.producer.lock().ok().and_then(|mut producer| producer.take());
        Ok(Sender { producer: producer.context("taken")?, capacity: spec.capacity })
    }

    fn receiver(fan: &Fan<W>, _: Spec) -> Result<Receiver<W>> {
        let mut pollers = fan.pollers.lock().map_err(|_| anyhow!("a side panicked"))?;
        Ok(Receiver { poller: pollers.pop().context("taken")? })
    }
}

impl<P: Producer<Message<W>>, const W: usize> transport::Sender<W> for Sender<P> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        self.producer.publish(write);
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        let mut sent = 0;
        while sent < n {
            let count = (n - sent).min(self.capacity);
            self.producer.batch_publish(count, |events| {
                for (i, event) in events.enumerate() {
                    write(sent + i, event);
                }
            });
            sent += count;
        }
    }
}

impl<const W: usize> transport::Receiver<W> for Receiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Ok(mut events) = self.poller.take(1) {
                return read((&mut events).next().expect("one event was taken"));
            }
        }
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<W>)) -> usize {
        loop {
            if let Ok(mut events) = self.poller.take(max as u64) {
                let events = &mut events;
                let got = events.len();
                events.for_each(read);
                return got;
            }
        }
    }
}
