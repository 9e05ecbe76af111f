//! How long it takes until somebody who slept goes on.

use std::time::{Duration, Instant};

use anyhow::Result;
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::transport::{Receiver, Sender, Spec, Transport};

/// How long the sender waits before each message: a receiver that looks for a while before it goes
/// to sleep is asleep by then.
const QUIET: Duration = Duration::from_millis(1);

/// Sends `rounds` messages, each to a receiver that sleeps. Returns the nanoseconds from before the
/// call that sends to after the one that receives, sorted. The two cores' clocks are one: see the
/// report.
pub fn run<T: Transport<1>>(setting: Setting, spec: Spec, rounds: u64) -> Result<Vec<f64>> {
    let link = T::link(spec)?;
    let clock = Clock::new();
    let sender = |meeting: &Meeting| {
        let mut sender = T::sender(&link, spec)?;
        meeting.meet();
        for _ in 0..rounds {
            // Not asleep itself: what is measured is a sender that is at work.
            let quiet = Instant::now();
            while quiet.elapsed() < QUIET {
                std::hint::spin_loop();
            }
            sender.send(|message| message[0] = clock.raw());
            // One at a time: a receiver that was late must not find two.
            meeting.meet();
        }
        Ok(Vec::new())
    };
    let receiver = |meeting: &Meeting| {
        let mut receiver = T::receiver(&link, spec)?;
        meeting.meet();
        let mut times = Vec::with_capacity(rounds as usize);
        for _ in 0..rounds {
            let sent = receiver.recv(|message| message[0]);
            times.push(clock.delta_as_nanos(sent, clock.raw()));
            meeting.meet();
        }
        Ok(times)
    };
    let [_, times] = pair::run(setting, sender, receiver)?;
    let mut times: Vec<f64> = times.into_iter().map(|time| time as f64).collect();
    times.sort_by(f64::total_cmp);
    Ok(times)
}
