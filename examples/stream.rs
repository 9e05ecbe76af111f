//! Streams numbers from one process to another, through a named segment.
//!
//! ```text
//! stream producer NAME COUNT
//! stream subscriber NAME COUNT
//! ```
//!
//! Start the two in any order. The subscriber checks that it gets 0, 1, 2, … and nothing else;
//! either side ends with a status that is not zero if anything is not as it should be. What they
//! wait with is the default, and they do nothing else while they stream: so this is also what
//! system calls are counted with. Each says from when to when data flowed: after the first lap, in
//! which it may have waited for the other side to be there, until its last message.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [side, name, count] => run(side, name, count),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "usage: stream producer|subscriber NAME COUNT";

fn run(side: &str, name: &str, count: &str) -> Result<String, Box<dyn Error>> {
    let count = count.parse()?;
    let flow = match side {
        "producer" => sides::producer(name, count)?,
        "subscriber" => sides::subscriber(name, count)?,
        _ => return Err(USAGE.into()),
    };
    let time = flow.to.saturating_sub(flow.first);
    let rate = count as f64 / time.as_secs_f64();
    let [from, to] = [flow.from, flow.to].map(|time| time.as_secs_f64());
    Ok(format!(
        "{side}: {count} messages in {time:.3?}, {rate:.0}/s; flowed from {from:.6} to {to:.6}"
    ))
}

/// When the first message was through, when the first lap was, and when the last message was: times
/// since 1970, so that they can be compared with those of a trace.
struct Flow {
    first: Duration,
    from: Duration,
    to: Duration,
}

/// Messages of a lap.
const CAPACITY: u64 = 4096;

impl Flow {
    fn begin() -> Flow {
        Flow { first: now(), from: now(), to: now() }
    }

    /// That message is through.
    fn passed(&mut self, message: u64) {
        if message == 0 {
            self.first = now();
        }
        if message <= CAPACITY {
            self.from = now();
        }
    }

    fn end(mut self) -> Flow {
        self.to = now();
        self
    }
}

/// The time since 1970, for which Linux needs no system call.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(all(feature = "std", target_os = "linux"))]
mod sides {
    use ringway::error::RecvError;
    use ringway::{Options, Ring, Start};

    use super::*;

    /// How long each side waits for the other to be there.
    const PATIENCE: Duration = Duration::from_secs(10);

    pub(super) fn producer(name: &str, count: u64) -> Result<Flow, Box<dyn Error>> {
        let mut producer = Options::<u64>::new(CAPACITY as usize).create(name)?;
        producer.wait_for_consumers(1, PATIENCE)?;
        let mut flow = Flow::begin();
        for n in 0..count {
            producer.send(&n)?;
            flow.passed(n);
        }
        Ok(flow.end())
    }

    pub(super) fn subscriber(name: &str, count: u64) -> Result<Flow, Box<dyn Error>> {
        let ring = Ring::<u64>::open_wait(name, PATIENCE)?;
        // The producer waits for us, so that the next message is the first.
        let mut subscriber = ring.subscribe(Start::Next)?;
        let mut flow = Flow::begin();
        for expected in 0..count {
            let got = subscriber.recv()?;
            flow.passed(expected);
            if got != expected {
                return Err(format!("message {expected} says {got}").into());
            }
        }
        let flow = flow.end();
        match subscriber.recv() {
            Err(RecvError::Closed) => Ok(flow),
            more => Err(format!("after {count} messages the end was due, and not {more:?}").into()),
        }
    }
}

/// Elsewhere there are no segments.
#[cfg(not(all(feature = "std", target_os = "linux")))]
mod sides {
    use super::*;

    pub(super) fn producer(_name: &str, _count: u64) -> Result<Flow, Box<dyn Error>> {
        Err("shared-memory segments take Linux and the feature `std`".into())
    }

    pub(super) fn subscriber(name: &str, count: u64) -> Result<Flow, Box<dyn Error>> {
        producer(name, count)
    }
}
