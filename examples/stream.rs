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
//! system calls are counted with.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

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
    let time = match side {
        "producer" => sides::producer(name, count)?,
        "subscriber" => sides::subscriber(name, count)?,
        _ => return Err(USAGE.into()),
    };
    let rate = count as f64 / time.as_secs_f64();
    Ok(format!("{side}: {count} messages in {time:.3?}, {rate:.0}/s"))
}

#[cfg(all(feature = "std", target_os = "linux"))]
mod sides {
    use std::time::Instant;

    use ringway::error::RecvError;
    use ringway::{Options, Ring, Start};

    use super::*;

    /// How long each side waits for the other to be there.
    const PATIENCE: Duration = Duration::from_secs(10);

    pub(super) fn producer(name: &str, count: u64) -> Result<Duration, Box<dyn Error>> {
        let mut producer = Options::<u64>::new(4096).create(name)?;
        producer.wait_for_consumers(1, PATIENCE)?;
        let begun = Instant::now();
        for n in 0..count {
            producer.send(&n)?;
        }
        Ok(begun.elapsed())
    }

    pub(super) fn subscriber(name: &str, count: u64) -> Result<Duration, Box<dyn Error>> {
        let ring = Ring::<u64>::open_wait(name, PATIENCE)?;
        // The producer waits for us, so that the next message is the first.
        let mut subscriber = ring.subscribe(Start::Next)?;
        let mut begun = None;
        for expected in 0..count {
            let got = subscriber.recv()?;
            begun.get_or_insert_with(Instant::now);
            if got != expected {
                return Err(format!("message {expected} says {got}").into());
            }
        }
        let time = begun.map_or(Duration::ZERO, |begun: Instant| begun.elapsed());
        match subscriber.recv() {
            Err(RecvError::Closed) => Ok(time),
            more => Err(format!("after {count} messages the end was due, and not {more:?}").into()),
        }
    }
}

/// Elsewhere there are no segments.
#[cfg(not(all(feature = "std", target_os = "linux")))]
mod sides {
    use super::*;

    pub(super) fn producer(_name: &str, _count: u64) -> Result<Duration, Box<dyn Error>> {
        Err("shared-memory segments take Linux and the feature `std`".into())
    }

    pub(super) fn subscriber(name: &str, count: u64) -> Result<Duration, Box<dyn Error>> {
        producer(name, count)
    }
}
