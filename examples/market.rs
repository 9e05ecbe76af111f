//! One feed of quotes, a book that must not miss any, and a display that must not hold the feed up.
//!
//! ```text
//! market [COUNT]
//! ```
//!
//! The feed sends `COUNT` quotes (2 million by default) to two processes of their own. The book
//! keeper is a subscriber: it gets every quote, in order, and the feed waits for it. The display is
//! an observer that looks every few milliseconds: it gets what is left by then, and is told exactly
//! how many quotes it has missed.

use std::error::Error;
use std::process::ExitCode;

type Outcome = Result<String, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => sides::feed(2_000_000),
        ["keeper", name] => sides::keeper(name),
        ["display", name] => sides::display(name),
        [count] => match count.parse() {
            Ok(count) => sides::feed(count),
            Err(_) => Err("usage: market [COUNT]".into()),
        },
        _ => Err("usage: market [COUNT]".into()),
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

#[cfg(all(feature = "std", feature = "derive", target_os = "linux"))]
mod sides {
    use std::process::{Child, Command};
    use std::thread;
    use std::time::{Duration, Instant};

    use ringway::error::{RecvError, TryRecvError};
    use ringway::{Options, Ring, Segment, Start, message};

    use super::Outcome;

    /// How long each side waits for the others to be there.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// How often the display is painted.
    const PICTURE: Duration = Duration::from_millis(5);
    const INSTRUMENTS: usize = 64;

    #[message]
    #[derive(Clone, Copy)]
    struct Quote {
        number: u64,
        instrument: u32,
        size: u32,
        price: u64,
    }

    fn quote(number: u64) -> Quote {
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let instrument = (random >> 32) as u32 % INSTRUMENTS as u32;
        Quote { number, instrument, size: random as u32 % 100, price: 1000 + random % 50 }
    }

    pub(super) fn feed(count: u64) -> Outcome {
        let Name(name) = &Name(format!("ringway-market-{}", std::process::id()));
        // The feed does not wait for a display: one that comes when the feed is over finds the last
        // quotes.
        let segment = Segment::new(name).keep(true);
        let mut producer = Options::<Quote>::new(4096).subscribers(1).create(segment)?;
        let mut crew = [start("keeper", name)?, start("display", name)?];
        producer.wait_for_consumers(1, PATIENCE)?;
        let begun = Instant::now();
        let mut turnover = 0u64;
        for number in 0..count {
            let quote = quote(number);
            turnover = turnover.wrapping_add(u64::from(quote.size) * quote.price);
            producer.send(&quote)?;
        }
        let time = begun.elapsed();
        producer.close().unwrap();
        for child in &mut crew {
            if !child.wait()?.success() {
                return Err("a side's account is wrong".into());
            }
        }
        let rate = count as f64 / time.as_secs_f64();
        Ok(format!("feed: {count} quotes, {rate:.0}/s, turnover {turnover}"))
    }

    /// The name of a ring that stays when its producer is gone, and goes with this.
    struct Name(String);

    impl Drop for Name {
        fn drop(&mut self) {
            if let Err(error) = ringway::segment::unlink(self.0.as_str()) {
                eprintln!("removing {}: {error}", self.0);
            }
        }
    }

    fn start(role: &str, name: &str) -> std::io::Result<Child> {
        Command::new(std::env::current_exe()?).args([role, name]).spawn()
    }

    pub(super) fn keeper(name: &str) -> Outcome {
        let mut subscriber = Ring::<Quote>::open_wait(name, PATIENCE)?.subscribe(Start::Next)?;
        let mut books = [0u64; INSTRUMENTS];
        let (mut turnover, mut next) = (0u64, 0);
        loop {
            match subscriber.recv() {
                Ok(quote) if quote.number == next => {
                    let book = books.get_mut(quote.instrument as usize);
                    *book.ok_or("there is no such instrument")? += u64::from(quote.size);
                    turnover = turnover.wrapping_add(u64::from(quote.size) * quote.price);
                    next += 1;
                }
                Ok(quote) => return Err(format!("quote {} came, not {next}", quote.number).into()),
                Err(RecvError::Closed) => break,
                Err(error) => return Err(error.into()),
            }
        }
        let busiest = (0..INSTRUMENTS).max_by_key(|&instrument| books[instrument]);
        Ok(format!("keeper: {next} quotes, turnover {turnover}, busiest instrument {busiest:?}"))
    }

    pub(super) fn display(name: &str) -> Outcome {
        let mut observer = Ring::<Quote>::open_wait(name, PATIENCE)?.observe(Start::Oldest)?;
        // Positions are as wide as numbers, or not.
        #[allow(clippy::useless_conversion)]
        let first = u64::from(observer.position());
        let (mut seen, mut missed) = (0, 0);
        let mut prices = [0; INSTRUMENTS];
        loop {
            match observer.try_recv() {
                Ok(quote) if quote.number == first + seen + missed => {
                    *prices.get_mut(quote.instrument as usize).ok_or("no such instrument")? =
                        quote.price;
                    seen += 1;
                }
                Ok(quote) => return Err(format!("quote {} was not counted", quote.number).into()),
                Err(TryRecvError::Lagged(n)) => missed += n,
                Err(TryRecvError::Empty) => thread::sleep(PICTURE),
                Err(TryRecvError::Closed) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(format!(
            "display: {seen} quotes seen, {missed} missed, {} in all",
            first + seen + missed
        ))
    }
}

/// Elsewhere there are no segments.
#[cfg(not(all(feature = "std", feature = "derive", target_os = "linux")))]
mod sides {
    use super::Outcome;

    pub(super) fn feed(_count: u64) -> Outcome {
        Err("shared-memory segments take Linux and the feature `std`".into())
    }

    pub(super) fn keeper(_name: &str) -> Outcome {
        feed(0)
    }

    pub(super) fn display(_name: &str) -> Outcome {
        feed(0)
    }
}
