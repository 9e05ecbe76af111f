//! The producer, the subscribers, the observer: each a process of its own, and all that uses the
//! ring.

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::RecvError;
use ringway::{Observer, Options, Ring, Start};
use xxhash_rust::xxh3::Xxh3;

use crate::arguments::{Arguments, Role};
use crate::mix::LONGEST;
use crate::report::{Line, Report};
use crate::source::Source;

pub(crate) const SUBSCRIBERS: usize = 3;

/// Messages that the ring holds. At 64 KiB each they fit the 64 MiB of shared memory that a
/// container has by default; and the longer the ring, the less often processes that share a core
/// have to take turns.
const CAPACITY: usize = 512;

/// How long each process waits for the others to be there.
const PATIENCE: Duration = Duration::from_secs(30);

type Outcome = Result<Report, Box<dyn Error>>;

/// Does what this process was started for, and says to the parent how it went.
pub(crate) fn run(role: Role, segment: &str, arguments: &Arguments) -> ExitCode {
    let outcome = match role {
        Role::Producer => producer(segment, arguments),
        Role::Subscriber => subscriber(segment),
        Role::Observer => observer(segment, arguments),
    };
    let (line, code) = match outcome {
        Ok(report) => (Line::Done(report), ExitCode::SUCCESS),
        Err(error) => (Line::Failed(error.to_string()), ExitCode::FAILURE),
    };
    match line.say() {
        Ok(()) => code,
        // There is no parent any more.
        Err(_) => ExitCode::FAILURE,
    }
}

fn producer(segment: &str, arguments: &Arguments) -> Outcome {
    let mut source = Source::read(&arguments.file()?, arguments.total())?;
    if arguments.flip_bit {
        source.flip_bit();
    }
    let mut producer =
        Options::bytes(CAPACITY, LONGEST).subscribers(SUBSCRIBERS).create(segment)?;
    // From here on there is something that must not be left behind. Before, the parent's end goes
    // unnoticed, and so no process dies between the two names that a ring has.
    let name = segment.to_owned();
    let go = tie_to_parent(move || {
        let _ = ringway::segment::unlink(name);
    });
    producer.wait_for_consumers(SUBSCRIBERS, PATIENCE)?;
    Line::Ready.say()?;
    // A producer can wait for subscribers, but cannot see observers: the parent does.
    go.recv()?;

    let mut report = Report::default();
    let begun = Instant::now();
    while let Some(message) = source.message(report.messages) {
        producer.send(message)?;
        report.messages += 1;
        report.bytes += message.len() as u64;
    }
    report.time = begun.elapsed();
    Ok(report)
    // The producer is dropped. That closes the ring and removes its name; the others drain it.
}

fn subscriber(segment: &str) -> Outcome {
    let _go = tie_to_parent(|| {});
    let ring = Ring::<[u8]>::open_wait(segment, PATIENCE)?;
    // The producer waits for us, so that the next message is the first.
    let mut subscriber = ring.subscribe(Start::Next)?;
    Line::Ready.say()?;

    let mut report = Report::default();
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; LONGEST];
    let mut begun = None;
    loop {
        match subscriber.recv_into(&mut buffer) {
            Ok(len) => {
                begun.get_or_insert_with(Instant::now);
                hash.update(&buffer[..len]);
                report.messages += 1;
                report.bytes += len as u64;
            }
            Err(RecvError::Closed) => break,
            Err(error) => return Err(error.into()),
        }
    }
    report.time = since(begun);
    report.hash = hash.digest();
    Ok(report)
}

fn observer(segment: &str, arguments: &Arguments) -> Outcome {
    let _go = tie_to_parent(|| {});
    let source = Source::read(&arguments.file()?, arguments.total())?;
    let ring = Ring::<[u8]>::open_wait(segment, PATIENCE)?;
    let mut observer = ring.observe(Start::Next)?;
    Line::Ready.say()?;

    let mut report = Report::default();
    let mut buffer = vec![0; LONGEST];
    let mut begun = None;
    loop {
        // What was received and what was missed are all that was sent before the next message.
        let position = report.messages + report.lagged;
        match observer.recv_into(&mut buffer) {
            Ok(len) => {
                begun.get_or_insert_with(Instant::now);
                report.wrong += u64::from(source.message(position) != Some(&buffer[..len]));
                report.messages += 1;
                report.bytes += len as u64;
            }
            Err(RecvError::Lagged(missed)) => report.lagged += missed,
            Err(RecvError::Closed) => break,
            Err(error) => return Err(error.into()),
        }
    }
    report.time = since(begun);
    Ok(report)
}

/// How far the producer has come: the parent's look at the ring, which no other process notices.
pub(crate) fn watch(segment: &str) -> Result<Observer<[u8]>, Box<dyn Error>> {
    Ok(Ring::<[u8]>::open(segment)?.observe(Start::Next)?)
}

fn since(begun: Option<Instant>) -> Duration {
    begun.map_or(Duration::ZERO, |begun| begun.elapsed())
}

/// Ends this process, after a last call, as soon as the parent closes our standard input, on
/// purpose or because it is no more, in whichever way. Until then, every line that comes is told.
fn tie_to_parent(last: impl FnOnce() + Send + 'static) -> Receiver<()> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lines() {
            if line.is_err() || tell.send(()).is_err() {
                break;
            }
        }
        last();
        std::process::exit(1);
    });
    told
}
