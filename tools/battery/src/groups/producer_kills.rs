//! The producer is killed under load, and the next one takes over.
//!
//! Producers follow one another on one ring, each started before the one before it is killed. A
//! producer notes every message in the page when `send` has returned: what is noted is committed, and
//! has to be there when its successor has taken over; at most one message more may be. Consumers that
//! stay for all that time check every message. Most producers die while they send, or wait for room,
//! since one of the subscribers is slow now and then; every tenth dies at some time after it was told
//! to take over.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use ringway::error::{RecvTimeoutError, ResumeError};
use ringway::{Producer, Ring, Segment, Start};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::Trial;
use crate::account::{self, Account, Follow};
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock;
use crate::figures::{Figure, Times};
use crate::memory;
use crate::payload::{KINDS, Payload, Stamp, with_payload};
use crate::place::Room;

const KILLS: u64 = 10_000;
/// Kills of each unusual kind, of all.
const UNUSUAL: u64 = 5;
const CAPACITY: usize = 64;
const CONSUMERS: [&str; 3] = ["subscriber", "subscriber", "observer"];
const GIB: u64 = 1 << 30;

// The page.
/// One more than the number of the last message whose `send` has returned.
const COMMITTED: usize = 0;
/// Producers that have taken over, or created the ring.
const RESUMED: usize = 1;
const STOP: usize = 2;
const JOINED: usize = 3;
/// Committed messages that a successor did not find.
const LOST: usize = 4;
/// Messages that a successor found and nobody sent.
const INVENTED: usize = 5;
/// How often a takeover was refused because the dead still seemed to live.
const REFUSED: usize = 6;
const SENT: usize = 7;
const ACCOUNTS: usize = 8;
/// For each producer, when it began to take over, and after which time its first message was there.
const BEGUN: usize = ACCOUNTS + CONSUMERS.len() * account::WORDS;

/// Where the times of takeovers begin.
fn takeovers(producers: usize) -> usize {
    BEGUN + producers
}

/// How a producer is to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    Plain,
    /// With so much resident memory, which the kernel has to free.
    Big(u64),
    /// Of a signal that makes it dump its core.
    Core,
    /// With a child that outlives it.
    Parent,
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut sum = Sum::default();
    let kills = trial.count(KILLS).div_ceil(KINDS.len() as u64);
    for kind in KINDS {
        session(trial, kind, kills, &mut sum)?;
    }
    let times = Times::new(sum.takeovers);
    trial.note(format_args!(
        "{} kills, {} messages, {} takeovers measured: median {:.3} ms, longest {:.2} ms; refused \
         for a moment {}",
        kills * KINDS.len() as u64,
        sum.sent,
        times.len(),
        times.quantile(0.5),
        times.quantile(1.0),
        sum.refused,
    ));
    if !sum.big.is_empty() {
        trial.note(format_args!("gone after (bytes resident, time): {}", sum.big.join(", ")));
    }
    trial.note(format_args!("{} of {} aborts wrote a core", sum.cores, sum.aborts));
    Ok(vec![
        Figure::none("producer_kills_lost", sum.lost, "messages"),
        Figure::none("producer_kills_torn", sum.torn, "messages"),
        Figure::none("producer_kills_repeated", sum.repeated, "messages"),
        Figure::none("producer_kills_errors", sum.errors, "errors"),
        Figure::time("producer_kills_takeover_p99", times.quantile(0.99), "ms", 10.0),
    ])
}

#[derive(Default)]
struct Sum {
    lost: u64,
    torn: u64,
    repeated: u64,
    errors: u64,
    sent: u64,
    refused: u64,
    takeovers: Vec<u64>,
    big: Vec<String>,
    aborts: u64,
    cores: u64,
}

fn session(trial: &Trial, kind: &str, kills: u64, sum: &mut Sum) -> Result<()> {
    let producers = usize::try_from(kills)? + 1;
    let room = trial.room(kind, takeovers(producers) + producers)?;
    let page = room.page();
    let lost = trial.restriction;
    let mut random = trial.random();
    let start = |generation: u64, death: Death| {
        let (name, bytes) = match death {
            Death::Plain => ("plain", 0),
            Death::Big(bytes) => ("big", bytes),
            Death::Core => ("core", 0),
            Death::Parent => ("parent", 0),
        };
        let role = "producer_kills::producer";
        Child::start_under(lost, &room, role, &[&kind, &generation, &producers, &name, &bytes])
    };

    let mut current = start(0, Death::Plain)?;
    current.go()?;
    let mut consumers = Vec::new();
    for (index, role) in CONSUMERS.iter().enumerate() {
        let role = format!("producer_kills::{role}");
        consumers.push(Child::start_under(lost, &room, &role, &[&kind, &index, &producers])?);
    }
    let all = CONSUMERS.len() as u64;
    wait_until("consumers", &mut consumers, || page[JOINED].get() == all)?;
    current.go()?;

    let mut death = Death::Plain;
    for generation in 0..kills {
        let next_death = next_death(trial, kind, generation + 1, kills);
        let mut next = start(generation + 1, next_death)?;
        if generation > 0 && random.u8(0..10) == 0 && death == Death::Plain {
            clock::pause(&mut random, Duration::from_micros(400));
        } else {
            let producer = [&mut current];
            let before = page[COMMITTED].get();
            wait_until("a producer that sends", producer, || {
                page[RESUMED].get() > generation && page[COMMITTED].get() > before
            })?;
            clock::pause(&mut random, Duration::from_micros(1500));
        }
        let killed = Instant::now();
        let signal = if death == Death::Core { Signal::ABORT } else { Signal::KILL };
        let status = current.end_by(signal)?;
        match death {
            Death::Big(bytes) => {
                sum.big.push(format!("{} GiB {:.0?}", bytes / GIB, killed.elapsed()));
            }
            Death::Core => {
                use std::os::unix::process::ExitStatusExt;
                sum.aborts += 1;
                sum.cores += u64::from(status.core_dumped());
                remove_cores(&room);
            }
            Death::Plain | Death::Parent => {}
        }
        next.go()?;
        (current, death) = (next, next_death);
    }
    wait_until("the last producer", [&mut current], || page[RESUMED].get() > kills)?;
    page[STOP].set(1);
    current.ends(LONG)?;
    for consumer in consumers {
        consumer.ends(LONG)?;
    }

    let sent = page[SENT].get();
    sum.sent += sent;
    sum.lost += page[LOST].get();
    sum.repeated += page[INVENTED].get();
    sum.refused += page[REFUSED].get();
    for index in 0..CONSUMERS.len() {
        let account = Account::at(page, ACCOUNTS + index * account::WORDS);
        let (received, lagged) = (account.received.get(), account.lagged.get());
        sum.lost += account.lost.get() + sent.saturating_sub(received + lagged);
        sum.repeated += account.repeated.get() + (received + lagged).saturating_sub(sent);
        sum.torn += account.torn.get();
        sum.errors += account.errors.get();
    }
    let times = takeovers(producers);
    sum.takeovers.extend(page[times..times + producers].iter().map(Word::get));
    Ok(())
}

/// A few unusual deaths, spread over a session, of one kind in each. What a process lost makes no difference
/// to them.
fn next_death(trial: &Trial, kind: &str, generation: u64, kills: u64) -> Death {
    let unusual = if trial.quick { 1 } else { UNUSUAL };
    let every = (kills / (unusual + 1)).max(1);
    let plain = trial.restriction.is_some() || !generation.is_multiple_of(every);
    if plain || generation / every > unusual {
        return Death::Plain;
    }
    let bytes = if !trial.quick && generation / every == 1 { 4 * GIB } else { GIB };
    match kind {
        "u64" if available() > 2 * bytes => Death::Big(bytes),
        "u64" => {
            trial.note(format_args!("not enough memory for {bytes} resident bytes"));
            Death::Plain
        }
        "seven" => Death::Core,
        _ => Death::Parent,
    }
}

/// Bytes of memory that are to be had.
fn available() -> u64 {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

fn remove_cores(room: &Room) {
    for entry in std::fs::read_dir(room.path()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("core") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Arguments: the kind of messages, which producer it is, how many there are, how it is to die and
/// with how many bytes.
pub fn producer(task: &Task) -> Result<()> {
    with_payload!(task, produce)
}

fn produce<T: Payload + ?Sized>(task: &Task) -> Result<()> {
    let generation: usize = task.argument(1)?;
    match task.argument::<String>(3)?.as_str() {
        "big" => memory::occupy(usize::try_from(task.argument::<u64>(4)?)?)?,
        "core" => {
            let limit = getrlimit(Resource::Core);
            setrlimit(Resource::Core, Rlimit { current: limit.maximum, ..limit })?;
        }
        "parent" => leave_behind()?,
        _ => {}
    }
    task.wait()?;

    task.word(BEGUN + generation).set(clock::now());
    let mut producer = take_over::<T>(task, generation)?;
    let made = clock::now();
    task.restrict()?;
    // That is no part of taking over.
    task.word(BEGUN + generation).add(clock::now() - made);
    let (head, committed) = (producer.head(), task.word(COMMITTED).get());
    // The dead may have sent one that it did not come to note.
    task.word(LOST).add(committed.saturating_sub(head));
    task.word(INVENTED).add(head.saturating_sub(committed + 1));
    // From here on that one counts: the next successor may find one more.
    task.word(COMMITTED).raise(head);
    if generation == 0 {
        task.word(RESUMED).set(1);
        task.wait()?;
    }
    task.word(RESUMED).set(generation as u64 + 1);
    let first = producer.head();
    for number in first.. {
        T::send(&mut producer, Stamp::new(generation as u64, number));
        task.word(COMMITTED).set(number + 1);
        if number % 16 == 0 && task.word(STOP).get() != 0 {
            break;
        }
    }
    task.word(SENT).set(producer.head());
    Ok(())
}

/// A child that outlives its parent: it must not keep what shows that the parent lives.
fn leave_behind() -> Result<()> {
    use std::process::{Command, Stdio};
    let mut sleep = Command::new("sleep");
    sleep.arg("1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sleep.spawn()?;
    Ok(())
}

/// By one of the two calls that there are for it. The process that is to be dead is.
fn take_over<T: Payload + ?Sized>(task: &Task, generation: usize) -> Result<Producer<T>> {
    let segment: Segment = task.segment();
    let deadline = Instant::now() + LONG;
    loop {
        if generation.is_multiple_of(2) {
            let options = T::options(CAPACITY).subscribers(CONSUMERS.len());
            match options.create_or_resume(&segment) {
                Err(ringway::error::CreateError::AlreadyExists { .. }) => {}
                outcome => return Ok(outcome?),
            }
        } else {
            match Producer::resume(&segment) {
                Err(ResumeError::Alive { .. }) => {}
                outcome => return Ok(outcome?),
            }
        }
        task.word(REFUSED).add(1);
        ensure!(Instant::now() < deadline, "the dead producer seems to live");
        thread::yield_now();
    }
}

/// Arguments: the kind of messages, its account, and how many producers there will be. The first one
/// notes when each producer's messages begin and waits for successors; the second one is slow.
pub fn subscriber(task: &Task) -> Result<()> {
    with_payload!(task, subscribe)
}

fn subscribe<T: Payload + ?Sized>(task: &Task) -> Result<()> {
    let ring = Ring::<T>::open_wait(task.segment(), LONG)?;
    let index: usize = task.argument(1)?;
    let mut subscriber = ring.subscribe(Start::Next)?.wait_for_successor(index == 0);
    task.restrict()?;
    let mut random = fastrand::Rng::with_seed(index as u64);
    consume(task, || {
        if index > 0 && random.u8(..) == 0 {
            clock::pause(&mut random, Duration::from_micros(300));
        }
        T::subscriber(&mut subscriber, None)
    })
}

/// As [`subscriber`].
pub fn observer(task: &Task) -> Result<()> {
    with_payload!(task, observe)
}

fn observe<T: Payload + ?Sized>(task: &Task) -> Result<()> {
    let ring = Ring::<T>::open_wait(task.segment(), LONG)?;
    let mut observer = ring.observe(Start::Oldest)?;
    task.restrict()?;
    consume(task, || T::observer(&mut observer, None))
}

fn consume(
    task: &Task,
    mut receive: impl FnMut() -> Result<crate::payload::Received, RecvTimeoutError>,
) -> Result<()> {
    let index: usize = task.argument(1)?;
    let producers: usize = task.argument(2)?;
    let account = Account::at(task.page(), ACCOUNTS + index * account::WORDS);
    let mut follow = Follow::new(account, Some(0));
    let mut before = None;
    task.word(JOINED).add(1);
    loop {
        match receive() {
            Ok(message) => {
                let sender = message.stamp.sender();
                if index == 0 && message.whole && before != Some(sender) {
                    before = Some(sender);
                    let sender = usize::try_from(sender)?;
                    ensure!(sender < producers, "a message of producer {sender}");
                    let time = clock::now().saturating_sub(task.word(BEGUN + sender).get());
                    task.word(takeovers(producers) + sender).set(time);
                }
                follow.message(message);
            }
            Err(RecvTimeoutError::Lagged(messages)) => follow.lag(messages),
            Err(RecvTimeoutError::ProducerDied) if index > 0 => {}
            Err(RecvTimeoutError::Closed) => return Ok(()),
            Err(error) => {
                follow.error(error);
                bail!("told {error}");
            }
        }
    }
}
