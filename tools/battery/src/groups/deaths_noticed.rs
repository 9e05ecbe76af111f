//! One death of each kind, noticed by one process each, which has no help from others that join.
//!
//! In each round a subscriber and a worker are killed: the producer has to notice the former when
//! it needs room, and the other worker has to get what the dead one had. Then the producer is
//! killed, which the subscriber and the worker that are left are told.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use ringway::error::RecvTimeoutError;
use ringway::{Options, Ring, Start, Worker};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::{Figure, Times};

const ROUNDS: u64 = 200;
const CAPACITY: usize = 16;
/// Far longer than it may take.
const SOON: Duration = Duration::from_secs(5);
const GROUP: &str = "the workers";

// The page.
const CREATED: usize = 0;
const JOINED: usize = 1;
/// The worker that is to die has the first message.
const HELD: usize = 2;
/// When the producer could send all, having been told to.
const SENT: usize = 3;
/// What the producer counted then.
const CONSUMERS: usize = 4;
/// When the worker got what the dead one had.
const REDELIVERED: usize = 5;
/// When the subscriber was told of the producer's death, and when the worker.
const TOLD: usize = 6;
const WORDS: usize = 8;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let rounds = trial.count(ROUNDS);
    let metronome = Metronome::start();
    let mut rounds = (0..rounds).map(|round| Round::play(trial, round));
    let rounds: Vec<Round> = rounds.by_ref().collect::<Result<_>>()?;
    trial.note(format_args!(
        "{} rounds; a millisecond of the machine took up to {:.0} ms",
        rounds.len(),
        metronome.stop(),
    ));
    let longest = |time: fn(&Round) -> u64| Times::new(rounds.iter().map(time)).quantile(1.0);
    let miscounted = rounds.iter().filter(|round| round.consumers != 2).count();
    let within = |what, time| Figure::time(what, longest(time), "ms", 150.0);
    Ok(vec![
        within("deaths_noticed_sent_within", |round| round.sent),
        within("deaths_noticed_redelivered_within", |round| round.redelivered),
        within("deaths_noticed_told_within", |round| round.told),
        Figure::none("deaths_noticed_miscounted", miscounted as u64, "times"),
    ])
}

/// What was seen in one round; times in nanoseconds from the death on.
struct Round {
    sent: u64,
    redelivered: u64,
    told: u64,
    consumers: u64,
}

impl Round {
    fn play(trial: &Trial, round: u64) -> Result<Round> {
        let room = trial.room(&format!("-{round}"), WORDS)?;
        let page = room.page();
        let start = |role: &str, dies: bool| {
            let role = format!("deaths_noticed::{role}");
            let argument: &dyn ToString = if role.ends_with("producer") { &round } else { &dies };
            Child::start_under(trial.restriction, &room, &role, &[argument])
        };
        let mut producer = start("producer", true)?;
        wait_until("a ring", [&mut producer], || page[CREATED].get() > 0)?;

        let mut dying = [start("subscriber", true)?, start("worker", true)?];
        wait_until("consumers", &mut dying, || page[JOINED].get() == 2)?;
        producer.go()?;
        wait_until("a worker with a message", &mut dying, || page[HELD].get() > 0)?;
        let mut staying = [start("subscriber", false)?, start("worker", false)?];
        wait_until("consumers", &mut staying, || page[JOINED].get() == 4)?;
        for child in dying {
            child.kill()?;
        }
        let killed = clock::now();
        producer.go()?;
        let all = staying.iter_mut().chain([&mut producer]);
        wait_until("what comes after the deaths", all, || {
            page[SENT].get() > 0 && page[REDELIVERED].get() > 0
        })?;
        let consumers = page[CONSUMERS].get();
        producer.kill()?;
        let producer_killed = clock::now();
        for child in staying {
            child.ends(LONG)?;
        }
        // Those who end without having been told end with an error.
        let told = page[TOLD].get().max(page[TOLD + 1].get());
        Ok(Round {
            sent: page[SENT].get().saturating_sub(killed),
            redelivered: page[REDELIVERED].get().saturating_sub(killed),
            told: told.saturating_sub(producer_killed),
            consumers,
        })
    }
}

/// Argument: which round it is. In every second one there is a limit that is not reached: for as
/// long as it is not, the producer waits for those who live, and not for the dead.
pub fn producer(task: &Task) -> Result<()> {
    let options = Options::<u64>::new(CAPACITY).subscribers(2).groups(1).workers(2);
    let options = if task.argument::<u64>(0)? % 2 == 1 { options.max_hold(LONG) } else { options };
    let mut producer = options.create(task.segment())?;
    task.restrict()?;
    task.word(CREATED).set(1);
    task.wait()?;
    producer.send(&0)?;
    task.wait()?;
    // What is in the way of the second lap is dead.
    for number in 1..=2 * CAPACITY as u64 {
        producer.send_timeout(&number, SOON)?;
    }
    task.word(CONSUMERS).set(producer.consumers() as u64);
    task.word(SENT).set(clock::now());
    task.wait()
}

/// Argument: whether it is the one that dies, which receives nothing.
pub fn subscriber(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    task.restrict()?;
    task.word(JOINED).add(1);
    if task.argument(0)? {
        return task.wait();
    }
    loop {
        match subscriber.recv_timeout(SOON) {
            Ok(_) => {}
            Err(RecvTimeoutError::ProducerDied) => break,
            Err(error) => bail!("told {error}"),
        }
    }
    task.word(TOLD).set(clock::now());
    Ok(())
}

/// Argument: whether it is the one that dies, which keeps the first message that it gets.
pub fn worker(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let mut worker = Worker::join(&ring, GROUP)?;
    task.restrict()?;
    task.word(JOINED).add(1);
    if task.argument(0)? {
        let job = worker.recv_timeout(SOON)?;
        task.word(HELD).set(1);
        task.wait()?;
        drop(job);
        return Ok(());
    }
    let mut redelivered = false;
    loop {
        match worker.recv_timeout(SOON) {
            Ok(job) => {
                if *job == 0 {
                    ensure!(job.redelivered(), "what a dead worker had came without a mark");
                    redelivered = true;
                    task.word(REDELIVERED).set(clock::now());
                }
                job.done()?;
            }
            Err(RecvTimeoutError::ProducerDied) => break,
            Err(error) => bail!("told {error}"),
        }
    }
    ensure!(redelivered, "what a dead worker had did not come");
    task.word(TOLD + 1).set(clock::now());
    Ok(())
}
