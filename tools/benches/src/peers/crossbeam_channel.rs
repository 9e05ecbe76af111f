//! crossbeam-channel: a bounded channel between two threads. Both sides try again in a spin, as the
//! other transports' do here; its docs and benchmarks use `send` and `recv`. It has no batches.

use std::hint::spin_loop;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::transport::{self, Manner, Message, Spec, Transport};
use crate::work::shared;

/// Messages as values, copied in and out.
pub struct Values;

impl<const W: usize> Transport<W> for Values {
    const SINGLE: Manner = Manner::Copied;

    type Link = (Sender<Message<W>>, Receiver<Message<W>>);
    type Sender = Sender<Message<W>>;
    type Receiver = Receiver<Message<W>>;

    fn link(spec: Spec) -> Result<Self::Link> {
        Ok(bounded(spec.capacity))
    }

    fn sender(link: &Self::Link, _: Spec) -> Result<Self::Sender> {
        Ok(link.0.clone())
    }

    fn receiver(link: &Self::Link, _: Spec) -> Result<Self::Receiver> {
        Ok(link.1.clone())
    }
}

impl<const W: usize> transport::Sender<W> for Sender<Message<W>> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        while let Err(TrySendError::Full(back)) = self.try_send(message) {
            message = back;
            spin_loop();
        }
    }
}

impl<const W: usize> transport::Receiver<W> for Receiver<Message<W>> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Ok(message) = self.try_recv() {
                return read(&message);
            }
            spin_loop();
        }
    }
}

/// Large messages in boxes, which go back through a second channel: nothing is copied.
pub struct Boxes;

type Ends<const W: usize> = (Sender<Box<Message<W>>>, Receiver<Box<Message<W>>>);

/// What each side has, until it has taken it.
pub struct BoxLink<const W: usize>(Mutex<[Option<Ends<W>>; 2]>);

impl<const W: usize> BoxLink<W> {
    fn take(&self, side: usize) -> Result<Ends<W>> {
        let mut ends = self.0.lock().map_err(|_| anyhow!("a side panicked"))?;
        ends[side].take().context("taken")
    }
}

pub struct BoxSender<const W: usize> {
    full: Sender<Box<Message<W>>>,
    empty: Receiver<Box<Message<W>>>,
}

pub struct BoxReceiver<const W: usize> {
    full: Receiver<Box<Message<W>>>,
    empty: Sender<Box<Message<W>>>,
}

impl<const W: usize> Transport<W> for Boxes {
    const SINGLE: Manner = Manner::InPlace;

    type Link = BoxLink<W>;
    type Sender = BoxSender<W>;
    type Receiver = BoxReceiver<W>;

    fn link(spec: Spec) -> Result<BoxLink<W>> {
        let (full, from_full) = bounded(spec.capacity);
        let (empty, from_empty) = bounded(spec.capacity);
        for _ in 0..spec.capacity {
            empty.send(super::buffer()).context("there is room for all")?;
        }
        Ok(BoxLink(Mutex::new([Some((full, from_empty)), Some((empty, from_full))])))
    }

    fn sender(link: &BoxLink<W>, _: Spec) -> Result<BoxSender<W>> {
        let (full, empty) = link.take(0)?;
        Ok(BoxSender { full, empty })
    }

    fn receiver(link: &BoxLink<W>, _: Spec) -> Result<BoxReceiver<W>> {
        let (empty, full) = link.take(1)?;
        Ok(BoxReceiver { full, empty })
    }
}

impl<const W: usize> transport::Sender<W> for BoxSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        loop {
            if let Ok(mut message) = self.empty.try_recv() {
                write(&mut message);
                self.full.try_send(message).expect("there is room for every box");
                return;
            }
            spin_loop();
        }
    }
}

impl<const W: usize> transport::Receiver<W> for BoxReceiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            if let Ok(message) = self.full.try_recv() {
                let outcome = read(&message);
                self.empty.try_send(message).expect("there is room for every box");
                return outcome;
            }
            spin_loop();
        }
    }
}

/// Numbers that are spread over receivers.
pub struct Pool;

impl shared::Pool for Pool {
    type Link = (Sender<u64>, Receiver<u64>);
    type Feeder = Sender<u64>;
    type Taker = Receiver<u64>;

    fn link(capacity: usize) -> Result<Self::Link> {
        Ok(bounded(capacity))
    }

    fn feeder(link: &Self::Link, _: usize) -> Result<Sender<u64>> {
        Ok(link.0.clone())
    }

    fn taker(link: &Self::Link, _: usize) -> Result<Receiver<u64>> {
        Ok(link.1.clone())
    }
}

impl shared::Feeder for Sender<u64> {
    fn feed(&mut self, number: u64) {
        self.try_send(number).expect("there is room");
    }
}

impl shared::Taker for Receiver<u64> {
    #[inline]
    fn take(&mut self) -> Option<u64> {
        self.try_recv().ok()
    }

    /// There are no batches.
    #[inline]
    fn take_batch(&mut self, mut each: impl FnMut(u64)) -> usize {
        self.take().map_or(0, |number| {
            each(number);
            1
        })
    }
}
