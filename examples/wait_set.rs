//! One thread that looks after two rings, a socket and a timer.
//!
//! ```text
//! wait_set [COUNT]
//! ```
//!
//! A feed sends `COUNT` prices (1,000 by default), and a desk as many orders of many lengths. The
//! thread waits for both, and for commands that come through a socket, by `poll`: the set has a
//! descriptor for that. Every 10 ms it says how far it has come. A thread with nothing but rings to
//! wait for would call `WaitSet::wait`, which is faster.

use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    let count = std::env::args().nth(1).map_or(Ok(1000), |count| count.parse());
    let outcome = match count {
        Ok(count) => service::run(count),
        Err(_) => Err(Box::<dyn Error>::from("usage: wait_set [COUNT]")),
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

#[cfg(all(feature = "std", target_os = "linux"))]
mod service {
    use std::error::Error;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::{Duration, Instant};

    use ringway::error::TryRecvError;
    use ringway::{Options, Start, Subscriber, WaitSet};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    type Outcome<T> = Result<T, Box<dyn Error>>;

    const PRICES: u64 = 0;
    const ORDERS: u64 = 1;
    const TICK: Duration = Duration::from_millis(10);

    /// What the thread has seen.
    #[derive(Default)]
    struct Seen {
        prices: u64,
        orders: u64,
        commands: usize,
        ticks: u64,
    }

    struct Service {
        prices: Subscriber<u64>,
        orders: Subscriber<[u8]>,
        client: UnixStream,
        set: WaitSet,
        seen: Seen,
    }

    pub(super) fn run(count: u64) -> Outcome<String> {
        let (mut feed, prices) = Options::<u64>::new(64).heap()?;
        let (mut desk, orders) = Options::<[u8]>::bytes(64, 100).heap()?;
        let (mut prices, mut orders) =
            (prices.subscribe(Start::Next)?, orders.subscribe(Start::Next)?);
        let (mut user, client) = UnixStream::pair()?;
        client.set_nonblocking(true)?;
        let set = WaitSet::new();
        set.add(&mut prices, PRICES)?;
        set.add(&mut orders, ORDERS)?;
        let mut service = Service { prices, orders, client, set, seen: Seen::default() };
        thread::scope(|scope| {
            scope.spawn(move || (0..count).try_for_each(|price| feed.send(&price)));
            scope.spawn(move || {
                let length = |order| (order % 100) as usize;
                (0..count).try_for_each(|order| desk.send(&[b'o'; 100][..length(order)]))
            });
            scope.spawn(move || (0..10).try_for_each(|_| user.write_all(b"status\n")));
            service.serve()
        })?;
        let Seen { prices, orders, commands, ticks: _ } = service.seen;
        Ok(format!("service: {prices} prices, {orders} orders, {commands} bytes of commands"))
    }

    impl Service {
        fn serve(&mut self) -> Outcome<()> {
            let mut next_tick = Instant::now() + TICK;
            let mut is_connected = true;
            while is_connected || !self.set.is_empty() {
                let left = next_tick.saturating_duration_since(Instant::now());
                let rings = PollFd::from_borrowed_fd(self.set.as_fd()?, PollFlags::IN);
                let client = PollFd::new(&self.client, PollFlags::IN);
                let mut both = [rings, client];
                let watched = if is_connected { 2 } else { 1 };
                poll(&mut both[..watched], Some(&Timespec::try_from(left)?))?;
                let [rings, client] = both.map(|fd| !fd.revents().is_empty());
                if rings {
                    self.receive()?;
                }
                if client && is_connected {
                    is_connected = self.hear()?;
                }
                if Instant::now() >= next_tick {
                    next_tick += TICK;
                    self.seen.ticks += 1;
                    println!("{} prices, {} orders", self.seen.prices, self.seen.orders);
                }
            }
            Ok(())
        }

        /// One message of each ring that has one, so that the socket and the timer get their turns. As
        /// long as there is more, the descriptor stays readable.
        fn receive(&mut self) -> Outcome<()> {
            let mut ready = Vec::with_capacity(2);
            self.set.try_wait(&mut ready)?;
            for key in ready {
                let outcome = match key {
                    PRICES => self.prices.try_recv().map(|_| self.seen.prices += 1),
                    _ => self.orders.try_recv_into(&mut [0; 100]).map(|_| self.seen.orders += 1),
                };
                match outcome {
                    Ok(()) => {}
                    // At its end a ring stays ready, so it leaves the set.
                    Err(TryRecvError::Closed) if key == PRICES => {
                        self.set.remove(&mut self.prices);
                    }
                    Err(TryRecvError::Closed) => {
                        self.set.remove(&mut self.orders);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        }

        /// Whether the client is still there.
        fn hear(&mut self) -> Outcome<bool> {
            let read = self.client.read(&mut [0; 64])?;
            self.seen.commands += read;
            Ok(read > 0)
        }
    }
}

#[cfg(not(all(feature = "std", target_os = "linux")))]
mod service {
    use std::error::Error;

    pub(super) fn run(_count: u64) -> Result<String, Box<dyn Error>> {
        Err("this takes Linux and the feature `std`".into())
    }
}
