//! Counts what comes, until Ctrl-C: a handler of the signal ends the call that blocks.
//!
//! ```text
//! interrupt           a ring on the heap, fed by a thread
//! interrupt COUNT     the same, which presses Ctrl-C itself after so many messages
//! ```
//!
//! The handler does nothing but raise an interrupt, which is async-signal-safe. The call that
//! blocks returns `Interrupted`; what had come before is received first.

use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match program::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(all(feature = "std", target_os = "linux"))]
mod program {
    use std::thread;
    use std::time::Duration;

    use ringway::error::{RecvError, SendError};
    use ringway::wait::Interrupt;
    use ringway::{Options, Producer, Start, Subscriber};
    use signal_hook::consts::SIGINT;
    use signal_hook::low_level;

    use super::*;

    pub(super) fn run() -> Result<(), Box<dyn Error>> {
        let ends_itself = std::env::args().nth(1).map(|count| count.parse()).transpose()?;
        let stop = Interrupt::new();
        let raised = stop.clone();
        // SAFETY: `raise` is async-signal-safe, and the handler calls nothing else.
        unsafe { low_level::register(SIGINT, move || raised.raise()) }?;

        let (producer, ring) = Options::<u64>::new(8).heap()?;
        let subscriber = ring.subscribe(Start::Next)?.interrupted_by(&stop);
        let producer = producer.interrupted_by(&stop);
        let feed = thread::spawn(move || feed(producer, &stop));
        println!("counting, until Ctrl-C");
        let counted = count(subscriber, ends_itself)?;
        let sent = feed.join().map_err(|_| "the feed panicked")??;
        println!("{counted} messages counted of {sent} sent");
        Ok(())
    }

    /// Receives until it is told to stop, and then what is left.
    fn count(
        mut subscriber: Subscriber<u64>,
        ends_itself: Option<u64>,
    ) -> Result<u64, Box<dyn Error>> {
        let mut counted = 0;
        loop {
            match subscriber.recv() {
                Ok(_) => counted += 1,
                Err(RecvError::Interrupted) => break,
                Err(error) => return Err(error.into()),
            }
            if ends_itself == Some(counted) {
                low_level::raise(SIGINT)?;
            }
        }
        // The feed stops, too, and closes the ring.
        let mut subscriber = subscriber.interrupted_by(None);
        loop {
            match subscriber.recv() {
                Ok(_) => counted += 1,
                Err(RecvError::Closed) => return Ok(counted),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends a number every millisecond, until it is told to stop. Returns how many were sent.
    fn feed(mut producer: Producer<u64>, stop: &Interrupt) -> Result<u64, SendError> {
        let mut sent = 0;
        while !stop.is_raised() {
            match producer.send(&sent) {
                Ok(()) => sent += 1,
                // It waited for room. This one was not sent.
                Err(SendError::Interrupted) => break,
                Err(error) => return Err(error),
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(sent)
    }
}

/// Elsewhere there may be no such signal.
#[cfg(not(all(feature = "std", target_os = "linux")))]
mod program {
    use super::*;

    pub(super) fn run() -> Result<(), Box<dyn Error>> {
        Err("this example takes Linux and the feature `std`".into())
    }
}
