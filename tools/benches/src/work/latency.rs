//! One-way latency: half of a round trip, one message under way at a time.

use anyhow::{Result, ensure};
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::transport::{Receiver, Sender, Spec, Transport};
use crate::work::{difference, fill};

/// Sends `rounds` messages there and back, after `warm` that do not count. Returns half of each
/// round trip in nanoseconds, sorted.
pub fn run<T: Transport<W>, const W: usize>(
    setting: Setting,
    spec: Spec,
    warm: u64,
    rounds: u64,
) -> Result<Vec<f64>> {
    let (there, back) = (T::link(spec)?, T::link(spec)?);
    let clock = Clock::new();
    let first = |meeting: &Meeting| {
        let mut sender = T::sender(&there, spec)?;
        let mut receiver = T::receiver(&back, spec)?;
        meeting.meet();
        let mut times = Vec::with_capacity(rounds as usize);
        let mut wrong = 0;
        for number in 0..warm + rounds {
            let before = clock.raw();
            sender.send(|message| fill(message, number));
            receiver.recv(|message| wrong |= difference(message, number));
            let after = clock.raw();
            if number >= warm {
                times.push(clock.delta_as_nanos(before, after));
            }
        }
        meeting.meet();
        ensure!(wrong == 0, "a message was not what had been sent");
        Ok(times)
    };
    let second = |meeting: &Meeting| {
        let mut receiver = T::receiver(&there, spec)?;
        let mut sender = T::sender(&back, spec)?;
        meeting.meet();
        let mut wrong = 0;
        for number in 0..warm + rounds {
            receiver.recv(|message| wrong |= difference(message, number));
            sender.send(|message| fill(message, number));
        }
        meeting.meet();
        ensure!(wrong == 0, "a message was not what had been sent");
        Ok(Vec::new())
    };
    let [times, _] = pair::run(setting, first, second)?;
    let mut halves: Vec<f64> = times.into_iter().map(|time| time as f64 / 2.0).collect();
    halves.sort_by(f64::total_cmp);
    Ok(halves)
}
