//! What it takes to get started.

use anyhow::{Context, Result, bail, ensure};
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::transport::{Receiver, Sender, Spec, Transport};
use crate::work::fill;

/// Messages between two turns of the receiver: as many as the smallest waiting room has.
const AT_A_TIME: u64 = 8;

/// What it took.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// To make the link and its sending end.
    pub create_nanos: f64,
    /// To make the receiving end, the sending one being there.
    pub join_nanos: f64,
    /// Bytes that both sides have more in memory than before, after two laps.
    pub memory: f64,
}

/// Sets a link up and sends two laps through it.
pub fn run<T: Transport<1>>(setting: Setting, spec: Spec) -> Result<Outcome> {
    let clock = Clock::new();
    let before = clock.raw();
    let link = T::link(spec)?;
    let link_nanos = clock.delta_as_nanos(before, clock.raw());
    let turns = 2 * spec.capacity as u64 / AT_A_TIME;
    let sender = |meeting: &Meeting| {
        let resident = resident()?;
        let before = clock.raw();
        let mut sender = T::sender(&link, spec)?;
        let time = clock.delta_as_nanos(before, clock.raw());
        meeting.meet();
        meeting.meet();
        for turn in 0..turns {
            for i in 0..AT_A_TIME {
                sender.send(|message| fill(message, turn * AT_A_TIME + i));
            }
            meeting.meet();
            meeting.meet();
        }
        Ok(vec![time, growth(resident)?])
    };
    let receiver = |meeting: &Meeting| {
        let resident = resident()?;
        // Some transports can make either end first, and some only this one after the other.
        meeting.meet();
        let before = clock.raw();
        let mut receiver = T::receiver(&link, spec)?;
        let time = clock.delta_as_nanos(before, clock.raw());
        meeting.meet();
        let mut wrong = 0;
        for turn in 0..turns {
            meeting.meet();
            for i in 0..AT_A_TIME {
                wrong |= receiver.recv(|message| message[0] ^ (turn * AT_A_TIME + i));
            }
            meeting.meet();
        }
        ensure!(wrong == 0, "a message was not what had been sent");
        Ok(vec![time, growth(resident)?])
    };
    let [sent, received] = pair::run(setting, sender, receiver)?;
    let (&[create, sender_memory], &[join, receiver_memory]) = (&sent[..], &received[..]) else {
        bail!("the sides reported {sent:?} and {received:?}");
    };
    Ok(Outcome {
        create_nanos: (link_nanos + create) as f64,
        join_nanos: join as f64,
        memory: (sender_memory + receiver_memory) as f64,
    })
}

/// Bytes more than `before`.
fn growth(before: u64) -> Result<u64> {
    Ok(resident()?.saturating_sub(before))
}

/// Bytes of this process that are in memory, each shared page by its part.
fn resident() -> Result<u64> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").context("smaps_rollup")?;
    let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = pss.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.context("smaps_rollup has no Pss")? * 1024)
}
