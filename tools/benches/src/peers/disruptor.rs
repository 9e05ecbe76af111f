//! disruptor: one producer, one poller, two threads. Events are written and read in place, and both
//! sides spin without a hint: its docs call `BusySpin` the lowest latency, and its benchmark of the
//! poller polls again at once.

use anyhow::Result;
use disruptor::{
    BusySpin, EventPoller, Producer, SingleConsumerBarrier, SingleProducer, SingleProducerBarrier,
    build_single_producer,
};

use super::Ends;
use crate::transport::{self, Message, Spec, Transport};

pub struct Disruptor;

type Poller<const W: usize> = EventPoller<Message<W>, SingleProducerBarrier>;
type Publisher<const W: usize> = SingleProducer<Message<W>, SingleConsumerBarrier>;

pub struct Sender<const W: usize> {
    producer: Publisher<W>,
    /// The most that can be published at a time.
    capacity: usize,
}

pub struct Receiver<const W: usize> {
    poller: Poller<W>,
}

impl<const W: usize> Transport<W> for Disruptor {
    type Link = Ends<Publisher<W>, Poller<W>>;
    type Sender = Sender<W>;
    type Receiver = Receiver<W>;

    fn link(spec: Spec) -> Result<Ends<Publisher<W>, Poller<W>>> {
        let size = spec.capacity.next_power_of_two();
        let builder = build_single_producer(size, || [0; W], BusySpin);
        let (poller, builder) = builder.new_event_poller();
        Ok(Ends::new(builder.build(), poller))
    }

    fn sender(link: &Ends<Publisher<W>, Poller<W>>, spec: Spec) -> Result<Sender<W>> {
        Ok(Sender { producer: link.sender()?, capacity: spec.capacity })
    }

    fn receiver(link: &Ends<Publisher<W>, Poller<W>>, _: Spec) -> Result<Receiver<W>> {
        Ok(Receiver { poller: link.receiver()? })
    }
}

impl<const W: usize> transport::Sender<W> for Sender<W> {
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
