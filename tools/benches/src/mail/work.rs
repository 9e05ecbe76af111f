//! Many senders, one receiver: how fast messages of all of them together are received.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use quanta::Clock;

use crate::pair::{Child, Setting};
use crate::shared::Words;
use crate::transport::{Receiver, Sender, Spec, Transport};
use crate::trial::{self, Key, STEP, Trial, Work};

/// What there is to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mail {
    /// Nanoseconds per message that one receives of so many senders.
    Gather(usize),
}

/// So many senders, on the second core by turns, to a receiver on the first one. `spec`: what all
/// lanes together hold.
pub fn gather<T: Transport<W> + 'static, const W: usize>(
    name: &'static str,
    threads: bool,
    spec: Spec,
    senders: usize,
) -> Trial
where
    T::Link: Sync,
{
    let work = Work::Mail(Mail::Gather(senders));
    let key = Key { work, size: 8 * W, capacity: spec.capacity, manner: T::SINGLE, name };
    let step = STEP * senders as u64;
    Trial::new(key, threads, (step, 1 << 26), move |cores, count| {
        let warm = (count / 4).next_multiple_of(step);
        let setting = trial::setting(cores, threads);
        let time = run::<T, W>(setting, spec, senders as u64, [warm, count])?;
        Ok((time as f64 / count as f64).into())
    })
}

/// Bits of a message's number; the sender's is above them.
const NUMBER: u32 = 48;

/// What each side stores in memory that all have: how many have come, and the time that it took.
struct Gate<'a> {
    words: &'a Words,
    sides: u64,
}

impl Gate<'_> {
    fn arrived(&self) -> &AtomicU64 {
        &self.words[0]
    }

    /// Away from what all sides look at.
    fn time(&self) -> &AtomicU64 {
        &self.words[32]
    }

    /// Waits for all others, which call this as often.
    fn meet(&self) {
        let mine = self.arrived().fetch_add(1, Ordering::AcqRel);
        let all = (mine / self.sides + 1) * self.sides;
        while self.arrived().load(Ordering::Acquire) < all {
            // There are more of them than cores.
            std::thread::yield_now();
        }
    }
}

/// Receives `count` messages after `warm` that do not count, the same number of each sender. Returns
/// the nanoseconds.
fn run<T: Transport<W>, const W: usize>(
    setting: Setting,
    spec: Spec,
    senders: u64,
    [warm, count]: [u64; 2],
) -> Result<u64>
where
    T::Link: Sync,
{
    let link = T::link(spec)?;
    let words = Words::new(64)?;
    let gate = Gate { words: &words, sides: senders + 1 };
    let (cores, each) = (setting.cores, (warm + count) / senders);
    let send = |side: u64| -> Result<()> {
        cores.pin(1)?;
        let mut sender = T::sender(&link, spec)?;
        gate.meet();
        for number in 0..each {
            sender.send(|message| *message = [side << NUMBER | number; W]);
        }
        // Until all has been received: a sender that is dropped may take messages with it.
        gate.meet();
        Ok(())
    };
    let receive = || -> Result<()> {
        cores.pin(0)?;
        let clock = Clock::new();
        let mut receiver = T::receiver(&link, spec)?;
        let mut next = vec![0; senders as usize];
        let mut wrong = 0;
        gate.meet();
        let mut take = |messages: u64| {
            for _ in 0..messages {
                receiver.recv(|message| {
                    let (side, number) = (message[0] >> NUMBER, message[0] & ((1 << NUMBER) - 1));
                    // In each sender's order, and whole.
                    wrong |= message.iter().fold(0, |wrong, word| wrong | word ^ message[0]);
                    match next.get_mut(side as usize) {
                        Some(next) => {
                            wrong |= *next ^ number;
                            *next += 1;
                        }
                        None => wrong = u64::MAX,
                    }
                });
            }
        };
        take(warm);
        let begin = clock.raw();
        take(count);
        let end = clock.raw();
        gate.time().store(clock.delta_as_nanos(begin, end), Ordering::Relaxed);
        gate.meet();
        ensure!(wrong == 0, "a message was not what its sender had sent next");
        ensure!(next.iter().all(|next| *next == each), "{next:?} of {each} each came");
        Ok(())
    };
    match setting.threads {
        true => threads(setting, senders, send, receive)?,
        false => processes(setting, senders, send, receive)?,
    }
    Ok(gate.time().load(Ordering::Relaxed))
}

fn processes(
    setting: Setting,
    senders: u64,
    send: impl Fn(u64) -> Result<()>,
    receive: impl Fn() -> Result<()>,
) -> Result<()> {
    let senders = (0..senders).map(|side| Child::start(|| send(side)));
    let children = senders.collect::<Result<Vec<Child>>>()?;
    let receiver = Child::start(receive)?;
    // If one fails the others would wait for it for ever, and are killed as they are dropped.
    receiver.join(setting.limit)?;
    children.into_iter().try_for_each(|child| child.join(setting.limit))
}

/// The same as threads of a process of their own.
fn threads(
    setting: Setting,
    senders: u64,
    send: impl Fn(u64) -> Result<()> + Sync,
    receive: impl Fn() -> Result<()>,
) -> Result<()> {
    let child = Child::start(|| {
        std::thread::scope(|scope| {
            let send = &send;
            let senders = (0..senders).map(|side| scope.spawn(move || send(side)));
            let senders: Vec<_> = senders.collect();
            receive()?;
            senders.into_iter().try_for_each(|sender| sender.join().ok().context("it panicked")?)
        })
    })?;
    child.join(setting.limit)
}
