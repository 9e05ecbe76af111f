//! Throughput: messages as fast as they go, one at a time or in batches.

use anyhow::{Context, Result, ensure};
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::transport::{Receiver, Sender, Spec, Transport};
use crate::work::{difference, fill};

/// How the messages are sent and received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Calls {
    OneAtATime,
    Batches,
}

/// What came of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub nanos_per_message: f64,
    /// The part of the messages that were overwritten before they were received.
    pub lost: f64,
}

/// Receives `count` messages after `warm` that do not count; both are whole batches.
pub fn run<T: Transport<W>, const W: usize>(
    setting: Setting,
    spec: Spec,
    calls: Calls,
    warm: u64,
    count: u64,
) -> Result<Outcome> {
    let link = T::link(spec)?;
    let clock = Clock::new();
    let batch = if calls == Calls::Batches { spec.batch } else { 1 };
    let producer = |meeting: &Meeting| {
        let mut sender = T::sender(&link, spec)?;
        meeting.meet();
        let mut number = 0;
        while if T::LOSSY { !meeting.is_over() } else { number < warm + count } {
            match calls {
                Calls::OneAtATime => {
                    // Whether it is over is worth a look now and then.
                    let until = if T::LOSSY { number + 64 } else { warm + count };
                    while number < until {
                        sender.send(|message| fill(message, number));
                        number += 1;
                    }
                }
                Calls::Batches => {
                    sender.send_batch(batch, |i, message| fill(message, number + i as u64));
                    number += batch as u64;
                }
            }
        }
        // Until everything has been received: a sender that is dropped may take messages with it.
        meeting.meet();
        Ok(Vec::new())
    };
    let consumer = |meeting: &Meeting| {
        let mut receiver = T::receiver(&link, spec)?;
        meeting.meet();
        let mut tally = Tally::default();
        let take = |tally: &mut Tally, receiver: &mut T::Receiver, until: u64| match calls {
            Calls::OneAtATime => tally.one_at_a_time::<T, W>(receiver, until),
            Calls::Batches => tally.batches::<T, W>(receiver, until, batch),
        };
        take(&mut tally, &mut receiver, warm);
        let (begin, from) = (clock.raw(), tally);
        take(&mut tally, &mut receiver, warm + count);
        let time = clock.delta_as_nanos(begin, clock.raw());
        meeting.end();
        meeting.meet();
        ensure!(tally.wrong == 0, "a message was not what had been sent");
        Ok(vec![time, tally.received - from.received, tally.next - from.next])
    };
    let [_, figures] = pair::run(setting, producer, consumer)?;
    let &[time, received, sent] = &figures[..] else {
        return Err(anyhow::anyhow!("the consumer reported {figures:?}"));
    };
    let received = (received != 0).then_some(received as f64).context("nothing was received")?;
    let lost = 1.0 - received / sent as f64;
    Ok(Outcome { nanos_per_message: time as f64 / received, lost })
}

/// What a consumer has seen.
#[derive(Clone, Copy, Default)]
struct Tally {
    received: u64,
    /// The number of the next message, if none is lost.
    next: u64,
    /// 0 while every message is what was sent.
    wrong: u64,
}

impl Tally {
    #[inline]
    fn one<T: Transport<W>, const W: usize>(&mut self, message: &[u64; W]) {
        let number = if T::LOSSY { message[0] } else { self.next };
        self.wrong |= difference(message, number);
        if T::LOSSY {
            self.wrong |= u64::from(number < self.next);
        }
        self.next = number.wrapping_add(1);
        self.received += 1;
    }

    fn one_at_a_time<T: Transport<W>, const W: usize>(
        &mut self,
        receiver: &mut T::Receiver,
        until: u64,
    ) {
        while self.received < until {
            receiver.recv(|message| self.one::<T, W>(message));
        }
    }

    fn batches<T: Transport<W>, const W: usize>(
        &mut self,
        receiver: &mut T::Receiver,
        until: u64,
        batch: usize,
    ) {
        while self.received < until {
            let max = (until - self.received).min(batch as u64) as usize;
            receiver.recv_batch(max, |message| self.one::<T, W>(message));
        }
    }
}
