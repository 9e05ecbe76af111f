//! One sender, and several receivers of which each gets every message. The receivers have the second
//! core together: they are ends of one process there, which takes what is there from each in turn, so
//! that nothing depends on when the scheduler switches.

use anyhow::{Context, Result, ensure};
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::transport::{Receiver, Sender, Spec, Transport};
use crate::work::{difference, fill};

/// Sends `count` messages in batches, after `warm` that do not count, to `spec.consumers` receivers.
/// Returns the nanoseconds per message sent.
pub fn run<T: Transport<W>, const W: usize>(
    setting: Setting,
    spec: Spec,
    warm: u64,
    count: u64,
) -> Result<f64> {
    let link = T::link(spec)?;
    let clock = Clock::new();
    let producer = |meeting: &Meeting| {
        let mut sender = T::sender(&link, spec)?;
        meeting.meet();
        let mut number = 0;
        while number < warm + count {
            sender.send_batch(spec.batch, |i, message| fill(message, number + i as u64));
            number += spec.batch as u64;
        }
        // Until everything has been received: a sender that is dropped may take messages with it.
        meeting.meet();
        Ok(Vec::new())
    };
    let consumers = |meeting: &Meeting| {
        let mut receivers = Vec::new();
        for _ in 0..spec.consumers {
            receivers.push((T::receiver(&link, spec)?, 0));
        }
        meeting.meet();
        let mut wrong = 0;
        let mut take = |until: u64| {
            // They stay together: each has what the one before it has, or it is there for it.
            while receivers.iter().any(|(_, received)| *received < until) {
                for (receiver, received) in &mut receivers {
                    let max = (until - *received).min(spec.batch as u64) as usize;
                    if max == 0 {
                        continue;
                    }
                    let mut next = *received;
                    receiver.recv_batch(max, |message| {
                        wrong |= difference(message, next);
                        next += 1;
                    });
                    *received = next;
                }
            }
        };
        take(warm);
        let begin = clock.raw();
        take(warm + count);
        let time = clock.delta_as_nanos(begin, clock.raw());
        meeting.meet();
        ensure!(wrong == 0, "a message was not what had been sent");
        Ok(vec![time])
    };
    let [_, time] = pair::run(setting, producer, consumers)?;
    Ok(*time.first().context("the consumers reported nothing")? as f64 / count as f64)
}
