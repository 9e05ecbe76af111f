//! A calculator: two processes serve, one is killed on the way, and every sum is answered.
//!
//! ```text
//! calculator [COUNT]
//! ```
//!
//! The program asks for `COUNT` sums (20,000 by default), several at a time, of a service that two
//! processes share. When a third of them are answered it kills one of the two. What that had taken
//! and not answered goes to the other, because a sum may be computed twice. A division by zero is
//! declined.
#![allow(clippy::unnecessary_cast, reason = "positions have 32 bits on some targets")]

use std::error::Error;
use std::process::ExitCode;

type Outcome = Result<String, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => sides::client(20_000),
        ["server", service] => sides::server(service),
        [count] => match count.parse() {
            Ok(count) => sides::client(count),
            Err(_) => Err("usage: calculator [COUNT]".into()),
        },
        _ => Err("usage: calculator [COUNT]".into()),
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
    use std::time::Duration;

    use ringway::error::request::{CallError, ServeTimeoutError};
    use ringway::message;
    use ringway::request::{Call, Client, Options, Service};

    use super::Outcome;

    /// How long each call may take, and a server waits for one.
    const PATIENCE: Duration = Duration::from_secs(10);
    const SERVERS: usize = 2;
    /// Sums that are asked for at a time.
    const AT_A_TIME: usize = 8;

    #[message]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Sum {
        left: i64,
        right: i64,
        /// `+`, `-`, `*` or `/`.
        sign: u64,
    }

    impl Sum {
        /// That of a number, which goes on for ever.
        fn of(number: u64) -> Sum {
            let sign = [b'+', b'-', b'*', b'/'][(number % 4) as usize];
            Sum { left: number as i64, right: (number % 101) as i64, sign: sign.into() }
        }

        fn result(self) -> Option<i64> {
            let Sum { left, right, sign } = self;
            match u8::try_from(sign) {
                Ok(b'+') => left.checked_add(right),
                Ok(b'-') => left.checked_sub(right),
                Ok(b'*') => left.checked_mul(right),
                Ok(b'/') => left.checked_div(right),
                _ => None,
            }
        }
    }

    #[message]
    #[derive(Clone, Copy)]
    struct Answer {
        result: i64,
        /// 1: another server may have computed this before.
        again: u64,
    }

    pub(super) fn client(count: u64) -> Outcome {
        let name = format!("ringway-calculator-{}", std::process::id());
        let options = Options::<Sum, Answer>::new(AT_A_TIME).servers(SERVERS);
        let service = Removed(Some(options.create(&name)?), name);
        let mut servers = Vec::new();
        for _ in 0..SERVERS {
            servers.push(Server::start(&service.1)?);
        }
        let client = service.0.as_ref().expect("it is there").client()?;
        let report = ask(client, count, &mut servers)?;
        // In this order: a service is removed when it is used by no process.
        drop(servers);
        drop(service);
        Ok(report)
    }

    /// Asks for so many sums, and kills a server on the way.
    fn ask(mut client: Client<Sum, Answer>, count: u64, servers: &mut [Server]) -> Outcome {
        let (mut asked, mut answered, mut declined, mut again) = (0, 0, 0, 0);
        let mut killed = false;
        while answered + declined < count {
            if asked < count && client.outstanding() < AT_A_TIME {
                let call = Call::new().retry(true).timeout(PATIENCE);
                match client.send_with(&Sum::of(asked), call) {
                    Ok(ticket) => {
                        // A request's position is its number, and so says which sum it is.
                        assert_eq!(ticket.position() as u64, asked);
                        asked += 1;
                        continue;
                    }
                    // One that was asked for so many sums ago has no reply yet.
                    Err(CallError::Full { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match client.recv() {
                Ok((ticket, answer)) => {
                    if Some(answer.result) != Sum::of(ticket.position() as u64).result() {
                        return Err(format!("sum {} is wrong", ticket.position()).into());
                    }
                    answered += 1;
                    again += answer.again;
                }
                Err(CallError::Declined { position }) => {
                    if Sum::of(position as u64).result().is_some() {
                        return Err(format!("sum {position} has a result").into());
                    }
                    declined += 1;
                }
                Err(error) => return Err(error.into()),
            }
            if answered >= count / 3 && !killed {
                killed = true;
                servers[0].0.kill()?;
            }
        }
        Ok(format!(
            "client: {count} sums, {answered} right and {declined} declined, one of {SERVERS} \
             servers killed; {again} computed again"
        ))
    }

    /// A server's process. Dropped, it is ended.
    struct Server(Child);

    impl Server {
        fn start(service: &str) -> std::io::Result<Server> {
            let program = std::env::current_exe()?;
            Command::new(program).args(["server", service]).spawn().map(Server)
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A service that is removed when this is dropped.
    struct Removed(Option<Service<Sum, Answer>>, String);

    impl Drop for Removed {
        fn drop(&mut self) {
            self.0 = None;
            if let Err(error) = ringway::request::unlink(&self.1) {
                eprintln!("removing {}: {error}", self.1);
            }
        }
    }

    pub(super) fn server(service: &str) -> Outcome {
        let mut server = Service::<Sum, Answer>::open(service)?.server()?;
        let mut count = 0;
        loop {
            match server.recv_timeout(PATIENCE) {
                Ok(request) => {
                    let again = request.redelivered().into();
                    match request.result() {
                        Some(result) => request.reply(&Answer { result, again })?,
                        None => request.decline()?,
                    }
                    count += 1;
                }
                Err(ServeTimeoutError::Timeout) => return Ok(format!("server: {count} sums")),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Elsewhere there are no segments.
#[cfg(not(all(feature = "std", feature = "derive", target_os = "linux")))]
mod sides {
    use super::Outcome;

    pub(super) fn client(_count: u64) -> Outcome {
        Err("shared-memory segments take Linux and the feature `std`".into())
    }

    pub(super) fn server(_service: &str) -> Outcome {
        client(0)
    }
}
