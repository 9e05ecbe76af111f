//! How long a cache line takes from one core to the other: what decides which of two machines' tables
//! can be compared.

use anyhow::{Context, Result};
use quanta::Clock;

use crate::floors::OneLine;
use crate::pair::{self, Meeting, Setting};
use crate::stats::Summary;
use crate::transport::{Receiver, Sender, Spec, Transport};

/// Round trips that are timed together, so that looking at the clock takes no part.
const TRIPS: u64 = 250;
/// How often.
const BLOCKS: u64 = 21;

/// The nanoseconds that a line takes one way: half of a round trip, the median of several blocks of
/// them.
pub fn measure(setting: Setting) -> Result<f64> {
    let spec = Spec { capacity: 1, batch: 1, consumers: 1 };
    let (there, back) = (link(spec)?, link(spec)?);
    let clock = Clock::new();
    let first = |meeting: &Meeting| {
        let mut sender = <OneLine as Transport<1>>::sender(&there, spec)?;
        let mut receiver = <OneLine as Transport<1>>::receiver(&back, spec)?;
        meeting.meet();
        let mut times = Vec::new();
        for block in 0..BLOCKS {
            let before = clock.raw();
            for trip in 0..TRIPS {
                Sender::<1>::send(&mut sender, |message| message[0] = block * TRIPS + trip);
                Receiver::<1>::recv(&mut receiver, |_| ());
            }
            times.push(clock.delta_as_nanos(before, clock.raw()));
        }
        Ok(times)
    };
    let second = |meeting: &Meeting| {
        let mut receiver = <OneLine as Transport<1>>::receiver(&there, spec)?;
        let mut sender = <OneLine as Transport<1>>::sender(&back, spec)?;
        meeting.meet();
        for trip in 0..BLOCKS * TRIPS {
            Receiver::<1>::recv(&mut receiver, |_| ());
            Sender::<1>::send(&mut sender, |message| message[0] = trip);
        }
        Ok(Vec::new())
    };
    let [times, _] = pair::run(setting, first, second)?;
    let hops = times.into_iter().map(|time| time as f64 / (2 * TRIPS) as f64);
    Ok(Summary::of(hops).context("the hop was not measured")?.median)
}

fn link(spec: Spec) -> Result<<OneLine as Transport<1>>::Link> {
    <OneLine as Transport<1>>::link(spec)
}
