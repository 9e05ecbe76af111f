//! The receiver alone: the sender fills, then the receiver drains, in turns. What receiving costs when
//! the sender is out of the way, with every line where the sender left it.

use anyhow::{Result, ensure};
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::transport::{Receiver, Sender, Spec, Transport};
use crate::work::{difference, fill};

/// `turns` times `burst` messages, no more than fit, after a quarter as many that do not count.
/// Returns the receiver's nanoseconds per message.
pub fn run<T: Transport<W>, const W: usize>(
    setting: Setting,
    spec: Spec,
    burst: u64,
    turns: u64,
) -> Result<f64> {
    let link = T::link(spec)?;
    let clock = Clock::new();
    let warm = turns / 4;
    let producer = |meeting: &Meeting| {
        let mut sender = T::sender(&link, spec)?;
        meeting.meet();
        for turn in 0..warm + turns {
            meeting.meet();
            for i in 0..burst {
                sender.send(|message| fill(message, turn * burst + i));
            }
            meeting.meet();
        }
        meeting.meet();
        Ok(Vec::new())
    };
    let consumer = |meeting: &Meeting| {
        let mut receiver = T::receiver(&link, spec)?;
        meeting.meet();
        let mut time = 0;
        let mut wrong = 0;
        for turn in 0..warm + turns {
            meeting.meet();
            meeting.meet();
            let before = clock.raw();
            for i in 0..burst {
                receiver.recv(|message| wrong |= difference(message, turn * burst + i));
            }
            let after = clock.raw();
            if turn >= warm {
                time += clock.delta_as_nanos(before, after);
            }
        }
        meeting.meet();
        ensure!(wrong == 0, "a message was not what had been sent");
        Ok(vec![time])
    };
    let [_, time] = pair::run(setting, producer, consumer)?;
    Ok(time.iter().sum::<u64>() as f64 / (turns * burst) as f64)
}
